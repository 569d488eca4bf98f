/* cli/testwindows.c and cli/explain_window.c: a case's events through the windows, and how they
 * fill. What must come out follows by hand from the definition in engine/window.h. */
#include "cli/explain_window.h"
#include "cli/testwindows.h"
#include "engine/loader.h"
#include "tests/unit/support/check.h"

#define DETECTION(name, event)                                                                     \
    "---\ntitle: " name "\nname: " name "\nlevel: informational\n"                                 \
    "logsource: {product: aws, service: cloudtrail}\n"                                             \
    "detection: {s: {eventName: " event "}, condition: s}\n"
#define BASE                                                                                       \
    "base: {eventTime: '2026-03-17T14:00:00Z', eventName: A, recipientAccountId: '1', "            \
    "userIdentity: {arn: dana}}\ntests:\n  - name: t\n    alerts: 0\n    events:\n"

static const char three[] = "title: Three\nlevel: high\ncorrelation:\n"
                            "  {type: event_count, rules: a, group-by: userIdentity.arn, "
                            "timespan: 1m, condition: {gte: 3}}\n" DETECTION("a", "A");
static const char values[] = "title: Values\nlevel: high\ncorrelation:\n"
                             "  {type: value_count, rules: a, group-by: userIdentity.arn, "
                             "timespan: 1m, condition: {gte: 2, field: v}}\n" DETECTION("a", "A");
static const char order[] =
    "title: Order\nlevel: high\ncorrelation:\n"
    "  {type: temporal_ordered, rules: [a, b], "
    "group-by: userIdentity.arn, timespan: 1m}\n" DETECTION("a", "A") DETECTION("b", "B");
static const char both[] =
    "title: Both\nlevel: high\ncorrelation:\n"
    "  {type: temporal, rules: [a, b], "
    "group-by: userIdentity.arn, timespan: 1m}\n" DETECTION("a", "A") DETECTION("b", "B");
static const char chain[] =
    "title: Chain\nlevel: high\ncorrelation:\n"
    "  {type: temporal_ordered, rules: [twice, b], group-by: userIdentity.arn, timespan: 5m}\n"
    "---\ntitle: Twice\nname: twice\ncorrelation:\n"
    "  {type: event_count, rules: a, group-by: userIdentity.arn, timespan: 1m, "
    "condition: {gte: 2}}\n" DETECTION("a", "A") DETECTION("b", "B");
static const char several[] =
    "title: Several\nlevel: high\ncorrelation:\n"
    "  {type: value_count, rules: twice, group-by: userIdentity.arn, timespan: 5m, "
    "condition: {gte: 2, field: v}}\n"
    "---\ntitle: Twice\nname: twice\ncorrelation:\n"
    "  {type: event_count, rules: a, group-by: [userIdentity.arn, v], timespan: 1m, "
    "condition: {gte: 2}}\n" DETECTION("a", "A");
static const char first[] = "title: First\nlevel: high\ncorrelation:\n"
                            "  {type: first_seen, rules: a, group-by: userIdentity.arn, "
                            "fields: v, history: 30d, learn: 1d}\n" DETECTION("a", "A");
static const char few[] = "title: Few\nlevel: high\ncorrelation:\n"
                          "  {type: event_count, rules: a, group-by: userIdentity.arn, "
                          "timespan: 1m, condition: {lte: 1}}\n" DETECTION("a", "A");

/* Rules, events and what runs them. */
struct setting {
    struct diags diags;
    struct ruleset *rules;
    struct event ev;
    struct arena memory;
    struct testcase *test;
    uint32_t rule;
};

