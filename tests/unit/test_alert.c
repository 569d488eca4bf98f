/* Alerts as the windows of an archive make them: what is gathered, and that it does not depend on
 * the order of events (P1). */
#include "respond/alert.h"

#include <stdio.h>

#include "respond/render.h"
#include "tests/unit/support/alert_case.h"
#include "tests/unit/support/alloc.h"

/* What was told: how many, and all as JSON lines. */
struct told {
    size_t n;
    size_t fail_at; /* the how-many-eth is refused; 0: none */
    struct buf json;
};

static bool tell(void *to, const struct ruleset *rs, const struct alert *a, struct err *e)
{
    struct told *t = to;
    if (++t->n == t->fail_at)
        return err_set(e, ERR_RETRY, "nobody listens");
    alert_put_json(&t->json, rs, a, &limits_none);
    buf_putc(&t->json, '\n');
    return true;
}

static void told_init(struct told *t)
{
    *t = (struct told){0};
    buf_init(&t->json, 64u << 20);
}

/* Event number i: its second is i, its id is 0000i; of that user. */
static void put_record(char out[400], int i, int user)
{
    snprintf(out, 400,
             "{\"eventID\":\"%05d\",\"eventTime\":\"2026-03-17T%02d:%02d:%02dZ\",\"eventName\":"
             "\"StopLogging\",\"recipientAccountId\":\"111122223333\",\"userIdentity\":"
             "{\"principalId\":\"AIDA%d\"},\"requestParameters\":{\"name\":\"trail%d\"}}",
             i, i / 3600, i / 60 % 60, i % 60, user, i);
}

/* Adds events first, first+step, ... modulo n, all n of them, and gives what is told. */
static void run(struct alert_case *c, int n, int first, int step, struct told *t)
{
    struct err e = {0};
    char record[400];
    told_init(t);
    assert_true(alert_case_begin(c, &e));
    for (int i = 0; i < n; i++) {
        put_record(record, (first + i * step) % n, 1);
        assert_true(alert_case_add(c, record, &e));
    }
    assert_true(alert_case_tell(c, tell, t, &e));
}

static bool has(const struct told *t, const char *text)
{
    return str_find(buf_str(&t->json), str_of(text), 0) != SIZE_MAX;
}

static void keeps_first_and_last_hundred(void **state)
{
    (void)state;
    struct alert_case c;
    struct told t;
    alert_case_init(&c, "t.yml", every_event);
    run(&c, 1001, 0, 1, &t);
    assert_int_equal(t.n, 1);
    assert_true(has(&t, "\"count\":1001,\"events\":[\"00000\",\"00001\","));
    assert_true(has(&t, "\"00098\",\"00099\",\"00901\",\"00902\","));
    assert_true(has(&t, "\"00999\",\"01000\"]"));
    assert_true(has(&t, "\"first\":\"2026-03-17T00:00:00Z\",\"last\":\"2026-03-17T00:16:40Z\""));
    assert_true(has(&t, "\"requestParameters.name\":\"trail0\""));
    assert_false(has(&t, "count_is_estimate"));
    buf_release(&t.json);
    alert_case_release(&c);
}

/* P1: the same events in other orders (steps without a common divisor with the number). */
static void does_not_depend_on_order(void **state)
{
    static const struct {
        int n, first, step;
    } orders[] = {{1001, 1000, 1000}, {1001, 500, 3},  {1001, 7, 500}, {150, 149, 149},
                  {150, 10, 7},       {201, 200, 200}, {99, 98, 98},   {2, 1, 1}};
    (void)state;
    struct alert_case c;
    alert_case_init(&c, "t.yml", every_event);
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct told straight, other;
        run(&c, orders[i].n, 0, 1, &straight);
        run(&c, orders[i].n, orders[i].first, orders[i].step, &other);
        assert_true(str_eq(buf_str(&straight.json), buf_str(&other.json)));
        buf_release(&straight.json);
        buf_release(&other.json);
    }
    alert_case_release(&c);
}

/* Events more than an hour apart (DESIGN: the gap of a rule's own window) are episodes of their
 * own, each with its own first event, whatever the order; up to an hour they are one. */
static void tells_each_episode_with_its_own_first_event(void **state)
{
    static const struct {
        const char *name;
        int seconds[4]; /* ended by -1 */
        size_t episodes;
    } cases[] = {
        {"an hour apart", {0, 3600, -1}, 1},
        {"a second more", {0, 3601, -1}, 2},
        {"the later first", {3601, 0, -1}, 2},
        {"joined by what lies between", {0, 7200, 3600, -1}, 1},
        {"joined on one side only", {7201, 0, 3600, -1}, 2},
    };
    (void)state;
    struct alert_case c;
    alert_case_init(&c, "t.yml", every_event);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct told t;
        struct err e = {0};
        char record[400];
        told_init(&t);
        assert_true(alert_case_begin(&c, &e));
        for (size_t k = 0; cases[i].seconds[k] >= 0; k++) {
            put_record(record, cases[i].seconds[k], 1);
            assert_true(alert_case_add(&c, record, &e));
        }
        assert_true(alert_case_tell(&c, tell, &t, &e));
        check_size(cases[i].name, t.n, cases[i].episodes);
        check_true(cases[i].name, has(&t, "\"requestParameters.name\":\"trail0\""));
        check_int(cases[i].name, has(&t, "\"first\":\"2026-03-17T01:00:01Z\""),
                  has(&t, "\"requestParameters.name\":\"trail3601\""));
        buf_release(&t.json);
    }
    alert_case_release(&c);
}

