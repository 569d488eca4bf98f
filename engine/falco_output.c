/* The output line: compiled to literals and terms, and written for an event. Falco prefixes every
 * rule's output with `*`: an absent value is <NA>, not a reason to drop the line. */
#include "base/vec.h"
#include "engine/falco_compile.h"
#include "engine/falco_term.h"

#define OUTPUTS_MAX 4096 /* parts of one line; the largest public one has about 20 */
#define TOKEN_MAX   4096 /* bytes after a % that may be one field with its argument */
#define WIDTH_MAX   4096
#define LIST_MAX    1023 /* bytes of a printed list: Falco's buffer (STRPROPERTY_STORAGE_SIZE) */
#define NOT_THERE   "<NA>"

/* ---- compiling ---- */

static bool add(struct falco_compiler *c, struct vec *parts, struct str text, uint32_t term,
                int32_t width, struct err *e)
{
    if (text.n == 0)
        return true;
    struct rs_output *o = vec_push(parts, 1);
    if (!o)
        return err_set(e, ERR_INPUT, "the output has more than %d parts", OUTPUTS_MAX);
    *o = (struct rs_output){builder_text(c->b, text), term, width};
    return true;
}

/* The longest beginning of text that is a known field or transformer call; *n its bytes. */
static bool token(struct falco_compiler *c, struct str text, uint32_t *term, size_t *n,
                  struct err *e)
{
    struct err why, later;
    uint16_t type;
    const struct falco_operand *o;
    text = str_slice(text, 0, TOKEN_MAX);
    err_set(&why, ERR_INPUT, "expected a field or a transformer");
    for (size_t length = text.n; length > 0; length--) {
        struct err *to = length == text.n ? &why : &later;
        if (falco_parse_operand(str_slice(text, 0, length), c->a, &o, n, to) &&
            falco_compile_operand(c, o, term, &type, to))
            return true;
        if (to->kind == ERR_LIMIT)
            return err_set(e, ERR_LIMIT, "%s", to->text);
    }
    return err_set(e, ERR_MISSING, "%s", why.text);
}

/* A % with its width and field; *at stands on the %. */
static bool placeholder(struct falco_compiler *c, struct str text, size_t *at, struct vec *parts,
                        struct err *e)
{
    uint32_t term;
    size_t n, from = *at + 1, digits = 0;
    unsigned long long width = 0;
    while (from + digits < text.n && byte_is_digit(text.p[from + digits]))
        digits++;
    if (digits && (!str_u64(str_slice(text, from, from + digits), &width) || width > WIDTH_MAX))
        return err_set(e, ERR_INPUT, "at byte %zu: a width over %d", from, WIDTH_MAX);
    from += digits;
    if (from == text.n)
        return err_set(e, ERR_INPUT, "at byte %zu: nothing follows the %%", *at + 1);
    if (!token(c, str_skip(text, from), &term, &n, e))
        return err_wrap(e, "%% at byte %zu", *at + 1);
    *at = from + n;
    return add(c, parts, str_slice(text, from, from + n), term, width ? (int32_t)width : -1, e);
}

static bool compile(struct falco_compiler *c, struct str text, struct vec *parts, struct err *e)
{
    size_t at = 0;
    while (at < text.n) {
        size_t percent = str_find_byte(text, '%', at);
        size_t end = percent == SIZE_MAX ? text.n : percent;
        if (!add(c, parts, str_slice(text, at, end), RS_NONE, -1, e))
            return false;
        at = end;
        if (at < text.n && !placeholder(c, text, &at, parts, e))
            return false;
    }
    return true;
}

bool falco_compile_output(struct falco_compiler *c, struct str text, struct rs_list *out,
                          struct err *e)
{
    struct vec parts;
    vec_init(&parts, sizeof(struct rs_output), OUTPUTS_MAX);
    if (text.n && text.p[0] == '*')
        text = str_skip(text, 1);
    bool ok = compile(c, text, &parts, e);
    if (ok)
        *out = builder_outputs(c->b, parts.p, parts.n);
    vec_release(&parts);
    return ok;
}

/* ---- writing ---- */

static void put_list(struct buf *b, const struct falco_value *v)
{
    size_t from = b->n;
    buf_putc(b, '(');
    for (size_t i = 0; i < v->n && b->n - from <= LIST_MAX; i++) {
        if (i)
            buf_putc(b, ',');
        buf_put(b, v->items[i]);
    }
    buf_putc(b, ')');
    if (b->n - from > LIST_MAX)
        buf_cut(b, from + LIST_MAX);
}

static void put_value(struct buf *b, const struct falco_value *v)
{
    uint16_t base = v->type & 0xff;
    if (v->type & FALCO_LIST_FLAG)
        put_list(b, v);
    else if (base == FALCO_STRING)
        buf_put(b, v->text);
    else if (base == FALCO_BOOL)
        buf_putz(b, v->number ? "true" : "false");
    else if (v->type & FALCO_PADDED_FLAG)
        buf_putf(b, "%09llu", (unsigned long long)v->number);
    else
        buf_put_u64(b, v->number);
}

void falco_put_output(struct buf *b, struct event *ev, const struct rs_rule *r)
{
    const struct rs_output *o = ev->rules->outputs + r->output.first;
    for (const struct rs_output *end = o + r->output.n; o < end; o++) {
        struct falco_value v;
        if (o->term == RS_NONE) {
            buf_put(b, rs_str(ev->rules, o->text));
            continue;
        }
        size_t from = b->n;
        if (falco_term(ev, o->term, &v))
            put_value(b, &v);
        else
            buf_putz(b, NOT_THERE);
        if (o->width < 0 || b->failed)
            continue;
        size_t width = (size_t)o->width;
        if (b->n - from > width)
            buf_cut(b, from + width);
        while (b->n - from < width && !b->failed)
            buf_putc(b, ' ');
    }
}
