/* Text surgery on conditions, exactly as unsafe as Falco's: docs/falco.md says what follows from
 * it. */
#include "engine/falco_text.h"

#include "engine/falco_condition.h"

/* ---- lists ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_boundary(char c)
{
    return is_blank(c) || c == '(' || c == ')' || c == ',' || c == '=';
}

static const struct falco_list *seen_from(const struct falco_list *lists, size_t n, size_t i,
                                          struct str name)
{
    for (size_t k = 0; k < n; k++)
        if (str_eq(lists[k].name, name))
            return lists[k].index < lists[i].visibility ? &lists[k] : NULL;
    return NULL;
}

bool falco_resolve_list(const struct falco_list *lists, size_t n, size_t i, struct arena *a,
                        struct falco_items *all, struct err *e)
{
    size_t count = 0, made = 0;
    for (size_t k = 0; k < lists[i].n; k++) {
        const struct falco_list *l = seen_from(lists, n, i, lists[i].items[k]);
        count += l ? l->n : 1;
    }
    struct str *items = arena_array(a, count, sizeof *items);
    if (!items)
        return err_set(e, ERR_LIMIT, "the Falco lists take too much memory");
    for (size_t k = 0; k < lists[i].n; k++) {
        const struct falco_list *l = seen_from(lists, n, i, lists[i].items[k]);
        if (!l) {
            items[made++] = lists[i].items[k];
            continue;
        }
        all[l - lists].used = true;
        for (size_t m = 0; m < l->n; m++)
            items[made++] = l->items[m];
    }
    all[i].name = lists[i].name;
    all[i].items = items;
    all[i].n = made;
    return true;
}

/* A value with a blank in it gets double quotes, unless it begins with a quote. */
static void put_quoted(struct buf *out, struct str item)
{
    bool quote = str_find_byte(item, ' ', 0) != SIZE_MAX && item.p[0] != '"' && item.p[0] != '\'';
    if (quote)
        buf_putc(out, '"');
    buf_put(out, item);
    if (quote)
        buf_putc(out, '"');
}

static void put_items(struct buf *out, const struct falco_items *list)
{
    for (size_t i = 0; i < list->n; i++) {
        if (i)
            buf_putz(out, ", ");
        put_quoted(out, list->items[i]);
    }
}

static bool stands_alone(struct str text, size_t at, size_t n)
{
    return (at == 0 || is_boundary(text.p[at - 1])) &&
           (at + n == text.n || is_boundary(text.p[at + n]));
}

/* Replaces one list's name throughout. Blanks around it go; an empty list takes one comma along. */
static bool put_one_list(struct buf *out, struct str text, const struct falco_items *list)
{
    size_t from = 0;
    bool used = false;
    if (list->name.n == 0)
        return buf_put(out, text), false;
    for (size_t at = str_find(text, list->name, 0); at != SIZE_MAX && !out->failed;
         at = str_find(text, list->name, at)) {
        size_t end = at + list->name.n;
        if (!stands_alone(text, at, list->name.n)) {
            at++;
            continue;
        }
        buf_put(out, str_slice(text, from, at));
        while (out->n && is_blank(out->p[out->n - 1]))
            buf_cut(out, out->n - 1);
        while (end < text.n && is_blank(text.p[end]))
            end++;
        bool empty = true;
        for (size_t i = 0; i < list->n; i++)
            empty = empty && list->items[i].n == 0;
        if (empty && out->n && out->p[out->n - 1] == ',')
            buf_cut(out, out->n - 1);
        else if (empty && end < text.n && text.p[end] == ',')
            end++;
        if (out->n)
            buf_putc(out, ' ');
        put_items(out, list);
        buf_putc(out, ' ');
        from = at = end;
        used = true;
    }
    buf_put(out, str_skip(text, from));
    return used;
}

bool falco_put_lists(struct buf *out, struct str text, struct falco_items *lists, size_t n,
                     struct err *e)
{
    struct buf before, after;
    buf_init(&before, FALCO_CONDITION_MAX);
    buf_init(&after, FALCO_CONDITION_MAX);
    buf_put(&before, text);
    for (size_t i = 0; i < n && !before.failed; i++) {
        if (str_find(buf_str(&before), lists[i].name, 0) == SIZE_MAX)
            continue;
        buf_reset(&after);
        lists[i].used = put_one_list(&after, buf_str(&before), &lists[i]) || lists[i].used;
        struct buf swap = before;
        before = after;
        after = swap;
    }
    bool ok = !before.failed;
    buf_put(out, buf_str(&before));
    buf_release(&before);
    buf_release(&after);
    if (!ok)
        return err_set(e, ERR_INPUT, "the condition has over %u bytes once its lists are put in",
                       FALCO_CONDITION_MAX);
    return buf_ok(out, "a condition", e);
}

/* ---- exceptions ---- */

static bool is_given(const struct falco_entry *x)
{
    return x->list || x->text.n;
}

