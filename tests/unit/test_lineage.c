/* respond/lineage.c: who acted, and what one record ties together. Shapes are those of CloudTrail's
 * user guide ("userIdentity element") and of public records; docs/incidents.md names them. */
#include "respond/lineage.h"

#include "engine/loader.h"
#include "tests/unit/support/alert_case.h"
#include "tests/unit/support/lineage_case.h"

static void read_record(struct alert_case *c, const char *record, struct lineage_event *out)
{
    struct err e = {0};
    struct facts facts;
    size_t used;
    if (event_read(&c->ev, str_of(record), &used, &e) != JSON_OK)
        fail_msg("no JSON: %s", record);
    facts_read(&c->ev, S("x"), &facts);
    lineage_read(&c->ev, &facts, NULL, out);
}

static void names_who_acted(void **state)
{
    static const struct {
        const char *name, *identity, *kind, *shown;
    } cases[] = {
        {"user", USER("U1", "dana", "AKIA1"), "user", "arn:aws:iam::111122223333:user/dana"},
        {"root",
         "{\"type\":\"Root\",\"principalId\":\"111122223333\",\"accountId\":\"111122223333\","
         "\"arn\":\"arn:aws:iam::111122223333:root\",\"accessKeyId\":\"\"}",
         "root", "arn:aws:iam::111122223333:root"},
        {"session", SESSION("R1", "alice", "14:00:00", "ASIA1"), "session",
         "arn:aws:sts::111122223333:assumed-role/R1/alice"},
        {"role on an instance", SESSION("R1", "i-0123456789abcdef0", "14:00:00", "ASIA1"),
         "workload", "arn:aws:sts::111122223333:assumed-role/R1/i-0123456789abcdef0"},
        {"a session that only looks so", SESSION("R1", "i-love-tests", "14:00:00", "ASIA1"),
         "session", "arn:aws:sts::111122223333:assumed-role/R1/i-love-tests"},
        {"service", SERVICE("ec2"), "service", "ec2.amazonaws.com"},
        {"service event without a type",
         "{\"accountId\":\"111122223333\",\"invokedBy\":\"x.amazonaws.com\"}", "service",
         "x.amazonaws.com"},
        {"SAML subject",
         "{\"type\":\"SAMLUser\",\"principalId\":\"p:eve\",\"userName\":\"eve\","
         "\"identityProvider\":\"p\"}",
         "federated", "eve"},
        {"person of Identity Center",
         "{\"type\":\"IdentityCenterUser\",\"onBehalfOf\":{\"userId\":\"9067\"}}", "federated",
         "9067"},
        {"a user seen from another account",
         "{\"type\":\"AWSAccount\",\"principalId\":\"AIDAU1\",\"accountId\":\"444455556666\"}",
         "user", "AIDAU1"},
        {"another account", "{\"type\":\"AWSAccount\",\"accountId\":\"444455556666\"}", "account",
         "444455556666"},
        {"anonymous",
         "{\"type\":\"AWSAccount\",\"principalId\":\"\",\"accountId\":\"ANONYMOUS_PRINCIPAL\"}",
         "external", "anonymous"},
        {"a type not known", "{\"type\":\"Directory\",\"principalId\":\"d\"}", "external", "d"},
        {"nothing", "{}", "external", "198.51.100.7"},
    };
    struct alert_case c;
    struct lineage_event out;
    (void)state;
    alert_case_init(&c, "a.yml", every_event);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char record[2048];
        struct buf b;
        buf_init(&b, sizeof record);
        buf_putf(&b,
                 "{\"eventTime\":\"2026-03-17T14:00:00Z\",\"eventName\":\"X\","
                 "\"sourceIPAddress\":\"198.51.100.7\",\"userIdentity\":%s}",
                 cases[i].identity);
        read_record(&c, buf_z(&b), &out);
        check_str(cases[i].name, str_of(lineage_kind_name(out.nodes[0].kind)),
                  str_of(cases[i].kind));
        check_str(cases[i].name, out.nodes[0].name, str_of(cases[i].shown));
        buf_release(&b);
    }
    alert_case_release(&c);
}

