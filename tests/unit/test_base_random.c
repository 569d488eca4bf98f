/* base/random: bytes that differ from call to call. */
#include "base/random.h"

#include "tests/unit/support/check.h"

static void fills(void **state)
{
    (void)state;
    struct err e = {0};
    unsigned char a[64] = {0}, b[64] = {0};
    assert_true(random_fill(a, sizeof a, &e));
    assert_true(random_fill(b, sizeof b, &e));
    assert_memory_not_equal(a, b, sizeof a); /* equal once in 2^512 */
    unsigned char big[4096] = {0};           /* more than one getrandom may give when interrupted */
    assert_true(random_fill(big, sizeof big, &e));
    assert_memory_not_equal(big, big + 2048, 2048);
    unsigned char none = 7;
    assert_true(random_fill(&none, 0, &e));
    check_int("untouched", none, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fills)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
