/* Items and detections: `field|modifier: values`, maps of them, and lists of maps and keywords. */
#include "engine/sigma_parts.h"
#include "engine/source.h"

#include "engine/index.h"
#include "engine/pattern.h"
#include "engine/sigma_cidr.h"
#include "engine/sigma_match.h"

/* ---- reading ---- */

static bool read_value(struct sigma_scope *sc, const struct sigma_item *it, const struct yaml *y,
                       struct sigma_val *v, struct err *e)
{
    struct buf pattern;
    v->line = y->line;
    v->raw = y->text;
    v->text = y->text;
    if (y->kind != YAML_SCALAR)
        return sigma_at(sc, y->line,
                        err_set(e, ERR_INPUT, "'%.*s': a value is a %s", SHOWN(it->key),
                                y->kind == YAML_MAP ? "map" : "list within a list"));
    if (y->text.n > SIGMA_VALUE_BYTES_MAX)
        return sigma_at(sc, y->line,
                        err_set(e, ERR_INPUT, "'%.*s': a value is longer than %d bytes",
                                SHOWN(it->key), SIGMA_VALUE_BYTES_MAX));
    if (yaml_is_null(y))
        v->kind = VAL_NULL;
    else if (yaml_bool(y, &v->yes))
        v->kind = VAL_BOOL;
    else if (yaml_number(y, &v->number))
        v->kind = VAL_NUMBER;
    else
        v->kind = VAL_TEXT;
    if (v->kind == VAL_BOOL)
        v->raw = v->text = v->yes ? S("true") : S("false");
    if (v->kind != VAL_TEXT)
        return true;
    buf_init(&pattern, 2 * SIGMA_VALUE_BYTES_MAX);
    pattern_put_sigma(&pattern, y->text);
    v->text = arena_str(sc->a, buf_str(&pattern));
    bool ok = buf_ok(&pattern, "a value of a rule", e);
    buf_release(&pattern);
    return ok && (str_present(v->text) || sigma_no_memory(e));
}

static bool read_values(struct sigma_scope *sc, struct sigma_item *it, const struct yaml **list,
                        size_t n, bool in_list, struct err *e)
{
    if (n > SIGMA_VALUES_MAX)
        return sigma_at(sc, it->line,
                        err_set(e, ERR_INPUT, "'%.*s' has more than %d values", SHOWN(it->key),
                                SIGMA_VALUES_MAX));
    it->values = arena_array(sc->a, n, sizeof *it->values);
    if (!it->values)
        return sigma_no_memory(e);
    it->n = it->groups = n;
    for (size_t i = 0; i < n; i++) {
        it->values[i].group = (unsigned)i;
        if (!read_value(sc, it, list[i], it->values + i, e))
            return false;
        if (it->values[i].kind == VAL_NULL && (in_list || it->field.n == 0))
            return sigma_at(sc, list[i]->line,
                            err_set(e, ERR_INPUT, "'%.*s': null cannot stand %s", SHOWN(it->key),
                                    it->field.n ? "in a list of values" : "among keywords"));
    }
    return true;
}

/* Sees what the order of modifiers does not matter for: the values of fieldref are names. */
static void look_ahead(struct sigma_scope *sc, struct sigma_item *it, struct str modifiers)
{
    bool fields = false, expand = false;
    while (str_present(modifiers)) {
        struct str m = str_cut(&modifiers, '|');
        fields = fields || str_eqz(m, "fieldref");
        expand = expand || str_eqz(m, "expand");
        it->has_contains = it->has_contains || str_eqz(m, "contains");
    }
    if (!expand)
        sigma_warn_unexpanded(sc, it);
    for (size_t i = 0; fields && i < it->n; i++)
        if (it->values[i].kind == VAL_TEXT)
            it->values[i].kind = VAL_FIELD;
}

static bool check_exists(struct sigma_scope *sc, const struct sigma_item *it, struct err *e)
{
    struct str rest = it->key, alone;
    (void)str_cut(&rest, '|');
    alone = str_cut(&rest, '|');
    if (str_eqz(alone, "exists") && !str_present(rest) && it->field.n)
        return true;
    return sigma_at(
        sc, it->line,
        err_set(e, ERR_INPUT, "'%.*s': 'exists' stands alone, after a field", SHOWN(it->key)));
}