/* Who acts in another log is the node that CloudTrail's record names. */
static void meets_other_sources(void **state)
{
    static const struct {
        const char *name, *other, *trail;
        bool same;
    } cases[] = {
        {"Okta and a SAML subject",
         "{\"eventType\":\"user.session.start\",\"published\":\"2026-03-17T14:00:00Z\",\"actor\":{"
         "\"id\":\"00u1\",\"alternateId\":\"eve@example.com\"}}",
         CALL("14:00:00", "sts", "AssumeRoleWithSAML",
              "{\"type\":\"SAMLUser\",\"principalId\":\"q:x\",\"userName\":\"Eve@Example.com\","
              "\"identityProvider\":\"q\"}",
              ""),
         true},
        {"Okta and somebody else",
         "{\"eventType\":\"user.session.start\",\"published\":\"2026-03-17T14:00:00Z\",\"actor\":{"
         "\"id\":\"00u1\",\"alternateId\":\"eve@example.com\"}}",
         CALL("14:00:00", "sts", "AssumeRoleWithSAML",
              "{\"type\":\"SAMLUser\",\"principalId\":\"q:x\",\"userName\":\"bob@example.com\"}",
              ""),
         false},
        {"a pod and its session",
         "{\"auditID\":\"1\",\"verb\":\"get\",\"user\":{\"username\":"
         "\"system:serviceaccount:shop:cart\"}}",
         CALL("14:00:00", "sts", "AssumeRoleWithWebIdentity",
              "{\"type\":\"WebIdentityUser\",\"principalId\":\"arn:oidc:x\",\"userName\":"
              "\"system:serviceaccount:shop:cart\",\"identityProvider\":\"arn:oidc\"}",
              ""),
         true},
        {"an instance and what it does",
         "{\"srcaddr\":\"10.0.0.1\",\"dstaddr\":\"10.0.0.2\",\"instance-id\":"
         "\"i-0123456789abcdef0\",\"interface-id\":\"eni-1\"}",
         CALL("14:00:00", "s3", "ListBuckets",
              SESSION("R1", "i-0123456789abcdef0", "13:00:00", "A"), ""),
         true},
    };
    struct alert_case c;
    struct lineage_event out;
    (void)state;
    alert_case_init(&c, "a.yml", every_event);
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool met = false;
        read_record(&c, cases[i].other, &out);
        struct id128 actor = out.nodes[0].id;
        read_record(&c, cases[i].trail, &out);
        for (uint32_t n = 0; n < out.n_nodes; n++)
            met = met || id128_cmp(out.nodes[n].id, actor) == 0;
        check_true(cases[i].name, met == cases[i].same);
    }
    alert_case_release(&c);
}

/* With the ids of more callers than are remembered at a time, and of such whose parts only together
 * are alike. */
static void names_are_the_same_from_memory(void **state)
{
    struct alert_case c;
    struct lineage_event out, remembered;
    struct lineage_names *names = calloc(1, sizeof *names);
    (void)state;
    assert_non_null(names);
    alert_case_init(&c, "a.yml", every_event);
    for (unsigned i = 0; i < 600; i++) {
        unsigned who = i % 200; /* one after the other, three times */
        char record[2048];
        struct facts facts;
        struct buf b;
        buf_init(&b, sizeof record);
        buf_putf(&b,
                 "{\"eventTime\":\"2026-03-17T14:00:00Z\",\"userIdentity\":{\"type\":\"IAMUser\","
                 "\"arn\":\"arn:%.*s\",\"accountId\":\"%.*s\",\"userName\":\"u%u\","
                 "\"accessKeyId\":\"AKIA%u%s\"}}",
                 (int)(who % 7), "1111111", (int)(7 - who % 7), "1111111", who, who,
                 who % 3 ? ""
                         : "0123456789012345678901234567890123456789012345678901234567890123"
                           "0123456789012345678901234567890123456789012345678901234567890123"
                           "0123456789012345678901234567890123456789");
        read_record(&c, buf_z(&b), &out);
        facts_read(&c.ev, S("x"), &facts);
        lineage_read(&c.ev, &facts, names, &remembered);
        check_int("nodes", remembered.n_nodes, out.n_nodes);
        for (uint32_t k = 0; k < out.n_nodes; k++)
            check_int("node", id128_cmp(remembered.nodes[k].id, out.nodes[k].id), 0);
        buf_release(&b);
    }
    alert_case_release(&c);
    free(names);
}

/* "from -type/strength-> to; ..." in the order found. */
static void put_links(struct buf *b, const struct lineage_event *ev)
{
    for (uint32_t i = 0; i < ev->n_links; i++) {
        const struct lineage_link *l = ev->links + i;
        buf_putz(b, i ? "; " : "");
        buf_put(b, ev->nodes[l->from].name);
        buf_putf(b, " -%s/%s-> ", lineage_type_name(l->type), lineage_strength_name(l->strength));
        buf_put(b, ev->nodes[l->to].name);
        if (ev->nodes[l->to].session.n) {
            buf_putz(b, " of ");
            buf_put(b, ev->nodes[l->to].session);
        }
    }
}

