/* The condition of a correlation: bounds on a number, or names joined by `and` and `or`. */
#include <math.h>

#include "engine/sigma_correlation.h"

#define COUNT_MAX 1e9 /* whole numbers in conditions; beyond it nobody counts */

static const char *const bound_names[BOUNDS] = {
    [BOUND_GT] = "gt",   [BOUND_GTE] = "gte", [BOUND_LT] = "lt",
    [BOUND_LTE] = "lte", [BOUND_EQ] = "eq",   [BOUND_NEQ] = "neq",
};

#define BIT(b) (1u << (b))
#define LOWER  (BIT(BOUND_GT) | BIT(BOUND_GTE))
#define UPPER  (BIT(BOUND_LT) | BIT(BOUND_LTE))

static bool takes_field(enum window_type type)
{
    return type == WINDOW_TYPE_VALUE_COUNT || type >= WINDOW_TYPE_SUM;
}

/* Whether its number is a count: whole, and never less than 1 when it is looked at. */
static bool counts(enum window_type type)
{
    return type < WINDOW_TYPE_SUM;
}

/* ---- bounds ---- */

static bool read_bound(struct sigma_scope *sc, const struct yaml_pair *pair, unsigned bound,
                       struct sigma_correlation *out, struct err *e)
{
    double v;
    if (!yaml_number(pair->value, &v) || !isfinite(v))
        return sigma_at(sc, pair->value->line,
                        err_set(e, ERR_INPUT, "'%s' is no number", bound_names[bound]));
    if (counts(out->type) && (v < 0 || v > COUNT_MAX || v != (double)(int64_t)v))
        return sigma_at(sc, pair->value->line,
                        err_set(e, ERR_INPUT, "'%s' of a count is a whole number from 0 to %.0f",
                                bound_names[bound], COUNT_MAX));
    out->bounds[bound] = v;
    out->bounded |= BIT(bound);
    return true;
}

static bool read_percentile(struct sigma_scope *sc, const struct yaml *y,
                            struct sigma_correlation *out, struct err *e)
{
    if (yaml_number(y, &out->percentile) && out->percentile >= 0 && out->percentile <= 100)
        return true;
    return sigma_at(sc, y->line, err_set(e, ERR_INPUT, "'percentile' is no number from 0 to 100"));
}

static unsigned bound_of(struct str key)
{
    for (unsigned b = 0; b < BOUNDS; b++)
        if (str_eqz(key, bound_names[b]))
            return b;
    return BOUNDS;
}

static bool read_pairs(struct sigma_scope *sc, const struct yaml *y, struct sigma_correlation *out,
                       struct err *e)
{
    for (size_t i = 0; i < y->n; i++) {
        const struct yaml_pair *pair = y->pairs + i;
        struct str key = pair->key->text;
        unsigned bound = bound_of(key);
        if (bound < BOUNDS ? !read_bound(sc, pair, bound, out, e)
            : str_eqz(key, "field") && takes_field(out->type)
                ? !sigma_names(sc, pair->value, "field", &out->values, e)
            : str_eqz(key, "percentile") && out->type == WINDOW_TYPE_PERCENTILE
                ? !read_percentile(sc, pair->value, out, e)
                : !sigma_at(sc, pair->key->line,
                            err_set(e, ERR_INPUT, "the condition of type %s takes no '%.*s'",
                                    sigma_type_name(out->type), SHOWN(key))))
            return false;
    }
    return true;
}

static bool check_field(struct sigma_scope *sc, const struct yaml *y,
                        const struct sigma_correlation *c, struct err *e)
{
    if (takes_field(c->type) && c->values.n == 0)
        return sigma_at(sc, y->line,
                        err_set(e, ERR_INPUT, "the condition of type %s has no 'field'",
                                sigma_type_name(c->type)));
    if (c->type >= WINDOW_TYPE_SUM && c->values.n > 1)
        return sigma_at(sc, c->values.line,
                        err_set(e, ERR_INPUT, "type %s takes one field", sigma_type_name(c->type)));
    if (c->type == WINDOW_TYPE_PERCENTILE && !yaml_get(y, "percentile"))
        return sigma_at(sc, y->line,
                        err_set(e, ERR_INPUT,
                                "the condition of type value_percentile does not say which "
                                "'percentile'"));
    return true;
}