static bool complete_list(struct arena *a, struct falco_exception *x, struct err *e)
{
    enum falco_op op;
    enum falco_modifier modifier;
    bool takes_list;
    if (!is_given(&x->comps)) {
        struct falco_entry *equal = arena_array(a, x->fields.n, sizeof *equal);
        if (!equal)
            return err_set(e, ERR_LIMIT, "the Falco rules take too much memory");
        for (size_t i = 0; i < x->fields.n; i++)
            equal[i].text = S("=");
        x->comps = (struct falco_entry){.list = true, .items = equal, .n = x->fields.n};
    }
    if (!x->comps.list || x->comps.n != x->fields.n)
        return err_set(e, ERR_INPUT, "'fields' and 'comps' must be lists of one length");
    for (size_t i = 0; i < x->comps.n; i++) {
        struct str comp = x->comps.items[i].text;
        if (!falco_operator_parse(comp, &op, &modifier, &takes_list))
            return err_set(e, ERR_INPUT, "\"%.*s\" is no operator", (int)comp.n,
                           comp.p ? comp.p : "");
    }
    return true;
}

static bool complete_single(struct falco_exception *x, struct err *e)
{
    enum falco_op op;
    enum falco_modifier modifier;
    bool takes_list;
    if (!is_given(&x->comps))
        x->comps.text = S("in");
    if (x->comps.list)
        return err_set(e, ERR_INPUT, "'comps' must be one operator when 'fields' is one field");
    if (falco_operator_parse(x->comps.text, &op, &modifier, &takes_list) && takes_list)
        return true;
    return err_set(e, ERR_INPUT,
                   "'comps' must be in, pmatch, intersects or a text operator with oneof, anyof or "
                   "allof when 'fields' is one field, not \"%.*s\"",
                   (int)x->comps.text.n, x->comps.text.p);
}

bool falco_complete_exception(struct arena *a, struct falco_exception *x, struct err *e)
{
    bool ok = x->fields.list ? complete_list(a, x, e) : complete_single(x, e);
    return ok || err_wrap(e, "exception '%.*s'", (int)x->name.n, x->name.p);
}

/* All values are the items of one list: field op (v, v, ...) */
static bool put_single(struct buf *out, const struct falco_exception *x, struct err *e)
{
    buf_putz(out, "(");
    buf_put(out, x->fields.text);
    buf_putc(out, ' ');
    buf_put(out, str_trim(x->comps.text));
    buf_putz(out, " (");
    for (size_t i = 0; i < x->n; i++) {
        if (x->values[i].list)
            return err_set(e, ERR_INPUT, "its values must be single values, for it has one field");
        if (i)
            buf_putz(out, ", ");
        put_quoted(out, x->values[i].text);
    }
    buf_putz(out, "))");
    return true;
}

static void put_operand(struct buf *out, const struct falco_entry *value, bool takes_list)
{
    bool parens = value->list || (takes_list && value->text.p[0] != '(');
    if (parens)
        buf_putc(out, '(');
    for (size_t i = 0; value->list && i < value->n; i++) {
        if (i)
            buf_putz(out, ", ");
        put_quoted(out, value->items[i].text);
    }
    if (!value->list && takes_list)
        buf_put(out, value->text);
    else if (!value->list)
        put_quoted(out, value->text);
    if (parens)
        buf_putc(out, ')');
}

static bool is_flat(const struct falco_entry *value)
{
    for (size_t i = 0; value->list && i < value->n; i++)
        if (value->items[i].list)
            return false;
    return true;
}

/* One tuple: (f op v and f op v and ...) */
static bool put_tuple(struct buf *out, const struct falco_exception *x,
                      const struct falco_entry *tuple, struct err *e)
{
    enum falco_op op;
    enum falco_modifier modifier;
    bool takes_list = false;
    if (!tuple->list || tuple->n != x->fields.n)
        return err_set(e, ERR_INPUT, "each of its values must be a list as long as 'fields'");
    buf_putc(out, '(');
    for (size_t i = 0; i < tuple->n; i++) {
        if (x->fields.items[i].list || !is_flat(&tuple->items[i]))
            return err_set(e, ERR_INPUT, "its lists are nested too deep");
        if (i)
            buf_putz(out, " and ");
        buf_putc(out, ' ');
        buf_put(out, x->fields.items[i].text);
        buf_putc(out, ' ');
        buf_put(out, str_trim(x->comps.items[i].text));
        buf_putc(out, ' ');
        if (!falco_operator_parse(x->comps.items[i].text, &op, &modifier, &takes_list))
            return err_set(e, ERR_INPUT, "it has an operator that is none");
        put_operand(out, &tuple->items[i], takes_list);
    }
    buf_putc(out, ')');
    return true;
}

static bool put_exception(struct buf *out, const struct falco_exception *x, struct err *e)
{
    if (x->n == 0)
        return true;
    buf_putz(out, " and not ");
    if (!x->fields.list)
        return put_single(out, x, e);
    buf_putc(out, '(');
    for (size_t i = 0; i < x->n; i++) {
        if (i)
            buf_putz(out, " or ");
        if (!put_tuple(out, x, &x->values[i], e))
            return false;
    }
    buf_putc(out, ')');
    return true;
}

bool falco_put_condition(struct buf *out, const struct falco_rule *rule, unsigned *line,
                         struct err *e)
{
    *line = rule->condition_line;
    if (rule->n_exceptions)
        buf_putc(out, '(');
    buf_put(out, rule->condition);
    if (rule->n_exceptions)
        buf_putc(out, ')');
    for (size_t i = 0; i < rule->n_exceptions; i++) {
        const struct falco_exception *x = &rule->exceptions[i];
        if (put_exception(out, x, e))
            continue;
        *line = x->line;
        return err_wrap(e, "exception '%.*s'", (int)x->name.n, x->name.p);
    }
    return buf_ok(out, "a condition", e);
}
