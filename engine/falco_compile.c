/* Syntax trees to tests. The type rules are libsinsp's (falcosecurity/libs 0.25, filter_compare.cpp
 * and the transformers). */
#include "engine/falco_compile.h"

#include "engine/falco_field.h"
#include "engine/falco_regex.h"

#define TYPE_MASK (FALCO_LIST_FLAG | 0xff) /* what must agree on both sides */

struct typed {
    uint32_t term;
    uint16_t type;
    bool text_list; /* a list whose members went through a text transformer */
};

static bool operand(struct falco_compiler *c, const struct falco_operand *o, struct typed *out,
                    struct err *e);

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_LIMIT, "the Falco rules take too much memory");
}

static uint16_t base_type(uint16_t type)
{
    return type & 0xff;
}

static bool is_list(uint16_t type)
{
    return type & FALCO_LIST_FLAG;
}

static const char *type_name(uint16_t type)
{
    if (base_type(type) == FALCO_STRING)
        return is_list(type) ? "list of strings" : "string";
    return base_type(type) == FALCO_BOOL ? "boolean" : "number";
}

/* ---- fields ---- */

static void replace(struct str *s, char *to, struct str what, char by)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n;) {
        bool hit = str_starts(str_skip(*s, i), what);
        to[n++] = hit ? by : s->p[i];
        i += hit ? what.n : 1;
    }
    *s = str_n(to, n);
}

/* json.value's argument, a JSON pointer whose first slash may be missing; "" is the whole record.
 */
static bool pointer_slot(struct falco_compiler *c, struct str arg, uint32_t *slot, struct err *e)
{
    struct str steps[FIELD_STEPS_MAX];
    size_t n = 0;
    struct str rest = arg.n && arg.p[0] == '/' ? str_skip(arg, 1) : arg;
    while (arg.n && str_present(rest)) {
        char *copy = arena_alloc(c->a, rest.n + 1);
        if (!copy)
            return no_memory(e);
        if (n == FIELD_STEPS_MAX)
            return err_set(e, ERR_INPUT, "a JSON pointer has more than %d steps", FIELD_STEPS_MAX);
        struct str step = str_cut(&rest, '/');
        replace(&step, copy, S("~1"), '/');
        replace(&step, copy, S("~0"), '~');
        steps[n++] = step;
    }
    *slot = builder_slot_point(c->b, steps, n);
    return true;
}

static bool field_argument(const struct falco_field *f, const struct falco_operand *o,
                           uint32_t *index, struct err *e)
{
    unsigned long long v;
    struct str arg = o->arg;
    *index = RS_NONE;
    if (f->arg == FALCO_ARG_NONE && str_present(arg))
        return err_set(e, ERR_INPUT, "the field %s takes no argument", f->name);
    if (f->arg == FALCO_ARG_KEY && !str_present(arg))
        return err_set(e, ERR_INPUT, "the field %s needs an argument in brackets", f->name);
    if (!str_present(arg))
        return true;
    if (str_find_byte(arg, ' ', 0) != SIZE_MAX)
        return err_set(e, ERR_INPUT, "the argument of %s has a blank in it", f->name);
    if (str_find_byte(arg, ']', 0) != SIZE_MAX)
        return err_set(e, ERR_MISSING, "the argument of %s has a ] in it", f->name);
    if (f->arg != FALCO_ARG_INDEX)
        return true;
    if (!str_u64(arg, &v) || (arg.n > 1 && arg.p[0] == '0') || v >= RS_NONE)
        return err_set(e, ERR_INPUT, "the argument of %s must be a position, not \"%.*s\"", f->name,
                       (int)arg.n, arg.p);
    *index = (uint32_t)v;
    return true;
}

#define PATHS_MAX 20 /* of one field; evt.plugininfo has 16 */
#define KEY_PARTS 2  /* numbers that an rs_text takes */

/* Writes the text of an argument behind an extractor's slots; returns how many numbers it took. */
static size_t put_key(struct falco_compiler *c, const struct falco_field *f, struct str arg,
                      uint32_t to[KEY_PARTS])
{
    if (f->arg != FALCO_ARG_KEY)
        return 0;
    struct rs_text t = builder_text(c->b, arg);
    to[0] = t.at;
    to[1] = t.n;
    return KEY_PARTS;
}

