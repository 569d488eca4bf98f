/* respond/because: what a correlation waits for, in words; and the alert that says so. */
#include "respond/because.h"

#include "respond/render.h"
#include "tests/unit/support/alert_case.h"

#define RULE(title, name, event)                                                                   \
    "title: " title "\nname: " name "\nid: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a0" event "\n"         \
    "logsource: {product: aws, service: cloudtrail}\n"                                             \
    "detection:\n  s: {eventName: E" event "}\n  condition: s\n---\n"
#define RULES RULE("First \\e", "a", "1") RULE("Second", "b", "2") RULE("Third", "c", "3")
#define CORRELATION(text)                                                                          \
    RULES "title: Together\nid: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a09\nlevel: high\n"               \
          "correlation:\n" text

/* The first window that correlates. */
static const struct rs_window *correlation_of(const struct ruleset *rs)
{
    for (uint32_t i = 0; i < rs->n_windows; i++)
        if (rs->windows[i].type != WINDOW_TYPE_SINGLE)
            return rs->windows + i;
    fail_msg("no correlation was loaded");
    return NULL;
}

static void says_conditions(void **state)
{
    static const struct {
        const char *file, *says;
    } cases[] = {
        {CORRELATION("  type: event_count\n  rules: [a, b]\n  group-by: [userAgent]\n"
                     "  timespan: 5m\n  condition: {gte: 7}\n"),
         "at least 7 events of \"First \\e\" or \"Second\" within 5 min"},
        {CORRELATION("  type: event_count\n  rules: [a]\n  group-by: [userAgent]\n"
                     "  timespan: 90s\n  condition: {lte: 7}\n"),
         "at most 7 events of \"First \\e\" within 90 s"},
        {CORRELATION("  type: value_count\n  rules: [a]\n  group-by: [userAgent]\n"
                     "  timespan: 1h\n  condition: {gt: 4, field: awsRegion}\n"),
         "at least 5 different values of awsRegion in events of \"First \\e\" within 1 h"},
        {CORRELATION("  type: temporal\n  rules: [a, b]\n  group-by: [userAgent]\n"
                     "  timespan: 1d\n"),
         "both \"First \\e\" and \"Second\" within 1 day"},
        {CORRELATION("  type: temporal\n  rules: [a, b, c]\n  group-by: [userAgent]\n"
                     "  timespan: 2d\n"),
         "all of \"First \\e\", \"Second\" and \"Third\" within 2 days"},
        {CORRELATION("  type: temporal\n  rules: [a, b, c]\n  group-by: [userAgent]\n"
                     "  timespan: 2d\n  condition: {gte: 2}\n"),
         "at least 2 of \"First \\e\", \"Second\" and \"Third\" within 2 days"},
        {CORRELATION("  type: temporal_ordered\n  rules: [a, b, c]\n  group-by: [userAgent]\n"
                     "  timespan: 10m\n"),
         "\"First \\e\", then \"Second\", then \"Third\" in this order within 10 min"},
        {CORRELATION("  type: value_sum\n  rules: [a]\n  group-by: [userAgent]\n"
                     "  timespan: 10m\n  condition: {gt: 100, field: x.bytes}\n"),
         "sum of x.bytes more than 100 in events of \"First \\e\" within 10 min"},
        {CORRELATION("  type: first_seen\n  rules: [a]\n  group-by: [userIdentity.arn]\n"
                     "  fields: [userAgent]\n  history: 30d\n  learn: 7d\n"),
         "a value of userAgent not seen in 30 days before, in events of \"First \\e\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct alert_case c;
        struct buf b;
        alert_case_init(&c, "t.yml", cases[i].file);
        buf_init(&b, 4096);
        because_put(&b, c.rules, correlation_of(c.rules), &limits_none);
        check_str(cases[i].says, buf_str(&b), str_of(cases[i].says));
        buf_release(&b);
        alert_case_release(&c);
    }
}

static void says_durations(void **state)
{
    static const struct {
        int64_t ms;
        const char *says;
    } cases[] = {
        {0, "0 ms"},        {1500, "1500 ms"},     {1000, "1 s"},       {60000, "1 min"},
        {90000, "90 s"},    {3600000, "1 h"},      {5400000, "90 min"}, {86400000, "1 day"},
        {90000000, "25 h"}, {172800000, "2 days"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b;
        buf_init(&b, 100);
        because_put_duration(&b, cases[i].ms);
        check_str(cases[i].says, buf_str(&b), str_of(cases[i].says));
        buf_release(&b);
    }
}

static bool keep(void *to, const struct ruleset *rs, const struct alert *a, struct err *e)
{
    struct buf *b = to;
    struct rendered r;
    rendered_init(&r);
    assert_true(alert_message(rs, a, &r, e));
    buf_put(b, r.message.subject);
    buf_putc(b, '\n');
    buf_put(b, r.message.text);
    buf_put(b, r.message.json);
    rendered_release(&r);
    return true;
}

static bool has(const struct buf *b, const char *text)
{
    return str_find(buf_str(b), str_of(text), 0) != SIZE_MAX;
}

#define EVENT(name, minute)                                                                        \
    "{\"eventName\":\"" name "\",\"eventID\":\"" name "-" minute                                   \
    "\",\"eventTime\":\"2026-03-17T14:" minute                                                     \
    ":00Z\",\"userAgent\":\"ua\",\"recipientAccountId\":\"111122223333\"}"

static void alerts_say_what_they_correlate(void **state)
{
    (void)state;
    struct alert_case c;
    struct buf b;
    struct err e = {0};
    buf_init(&b, 1u << 20);
    alert_case_init(&c, "t.yml",
                    CORRELATION("  type: temporal_ordered\n  rules: [a, b]\n"
                                "  group-by: [userAgent]\n  timespan: 10m\n"));
    assert_true(alert_case_add(&c, EVENT("E2", "07"), &e));
    assert_true(alert_case_add(&c, EVENT("E1", "05"), &e));
    assert_true(alert_case_tell(&c, keep, &b, &e));
    static const char *const wanted[] = {
        "[HIGH] Together - 111122223333",
        "because  \"First \\e\", then \"Second\" in this order within 10 min\n",
        "same     userAgent = ua\n",
        "first    it began with this event:\n",
        "what     E1\n",
        "\"key\":{\"userAgent\":\"ua\"}",
        "\"first\":\"2026-03-17T14:07:00Z\",\"last\":\"2026-03-17T14:07:00Z\",\"count\":2",
        "\"events\":[\"E1-05\",\"E2-07\"]",
        "\"correlation\":{\"type\":\"temporal_ordered\",\"condition\":",
        "\"rules\":[{\"id\":\"6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a01\",\"title\":\"First \\\\e\"},",
        "It began when Somebody called E1 on",
    };
    for (size_t i = 0; i < COUNT(wanted); i++)
        check_true(wanted[i], has(&b, wanted[i]));
    buf_release(&b);
    alert_case_release(&c);
}

/* What the state knows of an alert that another delivery saw: perhaps nothing of its first event,
 * a count that is an estimate, others that joined it. */
static void says_updates_and_what_is_unknown(void **state)
{
    static const struct str names[] = {{"account", 7}, {"identity", 8}},
                            values[] = {{"111122223333", 12}, {"AIDAEXAMPLE", 11}},
                            joined[] = {{"00ff", 4}}, events[] = {{"e-1", 3}};
    static const char *const wanted[] = {
        "[HIGH] Update 2: Something was called - 111122223333\n",
        "[HIGH] Something was called (update 2)\n",
        "update   number 2 of an alert that was told before: 1 other turned out to be the same\n",
        "joined   00ff\n",
        "when     about 1200 events from 2026-03-17T14:05:11Z to 2026-03-17T14:05:12Z\n",
        "first    the first event is not at hand; its log object has it\n",
        "who      111122223333\n",
        "the first 1 and the last 0 of about 1200:\n",
        "\"updates\":2,",
        "\"count\":1200,\"count_is_estimate\":true,\"events\":[\"e-1\"],\"joined\":[\"00ff\"]",
        "\"identity\":null,\"event\":null,\"fields\":{}",
        "Something was called: about 1200 events from",
    };
    (void)state;
    struct alert_case c;
    struct buf b;
    struct err e = {0};
    buf_init(&b, 1u << 20);
    alert_case_init(&c, "t.yml", every_event);
    struct alert a = {.window = c.rules->windows + c.rules->rules[0].window,
                      .id = S("aa00"),
                      .updates = 2,
                      .key_names = names,
                      .key_values = values,
                      .n_keys = 2,
                      .timed = true,
                      .first_ms = 1773756311000LL,
                      .last_ms = 1773756312000LL,
                      .count = 1200,
                      .estimated = true,
                      .events = events,
                      .n_events = 1,
                      .joined = joined,
                      .n_joined = 1};
    assert_true(keep(&b, c.rules, &a, &e));
    for (size_t i = 0; i < COUNT(wanted); i++)
        check_true(wanted[i], has(&b, wanted[i]));
    buf_release(&b);
    alert_case_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_conditions),
        cmocka_unit_test(says_durations),
        cmocka_unit_test(alerts_say_what_they_correlate),
        cmocka_unit_test(says_updates_and_what_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