static void setting_init(struct setting *s, const char *rules, const char *events)
{
    struct err e = {0};
    struct buf text;
    size_t n;
    diags_init(&s->diags);
    struct loader *l = loader_new(NULL, &s->diags);
    assert_non_null(l);
    assert_true(loader_add(l, S("r.yml"), str_of(rules), &e));
    assert_true(loader_finish(l, &s->rules, &e));
    loader_free(l);
    assert_int_equal(diags_count(&s->diags, DIAG_REFUSED), 0);
    assert_true(event_init(&s->ev, s->rules, &e));
    arena_init(&s->memory, 1u << 24);
    buf_init(&text, 1u << 16);
    buf_putz(&text, BASE);
    buf_putz(&text, events);
    if (!testcases_read(buf_str(&text), &s->memory, &s->test, &n, &e))
        fail_msg("%s: %s", events, e.text);
    buf_release(&text);
    s->rule = RS_NONE;
    for (uint32_t i = 0; i < s->rules->n_rules; i++)
        if (rs_str(s->rules, s->rules->rules[i].title).p[0] == rules[7] &&
            explain_windows_is(s->rules, i) && !s->rules->rules[i].muted)
            s->rule = i;
    assert_true(s->rule != RS_NONE);
}

static void setting_release(struct setting *s)
{
    arena_release(&s->memory);
    event_release(&s->ev);
    ruleset_free(s->rules);
    diags_release(&s->diags);
}

static void counts_alerts(void **state)
{
    static const struct {
        const char *name, *rules, *events;
        size_t whole, parts; /* episodes told */
    } cases[] = {
        {"three in a minute", three, "      - {at: 0s, repeat: 3, every: 30s}\n", 1, 1},
        {"one of them a second late", three, "      - {at: 0s, repeat: 2}\n      - {at: 61s}\n", 0,
         0},
        {"equal ids are one event", three, "      - {at: 0s, repeat: 3, set: {eventID: x}}\n", 0,
         0},
        {"another key", three,
         "      - {at: 0s, repeat: 2}\n      - {at: 0s, set: {userIdentity.arn: olga}}\n", 0, 0},
        {"two episodes", three, "      - {at: 0s, repeat: 3}\n      - {at: 2h, repeat: 3}\n", 2, 2},
        {"bursts within the gap are one episode", three,
         "      - {at: 0s, repeat: 3}\n      - {at: 1h, repeat: 3}\n", 1, 1},
        /* The second delivery has the middle burst: it joins two alerts that were told. */
        {"what comes late joins two episodes", three,
         "      - {at: 1h, repeat: 6}\n      - {at: 0s, repeat: 3}\n      - {at: 2h, repeat: 3}\n",
         1, 1},
        {"in order", order, "      - {at: 0s}\n      - {at: 9s, set: {eventName: B}}\n", 1, 1},
        {"out of order", order, "      - {at: 9s}\n      - {at: 0s, set: {eventName: B}}\n", 0, 0},
        {"a chain", chain, "      - {at: 0s, repeat: 2}\n      - {at: 5m, set: {eventName: B}}\n",
         1, 1},
        {"a lone event between two bursts is no moment", chain,
         "      - {at: 0s, repeat: 2}\n      - {at: 25m}\n      - {at: 26m, set: {eventName: B}}\n"
         "      - {at: 50m, repeat: 2}\n",
         0, 0},
        {"values of a chain", several,
         "      - {at: 0s, repeat: 2, set: {v: x}}\n      - {at: 1m, repeat: 2, set: {v: y}}\n", 1,
         1},
        {"one of them only once", several,
         "      - {at: 0s, repeat: 3, set: {v: x}}\n      - {at: 1m, set: {v: y}}\n", 0, 0},
        {"learning", first, "      - {at: 0s, set: {v: x}}\n      - {at: 23h, set: {v: y}}\n", 0,
         0},
        {"a value after learning", first,
         "      - {at: 2d, set: {v: y}}\n      - {at: 0s, set: {v: x}}\n", 1, 1},
        {"only scan evaluates it", few, "      - {at: 0s}\n", 1, SIZE_MAX},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct setting s;
        struct testwindows t;
        struct err e = {0};
        setting_init(&s, cases[i].rules, cases[i].events);
        assert_true(testwindows_init(&t, s.rules, &s.ev, &e));
        if (!testwindows_run(&t, s.test, s.rule, ARRIVE_WHOLE, &e))
            fail_msg("%s: %s", cases[i].name, e.text);
        check_size(cases[i].name, testwindows_told(&t), cases[i].whole);
        check_true(cases[i].name,
                   testwindows_durable(s.rules, s.rule) == (cases[i].parts != SIZE_MAX));
        if (cases[i].parts != SIZE_MAX && !testwindows_run(&t, s.test, s.rule, ARRIVE_PARTS, &e))
            fail_msg("%s: %s", cases[i].name, e.text);
        if (cases[i].parts != SIZE_MAX)
            check_size(cases[i].name, testwindows_told(&t), cases[i].parts);
        testwindows_release(&t);
        setting_release(&s);
    }
}

