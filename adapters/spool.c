/* A buffer, and a temporary file behind it. */
#include "adapters/spool.h"

#include <errno.h>
#include <sys/types.h>

void spool_init(struct spool *s, size_t memory_max)
{
    *s = (struct spool){0};
    buf_init(&s->memory, memory_max);
}

void spool_release(struct spool *s)
{
    buf_release(&s->memory);
    if (s->file)
        fclose(s->file);
    *s = (struct spool){0};
}

void spool_reset(struct spool *s)
{
    buf_reset(&s->memory);
    s->n = 0;
}

static bool file_error(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "the temporary file for results: %s", strerror(errno));
}

bool spool_put(struct spool *s, struct str text, uint64_t *at, struct err *e)
{
    *at = s->n;
    if (!s->file && text.n <= s->memory.max - s->memory.n) {
        buf_put(&s->memory, text);
        s->n += text.n;
        return buf_ok(&s->memory, "results put aside", e);
    }
    if (!s->file && !(s->file = tmpfile()))
        return file_error(e);
    off_t place = (off_t)(s->n - s->memory.n);
    if (fseeko(s->file, place, SEEK_SET) != 0 || fwrite(text.p, 1, text.n, s->file) != text.n ||
        fflush(s->file) != 0)
        return file_error(e);
    s->n += text.n;
    return true;
}

bool spool_get(struct spool *s, uint64_t at, size_t n, struct buf *out, struct err *e)
{
    if (at < s->memory.n) {
        buf_put(out, str_slice(buf_str(&s->memory), (size_t)at, (size_t)at + n));
        return true;
    }
    char *to = buf_room(out, n);
    if (!to)
        return true; /* out has failed, and says so itself */
    if (fseeko(s->file, (off_t)(at - s->memory.n), SEEK_SET) != 0 || fread(to, 1, n, s->file) != n)
        return file_error(e);
    buf_added(out, n);
    return true;
}
