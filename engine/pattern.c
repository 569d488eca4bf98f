/* Wildcard patterns: one written form, classified when compiled, matched in place. */
#include "engine/pattern.h"

#include <stdint.h>

#include "base/escape.h"

static bool is_special(char c)
{
    return c == '*' || c == '?' || c == '\\';
}

void pattern_put_literal(struct buf *out, struct str bytes)
{
    for (size_t i = 0; i < bytes.n; i++) {
        if (is_special(bytes.p[i]))
            buf_putc(out, '\\');
        buf_putc(out, bytes.p[i]);
    }
}

void pattern_put_sigma(struct buf *out, struct str value)
{
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (c != '\\') {
            buf_putc(out, c);
            continue;
        }
        bool escapes = i + 1 < value.n && is_special(value.p[i + 1]);
        buf_putc(out, '\\');
        buf_putc(out, escapes ? value.p[++i] : '\\');
    }
}

size_t pattern_token(struct str pattern, size_t at)
{
    return pattern.p[at] == '\\' && at + 1 < pattern.n ? 2 : 1;
}

bool pattern_has_wildcard(struct str pattern)
{
    for (size_t i = 0; i < pattern.n; i += pattern_token(pattern, i))
        if (pattern.p[i] == '*' || pattern.p[i] == '?')
            return true;
    return false;
}

bool pattern_starts_open(struct str pattern)
{
    return pattern.n && pattern.p[0] == '*';
}

bool pattern_ends_open(struct str pattern)
{
    bool open = false;
    for (size_t i = 0; i < pattern.n; i += pattern_token(pattern, i))
        open = pattern.p[i] == '*';
    return open;
}

/* What stands between the outer runs of `*`, as a pattern. */
static struct str pattern_middle(struct str pattern, bool *open_front, bool *open_back)
{
    size_t from = 0, to = 0, i;
    while (from < pattern.n && pattern.p[from] == '*')
        from++;
    for (i = to = from; i < pattern.n;) {
        bool star = pattern.p[i] == '*';
        i += pattern_token(pattern, i);
        if (!star)
            to = i;
    }
    *open_front = from > 0;
    *open_back = to < pattern.n;
    return str_slice(pattern, from, to);
}

static void put_folded(struct buf *text, char c, bool fold)
{
    buf_putc(text, fold ? byte_lower(c) : c);
}

static void put_unescaped(struct buf *text, struct str pattern, bool fold)
{
    for (size_t i = 0; i < pattern.n; i++) {
        if (pattern.p[i] == '\\' && i + 1 < pattern.n)
            i++;
        put_folded(text, pattern.p[i], fold);
    }
}

static void put_glob(struct buf *text, struct str pattern, bool fold)
{
    bool after_star = false;
    for (size_t i = 0, n; i < pattern.n; i += n) {
        n = pattern_token(pattern, i);
        bool star = pattern.p[i] == '*';
        for (size_t k = 0; k < n && !(star && after_star); k++)
            put_folded(text, pattern.p[i + k], fold);
        after_star = star;
    }
}

enum pattern_kind pattern_compile(struct str pattern, bool fold, struct buf *text)
{
    bool front, back;
    struct str middle = pattern_middle(pattern, &front, &back);
    buf_reset(text);
    if (pattern_has_wildcard(middle)) {
        put_glob(text, pattern, fold);
        return PATTERN_GLOB;
    }
    put_unescaped(text, middle, fold);
    if (middle.n == 0 && front)
        return PATTERN_PREFIX;
    if (front)
        return back ? PATTERN_CONTAINS : PATTERN_SUFFIX;
    return back ? PATTERN_PREFIX : PATTERN_EXACT;
}

/* The first n bytes at p (of the pattern, folded already) and at s. */
static bool same(const char *p, const char *s, size_t n, bool fold)
{
    if (!fold)
        return n == 0 || memcmp(p, s, n) == 0;
    for (size_t i = 0; i < n; i++)
        if (p[i] != byte_lower(s[i]))
            return false;
    return true;
}

static bool contains(struct str text, struct str s, bool fold)
{
    if (text.n == 0)
        return true;
    if (!fold)
        return str_find(s, text, 0) != SIZE_MAX;
    if (s.n < text.n)
        return false;
    const char first = text.p[0];
    for (size_t i = 0; i <= s.n - text.n; i++)
        if (byte_lower(s.p[i]) == first && same(text.p + 1, s.p + i + 1, text.n - 1, true))
            return true;
    return false;
}

/* Length of the character that begins at s.p[at]. */
static size_t character(struct str s, size_t at)
{
    if ((unsigned char)s.p[at] < 0x80)
        return 1;
    struct str rest = str_skip(s, at);
    size_t before = rest.n;
    (void)utf8_take(&rest);
    return before - rest.n;
}

/* Whether the token at p[*i], no `*`, takes what stands at s[*j]; if so both move past it. */
static bool token_takes(struct str p, size_t *i, struct str s, size_t *j, bool fold)
{
    if (*i >= p.n)
        return false;
    size_t n = pattern_token(p, *i);
    if (n == 1 && p.p[*i] == '?') {
        *j += character(s, *j);
    } else {
        if (!same(p.p + *i + n - 1, s.p + *j, 1, fold))
            return false;
        *j += 1;
    }
    *i += n;
    return true;
}

/* Two fingers: on a mismatch the last `*` takes one more character and all after it begins again.
 * An earlier `*` need never be tried longer: whatever it could gain, the last one can have too. */
static bool glob(struct str p, struct str s, bool fold)
{
    size_t i = 0, j = 0, after_star = SIZE_MAX, taken = 0;
    while (j < s.n) {
        if (i < p.n && p.p[i] == '*') {
            after_star = ++i;
            taken = j;
            if (i == p.n)
                return true;
        } else if (!token_takes(p, &i, s, &j, fold)) {
            if (after_star == SIZE_MAX)
                return false;
            taken += character(s, taken);
            i = after_star;
            j = taken;
        }
    }
    while (i < p.n && p.p[i] == '*')
        i++;
    return i == p.n;
}

bool pattern_match(enum pattern_kind kind, struct str text, struct str s, bool fold)
{
    if (!str_present(s))
        return false;
    switch (kind) {
    case PATTERN_EXACT:
        return s.n == text.n && same(text.p, s.p, s.n, fold);
    case PATTERN_PREFIX:
        return s.n >= text.n && same(text.p, s.p, text.n, fold);
    case PATTERN_SUFFIX:
        return s.n >= text.n && same(text.p, s.p + (s.n - text.n), text.n, fold);
    case PATTERN_CONTAINS:
        return contains(text, s, fold);
    case PATTERN_GLOB:
        return glob(text, s, fold);
    }
    return false;
}
