/* Sigma's tests in words. */
#include "cli/explain.h"
#include "engine/sigma_match.h"
#include "respond/put.h"

static const char *const parts[] = {
    [SIGMA_WHOLE] = "",        [SIGMA_MINUTE] = "minute of ", [SIGMA_HOUR] = "hour of ",
    [SIGMA_DAY] = "day of ",   [SIGMA_WEEK] = "week of ",     [SIGMA_MONTH] = "month of ",
    [SIGMA_YEAR] = "year of ",
};

static const char *const kinds[] = {
    [SIGMA_EXACT] = "is",          [SIGMA_PREFIX] = "starts with", [SIGMA_SUFFIX] = "ends with",
    [SIGMA_CONTAINS] = "contains", [SIGMA_GLOB] = "is like",       [SIGMA_REGEX] = "matches",
    [SIGMA_NUMBER] = "equals",     [SIGMA_LT] = "is less than",    [SIGMA_LTE] = "is at most",
    [SIGMA_GT] = "is more than",   [SIGMA_GTE] = "is at least",    [SIGMA_CIDR] = "lies in",
};

static const char *const references[] = {
    [SIGMA_REF_EQUALS] = " equals ",
    [SIGMA_REF_PREFIX] = " starts with ",
    [SIGMA_REF_SUFFIX] = " ends with ",
    [SIGMA_REF_CONTAINS] = " contains ",
};

static void put_term(struct buf *b, const struct ruleset *rs, const struct rs_term *t)
{
    if (t->fn == SIGMA_ANY) {
        buf_putz(b, "any text");
        return;
    }
    buf_putz(b, parts[t->b]);
    put_text(b, rs_str(rs, rs->slots[t->a].path), EXPLAIN_VALUE_MAX);
}

static void put_constant(struct buf *b, const struct ruleset *rs, const struct rs_value *v)
{
    buf_putz(b, kinds[v->kind]);
    buf_putc(b, ' ');
    struct str text = rs_str(rs, v->text);
    explain_put_value(b, v->kind == SIGMA_REGEX ? rs_str(rs, rs->regexes[v->regex].pattern) : text);
    if (v->flags & SIGMA_CASED)
        buf_putz(b, " (cased)");
}

static void put_constants(struct buf *b, const struct ruleset *rs, struct rs_list list)
{
    for (uint32_t i = 0; i < list.n && i < EXPLAIN_VALUES_MAX; i++) {
        buf_putz(b, i ? " or " : " ");
        put_constant(b, rs, &rs->values[list.first + i]);
    }
    if (list.n > EXPLAIN_VALUES_MAX)
        buf_putf(b, " or %u more", list.n - EXPLAIN_VALUES_MAX);
}

static void put_found(struct buf *b, struct event *ev, const struct rs_term *t)
{
    if (t->fn == SIGMA_ANY)
        return;
    size_t n = 0;
    for (struct value *v = event_first(ev, t->a); v; v = event_next(ev, v), n++) {
        if (n >= EXPLAIN_VALUES_MAX)
            continue;
        buf_putz(b, n ? ", " : "; the event has ");
        if (v->type == JSON_NULL)
            buf_putz(b, "null");
        else
            explain_put_found(b, rs_str(ev->rules, ev->rules->slots[t->a].path), event_text(ev, v),
                              &ev->scratch);
    }
    if (n == 0)
        buf_putz(b, "; the event has no such field");
    else if (n > EXPLAIN_VALUES_MAX)
        buf_putf(b, " and %zu more", n - EXPLAIN_VALUES_MAX);
}

void explain_put_sigma(struct buf *b, struct event *ev, const struct rs_pred *p)
{
    const struct ruleset *rs = ev->rules;
    const struct rs_term *t = &rs->terms[p->term];
    put_term(b, rs, t);
    switch ((enum sigma_op)p->op) {
    case SIGMA_IS:
        put_constants(b, rs, p->values);
        break;
    case SIGMA_NULL:
        buf_putz(b, " is null or absent");
        break;
    case SIGMA_EXISTS:
        buf_putz(b, " is there");
        break;
    case SIGMA_REF_EQUALS:
    case SIGMA_REF_PREFIX:
    case SIGMA_REF_SUFFIX:
    case SIGMA_REF_CONTAINS:
        buf_putz(b, references[p->op]);
        put_term(b, rs, &rs->terms[p->right]);
        put_found(b, ev, &rs->terms[p->right]);
        break;
    }
    put_found(b, ev, t);
}
