/* Base64, RFC 4648 section 4. */
#include "base/base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void buf_put_base64(struct buf *b, struct str bytes)
{
    for (size_t i = 0; i < bytes.n; i += 3) {
        size_t n = bytes.n - i < 3 ? bytes.n - i : 3;
        uint32_t group = 0;
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (k < n ? (unsigned char)bytes.p[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            buf_putc(b, k <= n ? alphabet[group >> (18 - 6 * k) & 63] : '=');
    }
}

/* The six bits of a digit, or -1. */
static int digit_bits(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* How many of the last four characters are padding. */
static size_t padding(struct str text)
{
    size_t n = 0;
    while (n < 2 && n < text.n && text.p[text.n - 1 - n] == '=')
        n++;
    return n;
}

bool base64_decode(struct arena *a, struct str text, struct str *out, struct err *e)
{
    size_t pad = padding(text);
    size_t digits = text.n - pad;
    char *bytes = arena_alloc(a, text.n / 4 * 3);
    if (text.n % 4)
        return err_set(e, ERR_INPUT, "broken base64: %zu characters, not a multiple of four",
                       text.n);
    if (!bytes)
        return err_set(e, ERR_LIMIT, "base64 text of %zu characters is too long", text.n);
    size_t n = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < digits; i++) {
        int value = digit_bits(text.p[i]);
        if (value < 0)
            return err_set(e, ERR_INPUT, "broken base64: character %zu is no digit", i + 1);
        bits = bits << 6 | (uint32_t)value;
        if (i % 4)
            bytes[n++] = (char)(bits >> (6 - i % 4 * 2) & 0xff);
    }
    *out = str_n(bytes, n);
    return true;
}