static bool field(struct falco_compiler *c, const struct falco_operand *o, struct typed *out,
                  struct err *e)
{
    uint32_t index, slots[PATHS_MAX + KEY_PARTS];
    size_t n = 0;
    uint32_t row;
    if (!falco_field_find(c->source, o->name, &row))
        return err_set(e, ERR_MISSING, "there is no field %.*s", (int)o->name.n, o->name.p);
    const struct falco_field *f = falco_field_at(row);
    if (f->fn == FALCO_FN_FIELD && !f->extract) {
        c->counts = true;
        return err_set(e, ERR_MISSING,
                       "%s counts earlier events, which only a correlation does here", f->name);
    }
    if (!field_argument(f, o, &index, e))
        return false;
    struct rs_term t = {.fn = f->fn, .type = f->type, .a = RS_NONE, .b = index};
    for (; f->paths[n] && n < PATHS_MAX; n++)
        if (!pointer_slot(c, str_of(f->paths[n]), slots + n, e))
            return false;
    if (f->fn == FALCO_FN_PLAIN || (f->fn == FALCO_FN_JSON && n)) {
        t.a = slots[0];
    } else if (f->fn == FALCO_FN_JSON) {
        if (!pointer_slot(c, o->arg, &t.a, e))
            return false;
    } else {
        t.a = row;
        n += put_key(c, f, o->arg, slots + n);
        t.args = builder_numbers(c->b, slots, n);
    }
    *out = (struct typed){.term = builder_term(c->b, t), .type = f->type};
    return true;
}

/* ---- transformers ---- */

static struct typed text_term(struct falco_compiler *c, struct str text)
{
    struct rs_text t = builder_text(c->b, text);
    struct rs_term term = {.fn = FALCO_FN_TEXT, .type = FALCO_STRING, .a = t.at, .b = t.n};
    return (struct typed){.term = builder_term(c->b, term), .type = FALCO_STRING};
}

static size_t count_operands(const struct falco_operand *o)
{
    size_t n = 0;
    for (; o; o = o->next)
        n++;
    return n;
}

/* Compiles a chain of operands; *out gets n of them. */
static bool operands(struct falco_compiler *c, const struct falco_operand *first,
                     struct typed **out, size_t *n, struct err *e)
{
    *n = count_operands(first);
    *out = arena_array(c->a, *n, sizeof **out);
    if (!*out)
        return no_memory(e);
    for (size_t i = 0; first; first = first->next, i++)
        if (!operand(c, first, *out + i, e))
            return false;
    return true;
}

static bool term_numbers(struct falco_compiler *c, const struct typed *t, size_t n,
                         struct rs_list *out, struct err *e)
{
    uint32_t *terms = arena_array(c->a, n, sizeof *terms);
    if (!terms)
        return no_memory(e);
    for (size_t i = 0; i < n; i++)
        terms[i] = t[i].term;
    *out = builder_numbers(c->b, terms, n);
    return true;
}

static bool list(struct falco_compiler *c, const struct falco_operand *o, struct typed *out,
                 struct err *e)
{
    struct typed *kids;
    size_t n;
    struct rs_term t = {.fn = FALCO_FN_LIST, .type = FALCO_STRING | FALCO_LIST_FLAG};
    if (!operands(c, o->kids, &kids, &n, e) || !term_numbers(c, kids, n, &t.args, e))
        return false;
    *out = (struct typed){.term = builder_term(c->b, t), .type = t.type};
    return true;
}

struct call_row {
    const char *name;
    uint16_t fn;
    bool (*make)(struct falco_compiler *c, const struct call_row *row, const struct typed *args,
                 size_t n, struct str arg, struct typed *out, struct err *e);
};

static bool wrong_argument(const struct call_row *row, const char *want, struct err *e)
{
    return err_set(e, ERR_INPUT, "%s() %s", row->name, want);
}

static bool make_one(struct falco_compiler *c, const struct call_row *row, const struct typed *args,
                     size_t n, struct str arg, struct typed *out, struct err *e)
{
    struct rs_term t = {.fn = row->fn, .type = args[0].type, .a = args[0].term};
    if (n != 1 || str_present(arg))
        return wrong_argument(row, "takes one argument, and none in brackets", e);
    bool length = row->fn == FALCO_FN_LEN;
    if (base_type(t.type) != FALCO_STRING && !(length && is_list(t.type)))
        return wrong_argument(row, length ? "takes a string or a list" : "takes a string", e);
    if (length)
        t.type = FALCO_U64;
    *out = (struct typed){builder_term(c->b, t), t.type, is_list(t.type)};
    return true;
}