static unsigned bits_in(uint32_t set)
{
    unsigned n = 0;
    for (; set; set &= set - 1)
        n++;
    return n;
}

/* One operator, or a lower bound and an upper one. */
static bool check_operators(struct sigma_scope *sc, const struct yaml *y,
                            const struct sigma_correlation *c, struct err *e)
{
    if (c->bounded == 0)
        return sigma_at(
            sc, y->line,
            err_set(e, ERR_INPUT, "the condition has none of gt, gte, lt, lte, eq, neq"));
    bool range = bits_in(c->bounded) == 2 && c->bounded & LOWER && c->bounded & UPPER;
    if (bits_in(c->bounded) > 1 && !range)
        return sigma_at(sc, y->line,
                        err_set(e, ERR_INPUT,
                                "a condition is one operator, or a lower bound (gt, gte) and an "
                                "upper one (lt, lte)"));
    return true;
}

static bool has(const struct sigma_correlation *c, enum window_bound b)
{
    return c->bounded & BIT(b);
}

/* The least whole number that the lower bound allows: 1 without one. */
static double least(const struct sigma_correlation *c)
{
    double v = has(c, BOUND_GTE)  ? c->bounds[BOUND_GTE]
               : has(c, BOUND_GT) ? c->bounds[BOUND_GT] + 1
               : has(c, BOUND_EQ) ? c->bounds[BOUND_EQ]
                                  : 1;
    return v;
}

static double most(const struct sigma_correlation *c)
{
    return has(c, BOUND_LTE)  ? c->bounds[BOUND_LTE]
           : has(c, BOUND_LT) ? c->bounds[BOUND_LT] - 1
           : has(c, BOUND_EQ) ? c->bounds[BOUND_EQ]
                              : COUNT_MAX + 1;
}

/* A count is looked at when there is an event, so it is at least 1; of steps it is at most their
 * number. */
static bool check_count(struct sigma_scope *sc, const struct yaml *y,
                        const struct sigma_correlation *c, struct err *e)
{
    bool steps = c->type == WINDOW_TYPE_TEMPORAL;
    double low = least(c), high = most(c);
    if (high < 1)
        return sigma_at(sc, y->line,
                        err_set(e, ERR_INPUT,
                                "the condition asks that nothing happens; then there is no event "
                                "to tell of"));
    if (low < 1)
        return sigma_at(sc, y->line,
                        err_set(e, ERR_INPUT,
                                "the condition always holds: a count that is looked at is at "
                                "least 1"));
    if (low > high)
        return sigma_at(sc, y->line, err_set(e, ERR_INPUT, "no number meets the condition"));
    if (steps && low > (double)c->n_rules)
        return sigma_at(
            sc, y->line,
            err_set(e, ERR_INPUT, "the condition asks for %.0f of %zu rules", low, c->n_rules));
    return true;
}

static bool check_numbers(struct sigma_scope *sc, const struct yaml *y,
                          const struct sigma_correlation *c, struct err *e)
{
    double low = has(c, BOUND_GTE) ? c->bounds[BOUND_GTE] : c->bounds[BOUND_GT];
    double high = has(c, BOUND_LTE) ? c->bounds[BOUND_LTE] : c->bounds[BOUND_LT];
    bool open = has(c, BOUND_GT) || has(c, BOUND_LT);
    if (bits_in(c->bounded) == 2 && (low > high || (open && !(low < high))))
        return sigma_at(sc, y->line, err_set(e, ERR_INPUT, "no number meets the condition"));
    return true;
}

