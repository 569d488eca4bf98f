/* engine/aggregate.c: answers worked out by hand, and a slow second opinion over random elements.
 */
#include "engine/aggregate.h"

#include <math.h>
#include <stdlib.h>

#include "tests/unit/support/check.h"

static struct element number_at(int64_t t, double v, uint64_t event)
{
    struct element e = {.time_ms = t, .event = {0, event}};
    memcpy(&e.what, &v, sizeof v);
    return e;
}

/* The spans as "first-until first-until". */
static void spans_of(const struct rs_window *w, struct element *e, size_t n, struct buf *out)
{
    struct vec spans;
    struct err err;
    vec_init(&spans, sizeof(struct span), 1000);
    n = window_sort(e, n);
    assert_true(aggregate_held(w, e, n, &spans, &err));
    buf_reset(out);
    for (size_t i = 0; i < spans.n; i++) {
        const struct span *s = vec_at(&spans, i);
        buf_putf(out, "%s%lld-%lld", i ? " " : "", (long long)s->first_ms, (long long)s->until_ms);
    }
    vec_release(&spans);
}

static void answers_by_hand(void **state)
{
    /* values 1, 2, 3, 10 at 0, 10, 20, 100; the window is 20 wide and closed:
     * [0,9] {1}  [10,19] {1,2}  [20,20] {1,2,3}  [21,30] {2,3}  [31,40] {3}  [100,120] {10} */
    static const struct {
        const char *name;
        enum window_type type;
        enum window_bound bound;
        double limit, percentile;
        const char *spans;
    } cases[] = {
        {"sum over 4", WINDOW_TYPE_SUM, BOUND_GT, 4, 0, "20-30 100-120"},
        {"sum at most 3", WINDOW_TYPE_SUM, BOUND_LTE, 3, 0, "0-19 31-40"},
        {"average over 2", WINDOW_TYPE_AVG, BOUND_GT, 2, 0, "21-40 100-120"},
        {"median 2 exactly", WINDOW_TYPE_MEDIAN, BOUND_EQ, 2, 0, "20-20"},
        {"median between", WINDOW_TYPE_MEDIAN, BOUND_EQ, 2.5, 0, "21-30"},
        {"upper quartile", WINDOW_TYPE_PERCENTILE, BOUND_GTE, 2.5, 75, "20-40 100-120"},
        {"fewer than two events", WINDOW_TYPE_EVENT_COUNT, BOUND_LT, 2, 0, "0-9 31-40 100-120"},
        {"three events", WINDOW_TYPE_EVENT_COUNT, BOUND_EQ, 3, 0, "20-20"},
        {"not two values", WINDOW_TYPE_VALUE_COUNT, BOUND_NEQ, 2, 0, "0-9 20-20 31-40 100-120"},
    };
    struct buf got;
    (void)state;
    buf_init(&got, 4096);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct element e[] = {number_at(0, 1, 1), number_at(10, 2, 2), number_at(20, 3, 3),
                              number_at(100, 10, 4)};
        struct rs_window w = {.type = cases[i].type,
                              .timespan_ms = 20,
                              .gap_ms = 1,
                              .bounded = 1u << cases[i].bound,
                              .percentile = cases[i].percentile};
        w.bounds[cases[i].bound] = cases[i].limit;
        spans_of(&w, e, COUNT(e), &got);
        check_str(cases[i].name, buf_str(&got), str_of(cases[i].spans));
    }
    buf_release(&got);
}

static void a_range_and_a_gap(void **state)
{
    struct element e[] = {number_at(0, 1, 1), number_at(10, 1, 2), number_at(60, 1, 3)};
    struct rs_window w = {.type = WINDOW_TYPE_EVENT_COUNT,
                          .timespan_ms = 20,
                          .gap_ms = 30,
                          .bounded = 1u << BOUND_GTE | 1u << BOUND_LTE};
    struct buf got;
    (void)state;
    w.bounds[BOUND_GTE] = 1;
    w.bounds[BOUND_LTE] = 2;
    buf_init(&got, 4096);
    spans_of(&w, e, COUNT(e), &got);
    check_str("joined", buf_str(&got), S("0-80"));
    spans_of(&w, e, 0, &got);
    check_str("nothing", buf_str(&got), S(""));
    buf_release(&got);
}

