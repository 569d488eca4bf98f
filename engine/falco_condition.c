/* Recursive descent over the condition's text, step for step as libsinsp does it: where it looks
 * for an operator before a blank, or takes `inabc` for `in abc`, so does this. */
#include "engine/falco_scan.h"

/* ---- operands ---- */

static const struct falco_operand *parse_call(struct falco_scan *p, struct str name, size_t from);

static struct falco_operand *new_operand(struct falco_scan *p, enum falco_operand_kind kind,
                                         struct str name, size_t from)
{
    struct falco_operand *o = falco_make(p, sizeof *o);
    if (o)
        *o = (struct falco_operand){.kind = kind, .name = name, .at = from};
    return o;
}

static bool parse_arg(struct falco_scan *p, struct str *arg)
{
    *arg = STR_ABSENT;
    if (!falco_take(p, "["))
        return true;
    if (!falco_take_argument(p, arg) && !p->failed)
        falco_fail(p, "a field argument must be a quoted or a bare string");
    if (!p->failed && !falco_take(p, "]"))
        falco_fail(p, "expected ] behind the field argument");
    return !p->failed;
}

static const struct falco_operand *parse_field(struct falco_scan *p, struct str name, size_t from)
{
    struct falco_operand *o = NULL;
    if (falco_deeper(p)) {
        o = new_operand(p, FALCO_OPERAND_FIELD, name, from);
        if (o && !parse_arg(p, &o->arg))
            o = NULL;
    }
    p->depth--;
    return o;
}

static const struct falco_operand *parse_list_argument(struct falco_scan *p)
{
    size_t from = p->at;
    struct str s;
    if (falco_take_field_name(p, &s))
        return parse_field(p, s, from);
    if (falco_take_call(p, &s))
        return parse_call(p, s, from);
    if (falco_take_quoted(p, &s) || (!p->failed && falco_take_number(p, &s)))
        return new_operand(p, FALCO_OPERAND_TEXT, s, from);
    return falco_fail(p,
                      "expected a field, a transformer, a quoted string or a number in the list");
}

static const struct falco_operand *parse_list_operand(struct falco_scan *p, size_t from)
{
    struct falco_operand *list = new_operand(p, FALCO_OPERAND_LIST, STR_ABSENT, from);
    if (!list)
        return NULL;
    const struct falco_operand **tail = &list->kids;
    falco_take_blanks(p);
    if (falco_take(p, ")"))
        return list;
    do {
        falco_take_blanks(p);
        const struct falco_operand *kid = parse_list_argument(p);
        if (!kid)
            return NULL;
        *tail = kid;
        tail = &((struct falco_operand *)kid)->next;
        falco_take_blanks(p);
    } while (falco_take(p, ","));
    return falco_take(p, ")") ? list : falco_fail(p, "expected ) behind the list");
}

static const struct falco_operand *parse_call_argument(struct falco_scan *p)
{
    const struct falco_operand *o = NULL;
    struct str s;
    if (!falco_deeper(p))
        return NULL;
    falco_take_blanks(p);
    size_t from = p->at;
    if (falco_take_number(p, &s) || falco_take_quoted(p, &s))
        o = new_operand(p, FALCO_OPERAND_TEXT, s, from);
    else if (p->failed)
        o = NULL;
    else if (falco_take(p, "("))
        o = parse_list_operand(p, from);
    else if (falco_take_call(p, &s))
        o = parse_call(p, s, from);
    else if (falco_take_field_name(p, &s))
        o = parse_field(p, s, from);
    else
        falco_fail(p, "expected a field, a transformer, a quoted string, a number or a list");
    p->depth--;
    return o;
}

static const struct falco_operand *parse_call(struct falco_scan *p, struct str name, size_t from)
{
    struct falco_operand *call =
        falco_deeper(p) ? new_operand(p, FALCO_OPERAND_CALL, name, from) : NULL;
    const struct falco_operand **tail = call ? &call->kids : NULL;
    while (call) {
        const struct falco_operand *kid = parse_call_argument(p);
        if (!kid)
            return NULL;
        *tail = kid;
        tail = &((struct falco_operand *)kid)->next;
        falco_take_blanks(p);
        if (!falco_take(p, ","))
            break;
    }
    if (call && !falco_take(p, ")"))
        falco_fail(p, "expected ) behind the transformer's arguments");
    if (call && !p->failed)
        parse_arg(p, &call->arg);
    p->depth--;
    return p->failed ? NULL : call;
}

