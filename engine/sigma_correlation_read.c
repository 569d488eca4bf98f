/* One correlation document: its keys, checked by themselves. */
#include "engine/sigma_correlation.h"

#define HOUR_MS       3600000ll
#define LEARN_MS      (7 * 24 * HOUR_MS) /* of first_seen, when it says nothing */
#define ALL           (~0u)
#define OF(type)      (1u << (type))
#define OF_FIRST_SEEN OF(WINDOW_TYPE_FIRST_SEEN)

static const struct {
    const char *name;
    enum window_type type;
} types[] = {
    {"event_count", WINDOW_TYPE_EVENT_COUNT}, {"value_count", WINDOW_TYPE_VALUE_COUNT},
    {"temporal", WINDOW_TYPE_TEMPORAL},       {"temporal_ordered", WINDOW_TYPE_ORDERED},
    {"first_seen", WINDOW_TYPE_FIRST_SEEN},   {"value_sum", WINDOW_TYPE_SUM},
    {"value_avg", WINDOW_TYPE_AVG},           {"value_percentile", WINDOW_TYPE_PERCENTILE},
    {"value_median", WINDOW_TYPE_MEDIAN},
};

const char *sigma_type_name(enum window_type type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].type == type)
            return types[i].name;
    return "detection";
}

static bool read_type(struct sigma_scope *sc, const struct yaml *y, struct sigma_correlation *out,
                      struct err *e)
{
    const struct yaml *at = yaml_get(y, "type");
    struct str name = yaml_text(at);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_eqz(name, types[i].name)) {
            out->type = types[i].type;
            return true;
        }
    if (name.n == 0)
        return sigma_at(sc, y->line, err_set(e, ERR_INPUT, "the correlation has no type"));
    return sigma_at(sc, at->line,
                    err_set(e, ERR_INPUT,
                            "type '%.*s' is none of event_count, value_count, temporal, "
                            "temporal_ordered, first_seen, value_sum, value_avg, value_percentile, "
                            "value_median",
                            SHOWN(name)));
}

/* Which types a key is for. */
static bool check_keys(struct sigma_scope *sc, const struct yaml *y, enum window_type type,
                       struct err *e)
{
    static const struct {
        const char *name;
        unsigned types;
    } keys[] = {
        {"type", ALL},
        {"rules", ALL},
        {"group-by", ALL},
        {"aliases", ALL},
        {"generate", ALL},
        {"timespan", ALL & ~OF_FIRST_SEEN},
        {"condition", ALL & ~OF_FIRST_SEEN},
        {"gap", ALL & ~OF_FIRST_SEEN},
        {"ties", OF(WINDOW_TYPE_ORDERED)},
        {"fields", OF_FIRST_SEEN},
        {"history", OF_FIRST_SEEN},
        {"learn", OF_FIRST_SEEN},
    };
    for (size_t i = 0; i < y->n; i++) {
        const struct yaml *key = y->pairs[i].key;
        unsigned found = 0;
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            if (str_eqz(key->text, keys[k].name))
                found = keys[k].types;
        if (!found)
            return sigma_at(
                sc, key->line,
                err_set(e, ERR_INPUT, "a correlation has no key '%.*s'", SHOWN(key->text)));
        if (!(found & OF(type)))
            return sigma_at(sc, key->line,
                            err_set(e, ERR_INPUT, "type %s takes no '%.*s'", sigma_type_name(type),
                                    SHOWN(key->text)));
    }
    return true;
}

