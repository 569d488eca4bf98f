/* Comparing, searching and cutting borrowed bytes. */
#include "base/str.h"

#include <limits.h>
#include <stdint.h>

int str_cmp(struct str a, struct str b)
{
    if (!a.p || !b.p)
        return (a.p != NULL) - (b.p != NULL);
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c)
        return c;
    return (a.n > b.n) - (a.n < b.n);
}

bool str_eq_fold(struct str a, struct str b)
{
    if (!a.p || !b.p || a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (byte_lower(a.p[i]) != byte_lower(b.p[i]))
            return false;
    return true;
}

bool str_is_near(struct str a, struct str b)
{
    struct str small = a.n <= b.n ? a : b, big = a.n <= b.n ? b : a;
    size_t same = 0;
    while (same < small.n && byte_lower(small.p[same]) == byte_lower(big.p[same]))
        same++;
    struct str s = str_skip(small, same), g = str_skip(big, same);
    if (s.n != g.n)
        return g.n - s.n == 1 && (s.n == 0 || str_eq_fold(s, str_skip(g, 1)));
    bool swapped = s.n > 1 && byte_lower(s.p[0]) == byte_lower(g.p[1]) &&
                   byte_lower(s.p[1]) == byte_lower(g.p[0]) &&
                   (s.n == 2 || str_eq_fold(str_skip(s, 2), str_skip(g, 2)));
    return swapped || s.n <= 1 || str_eq_fold(str_skip(s, 1), str_skip(g, 1));
}

bool str_starts(struct str s, struct str prefix)
{
    return s.p && prefix.p && s.n >= prefix.n &&
           (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.p && suffix.p && s.n >= suffix.n &&
           (suffix.n == 0 || memcmp(s.p + (s.n - suffix.n), suffix.p, suffix.n) == 0);
}

size_t str_find(struct str s, struct str needle, size_t from)
{
    if (!s.p || !needle.p || from > s.n || needle.n > s.n - from)
        return SIZE_MAX;
    if (needle.n == 0)
        return from;
    const char *p = s.p + from;
    const char *last = s.p + (s.n - needle.n);
    while (p <= last) {
        p = memchr(p, needle.p[0], (size_t)(last - p) + 1);
        if (!p)
            return SIZE_MAX;
        if (memcmp(p, needle.p, needle.n) == 0)
            return (size_t)(p - s.p);
        p++;
    }
    return SIZE_MAX;
}

size_t str_find_byte(struct str s, char c, size_t from)
{
    if (!s.p || from >= s.n)
        return SIZE_MAX;
    const char *p = memchr(s.p + from, c, s.n - from);
    return p ? (size_t)(p - s.p) : SIZE_MAX;
}

static bool byte_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct str str_trim(struct str s)
{
    while (s.n && byte_is_blank(s.p[0]))
        s = str_skip(s, 1);
    while (s.n && byte_is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

struct str str_cut(struct str *rest, char sep)
{
    size_t at = str_find_byte(*rest, sep, 0);
    struct str piece = *rest;
    if (at == SIZE_MAX) {
        *rest = STR_ABSENT;
        return piece;
    }
    piece.n = at;
    *rest = str_skip(*rest, at + 1);
    return piece;
}

void bytes_hex(char *out, const void *bytes, size_t n)
{
    static const char digit[] = "0123456789abcdef";
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digit[p[i] >> 4];
        out[2 * i + 1] = digit[p[i] & 15];
    }
}

int byte_hex(char c)
{
    if (byte_is_digit(c))
        return c - '0';
    c = byte_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool str_u64(struct str s, unsigned long long *out)
{
    unsigned long long v = 0;
    if (!s.p || s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!byte_is_digit(s.p[i]))
            return false;
        unsigned d = (unsigned)(s.p[i] - '0');
        if (v > (ULLONG_MAX - d) / 10)
            return false;
        v = v * 10 + d;
    }
    *out = v;
    return true;
}

static size_t skip_digits(struct str s, size_t at)
{
    while (at < s.n && byte_is_digit(s.p[at]))
        at++;
    return at;
}

bool str_is_decimal(struct str s)
{
    size_t at = s.n && (s.p[0] == '-' || s.p[0] == '+');
    size_t whole = skip_digits(s, at) - at;
    at += whole;
    size_t part = 0;
    if (at < s.n && s.p[at] == '.') {
        part = skip_digits(s, at + 1) - at - 1;
        at += part + 1;
    }
    if (whole + part == 0)
        return false;
    if (at < s.n && byte_lower(s.p[at]) == 'e') {
        at++;
        if (at < s.n && (s.p[at] == '-' || s.p[at] == '+'))
            at++;
        size_t end = skip_digits(s, at);
        if (end == at)
            return false;
        at = end;
    }
    return at == s.n;
}
