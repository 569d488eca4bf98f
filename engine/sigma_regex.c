/* The regular expressions that Sigma rules may hold. PCRE2 would take more, but a rule that needs
 * more means different things to different engines, and may take exponential time. */
#include "engine/sigma_parts.h"

#define REPEAT_MAX 1000 /* RE2's bound on {n,m} */

/* Where a check stands. */
struct regex {
    struct str s;
    size_t at;
    struct err *e;
};

static bool bad(struct regex *r, size_t at, const char *what)
{
    return err_set(r->e, ERR_INPUT, "regular expression, character %zu: %s", at + 1, what);
}

static char peek(const struct regex *r, size_t ahead)
{
    return r->at + ahead < r->s.n ? r->s.p[r->at + ahead] : '\0';
}

static bool is_ascii(char c)
{
    return (unsigned char)c < 0x80;
}

static bool is_punctuation(char c)
{
    return c > ' ' && c < 0x7F && !byte_is_alpha(c) && !byte_is_digit(c);
}

/* \xHH; longer code points would need UTF mode, which is off. */
static bool check_hex(struct regex *r)
{
    if (byte_hex(peek(r, 2)) < 0 || byte_hex(peek(r, 3)) < 0)
        return bad(r, r->at, "\\x wants two hexadecimal digits");
    r->at += 4;
    return true;
}

/* Everything between \Q and \E stands for itself. */
static void skip_quoted(struct regex *r)
{
    size_t end = str_find(r->s, S("\\E"), r->at + 2);
    r->at = end == SIZE_MAX ? r->s.n : end + 2;
}

static bool check_escape(struct regex *r, bool in_class)
{
    char c = peek(r, 1);
    if (r->at + 1 >= r->s.n)
        return bad(r, r->at, "a backslash stands at the end");
    if (c == 'x')
        return check_hex(r);
    if (c >= '1' && c <= '9')
        return bad(r, r->at, "back references are not supported");
    if (c == 'Q' && !in_class) {
        skip_quoted(r);
        return true;
    }
    bool known = is_punctuation(c) || c == ' ' ||
                 str_find_byte(S("dDsSwWnrtfa0"), c, 0) != SIZE_MAX ||
                 (!in_class && str_find_byte(S("bBAz"), c, 0) != SIZE_MAX);
    if (!known)
        return bad(r, r->at, "this escape is not among those that Sigma rules may use");
    r->at += 2;
    return true;
}

/* Length of a [:name:] that begins here, or 0. */
static size_t posix_class(const struct regex *r)
{
    size_t n = 2;
    if (peek(r, 0) != '[' || peek(r, 1) != ':')
        return 0;
    if (peek(r, n) == '^')
        n++;
    while (byte_is_alpha(peek(r, n)))
        n++;
    return peek(r, n) == ':' && peek(r, n + 1) == ']' ? n + 2 : 0;
}

/* [...]; at is on the bracket. */
static bool check_class(struct regex *r)
{
    size_t from = r->at++;
    if (peek(r, 0) == '^')
        r->at++;
    for (bool first = true; r->at < r->s.n; first = false) {
        char c = peek(r, 0);
        if (c == ']' && !first) {
            r->at++;
            return true;
        }
        if (!is_ascii(c))
            return bad(r, r->at, "a class may hold only ASCII; use (?:a|b) for others");
        if (c != '\\')
            r->at += posix_class(r) ? posix_class(r) : 1;
        else if (!check_escape(r, true))
            return false;
    }
    return bad(r, from, "the class does not end");
}

/* (?flags), (?flags:, with the flags i, m and s. */
static bool check_flags(struct regex *r)
{
    size_t n = 2;
    while (str_find_byte(S("ims-"), peek(r, n), 0) != SIZE_MAX)
        n++;
    if (peek(r, n) != ':' && (peek(r, n) != ')' || n == 2))
        return bad(
            r, r->at,
            "lookaround, atomic groups, conditions, recursion and comments are not supported");
    r->at += n + 1;
    return true;
}

/* ( and what gives the group its kind; at is on the parenthesis. */
static bool check_group(struct regex *r)
{
    if (peek(r, 1) == '*')
        return bad(r, r->at, "verbs are not supported");
    if (peek(r, 1) != '?') {
        r->at++;
        return true;
    }
    size_t name = peek(r, 2) == 'P' && peek(r, 3) == '<' ? 4 : peek(r, 2) == '<' ? 3 : 0;
    if (name == 0 || !(byte_is_alpha(peek(r, name)) || peek(r, name) == '_'))
        return check_flags(r);
    r->at += name;
    return true;
}

static size_t repeat_number(const struct regex *r, size_t *ahead)
{
    size_t n = 0;
    while (byte_is_digit(peek(r, *ahead))) {
        n = n > REPEAT_MAX ? n : n * 10 + (size_t)(peek(r, *ahead) - '0');
        ++*ahead;
    }
    return n;
}

/* Length of a quantifier that begins here, 0 when there is none. *most is its larger number. */
static size_t quantifier(const struct regex *r, size_t *most)
{
    char c = peek(r, 0);
    *most = 0;
    if (c == '*' || c == '+' || c == '?')
        return 1;
    if (c != '{' || !byte_is_digit(peek(r, 1)))
        return 0;
    size_t ahead = 1, n = repeat_number(r, &ahead);
    if (peek(r, ahead) == ',') {
        ahead++;
        size_t m = repeat_number(r, &ahead);
        n = m > n ? m : n;
    }
    *most = n;
    return peek(r, ahead) == '}' ? ahead + 1 : 0;
}

static bool check_quantifier(struct regex *r, size_t n, size_t most)
{
    if (most > REPEAT_MAX)
        return bad(r, r->at, "a repetition is over 1000");
    if (r->at > 0 && !is_ascii(r->s.p[r->at - 1]))
        return bad(r, r->at, "repeat a character beyond ASCII as a group: (?:x)");
    r->at += n;
    if (peek(r, 0) == '+')
        return bad(r, r->at, "possessive quantifiers are not supported");
    if (peek(r, 0) == '?')
        r->at++;
    return true;
}

static bool check_one(struct regex *r)
{
    size_t most, n = quantifier(r, &most);
    if (n)
        return check_quantifier(r, n, most);
    switch (peek(r, 0)) {
    case '\\':
        return check_escape(r, false);
    case '[':
        return check_class(r);
    case '(':
        return check_group(r);
    default:
        r->at++;
        return true;
    }
}

bool sigma_regex_check(struct str pattern, struct err *e)
{
    struct regex r = {pattern, 0, e};
    while (r.at < r.s.n)
        if (!check_one(&r))
            return false;
    return true;
}
