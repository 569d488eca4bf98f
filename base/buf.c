/* The bounded buffer. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST_BYTES 256            /* first allocation: most texts built here are a line */
#define BUF_MAX_BYTES   (SIZE_MAX / 2) /* above this malloc refuses; sums with it cannot wrap */

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max < BUF_MAX_BYTES ? max : BUF_MAX_BYTES};
}

void buf_release(struct buf *b)
{
    free(b->p);
    buf_init(b, b->max);
}

void buf_reset(struct buf *b)
{
    b->n = 0;
    b->failed = false;
}

bool buf_ok(const struct buf *b, const char *what, struct err *e)
{
    if (!b->failed)
        return true;
    return err_set(e, ERR_LIMIT, "%s does not fit in %zu bytes", what, b->max);
}

struct str buf_str(const struct buf *b)
{
    return str_n(b->p ? b->p : "", b->n);
}

const char *buf_z(struct buf *b)
{
    char *end = buf_room(b, 0);
    if (!end)
        return NULL;
    *end = '\0';
    return b->p;
}

/* Makes room for n more bytes and a NUL, which may stand one byte above max. */
char *buf_room(struct buf *b, size_t n)
{
    if (b->failed)
        return NULL;
    if (n > b->max - b->n) {
        b->failed = true;
        return NULL;
    }
    size_t need = b->n + n + 1;
    if (need > b->cap) {
        size_t cap = b->cap ? b->cap : BUF_FIRST_BYTES;
        while (cap < need)
            cap = cap > b->max / 2 ? b->max + 1 : cap * 2;
        char *p = realloc(b->p, cap);
        if (!p) {
            b->failed = true;
            return NULL;
        }
        b->p = p;
        b->cap = cap;
    }
    return b->p + b->n;
}

void buf_added(struct buf *b, size_t n)
{
    b->n += n;
}

void buf_cut(struct buf *b, size_t n)
{
    if (n < b->n)
        b->n = n;
}

void buf_drop_front(struct buf *b, size_t n)
{
    if (n > b->n)
        n = b->n;
    if (n && b->n - n)
        memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

void buf_put(struct buf *b, struct str s)
{
    if (s.n == 0)
        return;
    char *p = buf_room(b, s.n);
    if (!p)
        return;
    memcpy(p, s.p, s.n);
    b->n += s.n;
}

void buf_putz(struct buf *b, const char *z)
{
    buf_put(b, str_of(z));
}

void buf_put_u64(struct buf *b, uint64_t v)
{
    char d[20];
    size_t at = sizeof d;
    do {
        d[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    buf_put(b, str_n(d + at, sizeof d - at));
}

void buf_put_i64(struct buf *b, int64_t v)
{
    if (v < 0)
        buf_putc(b, '-');
    buf_put_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void buf_putf(struct buf *b, const char *fmt, ...)
{
    char line[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n < sizeof line) {
        if (n < 0)
            b->failed = true;
        else
            buf_put(b, str_n(line, (size_t)n));
        return;
    }
    char *p = buf_room(b, (size_t)n);
    if (!p)
        return;
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->n += (size_t)n;
}

void buf_put_hex(struct buf *b, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++) {
        char digits[2];
        bytes_hex(digits, p + i, 1);
        buf_put(b, str_n(digits, sizeof digits));
    }
}
