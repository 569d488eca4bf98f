/* The window that a detection asks for itself, and what it shares with correlations: durations,
 * lists of fields, slots. */
#include "engine/sigma_correlation.h"

#define SINGLE_GAP_MS   3600000 /* as builder_freeze gives it: an hour */
#define DURATION_MAX_MS (10 * 31556952000ll)

bool sigma_duration(struct sigma_scope *sc, const struct yaml *y, const char *key, int64_t *ms,
                    struct err *e)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {
        {'s', 1000},      {'m', 60000},        {'h', 3600000},       {'d', 86400000},
        {'w', 604800000}, {'M', 2629746000ll}, {'y', 31556952000ll},
    };
    struct str text = yaml_text(y);
    unsigned long long n;
    for (size_t i = 0; i < sizeof units / sizeof *units && text.n; i++) {
        if (text.p[text.n - 1] != units[i].unit || !str_u64(str_slice(text, 0, text.n - 1), &n))
            continue;
        if (n > (unsigned long long)(DURATION_MAX_MS / units[i].ms))
            return sigma_at(
                sc, y->line,
                err_set(e, ERR_INPUT, "'%s' is more than ten years: %.*s", key, SHOWN(text)));
        *ms = (int64_t)n * units[i].ms;
        return true;
    }
    return sigma_at(sc, y->line,
                    err_set(e, ERR_INPUT,
                            "'%s' is no whole number with one of the units s, m, h, d, w, M, y: "
                            "'%.*s'",
                            key, SHOWN(text)));
}

static bool is_among(const struct str *list, size_t n, struct str s)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i], s))
            return true;
    return false;
}

bool sigma_names(struct sigma_scope *sc, const struct yaml *y, const char *key,
                 struct sigma_names *out, struct err *e)
{
    bool many = y && y->kind == YAML_SEQ;
    size_t n = !y || yaml_is_null(y) ? 0 : many ? y->n : 1;
    *out = (struct sigma_names){NULL, 0, y ? y->line : 0};
    if (n > RS_KEY_MAX)
        return sigma_at(sc, y->line,
                        err_set(e, ERR_INPUT, "'%s' names more than %d fields", key, RS_KEY_MAX));
    struct str *list = arena_array(sc->a, n, sizeof *list);
    if (!list)
        return sigma_no_memory(e);
    for (size_t i = 0; i < n; i++) {
        const struct yaml *one = many ? y->items[i] : y;
        list[i] = yaml_text(one);
        if (list[i].n == 0)
            return sigma_at(sc, one->line,
                            err_set(e, ERR_INPUT, "'%s' holds what names no field", key));
        if (is_among(list, i, list[i]))
            return sigma_at(sc, one->line,
                            err_set(e, ERR_INPUT, "'%s' names '%.*s' twice", key, SHOWN(list[i])));
    }
    out->list = list;
    out->n = n;
    return true;
}

bool sigma_slot(struct sigma_scope *sc, unsigned line, struct str field, uint32_t *slot,
                struct err *e)
{
    if (!sigma_field_check(sc, line, field, e))
        return false;
    *slot = builder_slot_fan(sc->b, field);
    return true;
}

bool sigma_single_read(struct sigma_scope *sc, const struct yaml *root, struct sigma_single *out,
                       struct err *e)
{
    const struct yaml *y = yaml_get(root, "trailwarden"), *gap = yaml_get(y, "gap");
    *out = (struct sigma_single){.said = y, .gap_ms = SINGLE_GAP_MS};
    if (!y)
        return true;
    if (y->kind != YAML_MAP)
        return sigma_at(sc, y->line, err_set(e, ERR_INPUT, "'trailwarden' is no map"));
    for (size_t i = 0; i < y->n; i++) {
        const struct yaml *key = y->pairs[i].key;
        if (!str_eqz(key->text, "group-by") && !str_eqz(key->text, "gap"))
            return sigma_at(sc, key->line,
                            err_set(e, ERR_INPUT,
                                    "'trailwarden' has no key '%.*s': group-by and gap are known",
                                    SHOWN(key->text)));
    }
    if (!sigma_names(sc, yaml_get(y, "group-by"), "group-by", &out->keys, e) ||
        (gap && !sigma_duration(sc, gap, "gap", &out->gap_ms, e)))
        return false;
    if (out->gap_ms == 0)
        return sigma_at(sc, gap->line, err_set(e, ERR_INPUT, "'gap' is zero"));
    for (size_t i = 0; i < out->keys.n; i++)
        if (!sigma_slot(sc, out->keys.line, out->keys.list[i], out->slots + i, e))
            return false;
    return true;
}

/* The window's state is its own: the detection's hash with what is said here. */
static bool hash_window(const struct sigma_entry *d, const struct sigma_single *s,
                        unsigned char out[RS_HASH_BYTES], struct err *e)
{
    struct sha256 h;
    sha256_init(&h);
    sha256_add(&h, str_n((const char *)d->hash, RS_HASH_BYTES));
    if (!sigma_hash_yaml(&h, s->said, e))
        return false;
    sigma_hash_end(&h, out);
    return true;
}

/* Feeds the rule's own hits into its window, by the fields of its key. */
static void put_input(struct builder *b, const struct sigma_entry *d, const struct sigma_single *s,
                      uint32_t window)
{
    struct rs_input in = {
        .window = window,
        .rule = d->rule,
        .child = RS_NONE,
        .keys = builder_numbers(b, s->slots, s->keys.n),
    };
    (void)builder_input(b, &in);
}

bool sigma_single_put(struct sigma_scope *sc, const struct sigma_entry *d,
                      const struct sigma_single *s, struct err *e)
{
    if (!s->said)
        return true;
    struct rs_window w = {
        .rule = d->rule,
        .type = WINDOW_TYPE_SINGLE,
        .flags = s->keys.n ? 0 : WINDOW_IDENTITY,
        .n = 1,
        .n_steps = 1,
        .bucket_cells = 1,
        .cell_ms = s->gap_ms,
        .gap_ms = s->gap_ms,
        .key_names = builder_texts(sc->b, s->keys.list, s->keys.n),
    };
    if (!hash_window(d, s, w.hash, e))
        return false;
    uint32_t window = builder_window(sc->b, &w);
    struct rs_rule *rule = builder_rule_at(sc->b, d->rule);
    if (rule)
        rule->window = window;
    if (s->keys.n)
        put_input(sc->b, d, s, window);
    return true;
}
