/* Rule files to the loader, and to what they were compiled into. */
#define _DEFAULT_SOURCE /* MAP_POPULATE */
#include "adapters/rules.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/files.h"
#include "engine/bundle.h"
#include "engine/config.h"
#include "engine/loader.h"

/* hash: of a configuration that changes rules; else zero. */
static bool read_config(const char *path, struct rule_config *out, unsigned char hash[SHA256_BYTES],
                        struct err *e)
{
    struct buf text;
    struct sha256 s;
    *out = (struct rule_config){0};
    memset(hash, 0, SHA256_BYTES);
    if (!path)
        return true;
    buf_init(&text, CONFIG_FILE_MAX);
    bool ok = files_read(path, &text, e) && rule_config_parse(str_of(path), buf_str(&text), out, e);
    if (ok && (out->n_placeholders || out->n_filters)) {
        sha256_init(&s);
        sha256_add(&s, buf_str(&text));
        sha256_end(&s, hash);
    }
    buf_release(&text);
    if (!ok && e->kind != ERR_SYSTEM)
        e->kind = ERR_USAGE; /* its author can mend it */
    return ok || err_wrap(e, "the configuration");
}

static bool add_file(struct loader *l, struct str path, struct buf *text, struct err *e)
{
    buf_reset(text);
    return files_read(path.p, text, e) && loader_add(l, path, buf_str(text), e);
}

static bool add_all(struct loader *l, struct walk *w, size_t *n_files, struct err *e)
{
    struct buf text;
    struct str path;
    uint64_t bytes;
    bool ok;
    buf_init(&text, RULE_FILE_MAX);
    while ((ok = walk_next(w, &path, &bytes, e)) && str_present(path)) {
        ok = add_file(l, path, &text, e);
        if (!ok)
            break;
        ++*n_files;
    }
    buf_release(&text);
    return ok;
}

/* ---- placeholders ---- */

/* The path as it is from the root of the file system, so that folders above it can be seen. */
static void put_absolute(struct buf *b, const char *path)
{
    char folder[FILES_PATH_MAX + 1];
    if (path[0] != '/' && getcwd(folder, sizeof folder)) {
        buf_putz(b, folder);
        buf_putc(b, '/');
    }
    buf_putz(b, path);
}

/* The nearest file of placeholders in the folders above path goes to *found; absent when there is
 * none. */
static void find_above(const char *path, struct buf *room, struct str *found)
{
    *found = STR_ABSENT;
    buf_reset(room);
    put_absolute(room, path);
    for (size_t n = room->n; n-- > 0 && !str_present(*found);) {
        if (room->p[n] != '/')
            continue;
        buf_cut(room, n);
        buf_putz(room, "/" PLACEHOLDERS_FILE);
        const char *z = buf_z(room);
        if (z && access(z, F_OK) == 0)
            *found = str_of(z);
        buf_cut(room, n);
    }
}

/* Rules that lie below a file of placeholders, and were named without it, get them all the same. */
static bool add_placeholders(struct loader *l, const struct rule_files *from, struct err *e)
{
    struct buf path, text;
    struct str found = STR_ABSENT;
    buf_init(&path, FILES_PATH_MAX);
    buf_init(&text, RULE_FILE_MAX);
    for (size_t i = 0; i < from->n_roots && !str_present(found); i++)
        find_above(from->roots[i], &path, &found);
    bool ok = !str_present(found) || add_file(l, found, &text, e);
    buf_release(&text);
    buf_release(&path);
    return ok;
}

static bool load(struct loader *l, const struct rule_files *from, struct ruleset **out,
                 size_t *n_files, struct err *e)
{
    struct walk *w = NULL;
    if (from->durable)
        loader_durable(l);
    if (from->lint)
        loader_lints(l);
    bool ok =
        walk_new(from->roots, from->n_roots, FILES_RULES, &w, e) && add_all(l, w, n_files, e) &&
        (loader_has_placeholders(l) || add_placeholders(l, from, e)) && loader_finish(l, out, e);
    walk_free(w);
    if (!ok && (e->kind == ERR_MISSING || e->kind == ERR_DENIED))
        e->kind = ERR_USAGE;
    return ok;
}

static bool load_sources(const struct rule_files *from, const struct rule_config *config,
                         struct diags *diags, struct ruleset **out, size_t *n_files, struct err *e)
{
    struct loader *l = loader_new(config, diags);
    bool ok = l ? load(l, from, out, n_files, e) : err_set(e, ERR_SYSTEM, "no memory for rules");
    loader_free(l);
    return ok;
}

/* ---- bundles ---- */

static bool begins_like_a_bundle(const char *path)
{
    char first[16];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, first, sizeof first); /* of a folder: an error */
    if (fd >= 0)
        close(fd);
    return n > 0 && bundle_is(str_n(first, (size_t)n));
}

/* The path of the bundle that root is or holds, in room; absent when it is none. */
static struct str find_bundle(const char *root, struct buf *room)
{
    buf_reset(room);
    buf_putz(room, root);
    if (begins_like_a_bundle(root))
        return buf_z(room) ? buf_str(room) : STR_ABSENT;
    buf_putz(room, "/" BUNDLE_FILE);
    return buf_z(room) && access(buf_z(room), F_OK) == 0 ? buf_str(room) : STR_ABSENT;
}

