/* What a window's elements come to can change only where one enters it or has just left it. Between
 * two such moments it is looked at once. */
#include "engine/aggregate.h"

#include <math.h>
#include <stdlib.h>

/* The elements of the present window are those from `from` to `to`. Each value has a rank among all
 * values; a Fenwick tree over ranks counts the values that are in the window. */
struct sums {
    const struct rs_window *w;
    const struct element *e;
    size_t n, from, to;
    size_t *rank;   /* by element */
    double *values; /* by rank; of the numeric types */
    size_t n_ranks;
    size_t *held;        /* by rank: elements in the window */
    size_t *tree;        /* Fenwick, n_ranks + 1 */
    size_t different;    /* ranks with held > 0 */
    long double *prefix; /* sum of the first i values */
};

static bool is_numeric(const struct rs_window *w)
{
    return w->type == WINDOW_TYPE_SUM || w->type == WINDOW_TYPE_AVG ||
           w->type == WINDOW_TYPE_MEDIAN || w->type == WINDOW_TYPE_PERCENTILE;
}

static double double_of(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

struct ranked {
    double value;
    uint64_t what;
    size_t at;
};

static int by_value(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->value < y->value || x->value > y->value)
        return x->value < y->value ? -1 : 1;
    return (x->what > y->what) - (x->what < y->what);
}

static bool rank_values(struct sums *s)
{
    struct ranked *list = calloc(s->n, sizeof *list);
    bool numeric = is_numeric(s->w);
    if (!list)
        return false;
    for (size_t i = 0; i < s->n; i++)
        list[i] = (struct ranked){numeric ? double_of(s->e[i].what) : 0, s->e[i].what, i};
    qsort(list, s->n, sizeof *list, by_value);
    for (size_t i = 0; i < s->n; i++) {
        if (i == 0 || by_value(list + i - 1, list + i) != 0)
            s->values[s->n_ranks++] = list[i].value;
        s->rank[list[i].at] = s->n_ranks - 1;
    }
    free(list);
    return true;
}

static void sums_release(struct sums *s)
{
    free(s->rank);
    free(s->values);
    free(s->held);
    free(s->tree);
    free(s->prefix);
}

static bool sums_init(struct sums *s, const struct rs_window *w, const struct element *e, size_t n)
{
    *s = (struct sums){.w = w, .e = e, .n = n};
    s->rank = calloc(n, sizeof *s->rank);
    s->values = calloc(n, sizeof *s->values);
    s->held = calloc(n, sizeof *s->held);
    s->tree = calloc(n + 1, sizeof *s->tree);
    s->prefix = calloc(n + 1, sizeof *s->prefix);
    if (!s->rank || !s->values || !s->held || !s->tree || !s->prefix || !rank_values(s)) {
        sums_release(s);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        s->prefix[i + 1] = s->prefix[i] + s->values[s->rank[i]];
    return true;
}

/* Element i enters the window, or leaves it. */
static void move(struct sums *s, size_t i, bool enters)
{
    size_t rank = s->rank[i];
    if (enters)
        s->different += s->held[rank]++ == 0;
    else
        s->different -= --s->held[rank] == 0;
    for (size_t k = rank + 1; k <= s->n_ranks; k += k & (~k + 1))
        s->tree[k] += enters ? 1 : (size_t)-1;
}

/* The value that `before` of the window's values lie in front of. */
static double value_at(const struct sums *s, size_t before)
{
    size_t at = 0, step = 1;
    while (step * 2 <= s->n_ranks)
        step *= 2;
    for (; step; step /= 2)
        if (at + step <= s->n_ranks && s->tree[at + step] <= before) {
            at += step;
            before -= s->tree[at];
        }
    return s->values[at];
}

static double percentile(const struct sums *s, double percent)
{
    double place = percent / 100 * (double)(s->to - s->from - 1);
    size_t below = (size_t)floor(place);
    double part = place - floor(place), low = value_at(s, below);
    return part > 0 ? low + part * (value_at(s, below + 1) - low) : low;
}

static double comes_to(const struct sums *s)
{
    double count = (double)(s->to - s->from);
    switch ((enum window_type)s->w->type) {
    case WINDOW_TYPE_VALUE_COUNT:
    case WINDOW_TYPE_TEMPORAL:
    case WINDOW_TYPE_ORDERED:
        return (double)s->different;
    case WINDOW_TYPE_SUM:
        return (double)(s->prefix[s->to] - s->prefix[s->from]);
    case WINDOW_TYPE_AVG:
        return (double)(s->prefix[s->to] - s->prefix[s->from]) / count;
    case WINDOW_TYPE_MEDIAN:
        return percentile(s, 50);
    case WINDOW_TYPE_PERCENTILE:
        return percentile(s, s->w->percentile);
    default:
        return count;
    }
}

static bool within_bounds(const struct rs_window *w, double x)
{
    const bool holds[BOUNDS] = {
        [BOUND_GT] = x > w->bounds[BOUND_GT],
        [BOUND_GTE] = x >= w->bounds[BOUND_GTE],
        [BOUND_LT] = x < w->bounds[BOUND_LT],
        [BOUND_LTE] = x <= w->bounds[BOUND_LTE],
        [BOUND_EQ] = !(x < w->bounds[BOUND_EQ] || x > w->bounds[BOUND_EQ]),
        [BOUND_NEQ] = x < w->bounds[BOUND_NEQ] || x > w->bounds[BOUND_NEQ],
    };
    for (unsigned i = 0; i < BOUNDS; i++)
        if (w->bounded >> i & 1 && !holds[i])
            return false;
    return true;
}

static bool add_span(struct vec *spans, size_t base, int64_t gap_ms, struct span now)
{
    struct span *last = spans->n > base ? vec_at(spans, spans->n - 1) : NULL;
    if (last && now.first_ms - last->until_ms <= gap_ms) {
        last->until_ms = now.until_ms;
        return true;
    }
    struct span *to = vec_push(spans, 1);
    if (to)
        *to = now;
    return to != NULL;
}

/* The next moment after the window [from, to) at which an element enters or has left. */
static int64_t next_moment(const struct sums *s)
{
    int64_t leaves = s->e[s->from].time_ms + s->w->timespan_ms + 1;
    if (s->to < s->n && s->e[s->to].time_ms < leaves)
        return s->e[s->to].time_ms;
    return leaves;
}

static bool sweep(struct sums *s, struct vec *spans)
{
    size_t base = spans->n;
    int64_t t = s->e[0].time_ms;
    while (s->from < s->n) {
        while (s->to < s->n && s->e[s->to].time_ms <= t)
            move(s, s->to++, true);
        while (s->from < s->to && s->e[s->from].time_ms + s->w->timespan_ms < t)
            move(s, s->from++, false);
        if (s->from == s->to) { /* empty until the next element */
            if (s->to == s->n)
                break;
            t = s->e[s->to].time_ms;
            continue;
        }
        int64_t following = next_moment(s);
        if (within_bounds(s->w, comes_to(s)) &&
            !add_span(spans, base, s->w->gap_ms, (struct span){t, following - 1}))
            return false;
        t = following;
    }
    return true;
}

bool aggregate_held(const struct rs_window *w, const struct element *e, size_t n, struct vec *spans,
                    struct err *e_out)
{
    struct sums s;
    if (n == 0)
        return true;
    if (!sums_init(&s, w, e, n))
        return err_set(e_out, ERR_SYSTEM, "no memory to evaluate a window");
    bool ok = sweep(&s, spans);
    sums_release(&s);
    return ok || err_set(e_out, ERR_SYSTEM, "no memory to evaluate a window");
}
