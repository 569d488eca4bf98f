/* Lists, fetches, loads. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "runtime/rules_remote.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/files.h"
#include "adapters/rules.h"
#include "adapters/s3.h"
#include "base/arena.h"
#include "base/escape.h"
#include "base/vec.h"
#include "runtime/rules.h"

#define FOLDER    "/tmp/trailwarden-rules.XXXXXX"
#define PATH_MAX_ (sizeof FOLDER + 1100) /* and a key */
#define KEY_MAX   1024                   /* bytes of a key: an S3 limit */
#define KEYS_MAX  (RULES_REMOTE_FILES_MAX * (KEY_MAX + 128u))
#define FD_MAX    8 /* folders that nftw keeps open */

/* One object to fetch; strings in the arena of its listing. */
struct remote_file {
    struct str key, etag;
};

struct listing {
    const struct rules_remote *r;
    struct arena memory;
    struct vec files; /* struct remote_file */
    uint64_t bytes;
    struct sha256 digest;
};

bool rules_remote_is(struct str place)
{
    return str_starts(place, S("s3://"));
}

bool rules_remote_init(struct rules_remote *r, struct aws_client *client,
                       const struct aws_world *world, struct str place, int64_t every_s,
                       struct err *e)
{
    struct str rest = str_skip(place, 5);
    *r = (struct rules_remote){
        .client = client, .world = world, .place = place, .every_ms = 1000 * every_s};
    r->bucket = str_cut(&rest, '/');
    r->prefix = str_present(rest) ? rest : S("");
    bool whole = r->prefix.n == 0 || r->prefix.p[r->prefix.n - 1] == '/';
    return (rules_remote_is(place) && r->bucket.n && whole && r->prefix.n <= KEY_MAX) ||
           err_set(e, ERR_USAGE,
                   "TRAILWARDEN_RULES: a place in S3 is s3://bucket/ or s3://bucket/folder/");
}

bool rules_remote_is_due(const struct rules_remote *r)
{
    return r->every_ms > 0 && r->world->mono_ms(r->world->self) >= r->next_ms;
}

/* ---- list ---- */

/* As a folder of rules is read: FILES_RULES, and a bundle. */
static bool is_rule_file(struct str name)
{
    bool yaml = str_ends(name, S(".yml")) || str_ends(name, S(".yaml"));
    bool test = str_ends(name, S(".test.yml")) || str_ends(name, S(".test.yaml"));
    return (yaml && !test) || str_eqz(name, BUNDLE_FILE);
}

/* What may become a path below the folder: no empty, hidden or upward steps, no odd bytes. */
static bool is_path(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!byte_is_alpha(name.p[i]) && !byte_is_digit(name.p[i]) && !memchr("._-/", name.p[i], 4))
            return false;
    while (str_present(name)) {
        struct str step = str_cut(&name, '/');
        if (!step.n || step.p[0] == '.')
            return false;
    }
    return true;
}

/* s3_object_fn */
static bool take_listed(void *to, const struct s3_listed *o, struct err *e)
{
    struct listing *l = to;
    struct str name = str_skip(o->key, l->r->prefix.n);
    if (!is_rule_file(name))
        return true;
    if (!is_path(name))
        return err_set(e, ERR_USAGE,
                       "a key below %.*s has other signs than letters, digits and . _ -",
                       (int)str_slice(l->r->place, 0, 300).n, l->r->place.p);
    l->bytes += o->bytes;
    struct remote_file *f = vec_push(&l->files, 1);
    if (!f || l->bytes > RULES_REMOTE_BYTES_MAX)
        return err_set(e, ERR_LIMIT, "more than %d files or %u bytes of rules",
                       RULES_REMOTE_FILES_MAX, RULES_REMOTE_BYTES_MAX);
    *f = (struct remote_file){arena_str(&l->memory, o->key), arena_str(&l->memory, o->etag)};
    sha256_add_part(&l->digest, o->key);
    sha256_add_part(&l->digest, o->etag);
    return str_present(f->key) || err_set(e, ERR_SYSTEM, "no memory for a listing of rules");
}

/* ---- fetch ---- */

/* Objects on their way into the folder. */
struct fetching {
    const struct listing *l;
    const char *folder;
    struct header match[HTTP_LANES];
    struct buf path[HTTP_LANES];
};

static bool make_call(void *to, size_t i, size_t lane, struct aws_request *out, struct err *e)
{
    struct fetching *f = to;
    const struct remote_file *file = vec_at(&f->l->files, i);
    struct buf *path = &f->path[lane];
    buf_reset(path);
    buf_putc(path, '/');
    buf_put(path, file->key);
    f->match[lane] = (struct header){S("if-match"), file->etag};
    *out = (struct aws_request){.service = AWS_S3,
                                .action = "GetObject",
                                .bucket = f->l->r->bucket,
                                .method = "GET",
                                .path = buf_str(path),
                                .headers = &f->match[lane],
                                .n_headers = 1};
    return buf_ok(path, "a key", e);
}