static bool check_part(struct sigma_scope *sc, const struct sigma_item *it, struct err *e)
{
    for (size_t i = 0; i < it->n; i++) {
        const struct sigma_val *v = it->values + i;
        if (v->kind != VAL_NUMBER || v->number < 0 || v->number > 9999 ||
            v->number > (double)(int)v->number)
            return sigma_at(sc, v->line,
                            err_set(e, ERR_INPUT, "'%.*s' wants whole numbers, not '%.*s'",
                                    SHOWN(it->key), SHOWN(v->raw)));
    }
    return true;
}

static bool check_keywords(struct sigma_scope *sc, const struct sigma_item *it, struct err *e)
{
    bool fits = !it->part && !it->compares && !it->from_start && !it->to_end;
    for (size_t i = 0; i < it->n; i++)
        fits = fits && !(it->values[i].kind & (VAL_CIDR | VAL_FIELD));
    if (fits)
        return true;
    return sigma_at(
        sc, it->line,
        err_set(e, ERR_INPUT, "'%.*s': this modifier needs a field in front", SHOWN(it->key)));
}

/* The field, and the other fields that `fieldref` names. */
static bool check_fields(struct sigma_scope *sc, const struct sigma_item *it, struct err *e)
{
    if (!sigma_field_check(sc, it->line, it->field, e))
        return false;
    for (size_t i = 0; i < it->n; i++)
        if (it->values[i].kind == VAL_FIELD &&
            !sigma_field_check(sc, it->values[i].line, it->values[i].raw, e))
            return false;
    return true;
}

static bool check_item(struct sigma_scope *sc, const struct sigma_item *it, struct err *e)
{
    if (!check_fields(sc, it, e))
        return false;
    if (it->exists)
        return check_exists(sc, it, e);
    if (it->part && !check_part(sc, it, e))
        return false;
    if (it->field.n == 0 && !check_keywords(sc, it, e))
        return false;
    if (it->by_offsets && !it->has_contains && it->field.n)
        diag_add(sc->diags, DIAG_WARNING, sc->file, it->line, sc->rule,
                 "'%.*s' compares whole values: base64offset wants 'contains' after it",
                 SHOWN(it->key));
    return true;
}

static bool apply_modifiers(struct sigma_scope *sc, struct sigma_item *it, struct str modifiers,
                            struct err *e)
{
    look_ahead(sc, it, modifiers);
    while (str_present(modifiers)) {
        struct str m = str_cut(&modifiers, '|');
        if (!sigma_modify(sc, it, m, e))
            return false;
    }
    return check_item(sc, it, e);
}

static struct sigma_item *new_item(struct sigma_scope *sc, struct str key, unsigned line,
                                   struct err *e)
{
    struct sigma_item *it = arena_alloc(sc->a, sizeof *it);
    if (!it) {
        (void)sigma_no_memory(e);
        return NULL;
    }
    it->key = key;
    it->line = line;
    return it;
}

bool sigma_item_parse(struct sigma_scope *sc, const struct yaml *key, const struct yaml *value,
                      struct sigma_item **out, struct err *e)
{
    if (key->kind != YAML_SCALAR)
        return sigma_at(sc, key->line, err_set(e, ERR_INPUT, "a field's name is no text"));
    struct sigma_item *it = new_item(sc, key->text, key->line, e);
    if (!it)
        return false;
    struct str modifiers = key->text;
    it->field = source_field(sc->source, str_cut(&modifiers, '|'));
    if (it->field.n == 0 && !str_present(modifiers))
        return sigma_at(sc, key->line,
                        err_set(e, ERR_INPUT, "a field's name is empty; keywords are a list"));
    if (value->kind == YAML_SEQ && value->n == 0)
        return sigma_at(
            sc, value->line,
            err_set(e, ERR_INPUT, "'%.*s' has an empty list of values", SHOWN(it->key)));
    bool in_list = value->kind == YAML_SEQ;
    if (!read_values(sc, it, in_list ? value->items : &value, in_list ? value->n : 1,
                     in_list && value->n > 1, e) ||
        !apply_modifiers(sc, it, modifiers, e))
        return false;
    *out = it;
    return true;
}

bool sigma_keywords_parse(struct sigma_scope *sc, const struct yaml **values, size_t n,
                          unsigned line, struct sigma_item **out, struct err *e)
{
    struct sigma_item *it = new_item(sc, S("keywords"), line, e);
    if (!it)
        return false;
    it->field = S("");
    *out = it;
    return read_values(sc, it, values, n, true, e);
}