static bool make_join(struct falco_compiler *c, const struct call_row *row,
                      const struct typed *args, size_t n, struct str arg, struct typed *out,
                      struct err *e)
{
    if (n != 2 || str_present(arg) || args[0].type != FALCO_STRING || !is_list(args[1].type))
        return wrong_argument(row, "takes a separator and a list", e);
    struct rs_term t = {.fn = row->fn, .type = FALCO_STRING, .a = args[0].term, .b = args[1].term};
    *out = (struct typed){.term = builder_term(c->b, t), .type = t.type};
    return true;
}

static bool make_concat(struct falco_compiler *c, const struct call_row *row,
                        const struct typed *args, size_t n, struct str arg, struct typed *out,
                        struct err *e)
{
    struct rs_term t = {.fn = row->fn, .type = FALCO_STRING};
    bool strings = true;
    for (size_t i = 0; i < n; i++)
        strings = strings && args[i].type == FALCO_STRING;
    if (n < 2 || str_present(arg) || !strings)
        return wrong_argument(row, "takes two or more strings", e);
    if (!term_numbers(c, args, n, &t.args, e))
        return false;
    *out = (struct typed){.term = builder_term(c->b, t), .type = t.type};
    return true;
}

static bool make_getopt(struct falco_compiler *c, const struct call_row *row,
                        const struct typed *args, size_t n, struct str arg, struct typed *out,
                        struct err *e)
{
    if (n != 2 || args[0].type != (FALCO_STRING | FALCO_LIST_FLAG) || args[1].type != FALCO_STRING)
        return wrong_argument(row, "takes a list and an option string", e);
    if (str_present(arg) && arg.n != 1)
        return wrong_argument(row, "takes one option character in brackets", e);
    struct rs_term t = {.fn = row->fn,
                        .type = str_present(arg) ? FALCO_STRING : FALCO_STRING | FALCO_LIST_FLAG,
                        .a = args[0].term,
                        .b = args[1].term};
    if (str_present(arg)) {
        uint32_t option = (unsigned char)arg.p[0];
        t.args = builder_numbers(c->b, &option, 1);
    }
    *out = (struct typed){.term = builder_term(c->b, t), .type = t.type};
    return true;
}

static const struct call_row call_rows[] = {
    {"tolower", FALCO_FN_TOLOWER, make_one},  {"toupper", FALCO_FN_TOUPPER, make_one},
    {"b64", FALCO_FN_B64, make_one},          {"basename", FALCO_FN_BASENAME, make_one},
    {"len", FALCO_FN_LEN, make_one},          {"join", FALCO_FN_JOIN, make_join},
    {"concat", FALCO_FN_CONCAT, make_concat}, {"getopt", FALCO_FN_GETOPT, make_getopt},
};
#define CALLS (sizeof call_rows / sizeof *call_rows)

static bool call(struct falco_compiler *c, const struct falco_operand *o, struct typed *out,
                 struct err *e)
{
    struct typed *args;
    size_t n;
    if (!operands(c, o->kids, &args, &n, e))
        return false;
    for (size_t i = 0; i < CALLS; i++)
        if (str_eqz(o->name, call_rows[i].name))
            return call_rows[i].make(c, &call_rows[i], args, n, o->arg, out, e);
    return err_set(e, ERR_INPUT, "there is no transformer %.*s", (int)o->name.n, o->name.p);
}

static bool operand(struct falco_compiler *c, const struct falco_operand *o, struct typed *out,
                    struct err *e)
{
    switch (o->kind) {
    case FALCO_OPERAND_FIELD:
        return field(c, o, out, e);
    case FALCO_OPERAND_CALL:
        return call(c, o, out, e);
    case FALCO_OPERAND_LIST:
        return list(c, o, out, e);
    case FALCO_OPERAND_TEXT:
        break;
    }
    *out = text_term(c, o->name);
    return true;
}

bool falco_compile_operand(struct falco_compiler *c, const struct falco_operand *o, uint32_t *term,
                           uint16_t *type, struct err *e)
{
    struct typed t;
    if (!operand(c, o, &t, e))
        return false;
    *term = t.term;
    *type = t.type;
    return true;
}

