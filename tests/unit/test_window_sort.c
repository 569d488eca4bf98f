/* engine/window_sort.c against qsort, over the orders in which elements come and those that are bad
 * for a quicksort. */
#include "engine/window.h"

#include <stdlib.h>

#include "tests/unit/support/check.h"

#define MOST 3000

/* A generator of numbers (xorshift64), from a seed that is not 0. */
static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* The i-th of n elements. */
typedef struct element (*make_fn)(size_t i, size_t n, uint64_t *seed);

static struct element ascending(size_t i, size_t n, uint64_t *seed)
{
    (void)n;
    (void)seed;
    return (struct element){.time_ms = (int64_t)i - 100};
}

static struct element descending(size_t i, size_t n, uint64_t *seed)
{
    (void)seed;
    return (struct element){.time_ms = (int64_t)(n - i)};
}

/* Up, and down again: each time is there twice. */
static struct element up_and_down(size_t i, size_t n, uint64_t *seed)
{
    (void)seed;
    return (struct element){.time_ms = (int64_t)(i < n / 2 ? i : n - 1 - i)};
}

static struct element one_second(size_t i, size_t n, uint64_t *seed)
{
    (void)i;
    (void)n;
    return (struct element){.time_ms = 5, .event = {next(seed), next(seed)}};
}

static struct element all_the_same(size_t i, size_t n, uint64_t *seed)
{
    (void)i;
    (void)n;
    (void)seed;
    return (struct element){.time_ms = 5, .what = 1, .event = {2, 3}};
}

/* Differ in each of the fields in turn, with every value twice and more. */
static struct element few(size_t i, size_t n, uint64_t *seed)
{
    (void)i;
    (void)n;
    return (struct element){.time_ms = (int64_t)(next(seed) % 3) - 1,
                            .what = next(seed) % 2 ? UINT64_MAX : 7,
                            .event = {next(seed) % 3, next(seed) % 3 ? UINT64_MAX : 0}};
}

/* The middle of a part that is sorted by the middle one is its least, again and again. */
static struct element organ_pipe(size_t i, size_t n, uint64_t *seed)
{
    (void)seed;
    return (struct element){.time_ms = (int64_t)(i < n / 2 ? n / 2 - i : i)};
}

static size_t sort_by_qsort(struct element *e, size_t n)
{
    size_t kept = n ? 1 : 0;
    if (n)
        qsort(e, n, sizeof *e, element_cmp);
    for (size_t i = 1; i < n; i++)
        if (element_cmp(e + kept - 1, e + i) != 0)
            e[kept++] = e[i];
    return kept;
}

static void sorts_as_qsort_does(void **state)
{
    static const struct {
        const char *name;
        make_fn make;
    } cases[] = {
        {"ascending", ascending},   {"descending", descending},     {"up and down", up_and_down},
        {"one second", one_second}, {"all the same", all_the_same}, {"few", few},
        {"organ pipe", organ_pipe},
    };
    static const size_t sizes[] = {0, 1, 2, 3, 23, 24, 25, 26, 49, 100, 257, MOST};
    struct element *mine = calloc(2 * MOST, sizeof *mine), *theirs = mine + MOST;
    uint64_t seed = 1;
    (void)state;
    assert_non_null(mine);
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t k = 0; k < COUNT(sizes); k++) {
            size_t n = sizes[k];
            for (size_t at = 0; at < n; at++)
                mine[at] = theirs[at] = cases[i].make(at, n, &seed);
            size_t kept = window_sort(mine, n);
            check_int(cases[i].name, (long long)kept, (long long)sort_by_qsort(theirs, n));
            for (size_t at = 0; at < kept; at++)
                check_int(cases[i].name, element_cmp(mine + at, theirs + at), 0);
        }
    free(mine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sorts_as_qsort_does)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
