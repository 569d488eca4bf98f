/* base/clock: the clocks run, in the units that their names say. */
#include "base/clock.h"

#include <time.h>

#include "tests/unit/support/check.h"

static void test_wall(void **state)
{
    (void)state;
    int64_t before = (int64_t)time(NULL);
    int64_t now = clock_wall_ms();
    int64_t after = (int64_t)time(NULL);
    check_true("milliseconds since 1970", now / 1000 >= before - 1 && now / 1000 <= after);
}

static void test_mono_and_cpu(void **state)
{
    (void)state;
    int64_t cpu = clock_cpu_us();
    int64_t mono = clock_mono_ms();
    struct timespec nap = {.tv_nsec = 30000000};
    nanosleep(&nap, NULL);
    check_true("a nap of 30 ms passes", clock_mono_ms() - mono >= 29);
    check_true("and costs little CPU", clock_cpu_us() - cpu < 29000);
    cpu = clock_cpu_us();
    mono = clock_mono_ms();
    while (clock_cpu_us() - cpu < 20000)
        ;
    check_true("20 ms of work take as long", clock_mono_ms() - mono >= 18);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wall),
        cmocka_unit_test(test_mono_and_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
