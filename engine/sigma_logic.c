/* `detection:` and `filter:` maps: search identifiers and the condition over them. */
#include "engine/sigma_parts.h"

bool sigma_at(struct sigma_scope *sc, unsigned line, bool failed)
{
    sc->line = line;
    return failed;
}

bool sigma_field_check(struct sigma_scope *sc, unsigned line, struct str field, struct err *e)
{
    size_t steps = 1;
    for (size_t i = 0; i < field.n; i++)
        steps += field.p[i] == '.';
    if (own_is(field) && own_field_of(field) == OWN_FIELDS)
        return sigma_at(sc, line,
                        err_set(e, ERR_INPUT,
                                "there is no field '%.*s': under trailwarden there are country, "
                                "asn, as_org, subject and namespace",
                                SHOWN(field)));
    if (steps <= FIELD_STEPS_MAX)
        return true;
    return sigma_at(sc, line,
                    err_set(e, ERR_INPUT, "field '%.*s' has more than %d steps", SHOWN(field),
                            FIELD_STEPS_MAX));
}

bool sigma_no_memory(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "the Sigma rules take more memory than they may");
}

static bool add_search(struct sigma_scope *sc, struct sigma_logic *l, const struct yaml_pair *pair,
                       struct err *e)
{
    struct str name = pair->key->text;
    if (pair->key->kind != YAML_SCALAR || name.n == 0)
        return sigma_at(sc, pair->key->line,
                        err_set(e, ERR_INPUT, "a search identifier is no text"));
    if (str_eqz(name, "timeframe"))
        return sigma_at(sc, pair->key->line,
                        err_set(e, ERR_INPUT,
                                "'timeframe' went with the aggregations that Sigma has dropped: "
                                "write a correlation rule"));
    if (l->n == SIGMA_SEARCHES_MAX)
        return sigma_at(
            sc, pair->key->line,
            err_set(e, ERR_INPUT, "more than %d search identifiers", SIGMA_SEARCHES_MAX));
    struct sigma_search *s = l->searches + l->n++;
    s->name = name;
    s->line = pair->key->line;
    if (sigma_det_parse(sc, pair->value, &s->det, e))
        return true;
    if (e && e->kind != ERR_SYSTEM)
        return err_wrap(e, "search '%.*s'", SHOWN(name));
    return false;
}

static void warn_unused(struct sigma_scope *sc, const struct sigma_logic *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct sigma_search *s = l->searches + i;
        if (!s->used && s->name.p[0] != '_')
            diag_add(sc->diags, DIAG_WARNING, sc->file, s->line, sc->rule,
                     "search '%.*s' is not used by the condition", SHOWN(s->name));
    }
}

bool sigma_logic_parse(struct sigma_scope *sc, const struct yaml *y, const char *skip,
                       struct sigma_logic *out, struct err *e)
{
    *out = (struct sigma_logic){0};
    if (y->kind != YAML_MAP)
        return sigma_at(sc, y->line, err_set(e, ERR_INPUT, "the detection is no map"));
    const struct yaml *condition = yaml_get(y, "condition");
    if (!condition)
        return sigma_at(sc, y->line, err_set(e, ERR_INPUT, "there is no condition"));
    out->searches = arena_array(sc->a, y->n, sizeof *out->searches);
    if (!out->searches)
        return sigma_no_memory(e);
    for (size_t i = 0; i < y->n; i++) {
        const struct yaml *key = y->pairs[i].key;
        if (str_eqz(key->text, "condition") || (skip && str_eqz(key->text, skip)))
            continue;
        if (!add_search(sc, out, y->pairs + i, e))
            return false;
    }
    if (out->n == 0)
        return sigma_at(sc, y->line, err_set(e, ERR_INPUT, "there is no search identifier"));
    if (!sigma_cond_parse(sc, condition, out->searches, out->n, &out->condition, e))
        return false;
    warn_unused(sc, out);
    return true;
}

bool sigma_logic_emit(struct sigma_scope *sc, struct sigma_logic *l, uint32_t *node, struct err *e)
{
    return sigma_cond_emit(sc, l->condition, l->searches, node, e);
}
