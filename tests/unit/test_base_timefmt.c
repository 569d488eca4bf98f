/* base/timefmt: RFC 3339 in and out, checked against known dates and the C library's calendar. */
#include "base/timefmt.h"

#include <time.h>

#include "tests/unit/support/check.h"

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        /* RFC 3339 section 5.8 */
        {"1985-04-12T23:20:50.52Z", 482196050520},
        {"1996-12-19T16:39:57-08:00", 851042397000},
        {"1937-01-01T12:00:27.87+00:20", -1041337172130},
        /* `date -u -d TEXT +%s` */
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59.999Z", -1},
        {"2000-02-29T00:00:00Z", 951782400000},
        {"2024-02-29T23:59:59Z", 1709251199000},
        {"2038-01-19T03:14:08Z", 2147483648000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
        {"0000-01-01T00:00:00Z", -62167219200000},
        /* the forms that the header names */
        {"2024-07-01", 1719792000000},
        {"2024-07-01 00:00:01Z", 1719792001000},
        {"2024-07-01t00:00:01z", 1719792001000},
        {"2024-07-01T02:00:00+02:00", 1719792000000},
        {"2024-06-30T23:59:00-00:01", 1719792000000},
        {"2024-07-01T00:00:00.0019999999999999999999Z", 1719792000001},
        {"2024-07-01T00:00:00.9Z", 1719792000900},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = 42;
        check_true(cases[i].text, time_parse(str_of(cases[i].text), &ms));
        check_int(cases[i].text, ms, cases[i].ms);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "2024",
        "2024-07",
        "2024-7-1",
        "24-07-01",
        "2024-07-01T",
        "2024-07-01T00:00Z",
        "2024-07-01T00:00:00",
        "2024-07-01T00:00:00+0200",
        "2024-07-01T00:00:00+24:00",
        "2024-07-01T00:00:00+00:60",
        "2024-07-01T00:00:00.Z",
        "2024-07-01T00:00:00,5Z",
        "2024-07-01T24:00:00Z",
        "2024-07-01T00:60:00Z",
        "2024-12-31T23:59:60Z",
        "2024-07-01T00:00:00ZZ",
        "2024-07-01T00:00:00Z ",
        " 2024-07-01T00:00:00Z",
        "2024-13-01",
        "2024-00-01",
        "2024-04-31",
        "2024-07-00",
        "2023-02-29",
        "1900-02-29",
        "2100-02-29",
        "-024-07-01",
        "2024-07-01T-1:00:00Z",
        "20240701T000000Z",
        "1719792000",
        "null",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms;
        check_false(cases[i], time_parse(str_of(cases[i]), &ms));
    }
    int64_t ms;
    check_false("absent", time_parse(STR_ABSENT, &ms));
    check_false("cut by its length", time_parse(str_n("2024-07-01", 9), &ms));
}

static void test_put(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},
        {1, "1970-01-01T00:00:00.001Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {1719792000120, "2024-07-01T00:00:00.120Z"},
        {1719792001000, "2024-07-01T00:00:01Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
        {-62167219200000, "0000-01-01T00:00:00Z"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b;
        buf_init(&b, 100);
        time_put(&b, cases[i].ms);
        check_str("written", buf_str(&b), str_of(cases[i].text));
        int64_t back;
        check_true(cases[i].text, time_parse(buf_str(&b), &back));
        check_int(cases[i].text, back, cases[i].ms);
        buf_release(&b);
    }
}

/* Every 11th hour and a bit of four centuries and more against gmtime_r. */
static void test_calendar(void **state)
{
    (void)state;
    for (int64_t s = -20000000000; s < 20000000000; s += 39641) {
        time_t t = (time_t)s;
        struct tm tm;
        assert_non_null(gmtime_r(&t, &tm));
        struct time_parts p = time_split(s * 1000 + 7);
        check_int("year", p.year, tm.tm_year + 1900);
        check_int("month", p.month, tm.tm_mon + 1);
        check_int("day", p.day, tm.tm_mday);
        check_int("hour", p.hour, tm.tm_hour);
        check_int("minute", p.minute, tm.tm_min);
        check_int("second", p.second, tm.tm_sec);
        check_int("ms", p.ms, 7);
        check_int("weekday", p.weekday, tm.tm_wday);
        int64_t day = (s - (((s % 86400) + 86400) % 86400)) / 86400;
        check_int("days", time_days(p.year, p.month, p.day), day);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
