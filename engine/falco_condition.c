/* Recursive descent over the condition's text, step for step as libsinsp does it: where it looks
 * for an operator before a blank, or takes `inabc` for `in abc`, so does this. */
#include "engine/falco_condition.h"

struct op_row {
    const char *word;
    enum falco_op op;
    bool blank; /* a blank must follow */
};

/* Each table in the order in which its words are tried. */
static const struct op_row number_ops[] = {{"<=", FALCO_LE, false},
                                           {"<", FALCO_LT, false},
                                           {">=", FALCO_GE, false},
                                           {">", FALCO_GT, false}};
static const struct op_row text_ops[] = {{"==", FALCO_EQ, false},
                                         {"=", FALCO_EQ, false},
                                         {"!=", FALCO_NE, false},
                                         {"glob", FALCO_GLOB, true},
                                         {"iglob", FALCO_IGLOB, true},
                                         {"contains", FALCO_CONTAINS, true},
                                         {"icontains", FALCO_ICONTAINS, true},
                                         {"bcontains", FALCO_BCONTAINS, true},
                                         {"startswith", FALCO_STARTSWITH, true},
                                         {"bstartswith", FALCO_BSTARTSWITH, true},
                                         {"endswith", FALCO_ENDSWITH, true},
                                         {"regex", FALCO_REGEX, true}};
static const struct op_row list_ops[] = {{"intersects", FALCO_INTERSECTS, false},
                                         {"in", FALCO_IN, false},
                                         {"pmatch", FALCO_PMATCH, false}};
#define ROWS(table) (sizeof(table) / sizeof *(table))

static const char *const modifiers[] = {
    [FALCO_ONEOF] = "oneof", [FALCO_ANYOF] = "anyof", [FALCO_ALLOF] = "allof"};
static const char *const calls[] = {"tolower(", "toupper(", "b64(",    "basename(",
                                    "len(",     "join(",    "concat(", "getopt("};

struct parser {
    struct str text;
    size_t at;
    unsigned depth;
    struct arena *a;
    struct err *e;
    bool failed; /* e says why; everything returns from here on */
};

/* ---- words
 * ------------------------------------------------------------------------------------- */

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

static struct str rest_of(const struct parser *p)
{
    return str_skip(p->text, p->at);
}

static char byte_at(const struct parser *p, size_t ahead)
{
    return p->at + ahead < p->text.n ? p->text.p[p->at + ahead] : '\0';
}

static void *fail(struct parser *p, const char *why)
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

static void *make(struct parser *p, size_t n)
{
    void *made = arena_alloc(p->a, n);
    if (!made && !p->failed) {
        p->failed = true;
        err_set(p->e, ERR_LIMIT, "the Falco rules take too much memory");
    }
    return made;
}

/* One step deeper, as Falco counts them; false (failed) at the limit. Pair with p->depth--. */
static bool deeper(struct parser *p)
{
    if (++p->depth < FALCO_DEPTH_MAX)
        return true;
    fail(p, "expressions are nested too deep (Falco's limit is 1000 steps)");
    return false;
}

static bool take_blanks(struct parser *p)
{
    size_t from = p->at;
    while (is_blank(byte_at(p, 0)))
        p->at++;
    return p->at > from;
}

static bool take(struct parser *p, const char *word)
{
    struct str w = str_of(word);
    if (!str_starts(rest_of(p), w))
        return false;
    p->at += w.n;
    return true;
}

