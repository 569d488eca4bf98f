/* The naive definition. */
#include "tests/model/oracle.h"

#include <stdlib.h>

static int64_t divide(int64_t a, int64_t b) /* downwards; b > 0 */
{
    return a >= 0 ? a / b : -((b - 1 - a) / b);
}

static int order(const void *a, const void *b)
{
    const struct oracle_element *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    if (x->what != y->what)
        return x->what < y->what ? -1 : 1;
    return (x->event > y->event) - (x->event < y->event);
}

size_t oracle_unique(struct oracle_element *list, size_t n)
{
    size_t kept = 0;
    if (n)
        qsort(list, n, sizeof *list, order);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || order(list + kept - 1, list + i) != 0)
            list[kept++] = list[i];
    return kept;
}

/* Whether elements i and k are one pair: the same step (where steps matter) in the same slot. */
static bool same_pair(const struct oracle_rule *r, const struct oracle_element *a,
                      const struct oracle_element *b, int64_t width)
{
    return divide(a->time, width) == divide(b->time, width) &&
           (r->kind != ORACLE_ORDERED || a->what == b->what);
}

/* The width of slots in the cell of element `at`: 1 unless it is crowded. */
static int64_t width_at(const struct oracle_rule *r, const struct oracle_element *list, size_t n,
                        size_t at)
{
    int64_t cell = divide(list[at].time, r->cell);
    for (int64_t width = 1;; width *= 2) {
        size_t pairs = 0;
        for (size_t i = 0; i < n; i++) {
            bool news = divide(list[i].time, r->cell) == cell;
            for (size_t k = 0; k < i && news; k++)
                news = divide(list[k].time, r->cell) != cell ||
                       !same_pair(r, list + k, list + i, width);
            pairs += news;
        }
        if (pairs <= r->pairs_max)
            return width;
    }
}

/* How far the chain of steps gets within elements from..to. clock[i] tells when element i was. */
static uint32_t chain(const struct oracle_rule *r, const struct oracle_element *list, size_t from,
                      size_t to, const int64_t *width)
{
    uint32_t step = 0;
    for (size_t i = from; i < to;) {
        size_t end = i;
        while (end < to && divide(list[end].time, r->cell) == divide(list[i].time, r->cell) &&
               divide(list[end].time, width[i]) == divide(list[i].time, width[i]))
            end++;
        bool found = true;
        for (unsigned rounds = 0; found && (rounds == 0 || !r->strict || width[i] > 1); rounds++) {
            found = false;
            for (size_t k = i; k < end; k++)
                found = found || list[k].what == step;
            step += found;
        }
        i = end;
    }
    return step;
}

static bool sets_hold(const struct oracle_rule *r, uint32_t came)
{
    for (uint32_t i = 0; i < r->n_sets; i++) {
        if (r->any && (r->sets[i] & ~came) == 0)
            return true;
        if (!r->any && (r->sets[i] & came) == 0)
            return false;
    }
    return !r->any;
}

/* Whether the condition is satisfied by elements from..to. */
static bool satisfied(const struct oracle_rule *r, const struct oracle_element *list, size_t from,
                      size_t to, const int64_t *width)
{
    uint32_t came = 0, values = 0;
    if (r->kind == ORACLE_COUNT)
        return to - from >= r->n;
    if (r->kind == ORACLE_ORDERED)
        return chain(r, list, from, to, width) >= r->n;
    for (size_t i = from; i < to; i++) {
        bool seen = false;
        for (size_t k = from; k < i && !seen; k++)
            seen = list[k].what == list[i].what;
        values += !seen;
        if (r->kind == ORACLE_SETS)
            came |= 1u << list[i].what;
    }
    return r->kind == ORACLE_DISTINCT ? values >= r->n : sets_hold(r, came);
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t *widths(const struct oracle_rule *r, const struct oracle_element *list, size_t n)
{
    int64_t *width = calloc(n + 1, sizeof *width);
    for (size_t i = 0; width && i < n; i++)
        width[i] = i && divide(list[i].time, r->cell) == divide(list[i - 1].time, r->cell)
                       ? width[i - 1]
                       : width_at(r, list, n, i);
    return width;
}

size_t oracle_holds(const struct oracle_rule *r, const struct oracle_element *list, size_t n,
                    struct oracle_span *out)
{
    size_t spans = 0;
    int64_t *moments = calloc(2 * n + 1, sizeof *moments), *width = widths(r, list, n);
    if (!moments || !width)
        abort();
    for (size_t i = 0; i < n; i++) {
        moments[2 * i] = list[i].time;
        moments[2 * i + 1] = list[i].time + r->timespan + 1;
    }
    qsort(moments, 2 * n, sizeof *moments, by_number);
    for (size_t i = 0; i + 1 < 2 * n; i++) {
        size_t from = 0, to = 0;
        if (moments[i] == moments[i + 1])
            continue;
        while (from < n && list[from].time < moments[i] - r->timespan)
            from++;
        for (to = from; to < n && list[to].time <= moments[i]; to++)
            ;
        if (satisfied(r, list, from, to, width))
            out[spans++] = (struct oracle_span){moments[i], moments[i + 1] - 1};
    }
    free(moments);
    free(width);
    return oracle_join(out, spans, 1);
}

size_t oracle_join(struct oracle_span *list, size_t n, int64_t gap)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept && list[i].first - list[kept - 1].until <= gap) {
            if (list[i].until > list[kept - 1].until)
                list[kept - 1].until = list[i].until;
        } else {
            list[kept++] = list[i];
        }
    }
    return kept;
}

/* Whether no earlier element of its slot says what element i says. */
static bool first_of_pair(const struct oracle_rule *r, const struct oracle_element *list, size_t i,
                          int64_t width)
{
    for (size_t k = 0; k < i; k++)
        if (divide(list[k].time, r->cell) == divide(list[i].time, r->cell) &&
            same_pair(r, list + k, list + i, width))
            return false;
    return true;
}

size_t oracle_moments(const struct oracle_rule *r, const struct oracle_element *list, size_t n,
                      bool all, int64_t *out)
{
    size_t moments = 0;
    struct oracle_span *spans = calloc(2 * n + 1, sizeof *spans);
    int64_t *width = widths(r, list, n);
    if (!spans || !width)
        abort();
    size_t n_spans = oracle_holds(r, list, n, spans);
    for (size_t i = 0; i < n; i++) {
        bool inside = false, again = moments && out[moments - 1] == list[i].time;
        for (size_t k = 0; k < n_spans; k++)
            inside = inside || (list[i].time >= spans[k].first && list[i].time <= spans[k].until);
        if (inside && !again &&
            (all || r->kind == ORACLE_COUNT || first_of_pair(r, list, i, width[i])))
            out[moments++] = list[i].time;
    }
    free(spans);
    free(width);
    return moments;
}