/* Says why an event that comes late could undo what was told, when it could. */
static bool find_scan_only(struct sigma_scope *sc, struct sigma_correlation *c, struct err *e)
{
    struct buf why;
    unsigned other = BOUND_LT;
    while (other < BOUNDS && !(c->bounded & BIT(other)))
        other++;
    if (counts(c->type) && other == BOUNDS)
        return true;
    buf_init(&why, ERR_TEXT_MAX);
    if (counts(c->type))
        buf_putf(&why, "an event that comes late can end what '%s' asks for", bound_names[other]);
    else
        buf_putf(&why, "an event that comes late can change a %s in either direction",
                 sigma_type_name(c->type));
    c->scan_only = arena_str(sc->a, buf_str(&why));
    buf_release(&why);
    return str_present(c->scan_only) || sigma_no_memory(e);
}

static bool set_threshold(struct sigma_scope *sc, const struct yaml *y, struct sigma_correlation *c,
                          struct err *e)
{
    c->n = counts(c->type) ? (uint32_t)least(c) : 1;
    if (str_present(c->scan_only) || c->n <= WINDOW_THRESHOLD_MAX)
        return true;
    return sigma_at(sc, y->line,
                    err_set(e, ERR_INPUT,
                            "the condition asks for more than %d: so many elements "
                            "are not kept of one span",
                            WINDOW_THRESHOLD_MAX));
}

/* temporal_ordered holds when all its rules have matched in order, and knows no other number. */
static bool check_ordered(struct sigma_scope *sc, const struct yaml *y,
                          const struct sigma_correlation *c, struct err *e)
{
    bool all = !(c->bounded & ~LOWER) && least(c) == (double)c->n_rules;
    return all || sigma_at(sc, y->line,
                           err_set(e, ERR_INPUT,
                                   "type temporal_ordered needs all its rules: the condition can "
                                   "only be 'gte: %zu'",
                                   c->n_rules));
}

static bool read_bounds(struct sigma_scope *sc, const struct yaml *y, struct sigma_correlation *c,
                        struct err *e)
{
    if (!read_pairs(sc, y, c, e) || !check_field(sc, y, c, e) || !check_operators(sc, y, c, e))
        return false;
    if (c->type == WINDOW_TYPE_ORDERED && !check_ordered(sc, y, c, e))
        return false;
    bool ok = counts(c->type) ? check_count(sc, y, c, e) : check_numbers(sc, y, c, e);
    return ok && find_scan_only(sc, c, e) && set_threshold(sc, y, c, e);
}

/* ---- names ---- */

static bool is_word(char c)
{
    return byte_is_alpha(c) || byte_is_digit(c) || c == '_' || c == '-' || c == '*';
}

/* The next word of a condition, absent at its end. */
static struct str next_word(struct str text, size_t *at)
{
    while (*at < text.n && !is_word(text.p[*at]))
        ++*at;
    size_t from = *at;
    while (*at < text.n && is_word(text.p[*at]))
        ++*at;
    return from < text.n ? str_slice(text, from, *at) : STR_ABSENT;
}

static bool is_operator(struct str word)
{
    return str_eq_fold(word, S("and")) || str_eq_fold(word, S("or")) || str_eq_fold(word, S("not"));
}

static bool is_named(const struct sigma_correlation *c, struct str word)
{
    for (size_t i = 0; i < c->n_rules; i++)
        if (str_eq(c->rules[i].text, word))
            return true;
    return false;
}

static bool name_rule(struct sigma_scope *sc, unsigned line, struct str word,
                      struct sigma_correlation *c, struct err *e)
{
    if (c->n_rules == WINDOW_STEPS_MAX)
        return sigma_at(
            sc, line,
            err_set(e, ERR_INPUT, "the condition names more than %d rules", WINDOW_STEPS_MAX));
    c->rules[c->n_rules++] = (struct sigma_reference){word, line, NULL};
    return true;
}

