/* One pass over the pattern: what RE2's POSIX mode knows is written in a form that PCRE2 cannot
 * take for one of its own extensions, the rest is refused. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "engine/falco_regex.h"

#include <pcre2.h>
#include <stdlib.h>

#define REPEAT_MAX 1000 /* RE2's largest count in {n,m} */

struct pattern {
    struct str s;
    size_t at;
    struct buf *out;
    struct err *e;
    bool repeated; /* the last thing was a repetition */
};

static bool refuse(struct pattern *p, size_t at, const char *why)
{
    return err_set(p->e, ERR_INPUT, "at byte %zu of the regular expression: %s", at + 1, why);
}

static bool more(const struct pattern *p)
{
    return p->at < p->s.n;
}

static char here(const struct pattern *p)
{
    return more(p) ? p->s.p[p->at] : '\0';
}

/* A byte that stands for itself, inside or outside a class. */
static void put_byte(struct buf *out, unsigned char c)
{
    if (byte_is_alpha((char)c) || byte_is_digit((char)c) || c >= 0x80)
        buf_putc(out, (char)c);
    else
        buf_putf(out, "\\x%02x", c);
}

static void put_code(struct buf *out, unsigned long c)
{
    buf_putf(out, "\\x{%lx}", c);
}

/* \xHH or \x{H...}; at stands behind the x. */
static bool take_hex(struct pattern *p, unsigned long *code)
{
    bool braces = here(p) == '{';
    size_t n = 0;
    *code = 0;
    p->at += braces;
    while (more(p) && byte_hex(here(p)) >= 0 && n < (braces ? 6 : 2)) {
        *code = *code * 16 + (unsigned long)byte_hex(here(p));
        p->at++;
        n++;
    }
    bool closed = !braces || here(p) == '}';
    p->at += braces && closed;
    return closed && (braces ? n > 0 : n == 2) && *code <= 0x10ffff;
}

/* Up to three octal digits; a single non-zero one would be a backreference. */
static bool take_octal(struct pattern *p, char first, unsigned long *code)
{
    size_t n = 1;
    *code = (unsigned long)(first - '0');
    while (n < 3 && here(p) >= '0' && here(p) <= '7') {
        *code = *code * 8 + (unsigned long)(here(p) - '0');
        p->at++;
        n++;
    }
    return first == '0' || n > 1;
}

static bool take_escape(struct pattern *p, unsigned long *code)
{
    static const char letters[] = "ntafvr";
    static const char meanings[] = "\n\t\a\f\v\r";
    size_t from = p->at++;
    char c = here(p);
    if (!more(p))
        return refuse(p, from, "a backslash ends the pattern");
    p->at++;
    const char *letter = strchr(letters, c);
    *code = (unsigned char)c;
    bool ok;
    if (letter)
        *code = (unsigned char)meanings[letter - letters];
    if (c == 'x')
        ok = take_hex(p, code);
    else if (c >= '0' && c <= '7')
        ok = take_octal(p, c, code);
    else
        ok = letter ||
             ((unsigned char)c < 0x80 && !byte_is_alpha(c) && !byte_is_digit(c) && c != '_');
    return ok || refuse(p, from, "an escape that POSIX regular expressions lack");
}

/* [:name:] or [:^name:]; *taken tells whether one stands here. */
static bool take_posix_class(struct pattern *p, bool *taken)
{
    static const char *const names[] = {"alnum", "alpha", "ascii", "blank", "cntrl",
                                        "digit", "graph", "lower", "print", "punct",
                                        "space", "upper", "word",  "xdigit"};
    struct str rest = str_skip(p->s, p->at);
    size_t end = str_find(rest, S(":]"), 2);
    *taken = str_starts(rest, S("[:")) && end != SIZE_MAX;
    if (!*taken)
        return true;
    struct str name = str_slice(rest, 2, end);
    struct str bare = name.n && name.p[0] == '^' ? str_skip(name, 1) : name;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_eqz(bare, names[i])) {
            buf_put(p->out, str_slice(rest, 0, end + 2));
            p->at += end + 2;
            return true;
        }
    }
    return refuse(p, p->at, "no such character class");
}

/* One end of a range: an escape, or a character with all its UTF-8 bytes. */
static bool take_class_end(struct pattern *p)
{
    unsigned long code;
    if (here(p) == '\\') {
        if (!take_escape(p, &code))
            return false;
        put_code(p->out, code);
        return true;
    }
    do
        put_byte(p->out, (unsigned char)p->s.p[p->at++]);
    while (more(p) && ((unsigned char)here(p) & 0xc0) == 0x80);
    return true;
}

