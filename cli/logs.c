/* Walking what the command line names. */
#include "cli/logs.h"

#include <stdio.h>
#include <stdlib.h>

#include "adapters/cloud.h"
#include "adapters/files.h"
#include "cli/command.h"
#include "cli/options.h"

void logs_init(struct logs *l)
{
    l->n_local = 0;
    vec_init(&l->paths, sizeof(const char *), ARGUMENTS_MAX);
}

void logs_release(struct logs *l)
{
    vec_release(&l->paths);
}

static const char *path_at(const struct logs *l, size_t i)
{
    return *(const char **)vec_at(&l->paths, i);
}

static bool is_s3(const char *path)
{
    return str_starts(str_of(path), S("s3://"));
}

/* Puts the paths in S3 behind the local ones, both in the order of their bytes. */
static int by_place(const void *x, const void *y)
{
    const char *a = *(const char *const *)x;
    const char *b = *(const char *const *)y;
    if (is_s3(a) != is_s3(b))
        return is_s3(a) ? 1 : -1;
    return strcmp(a, b);
}

void logs_sort(struct logs *l)
{
    if (l->paths.n > 1)
        qsort(l->paths.p, l->paths.n, l->paths.size, by_place);
    l->n_local = 0;
    while (l->n_local < l->paths.n && !is_s3(path_at(l, l->n_local)))
        l->n_local++;
}

uint64_t logs_bytes(const struct logs *l)
{
    struct walk *w;
    struct err e;
    struct str path;
    uint64_t bytes;
    uint64_t sum = 0;
    if (!walk_new(l->paths.p, l->n_local, FILES_LOGS, &w, &e))
        return 0;
    while (!interrupted() && walk_next(w, &path, &bytes, &e) && str_present(path))
        sum += bytes;
    walk_free(w);
    return sum;
}

static bool walk_local(const struct logs *l, const struct log_taker *taker, struct err *e)
{
    struct walk *w;
    struct str path;
    uint64_t bytes;
    struct port_objects port = files_port();
    if (l->n_local == 0)
        return true;
    if (!walk_new(l->paths.p, l->n_local, FILES_LOGS, &w, e)) {
        e->kind = e->kind == ERR_MISSING ? ERR_USAGE : e->kind;
        return false;
    }
    bool ok = true;
    while (ok) {
        if (!walk_next(w, &path, &bytes, e)) {
            complain(e); /* one folder; the walk goes on behind it */
            taker->fault(taker->to);
            continue;
        }
        if (!str_present(path))
            break;
        const struct object_ref ref = {.key = path, .bytes = bytes};
        ok = taker->object(taker->to, &port, &ref, path, e);
    }
    walk_free(w);
    return ok;
}

/* One listing of S3: what to do with each object. */
struct listing {
    const struct log_taker *taker;
    struct port_objects port;
    struct str bucket;
    struct buf name;
};

/* s3_object_fn */
static bool take_listed(void *to, const struct s3_listed *o, struct err *e)
{
    struct listing *l = to;
    const struct str key = o->key;
    if (o->bytes == 0 || str_ends(key, S("/")))
        return true; /* what consoles make to show a folder */
    buf_reset(&l->name);
    buf_putz(&l->name, "s3://");
    buf_put(&l->name, l->bucket);
    buf_putc(&l->name, '/');
    buf_put(&l->name, key);
    return l->taker->object(l->taker->to, &l->port,
                            &(struct object_ref){.bucket = l->bucket, .key = key},
                            buf_str(&l->name), e);
}

static bool walk_s3(const struct logs *logs, const struct log_taker *taker, struct err *e)
{
    if (logs->n_local == logs->paths.n)
        return true;
    struct cloud *cloud = cloud_new(e);
    if (!cloud)
        return false;
    struct listing l = {.taker = taker, .port = cloud_objects(cloud)};
    buf_init(&l.name, 2048); /* a bucket's 63 bytes and a key's 1,024 */
    bool ok = true;
    for (size_t i = logs->n_local; ok && i < logs->paths.n; i++) {
        struct str rest = str_skip(str_of(path_at(logs, i)), 5);
        l.bucket = str_cut(&rest, '/');
        ok = cloud_list(cloud, l.bucket, str_present(rest) ? rest : S(""), take_listed, &l, e);
    }
    buf_release(&l.name);
    cloud_free(cloud);
    return ok;
}

bool logs_walk(const struct logs *l, const struct log_taker *taker, struct err *e)
{
    return walk_local(l, taker, e) && walk_s3(l, taker, e);
}

void logs_note_none(uint64_t objects)
{
    if (objects == 0)
        fprintf(stderr, "trailwarden: there is no log file in the paths given\n");
}