/* The rules named by a text or a list of texts. Without any they come from the condition. */
static bool read_rules(struct sigma_scope *sc, const struct yaml *y, struct sigma_correlation *out,
                       struct err *e)
{
    const struct yaml *rules = yaml_get(y, "rules");
    bool many = rules && rules->kind == YAML_SEQ;
    size_t n = !rules || yaml_is_null(rules) ? 0 : many ? rules->n : 1;
    if (n > SIGMA_REFERENCES_MAX)
        return sigma_at(
            sc, rules->line,
            err_set(e, ERR_INPUT, "'rules' names more than %d rules", SIGMA_REFERENCES_MAX));
    out->rules = arena_array(sc->a, n, sizeof *out->rules);
    if (!out->rules)
        return sigma_no_memory(e);
    for (size_t i = 0; i < n; i++) {
        const struct yaml *one = many ? rules->items[i] : rules;
        out->rules[i] = (struct sigma_reference){yaml_text(one), one->line, NULL};
        if (out->rules[i].text.n == 0)
            return sigma_at(sc, one->line,
                            err_set(e, ERR_INPUT, "'rules' holds what names no rule"));
    }
    out->n_rules = n;
    return true;
}

/* Stands at the top by the schema, inside the correlation by pySigma; false when it is not said. */
static bool read_generate(struct sigma_scope *sc, const struct yaml *root, const struct yaml *y,
                          struct sigma_correlation *out, struct err *e)
{
    const struct yaml *at[] = {yaml_get(root, "generate"), yaml_get(y, "generate")};
    bool said[2] = {false, false};
    for (int i = 0; i < 2; i++)
        if (at[i] && !yaml_bool(at[i], said + i))
            return sigma_at(sc, at[i]->line,
                            err_set(e, ERR_INPUT, "'generate' is neither true nor false"));
    if (at[0] && at[1] && said[0] != said[1])
        return sigma_at(sc, at[1]->line,
                        err_set(e, ERR_INPUT, "'generate' is told twice, and not alike"));
    out->generate = said[0] || said[1];
    return true;
}

static bool read_aliases(struct sigma_scope *sc, const struct yaml *y,
                         struct sigma_correlation *out, struct err *e)
{
    const struct yaml *a = yaml_get(y, "aliases");
    out->aliases = a && !yaml_is_null(a) ? a : NULL;
    if (!out->aliases)
        return true;
    if (a->kind != YAML_MAP)
        return sigma_at(sc, a->line, err_set(e, ERR_INPUT, "'aliases' is no map"));
    for (size_t i = 0; i < a->n; i++) {
        const struct yaml *fields = a->pairs[i].value;
        if (fields->kind != YAML_MAP)
            return sigma_at(sc, fields->line,
                            err_set(e, ERR_INPUT, "alias '%.*s' is no map of rules to fields",
                                    SHOWN(a->pairs[i].key->text)));
        for (size_t k = 0; k < fields->n; k++)
            if (yaml_text(fields->pairs[k].value).n == 0)
                return sigma_at(sc, fields->pairs[k].value->line,
                                err_set(e, ERR_INPUT, "alias '%.*s' gives '%.*s' no field",
                                        SHOWN(a->pairs[i].key->text),
                                        SHOWN(fields->pairs[k].key->text)));
    }
    return true;
}

static bool read_ties(struct sigma_scope *sc, const struct yaml *y, struct sigma_correlation *out,
                      struct err *e)
{
    const struct yaml *ties = yaml_get(y, "ties");
    out->strict = ties != NULL;
    if (!ties || str_eqz(yaml_text(ties), "strict"))
        return true;
    return sigma_at(
        sc, ties->line,
        err_set(e, ERR_INPUT, "'ties' can only be 'strict': equal times are in order without it"));
}

/* timespan, and the gap between episodes. */
static bool read_times(struct sigma_scope *sc, const struct yaml *y, struct sigma_correlation *out,
                       struct err *e)
{
    const struct yaml *timespan = yaml_get(y, "timespan"), *gap = yaml_get(y, "gap");
    if (!timespan)
        return sigma_at(sc, y->line, err_set(e, ERR_INPUT, "the correlation has no timespan"));
    if (!sigma_duration(sc, timespan, "timespan", &out->timespan_ms, e))
        return false;
    if (out->timespan_ms == 0)
        return sigma_at(sc, timespan->line, err_set(e, ERR_INPUT, "'timespan' is zero"));
    out->gap_ms = out->timespan_ms > HOUR_MS ? out->timespan_ms : HOUR_MS;
    if (!gap)
        return true;
    if (!sigma_duration(sc, gap, "gap", &out->gap_ms, e))
        return false;
    if (out->gap_ms < out->timespan_ms)
        return sigma_at(sc, gap->line, err_set(e, ERR_INPUT, "'gap' is shorter than the timespan"));
    return true;
}