static void passes_failures_on(void **state)
{
    (void)state;
    struct alert_case c;
    struct told t;
    struct err e = {0};
    char record[400];
    told_init(&t);
    t.fail_at = 2;
    alert_case_init(&c, "t.yml", every_event);
    for (int i = 0; i < 3; i++) {
        put_record(record, i, i);
        assert_true(alert_case_add(&c, record, &e));
    }
    assert_false(alert_case_tell(&c, tell, &t, &e));
    assert_int_equal(e.kind, ERR_RETRY);
    assert_int_equal(t.n, 2);
    assert_true(alert_case_tell(&c, tell, &t, &e)); /* nothing is left */
    assert_int_equal(t.n, 2);
    buf_release(&t.json);
    alert_case_release(&c);
}

/* INTERFACES: principalId, else invokedBy, else accountId, else sourceIPAddress, else "unknown". */
static void knows_identities(void **state)
{
    static const struct {
        const char *record, *key, *actor;
    } cases[] = {
        {"{\"eventName\":\"x\",\"userIdentity\":{\"principalId\":\"P\",\"invokedBy\":\"I\","
         "\"arn\":\"arn:a\"}}",
         "\"identity\":\"P\"", "\"actor\":\"arn:a\""},
        {"{\"eventName\":\"x\",\"userIdentity\":{\"principalId\":\"\",\"invokedBy\":\"I\"}}",
         "\"identity\":\"I\"", "\"actor\":\"I\""},
        {"{\"eventName\":\"x\",\"userIdentity\":{\"accountId\":\"1\"},\"sourceIPAddress\":\"S\"}",
         "\"identity\":\"1\"", "\"actor\":null"},
        {"{\"eventName\":\"x\",\"userIdentity\":null,\"sourceIPAddress\":\"S\"}",
         "\"identity\":\"S\"", "\"actor\":null"},
        {"{\"eventName\":\"x\"}", "\"identity\":\"unknown\"", "\"actor\":null"},
    };
    (void)state;
    struct alert_case c;
    alert_case_init(&c, "t.yml", every_event);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct told t;
        struct err e = {0};
        told_init(&t);
        assert_true(alert_case_begin(&c, &e));
        assert_true(alert_case_add(&c, cases[i].record, &e));
        assert_true(alert_case_tell(&c, tell, &t, &e));
        assert_true(has(&t, cases[i].key));
        assert_true(has(&t, cases[i].actor));
        assert_true(has(&t, "\"first\":null,\"last\":null,\"count\":1"));
        buf_release(&t.json);
    }
    alert_case_release(&c);
}

/* The SHA-256 of the record stands in for a missing eventID (printf '{"eventName":"x"}' |
 * sha256sum) and event.id is null. */
static void stands_in_for_a_missing_id(void **state)
{
    (void)state;
    struct alert_case c;
    struct told t;
    struct err e = {0};
    told_init(&t);
    alert_case_init(&c, "t.yml", every_event);
    assert_true(alert_case_add(&c, "{\"eventName\":\"x\"}", &e));
    assert_true(alert_case_tell(&c, tell, &t, &e));
    assert_true(has(
        &t, "\"events\":[\"e55d2a8c08b42e83e8696fd38522fc87b34913de8118f29771be59cbc6036056\"]"));
    assert_true(has(&t, "\"event\":{\"id\":null"));
    buf_release(&t.json);
    alert_case_release(&c);
}

/* Two rules with one id, as in rule sets that overlap: one alert, and the event counts once. */
static void shares_alerts_between_rules_of_one_id(void **state)
{
    (void)state;
    struct told t;
    struct err e = {0};
    char record[400];
    struct alert_case c;
    alert_case_load(&c, (const char *[]){"a.yml", "b.yml", NULL},
                    (const char *[]){every_event, every_event, NULL});
    assert_int_equal(c.rules->n_rules, 2);
    told_init(&t);
    put_record(record, 1, 1);
    assert_true(alert_case_add(&c, record, &e));
    put_record(record, 2, 1);
    assert_true(alert_case_add(&c, record, &e));
    assert_true(alert_case_tell(&c, tell, &t, &e));
    assert_int_equal(t.n, 1);
    assert_true(has(&t, "\"count\":2,"));
    buf_release(&t.json);
    alert_case_release(&c);
}

/* Memory that is out at any call is an error, never a crash, and nothing is leaked. */
static void survives_without_memory(void **state)
{
    (void)state;
    struct alert_case c;
    char record[400];
    bool complete = false;
    alert_case_init(&c, "t.yml", every_event);
    put_record(record, 1, 1);
    for (size_t at = 1; !complete; at++) {
        struct told t;
        struct err e = {0};
        told_init(&t);
        assert_non_null(buf_room(&t.json, 10000));
        alloc_fail_at(at);
        bool ok = alert_case_begin(&c, &e) && alert_case_add(&c, record, &e) &&
                  alert_case_tell(&c, tell, &t, &e);
        complete = alloc_calls() < at;
        alloc_works();
        check_int("told or failed", ok ? t.n == 1 : e.kind != ERR_NONE, true);
        buf_release(&t.json);
    }
    alert_case_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_first_and_last_hundred),
        cmocka_unit_test(does_not_depend_on_order),
        cmocka_unit_test(tells_each_episode_with_its_own_first_event),
        cmocka_unit_test(passes_failures_on),
        cmocka_unit_test(knows_identities),
        cmocka_unit_test(stands_in_for_a_missing_id),
        cmocka_unit_test(shares_alerts_between_rules_of_one_id),
        cmocka_unit_test(survives_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
