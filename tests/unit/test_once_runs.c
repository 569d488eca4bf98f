/* adapters/once_runs.c: what was put aside is found, in files of every size, and nothing else. */
#include "adapters/once_runs.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "tests/unit/support/check.h"

/* Ids that are spread evenly, as hashes are: a multiple of 2^64 / the golden ratio. */
static struct once_id spread(uint64_t i)
{
    return (struct once_id){(i + 1) * 0x9e3779b97f4a7c15u, i};
}

/* Ids that are not: many of the same first number, and one far away. */
static struct once_id bunched(uint64_t i)
{
    return i % 1000 ? (struct once_id){7, i} : (struct once_id){UINT64_MAX - i, 0};
}

static int by_order(const void *x, const void *y)
{
    return once_id_compare(*(const struct once_id *)x, *(const struct once_id *)y);
}

#define BATCH 500

static void add_batches(struct once_runs *s, struct once_id (*make)(uint64_t), uint64_t n)
{
    struct err e = {0};
    for (uint64_t i = 0; i < n; i++) {
        struct once_id ids[BATCH];
        for (uint64_t k = 0; k < BATCH; k++)
            ids[k] = make(2 * (i * BATCH + k)); /* the odd ones are not there */
        qsort(ids, BATCH, sizeof *ids, by_order);
        if (!once_runs_add(s, ids, BATCH, &e))
            fail_msg("%s", e.text);
    }
}

static void check_all(const struct once_runs *s, struct once_id (*make)(uint64_t), uint64_t n)
{
    struct err e = {0};
    for (uint64_t i = 0; i < 2 * n * BATCH; i++) {
        bool found;
        if (!once_runs_find(s, make(i), &found, &e))
            fail_msg("%s", e.text);
        if (found != (i % 2 == 0))
            fail_msg("id %zu of %zu batches: %d", (size_t)i, (size_t)n, found);
    }
}

static void finds_what_was_added(void **state)
{
    (void)state;
    static struct once_id (*const makes[])(uint64_t) = {spread, bunched};
    for (size_t m = 0; m < 2; m++) {
        for (uint64_t n = 0; n < 20; n++) {
            struct once_runs s = {0};
            add_batches(&s, makes[m], n);
            check_all(&s, makes[m], n);
            once_runs_release(&s);
        }
    }
}

/* A run of each binary digit: 13 batches are 8, 4 and 1. */
static void merges_runs_of_a_size(void **state)
{
    (void)state;
    struct once_runs s = {0};
    add_batches(&s, spread, 13);
    for (size_t i = 0; i < ONCE_RUNS_MAX; i++)
        assert_int_equal(s.runs[i].n, i == 0 ? BATCH : i == 2 ? 4 * BATCH : i == 3 ? 8 * BATCH : 0);
    once_runs_release(&s);
}

/* No file can be made, as where the file system is full. */
static void tells_of_a_file_that_fails(void **state)
{
    (void)state;
    struct once_runs s = {0};
    struct once_id id = spread(1);
    struct err e = {0};
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){0, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    bool ok = once_runs_add(&s, &id, 1, &e);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_false(ok);
    assert_int_equal(e.kind, ERR_SYSTEM);
    once_runs_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_added),
        cmocka_unit_test(merges_runs_of_a_size),
        cmocka_unit_test(tells_of_a_file_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