/* ---- making tests ---- */

static struct str regex_source(struct sigma_scope *sc, const struct sigma_item *it, struct str raw)
{
    struct buf b;
    if (!it->from_start && !it->to_end)
        return raw;
    buf_init(&b, SIGMA_VALUE_BYTES_MAX + 16);
    buf_putz(&b, it->from_start ? "\\A(?:" : "(?:");
    buf_put(&b, raw);
    buf_putz(&b, it->to_end ? ")\\z" : ")");
    struct str s = arena_str(sc->a, buf_str(&b));
    buf_release(&b);
    return s;
}

static bool emit_regex(struct sigma_scope *sc, const struct sigma_item *it,
                       const struct sigma_val *v, struct rs_value *out, struct err *e)
{
    struct str source = regex_source(sc, it, v->raw);
    if (!str_present(source))
        return sigma_no_memory(e);
    out->kind = SIGMA_REGEX;
    out->text = builder_text(sc->b, source);
    if (builder_regex(sc->b, source, it->regex_options, &out->regex, e))
        return true;
    return sigma_at(sc, v->line, err_wrap(e, "'%.*s', regular expression", SHOWN(it->key)));
}

static bool emit_text(struct sigma_scope *sc, const struct sigma_item *it,
                      const struct sigma_val *v, struct rs_value *out, struct err *e)
{
    struct buf pattern, text;
    buf_init(&pattern, 2 * SIGMA_VALUE_BYTES_MAX + 2);
    buf_init(&text, 2 * SIGMA_VALUE_BYTES_MAX + 2);
    bool anywhere = it->field.n == 0;
    if (anywhere)
        buf_putc(&pattern, '*');
    buf_put(&pattern, v->text);
    if (anywhere)
        buf_putc(&pattern, '*');
    out->kind = (uint16_t)pattern_compile(buf_str(&pattern), !it->cased, &text);
    out->flags = it->cased ? SIGMA_CASED : 0;
    if (out->kind == SIGMA_EXACT && sigma_number(buf_str(&text), &out->number))
        out->flags |= SIGMA_NUMERIC;
    out->text = builder_text(sc->b, buf_str(&text));
    bool ok = buf_ok(&pattern, "a value of a rule", e) && buf_ok(&text, "a value of a rule", e);
    buf_release(&pattern);
    buf_release(&text);
    return ok;
}

static bool emit_network(struct sigma_scope *sc, const struct sigma_val *v, struct rs_value *out,
                         struct err *e)
{
    struct cidr net;
    if (!cidr_parse(v->raw, &net, e))
        return sigma_at(sc, v->line, false);
    out->kind = SIGMA_CIDR;
    out->flags = net.v6 ? SIGMA_IPV6 : 0;
    out->number = net.prefix;
    out->bits[0] = net.bits[0];
    out->bits[1] = net.bits[1];
    out->text = builder_text(sc->b, v->raw);
    return true;
}

static bool emit_value(struct sigma_scope *sc, const struct sigma_item *it,
                       const struct sigma_val *v, struct rs_value *out, struct err *e)
{
    *out = (struct rs_value){.regex = RS_NONE, .text = RS_TEXT_ABSENT};
    if (v->kind == VAL_REGEX)
        return emit_regex(sc, it, v, out, e);
    if (v->kind == VAL_CIDR)
        return emit_network(sc, v, out, e);
    if (v->kind != VAL_NUMBER || it->field.n == 0)
        return emit_text(sc, it, v, out, e);
    out->kind = it->compares ? it->compares : SIGMA_NUMBER;
    out->number = v->number;
    out->text = builder_text(sc->b, v->raw);
    return true;
}

/* Whether a value of the field must, case folded, be this text for the test to hold, or the number
 * that this text spells as the index does: true of plain strings and of whole numbers, not of what
 * may also equal a bool or an object's JSON. */
static bool is_plain(const struct sigma_item *it, const struct sigma_val *v)
{
    double number;
    if (v->kind == VAL_NUMBER)
        return !it->part && !it->compares && index_is_number(v->raw);
    if (v->kind != VAL_TEXT || it->part || v->raw.n == 0 || pattern_has_wildcard(v->text) ||
        (sigma_number(v->text, &number) && !index_is_number(v->text)) || v->text.p[0] == '{' ||
        str_eq_fold(v->text, S("true")) || str_eq_fold(v->text, S("false")))
        return false;
    for (size_t i = 0; it->cased && i < v->text.n; i++)
        if (byte_lower(v->text.p[i]) != v->text.p[i])
            return false;
    return true;
}

