/* A growing byte buffer that has a maximum from birth. Text is built only with it. */
#ifndef TW_BASE_BUF_H
#define TW_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* Once a put would pass max, or memory runs out, the buffer is failed: it keeps what it has,
 * ignores every later put, and buf_ok says so. Build a whole text, then check once. */
struct buf {
    char *p;
    size_t n;
    size_t cap;
    size_t max; /* bytes it may ever hold */
    bool failed;
};

/* An empty buffer of at most max bytes. Allocates nothing yet. */
void buf_init(struct buf *b, size_t max);
/* Gives back the memory; the buffer is empty and usable again with the same maximum. */
void buf_release(struct buf *b);
/* Empties it and clears `failed`, keeping the memory. */
void buf_reset(struct buf *b);

/* False when something did not fit or memory ran out; e names the text built ("what") and max. */
TW_MUST_USE bool buf_ok(const struct buf *b, const char *what, struct err *e);

/* What is in it, borrowed until the next put, reset or release. Present even when empty. */
struct str buf_str(const struct buf *b);
/* The same, NUL-terminated (the NUL is not counted); NULL when the buffer has failed. */
const char *buf_z(struct buf *b);

/* Room for n more bytes: returns where they go, or NULL (and fails). Follow with buf_added, of at
 * most n. */
char *buf_room(struct buf *b, size_t n);
void buf_added(struct buf *b, size_t n);
/* Cuts it back to n bytes (n at most its length). */
void buf_cut(struct buf *b, size_t n);
/* Removes the first n bytes, moving the rest to the front. */
void buf_drop_front(struct buf *b, size_t n);

void buf_put(struct buf *b, struct str s);
void buf_putz(struct buf *b, const char *z);
static inline void buf_putc(struct buf *b, char c)
{
    char *p = !b->failed && b->n + 1 < b->cap && b->n < b->max ? b->p + b->n : buf_room(b, 1);
    if (!p)
        return;
    *p = c;
    b->n++;
}
void buf_put_u64(struct buf *b, uint64_t v);
void buf_put_i64(struct buf *b, int64_t v);
void buf_putf(struct buf *b, const char *fmt, ...) TW_PRINTF(2, 3);
/* Bytes as lower-case hexadecimal. */
void buf_put_hex(struct buf *b, const void *bytes, size_t n);

#endif
