/* A buffer, and a temporary file behind it. */
#include "adapters/spool.h"

#include <errno.h>
#include <unistd.h>

#include "adapters/files.h"

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

/* The file is read and written past stdio: each text is for itself, and most are long. */
static bool write_at(const struct spool *s, struct str text)
{
    off_t place = (off_t)(s->n - s->memory.n);
    while (text.n) {
        ssize_t n = pwrite(fileno(s->file), text.p, text.n, place);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        text = str_skip(text, (size_t)n);
        place += n;
    }
    return true;
}

static bool read_at(const struct spool *s, uint64_t at, char *to, size_t n)
{
    bool ok = files_read_at(fileno(s->file), at - s->memory.n, to, n);
    if (!ok && errno == 0)
        errno = EIO; /* somebody cut it */
    return ok;
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
    if (!write_at(s, text))
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
    if (!read_at(s, at, to, n))
        return file_error(e);
    buf_added(out, n);
    return true;
}
