/* respond/alert.c: what is gathered, and that it does not depend on the order of events (P1). */
#include "respond/alert.h"

#include <stdio.h>

#include "respond/render.h"
#include "tests/unit/support/alert_case.h"
#include "tests/unit/support/alloc.h"

/* What a set told: how many, and all as JSON lines. */
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

/* Event number i of n: its second is i, its id is 0000i; all of one user unless user is given. */
static void put_record(char out[400], int i, int user)
{
    snprintf(out, 400,
             "{\"eventID\":\"%05d\",\"eventTime\":\"2026-03-17T%02d:%02d:%02dZ\",\"eventName\":"
             "\"StopLogging\",\"recipientAccountId\":\"111122223333\",\"userIdentity\":"
             "{\"principalId\":\"AIDA%d\"},\"requestParameters\":{\"name\":\"trail%d\"}}",
             i, i / 3600, i / 60 % 60, i % 60, user, i);
}

/* Adds events first, first+step, ... modulo n, all n of them, and gives what is told. */
static void run(struct alert_case *c, int n, int first, int step, size_t max, struct told *t)
{
    struct err e = {0};
    struct alerts set;
    char record[400];
    told_init(t);
    assert_true(alerts_init(&set, c->rules, max, tell, t, &e));
    for (int i = 0; i < n; i++) {
        put_record(record, (first + i * step) % n, 1);
        assert_true(alert_case_add(c, &set, record, &e));
    }
    assert_true(alerts_flush(&set, &e));
    alerts_release(&set);
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
    run(&c, 1001, 0, 1, 8, &t);
    assert_int_equal(t.n, 1);
    assert_true(has(&t, "\"count\":1001,\"events\":[\"00000\",\"00001\","));
    assert_true(has(&t, "\"00098\",\"00099\",\"00901\",\"00902\","));
    assert_true(has(&t, "\"00999\",\"01000\"]"));
    assert_true(has(&t, "\"first\":\"2026-03-17T00:00:00Z\",\"last\":\"2026-03-17T00:16:40Z\""));
    assert_true(has(&t, "\"requestParameters.name\":\"trail0\""));
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
        run(&c, orders[i].n, 0, 1, 8, &straight);
        run(&c, orders[i].n, orders[i].first, orders[i].step, 8, &other);
        assert_true(str_eq(buf_str(&straight.json), buf_str(&other.json)));
        buf_release(&straight.json);
        buf_release(&other.json);
    }
    alert_case_release(&c);
}

static void sorts_by_first_time(void **state)
{
    (void)state;
    struct alert_case c;
    struct told t;
    struct err e = {0};
    struct alerts set;
    char record[400];
    told_init(&t);
    alert_case_init(&c, "t.yml", every_event);
    assert_true(alerts_init(&set, c.rules, 100, tell, &t, &e));
    for (int i = 50; i > 0; i--) {
        put_record(record, i * 7 % 51, i);
        assert_true(alert_case_add(&c, &set, record, &e));
    }
    assert_true(alerts_flush(&set, &e));
    assert_int_equal(t.n, 50);
    size_t at = 0;
    for (int second = 1; second <= 50; second++) {
        char first[64];
        snprintf(first, sizeof first, "\"first\":\"2026-03-17T00:00:%02dZ\"", second);
        at = str_find(buf_str(&t.json), str_of(first), at);
        assert_int_not_equal(at, SIZE_MAX);
    }
    alerts_release(&set);
    buf_release(&t.json);
    alert_case_release(&c);
}

/* P4: one more identity than fits: those that are there are told, and nothing is lost. */
static void tells_when_full(void **state)
{
    (void)state;
    struct alert_case c;
    struct told t;
    struct err e = {0};
    struct alerts set;
    char record[400];
    told_init(&t);
    alert_case_init(&c, "t.yml", every_event);
    assert_true(alerts_init(&set, c.rules, 2, tell, &t, &e));
    for (int i = 0; i < 5; i++) {
        put_record(record, i, i);
        assert_true(alert_case_add(&c, &set, record, &e));
    }
    assert_int_equal(t.n, 4);
    assert_true(alerts_flush(&set, &e));
    assert_int_equal(t.n, 5);
    alerts_release(&set);
    buf_release(&t.json);
    alert_case_release(&c);
}

