/* Words of Falco's condition language. Where libsinsp's own patterns differ from what one expects,
 * in blanks for instance, these do. */
#include "engine/falco_scan.h"

static const char *const calls[] = {"tolower(", "toupper(", "b64(",    "basename(",
                                    "len(",     "join(",    "concat(", "getopt("};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\b' || c == '\r' || c == '\n';
}

/* [:space:] of the word patterns: not quite the blanks that are skipped. */
static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_word_byte(char c)
{
    return byte_is_alpha(c) || byte_is_digit(c) || c == '_';
}

static struct str rest_of(const struct falco_scan *p)
{
    return str_skip(p->text, p->at);
}

static char byte_at(const struct falco_scan *p, size_t ahead)
{
    return p->at + ahead < p->text.n ? p->text.p[p->at + ahead] : '\0';
}

void *falco_fail(struct falco_scan *p, const char *why)
{
    if (p->failed)
        return NULL;
    p->failed = true;
    struct str near = str_slice(rest_of(p), 0, 24);
    if (near.n == 0)
        err_set(p->e, ERR_INPUT, "%s, but the text ends", why);
    else
        err_set(p->e, ERR_INPUT, "%s at byte %zu, before \"%.*s\"", why, p->at + 1, (int)near.n,
                near.p);
    return NULL;
}

void *falco_make(struct falco_scan *p, size_t n)
{
    void *made = arena_alloc(p->a, n);
    if (!made && !p->failed) {
        p->failed = true;
        err_set(p->e, ERR_LIMIT, "the Falco rules take too much memory");
    }
    return made;
}

bool falco_deeper(struct falco_scan *p)
{
    if (++p->depth < FALCO_DEPTH_MAX)
        return true;
    falco_fail(p, "expressions are nested too deep (Falco's limit is 1000 steps)");
    return false;
}

bool falco_take_blanks(struct falco_scan *p)
{
    size_t from = p->at;
    while (is_blank(byte_at(p, 0)))
        p->at++;
    return p->at > from;
}

bool falco_take(struct falco_scan *p, const char *word)
{
    struct str w = str_of(word);
    if (!str_starts(rest_of(p), w))
        return false;
    p->at += w.n;
    return true;
}

static size_t identifier_length(struct str s)
{
    size_t n = 0;
    if (s.n && byte_is_alpha(s.p[0]))
        while (n < s.n && is_word_byte(s.p[n]))
            n++;
    return n;
}

static size_t field_length(struct str s)
{
    size_t n = identifier_length(s), dots = 0;
    while (n && n < s.n && s.p[n] == '.') {
        size_t more = identifier_length(str_skip(s, n + 1));
        if (more == 0)
            break;
        n += 1 + more;
        dots++;
    }
    return dots ? n : 0;
}

static bool is_bare_byte(char c)
{
    return !is_space(c) && c != '(' && c != ')' && c != '"' && c != '\'' && c != '=' && c != ',';
}

static size_t bare_length(struct str s)
{
    size_t n = 0;
    while (n < s.n && is_bare_byte(s.p[n]))
        n++;
    return n;
}

static bool is_arg_byte(char c)
{
    return !is_space(c) && c != '[' && c != ']' && c != '"' && c != '\'';
}

static size_t arg_length(struct str s)
{
    size_t n = 0;
    while (n < s.n && is_arg_byte(s.p[n]))
        n++;
    return n;
}

static size_t digits(struct str s, size_t from)
{
    size_t n = from;
    while (n < s.n && byte_is_digit(s.p[n]))
        n++;
    return n - from;
}

/* 0x1f, or an optional sign, digits, a dot, digits, an exponent with its sign. */
static size_t number_length(struct str s)
{
    if (s.n > 2 && s.p[0] == '0' && byte_lower(s.p[1]) == 'x' && byte_hex(s.p[2]) >= 0) {
        size_t n = 3;
        while (n < s.n && byte_hex(s.p[n]) >= 0)
            n++;
        return n;
    }
    size_t n = s.n && (s.p[0] == '+' || s.p[0] == '-');
    size_t whole = digits(s, n);
    if (whole == 0)
        return 0;
    n += whole;
    if (n < s.n && s.p[n] == '.')
        n += 1 + digits(s, n + 1);
    bool exponent =
        n + 2 < s.n && byte_lower(s.p[n]) == 'e' && (s.p[n + 1] == '+' || s.p[n + 1] == '-');
    size_t power = exponent ? digits(s, n + 2) : 0;
    return power ? n + 2 + power : n;
}

