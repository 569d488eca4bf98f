/* adapters/once.c: each key is fresh once, in memory and in files alike. */
#include "adapters/once.h"

#include <stdio.h>

#include "tests/unit/support/check.h"

/* Adds keys 0..n-1 and gives how many were fresh. */
static size_t add(struct once *s, int n)
{
    size_t fresh_ones = 0;
    for (int i = 0; i < n; i++) {
        char id[32];
        unsigned char key[ONCE_KEY_BYTES];
        bool fresh;
        struct err e = {0};
        snprintf(id, sizeof id, "event-%d", i);
        once_key(S("rule"), str_of(id), key);
        if (!once_add(s, key, &fresh, &e))
            fail_msg("%s", e.text);
        fresh_ones += fresh;
    }
    return fresh_ones;
}

static void remembers(size_t memory_max)
{
    struct once *s = once_new(memory_max);
    assert_non_null(s);
    assert_int_equal(add(s, 5000), 5000);
    assert_int_equal(add(s, 5000), 0);
    assert_int_equal(add(s, 6000), 1000);
    once_free(s);
}

static void remembers_in_memory(void **state)
{
    (void)state;
    remembers(ONCE_MEMORY_MAX);
}

static void remembers_in_files(void **state)
{
    (void)state;
    remembers(1);
    remembers(7);
    remembers(700);
    remembers(4999);
    remembers(5000);
}

/* The pattern that marks an empty place is a key like any other. */
static void takes_a_key_of_zeros(void **state)
{
    (void)state;
    static const unsigned char zeros[ONCE_KEY_BYTES];
    struct once *s = once_new(ONCE_MEMORY_MAX);
    struct err e = {0};
    bool fresh;
    assert_true(once_add(s, zeros, &fresh, &e));
    assert_true(fresh);
    assert_true(once_add(s, zeros, &fresh, &e));
    assert_false(fresh);
    once_free(s);
}

static void keeps_parts_apart(void **state)
{
    (void)state;
    unsigned char a[ONCE_KEY_BYTES], b[ONCE_KEY_BYTES];
    once_key(S("ab"), S("c"), a);
    once_key(S("a"), S("bc"), b);
    assert_memory_not_equal(a, b, ONCE_KEY_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remembers_in_memory),
        cmocka_unit_test(remembers_in_files),
        cmocka_unit_test(takes_a_key_of_zeros),
        cmocka_unit_test(keeps_parts_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
