/* Walking and reading. Order by the bytes of whole paths is kept without a list of all files: in
 * each folder a sub-folder sorts as its name and a slash; several roots are merged. */
#include "adapters/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/escape.h"
#include "base/vec.h"
#include "handlers/logshape.h"

/* One folder's names that are still to be visited. */
struct folder {
    struct arena text;
    struct vec names; /* struct str, sorted; a sub-folder's ends in a slash */
    size_t next;
    size_t path_n; /* length of the path up to and with this folder's slash */
    dev_t dev;
    ino_t ino;
};

/* One root: its present position. */
struct branch {
    struct buf path;  /* NUL-terminated by buf_z before use */
    struct vec stack; /* struct folder */
    uint64_t bytes;
    bool ready; /* path is the next file */
};

struct walk {
    enum files_kind kind;
    struct branch *branches;
    size_t n;
    struct buf present; /* what was given out last */
};

/* The error for errno and a path, which may hold anything. */
static bool file_error(struct err *e, const char *what, struct str path)
{
    int cause = errno;
    enum err_kind kind = cause == ENOENT || cause == ENOTDIR ? ERR_MISSING
                         : cause == EACCES || cause == EPERM ? ERR_DENIED
                                                             : ERR_SYSTEM;
    struct buf shown;
    buf_init(&shown, ERR_TEXT_MAX);
    buf_put_terminal(&shown, path);
    const char *name = buf_z(&shown);
    char reason[128];
    if (strerror_r(cause, reason, sizeof reason) != 0)
        reason[0] = '\0';
    err_set(e, kind, "%s %s: %s", what, name ? name : "a file of a very long name", reason);
    buf_release(&shown);
    return false;
}

static bool ends_with_one(struct str name, const struct str *ends, size_t n)
{
    bool does = false;
    for (size_t i = 0; i < n && !does; i++)
        does = str_ends(name, ends[i]);
    return does;
}

static bool wanted(struct str name, enum files_kind kind)
{
    static const struct str logs[] = {S(".json"), S(".jsonl"), S(".gz"), S(".log")};
    static const struct str rules[] = {S(".yml"), S(".yaml")};
    static const struct str tests[] = {S(".test.yml"), S(".test.yaml")};
    if (kind == FILES_LOGS)
        return ends_with_one(name, logs, sizeof logs / sizeof *logs);
    bool test = ends_with_one(name, tests, sizeof tests / sizeof *tests);
    if (kind == FILES_TESTS)
        return test;
    return !test && ends_with_one(name, rules, sizeof rules / sizeof *rules);
}

static void folder_release(struct folder *f)
{
    arena_release(&f->text);
    vec_release(&f->names);
}

static int by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Whether the folder is one of those that we stand in: a link that leads upwards. */
static bool stands_in(const struct branch *b, const struct stat *st)
{
    for (size_t i = 0; i < b->stack.n; i++) {
        const struct folder *f = vec_at(&b->stack, i);
        if (f->dev == st->st_dev && f->ino == st->st_ino)
            return true;
    }
    return false;
}

/* Keeps one name of the folder when it is a file that counts or a folder. */
static bool keep_name(struct folder *f, int fd, const char *name, enum files_kind kind)
{
    struct stat st;
    if (name[0] == '.' || fstatat(fd, name, &st, 0) != 0)
        return true;
    bool folder = S_ISDIR(st.st_mode);
    if (!folder && (!S_ISREG(st.st_mode) || !wanted(str_of(name), kind)))
        return true;
    size_t n = strlen(name);
    char *copy = arena_alloc(&f->text, n + 1);
    struct str *kept = copy ? vec_push(&f->names, 1) : NULL;
    if (!kept)
        return false;
    memcpy(copy, name, n);
    if (folder)
        copy[n++] = '/';
    *kept = str_n(copy, n);
    return true;
}

static bool read_names(struct folder *f, DIR *d, enum files_kind kind, struct str path,
                       struct err *e)
{
    const struct dirent *entry;
    errno = 0;
    while ((entry = readdir(d))) {
        if (!keep_name(f, dirfd(d), entry->d_name, kind))
            return err_set(e, ERR_LIMIT, "too many files in one folder (over %d)",
                           FILES_FOLDER_MAX);
        errno = 0;
    }
    if (errno)
        return file_error(e, "cannot read folder", path);
    if (f->names.n)
        qsort(f->names.p, f->names.n, f->names.size, by_bytes);
    return true;
}

