/* base/arena: alignment, zeroes, the maximum, and chunks that are used again and do not pile up. */
#include "base/arena.h"

#include "tests/unit/support/alloc.h"
#include "tests/unit/support/check.h"

static void test_pieces(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 10 << 20);
    for (size_t round = 0; round < 3; round++) {
        for (size_t n = 1; n < 100000; n = n * 3 / 2 + 1) {
            char *p = arena_alloc(&a, n);
            assert_non_null(p);
            check_size("aligned", (uintptr_t)p % _Alignof(max_align_t), 0);
            for (size_t i = 0; i < n; i++)
                check_int("zeroed", p[i], 0);
            memset(p, 0x5A, n);
        }
        arena_reset(&a);
    }
    assert_non_null(arena_alloc(&a, 0));
    arena_release(&a);
    assert_non_null(arena_alloc(&a, 1));
    arena_release(&a);
}

static void test_arrays_and_texts(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 20);
    assert_non_null(arena_array(&a, 10, sizeof(long)));
    assert_non_null(arena_array(&a, 0, 8));
    assert_non_null(arena_array(&a, 8, 0));
    assert_null(arena_array(&a, SIZE_MAX / 8 + 2, 8));
    assert_null(arena_array(&a, SIZE_MAX, SIZE_MAX));
    struct str copy = arena_str(&a, S("a\0b"));
    check_str("copy", copy, S("a\0b"));
    check_int("NUL beyond its end", copy.p[3], 0);
    check_str("empty stays present", arena_str(&a, S("")), S(""));
    check_str("absent stays absent", arena_str(&a, STR_ABSENT), STR_ABSENT);
    check_str("too long", arena_str(&a, str_n("", SIZE_MAX)), STR_ABSENT);
    arena_release(&a);
}

static void test_maximum(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 4096);
    assert_null(arena_alloc(&a, 4097));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 7));
    size_t given = 0;
    while (arena_alloc(&a, 100))
        given += 100;
    check_true("nearly all can be had", given >= 3000 && given <= 4096);
    check_true("never more than the maximum", a.used <= 4096);
    arena_reset(&a);
    check_size("reset gives all back", a.used, 0);
    assert_non_null(arena_alloc(&a, 100));
    arena_release(&a);
    arena_init(&a, 0);
    assert_null(arena_alloc(&a, 1));
    arena_release(&a);
}

/* The same work after a reset asks malloc for nothing. */
static void test_chunks_are_used_again(void **state)
{
    (void)state;
    static const size_t sizes[][3] = {
        {100, 70000, 100}, {70000, 100, 100}, {0, 70000, 100}, {65536, 65536, 65536}, {1, 2, 3},
    };
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct arena a;
        arena_init(&a, 1 << 20);
        for (int round = 0; round < 5; round++) {
            alloc_works();
            for (size_t k = 0; k < 3; k++)
                assert_non_null(arena_alloc(&a, sizes[i][k]));
            if (round > 1)
                check_size("calls to malloc", alloc_calls(), 0);
            arena_reset(&a);
        }
        arena_release(&a);
    }
}

/* Ever larger first pieces must not leave a chain of chunks that are each just too small: what is
 * held stays below twice the maximum and a chunk, whatever came before. */
static void test_chunks_do_not_pile_up(void **state)
{
    (void)state;
    const size_t max = 1 << 20;
    struct arena a;
    arena_init(&a, max);
    for (size_t n = 65537; n < max - 200000; n += 4096) {
        assert_non_null(arena_alloc(&a, 1));
        assert_non_null(arena_alloc(&a, n));
        assert_non_null(arena_alloc(&a, 100000));
        arena_reset(&a);
        size_t chunks = 0;
        for (void **c = (void **)a.first; c; c = *c) /* `next` is a chunk's first member */
            chunks++;
        check_true("few chunks", chunks <= 3);
    }
    arena_release(&a);
}

static void test_memory_out(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 20);
    alloc_fail_at(1);
    assert_null(arena_alloc(&a, 10));
    check_str("copy", arena_str(&a, S("x")), STR_ABSENT);
    alloc_works();
    assert_non_null(arena_alloc(&a, 10));
    alloc_fail_at(1);
    assert_non_null(arena_alloc(&a, 10)); /* the chunk has room */
    assert_null(arena_alloc(&a, 100000));
    alloc_works();
    assert_non_null(arena_alloc(&a, 100000));
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_arrays_and_texts),
        cmocka_unit_test(test_maximum),
        cmocka_unit_test(test_chunks_are_used_again),
        cmocka_unit_test(test_chunks_do_not_pile_up),
        cmocka_unit_test(test_memory_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
