/* base/vec: growing, the maximum, and memory that is out. */
#include "base/vec.h"

#include "tests/unit/support/alloc.h"
#include "tests/unit/support/check.h"

static void test_push(void **state)
{
    (void)state;
    struct vec v;
    vec_init(&v, sizeof(uint64_t), 10000);
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t *p = vec_push(&v, 1);
        assert_non_null(p);
        check_true("zeroed", *p == 0);
        *p = i;
    }
    uint64_t *many = vec_push(&v, 500);
    assert_non_null(many);
    for (size_t i = 0; i < 500; i++)
        check_true("zeroed", many[i] == 0);
    check_size("length", v.n, 1500);
    for (size_t i = 0; i < 1000; i++)
        check_true("kept while growing", *(uint64_t *)vec_at(&v, i) == i);
    vec_release(&v);
    check_size("released", v.n, 0);
    assert_non_null(vec_push(&v, 1));
    vec_release(&v);
}

/* Elements pushed again after the length was cut back are zeroed as well. */
static void test_zeroed_again(void **state)
{
    (void)state;
    struct vec v;
    vec_init(&v, 1, 10);
    memset(vec_push(&v, 5), 7, 5);
    v.n = 0;
    char *p = vec_push(&v, 5);
    for (size_t i = 0; i < 5; i++)
        check_int("zeroed", p[i], 0);
    vec_release(&v);
}

static void test_maximum(void **state)
{
    (void)state;
    static const size_t maxima[] = {0, 1, 15, 16, 17, 33, 1000};
    for (size_t i = 0; i < COUNT(maxima); i++) {
        struct vec v;
        vec_init(&v, 3, maxima[i]);
        assert_null(vec_push(&v, maxima[i] + 1));
        assert_null(vec_push(&v, SIZE_MAX));
        for (size_t n = 0; n < maxima[i]; n++)
            assert_non_null(vec_push(&v, 1));
        assert_null(vec_push(&v, 1));
        check_size("length", v.n, maxima[i]);
        check_true("memory", v.cap <= maxima[i]);
        vec_release(&v);
    }
    struct vec v;
    vec_init(&v, 1 << 20, SIZE_MAX);
    check_size("bytes cannot wrap", v.max, SIZE_MAX >> 20);
    vec_release(&v);
}

static void test_memory_out(void **state)
{
    (void)state;
    struct vec v;
    vec_init(&v, 8, 1000);
    alloc_fail_at(1);
    assert_null(vec_push(&v, 1));
    alloc_works();
    *(int *)vec_push(&v, 1) = 42;
    alloc_fail_at(1);
    assert_null(vec_push(&v, 100));
    alloc_works();
    check_size("length stays", v.n, 1);
    check_int("content stays", *(int *)vec_at(&v, 0), 42);
    assert_non_null(vec_push(&v, 100));
    vec_release(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_push),
        cmocka_unit_test(test_zeroed_again),
        cmocka_unit_test(test_maximum),
        cmocka_unit_test(test_memory_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
