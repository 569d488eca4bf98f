/* cli/testcase.c: what a file of test cases comes to. Expected records are written by hand. */
#include "cli/testcase.h"

#include "tests/unit/support/check.h"

#define BASE                                                                                       \
    "base: {a: {b: 1, c: [x, y]}, d: \"2\", e: null}\ntests:\n  - name: t\n    expect: match\n"

#define EVENTS                                                                                     \
    "base: {eventTime: '2026-03-17T14:00:00Z', a: 1}\ntests:\n  - name: t\n    alerts: 2\n"        \
    "    events:\n"
/* SHA-256 over the lengths and texts of "t" and "0", "1", "2", as UUIDs of version 8; made with
 * python3's hashlib. */
#define ID0 "8d83fbeb-dd09-8d06-bbb0-afbf52cb5569"
#define ID1 "9cdd7892-725d-8ad0-91a0-c94f301ba4cb"
#define ID2 "b4ef5846-5276-8933-8784-67c24c60640a"

static void makes_records(void **state)
{
    static const struct {
        const char *name, *yaml, *record;
    } cases[] = {
        {"the base", BASE, "{\"a\":{\"b\":1,\"c\":[\"x\",\"y\"]},\"d\":\"2\",\"e\":null}"},
        {"set", BASE "    set: {d: 3, a.b: \"q\"}\n",
         "{\"a\":{\"b\":\"q\",\"c\":[\"x\",\"y\"]},\"d\":3,\"e\":null}"},
        {"set makes objects", BASE "    set: {e.f.g: true}\n",
         "{\"a\":{\"b\":1,\"c\":[\"x\",\"y\"]},\"d\":\"2\",\"e\":{\"f\":{\"g\":true}}}"},
        {"set in lists", BASE "    set: {a.c.0: z, a.c.2: {k: 1}}\n",
         "{\"a\":{\"b\":1,\"c\":[\"z\",\"y\",{\"k\":1}]},\"d\":\"2\",\"e\":null}"},
        {"unset", BASE "    unset: [d, a.c.0, e]\n", "{\"a\":{\"b\":1,\"c\":[\"y\"]}}"},
        {"set, then unset", BASE "    set: {a: {z: 1}}\n    unset: [d]\n",
         "{\"a\":{\"z\":1},\"e\":null}"},
        {"another event", BASE "    event: {q: 1.50}\n    unset: [q]\n", "{}"},
        {"no base", "tests: [{name: t, expect: no-match, event: {q: [1]}}]", "{\"q\":[1]}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena a;
        struct testcase *list;
        struct err e = {0};
        size_t n = 0;
        arena_init(&a, 1u << 24);
        if (!testcases_read(str_of(cases[i].yaml), &a, &list, &n, &e))
            fail_msg("%s: %s", cases[i].name, e.text);
        assert_int_equal(n, 1);
        check_str(cases[i].name, list[0].records[0], str_of(cases[i].record));
        check_str(cases[i].name, list[0].name, S("t"));
        arena_release(&a);
    }
}

/* The records of a case with events, one a line. */
static void makes_events(void **state)
{
    static const struct {
        const char *name, *yaml, *records;
    } cases[] = {
        {"times and ids",
         EVENTS "      - {at: 0s}\n      - {at: 90s, repeat: 2, every: 2m, set: {a: 'k${n}'}}\n",
         "{\"eventTime\":\"2026-03-17T14:00:00Z\",\"a\":1,\"eventID\":\"" ID0 "\"}\n"
         "{\"eventTime\":\"2026-03-17T14:01:30Z\",\"a\":\"k0\",\"eventID\":\"" ID1 "\"}\n"
         "{\"eventTime\":\"2026-03-17T14:03:30Z\",\"a\":\"k1\",\"eventID\":\"" ID2 "\"}\n"},
        {"days, hours, and the number in all texts of a value",
         EVENTS "      - {at: 1d, set: {a: {b: ['${n}-${n}', 7]}, eventID: same}}\n"
                "      - {at: 24h, unset: [a], set: {eventID: same}}\n",
         "{\"eventTime\":\"2026-03-18T14:00:00Z\",\"a\":{\"b\":[\"0-0\",7]},\"eventID\":\"same\"}\n"
         "{\"eventTime\":\"2026-03-18T14:00:00Z\",\"eventID\":\"same\"}\n"},
        {"another record, with an id of its own",
         EVENTS "      - {at: 1s, event: {eventID: mine}}\n",
         "{\"eventID\":\"mine\",\"eventTime\":\"2026-03-17T14:00:01Z\"}\n"},
        {"no base",
         "tests:\n  - name: t\n    alerts: 0\n    events:\n"
         "      - {at: 1s, event: {eventTime: '2026-01-01T00:00:00Z'}}\n",
         "{\"eventTime\":\"2026-01-01T00:00:01Z\",\"eventID\":\"" ID0 "\"}\n"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena a;
        struct testcase *list;
        struct err e = {0};
        size_t n = 0;
        struct buf got;
        arena_init(&a, 1u << 24);
        buf_init(&got, 1u << 20);
        if (!testcases_read(str_of(cases[i].yaml), &a, &list, &n, &e))
            fail_msg("%s: %s", cases[i].name, e.text);
        for (size_t r = 0; r < list[0].n_records; r++) {
            buf_put(&got, list[0].records[r]);
            buf_putc(&got, '\n');
        }
        check_true(cases[i].name, list[0].counts_alerts);
        check_str(cases[i].name, buf_str(&got), str_of(cases[i].records));
        buf_release(&got);
        arena_release(&a);
    }
}

static void reads_what_is_expected(void **state)
{
    struct arena a;
    struct testcase *list;
    struct err e = {0};
    size_t n = 0;
    (void)state;
    arena_init(&a, 1u << 24);
    assert_true(testcases_read(S(EVENTS "      - {at: 0s}\n    key: {f.g: v, h: 7}\n    rule: r\n"),
                               &a, &list, &n, &e));
    check_size("alerts", list[0].alerts, 2);
    check_size("parts of the key", list[0].n_key, 2);
    check_str("field", list[0].key[0].field, S("f.g"));
    check_str("value", list[0].key[0].value, S("v"));
    check_str("a number is a text in a key", list[0].key[1].value, S("7"));
    check_str("rule", list[0].rule, S("r"));
    arena_release(&a);
}

static void refuses(void **state)
{
    static const struct {
        const char *yaml, *text;
    } cases[] = {
        {"tests: [", "line 2"},
        {"x: 1", "no list of tests"},
        {"tests: []", "no list of tests"},
        {"- a", "no list of tests"},
        {"tests: [1]", "a test must be a map"},
        {"tests: [{expect: match, event: {}}]", "needs a name"},
        {"tests: [{name: t, event: {}}]", "expect must be match or no-match"},
        {"tests: [{name: t, event: {}, expect: maybe}]", "not maybe"},
        {"tests: [{name: t, expect: match}]", "without base a test needs an event"},
        {"tests: [{name: t, expect: match, event: [1]}]", "no map"},
        {"tests: [{name: t, expect: match, event: {}, sett: {}}]", "unknown key sett"},
        {"bass: {}\ntests: [{name: t, expect: match, event: {}}]", "unknown key bass"},
        {"tests: [{name: t, expect: match, event: {}, set: [a]}]", "set must be a map"},
        {"tests: [{name: t, expect: match, event: {}, unset: a}]", "unset a list"},
        {"tests: [{name: t, expect: match, event: {}, unset: [a.b]}]", "nothing to unset at a.b"},
        {"tests: [{name: t, expect: match, event: {a: [1]}, set: {a.5: 1}}]", "cannot set a.5"},
        {"tests: [{name: t, expect: match, event: {a: [1]}, set: {a.x.y: 1}}]", "cannot set a.x.y"},
        {"tests: [{name: t, expect: match, event: {}}]\n---\nx: 1", "one document"},
        {EVENTS "      - {}\n", "`at` is needed"},
        {EVENTS "      - {at: 5}\n", "`at` is needed"},
        {EVENTS "      - {at: 1w}\n", "`at` is needed"},
        {EVENTS "      - {at: -1s}\n", "`at` is needed"},
        {EVENTS "      - {at: 999999d}\n", "`at` is needed"},
        {EVENTS "      - {at: 18446744073709551615s}\n", "`at` is needed"},
        {EVENTS "      - {at: 1s, every: often}\n", "`every` is no time like 10s, but often"},
        {EVENTS "      - {at: 1s, repeat: 0}\n", "`repeat` is no number from 1, but 0"},
        {EVENTS "      - {at: 1s, repeat: 10001}\n", "line 6: more than 10000 events"},
        {EVENTS "      - {at: 1s, expect: match}\n", "unknown key expect"},
        {EVENTS "      - 1s\n", "an event must be a map"},
        {EVENTS "      - {at: 1s, unset: [b]}\n", "nothing to unset at b"},
        {EVENTS "      - {at: 1s}\n    expect: match\n", "unknown key expect"},
        {EVENTS "      - {at: 1s}\n    key: [a]\n", "key must be a map"},
        {EVENTS "      - {at: 1s}\n    key: {a: ~}\n", "key has no value for a"},
        {"base: {a: 1}\ntests: [{name: t, alerts: 0, events: [{at: 0s}]}]", "eventTime"},
        {"tests: [{name: t, alerts: 0, events: [{at: 0s}]}]", "needs an event"},
        {"tests: [{name: t, alerts: 0, events: []}]", "no list of events"},
        {"tests: [{name: t, events: [{at: 0s, event: {}}]}]", "says how many alerts"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena a;
        struct testcase *list;
        struct err e = {0};
        size_t n = 0;
        arena_init(&a, 1u << 24);
        if (testcases_read(str_of(cases[i].yaml), &a, &list, &n, &e))
            fail_msg("taken: %s", cases[i].yaml);
        if (!strstr(e.text, cases[i].text))
            fail_msg("%s: %s", cases[i].yaml, e.text);
        arena_release(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_records),
        cmocka_unit_test(makes_events),
        cmocka_unit_test(reads_what_is_expected),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