static void passes_failures_on(void **state)
{
    (void)state;
    struct alert_case c;
    struct told t;
    struct err e = {0};
    struct alerts set;
    char record[400];
    told_init(&t);
    t.fail_at = 2;
    alert_case_init(&c, "t.yml", every_event);
    assert_true(alerts_init(&set, c.rules, 9, tell, &t, &e));
    for (int i = 0; i < 3; i++) {
        put_record(record, i, i);
        assert_true(alert_case_add(&c, &set, record, &e));
    }
    assert_false(alerts_flush(&set, &e));
    assert_int_equal(e.kind, ERR_RETRY);
    assert_int_equal(t.n, 2);
    assert_true(alerts_flush(&set, &e)); /* it is empty now */
    assert_int_equal(t.n, 2);
    alerts_release(&set);
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
        struct alerts set;
        told_init(&t);
        assert_true(alerts_init(&set, c.rules, 2, tell, &t, &e));
        assert_true(alert_case_add(&c, &set, cases[i].record, &e));
        assert_true(alerts_flush(&set, &e));
        assert_true(has(&t, cases[i].key));
        assert_true(has(&t, cases[i].actor));
        assert_true(has(&t, "\"first\":null,\"last\":null,\"count\":1"));
        alerts_release(&set);
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
    struct alerts set;
    told_init(&t);
    alert_case_init(&c, "t.yml", every_event);
    assert_true(alerts_init(&set, c.rules, 2, tell, &t, &e));
    assert_true(alert_case_add(&c, &set, "{\"eventName\":\"x\"}", &e));
    assert_true(alerts_flush(&set, &e));
    assert_true(has(
        &t, "\"events\":[\"e55d2a8c08b42e83e8696fd38522fc87b34913de8118f29771be59cbc6036056\"]"));
    assert_true(has(&t, "\"event\":{\"id\":null"));
    alerts_release(&set);
    buf_release(&t.json);
    alert_case_release(&c);
}

/* Two rules with one id, as in rule sets that overlap: one alert, and the event counts once. */
static void shares_alerts_between_rules_of_one_id(void **state)
{
    (void)state;
    struct told t;
    struct err e = {0};
    struct alerts set;
    char record[400];
    struct diags diags;
    struct alert_case c;
    diags_init(&diags);
    struct loader *l = loader_new(NULL, &diags);
    assert_true(loader_add(l, S("a.yml"), str_of(every_event), &e));
    assert_true(loader_add(l, S("b.yml"), str_of(every_event), &e));
    assert_true(loader_finish(l, &c.rules, &e));
    loader_free(l);
    diags_release(&diags);
    diags_init(&c.diags);
    assert_true(event_init(&c.ev, c.rules, &e));
    told_init(&t);
    assert_true(alerts_init(&set, c.rules, 4, tell, &t, &e));
    put_record(record, 1, 1);
    assert_true(alert_case_add(&c, &set, record, &e));
    put_record(record, 2, 1);
    assert_true(alert_case_add(&c, &set, record, &e));
    assert_true(alerts_flush(&set, &e));
    assert_int_equal(t.n, 1);
    assert_true(has(&t, "\"count\":2,"));
    alerts_release(&set);
    buf_release(&t.json);
    alert_case_release(&c);
}

/* Memory that is out at any call is an error, never a crash, and nothing is leaked. */
static void survives_without_memory(void **state)
{
    (void)state;
    struct alert_case c;
    char record[400];
    alert_case_init(&c, "t.yml", every_event);
    put_record(record, 1, 1);
    for (size_t at = 1; at < 12; at++) {
        struct told t;
        struct err e = {0};
        struct alerts set;
        told_init(&t);
        alloc_fail_at(at);
        bool ok = alerts_init(&set, c.rules, 4, tell, &t, &e);
        ok = ok && alert_case_add(&c, &set, record, &e);
        alloc_works();
        if (!ok)
            assert_int_not_equal(e.kind, ERR_NONE);
        alerts_release(&set);
        buf_release(&t.json);
    }
    alert_case_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_first_and_last_hundred),
        cmocka_unit_test(does_not_depend_on_order),
        cmocka_unit_test(sorts_by_first_time),
        cmocka_unit_test(tells_when_full),
        cmocka_unit_test(passes_failures_on),
        cmocka_unit_test(knows_identities),
        cmocka_unit_test(stands_in_for_a_missing_id),
        cmocka_unit_test(shares_alerts_between_rules_of_one_id),
        cmocka_unit_test(survives_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
