/* One correlation whose rules are known to its rule, window and inputs. */
#include "engine/sigma_correlation.h"
#include "engine/sigma_lint.h"

#define HOUR_MS 3600000ll
/* Spec of the state: an update costs the whole item, so items stay small. */
#define BUCKET_BYTES  4096
#define ELEMENT_BYTES 30 /* of one element in a bucket */
/* A flood can fill a cell that tells times apart with 2 * WINDOW_PAIRS_MAX elements, 30 KB; an item
 * of DynamoDB takes 400 KB, and several deliveries may add before one of them thins. */
#define CROWDED_CELLS_MAX 4
/* Into how many cells a timespan is parted, of an hour at least (an object of CloudTrail covers
 * minutes, and should touch one bucket): a key that is in each object costs that much less, a flood
 * that much more to read. */
#define PARTS_MAX 8

/* ---- fields and aliases ---- */

/* Whether an alias' key means this reference. */
static bool means(const struct sigma_reference *r, struct str key)
{
    return str_eq(key, r->text) || str_eq(key, r->doc->name) || str_eq(key, r->doc->id) ||
           str_eq(key, r->doc->title);
}

static const struct yaml *alias_of(const struct sigma_correlation *c, struct str name)
{
    for (size_t i = 0; c->aliases && i < c->aliases->n; i++)
        if (str_eq(c->aliases->pairs[i].key->text, name))
            return c->aliases->pairs[i].value;
    return NULL;
}

/* The field that `name` of group-by or of the condition is for one of the rules. An alias that says
 * none for a correlation stands for the alias of the same name there. */
static bool field_of(struct sigma_link *l, const struct sigma_reference *r, struct str name,
                     struct str *field, struct err *e)
{
    const struct yaml *alias = alias_of(l->c, name);
    *field = name;
    for (size_t i = 0; alias && i < alias->n; i++)
        if (means(r, alias->pairs[i].key->text)) {
            *field = yaml_text(alias->pairs[i].value);
            return true;
        }
    if (!alias || r->doc->kind == SIGMA_CORRELATION)
        return true;
    return sigma_at(l->sc, alias->line,
                    err_set(e, ERR_INPUT, "alias '%.*s' gives no field for '%.*s'", SHOWN(name),
                            SHOWN(r->text)));
}

static bool is_used(const struct sigma_names *names, struct str name)
{
    for (size_t i = 0; i < names->n; i++)
        if (str_eq(names->list[i], name))
            return true;
    return false;
}

static bool means_any(const struct sigma_correlation *c, struct str key)
{
    for (size_t i = 0; i < c->n_rules; i++)
        if (means(c->rules + i, key))
            return true;
    return false;
}

static bool check_aliases(struct sigma_link *l, struct err *e)
{
    const struct yaml *all = l->c->aliases;
    for (size_t i = 0; all && i < all->n; i++) {
        const struct yaml *name = all->pairs[i].key, *fields = all->pairs[i].value;
        for (size_t k = 0; k < fields->n; k++)
            if (!means_any(l->c, fields->pairs[k].key->text))
                return sigma_at(l->sc, fields->pairs[k].key->line,
                                err_set(e, ERR_INPUT,
                                        "alias '%.*s' speaks of '%.*s', which 'rules' does not "
                                        "name",
                                        SHOWN(name->text), SHOWN(fields->pairs[k].key->text)));
        if (!is_used(&l->c->keys, name->text) && !is_used(&l->c->values, name->text))
            diag_add(l->sc->diags, DIAG_WARNING, l->doc->file, name->line, l->doc->label,
                     "alias '%.*s' is not used", SHOWN(name->text));
    }
    return true;
}

/* Which part of the child's key a field is. */
static bool position_of(struct sigma_link *l, const struct sigma_reference *r, unsigned line,
                        struct str field, uint32_t *position, struct err *e)
{
    const struct sigma_names *keys = &r->doc->correlation->keys;
    for (size_t i = 0; i < keys->n; i++)
        if (str_eq(keys->list[i], field)) {
            *position = (uint32_t)i;
            return true;
        }
    return sigma_at(l->sc, line,
                    err_set(e, ERR_INPUT,
                            "'%.*s' is no part of the key of correlation '%.*s', and nothing else "
                            "is known of it",
                            SHOWN(field), SHOWN(r->text)));
}

/* Numbers of a list of fields for one rule: slots, or positions in the key of a correlation. */
static bool numbers_of(struct sigma_link *l, const struct sigma_reference *r,
                       const struct sigma_names *names, struct rs_list *out, struct err *e)
{
    uint32_t numbers[RS_KEY_MAX];
    for (size_t i = 0; i < names->n; i++) {
        struct str field;
        if (!field_of(l, r, names->list[i], &field, e))
            return false;
        bool ok = r->doc->kind == SIGMA_CORRELATION
                      ? position_of(l, r, names->line, field, numbers + i, e)
                      : sigma_slot(l->sc, names->line, field, numbers + i, e);
        if (!ok)
            return false;
    }
    *out = builder_numbers(l->sc->b, numbers, names->n);
    return true;
}

/* ---- making ---- */

