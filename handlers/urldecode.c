/* Form decoding. */
#include "handlers/urldecode.h"

/* The byte that %XX at position i names, or -1. */
static int percent_byte(struct str text, size_t i)
{
    if (text.n - i < 3)
        return -1;
    int high = byte_hex(text.p[i + 1]);
    int low = byte_hex(text.p[i + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool urldecode_form(struct buf *out, struct str text, struct err *e)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '%') {
            buf_putc(out, text.p[i] == '+' ? ' ' : text.p[i]);
            continue;
        }
        int byte = percent_byte(text, i);
        if (byte < 0)
            return err_set(e, ERR_INPUT,
                           "a %% without two hexadecimal digits behind it, at byte %zu", i + 1);
        buf_putc(out, (char)byte);
        i += 2;
    }
    return buf_ok(out, "decoded text", e);
}