/* Lists the open folder and puts it on the stack. */
static bool push_folder(struct branch *b, DIR *d, const struct stat *st, enum files_kind kind,
                        struct err *e)
{
    struct folder *f = vec_push(&b->stack, 1);
    if (!f)
        return err_set(e, ERR_LIMIT, "folders are nested deeper than %d", FILES_DEPTH_MAX);
    f->dev = st->st_dev;
    f->ino = st->st_ino;
    f->path_n = b->path.n;
    arena_init(&f->text, SIZE_MAX);
    vec_init(&f->names, sizeof(struct str), FILES_FOLDER_MAX);
    if (read_names(f, d, kind, buf_str(&b->path), e))
        return true;
    folder_release(f);
    b->stack.n--;
    return false;
}

/* Goes into the folder that b->path names (with a slash at its end). */
static bool enter(struct branch *b, enum files_kind kind, struct err *e)
{
    const char *path = buf_z(&b->path);
    DIR *d = path ? opendir(path) : NULL;
    struct stat st;
    if (!d)
        return file_error(e, "cannot open folder", buf_str(&b->path));
    bool ok = fstat(dirfd(d), &st) == 0 || file_error(e, "cannot read folder", buf_str(&b->path));
    if (ok && !stands_in(b, &st))
        ok = push_folder(b, d, &st, kind, e);
    closedir(d);
    return ok;
}

/* Opens for reading; a folder is none. */
static int open_file(const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        file_error(e, "cannot open", str_of(path));
    return fd;
}

/* read(2) until it is not interrupted. */
static ssize_t read_some(int fd, char *to, size_t n)
{
    ssize_t got;
    do
        got = read(fd, to, n);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Whether the file counts. Every program writes a .log: only what begins as a log of a source is
 * one. What cannot be opened is for the reader to say. */
static bool may_be_log(const char *path)
{
    struct err e;
    struct buf begin;
    if (!str_ends(str_of(path), S(".log")))
        return true;
    int fd = open_file(path, &e);
    if (fd < 0)
        return true;
    buf_init(&begin, LOGSHAPE_BEGIN_BYTES);
    char *to = buf_room(&begin, LOGSHAPE_BEGIN_BYTES);
    ssize_t got = to ? read_some(fd, to, LOGSHAPE_BEGIN_BYTES) : 0;
    buf_added(&begin, got > 0 ? (size_t)got : 0);
    bool shows = logshape_shows_source(buf_str(&begin));
    buf_release(&begin);
    close(fd);
    return shows;
}

/* Moves the branch to its next file; b->ready tells whether there is one. After a failure it may be
 * called again and goes on behind what failed. */
static bool advance(struct branch *b, enum files_kind kind, struct err *e)
{
    while (b->stack.n && !b->ready) {
        struct folder *f = vec_at(&b->stack, b->stack.n - 1);
        b->path.failed = false;
        buf_cut(&b->path, f->path_n);
        if (f->next == f->names.n) {
            folder_release(f);
            b->stack.n--;
            continue;
        }
        struct str name = *(struct str *)vec_at(&f->names, f->next++);
        buf_put(&b->path, name);
        struct stat st;
        const char *path = buf_z(&b->path);
        if (!path)
            return err_set(e, ERR_LIMIT, "a path is longer than %d bytes", FILES_PATH_MAX);
        if (name.p[name.n - 1] == '/') {
            if (!enter(b, kind, e))
                return false;
        } else if (stat(path, &st) == 0 && (kind != FILES_LOGS || may_be_log(path))) {
            b->bytes = (uint64_t)st.st_size;
            b->ready = true;
        }
    }
    return true;
}

static bool start(struct branch *b, const char *root, enum files_kind kind, struct err *e)
{
    struct stat st;
    buf_init(&b->path, FILES_PATH_MAX);
    vec_init(&b->stack, sizeof(struct folder), FILES_DEPTH_MAX);
    if (stat(root, &st) != 0)
        return file_error(e, "cannot read", str_of(root));
    buf_putz(&b->path, root);
    if (!S_ISDIR(st.st_mode)) {
        b->bytes = (uint64_t)st.st_size;
        b->ready = true;
        return buf_ok(&b->path, "a path", e);
    }
    if (b->path.n && b->path.p[b->path.n - 1] != '/')
        buf_putc(&b->path, '/');
    return buf_ok(&b->path, "a path", e) && enter(b, kind, e);
}

bool walk_new(const char *const *roots, size_t n, enum files_kind kind, struct walk **out,
              struct err *e)
{
    struct walk *w = calloc(1, sizeof *w);
    struct branch *branches = w ? calloc(n, sizeof *branches) : NULL;
    if (!branches) {
        free(w);
        return err_set(e, ERR_SYSTEM, "no memory for the list of files");
    }
    *w = (struct walk){.kind = kind, .branches = branches, .n = n};
    buf_init(&w->present, FILES_PATH_MAX);
    for (size_t i = 0; i < n; i++)
        if (!start(&branches[i], roots[i], kind, e)) {
            walk_free(w);
            return false;
        }
    *out = w;
    return true;
}

void walk_free(struct walk *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->n; i++) {
        struct branch *b = &w->branches[i];
        while (b->stack.n)
            folder_release(vec_at(&b->stack, --b->stack.n));
        vec_release(&b->stack);
        buf_release(&b->path);
    }
    buf_release(&w->present);
    free(w->branches);
    free(w);
}

