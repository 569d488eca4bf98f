/* Big-endian numbers. */
#include "base/wire.h"

void wire_put(struct buf *b, uint64_t v, unsigned bytes)
{
    char out[8];
    for (unsigned i = 0; i < bytes; i++)
        out[i] = (char)(unsigned char)(v >> (8 * (bytes - 1 - i)));
    buf_put(b, str_n(out, bytes));
}

bool wire_take(struct str *s, uint64_t *v, unsigned bytes)
{
    if (s->n < bytes)
        return false;
    *v = 0;
    for (unsigned i = 0; i < bytes; i++)
        *v = *v << 8 | (unsigned char)s->p[i];
    *s = str_skip(*s, bytes);
    return true;
}

bool wire_take_bytes(struct str *s, void *to, size_t n)
{
    if (s->n < n)
        return false;
    if (n)
        memcpy(to, s->p, n);
    *s = str_skip(*s, n);
    return true;
}

bool wire_take_str(struct str *s, struct str *out, size_t n)
{
    if (s->n < n)
        return false;
    *out = str_n(s->p, n);
    *s = str_skip(*s, n);
    return true;
}