#define DANA  "arn:aws:iam::111122223333:user/dana"
#define OWN   "AKIA1 -key of/certain-> " DANA "; dana -name of/weak-> " DANA
#define ALICE "arn:aws:sts::111122223333:assumed-role/R1/alice"

static void links_what_a_call_made(void **state)
{
    static const struct {
        const char *name, *record, *links;
    } cases[] = {
        {"a call that makes nothing",
         CALL("14:00:00", "s3", "ListBuckets", USER("U1", "dana", "AKIA1"), ""), OWN},
        {"a masked key", CALL("14:00:00", "s3", "ListBuckets", USER("U1", "dana", "AKIA****"), ""),
         "dana -name of/weak-> " DANA},
        {"a service in somebody's name",
         CALL("14:00:00", "kms", "Decrypt",
              "{\"type\":\"IAMUser\",\"principalId\":\"AIDAU1\",\"arn\":\"" DANA
              "\",\"accessKeyId\":\"ASIA9\",\"invokedBy\":\"secretsmanager.amazonaws.com\"}",
              ""),
         ""},
        {"a session issued",
         CALL("14:00:00", "sts", "AssumeRole", USER("U1", "dana", "AKIA1"),
              ISSUED("R1", "alice", "ASIA1")),
         OWN "; " DANA " -issued/certain-> ASIA1 of " ALICE},
        {"refused",
         CALL("14:00:00", "sts", "AssumeRole", USER("U1", "dana", "AKIA1"),
              ISSUED("R1", "alice", "ASIA1") ",\"errorCode\":\"AccessDenied\""),
         OWN},
        {"a call of that name elsewhere",
         CALL("14:00:00", "example", "AssumeRole", USER("U1", "dana", "AKIA1"),
              ISSUED("R1", "alice", "ASIA1")),
         OWN},
        {"issued to a service",
         CALL("14:00:00", "sts", "AssumeRole", SERVICE("ec2"), HANDED("R1", "i-0abc", "ASIA1")),
         "ec2.amazonaws.com -issued/weak-> ASIA1"},
        {"a user made",
         CALL("14:00:00", "iam", "CreateUser", USER("U1", "dana", "AKIA1"),
              ",\"requestParameters\":{\"userName\":\"b\"},\"responseElements\":{\"user\":{"
              "\"userId\":\"AIDAU2\",\"arn\":\"arn:b\",\"userName\":\"b\"}}"),
         OWN "; " DANA " -created/certain-> arn:b; b -name of/weak-> arn:b"},
        {"a user of whom nothing is known",
         CALL("14:00:00", "iam", "CreateUser", USER("U1", "dana", "AKIA1"),
              ",\"responseElements\":{\"user\":{\"userId\":\"AIDA****\"}}"),
         OWN},
        {"a key made",
         CALL("14:00:00", "iam", "CreateAccessKey", USER("U1", "dana", "AKIA1"),
              ",\"responseElements\":{\"accessKey\":{\"accessKeyId\":\"AKIA2\",\"userName\":"
              "\"b\"}}"),
         OWN "; " DANA " -created/certain-> AKIA2; AKIA2 -key of/certain-> b"},
        {"a password set",
         CALL("14:00:00", "iam", "UpdateLoginProfile", USER("U1", "dana", "AKIA1"),
              ",\"requestParameters\":{\"userName\":\"b\"}"),
         OWN "; " DANA " -set password/certain-> b"},
        {"a role made and opened",
         CALL("14:00:00", "iam", "CreateRole", USER("U1", "dana", "AKIA1"),
              ",\"requestParameters\":{\"assumeRolePolicyDocument\":\"{\\\"Statement\\\":[{"
              "\\\"Principal\\\":{\\\"AWS\\\":\\\"arn:aws:iam::444455556666:root\\\"}}]}\"},"
              "\"responseElements\":{\"role\":{\"roleId\":\"AROAR9\",\"arn\":\"arn:r9\"}}"),
         OWN "; " DANA " -created/certain-> arn:r9; arn:r9 -trusts/weak-> 444455556666"},
        {"a trust replaced",
         CALL("14:00:00", "iam", "UpdateAssumeRolePolicy", USER("U1", "dana", "AKIA1"),
              ",\"requestParameters\":{\"roleName\":\"r9\",\"policyDocument\":\"{\\\"Statement\\\":"
              "{\\\"Principal\\\":{\\\"AWS\\\":[\\\"*\\\",\\\"111122223333\\\"]}}}\"}"),
         OWN "; " DANA " -opened/weak-> r9; r9 -trusts/weak-> *"},
        {"instances launched",
         CALL("14:00:00", "ec2", "RunInstances", USER("U1", "dana", "AKIA1"),
              ",\"responseElements\":{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-1\"},"
              "{\"instanceId\":\"i-2\"}]}}"),
         OWN "; " DANA " -launched/certain-> i-1; " DANA " -launched/certain-> i-2"},
        {"what runs on one",
         CALL("14:00:00", "s3", "ListBuckets",
              SESSION("R1", "i-0123456789abcdef0", "13:00:00", "A"), ""),
         "i-0123456789abcdef0 -runs/certain-> arn:aws:sts::111122223333:assumed-role/R1/"
         "i-0123456789abcdef0; A -key of/certain-> arn:aws:sts::111122223333:assumed-role/R1/"
         "i-0123456789abcdef0"},
        {"a federated user names his issuer",
         CALL(
             "14:00:00", "s3", "ListBuckets",
             "{\"type\":\"FederatedUser\",\"principalId\":\"111122223333:bob\",\"arn\":\"arn:bob\","
             "\"sessionContext\":{\"sessionIssuer\":{\"type\":\"IAMUser\",\"principalId\":"
             "\"AIDAU1\",\"arn\":\"" DANA "\"},\"attributes\":{\"creationDate\":"
             "\"2026-03-17T14:00:00Z\"}}}",
             ""),
         DANA " -issued/certain-> arn:bob"},
        {"a role switched in the console",
         CALL("14:00:00", "signin", "SwitchRole", SESSION("R1", "alice", "14:00:00", ""),
              ",\"additionalEventData\":{\"SwitchFrom\":\"arn:aws:iam::111122223333:user/ops/dana\""
              "}"),
         "dana -signed in/strong-> " ALICE},
        {"a console token",
         CALL("14:00:00", "signin", "GetSigninToken", SESSION("R1", "alice", "14:00:00", "A"),
              ",\"responseElements\":{\"credentials\":{\"accessKeyId\":\"A\"}}"),
         "A -key of/certain-> " ALICE "; " ALICE " -issued/certain-> A"},
        {"a role's console session",
         CALL("14:30:00", "signin", "ConsoleLogin", SESSION("R1", "alice", "14:00:00", ""),
              ",\"responseElements\":{\"ConsoleLogin\":\"Success\"}"),
         ALICE " -signed in/strong-> " ALICE},
        {"a sign-in that failed",
         CALL("14:30:00", "signin", "ConsoleLogin", SESSION("R1", "alice", "14:00:00", ""),
              ",\"responseElements\":{\"ConsoleLogin\":\"Failure\"}"),
         ""},
        {"for a person of Identity Center",
         CALL("14:00:00", "s3", "ListBuckets",
              SESSION_MORE("R1", "alice", "14:00:00", "", ",\"onBehalfOf\":{\"userId\":\"9067\"}"),
              ""),
         "9067 -acts as/strong-> " ALICE},
        {"a role of Identity Center, named by an address",
         CALL("14:00:00", "s3", "ListBuckets",
              "{\"type\":\"AssumedRole\",\"principalId\":\"AROAR1:Eve@example.com\",\"arn\":\"arn:"
              "s\","
              "\"sessionContext\":{\"sessionIssuer\":{\"type\":\"Role\",\"principalId\":\"AROAR1\","
              "\"arn\":\"arn:aws:iam::1:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_A_1\"},"
              "\"attributes\":{\"creationDate\":\"2026-03-17T14:00:00Z\"}}}",
              ""),
         "eve@example.com -acts as/strong-> arn:s"},
        {"a session for a pod, by Pod Identity",
         CALL("14:00:00", "sts", "AssumeRole", SERVICE("pods.eks"),
              ",\"requestParameters\":{\"tags\":[{\"key\":\"kubernetes-namespace\",\"value\":"
              "\"shop\"},"
              "{\"key\":\"kubernetes-service-account\",\"value\":\"cart\"}]},"
              "\"responseElements\":{\"credentials\":{\"accessKeyId\":\"ASIA1\"}}"),
         "system:serviceaccount:shop:cart -issued/strong-> ASIA1"},
        {"interfaces launched",
         CALL("14:00:00", "ec2", "RunInstances", USER("U1", "dana", "AKIA1"),
              ",\"responseElements\":{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-1\","
              "\"networkInterfaceSet\":{\"items\":[{\"networkInterfaceId\":\"eni-1\"}]}}]}}"),
         OWN "; " DANA " -launched/certain-> i-1; " DANA " -launched/certain-> eni-1"},
        /* other sources */
        {"GitHub: a push",
         "{\"webhook_type\":\"push\",\"sender\":{\"login\":\"eve\"},\"repository\":{"
         "\"full_name\":\"Org/App\"}}",
         "eve -writes to/strong-> repo:org/app"},
        {"GitHub: a star",
         "{\"action\":\"star.create\",\"@timestamp\":1700000000000,\"actor\":\"eve\","
         "\"repo\":\"org/app\"}",
         "eve -writes to/weak-> repo:org/app"},
        {"Kubernetes: a token",
         "{\"auditID\":\"1\",\"verb\":\"create\",\"user\":{\"username\":\"eve\",\"extra\":{"
         "\"accessKeyId\":[\"ASIA2\"],\"arn\":[\"arn:s\"]}},\"objectRef\":{\"resource\":"
         "\"serviceaccounts\",\"subresource\":\"token\",\"namespace\":\"shop\",\"name\":\"cart\"}}",
         "ASIA2 -key of/certain-> eve; eve -issued/strong-> system:serviceaccount:shop:cart"},
        {"Kubernetes: a pod",
         "{\"auditID\":\"1\",\"verb\":\"create\",\"user\":{\"username\":\"eve\"},\"objectRef\":{"
         "\"resource\":\"pods\",\"namespace\":\"shop\"},\"requestObject\":{\"spec\":{"
         "\"serviceAccountName\":\"cart\"}}}",
         "eve -launched/strong-> system:serviceaccount:shop:cart"},
        {"Kubernetes: a pod that Kubernetes itself makes",
         "{\"auditID\":\"1\",\"verb\":\"create\",\"user\":{\"username\":"
         "\"system:serviceaccount-controller\"},\"objectRef\":{\"resource\":\"pods\",\"namespace\":"
         "\"shop\"},\"requestObject\":{\"spec\":{\"serviceAccountName\":\"cart\"}}}",
         ""},
    };
    struct alert_case c;
    struct lineage_event out;
    (void)state;
    alert_case_init(&c, "a.yml", every_event);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b;
        buf_init(&b, 4096);
        read_record(&c, cases[i].record, &out);
        put_links(&b, &out);
        check_str(cases[i].name, buf_str(&b), str_of(cases[i].links));
        check_false(cases[i].name, out.cut);
        buf_release(&b);
    }
    alert_case_release(&c);
}