/* The branch whose next file comes first, or NULL. */
static struct branch *least(struct walk *w)
{
    struct branch *best = NULL;
    for (size_t i = 0; i < w->n; i++) {
        struct branch *b = &w->branches[i];
        if (b->ready && (!best || str_cmp(buf_str(&b->path), buf_str(&best->path)) < 0))
            best = b;
    }
    return best;
}

bool walk_next(struct walk *w, struct str *path, uint64_t *bytes, struct err *e)
{
    *path = STR_ABSENT;
    for (size_t i = 0; i < w->n; i++)
        if (!w->branches[i].ready && !advance(&w->branches[i], w->kind, e))
            return false;
    struct branch *b = least(w);
    if (!b)
        return true;
    buf_reset(&w->present);
    buf_put(&w->present, buf_str(&b->path));
    *bytes = b->bytes;
    for (size_t i = 0; i < w->n; i++)
        if (str_eq(buf_str(&w->branches[i].path), buf_str(&w->present)))
            w->branches[i].ready = false;
    const char *z = buf_z(&w->present);
    *path = z ? str_n(z, w->present.n) : STR_ABSENT;
    return z || err_set(e, ERR_SYSTEM, "no memory for a path");
}

bool files_read_at(int fd, uint64_t place, void *to, size_t n)
{
    char *at = to;
    while (n) {
        ssize_t got = pread(fd, at, n, (off_t)place);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = 0;
        if (got <= 0)
            return false;
        at += got;
        place += (uint64_t)got;
        n -= (size_t)got;
    }
    return true;
}

bool files_read(const char *path, struct buf *out, struct err *e)
{
    int fd = open_file(path, e);
    if (fd < 0)
        return false;
    ssize_t got = 0;
    char piece[4096];
    while (!out->failed && (got = read_some(fd, piece, sizeof piece)) > 0)
        buf_put(out, str_n(piece, (size_t)got));
    bool ok = got >= 0 || file_error(e, "cannot read", str_of(path));
    close(fd);
    if (ok && !buf_ok(out, "the file", e))
        return err_wrap(e, "%s", path);
    return ok;
}

/* The pieces of one open file, until take has enough. */
static bool hand_on(int fd, struct str path, char *piece, bytes_fn take, void *to, struct err *e)
{
    ssize_t got;
    while ((got = read_some(fd, piece, FILES_PIECE_BYTES)) > 0)
        if (!take(to, str_n(piece, (size_t)got), e))
            return false;
    return got == 0 || file_error(e, "cannot read", path);
}

static bool port_read(void *self, const struct object_ref *ref, bytes_fn take, void *to,
                      struct err *e)
{
    (void)self;
    char path[FILES_PATH_MAX + 1];
    if (ref->key.n > FILES_PATH_MAX)
        return err_set(e, ERR_INPUT, "a path is longer than %d bytes", FILES_PATH_MAX);
    memcpy(path, ref->key.p, ref->key.n);
    path[ref->key.n] = '\0';
    char *piece = malloc(FILES_PIECE_BYTES);
    int fd = piece ? open_file(path, e) : -1;
    bool ok = piece || err_set(e, ERR_SYSTEM, "no memory to read a file");
    ok = ok && fd >= 0 && hand_on(fd, ref->key, piece, take, to, e);
    if (fd >= 0)
        close(fd);
    free(piece);
    return ok;
}

struct port_objects files_port(void)
{
    return (struct port_objects){.read = port_read};
}
