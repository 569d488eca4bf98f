/* cli/backfill: which keys are taken, how far the others let jump, and what is sent. Keys as the
 * CloudTrail User Guide shows them ("Finding your CloudTrail log files"). */
#include "cli/backfill.h"

#include "base/timefmt.h"
#include "tests/unit/support/check.h"

#define REGION "p/AWSLogs/111122223333/CloudTrail/eu-west-1"

static int64_t day(const char *date)
{
    int64_t ms = 0;
    assert_true(time_parse(str_of(date), &ms));
    return ms / 86400000;
}

static void judges_keys(void **state)
{
    static const struct {
        const char *name, *from, *to, *key;
        uint64_t bytes;
        bool take;
        const char *jump;
    } cases[] = {
        {"any day", NULL, NULL, REGION "/2026/03/17/a.json.gz", 1, true, ""},
        {"the first day", "2026-03-17", NULL, REGION "/2026/03/17/a", 1, true, ""},
        {"the last day", NULL, "2026-03-17", REGION "/2026/03/17/a", 1, true, ""},
        {"too early", "2026-03-17", NULL, REGION "/2025/12/31/a", 1, false, REGION "/2026/03/17"},
        {"too late", NULL, "2026-03-17", REGION "/2026/03/18/a", 1, false, REGION "0"},
        {"an organization's", "2026-03-17", NULL, "AWSLogs/o-abc/1/CloudTrail/r/2026/01/01/a", 1,
         false, "AWSLogs/o-abc/1/CloudTrail/r/2026/03/17"},
        {"insights", NULL, "2026-03-17", "AWSLogs/1/CloudTrail-Insight/r/2026/04/01/a", 1, false,
         "AWSLogs/1/CloudTrail-Insight/r0"},
        {"digests", NULL, NULL, "AWSLogs/1/CloudTrail-Digest/r/2026/04/01/a", 1, false,
         "AWSLogs/1/CloudTrail-Digest0"},
        {"no day", "2026-03-17", "2026-03-17", "logs/a.json", 1, true, ""},
        {"a name that looks like one", "2026-03-17", NULL, "logs/2026/03/a", 1, true, ""},
        {"no month", "2026-03-17", NULL, "logs/2025/13/01/a", 1, true, ""},
        {"letters", "2026-03-17", NULL, "logs/202x/01/01/a", 1, true, ""},
        {"a folder", NULL, NULL, "AWSLogs/", 0, false, ""},
        {"a folder that has bytes", NULL, NULL, "AWSLogs/", 5, false, ""},
        {"empty", NULL, NULL, "a.json.gz", 0, false, ""},
        {"nothing behind the day", "2026-03-17", NULL, "a/2025/01/01/", 0, false, "a/2026/03/17"},
    };
    struct buf jump;
    (void)state;
    buf_init(&jump, 2000);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct backfill_days days = {cases[i].from ? day(cases[i].from) : INT64_MIN,
                                     cases[i].to ? day(cases[i].to) : INT64_MAX};
        struct str key = str_of(cases[i].key);
        enum backfill_verdict v = backfill_judge(&days, key, cases[i].bytes, &jump);
        check_int(cases[i].name, v == BACKFILL_TAKE, cases[i].take);
        check_str(cases[i].name, buf_str(&jump), str_of(cases[i].jump));
        if (jump.n)
            check_true(cases[i].name, str_cmp(buf_str(&jump), key) > 0);
    }
    buf_release(&jump);
}

static void knows_days(void **state)
{
    static const struct {
        const char *time, *first, *last;
    } cases[] = {
        {"2026-03-17T00:00:00Z", "2026-03-17", "2026-03-17"},
        {"2026-03-17T17:59:59Z", "2026-03-17", "2026-03-17"},
        {"2026-03-17T18:00:00Z", "2026-03-17", "2026-03-18"}, /* BACKFILL_LATE_MS */
        {"2026-03-17T23:59:59Z", "2026-03-17", "2026-03-18"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = 0;
        assert_true(time_parse(str_of(cases[i].time), &ms));
        check_int(cases[i].time, backfill_first_day(ms), day(cases[i].first));
        check_int(cases[i].time, backfill_last_day(ms), day(cases[i].last));
    }
    check_int("before 1970", backfill_first_day(-1), -1);
}

static void writes_messages(void **state)
{
    static const struct {
        const char *name, *key;
        bool learn;
        const char *want;
    } cases[] = {
        {"plain", "AWSLogs/1/a.json.gz", false,
         "{\"Records\":[{\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectCreated:Put\",\"s3\":{"
         "\"bucket\":{\"name\":\"logs\"},\"object\":{\"key\":\"AWSLogs/1/a.json.gz\",\"size\":8}}}]"
         "}"},
        {"encoded, to learn from", "a b+\"\xC3\xA9", true,
         "{\"Records\":[{\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectCreated:Put\",\"s3\":{"
         "\"bucket\":{\"name\":\"logs\"},\"object\":{\"key\":\"a%20b%2B%22%C3%A9\",\"size\":8}},"
         "\"trailwarden\":{\"learn\":true}}]}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b;
        buf_init(&b, 1000);
        backfill_put_message(&b, S("logs"), str_of(cases[i].key), 8, cases[i].learn);
        check_str(cases[i].name, buf_str(&b), str_of(cases[i].want));
        buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_keys),
        cmocka_unit_test(knows_days),
        cmocka_unit_test(writes_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
