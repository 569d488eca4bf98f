/* How many elements a second the pure evaluator of windows takes: a line for each kind of window
 * and each input,
 *   KIND INPUT ELEMENTS KEPT SORT THIN FIND
 * KEPT are those that thinning leaves; SORT (from no order at all), THIN and FIND are elements a
 * CPU second of the three steps of engine/window.h, each over all elements. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "engine/window.h"

#define MINUTE_MS 60000ll
#define DAY_MS    (24 * 60 * MINUTE_MS)
#define T0        1704067200000ll /* 2024-01-01T00:00:00Z */
#define BATCH_US  20000           /* a clock that steps by a microsecond is exact to a promille */
#define BATCHES   7               /* the best counts: other programs disturbed it least */

static const struct kind {
    const char *name;
    enum window_kind kind;
    uint32_t n;
    uint64_t whats; /* different values, or steps, among the elements */
} kinds[] = {
    {"event_count", WINDOW_COUNT, 5, 1},
    {"value_count", WINDOW_DISTINCT, 5, 1000},
    {"temporal", WINDOW_ALL, 4, 4},
    {"temporal_ordered", WINDOW_ORDERED, 4, 4},
};

static const struct input {
    const char *name;
    size_t n;
    int64_t length_ms; /* over which they are spread, on CloudTrail's whole seconds */
} inputs[] = {
    {"quiet", 100, DAY_MS},
    {"dense", 10000, DAY_MS},
    {"flood", 1000000, 60 * MINUTE_MS},
};

enum step { SORT, THIN, FIND, STEPS };

/* One kind over one input. */
struct trial {
    struct window window;
    size_t n;
    struct element *raw, *work, *sorted;
    bool *keep;
    struct vec spans;
    struct err e;
};

/* splitmix64: the same elements in every run, in no order. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static void fill(struct trial *t, const struct kind *k, const struct input *in)
{
    uint64_t state = 1;
    for (size_t i = 0; i < t->n; i++) {
        int64_t second = (int64_t)(next_random(&state) % (uint64_t)(in->length_ms / 1000));
        t->raw[i] = (struct element){T0 + second * 1000,
                                     next_random(&state) % k->whats,
                                     {next_random(&state), next_random(&state)}};
    }
    memcpy(t->sorted, t->raw, t->n * sizeof *t->raw);
    t->n = window_sort(t->sorted, t->n);
}

static bool take_step(struct trial *t, enum step step)
{
    switch (step) {
    case SORT:
        memcpy(t->work, t->raw, t->n * sizeof *t->raw);
        return window_sort(t->work, t->n) == t->n || err_set(&t->e, ERR_INPUT, "two are equal");
    case THIN:
        return window_thin(&t->window, t->sorted, t->n, t->keep, &t->e);
    case FIND:
        t->spans.n = 0;
        return window_held(&t->window, t->sorted, t->n, &t->spans, &t->e);
    case STEPS:
        break;
    }
    return false;
}

/* Elements a CPU second, of the best batch. */
static bool measure(struct trial *t, enum step step, double *rate)
{
    *rate = 0;
    for (int i = 0; i < BATCHES; i++) {
        const int64_t start = clock_cpu_us();
        int64_t spent = 0;
        size_t passes = 0;
        for (; spent < BATCH_US; spent = clock_cpu_us() - start, passes++)
            if (!take_step(t, step))
                return false;
        const double now = (double)(t->n * passes) * 1e6 / (double)spent;
        *rate = now > *rate ? now : *rate;
    }
    return true;
}

static bool print_trial(struct trial *t, const struct kind *k, const struct input *in)
{
    double rates[STEPS];
    size_t kept = 0;
    for (enum step s = SORT; s < STEPS; s++)
        if (!measure(t, s, &rates[s]))
            return false;
    for (size_t i = 0; i < t->n; i++)
        kept += t->keep[i];
    printf("%s %s %zu %zu %.0f %.0f %.0f\n", k->name, in->name, t->n, kept, rates[SORT],
           rates[THIN], rates[FIND]);
    return true;
}

static bool run(const struct kind *k, const struct input *in, struct err *e)
{
    struct trial t = {
        .window = {.kind = k->kind,
                   .n = k->n,
                   .timespan_ms = 10 * MINUTE_MS,
                   .gap_ms = 10 * MINUTE_MS,
                   .cell_ms = 10 * MINUTE_MS,
                   .bucket_cells = 1,
                   .pairs_max = WINDOW_PAIRS_MAX},
        .n = in->n,
        .raw = calloc(in->n, sizeof *t.raw),
        .work = calloc(in->n, sizeof *t.work),
        .sorted = calloc(in->n, sizeof *t.sorted),
        .keep = calloc(in->n, sizeof *t.keep),
        .e = {.kind = ERR_SYSTEM, .text = "no memory"},
    };
    vec_init(&t.spans, sizeof(struct span), in->n);
    bool ok = t.raw && t.work && t.sorted && t.keep;
    if (ok)
        fill(&t, k, in);
    ok = ok && print_trial(&t, k, in);
    *e = t.e;
    free(t.raw);
    free(t.work);
    free(t.sorted);
    free(t.keep);
    vec_release(&t.spans);
    return ok;
}

int main(void)
{
    struct err e;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
            if (!run(&kinds[k], &inputs[i], &e)) {
                fprintf(stderr, "%s\n", e.text);
                return 1;
            }
        }
    }
    return 0;
}
