/* respond/risk: points of levels. What they come to in an incident is tested by
 * tests/e2e/test_identities.py. */
#include "respond/risk.h"

#include "tests/unit/support/check.h"

static void gives_points(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum level level;
        unsigned n, points;
    } cases[] = {
        {"critical", LEVEL_CRITICAL, 0, 50}, {"second critical", LEVEL_CRITICAL, 1, 25},
        {"high", LEVEL_HIGH, 0, 25},         {"third high", LEVEL_HIGH, 2, 8},
        {"medium", LEVEL_MEDIUM, 0, 10},     {"low", LEVEL_LOW, 0, 3},
        {"fourth low", LEVEL_LOW, 3, 0},     {"informational", LEVEL_INFORMATIONAL, 0, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_size(cases[i].name, risk_of_level(cases[i].level, cases[i].n), cases[i].points);
}

/* As many as an incident holds come to less than one critical alert and RISK_COMPROMISED. */
static void low_ones_stay_low(void **state)
{
    (void)state;
    unsigned low = 0, medium = 0;
    for (unsigned n = 0; n < INCIDENT_SIGNALS_MAX; n++) {
        low += risk_of_level(LEVEL_LOW, n);
        medium += risk_of_level(LEVEL_MEDIUM, n);
    }
    check_true("low", low < risk_of_level(LEVEL_MEDIUM, 0));
    check_true("medium", medium < RISK_COMPROMISED);
    check_true("one critical", risk_of_level(LEVEL_CRITICAL, 0) >= RISK_COMPROMISED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_points),
        cmocka_unit_test(low_ones_stay_low),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
