/* cli/simulate_sources: steps as Okta, GitHub, Kubernetes and flow logs have them, and the id of a
 * flow. */
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

static void writes_github(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10000);
    put_first(&b, "actors: {d: {github: dana, ip: 198.51.100.1, agent: git/2.47}}\n"
                  "steps: [{as: d, do: github repo.access, request: {repo: example-shop/app, "
                  "public_repo: true}}]");
    check_str("event", buf_str(&b),
              S("{\"@timestamp\":1768469400000,\"_document_id\":"
                "\"5379ecf3-92c6-4375-a767-0eb8eaba5eb0\",\"action\":\"repo.access\",\"actor\":"
                "\"dana\",\"actor_ip\":\"198.51.100.1\",\"user_agent\":\"git/2.47\",\"org\":"
                "\"example-shop\",\"repo\":\"example-shop/app\",\"public_repo\":true}"));
    buf_release(&b);
}

static void writes_kubernetes(void **state)
{
    static const struct {
        const char *name, *step, *holds;
    } cases[] = {
        {"what it is", "",
         "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"Metadata\","
         "\"auditID\":\"5379ecf3-92c6-4375-a767-0eb8eaba5eb0\",\"stage\":"
         "\"ResponseComplete\",\"verb\":\"get\",\"user\":{\"username\":\"ana\","},
        {"from where", "", "\"sourceIPs\":[\"198.51.100.1\"],\"userAgent\":\"kubectl\""},
        {"no object", "", "\"objectRef\":null,\"responseStatus\":{\"metadata\":{},\"code\":200},"},
        {"an object", ", request: {resource: pods}", "\"objectRef\":{\"resource\":\"pods\"}"},
        {"an answer", ", response: {code: 101}", "\"responseStatus\":{\"code\":101}"},
        {"more", ", additional: {requestURI: /api}", "},\"requestURI\":\"/api\",\"requestReceived"},
        {"when", "",
         "\"stageTimestamp\":\"2026-01-15T09:30:00Z\",\"annotations\":"
         "{\"authorization.k8s.io/decision\":\"allow\",\"cluster_name\":\"shop\"}}"},
        {"refused", ", error: Forbidden",
         "\"status\":\"Failure\",\"code\":403,\"reason\":\"Forbidden\"}"},
        {"forbidden", ", error: Forbidden", "\"authorization.k8s.io/decision\":\"forbid\""},
    };
    (void)state;
    struct buf yaml, b;
    buf_init(&yaml, 1000);
    buf_init(&b, 10000);
    for (size_t i = 0; i < COUNT(cases); i++) {
        buf_reset(&yaml);
        buf_reset(&b);
        buf_putf(&yaml,
                 "actors: {a: {kubernetes: ana, ip: 198.51.100.1, agent: kubectl}}\n"
                 "steps: [{as: a, do: kubernetes get%s}]",
                 cases[i].step);
        put_first(&b, buf_z(&yaml));
        check_true(cases[i].name, str_find(buf_str(&b), str_of(cases[i].holds), 0) != SIZE_MAX);
    }
    buf_release(&yaml);
    buf_release(&b);
}

/* CloudTrail User Guide, "AssumeRoleWithWebIdentity" of its log entry examples. */
static void writes_a_subject(void **state)
{
    static const struct {
        const char *subject, *provider;
    } cases[] = {
        {"repo:example-shop/app:ref:refs/heads/main", "token.actions.githubusercontent.com"},
        {"system:serviceaccount:shop:cart",
         "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"},
    };
    (void)state;
    struct buf yaml, b;
    buf_init(&yaml, 1000);
    buf_init(&b, 10000);
    for (size_t i = 0; i < COUNT(cases); i++) {
        buf_reset(&yaml);
        buf_putf(&yaml,
                 "actors: {w: {web: '%s', ip: 198.51.100.1}, r: {role: Deploy, ip: 198.51.100.1}}\n"
                 "steps: [{as: w, do: sts AssumeRoleWithWebIdentity, starts: r}]",
                 cases[i].subject);
        buf_reset(&b);
        put_first(&b, buf_z(&yaml));
        buf_reset(&yaml);
        buf_putf(&yaml,
                 "\"userIdentity\":{\"type\":\"WebIdentityUser\",\"principalId\":\"arn:aws:iam::"
                 "111122223333:oidc-provider/%s:sts.amazonaws.com:%s\",\"userName\":\"%s\"",
                 cases[i].provider, cases[i].subject, cases[i].subject);
        check_true("who", str_find(buf_str(&b), buf_str(&yaml), 0) != SIZE_MAX);
        buf_reset(&yaml);
        buf_putf(&yaml,
                 "\"subjectFromWebIdentityToken\":\"%s\",\"provider\":\"arn:aws:iam::"
                 "111122223333:oidc-provider/%s\"",
                 cases[i].subject, cases[i].provider);
        check_true("answer", str_find(buf_str(&b), buf_str(&yaml), 0) != SIZE_MAX);
    }
    buf_release(&yaml);
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
        cmocka_unit_test(writes_a_flow),    cmocka_unit_test(writes_okta),
        cmocka_unit_test(writes_github),    cmocka_unit_test(writes_kubernetes),
        cmocka_unit_test(writes_a_subject), cmocka_unit_test(names_a_flow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
