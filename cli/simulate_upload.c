/* Puts objects. */
#include "cli/simulate_upload.h"

#include "adapters/files.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/simulate_invoke.h"

#define OBJECT_MAX (64u << 20)
#define KEY_MAX    1100 /* S3's limit of a key, 1,024 bytes, and what is put in front */

void simulate_put_key(struct buf *b, struct str key)
{
    const struct str waited_for = S(".json.gz");
    buf_putz(b, "simulated/");
    if (str_ends(key, waited_for)) {
        buf_put(b, str_slice(key, 0, key.n - waited_for.n));
        buf_putz(b, ".gz");
    } else {
        buf_put(b, key);
    }
}

static bool upload(struct cloud *cloud, const char *bucket, const char *folder, struct str key,
                   struct err *e)
{
    struct buf path, to, body;
    buf_init(&path, FILES_PATH_MAX);
    buf_init(&to, KEY_MAX);
    buf_init(&body, OBJECT_MAX);
    buf_putf(&path, "%s/%.*s", folder, (int)key.n, key.p);
    buf_putc(&to, '/');
    simulate_put_key(&to, key);
    bool ok = buf_ok(&to, "a key", e) &&
              (buf_z(&path) || err_set(e, ERR_LIMIT, "a path is too long")) &&
              files_read(buf_z(&path), &body, e) &&
              cloud_put(cloud, str_of(bucket), buf_str(&to), buf_str(&body), e);
    buf_release(&path);
    buf_release(&to);
    buf_release(&body);
    return ok;
}

bool simulate_upload(struct cloud *cloud, const char *bucket, const char *folder,
                     const struct vec *objects, struct err *e)
{
    bool ok = true;
    struct progress progress;
    progress_init(&progress, 0);
    for (size_t i = 0; ok && i < objects->n; i++) {
        progress_step(&progress, "objects put", i, objects->n);
        const struct delivered *d = vec_at(objects, i);
        ok = (upload(cloud, bucket, folder, d->key, e) || err_wrap(e, "bucket %.100s", bucket)) &&
             (!interrupted() || err_set(e, ERR_SYSTEM, "interrupted"));
    }
    progress_end(&progress);
    return ok;
}