/* Patterns are for searches: which rules they would fit depends on what else is loaded. */
static bool check_patterns(struct sigma_scope *sc, const struct yaml *y, struct err *e)
{
    struct str text = yaml_text(y), word;
    size_t at = 0;
    while (str_present(word = next_word(text, &at)))
        if (str_eq_fold(word, S("of")) || str_find_byte(word, '*', 0) != SIZE_MAX)
            return sigma_at(sc, y->line,
                            err_set(e, ERR_INPUT,
                                    "the condition of a correlation names each rule, and knows no "
                                    "'of' and no '*'"));
    return true;
}

/* Every word that is no operator is the name or id of a rule. Without `rules`, they are it. */
static bool read_words(struct sigma_scope *sc, const struct yaml *y, struct sigma_correlation *c,
                       struct err *e)
{
    struct str text = yaml_text(y), word;
    bool given = c->n_rules > 0;
    size_t at = 0;
    if (!given)
        c->rules = arena_array(sc->a, WINDOW_STEPS_MAX, sizeof *c->rules);
    if (!c->rules)
        return sigma_no_memory(e);
    while (str_present(word = next_word(text, &at))) {
        if (is_operator(word) || is_named(c, word))
            continue;
        if (given)
            return sigma_at(
                sc, y->line,
                err_set(e, ERR_INPUT, "the condition names '%.*s', 'rules' does not", SHOWN(word)));
        if (!name_rule(sc, y->line, word, c, e))
            return false;
    }
    return true;
}

static bool check_used(struct sigma_scope *sc, const struct yaml *y,
                       const struct sigma_search *searches, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++)
        if (!searches[i].used)
            return sigma_at(sc, y->line,
                            err_set(e, ERR_INPUT, "'rules' names '%.*s', the condition does not",
                                    SHOWN(searches[i].name)));
    return true;
}

static bool read_names(struct sigma_scope *sc, const struct yaml *y, struct sigma_correlation *c,
                       struct err *e)
{
    if (c->type != WINDOW_TYPE_TEMPORAL)
        return sigma_at(sc, y->line,
                        err_set(e, ERR_INPUT,
                                "a condition over names is for type temporal only: type %s takes a "
                                "map",
                                sigma_type_name(c->type)));
    if (!check_patterns(sc, y, e) || !read_words(sc, y, c, e))
        return false;
    struct sigma_search *searches = arena_array(sc->a, c->n_rules, sizeof *searches);
    if (!searches)
        return sigma_no_memory(e);
    for (size_t i = 0; i < c->n_rules; i++)
        searches[i] = (struct sigma_search){.name = c->rules[i].text, .line = c->rules[i].line};
    if (!sigma_cond_parse(sc, y, searches, c->n_rules, &c->of, e))
        return false;
    if (sigma_cond_negates(c->of))
        return sigma_at(sc, y->line,
                        err_set(e, ERR_INPUT,
                                "'not' asks that something does not happen, which no event can "
                                "tell: another may always come late"));
    c->n = (uint32_t)c->n_rules;
    return check_used(sc, y, searches, c->n_rules, e);
}

bool sigma_correlation_condition(struct sigma_scope *sc, const struct yaml *y,
                                 struct sigma_correlation *out, struct err *e)
{
    bool steps = out->type == WINDOW_TYPE_TEMPORAL || out->type == WINDOW_TYPE_ORDERED;
    out->n = (uint32_t)out->n_rules;
    if (!y || yaml_is_null(y))
        return steps ||
               sigma_at(sc, sc->line, err_set(e, ERR_INPUT, "the correlation has no condition"));
    if (y->kind == YAML_MAP)
        return read_bounds(sc, y, out, e);
    if (y->kind == YAML_SCALAR)
        return read_names(sc, y, out, e);
    return sigma_at(sc, y->line, err_set(e, ERR_INPUT, "the condition is a list"));
}