static bool fail_on(const char *path, struct err *e)
{
    return err_set(e, ERR_SYSTEM, "%.300s: %s", path, strerror(errno));
}

/* Makes the folders on the way to path, below the first `from` bytes. */
static bool make_folders(char *path, size_t from, struct err *e)
{
    for (char *slash = strchr(path + from, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool ok = mkdir(path, 0700) == 0 || errno == EEXIST || fail_on(path, e);
        *slash = '/';
        if (!ok)
            return false;
    }
    return true;
}

static bool write_file(const char *path, struct str text, struct err *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok = fd >= 0;
    while (ok && text.n) {
        ssize_t n = write(fd, text.p, text.n);
        ok = n > 0 || (n < 0 && errno == EINTR);
        text = str_skip(text, n > 0 ? (size_t)n : 0);
    }
    ok = ok || fail_on(path, e);
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool take_answer(void *to, size_t i, size_t lane, const struct aws_reply *reply,
                        enum err_kind how, bool *more, struct err *e)
{
    struct fetching *f = to;
    const struct remote_file *file = vec_at(&f->l->files, i);
    struct buf path;
    (void)lane;
    *more = false;
    if (how == ERR_CONFLICT)
        return err_set(e, ERR_RETRY, "the rules were changed while they were read");
    buf_init(&path, PATH_MAX_);
    buf_putz(&path, f->folder);
    buf_putc(&path, '/');
    size_t from = path.n;
    buf_put(&path, str_skip(file->key, f->l->r->prefix.n));
    bool ok = buf_z(&path) && make_folders(path.p, from, e) &&
              write_file(path.p, buf_str(&reply->http.body), e);
    buf_release(&path);
    return ok;
}

static bool fetch(const struct listing *l, const char *folder, struct err *e)
{
    struct fetching f = {.l = l, .folder = folder};
    const struct aws_many many = {&f, l->files.n, RULE_FILE_MAX, make_call, take_answer};
    for (size_t i = 0; i < HTTP_LANES; i++)
        buf_init(&f.path[i], KEY_MAX + 1);
    bool ok = aws_call_many(l->r->client, &many, e);
    for (size_t i = 0; i < HTTP_LANES; i++)
        buf_release(&f.path[i]);
    return ok;
}

/* ---- load ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    (void)remove(path); /* what stays is in nobody's way */
    return 0;
}

/* Whether what was loaded may take the place of what runs. */
static bool is_no_worse(const struct rules_remote *r, size_t refused, struct err *e)
{
    return !r->seen || refused <= r->refused ||
           err_set(e, ERR_USAGE, "%zu rules of the new ones are refused, %zu of those that run",
                   refused, r->refused);
}

static bool load_listed(struct rules_remote *r, const struct listing *l, const char *config,
                        const struct log *log, struct ruleset **out, struct err *e)
{
    char folder[] = FOLDER;
    size_t refused = 0;
    if (!mkdtemp(folder))
        return fail_on(folder, e);
    bool ok = fetch(l, folder, e);
    if (ok) {
        ok = function_rules_load(folder, config, false, log, out, &refused, e) &&
             is_no_worse(r, refused, e);
        struct sha256 digest = l->digest;
        sha256_end(&digest, r->what); /* broken or not, it is not fetched again */
        r->seen = r->seen || ok;
    }
    (void)nftw(folder, remove_one, FD_MAX, FTW_DEPTH | FTW_PHYS);
    if (ok) {
        r->refused = refused;
        return true;
    }
    ruleset_free(*out);
    *out = NULL;
    return false;
}

static bool is_known(const struct rules_remote *r, const struct listing *l)
{
    unsigned char what[SHA256_BYTES];
    struct sha256 digest = l->digest;
    sha256_end(&digest, what);
    return memcmp(what, r->what, sizeof what) == 0;
}

bool rules_remote_load(struct rules_remote *r, const char *config, const struct log *log,
                       struct ruleset **out, struct err *e)
{
    struct listing l = {.r = r};
    int64_t now_ms = r->world->mono_ms(r->world->self);
    *out = NULL;
    r->next_ms = now_ms + r->every_ms;
    aws_client_set_deadline(r->client, now_ms + RULES_REMOTE_MS);
    arena_init(&l.memory, KEYS_MAX);
    vec_init(&l.files, sizeof(struct remote_file), RULES_REMOTE_FILES_MAX);
    sha256_init(&l.digest);
    bool ok = s3_list(r->client, r->bucket, r->prefix, take_listed, &l, e);
    if (ok && l.files.n == 0)
        ok = err_set(e, ERR_MISSING, "there is no rule file");
    if (ok && !is_known(r, &l))
        ok = load_listed(r, &l, config, log, out, e);
    arena_release(&l.memory);
    vec_release(&l.files);
    aws_client_set_deadline(r->client, PACE_NO_DEADLINE);
    return ok ||
           err_wrap(e, "TRAILWARDEN_RULES %.*s", (int)str_slice(r->place, 0, 300).n, r->place.p);
}