/* val(field), or a transformer; NULL without failure when neither stands here. */
static const struct falco_operand *parse_right_term(struct falco_scan *p)
{
    const struct falco_operand *o = NULL;
    struct str s;
    if (!falco_deeper(p))
        return NULL;
    falco_take_blanks(p);
    size_t from = p->at;
    if (falco_take(p, "val(")) {
        falco_take_blanks(p);
        if (!falco_take_field_name(p, &s)) {
            falco_fail(p, "expected a field inside val()");
        } else {
            o = parse_field(p, s, from);
            falco_take_blanks(p);
            if (o && !falco_take(p, ")"))
                o = falco_fail(p, "expected ) behind val's field");
            if (o && falco_take(p, "["))
                o = falco_fail(p, "val() takes no argument in brackets");
        }
    } else if (falco_take_call(p, &s)) {
        o = parse_call(p, s, from);
    }
    p->depth--;
    return p->failed ? NULL : o;
}

/* ---- checks ---- */

static bool add_constant(struct falco_scan *p, const struct falco_constant ***tail, struct str text)
{
    struct falco_constant *c = falco_make(p, sizeof *c);
    if (!c)
        return false;
    c->text = text;
    **tail = c;
    *tail = &c->next;
    return true;
}

/* (v, v, ...); the parenthesis is taken already. */
static bool parse_constants(struct falco_scan *p, struct falco_expr *check)
{
    const struct falco_constant **tail = &check->constants;
    struct str s;
    falco_take_blanks(p);
    bool more = falco_deeper(p) && falco_take_value(p, &s);
    p->depth--;
    while (more && add_constant(p, &tail, s)) {
        falco_take_blanks(p);
        more = falco_take(p, ",");
        if (more) {
            falco_take_blanks(p);
            if (!falco_take_value(p, &s))
                falco_fail(p, "expected a value behind the comma");
        }
        more = more && !p->failed;
    }
    if (!p->failed && !falco_take(p, ")"))
        falco_fail(p, "expected a comma or ) in the list");
    return !p->failed;
}

static bool parse_one_identifier(struct falco_scan *p, struct falco_expr *check, const char *why)
{
    const struct falco_constant **tail = &check->constants;
    struct str s;
    if (!falco_take_identifier(p, &s)) {
        falco_fail(p, why);
        return false;
    }
    return add_constant(p, &tail, s);
}

static bool parse_number_side(struct falco_scan *p, struct falco_expr *check)
{
    const struct falco_constant **tail = &check->constants;
    struct str s;
    falco_take_blanks(p);
    check->right = parse_right_term(p);
    if (check->right || p->failed)
        return !p->failed;
    if (!falco_take_number(p, &s)) {
        falco_fail(p, "expected a number or a field with a transformer");
        return false;
    }
    return add_constant(p, &tail, s);
}

static bool parse_text_side(struct falco_scan *p, struct falco_expr *check)
{
    const struct falco_constant **tail = &check->constants;
    struct str s;
    falco_take_blanks(p);
    check->right = parse_right_term(p);
    if (check->right || p->failed)
        return !p->failed;
    if (!falco_take_value(p, &s)) {
        falco_fail(p, "expected a value or a field with a transformer");
        return false;
    }
    return add_constant(p, &tail, s);
}

static bool parse_list_side(struct falco_scan *p, struct falco_expr *check, bool terms)
{
    falco_take_blanks(p);
    if (falco_take(p, "("))
        return parse_constants(p, check);
    check->right = terms ? parse_right_term(p) : NULL;
    if (check->right || p->failed)
        return !p->failed;
    return parse_one_identifier(p, check, "expected a list in parentheses, or a list's name");
}

static bool parse_right_side(struct falco_scan *p, struct falco_expr *check)
{
    if (falco_take(p, "exists")) {
        check->op = FALCO_EXISTS;
        return true;
    }
    if (falco_take_op(p, FALCO_OF_NUMBERS, &check->op))
        return parse_number_side(p, check);
    if (falco_take_op(p, FALCO_OF_TEXTS, &check->op)) {
        bool blank = check->op != FALCO_EQ && check->op != FALCO_NE;
        blank = falco_take_blanks(p) || blank;
        if (blank && falco_take_modifier(p, &check->modifier))
            return parse_list_side(p, check, false);
        return parse_text_side(p, check);
    }
    if (falco_take_op(p, FALCO_OF_LISTS, &check->op))
        return parse_list_side(p, check, true);
    falco_fail(p, "expected an operator");
    return false;
}

static const struct falco_expr *parse_or(struct falco_scan *p);

static struct falco_expr *new_expr(struct falco_scan *p, enum falco_expr_kind kind, size_t from)
{
    struct falco_expr *x = falco_make(p, sizeof *x);
    if (x) {
        x->kind = kind;
        x->at = from;
    }
    return x;
}