static uint32_t field_term(struct sigma_scope *sc, struct str field, uint32_t part)
{
    struct rs_term t = {.fn = SIGMA_FIELD, .b = part};
    if (field.n == 0)
        t.fn = SIGMA_ANY;
    else
        t.a = builder_slot_fan(sc->b, field);
    return builder_term(sc->b, t);
}

/* The test "like one of these values". */
static bool emit_values(struct sigma_scope *sc, const struct sigma_item *it,
                        const struct sigma_val *values, size_t n, uint32_t *node, struct err *e)
{
    struct rs_value *made = arena_array(sc->a, n, sizeof *made);
    if (!made)
        return sigma_no_memory(e);
    bool plain = it->field.n > 0;
    for (size_t i = 0; i < n; i++) {
        if (!emit_value(sc, it, values + i, made + i, e))
            return false;
        plain = plain && is_plain(it, values + i);
    }
    struct rs_pred p = {.dialect = DIALECT_SIGMA, .op = SIGMA_IS, .right = RS_NONE};
    p.term = field_term(sc, it->field, it->part);
    p.values = builder_values(sc->b, made, n);
    p.index_slot = plain ? builder_slot_fan(sc->b, it->field) : RS_NONE;
    *node = builder_node_pred(sc->b, builder_pred(sc->b, p));
    return true;
}

/* The test "related to this other field". */
static uint32_t emit_fieldref(struct sigma_scope *sc, const struct sigma_item *it,
                              const struct sigma_val *v)
{
    struct rs_pred p = {.dialect = DIALECT_SIGMA, .op = SIGMA_REF_EQUALS, .index_slot = RS_NONE};
    if (it->inside || (it->from_start && it->to_end))
        p.op = SIGMA_REF_CONTAINS;
    else if (it->from_start)
        p.op = SIGMA_REF_PREFIX;
    else if (it->to_end)
        p.op = SIGMA_REF_SUFFIX;
    p.flags = it->cased ? SIGMA_CASED : 0;
    p.term = field_term(sc, it->field, SIGMA_WHOLE);
    p.right = field_term(sc, v->raw, SIGMA_WHOLE);
    return builder_node_pred(sc->b, builder_pred(sc->b, p));
}

/* One node for each group of values, joined as `all` says. */
static bool emit_groups(struct sigma_scope *sc, const struct sigma_item *it, uint32_t *node,
                        struct err *e)
{
    uint32_t *kids = arena_array(sc->a, it->n, sizeof *kids);
    if (!kids)
        return sigma_no_memory(e);
    size_t n = 0;
    for (size_t i = 0, to; i < it->n; i = to) {
        bool field = it->values[i].kind == VAL_FIELD;
        for (to = i + 1; !field && to < it->n; to++)
            if (it->all && it->values[to].group != it->values[i].group)
                break;
        if (field)
            kids[n++] = emit_fieldref(sc, it, it->values + i);
        else if (!emit_values(sc, it, it->values + i, to - i, kids + n++, e))
            return false;
    }
    *node = it->all ? builder_node_and(sc->b, kids, n) : builder_node_or(sc->b, kids, n);
    return true;
}

/* The tests that need no value: null and exists. */
static uint32_t emit_bare(struct sigma_scope *sc, const struct sigma_item *it, enum sigma_op op)
{
    struct rs_pred p = {.dialect = DIALECT_SIGMA, .right = RS_NONE, .index_slot = RS_NONE};
    p.op = (uint8_t)op;
    p.term = field_term(sc, it->field, SIGMA_WHOLE);
    return builder_node_pred(sc->b, builder_pred(sc->b, p));
}

/* Whether placeholders without values left nothing to be like, or (`all`) less than is wanted. */
static bool is_empty(const struct sigma_item *it)
{
    size_t groups = 0;
    for (size_t i = 0; i < it->n; i++)
        groups += i == 0 || it->values[i].group != it->values[i - 1].group;
    return it->n == 0 || (it->all && groups < it->groups);
}