/* The first of the roots' bundles, in room. */
static struct str find_any_bundle(const struct rule_files *from, struct buf *room)
{
    struct str bundle = STR_ABSENT;
    for (size_t i = 0; i < from->n_roots && !str_present(bundle); i++)
        bundle = find_bundle(from->roots[i], room);
    return bundle;
}

/* A folder with both would leave open which is meant. */
static bool is_alone(const char *root, const char *path, struct err *e)
{
    struct walk *w = NULL;
    struct str other = STR_ABSENT;
    uint64_t bytes;
    bool ok = begins_like_a_bundle(root) ||
              (walk_new(&root, 1, FILES_RULES, &w, e) && walk_next(w, &other, &bytes, e));
    if (ok && str_present(other))
        ok = err_set(e, ERR_USAGE, "%s: lies beside %.300s, and it is not said which is meant",
                     path, other.p);
    walk_free(w);
    return ok;
}

static void unmap(void *bytes, size_t n)
{
    (void)munmap(bytes, n);
}

/* whole: all of it will be read at once. */
static bool map(const char *path, bool whole, void **bytes, size_t *n, struct err *e)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(e, ERR_USAGE, "%s: %s", path, strerror(errno));
    *bytes = MAP_FAILED;
    bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= BUNDLE_MAX;
    *n = ok ? (size_t)st.st_size : 0;
    if (*n)
        *bytes = mmap(NULL, *n, PROT_READ, MAP_PRIVATE | (whole ? MAP_POPULATE : 0), fd, 0);
    close(fd);
    return *bytes != MAP_FAILED || err_set(e, ERR_USAGE, "%s: no file of compiled rules", path);
}

static bool check_bundle(const struct rule_files *from, const struct bundle_facts *facts,
                         const unsigned char config[SHA256_BYTES], struct err *e)
{
    if (from->durable && !facts->durable)
        return err_set(e, ERR_USAGE,
                       "compiled with --scan, for `trailwarden scan` only: compile without it");
    if (memcmp(facts->config, config, SHA256_BYTES) != 0)
        return err_set(e, ERR_USAGE,
                       "compiled with other placeholders and filters than %s has: "
                       "compile the rules again with it",
                       from->config ? from->config : "no configuration");
    return true;
}

static bool want_sources(const char *path, struct err *e)
{
    return err_set(e, ERR_USAGE,
                   "%s: wanted are the rules' sources, not what they were compiled to", path);
}

static bool load_bundle(const struct rule_files *from, const char *path,
                        const unsigned char config[SHA256_BYTES], struct ruleset **out,
                        size_t *n_files, struct err *e)
{
    struct bundle_facts facts;
    void *bytes = NULL;
    size_t n = 0;
    if (from->sources)
        return want_sources(path, e);
    if (from->n_roots > 1)
        return err_set(e, ERR_USAGE, "%s: compiled rules go alone: others cannot refer to them",
                       path);
    if (!is_alone(from->roots[0], path, e) || !map(path, !from->later, &bytes, &n, e))
        return false;
    if (!bundle_open(bytes, n, unmap, &facts, out, e)) {
        unmap(bytes, n);
        e->kind = e->kind == ERR_INPUT ? ERR_USAGE : e->kind;
        return err_wrap(e, "%s", path);
    }
    *n_files = facts.n_files;
    if (check_bundle(from, &facts, config, e) && (from->later || bundle_check(*out, e)))
        return true;
    ruleset_free(*out);
    *out = NULL;
    e->kind = ERR_USAGE;
    return err_wrap(e, "%s", path);
}

bool rule_files_load(const struct rule_files *from, struct diags *diags, struct ruleset **out,
                     size_t *n_files, struct err *e)
{
    struct rule_config config;
    struct buf room;
    unsigned char hash[SHA256_BYTES];
    *out = NULL;
    *n_files = 0;
    buf_init(&room, FILES_PATH_MAX + sizeof "/" BUNDLE_FILE);
    struct str bundle = find_any_bundle(from, &room);
    bool ok = read_config(from->config, &config, hash, e);
    if (ok)
        ok = str_present(bundle) ? load_bundle(from, bundle.p, hash, out, n_files, e)
                                 : load_sources(from, &config, diags, out, n_files, e);
    rule_config_release(&config);
    buf_release(&room);
    return ok;
}

bool rule_files_compile(const struct rule_files *from, struct diags *diags, struct buf *out,
                        struct ruleset **rules, size_t *n_files, struct err *e)
{
    struct rule_config config;
    struct buf room;
    struct bundle_facts facts = {.durable = from->durable};
    *rules = NULL;
    *n_files = 0;
    buf_init(&room, FILES_PATH_MAX + sizeof "/" BUNDLE_FILE);
    struct str bundle = find_any_bundle(from, &room);
    bool ok = read_config(from->config, &config, facts.config, e) &&
              (!str_present(bundle) || want_sources(bundle.p, e)) &&
              load_sources(from, &config, diags, rules, n_files, e);
    facts.n_files = (uint32_t)*n_files;
    ok = ok && bundle_put(*rules, &facts, out, e);
    rule_config_release(&config);
    buf_release(&room);
    return ok;
}
