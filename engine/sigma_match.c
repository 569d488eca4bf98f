/* Sigma's tests over one event. */
#include "engine/sigma_match.h"

#include <math.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "engine/pattern.h"
#include "engine/sigma_cidr.h"

#define NUMBER_TEXT_MAX  64                /* a double needs 17 digits; a longer text is none */
#define EXACT_DIGITS     15                /* below 2^53 */
#define EXACT_INTEGERS   9007199254740992. /* 2^53: above it doubles skip integers */
#define TIME_TEXT        19                /* YYYY-MM-DDThh:mm:ss */
#define WEEKS_FIRST_DAYS 4                 /* ISO 8601: week 1 holds the year's first Thursday */

_Static_assert((int)SIGMA_EXACT == (int)PATTERN_EXACT && (int)SIGMA_GLOB == (int)PATTERN_GLOB,
               "the first kinds of enum sigma_value are those of enum pattern_kind");

/* ---- numbers ---- */

/* Digits alone, so few that a double holds them: what nearly all numbers of logs are. */
static bool short_integer(struct str s, double *out)
{
    uint64_t n = 0;
    if (s.n == 0 || s.n > EXACT_DIGITS)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!byte_is_digit(s.p[i]))
            return false;
        n = 10 * n + (uint64_t)(s.p[i] - '0');
    }
    *out = (double)n;
    return true;
}

bool sigma_number(struct str s, double *out)
{
    char z[NUMBER_TEXT_MAX + 1];
    if (short_integer(s, out))
        return true;
    if (s.n == 0 || s.n > NUMBER_TEXT_MAX || !str_is_decimal(s))
        return false;
    memcpy(z, s.p, s.n);
    z[s.n] = '\0';
    *out = strtod(z, NULL);
    return isfinite(*out);
}

bool sigma_number_equal(double a, struct str a_text, double b, struct str b_text)
{
    if (a < b || a > b)
        return false;
    return fabs(a) < EXACT_INTEGERS || str_eq(a_text, b_text);
}

/* ---- what a value says ---- */

/* The text of a value; absent for JSON null and for an array itself. */
static struct str text_of(struct event *ev, struct value *v)
{
    switch (v->type) {
    case JSON_STRING:
        return v->escaped ? event_text(ev, v) : v->raw;
    case JSON_NUMBER:
    case JSON_TRUE:
    case JSON_FALSE:
        return v->raw;
    case JSON_OBJECT:
        return event_text(ev, v);
    default:
        return STR_ABSENT;
    }
}

/* Week of ISO 8601: weeks begin on Monday and belong to the year that holds their Thursday. */
static int iso_week(int64_t ms)
{
    struct time_parts t = time_split(ms);
    int64_t day = time_days(t.year, t.month, t.day);
    int64_t thursday = day + WEEKS_FIRST_DAYS - (t.weekday ? t.weekday : 7);
    struct time_parts of = time_split(thursday * 86400000);
    return (int)((thursday - time_days(of.year, 1, 1)) / 7) + 1;
}

/* The asked part of the time that s names, as it stands there. */
static bool time_part(struct str s, enum sigma_part part, double *out)
{
    int64_t ms;
    if (!time_parse(s, &ms))
        return false;
    if (s.n > TIME_TEXT) {
        char local[TIME_TEXT + 1];
        memcpy(local, s.p, TIME_TEXT);
        local[TIME_TEXT] = 'Z';
        if (!time_parse(str_n(local, sizeof local), &ms))
            return false;
    }
    struct time_parts t = time_split(ms);
    const int parts[] = {
        [SIGMA_MINUTE] = t.minute,   [SIGMA_HOUR] = t.hour,   [SIGMA_DAY] = t.day,
        [SIGMA_WEEK] = iso_week(ms), [SIGMA_MONTH] = t.month, [SIGMA_YEAR] = t.year,
    };
    *out = parts[part];
    return true;
}

/* The value as a number: what it is, what its string says, or the part of its time. */
static bool number_of(struct event *ev, struct value *v, uint32_t part, double *out,
                      struct str *text)
{
    if (v->type != JSON_STRING && (part != SIGMA_WHOLE || v->type != JSON_NUMBER))
        return false;
    *text = text_of(ev, v);
    return part == SIGMA_WHOLE ? sigma_number(*text, out)
                               : time_part(*text, (enum sigma_part)part, out);
}

/* ---- one value against one constant ---- */

static bool compares(enum sigma_value kind, double a, double b)
{
    switch (kind) {
    case SIGMA_LT:
        return a < b;
    case SIGMA_LTE:
        return a <= b;
    case SIGMA_GT:
        return a > b;
    default:
        return a >= b;
    }
}

static bool number_is(struct event *ev, struct value *v, uint32_t part, const struct rs_value *c)
{
    double x;
    struct str text;
    if (!number_of(ev, v, part, &x, &text))
        return false;
    if (c->kind != SIGMA_NUMBER)
        return compares((enum sigma_value)c->kind, x, c->number);
    return part != SIGMA_WHOLE ? !(x < c->number || x > c->number)
                               : sigma_number_equal(x, text, c->number, rs_str(ev->rules, c->text));
}