static bool take_op(struct parser *p, const struct op_row *rows, size_t n, enum falco_op *op)
{
    for (size_t i = 0; i < n; i++) {
        size_t from = p->at;
        if (take(p, rows[i].word) && (!rows[i].blank || take_blanks(p))) {
            *op = rows[i].op;
            return true;
        }
        p->at = from;
    }
    return false;
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

static bool take_length(struct parser *p, size_t n, struct str *out)
{
    *out = str_slice(rest_of(p), 0, n);
    p->at += n;
    return n > 0;
}

static bool take_field_name(struct parser *p, struct str *out)
{
    return take_length(p, field_length(rest_of(p)), out);
}

static bool take_number(struct parser *p, struct str *out)
{
    return take_length(p, number_length(rest_of(p)), out);
}

/* The name of a call whose opening parenthesis follows it directly. */
static bool take_call(struct parser *p, struct str *out)
{
    for (size_t i = 0; i < ROWS(calls); i++) {
        if (take(p, calls[i])) {
            *out = str_n(calls[i], strlen(calls[i]) - 1);
            return true;
        }
    }
    return false;
}

/* ---- quoted strings
 * ---------------------------------------------------------------------------- */

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

static bool unescape(struct parser *p, struct str raw, char quote, struct str *out)
{
    char *to = make(p, raw.n + 1);
    size_t n = 0;
    if (!to)
        return false;
    for (size_t at = 0; at < raw.n;) {
        int c = (unsigned char)raw.p[at++];
        if (c == '\\')
            c = at < raw.n ? unescape_one(raw, &at, quote) : -1;
        if (c <= 0) {
            fail(p, c == 0 ? "a value holds a NUL byte" : "a string has an escape Falco lacks");
            return false;
        }
        to[n++] = (char)c;
    }
    *out = str_n(to, n);
    return true;
}

/* A quoted string. The closing quote is the first whose previous byte is no backslash: a value that
 * ends in a backslash cannot be written. False without failure when none stands here. */
static bool take_quoted(struct parser *p, struct str *out)
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

static bool take_value(struct parser *p, struct str *out)
{
    if (take_quoted(p, out))
        return true;
    return !p->failed && take_length(p, bare_length(rest_of(p)), out);
}

/* ---- operands
 * ---------------------------------------------------------------------------------- */

static const struct falco_operand *parse_call(struct parser *p, struct str name, size_t from);

static struct falco_operand *new_operand(struct parser *p, enum falco_operand_kind kind,
                                         struct str name, size_t from)
{
    struct falco_operand *o = make(p, sizeof *o);
    if (o)
        *o = (struct falco_operand){.kind = kind, .name = name, .at = from};
    return o;
}

static bool parse_arg(struct parser *p, struct str *arg)
{
    *arg = STR_ABSENT;
    if (!take(p, "["))
        return true;
    if (!take_quoted(p, arg) && !p->failed && !take_length(p, arg_length(rest_of(p)), arg))
        fail(p, "a field argument must be a quoted or a bare string");
    if (!p->failed && !take(p, "]"))
        fail(p, "expected ] behind the field argument");
    return !p->failed;
}

static const struct falco_operand *parse_field(struct parser *p, struct str name, size_t from)
{
    struct falco_operand *o = NULL;
    if (deeper(p)) {
        o = new_operand(p, FALCO_OPERAND_FIELD, name, from);
        if (o && !parse_arg(p, &o->arg))
            o = NULL;
    }
    p->depth--;
    return o;
}

static const struct falco_operand *parse_list_argument(struct parser *p)
{
    size_t from = p->at;
    struct str s;
    if (take_field_name(p, &s))
        return parse_field(p, s, from);
    if (take_call(p, &s))
        return parse_call(p, s, from);
    if (take_quoted(p, &s) || (!p->failed && take_number(p, &s)))
        return new_operand(p, FALCO_OPERAND_TEXT, s, from);
    return fail(p, "expected a field, a transformer, a quoted string or a number in the list");
}

static const struct falco_operand *parse_list_operand(struct parser *p, size_t from)
{
    struct falco_operand *list = new_operand(p, FALCO_OPERAND_LIST, STR_ABSENT, from);
    if (!list)
        return NULL;
    const struct falco_operand **tail = &list->kids;
    take_blanks(p);
    if (take(p, ")"))
        return list;
    do {
        take_blanks(p);
        const struct falco_operand *kid = parse_list_argument(p);
        if (!kid)
            return NULL;
        *tail = kid;
        tail = &((struct falco_operand *)kid)->next;
        take_blanks(p);
    } while (take(p, ","));
    return take(p, ")") ? list : fail(p, "expected ) behind the list");
}

static const struct falco_operand *parse_call_argument(struct parser *p)
{
    const struct falco_operand *o = NULL;
    struct str s;
    if (!deeper(p))
        return NULL;
    take_blanks(p);
    size_t from = p->at;
    if (take_number(p, &s) || take_quoted(p, &s))
        o = new_operand(p, FALCO_OPERAND_TEXT, s, from);
    else if (p->failed)
        o = NULL;
    else if (take(p, "("))
        o = parse_list_operand(p, from);
    else if (take_call(p, &s))
        o = parse_call(p, s, from);
    else if (take_field_name(p, &s))
        o = parse_field(p, s, from);
    else
        fail(p, "expected a field, a transformer, a quoted string, a number or a list");
    p->depth--;
    return o;
}

static const struct falco_operand *parse_call(struct parser *p, struct str name, size_t from)
{
    struct falco_operand *call = deeper(p) ? new_operand(p, FALCO_OPERAND_CALL, name, from) : NULL;
    const struct falco_operand **tail = call ? &call->kids : NULL;
    while (call) {
        const struct falco_operand *kid = parse_call_argument(p);
        if (!kid)
            return NULL;
        *tail = kid;
        tail = &((struct falco_operand *)kid)->next;
        take_blanks(p);
        if (!take(p, ","))
            break;
    }
    if (call && !take(p, ")"))
        fail(p, "expected ) behind the transformer's arguments");
    if (call && !p->failed)
        parse_arg(p, &call->arg);
    p->depth--;
    return p->failed ? NULL : call;
}

/* val(field), or a transformer; NULL without failure when neither stands here. */
static const struct falco_operand *parse_right_term(struct parser *p)
{
    const struct falco_operand *o = NULL;
    struct str s;
    if (!deeper(p))
        return NULL;
    take_blanks(p);
    size_t from = p->at;
    if (take(p, "val(")) {
        take_blanks(p);
        if (!take_field_name(p, &s)) {
            fail(p, "expected a field inside val()");
        } else {
            o = parse_field(p, s, from);
            take_blanks(p);
            if (o && !take(p, ")"))
                o = fail(p, "expected ) behind val's field");
            if (o && take(p, "["))
                o = fail(p, "val() takes no argument in brackets");
        }
    } else if (take_call(p, &s)) {
        o = parse_call(p, s, from);
    }
    p->depth--;
    return p->failed ? NULL : o;
}

/* ---- checks
 * ------------------------------------------------------------------------------------ */

static bool add_constant(struct parser *p, const struct falco_constant ***tail, struct str text)
{
    struct falco_constant *c = make(p, sizeof *c);
    if (!c)
        return false;
    c->text = text;
    **tail = c;
    *tail = &c->next;
    return true;
}

/* (v, v, ...); the parenthesis is taken already. */
static bool parse_constants(struct parser *p, struct falco_expr *check)
{
    const struct falco_constant **tail = &check->constants;
    struct str s;
    take_blanks(p);
    bool more = deeper(p) && take_value(p, &s);
    p->depth--;
    while (more && add_constant(p, &tail, s)) {
        take_blanks(p);
        more = take(p, ",");
        if (more) {
            take_blanks(p);
            if (!take_value(p, &s))
                fail(p, "expected a value behind the comma");
        }
        more = more && !p->failed;
    }
    if (!p->failed && !take(p, ")"))
        fail(p, "expected a comma or ) in the list");
    return !p->failed;
}

static bool parse_one_identifier(struct parser *p, struct falco_expr *check, const char *why)
{
    const struct falco_constant **tail = &check->constants;
    struct str s;
    if (!take_length(p, identifier_length(rest_of(p)), &s)) {
        fail(p, why);
        return false;
    }
    return add_constant(p, &tail, s);
}

static bool parse_number_side(struct parser *p, struct falco_expr *check)
{
    const struct falco_constant **tail = &check->constants;
    struct str s;
    take_blanks(p);
    check->right = parse_right_term(p);
    if (check->right || p->failed)
        return !p->failed;
    if (!take_number(p, &s)) {
        fail(p, "expected a number or a field with a transformer");
        return false;
    }
    return add_constant(p, &tail, s);
}

static bool parse_text_side(struct parser *p, struct falco_expr *check)
{
    const struct falco_constant **tail = &check->constants;
    struct str s;
    take_blanks(p);
    check->right = parse_right_term(p);
    if (check->right || p->failed)
        return !p->failed;
    if (!take_value(p, &s)) {
        fail(p, "expected a value or a field with a transformer");
        return false;
    }
    return add_constant(p, &tail, s);
}

static bool parse_list_side(struct parser *p, struct falco_expr *check, bool terms)
{
    take_blanks(p);
    if (take(p, "("))
        return parse_constants(p, check);
    check->right = terms ? parse_right_term(p) : NULL;
    if (check->right || p->failed)
        return !p->failed;
    return parse_one_identifier(p, check, "expected a list in parentheses, or a list's name");
}

static bool keyword_follows(const struct parser *p)
{
    static const char *const words[] = {"and", "or", "not"};
    for (size_t i = 0; i < ROWS(words); i++) {
        char after = byte_at(p, strlen(words[i]));
        if (str_starts(rest_of(p), str_of(words[i])) && !byte_is_alpha(after) &&
            !byte_is_digit(after))
            return true;
    }
    return false;
}

/* oneof, anyof or allof with a list behind it; else nothing is taken. */
static bool take_modifier(struct parser *p, enum falco_modifier *out)
{
    size_t from = p->at;
    for (int m = FALCO_ONEOF; m <= FALCO_ALLOF; m++) {
        bool list = take(p, modifiers[m]) && take_blanks(p) &&
                    (byte_at(p, 0) == '(' || identifier_length(rest_of(p))) && !keyword_follows(p);
        if (list) {
            *out = (enum falco_modifier)m;
            return true;
        }
        p->at = from;
    }
    return false;
}

static bool parse_right_side(struct parser *p, struct falco_expr *check)
{
    if (take(p, "exists")) {
        check->op = FALCO_EXISTS;
        return true;
    }
    if (take_op(p, number_ops, ROWS(number_ops), &check->op))
        return parse_number_side(p, check);
    if (take_op(p, text_ops, ROWS(text_ops), &check->op)) {
        bool blank = check->op != FALCO_EQ && check->op != FALCO_NE;
        blank = take_blanks(p) || blank;
        if (blank && take_modifier(p, &check->modifier))
            return parse_list_side(p, check, false);
        return parse_text_side(p, check);
    }
    if (take_op(p, list_ops, ROWS(list_ops), &check->op))
        return parse_list_side(p, check, true);
    fail(p, "expected an operator");
    return false;
}

static const struct falco_expr *parse_or(struct parser *p);

static struct falco_expr *new_expr(struct parser *p, enum falco_expr_kind kind, size_t from)
{
    struct falco_expr *x = make(p, sizeof *x);
    if (x) {
        x->kind = kind;
        x->at = from;
    }
    return x;
}

static const struct falco_expr *parse_check_of(struct parser *p, const struct falco_operand *left,
                                               size_t from)
{
    struct falco_expr *check = left ? new_expr(p, FALCO_CHECK, from) : NULL;
    if (!check)
        return NULL;
    check->left = left;
    bool ok = deeper(p);
    take_blanks(p);
    ok = ok && parse_right_side(p, check);
    p->depth--;
    return ok ? check : NULL;
}

/* What follows an opening parenthesis, the closing one included. */
static const struct falco_expr *parse_group(struct parser *p)
{
    const struct falco_expr *x = NULL;
    if (deeper(p)) {
        x = parse_or(p);
        take_blanks(p);
        if (x && !take(p, ")"))
            x = fail(p, "expected )");
    }
    p->depth--;
    return x;
}

static const struct falco_expr *parse_atom(struct parser *p)
{
    struct str s;
    take_blanks(p);
    size_t from = p->at;
    if (take(p, "("))
        return parse_group(p);
    if (take_field_name(p, &s))
        return parse_check_of(p, parse_field(p, s, from), from);
    if (take_call(p, &s))
        return parse_check_of(p, parse_call(p, s, from), from);
    if (!take_length(p, identifier_length(rest_of(p)), &s))
        return fail(p, "expected a field, a macro, or (");
    struct falco_expr *macro = new_expr(p, FALCO_MACRO, from);
    if (macro)
        macro->name = s;
    return macro;
}

/* not and at least one blank. */
static bool take_not(struct parser *p)
{
    if (!str_starts(rest_of(p), S("not")) || !is_space(byte_at(p, 3)))
        return false;
    p->at += 3;
    while (p->at < p->text.n && is_space(byte_at(p, 0)))
        p->at++;
    return true;
}

static const struct falco_expr *parse_not(struct parser *p)
{
    const struct falco_expr *x = NULL;
    bool negated = false;
    if (!deeper(p))
        return NULL;
    take_blanks(p);
    size_t from = p->at;
    while (take_not(p))
        negated = !negated;
    if (take(p, "not(")) {
        negated = !negated;
        x = parse_group(p);
    } else if (deeper(p)) {
        x = parse_atom(p);
        p->depth--;
    }
    p->depth--;
    if (!x || !negated)
        return x;
    struct falco_expr *not = new_expr(p, FALCO_NOT, from);
    if (not )
        not ->kids = x;
    return not ;
}

static const struct falco_expr *parse_and(struct parser *p);

/* Operands joined by `word`. Behind it stands a blank, or a parenthesis, which then holds the whole
 * operand: `a or(b) and c` is an error, as in Falco. */
static const struct falco_expr *parse_joined(struct parser *p, const char *word,
                                             enum falco_expr_kind kind,
                                             const struct falco_expr *(*operand)(struct parser *))
{
    size_t from = p->at, n = 0;
    const struct falco_expr *first = NULL, **tail = &first;
    const struct falco_expr *x = deeper(p) ? operand(p) : NULL;
    for (; x; n++) {
        *tail = x;
        tail = &((struct falco_expr *)x)->next;
        take_blanks(p);
        if (!take(p, word))
            break;
        if (take_blanks(p))
            x = operand(p);
        else
            x = take(p, "(") ? parse_group(p) : fail(p, "expected a blank or ( behind the keyword");
    }
    p->depth--;
    if (!x || n == 0)
        return x;
    struct falco_expr *joined = new_expr(p, kind, from);
    if (joined)
        joined->kids = first;
    return joined;
}

static const struct falco_expr *parse_and(struct parser *p)
{
    take_blanks(p);
    return parse_joined(p, "and", FALCO_AND, parse_not);
}

static const struct falco_expr *parse_or(struct parser *p)
{
    take_blanks(p);
    return parse_joined(p, "or", FALCO_OR, parse_and);
}

bool falco_parse_condition(struct str text, struct arena *a, const struct falco_expr **out,
                           struct err *e)
{
    struct parser p = {.text = text, .a = a, .e = e};
    if (str_find_byte(text, '\0', 0) != SIZE_MAX)
        return err_set(e, ERR_INPUT, "the text holds a NUL byte");
    *out = parse_or(&p);
    if (*out && p.at != text.n)
        *out = fail(&p, "expected 'and' or 'or'");
    return *out != NULL;
}

bool falco_parse_operand(struct str text, struct arena *a, const struct falco_operand **out,
                         size_t *used, struct err *e)
{
    struct parser p = {.text = text, .a = a, .e = e};
    struct str s;
    if (take_field_name(&p, &s))
        *out = parse_field(&p, s, 0);
    else if (take_call(&p, &s))
        *out = parse_call(&p, s, 0);
    else
        *out = fail(&p, "expected a field or a transformer");
    *used = p.at;
    return *out != NULL;
}

/* ---- names
 * ------------------------------------------------------------------------------------- */

static bool find_op(const struct op_row *rows, size_t n, struct str word, enum falco_op *op)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eqz(word, rows[i].word)) {
            *op = rows[i].op;
            return true;
        }
    }
    return false;
}