/* What first_seen has in place of a timespan and a condition. */
static bool read_first_seen(struct sigma_scope *sc, const struct yaml *y,
                            struct sigma_correlation *out, struct err *e)
{
    const struct yaml *history = yaml_get(y, "history"), *learn = yaml_get(y, "learn");
    out->n = 1;
    out->learn_ms = LEARN_MS;
    if (!sigma_names(sc, yaml_get(y, "fields"), "fields", &out->values, e))
        return false;
    if (out->values.n == 0)
        return sigma_at(sc, y->line, err_set(e, ERR_INPUT, "first_seen has no 'fields'"));
    if (out->values.n + out->keys.n > RS_KEY_MAX)
        return sigma_at(
            sc, out->values.line,
            err_set(e, ERR_INPUT, "'group-by' and 'fields' name more than %d fields", RS_KEY_MAX));
    if (!history)
        return sigma_at(sc, y->line, err_set(e, ERR_INPUT, "first_seen has no 'history'"));
    if (!sigma_duration(sc, history, "history", &out->history_ms, e) ||
        (learn && !sigma_duration(sc, learn, "learn", &out->learn_ms, e)))
        return false;
    if (out->history_ms == 0)
        return sigma_at(sc, history->line, err_set(e, ERR_INPUT, "'history' is zero"));
    out->gap_ms = out->history_ms;
    return true;
}

static bool check_rules(struct sigma_scope *sc, const struct yaml *y,
                        const struct sigma_correlation *c, struct err *e)
{
    bool steps = c->type == WINDOW_TYPE_TEMPORAL || c->type == WINDOW_TYPE_ORDERED;
    if (c->n_rules == 0)
        return sigma_at(sc, y->line, err_set(e, ERR_INPUT, "the correlation names no rules"));
    if (steps && c->n_rules > WINDOW_STEPS_MAX)
        return sigma_at(sc, c->rules[0].line,
                        err_set(e, ERR_INPUT, "type %s takes at most %d rules",
                                sigma_type_name(c->type), WINDOW_STEPS_MAX));
    return true;
}

bool sigma_correlation_read(struct sigma_scope *sc, const struct yaml *root,
                            struct sigma_correlation *out, struct err *e)
{
    const struct yaml *y = yaml_get(root, "correlation");
    *out = (struct sigma_correlation){.window = RS_NONE};
    if (!sigma_meta_read(sc, root, &out->meta, e))
        return false;
    if (y->kind != YAML_MAP)
        return sigma_at(sc, y->line, err_set(e, ERR_INPUT, "'correlation' is no map"));
    if (yaml_get(root, "detection"))
        return sigma_at(sc, yaml_get(root, "detection")->line,
                        err_set(e, ERR_INPUT, "a document has a detection or a correlation"));
    if (!read_type(sc, y, out, e) || !check_keys(sc, y, out->type, e) ||
        !read_rules(sc, y, out, e) || !read_generate(sc, root, y, out, e) ||
        !read_aliases(sc, y, out, e) || !read_ties(sc, y, out, e) ||
        !sigma_names(sc, yaml_get(y, "group-by"), "group-by", &out->keys, e))
        return false;
    bool first_seen = out->type == WINDOW_TYPE_FIRST_SEEN;
    if (first_seen ? !read_first_seen(sc, y, out, e)
                   : !read_times(sc, y, out, e) ||
                         !sigma_correlation_condition(sc, yaml_get(y, "condition"), out, e))
        return false;
    return check_rules(sc, y, out, e);
}