static bool take_length(struct falco_scan *p, size_t n, struct str *out)
{
    *out = str_slice(rest_of(p), 0, n);
    p->at += n;
    return n > 0;
}

bool falco_take_field_name(struct falco_scan *p, struct str *out)
{
    return take_length(p, field_length(rest_of(p)), out);
}

bool falco_take_identifier(struct falco_scan *p, struct str *out)
{
    return take_length(p, identifier_length(rest_of(p)), out);
}

bool falco_take_number(struct falco_scan *p, struct str *out)
{
    return take_length(p, number_length(rest_of(p)), out);
}

bool falco_take_call(struct falco_scan *p, struct str *out)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (falco_take(p, calls[i])) {
            *out = str_n(calls[i], strlen(calls[i]) - 1);
            return true;
        }
    }
    return false;
}

bool falco_take_not(struct falco_scan *p)
{
    if (!str_starts(rest_of(p), S("not")) || !is_space(byte_at(p, 3)))
        return false;
    p->at += 3;
    while (p->at < p->text.n && is_space(byte_at(p, 0)))
        p->at++;
    return true;
}

/* One escape; at stands behind the backslash. The byte it means, or -1. */
static int unescape_one(struct str s, size_t *at, char quote)
{
    char c = s.p[(*at)++];
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case ' ': /* Falco reads backslash and blank as one backslash */
    case '\\':
        return '\\';
    case '/':
        return '/';
    case '"':
    case '\'':
        return c == quote ? c : -1;
    case 'x':
        if (*at + 2 > s.n || byte_hex(s.p[*at]) < 0 || byte_hex(s.p[*at + 1]) < 0)
            return -1;
        *at += 2;
        return byte_hex(s.p[*at - 2]) * 16 + byte_hex(s.p[*at - 1]);
    default:
        return -1;
    }
}

static bool unescape(struct falco_scan *p, struct str raw, char quote, struct str *out)
{
    char *to = falco_make(p, raw.n + 1);
    size_t n = 0;
    if (!to)
        return false;
    for (size_t at = 0; at < raw.n;) {
        int c = (unsigned char)raw.p[at++];
        if (c == '\\')
            c = at < raw.n ? unescape_one(raw, &at, quote) : -1;
        if (c <= 0) {
            falco_fail(p,
                       c == 0 ? "a value holds a NUL byte" : "a string has an escape Falco lacks");
            return false;
        }
        to[n++] = (char)c;
    }
    *out = str_n(to, n);
    return true;
}

bool falco_take_quoted(struct falco_scan *p, struct str *out)
{
    char quote = byte_at(p, 0);
    if (quote != '"' && quote != '\'')
        return false;
    struct str s = rest_of(p);
    size_t end = 1;
    while (end < s.n && !(s.p[end] == quote && (end == 1 || s.p[end - 1] != '\\')))
        end++;
    if (end >= s.n)
        return false;
    if (!unescape(p, str_slice(s, 1, end), quote, out))
        return false;
    p->at += end + 1;
    return true;
}

bool falco_take_value(struct falco_scan *p, struct str *out)
{
    if (falco_take_quoted(p, out))
        return true;
    return !p->failed && take_length(p, bare_length(rest_of(p)), out);
}

bool falco_take_argument(struct falco_scan *p, struct str *out)
{
    return falco_take_quoted(p, out) || (!p->failed && take_length(p, arg_length(rest_of(p)), out));
}

bool falco_list_follows(const struct falco_scan *p)
{
    static const char *const words[] = {"and", "or", "not"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char after = byte_at(p, strlen(words[i]));
        if (str_starts(rest_of(p), str_of(words[i])) && !byte_is_alpha(after) &&
            !byte_is_digit(after))
            return false;
    }
    return byte_at(p, 0) == '(' || identifier_length(rest_of(p)) > 0;
}

bool falco_is_macro_name(struct str name)
{
    return name.n > 0 && identifier_length(name) == name.n;
}

bool falco_is_list_name(struct str name)
{
    return name.n > 0 && bare_length(name) == name.n;
}