static const struct falco_expr *parse_check_of(struct falco_scan *p,
                                               const struct falco_operand *left, size_t from)
{
    struct falco_expr *check = left ? new_expr(p, FALCO_CHECK, from) : NULL;
    if (!check)
        return NULL;
    check->left = left;
    bool ok = falco_deeper(p);
    falco_take_blanks(p);
    ok = ok && parse_right_side(p, check);
    p->depth--;
    return ok ? check : NULL;
}

/* What follows an opening parenthesis, the closing one included. */
static const struct falco_expr *parse_group(struct falco_scan *p)
{
    const struct falco_expr *x = NULL;
    if (falco_deeper(p)) {
        x = parse_or(p);
        falco_take_blanks(p);
        if (x && !falco_take(p, ")"))
            x = falco_fail(p, "expected )");
    }
    p->depth--;
    return x;
}

static const struct falco_expr *parse_atom(struct falco_scan *p)
{
    struct str s;
    falco_take_blanks(p);
    size_t from = p->at;
    if (falco_take(p, "("))
        return parse_group(p);
    if (falco_take_field_name(p, &s))
        return parse_check_of(p, parse_field(p, s, from), from);
    if (falco_take_call(p, &s))
        return parse_check_of(p, parse_call(p, s, from), from);
    if (!falco_take_identifier(p, &s))
        return falco_fail(p, "expected a field, a macro, or (");
    struct falco_expr *macro = new_expr(p, FALCO_MACRO, from);
    if (macro)
        macro->name = s;
    return macro;
}

static const struct falco_expr *parse_not(struct falco_scan *p)
{
    const struct falco_expr *x = NULL;
    bool negated = false;
    if (!falco_deeper(p))
        return NULL;
    falco_take_blanks(p);
    size_t from = p->at;
    while (falco_take_not(p))
        negated = !negated;
    if (falco_take(p, "not(")) {
        negated = !negated;
        x = parse_group(p);
    } else if (falco_deeper(p)) {
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

static const struct falco_expr *parse_and(struct falco_scan *p);

/* Operands joined by `word`. Behind it stands a blank, or a parenthesis, which then holds the whole
 * operand: `a or(b) and c` is an error, as in Falco. */
static const struct falco_expr *
parse_joined(struct falco_scan *p, const char *word, enum falco_expr_kind kind,
             const struct falco_expr *(*operand)(struct falco_scan *))
{
    size_t from = p->at, n = 0;
    const struct falco_expr *first = NULL, **tail = &first;
    const struct falco_expr *x = falco_deeper(p) ? operand(p) : NULL;
    for (; x; n++) {
        *tail = x;
        tail = &((struct falco_expr *)x)->next;
        falco_take_blanks(p);
        if (!falco_take(p, word))
            break;
        if (falco_take_blanks(p))
            x = operand(p);
        else
            x = falco_take(p, "(") ? parse_group(p)
                                   : falco_fail(p, "expected a blank or ( behind the keyword");
    }
    p->depth--;
    if (!x || n == 0)
        return x;
    struct falco_expr *joined = new_expr(p, kind, from);
    if (joined)
        joined->kids = first;
    return joined;
}

static const struct falco_expr *parse_and(struct falco_scan *p)
{
    falco_take_blanks(p);
    return parse_joined(p, "and", FALCO_AND, parse_not);
}

static const struct falco_expr *parse_or(struct falco_scan *p)
{
    falco_take_blanks(p);
    return parse_joined(p, "or", FALCO_OR, parse_and);
}

bool falco_parse_condition(struct str text, struct arena *a, const struct falco_expr **out,
                           struct err *e)
{
    struct falco_scan p = {.text = text, .a = a, .e = e};
    if (str_find_byte(text, '\0', 0) != SIZE_MAX)
        return err_set(e, ERR_INPUT, "the text holds a NUL byte");
    *out = parse_or(&p);
    if (*out && p.at != text.n)
        *out = falco_fail(&p, "expected 'and' or 'or'");
    return *out != NULL;
}

bool falco_parse_operand(struct str text, struct arena *a, const struct falco_operand **out,
                         size_t *used, struct err *e)
{
    struct falco_scan p = {.text = text, .a = a, .e = e};
    struct str s;
    if (falco_take_field_name(&p, &s))
        *out = parse_field(&p, s, 0);
    else if (falco_take_call(&p, &s))
        *out = parse_call(&p, s, 0);
    else
        *out = falco_fail(&p, "expected a field or a transformer");
    *used = p.at;
    return *out != NULL;
}