bool falco_check_operand(struct falco_compiler *c, struct str text, struct err *e)
{
    const struct falco_operand *o;
    struct typed t;
    size_t used;
    if (!falco_parse_operand(text, c->a, &o, &used, e))
        return false;
    if (used != text.n)
        return err_set(e, ERR_INPUT, "\"%.*s\" is no field", (int)text.n, text.p);
    return operand(c, o, &t, e);
}

/* ---- constants ---- */

static void warn_text(struct falco_compiler *c, struct str value, const char *what)
{
    struct buf b;
    buf_init(&b, ERR_TEXT_MAX);
    buf_putc(&b, '"');
    buf_put(&b, str_slice(value, 0, 200));
    buf_putz(&b, "\" ");
    buf_putz(&b, what);
    const char *text = buf_z(&b);
    if (text)
        c->warn(c->to, text);
    buf_release(&b);
}

static bool looks_like_field(struct falco_compiler *c, struct str value)
{
    const struct falco_operand *o;
    size_t used;
    uint32_t row;
    return falco_parse_operand(value, c->a, &o, &used, NULL) && used == value.n &&
           o->kind == FALCO_OPERAND_FIELD && falco_field_find(c->source, o->name, &row);
}

static bool looks_like_call(struct str value)
{
    size_t open = str_find_byte(value, '(', 0);
    struct str name = str_slice(value, 0, open);
    bool known = str_eq(name, S("val"));
    for (size_t i = 0; i < CALLS; i++)
        known = known || str_eqz(name, call_rows[i].name);
    return known && open != SIZE_MAX && value.p[value.n - 1] == ')';
}

/* An IPv4 network, which text fields do not know. */
static bool looks_like_network(struct str value)
{
    struct str bits = value, address = str_cut(&bits, '/');
    unsigned long long v;
    size_t dots = 0;
    if (!str_present(bits) || !str_u64(bits, &v) || v > 32)
        return false;
    for (struct str rest = address; str_present(rest); dots++) {
        struct str part = str_cut(&rest, '.');
        if (!str_u64(part, &v) || v > 255)
            return false;
    }
    return dots == 4;
}

/* What RE2 is not needed for: after anchors and a leading or trailing .* nothing special is left.
 */
static bool is_simple_regex(struct str s)
{
    if (s.n && s.p[0] == '^')
        s = str_skip(s, 1);
    if (s.n && s.p[s.n - 1] == '$')
        s = str_slice(s, 0, s.n - 1);
    if (s.n > 1 && s.p[0] == '.' && strchr("+*?", s.p[1]))
        s = str_skip(s, 2);
    if (s.n > 1 && s.p[s.n - 2] == '.' && strchr("+*?", s.p[s.n - 1]))
        s = str_slice(s, 0, s.n - 2);
    for (size_t i = 0; i < s.n; i++)
        if (strchr(".+*?^$()[]{}|\\", s.p[i]))
            return false;
    return true;
}

static void lint_constant(struct falco_compiler *c, enum falco_op op, uint16_t type,
                          struct str value)
{
    if (looks_like_field(c, value))
        warn_text(c, value, "is compared as text, though a field has that name: val() reads it");
    else if (value.n && looks_like_call(value))
        warn_text(c, value, "is compared as text, though it looks like a transformer");
    if (op == FALCO_REGEX && is_simple_regex(value))
        warn_text(c, value, "needs no regular expression: =, contains, startswith or endswith do");
    if (base_type(type) == FALCO_STRING && looks_like_network(value) && op != FALCO_REGEX)
        warn_text(c, value, "is compared as text: Falco knows no networks in this field");
}

/* An unsigned number as Falco's literals are: decimal digits, a sign that wraps around. */
static bool number_literal(struct str s, uint64_t *out)
{
    bool minus = s.n && s.p[0] == '-', sign = minus || (s.n && s.p[0] == '+');
    unsigned long long v;
    if (!str_u64(str_skip(s, sign), &v))
        return false;
    *out = minus ? 0 - (uint64_t)v : v;
    return true;
}

static bool lowered(struct falco_compiler *c, struct str s, struct str *out, struct err *e)
{
    char *copy = arena_alloc(c->a, s.n + 1);
    if (!copy)
        return no_memory(e);
    for (size_t i = 0; i < s.n; i++)
        copy[i] = byte_lower(s.p[i]);
    *out = str_n(copy, s.n);
    return true;
}

