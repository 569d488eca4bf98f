/* Reading a pattern only as far as to know what it cannot do without: characters that stand for
 * themselves, in a row, outside groups, not optional, and with no alternative. Whatever else there
 * is ends the row, or, where it might change what characters mean, the reading. */
#include "engine/regex_need.h"

#include <stdbool.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* Options under which characters stand for themselves. */
#define PLAIN_OPTIONS                                                                              \
    (PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_MULTILINE | PCRE2_DOTALL | PCRE2_UTF |             \
     PCRE2_MATCH_INVALID_UTF)

struct reading {
    struct str s;
    size_t at;
    size_t from;  /* where the present row began; its end is `at` */
    size_t depth; /* open groups */
    struct str best;
};

static char peek(const struct reading *r, size_t ahead)
{
    return r->at + ahead < r->s.n ? r->s.p[r->at + ahead] : '\0';
}

/* Ends the row, `less` bytes before the present one, and takes the next `skip` bytes. */
static bool end_row(struct reading *r, size_t less, size_t skip)
{
    size_t end = r->at > r->from + less ? r->at - less : r->from;
    if (r->depth == 0 && end - r->from > r->best.n)
        r->best = str_slice(r->s, r->from, end);
    r->at += skip;
    r->from = r->at;
    return true;
}

static bool take_escape(struct reading *r)
{
    char c = peek(r, 1);
    bool punctuation = c > ' ' && c < 0x7F && !byte_is_alpha(c) && !byte_is_digit(c);
    return (punctuation || (c && str_find_byte(S("dDsSwWbBAznrtfa"), c, 0) != SIZE_MAX)) &&
           end_row(r, 0, 2);
}

/* [...], with ] first, escapes and [:names:] in it. */
static bool take_class(struct reading *r)
{
    size_t n = peek(r, 1) == '^' ? 2 : 1;
    for (bool first = true; peek(r, n) != ']' || first; first = false) {
        if (!peek(r, n))
            return false;
        if (peek(r, n) == '[' && peek(r, n + 1) == ':')
            for (n += 2; peek(r, n) && peek(r, n) != ']'; n++)
                ;
        n += peek(r, n) == '\\' ? 2 : 1;
    }
    return end_row(r, 0, n + 1);
}

/* Groups that only group: ( (?: (?<name> (?P<name> . Others may change what follows them. */
static bool take_group(struct reading *r)
{
    bool plain = peek(r, 1) != '?' && peek(r, 1) != '*';
    bool named = peek(r, 2) == '<' && byte_is_alpha(peek(r, 3));
    if (!plain && !(peek(r, 1) == '?' && (peek(r, 2) == ':' || peek(r, 2) == 'P' || named)))
        return false;
    end_row(r, 0, 1);
    r->depth++;
    return true;
}

static bool take_group_end(struct reading *r)
{
    if (r->depth == 0)
        return false;
    end_row(r, 0, 1);
    r->depth--;
    return true;
}

/* A repetition that may be none: the character before it is not needed. */
static bool take_repeat(struct reading *r)
{
    end_row(r, 1, 1);
    while (byte_is_digit(peek(r, 0)) || peek(r, 0) == ',' || peek(r, 0) == '}')
        end_row(r, 0, 1);
    return true;
}

static bool take_one(struct reading *r)
{
    char c = peek(r, 0);
    switch (c) {
    case '\\':
        return take_escape(r);
    case '[':
        return take_class(r);
    case '(':
        return take_group(r);
    case ')':
        return take_group_end(r);
    case '|':
        return r->depth > 0 && end_row(r, 0, 1);
    case '*':
    case '?':
    case '{':
        return take_repeat(r);
    case '+':
    case '.':
    case '^':
    case '$':
        return end_row(r, 0, 1);
    default:
        if ((unsigned char)c >= 0x80 || c == '\0')
            return end_row(r, 0, 1);
        r->at++;
        return true;
    }
}

struct str regex_need(struct str pattern, uint32_t options)
{
    struct reading r = {.s = pattern, .best = STR_ABSENT};
    if (options & ~(uint32_t)PLAIN_OPTIONS)
        return STR_ABSENT;
    while (r.at < r.s.n)
        if (!take_one(&r))
            return STR_ABSENT;
    end_row(&r, 0, 0);
    return r.best;
}