static void compares_keys(void **state)
{
    static const struct {
        const char *name, *rules, *key;
        bool has;
    } cases[] = {
        {"the key", three, "{userIdentity.arn: dana}", true},
        {"another value", three, "{userIdentity.arn: olga}", false},
        {"another field", three, "{arn: dana}", false},
        {"more than the key", three, "{userIdentity.arn: dana, a: b}", false},
        {"the value of first_seen may be named", first, "{userIdentity.arn: dana, v: y}", true},
        {"it need not", first, "{userIdentity.arn: dana}", true},
        {"but not it alone", first, "{a: b}", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct setting s;
        struct testwindows t;
        struct err e = {0};
        struct buf events;
        buf_init(&events, 1u << 12);
        buf_putf(&events,
                 "      - {at: 0s, repeat: 3, set: {v: x}}\n      - {at: 2d, set: {v: y}}\n"
                 "    key: %s\n",
                 cases[i].key);
        setting_init(&s, cases[i].rules, buf_z(&events));
        assert_true(testwindows_init(&t, s.rules, &s.ev, &e));
        assert_true(testwindows_run(&t, s.test, s.rule, ARRIVE_WHOLE, &e));
        check_true(cases[i].name, testwindows_has_key(&t, s.test) == cases[i].has);
        testwindows_release(&t);
        setting_release(&s);
        buf_release(&events);
    }
}

/* Times are from 14:00; event ids are those that the tests name. */
static void explains(void **state)
{
    static const struct {
        const char *name, *rules, *events, *text;
    } cases[] = {
        {"held", three,
         "      - {at: 0s, set: {eventID: x}}\n      - {at: 10s, set: {eventID: y}}\n"
         "      - {at: 30s, set: {eventID: z}}\n",
         "at least 3 events within 1m\nuserIdentity.arn \"dana\"\n"
         "  2026-03-17T14:00:00Z  x\n  2026-03-17T14:00:10Z  y\n  2026-03-17T14:00:30Z  z\n"
         "  holds from 2026-03-17T14:00:30Z to 2026-03-17T14:01:00Z\n"},
        {"too few, and one without a key", three,
         "      - {at: 30s, set: {eventID: y}}\n      - {at: 0s, set: {eventID: x}}\n"
         "      - {at: 0s, set: {eventID: z}, unset: [userIdentity]}\n",
         "at least 3 events within 1m\nuserIdentity.arn \"dana\"\n"
         "  2026-03-17T14:00:00Z  x\n  2026-03-17T14:00:30Z  y\n"
         "  does not hold: at most 2 of 3 within 1m, at 2026-03-17T14:00:30Z\n"
         "left out, without userIdentity.arn: event z of \"a\"\n"},
        {"nothing", three, "      - {at: 0s, set: {eventName: C}}\n",
         "at least 3 events within 1m\nno event feeds it\n"},
        {"values, by key", values,
         "      - {at: 0s, set: {eventID: x, v: [p, q], userIdentity.arn: olga}}\n"
         "      - {at: 1s, set: {eventID: y, v: p}}\n",
         "at least 2 different values of v within 1m\n"
         "userIdentity.arn \"dana\"\n  2026-03-17T14:00:01Z  \"p\"  y\n"
         "  does not hold: at most 1 of 2 within 1m, at 2026-03-17T14:00:01Z\n"
         "userIdentity.arn \"olga\"\n  2026-03-17T14:00:00Z  \"p\"  \"q\"  x\n"
         "  holds from 2026-03-17T14:00:00Z to 2026-03-17T14:01:00Z\n"},
        {"order", order,
         "      - {at: 0s, set: {eventID: x, eventName: B}}\n      - {at: 1s, set: {eventID: y}}\n",
         "2 rules in this order within 1m\nuserIdentity.arn \"dana\"\n"
         "  2026-03-17T14:00:00Z  step 2 \"b\"  x\n  2026-03-17T14:00:01Z  step 1 \"a\"  y\n"
         "  does not hold: only the first 1 of 2 in order within 1m, at 2026-03-17T14:00:01Z; "
         "next would be step 2 \"b\"\n"},
        {"temporal", both, "      - {at: 0s, set: {eventID: x}}\n",
         "2 of 2 rules within 1m\nuserIdentity.arn \"dana\"\n"
         "  2026-03-17T14:00:00Z  step 1 \"a\"  x\n"
         "  does not hold: at most 1 of 2 within 1m, at 2026-03-17T14:00:00Z; it lacks step 2 "
         "\"b\"\n"},
        {"a chain", chain,
         "      - {at: 0s, repeat: 2}\n      - {at: 1m, set: {eventName: B, eventID: x}}\n",
         "2 rules in this order within 5m\nuserIdentity.arn \"dana\"\n"
         "  2026-03-17T14:00:00Z  step 1 \"Twice\"  held\n"
         "  2026-03-17T14:01:00Z  step 2 \"b\"  x\n"
         "  holds from 2026-03-17T14:01:00Z to 2026-03-17T14:05:00Z\n"},
        {"values of a chain", several,
         "      - {at: 0s, repeat: 2, set: {v: x}}\n      - {at: 1m, repeat: 2, set: {v: y}}\n",
         "at least 2 different values of v within 5m\nuserIdentity.arn \"dana\"\n"
         "  2026-03-17T14:00:00Z  held\n  2026-03-17T14:01:00Z  held\n"
         "  holds from 2026-03-17T14:01:00Z to 2026-03-17T14:05:00Z\n"},
        {"first seen", first,
         "      - {at: 0s, set: {v: x, eventID: x}}\n"
         "      - {at: 2d, set: {v: y, eventID: y, userIdentity.arn: olga}}\n"
         "      - {at: 60h, set: {v: z, eventID: z, userIdentity.arn: olga}}\n",
         "a value not seen before of v within 30d\n"
         "userIdentity.arn \"dana\", value \"x\"\n  2026-03-17T14:00:00Z  x\n"
         "  first seen at 2026-03-17T14:00:00Z, not told: the account is learned until "
         "2026-03-18T14:00:00Z\n"
         "userIdentity.arn \"olga\", value \"y\"\n  2026-03-19T14:00:00Z  y\n"
         "  first seen at 2026-03-19T14:00:00Z\n"
         "userIdentity.arn \"olga\", value \"z\"\n  2026-03-20T02:00:00Z  z\n"
         "  first seen at 2026-03-20T02:00:00Z, not told: its key is new, and learned until "
         "2026-03-20T14:00:00Z\n"},
        {"bounds", few, "      - {at: 0s, set: {eventID: x}}\n",
         "events within bounds within 1m\nuserIdentity.arn \"dana\"\n  2026-03-17T14:00:00Z  x\n"
         "  holds from 2026-03-17T14:00:00Z to 2026-03-17T14:01:00Z\n"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct setting s;
        struct err e = {0};
        struct buf text;
        size_t used;
        setting_init(&s, cases[i].rules, cases[i].events);
        buf_init(&text, 1u << 20);
        struct explain_windows *x = explain_windows_new(s.rules, &e);
        assert_non_null(x);
        for (size_t k = 0; k < s.test->n_records; k++) {
            assert_true(event_read(&s.ev, s.test->records[k], &used, &e) == JSON_OK);
            assert_true(explain_windows_add(x, &s.ev, &e));
        }
        assert_true(explain_windows_put(x, &text, s.rule, &e));
        check_str(cases[i].name, buf_str(&text), str_of(cases[i].text));
        explain_windows_free(x);
        buf_release(&text);
        setting_release(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_alerts),
        cmocka_unit_test(compares_keys),
        cmocka_unit_test(explains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