static bool regex_constant(struct falco_compiler *c, struct str text, struct rs_value *v,
                           struct err *e)
{
    struct buf pattern;
    buf_init(&pattern, FALCO_REGEX_MAX);
    bool ok = falco_regex(text, &pattern, e) && buf_ok(&pattern, "a regular expression", e) &&
              builder_regex(c->b, buf_str(&pattern), falco_regex_options(), &v->regex, e);
    buf_release(&pattern);
    return ok || err_wrap(e, "regex \"%.*s\"", (int)(text.n < 100 ? text.n : 100), text.p);
}

static bool constant(struct falco_compiler *c, enum falco_op op, uint16_t type, struct str text,
                     struct rs_value *v, struct err *e)
{
    *v = (struct rs_value){.regex = RS_NONE};
    lint_constant(c, op, type, text);
    if (base_type(type) == FALCO_BOOL) {
        v->bits[0] = str_eq(text, S("true"));
        if (!v->bits[0] && !str_eq(text, S("false")))
            return err_set(e, ERR_INPUT, "\"%.*s\" is neither true nor false", (int)text.n, text.p);
    } else if (base_type(type) != FALCO_STRING) {
        if (!number_literal(text, &v->bits[0]))
            return err_set(e, ERR_INPUT, "\"%.*s\" is no whole decimal number below 2^64",
                           (int)text.n, text.p);
    }
    if (op == FALCO_REGEX && !regex_constant(c, text, v, e))
        return false;
    if (op == FALCO_ICONTAINS && !lowered(c, text, &text, e))
        return false;
    v->text = builder_text(c->b, text);
    return true;
}

static bool constants(struct falco_compiler *c, const struct falco_expr *x, uint16_t type,
                      struct rs_list *out, bool *has_empty, struct err *e)
{
    size_t n = 0, i = 0;
    *has_empty = false;
    for (const struct falco_constant *k = x->constants; k; k = k->next)
        n++;
    struct rs_value *values = arena_array(c->a, n, sizeof *values);
    if (!values)
        return no_memory(e);
    for (const struct falco_constant *k = x->constants; k; k = k->next) {
        *has_empty = *has_empty || k->text.n == 0;
        if (!constant(c, x->op, type, k->text, &values[i++], e))
            return false;
    }
    *out = builder_values(c->b, values, n);
    return true;
}

/* ---- checks ---- */

static bool fits(enum falco_op op, uint16_t type)
{
    bool equality = op == FALCO_EQ || op == FALCO_NE;
    bool member = op == FALCO_IN || op == FALCO_INTERSECTS;
    bool order = op >= FALCO_LT && op <= FALCO_GE;
    if (op == FALCO_EXISTS)
        return true;
    if (is_list(type))
        return member;
    if (base_type(type) == FALCO_STRING)
        return op != FALCO_BCONTAINS && op != FALCO_BSTARTSWITH;
    return equality || member || (order && base_type(type) != FALCO_BOOL);
}

/* Whether equal values in `slot` are a condition of the check's truth: then the index knows. */
static uint32_t index_slot(const struct falco_expr *x, const struct typed *left, uint32_t slot,
                           bool has_empty)
{
    bool equality = x->op == FALCO_IN || x->op == FALCO_INTERSECTS ||
                    (x->op == FALCO_EQ && x->modifier != FALCO_ALLOF);
    /* "" is also what a null or an object gives, whose text is another */
    return equality && left->type == FALCO_STRING && !has_empty ? slot : RS_NONE;
}

static uint32_t plain_slot(const struct falco_operand *o, struct falco_compiler *c)
{
    uint32_t row, slot;
    struct err ignored;
    if (o->kind != FALCO_OPERAND_FIELD || !falco_field_find(c->source, o->name, &row))
        return RS_NONE;
    const struct falco_field *f = falco_field_at(row);
    bool scalar = f->paths[0] && (f->fn == FALCO_FN_PLAIN || f->fn == FALCO_FN_JSON);
    return scalar && pointer_slot(c, str_of(f->paths[0]), &slot, &ignored) ? slot : RS_NONE;
}

