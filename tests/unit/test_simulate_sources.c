/* cli/simulate_sources: steps as Okta and flow logs have them, and the id of a flow. */
#include "cli/simulate_sources.h"

#include "tests/unit/support/check.h"

#define LINE                                                                                       \
    "5 111122223333 eni-1 10.0.7.21 198.51.100.9 51612 3333 6 12 4200 1768469400 1768469459 "      \
    "ACCEPT OK i-1 eu-west-1 egress"

/* Fills in the first step of a file. */
static void put_first(struct buf *out, const char *yaml)
{
    struct arena a;
    struct scenario s;
    struct err e = {0};
    struct simulate_names names = {.seed = 1, .time_ms = 1768469400000};
    arena_init(&a, 8u << 20);
    assert_true(scenario_read(str_of(yaml), &a, &s, &e));
    const struct deed d = {&names, s.steps, S("5379ecf3-92c6-4375-a767-0eb8eaba5eb0")};
    assert_true(record_put(out, &d, &e));
    arena_release(&a);
}

static void writes_a_flow(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10000);
    put_first(&b, "actors: {m: {machine: i-1, ip: 10.0.7.21}}\n"
                  "steps: [{as: m, do: vpcflow ACCEPT, request: {interface-id: eni-1, "
                  "dstaddr: 198.51.100.9, dstport: 3333}}]");
    check_str("flow", buf_str(&b), S(LINE));
    buf_release(&b);
}

static void writes_okta(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10000);
    put_first(&b, "actors: {o: {okta: ana@example.com, ip: 198.51.100.1}}\n"
                  "steps: [{as: o, do: okta user.session.start, error: LOCKED_OUT, "
                  "request: {url: /x}, resources: [{displayName: Mail}]}]");
    static const char *const parts[] = {
        "\"detail-type\":\"SystemLog\"",
        "\"detail\":{\"uuid\":\"5379ecf3-92c6-4375-a767-0eb8eaba5eb0\"",
        "\"published\":\"2026-01-15T09:30:00Z\"",
        "\"eventType\":\"user.session.start\"",
        "\"alternateId\":\"ana@example.com\"",
        "\"ipAddress\":\"198.51.100.1\"",
        "\"outcome\":{\"result\":\"FAILURE\",\"reason\":\"LOCKED_OUT\"}",
        "\"target\":[{\"displayName\":\"Mail\"}]",
        "\"debugContext\":{\"debugData\":{\"url\":\"/x\"}}}}",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        check_true(parts[i], str_find(buf_str(&b), str_of(parts[i]), 0) != SIZE_MAX);
    buf_release(&b);
}

/* sha256sum of {"version":5,"account-id":"111122223333",...,"flow-direction":"egress"} */
static void names_a_flow(void **state)
{
    (void)state;
    struct err e = {0};
    char id[64];
    assert_true(source_flow_id(S(LINE), id, &e));
    check_str("id", str_n(id, sizeof id),
              S("1879c657f3975506f7c9c6d77908d23f49976e3eac3155d9022feb85fe479aa5"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_a_flow),
        cmocka_unit_test(writes_okta),
        cmocka_unit_test(names_a_flow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