static bool find_modifier(struct str word, enum falco_modifier *out)
{
    for (int m = FALCO_ONEOF; m <= FALCO_ALLOF; m++) {
        if (str_eqz(word, modifiers[m])) {
            *out = (enum falco_modifier)m;
            return true;
        }
    }
    return false;
}

bool falco_operator_parse(struct str text, enum falco_op *op, enum falco_modifier *modifier,
                          bool *takes_list)
{
    text = str_trim(text);
    size_t blank = str_find_byte(text, ' ', 0);
    struct str word = str_slice(text, 0, blank), second = str_trim(str_skip(text, word.n));
    *modifier = FALCO_PLAINLY;
    *takes_list = second.n > 0;
    if (second.n)
        return find_op(text_ops, ROWS(text_ops), word, op) && find_modifier(second, modifier);
    *takes_list = find_op(list_ops, ROWS(list_ops), word, op);
    if (*takes_list || find_op(text_ops, ROWS(text_ops), word, op) ||
        find_op(number_ops, ROWS(number_ops), word, op))
        return true;
    *op = FALCO_EXISTS;
    return str_eqz(word, "exists");
}

const char *falco_op_name(enum falco_op op)
{
    static const struct {
        const struct op_row *rows;
        size_t n;
    } tables[] = {{number_ops, ROWS(number_ops)},
                  {text_ops + 1, ROWS(text_ops) - 1}, /* `=` rather than `==` */
                  {list_ops, ROWS(list_ops)}};
    for (size_t t = 0; t < ROWS(tables); t++)
        for (size_t i = 0; i < tables[t].n; i++)
            if (tables[t].rows[i].op == op)
                return tables[t].rows[i].word;
    return "exists";
}

bool falco_is_macro_name(struct str name)
{
    return name.n > 0 && identifier_length(name) == name.n;
}

bool falco_is_list_name(struct str name)
{
    return name.n > 0 && bare_length(name) == name.n;
}
