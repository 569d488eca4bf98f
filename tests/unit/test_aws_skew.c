/* aws/skew: dates by the definition of RFC 9110 5.6.7, measurements by hand. */
#include "aws/skew.h"

#include "tests/unit/support/check.h"

#define T      784111777000LL /* Sun, 06 Nov 1994 08:49:37 GMT, the RFC's example */
#define DATE   "Sun, 06 Nov 1994 08:49:37 GMT"
#define MINUTE 60000LL

static void reads_dates(void **state)
{
    static const struct {
        const char *date;
        bool ok;
        int64_t want;
    } cases[] = {
        {DATE, true, T},
        {"Thu, 01 Jan 1970 00:00:00 GMT", true, 0},
        {"Sat, 29 Feb 2020 23:59:60 GMT", true, 1583020800000},
        {"Sunday, 06-Nov-94 08:49:37 GMT", false, 0},
        {"Sun Nov  6 08:49:37 1994", false, 0},
        {"Sun, 06 Nov 1994 08:49:37 UTC", false, 0},
        {"Sun, 06 nov 1994 08:49:37 GMT", false, 0},
        {"Sun, 06 Nov 1994 24:49:37 GMT", false, 0},
        {"Sun, 00 Nov 1994 08:49:37 GMT", false, 0},
        {"Sun, 06 Nov 1994 08-49-37 GMT", false, 0},
        {"Sun, 06 Nov 19x4 08:49:37 GMT", false, 0},
        {"", false, 0},
        {NULL, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t got = 0;
        check_int(cases[i].date, skew_parse_date(str_of(cases[i].date), &got), cases[i].ok);
        check_int(cases[i].date, got, cases[i].want);
    }
}

static void measures(void **state)
{
    static const struct {
        const char *name, *date, *age;
        int64_t sent, received;
        bool ok;
        int64_t want;
    } cases[] = {
        {"no skew", DATE, NULL, T, T, true, 0},
        {"middle of the round trip", DATE, NULL, T - 1000, T + 3000, true, -1000},
        {"server ahead", DATE, NULL, T - 10 * MINUTE, T - 10 * MINUTE + 200, true,
         10 * MINUTE - 100},
        {"server behind", DATE, NULL, T + 10 * MINUTE, T + 10 * MINUTE, true, -10 * MINUTE},
        {"cached", DATE, "0", T, T, false, 0},
        {"slowest that counts", DATE, NULL, T, T + 15 * MINUTE, true, -450000},
        {"too slow", DATE, NULL, T, T + 15 * MINUTE + 1, false, 0},
        {"no date", NULL, NULL, T, T, false, 0},
        {"bad date", "yesterday", NULL, T, T, false, 0},
        {"clock set back meanwhile", DATE, NULL, T, T - 60 * MINUTE, true, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t got = 0;
        check_int(cases[i].name,
                  skew_measure(str_of(cases[i].date), str_of(cases[i].age), cases[i].sent,
                               cases[i].received, &got),
                  cases[i].ok);
        check_int(cases[i].name, got, cases[i].want);
    }
}

static void explains(void **state)
{
    (void)state;
    check_true("four minutes", skew_explains(4 * MINUTE, 0));
    check_true("four minutes behind", skew_explains(-4 * MINUTE, 0));
    check_false("less", skew_explains(4 * MINUTE - 1, 0));
    check_false("known already", skew_explains(60 * MINUTE, 60 * MINUTE));
    check_true("gone again", skew_explains(0, 60 * MINUTE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_dates),
        cmocka_unit_test(measures),
        cmocka_unit_test(explains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