static bool make_inputs(struct sigma_link *l, struct rs_input **out, struct err *e)
{
    struct rs_input *list = arena_array(l->sc->a, l->c->n_rules, sizeof *list);
    if (!list)
        return sigma_no_memory(e);
    for (size_t i = 0; i < l->c->n_rules; i++) {
        const struct sigma_reference *r = l->c->rules + i;
        list[i] = (struct rs_input){
            .step = (uint32_t)i,
            .rule = r->doc->rule,
            .child = r->doc->kind == SIGMA_CORRELATION ? r->doc->correlation->window : RS_NONE,
        };
        if (!numbers_of(l, r, &l->c->keys, &list[i].keys, e) ||
            !numbers_of(l, r, &l->c->values, &list[i].values, e))
            return false;
    }
    *out = list;
    return true;
}

static bool lists_equal(struct rs_list a, struct rs_list b)
{
    return a.first == b.first && a.n == b.n;
}

/* Steps that one event meets for one key do not show that two things happened. */
static void warn_overlap(struct sigma_link *l, const struct rs_input *in)
{
    const struct sigma_correlation *c = l->c;
    bool steps = c->type == WINDOW_TYPE_TEMPORAL || c->type == WINDOW_TYPE_ORDERED;
    for (size_t i = 0; i < c->n_rules; i++)
        for (size_t k = 0; k < i; k++) {
            const struct sigma_entry *a = c->rules[k].doc, *b = c->rules[i].doc;
            bool alike = a == b || (a->kind == SIGMA_RULE && b->kind == SIGMA_RULE &&
                                    a->program == b->program);
            if (steps && alike && lists_equal(in[i].keys, in[k].keys))
                diag_add(l->sc->diags, DIAG_WARNING, l->doc->file, c->rules[i].line, l->doc->label,
                         "one event meets both '%.*s' and '%.*s'", SHOWN(c->rules[k].text),
                         SHOWN(c->rules[i].text));
            else if (!steps && a == b)
                diag_add(l->sc->diags, DIAG_WARNING, l->doc->file, c->rules[i].line, l->doc->label,
                         "'%.*s' is named twice", SHOWN(c->rules[i].text));
        }
}

/* How wide the cells are. What counts events keeps few of them anyway. */
static int64_t cell_ms(const struct sigma_correlation *c)
{
    int64_t parts = c->timespan_ms / HOUR_MS;
    int64_t by_size = PARTS_MAX * BUCKET_BYTES / (2 * (int64_t)c->n * ELEMENT_BYTES);
    if (c->type == WINDOW_TYPE_EVENT_COUNT || parts < 2 || by_size < 2)
        return c->timespan_ms;
    parts = parts < by_size ? parts : by_size;
    return c->timespan_ms / (parts < PARTS_MAX ? parts : PARTS_MAX);
}

/* Whole cells of a bucket that holds what thinning leaves of them: see engine/window.h. Of counts
 * that is 2n a cell; the other types tell times apart, in order or for windows above them. */
static uint32_t bucket_cells(const struct sigma_correlation *c)
{
    int64_t by_size = BUCKET_BYTES / (2 * (int64_t)c->n * ELEMENT_BYTES);
    int64_t by_time = HOUR_MS / c->timespan_ms;
    int64_t cells = by_size < by_time ? by_size : by_time;
    if (c->type != WINDOW_TYPE_EVENT_COUNT && cells > CROWDED_CELLS_MAX)
        cells = CROWDED_CELLS_MAX;
    return cells < 1 ? 1 : (uint32_t)cells;
}

/* Writes the condition in prefix form at out[n..WINDOW_EXPR_MAX); false when it does not fit. */
static bool put_expr(const struct sigma_cond *c, uint32_t *out, size_t *n)
{
    if (*n == WINDOW_EXPR_MAX)
        return false;
    if (c->op == COND_SEARCH) {
        out[(*n)++] = WINDOW_NODE(WINDOW_STEP, c->search);
        return true;
    }
    out[(*n)++] = WINDOW_NODE(c->op == COND_AND ? WINDOW_AND : WINDOW_OR, c->n_kids);
    for (const struct sigma_cond *kid = c->kids; kid; kid = kid->next)
        if (!put_expr(kid, out, n))
            return false;
    return true;
}

static bool make_expr(struct sigma_link *l, struct rs_list *out, struct err *e)
{
    uint32_t expr[WINDOW_EXPR_MAX];
    size_t n = 0;
    if (l->c->of && !put_expr(l->c->of, expr, &n))
        return sigma_at(
            l->sc, yaml_get(yaml_get(l->doc->root, "correlation"), "condition")->line,
            err_set(e, ERR_INPUT, "the condition has more than %d parts", WINDOW_EXPR_MAX));
    *out = builder_numbers(l->sc->b, expr, n);
    return true;
}