static int by_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Word for word: what the elements in [t - timespan, t] come to. NAN: there are none. */
static double slowly(const struct rs_window *w, const struct element *e, size_t n, int64_t t)
{
    double list[64], sum = 0;
    size_t m = 0, different = 0;
    for (size_t i = 0; i < n; i++)
        if (e[i].time_ms >= t - w->timespan_ms && e[i].time_ms <= t)
            memcpy(list + m++, &e[i].what, sizeof *list);
    if (m == 0)
        return NAN;
    qsort(list, m, sizeof *list, by_double);
    for (size_t i = 0; i < m; i++) {
        sum += list[i];
        different += i == 0 || list[i] > list[i - 1];
    }
    double place = w->percentile / 100 * (double)(m - 1), low = list[(size_t)place];
    double high = list[(size_t)place + 1 < m ? (size_t)place + 1 : m - 1];
    switch ((enum window_type)w->type) {
    case WINDOW_TYPE_SUM:
        return sum;
    case WINDOW_TYPE_AVG:
        return sum / (double)m;
    case WINDOW_TYPE_PERCENTILE:
        return low + (place - floor(place)) * (high - low);
    case WINDOW_TYPE_VALUE_COUNT:
        return (double)different;
    default:
        return (double)m;
    }
}

static bool in_spans(const struct vec *spans, int64_t t)
{
    for (size_t i = 0; i < spans->n; i++) {
        const struct span *s = vec_at(spans, i);
        if (t >= s->first_ms && t <= s->until_ms)
            return true;
    }
    return false;
}

static void agrees_with_a_slow_reader(void **state)
{
    static const enum window_type types[] = {WINDOW_TYPE_SUM, WINDOW_TYPE_AVG,
                                             WINDOW_TYPE_PERCENTILE, WINDOW_TYPE_VALUE_COUNT,
                                             WINDOW_TYPE_EVENT_COUNT};
    unsigned random = 1;
    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        struct element e[40];
        struct vec spans;
        struct err err;
        random = random * 1103515245u + 12345u;
        size_t n = 1 + (random >> 16) % COUNT(e);
        for (size_t i = 0; i < n; i++) {
            random = random * 1103515245u + 12345u;
            e[i] = number_at((random >> 16) % 90, (double)((random >> 24) % 8), i);
        }
        n = window_sort(e, n);
        struct rs_window w = {.type = types[round % COUNT(types)],
                              .timespan_ms = 1 + round % 30,
                              .gap_ms = 0,
                              .percentile = round % 101,
                              .bounded = 1u << (round % BOUNDS)};
        w.bounds[round % BOUNDS] = (double)(round % 9);
        vec_init(&spans, sizeof(struct span), 1000);
        assert_true(aggregate_held(&w, e, n, &spans, &err));
        for (int64_t t = 0; t < 130; t++) {
            double x = slowly(&w, e, n, t), limit = (double)(round % 9);
            const bool want[BOUNDS] = {x > limit,  x >= limit, x < limit,
                                       x <= limit, x == limit, !isnan(x) && x != limit};
            if (in_spans(&spans, t) != want[round % BOUNDS])
                fail_msg("round %u, t %lld: comes to %g", round, (long long)t, x);
        }
        vec_release(&spans);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_by_hand),
        cmocka_unit_test(a_range_and_a_gap),
        cmocka_unit_test(agrees_with_a_slow_reader),
    };
    return cmocka_run_group_tests_name("engine/aggregate", tests, NULL, NULL);
}
