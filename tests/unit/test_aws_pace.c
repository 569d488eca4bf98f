/* aws/pace: waits by its formula, never past a deadline. */
#include "aws/pace.h"

#include "tests/unit/support/check.h"
#include "tests/unit/support/fake_world.h"

static void draws_from_zero_to_the_most(void **state)
{
    static const int64_t most[] = {0, 0, 100, 200, 400, 800, 1600, 3200, 5000, 5000};
    (void)state;
    for (int attempt = 2; attempt < (int)COUNT(most); attempt++) {
        const uint32_t span = (uint32_t)most[attempt] + 1;
        check_int("least", pace_delay_ms(attempt, 0), 0);
        check_int("most", pace_delay_ms(attempt, span - 1), most[attempt]);
        check_int("around", pace_delay_ms(attempt, span), 0);
    }
    check_int("far", pace_delay_ms(1000000, 5000), 5000);
}

static void waits_within_the_deadline(void **state)
{
    struct fake_world f = {.mono_ms = 1000, .random = 100};
    const struct aws_world world = fake_world(&f);
    (void)state;
    check_true("no deadline", pace_wait(&world, 2, PACE_NO_DEADLINE));
    check_int("slept", f.slept_ms, 100);
    check_true("time enough", pace_wait(&world, 2, f.mono_ms + 101));
    check_int("slept", f.slept_ms, 200);
    check_false("too late then", pace_wait(&world, 2, f.mono_ms + 100));
    check_int("not slept", f.slept_ms, 200);
    check_int("left", pace_left_ms(&world, f.mono_ms + 5), 5);
    check_int("passed", pace_left_ms(&world, f.mono_ms - 5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_from_zero_to_the_most),
        cmocka_unit_test(waits_within_the_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