/* Of what it says and of all it is made of: when any of that is edited, state begins anew. */
static bool make_hash(struct sigma_link *l, struct err *e)
{
    struct sha256 h;
    sha256_init(&h);
    sha256_add_part(&h, l->doc->id);
    if (!sigma_hash_yaml(&h, yaml_get(l->doc->root, "correlation"), e))
        return false;
    for (size_t i = 0; i < l->c->n_rules; i++)
        sha256_add(&h, str_n((const char *)l->c->rules[i].doc->hash, RS_HASH_BYTES));
    sigma_hash_end(&h, l->doc->hash);
    return true;
}

/* What its alerts show: the document's own fields, its key and values, then what its rules show. */
static bool gather_fields(struct sigma_link *l, const struct rs_input *in, struct sigma_fields *f,
                          struct err *e)
{
    bool ok = sigma_fields_named(l->sc, l->doc->root, f, e);
    for (int values = 0; values < 2; values++)
        for (size_t i = 0; ok && i < l->c->n_rules; i++) {
            const struct sigma_names *names = values ? &l->c->values : &l->c->keys;
            struct str field;
            for (size_t k = 0; ok && in[i].child == RS_NONE && k < names->n; k++)
                ok = field_of(l, l->c->rules + i, names->list[k], &field, e) &&
                     (sigma_fields_add(f, builder_slot_fan(f->b, field)) || sigma_no_memory(e));
        }
    for (size_t i = 0; ok && i < l->c->n_rules; i++) {
        const struct sigma_entry *d = l->c->rules[i].doc;
        for (size_t k = 0; ok && k < d->n_fields; k++)
            ok = sigma_fields_add(f, d->fields[k]) || sigma_no_memory(e);
    }
    return ok;
}

static bool put_rule(struct sigma_link *l, const struct rs_input *in, struct err *e)
{
    struct sigma_fields f;
    sigma_fields_init(&f, l->sc->b);
    l->doc->program = builder_node_const(l->sc->b, false);
    bool ok = gather_fields(l, in, &f, e) && sigma_set_rule(l->sc, l->doc, &l->c->meta, &f, e);
    sigma_fields_release(&f);
    return ok;
}

static void put_window(struct sigma_link *l, struct rs_list expr, struct rs_input *in)
{
    const struct sigma_correlation *c = l->c;
    struct builder *b = l->sc->b;
    bool first_seen = c->type == WINDOW_TYPE_FIRST_SEEN;
    struct rs_window w = {
        .rule = l->doc->rule,
        .type = c->type,
        .flags =
            (c->strict ? WINDOW_STRICT : 0u) | (str_present(c->scan_only) ? WINDOW_SCAN_ONLY : 0u),
        .depth = c->depth,
        .n = c->n,
        .n_steps = (uint32_t)c->n_rules,
        .bucket_cells = first_seen ? 1 : bucket_cells(c),
        .bounded = str_present(c->scan_only) ? c->bounded : 0,
        .timespan_ms = c->timespan_ms,
        .gap_ms = c->gap_ms,
        .cell_ms = first_seen ? c->gap_ms : cell_ms(c),
        .history_ms = c->history_ms,
        .learn_ms = c->learn_ms,
        .percentile = c->percentile,
        .key_names = builder_texts(b, c->keys.list, c->keys.n),
        .expr = expr,
    };
    memcpy(w.bounds, c->bounds, sizeof w.bounds);
    memcpy(w.hash, l->doc->hash, sizeof w.hash);
    l->c->window = builder_window(b, &w);
    struct rs_rule *rule = builder_rule_at(b, l->doc->rule);
    if (rule)
        rule->window = l->c->window;
    for (size_t i = 0; i < c->n_rules; i++) {
        in[i].window = l->c->window;
        (void)builder_input(b, in + i);
    }
}

/* Warns about fields that no record has: what is no alias, and what aliases stand for. */
static void lint_names(const struct sigma_link *l, const struct sigma_names *names)
{
    for (size_t i = 0; i < names->n; i++) {
        const struct yaml *alias = alias_of(l->c, names->list[i]);
        if (!alias)
            sigma_lint_field(l->sc, names->line, names->list[i]);
        for (size_t k = 0; alias && alias->kind == YAML_MAP && k < alias->n; k++)
            sigma_lint_field(l->sc, alias->pairs[k].value->line, yaml_text(alias->pairs[k].value));
    }
}

/* Names in the key of a correlation that is built on others are theirs; and only CloudTrail's
 * fields are known. */
static void lint(const struct sigma_link *l)
{
    for (size_t i = 0; i < l->c->n_rules; i++)
        if (l->c->rules[i].doc->kind == SIGMA_CORRELATION ||
            l->c->rules[i].doc->source != SOURCE_CLOUDTRAIL)
            return;
    lint_names(l, &l->c->keys);
    lint_names(l, &l->c->values);
}

bool sigma_correlation_make(struct sigma_link *l, struct err *e)
{
    struct rs_input *in = NULL;
    struct rs_list expr;
    l->sc->source = l->c->rules[0].doc->source;
    if (!check_aliases(l, e) || !make_inputs(l, &in, e) || !make_expr(l, &expr, e) ||
        !make_hash(l, e) || !put_rule(l, in, e))
        return false;
    warn_overlap(l, in);
    put_window(l, expr, in);
    if (l->set->lint)
        lint(l);
    return true;
}