static bool text_is(struct event *ev, struct str s, const struct rs_value *c)
{
    if (c->kind == SIGMA_REGEX)
        return str_present(s) && event_regex(ev, c->regex, s);
    return pattern_match((enum pattern_kind)c->kind, rs_str(ev->rules, c->text), s,
                         !(c->flags & SIGMA_CASED));
}

static bool value_is(struct event *ev, struct value *v, uint32_t part, const struct rs_value *c)
{
    switch ((enum sigma_value)c->kind) {
    case SIGMA_NUMBER:
    case SIGMA_LT:
    case SIGMA_LTE:
    case SIGMA_GT:
    case SIGMA_GTE:
        return number_is(ev, v, part, c);
    case SIGMA_CIDR: /* in_networks, for all of a test's values */
        return false;
    default:
        break;
    }
    if (text_is(ev, text_of(ev, v), c))
        return true;
    double x;
    return v->type == JSON_NUMBER && (c->flags & SIGMA_NUMERIC) && sigma_number(v->raw, &x) &&
           sigma_number_equal(x, v->raw, c->number, rs_str(ev->rules, c->text));
}

/* ---- tests ---- */

/* A test for one network is for networks alone (the modifier cidr holds for all values): an address
 * is read once for all of them. */
static bool in_networks(struct event *ev, const struct rs_term *t, const struct rs_value *list,
                        uint32_t n)
{
    for (struct value *v = event_first(ev, t->a); v; v = event_next(ev, v)) {
        struct cidr address;
        if (v->type != JSON_STRING || !cidr_address(text_of(ev, v), &address))
            continue;
        for (uint32_t i = 0; i < n; i++) {
            const struct rs_value *c = list + i;
            struct cidr net = {
                {c->bits[0], c->bits[1]}, (unsigned)c->number, c->flags & SIGMA_IPV6};
            if (cidr_covers(&net, &address))
                return true;
        }
    }
    return false;
}

static bool field_is(struct event *ev, const struct rs_term *t, const struct rs_pred *p)
{
    const struct rs_value *list = ev->rules->values + p->values.first;
    if (p->values.n && list->kind == SIGMA_CIDR)
        return in_networks(ev, t, list, p->values.n);
    for (struct value *v = event_first(ev, t->a); v; v = event_next(ev, v))
        for (uint32_t i = 0; i < p->values.n; i++)
            if (value_is(ev, v, t->b, list + i))
                return true;
    return false;
}

static bool field_is_null(const struct event *ev, const struct rs_term *t)
{
    const struct value *v = event_first(ev, t->a);
    if (!v)
        return true;
    while (v && v->type != JSON_NULL)
        v = event_next(ev, v);
    return v != NULL;
}

/* The walk over all strings of a record. */
struct keyword_walk {
    struct event *ev;
    const struct rs_pred *p;
};

static bool keyword_in(void *to, struct str raw, bool escaped)
{
    const struct keyword_walk *w = to;
    struct str s = raw;
    if (escaped) {
        s = json_text(raw, &w->ev->scratch);
        if (!str_present(s))
            w->ev->counts.scratch_full++;
    }
    for (uint32_t i = 0; i < w->p->values.n; i++)
        if (text_is(w->ev, s, w->ev->rules->values + w->p->values.first + i))
            return true;
    return false;
}

static bool texts_relate(const struct rs_pred *p, struct str a, struct str b)
{
    bool cased = p->flags & SIGMA_CASED;
    if (!str_present(a) || !str_present(b) || a.n < b.n)
        return false;
    size_t last = a.n - b.n, from = 0, to = last;
    if (p->op == SIGMA_REF_EQUALS && last > 0)
        return false;
    if (p->op == SIGMA_REF_PREFIX)
        to = 0;
    if (p->op == SIGMA_REF_SUFFIX)
        from = last;
    for (size_t at = from; at <= to; at++) {
        struct str piece = str_n(a.p + at, b.n);
        if (cased ? str_eq(piece, b) : str_eq_fold(piece, b))
            return true;
    }
    return false;
}

static bool fields_relate(struct event *ev, const struct rs_term *t, const struct rs_pred *p)
{
    uint32_t other = ev->rules->terms[p->right].a, pairs = 0;
    for (struct value *v = event_first(ev, t->a); v; v = event_next(ev, v)) {
        struct str a = text_of(ev, v);
        for (struct value *w = event_first(ev, other); w; w = event_next(ev, w)) {
            if (++pairs > SIGMA_REF_PAIRS_MAX) {
                ev->counts.values_cut++;
                return false;
            }
            if (texts_relate(p, a, text_of(ev, w)))
                return true;
        }
    }
    return false;
}

bool sigma_pred(struct event *ev, const struct rs_pred *p)
{
    const struct rs_term *t = ev->rules->terms + p->term;
    if (t->fn == SIGMA_ANY) {
        struct keyword_walk walk = {ev, p};
        return json_each_string(event_json(ev), keyword_in, &walk);
    }
    switch ((enum sigma_op)p->op) {
    case SIGMA_IS:
        return field_is(ev, t, p);
    case SIGMA_NULL:
        return field_is_null(ev, t);
    case SIGMA_EXISTS:
        return event_first(ev, t->a) != NULL;
    default:
        return fields_relate(ev, t, p);
    }
}