static bool take_class_item(struct pattern *p, bool first)
{
    bool taken;
    bool range_next = p->at + 1 < p->s.n && p->s.p[p->at + 1] != ']';
    if (here(p) == '-' && !first && range_next)
        return refuse(p, p->at, "a - in a class must be its first or last character");
    if (!take_posix_class(p, &taken))
        return false;
    if (taken)
        return true;
    if (!take_class_end(p))
        return false;
    if (here(p) != '-' || p->at + 1 >= p->s.n || p->s.p[p->at + 1] == ']')
        return true;
    p->at++;
    buf_putc(p->out, '-');
    return take_class_end(p);
}

static bool take_class(struct pattern *p)
{
    size_t from = p->at++;
    buf_putc(p->out, '[');
    if (here(p) == '^') {
        p->at++;
        buf_putc(p->out, '^');
    }
    for (bool first = true; more(p) && (first || here(p) != ']'); first = false)
        if (!take_class_item(p, first))
            return false;
    if (!more(p))
        return refuse(p, from, "a class has no closing bracket");
    p->at++;
    buf_putc(p->out, ']');
    return true;
}

/* {n}, {n,} or {n,m}; anything else in braces is literal. */
static bool repeat_length(const struct pattern *p, size_t *length, unsigned long *most)
{
    struct str rest = str_skip(p->s, p->at + 1);
    size_t close = str_find_byte(rest, '}', 0);
    unsigned long long lo, hi;
    if (close == SIZE_MAX)
        return false;
    struct str inside = str_slice(rest, 0, close), high = inside, low = str_cut(&high, ',');
    if (!str_u64(low, &lo))
        return false;
    hi = lo;
    if (str_present(high) && high.n && !str_u64(high, &hi))
        return false;
    *length = close + 2;
    *most = lo > hi ? REPEAT_MAX + 1 : (unsigned long)(hi > REPEAT_MAX ? REPEAT_MAX + 1 : hi);
    return true;
}

static bool put_repetition(struct pattern *p, size_t length)
{
    if (p->repeated)
        return refuse(p, p->at, "a repetition of a repetition: put parentheses around the inner");
    buf_put(p->out, str_slice(p->s, p->at, p->at + length));
    p->at += length;
    p->repeated = true;
    return true;
}

static bool take_brace(struct pattern *p)
{
    size_t length;
    unsigned long most;
    if (!repeat_length(p, &length, &most)) {
        put_byte(p->out, '{');
        p->at++;
        p->repeated = false;
        return true;
    }
    return most > REPEAT_MAX ? refuse(p, p->at, "a count over 1000, or in the wrong order")
                             : put_repetition(p, length);
}

static bool take_open(struct pattern *p)
{
    if (p->at + 1 < p->s.n && (p->s.p[p->at + 1] == '?' || p->s.p[p->at + 1] == '*'))
        return refuse(p, p->at, "POSIX regular expressions know no (?...) or (*...)");
    buf_putc(p->out, '(');
    p->at++;
    return true;
}

static bool take_atom(struct pattern *p)
{
    unsigned long code;
    char c = here(p);
    p->repeated = false;
    switch (c) {
    case '\\':
        if (!take_escape(p, &code))
            return false;
        put_code(p->out, code);
        return true;
    case '[':
        return take_class(p);
    case '(':
        return take_open(p);
    case '.':
    case '^':
    case '$':
    case '|':
    case ')':
        buf_putc(p->out, c);
        p->at++;
        return true;
    default:
        put_byte(p->out, (unsigned char)c);
        p->at++;
        return true;
    }
}

bool falco_regex(struct str pattern, struct buf *out, struct err *e)
{
    struct pattern p = {.s = pattern, .out = out, .e = e};
    while (more(&p)) {
        char c = here(&p);
        bool ok = c == '{'                           ? take_brace(&p)
                  : c == '*' || c == '+' || c == '?' ? put_repetition(&p, 1)
                                                     : take_atom(&p);
        if (!ok)
            return false;
    }
    return true;
}

uint32_t falco_regex_options(void)
{
    return PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_MULTILINE | PCRE2_UTF |
           PCRE2_MATCH_INVALID_UTF;
}
