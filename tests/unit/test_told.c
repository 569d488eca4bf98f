/* handlers/told: a set of ids that forgets when told to and stays within its maximum. */
#include "handlers/told.h"

#include "base/buf.h"
#include "tests/unit/support/alloc.h"
#include "tests/unit/support/check.h"

static struct str id_text(struct buf *b, uint64_t n)
{
    buf_reset(b);
    buf_putf(b, "id-%llu", (unsigned long long)n);
    return buf_str(b);
}

static void remembers(void **state)
{
    (void)state;
    struct told t = {0};
    assert_true(told_add(&t, S("a")));
    assert_true(told_add(&t, S("b")));
    assert_true(told_add(&t, S("")));
    assert_false(told_add(&t, S("a")));
    assert_false(told_add(&t, S("")));
    told_clear(&t);
    assert_true(told_add(&t, S("a")));
    told_release(&t);
    assert_true(told_add(&t, S("a")));
    told_release(&t);
}

static void grows_and_stays_bounded(void **state)
{
    (void)state;
    struct told t = {0};
    struct buf b;
    buf_init(&b, 64);
    for (uint64_t i = 0; i < TOLD_MAX; i++)
        assert_true(told_add(&t, id_text(&b, i)));
    for (uint64_t i = 0; i < TOLD_MAX; i += 1009)
        assert_false(told_add(&t, id_text(&b, i)));
    /* full: a new id is new each time */
    assert_true(told_add(&t, S("new")));
    assert_true(told_add(&t, S("new")));
    check_size("held", t.n, TOLD_MAX);
    check_size("places", t.n_places, 2 * TOLD_MAX);
    buf_release(&b);
    told_release(&t);
}

static void tells_twice_without_memory(void **state)
{
    (void)state;
    struct told t = {0};
    alloc_fail_at(1);
    assert_true(told_add(&t, S("a")));
    assert_true(told_add(&t, S("a")));
    alloc_works();
    assert_true(told_add(&t, S("a")));
    assert_false(told_add(&t, S("a")));
    told_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remembers),
        cmocka_unit_test(grows_and_stays_bounded),
        cmocka_unit_test(tells_twice_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