bool sigma_item_emit(struct sigma_scope *sc, const struct sigma_item *it, uint32_t *node,
                     struct err *e)
{
    bool negated = it->neq;
    if (is_empty(it)) {
        *node = builder_node_const(sc->b, false);
    } else if (it->exists) {
        *node = emit_bare(sc, it, SIGMA_EXISTS);
        negated = !it->values[0].yes;
    } else if (it->values[0].kind == VAL_NULL) {
        *node = emit_bare(sc, it, SIGMA_NULL);
    } else if (!emit_groups(sc, it, node, e)) {
        return false;
    }
    if (negated)
        *node = builder_node_not(sc->b, *node);
    return true;
}

/* ---- detections ---- */

static struct sigma_det *new_det(struct sigma_scope *sc, enum sigma_det_kind kind, size_t kids,
                                 struct err *e)
{
    struct sigma_det *d = arena_alloc(sc->a, sizeof *d);
    if (d && kids)
        d->kids = arena_array(sc->a, kids, sizeof *d->kids);
    if (!d || (kids && !d->kids)) {
        (void)sigma_no_memory(e);
        return NULL;
    }
    d->kind = kind;
    return d;
}

static bool det_of_item(struct sigma_scope *sc, const struct sigma_item *it,
                        const struct sigma_det **out, struct err *e)
{
    struct sigma_det *d = new_det(sc, DET_ITEM, 0, e);
    if (!d)
        return false;
    d->item = it;
    *out = d;
    return true;
}

static bool parse_map(struct sigma_scope *sc, const struct yaml *y, const struct sigma_det **out,
                      struct err *e)
{
    struct sigma_det *d = new_det(sc, DET_AND, y->n, e);
    if (!d)
        return false;
    for (; d->n < y->n; d->n++) {
        struct sigma_item *it;
        if (!sigma_item_parse(sc, y->pairs[d->n].key, y->pairs[d->n].value, &it, e) ||
            !det_of_item(sc, it, d->kids + d->n, e))
            return false;
    }
    *out = d;
    return true;
}

/* The scalars of a list are one item of keywords, its other members detections of their own. */
static bool parse_list(struct sigma_scope *sc, const struct yaml *y, const struct sigma_det **out,
                       struct err *e)
{
    struct sigma_det *d = new_det(sc, DET_OR, y->n + 1, e);
    const struct yaml **words = arena_array(sc->a, y->n, sizeof *words);
    if (!d || !words)
        return sigma_no_memory(e);
    size_t n = 0;
    for (size_t i = 0; i < y->n; i++) {
        if (y->items[i]->kind == YAML_SCALAR)
            words[n++] = y->items[i];
        else if (!sigma_det_parse(sc, y->items[i], d->kids + d->n++, e))
            return false;
    }
    struct sigma_item *it;
    if (n && (!sigma_keywords_parse(sc, words, n, y->line, &it, e) ||
              !det_of_item(sc, it, d->kids + d->n++, e)))
        return false;
    *out = d;
    return true;
}

bool sigma_det_parse(struct sigma_scope *sc, const struct yaml *y, const struct sigma_det **out,
                     struct err *e)
{
    struct sigma_item *it;
    if (y->kind == YAML_SCALAR && yaml_is_null(y))
        return sigma_at(sc, y->line, err_set(e, ERR_INPUT, "a detection has nothing in it"));
    if (y->kind == YAML_SCALAR)
        return sigma_keywords_parse(sc, &y, 1, y->line, &it, e) && det_of_item(sc, it, out, e);
    if (y->n == 0)
        return sigma_at(sc, y->line,
                        err_set(e, ERR_INPUT, "a detection is an empty %s",
                                y->kind == YAML_MAP ? "map" : "list"));
    return y->kind == YAML_MAP ? parse_map(sc, y, out, e) : parse_list(sc, y, out, e);
}

bool sigma_det_emit(struct sigma_scope *sc, const struct sigma_det *d, uint32_t *node,
                    struct err *e)
{
    if (d->kind == DET_ITEM)
        return sigma_item_emit(sc, d->item, node, e);
    uint32_t *kids = arena_array(sc->a, d->n, sizeof *kids);
    if (!kids)
        return sigma_no_memory(e);
    for (size_t i = 0; i < d->n; i++)
        if (!sigma_det_emit(sc, d->kids[i], kids + i, e))
            return false;
    *node = d->kind == DET_AND ? builder_node_and(sc->b, kids, d->n)
                               : builder_node_or(sc->b, kids, d->n);
    return true;
}