static void cuts_what_is_too_much(void **state)
{
    struct alert_case c;
    struct lineage_event out;
    struct buf b;
    (void)state;
    buf_init(&b, 1u << 16);
    buf_putz(
        &b,
        "{\"eventSource\":\"ec2.amazonaws.com\",\"eventName\":\"RunInstances\","
        "\"userIdentity\":" USER(
            "U1", "dana",
            "AKIA1") ",\"responseElements\":{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-\"}");
    for (unsigned i = 0; i < 200; i++)
        buf_putf(&b, ",{\"instanceId\":\"i-%u\"}", i);
    buf_putz(&b, "]}}}");
    alert_case_init(&c, "a.yml", every_event);
    read_record(&c, buf_z(&b), &out);
    check_true("told", out.cut);
    check_size("nodes", out.n_nodes, LINEAGE_NODES_PER_EVENT);
    assert_true(out.n_links <= LINEAGE_LINKS_PER_EVENT);
    alert_case_release(&c);
    buf_release(&b);
}

static void looks_at_the_few_that_link(void **state)
{
    static const struct {
        const char *record;
        bool links;
    } cases[] = {
        {CALL("14:00:00", "sts", "AssumeRole", SERVICE("ec2"), ""), true},
        {CALL("14:00:00", "sts", "GetCallerIdentity", SERVICE("ec2"), ""), false},
        {CALL("14:00:00", "s3", "AssumeRole", SERVICE("ec2"), ""), false},
        {CALL("14:00:00", "s3", "GetObject", "{\"type\":\"AWSAccount\"}", ""), true},
        {"{}", false},
    };
    struct alert_case c;
    struct err e = {0};
    size_t used;
    (void)state;
    alert_case_init(&c, "a.yml", every_event);
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(event_read(&c.ev, str_of(cases[i].record), &used, &e), JSON_OK);
        check_int(cases[i].record, lineage_links(&c.ev), cases[i].links);
    }
    alert_case_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_who_acted),       cmocka_unit_test(names_are_the_same_from_memory),
        cmocka_unit_test(meets_other_sources),   cmocka_unit_test(links_what_a_call_made),
        cmocka_unit_test(cuts_what_is_too_much), cmocka_unit_test(looks_at_the_few_that_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