static bool check_right_term(struct falco_compiler *c, const struct falco_expr *x,
                             const struct typed *left, struct typed *right, struct err *e)
{
    if (x->op == FALCO_PMATCH || x->op == FALCO_REGEX)
        return err_set(e, ERR_INPUT, "%s takes no field on its right side", falco_op_name(x->op));
    if (!operand(c, x->right, right, e))
        return false;
    if ((left->type & TYPE_MASK) == (right->type & TYPE_MASK))
        return true;
    return err_set(e, ERR_INPUT, "a %s is compared with a %s", type_name(left->type),
                   type_name(right->type));
}

static void lint_check(struct falco_compiler *c, const struct falco_expr *x,
                       const struct typed *left, bool never)
{
    if (never && x->op != FALCO_EXISTS)
        c->warn(c->to, "tolower, toupper, b64 and basename of a list are never in a list of "
                       "constants in Falco; join() of it can be compared");
    if (left->type == FALCO_STRING && x->op >= FALCO_LT && x->op <= FALCO_GE)
        c->warn(c->to, "a text field is compared as text, byte by byte, not as a number");
}

static bool check(struct falco_compiler *c, const struct falco_expr *x, struct falco_program *out,
                  struct err *e)
{
    struct typed left, right = {0};
    bool has_empty = false;
    if (!operand(c, x->left, &left, e))
        return false;
    if (!fits(x->op, left.type))
        return err_set(e, ERR_INPUT, "%s is not for a %s", falco_op_name(x->op),
                       type_name(left.type));
    if (x->right && !check_right_term(c, x, &left, &right, e))
        return false;
    struct rs_pred p = {.dialect = DIALECT_FALCO,
                        .op = (uint8_t)x->op,
                        .flags = (uint16_t)x->modifier,
                        .term = left.term,
                        .right = x->right ? right.term : RS_NONE,
                        .index_slot = RS_NONE};
    if (!x->right && !constants(c, x, left.type, &p.values, &has_empty, e))
        return false;
    bool empty = x->op != FALCO_EXISTS && !x->right && p.values.n == 0;
    bool never = x->op != FALCO_EXISTS && left.text_list != (x->right && right.text_list);
    lint_check(c, x, &left, never);
    if (!x->right)
        p.index_slot = index_slot(x, &left, plain_slot(x->left, c), has_empty);
    out->node = empty || never ? builder_node_const(c->b, false)
                               : builder_node_pred(c->b, builder_pred(c->b, p));
    out->size = out->depth = 1;
    return true;
}

/* ---- programs ---- */

static bool within_limits(const struct falco_program *p, struct err *e)
{
    if (p->size > FALCO_PROGRAM_MAX)
        return err_set(e, ERR_INPUT, "with its macros it has more than %d tests",
                       FALCO_PROGRAM_MAX);
    if (p->depth >= NODE_DEPTH_MAX)
        return err_set(e, ERR_INPUT, "with its macros it is nested more than %d deep",
                       NODE_DEPTH_MAX);
    return true;
}

static bool joined(struct falco_compiler *c, const struct falco_expr *x, struct falco_program *out,
                   struct err *e)
{
    size_t n = 0, i = 0;
    for (const struct falco_expr *k = x->kids; k; k = k->next)
        n++;
    uint32_t *nodes = arena_array(c->a, n, sizeof *nodes);
    if (!nodes)
        return no_memory(e);
    *out = (struct falco_program){0};
    for (const struct falco_expr *k = x->kids; k; k = k->next) {
        struct falco_program kid;
        if (!falco_compile(c, k, &kid, e))
            return false;
        nodes[i++] = kid.node;
        out->size += kid.size;
        out->depth = kid.depth > out->depth ? kid.depth : out->depth;
    }
    out->node =
        x->kind == FALCO_AND ? builder_node_and(c->b, nodes, n) : builder_node_or(c->b, nodes, n);
    out->depth++;
    return within_limits(out, e);
}

bool falco_compile(struct falco_compiler *c, const struct falco_expr *x, struct falco_program *out,
                   struct err *e)
{
    switch (x->kind) {
    case FALCO_CHECK:
        return check(c, x, out, e);
    case FALCO_MACRO:
        return c->macro(c->to, x->name, out, e);
    case FALCO_AND:
    case FALCO_OR:
        return joined(c, x, out, e);
    case FALCO_NOT:
        break;
    }
    if (!falco_compile(c, x->kids, out, e))
        return false;
    out->node = builder_node_not(c->b, out->node);
    out->depth++;
    return within_limits(out, e);
}
