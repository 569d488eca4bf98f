/* respond/subject: whom a record's userIdentity means, in the shapes that real logs have
 * (CloudTrail's user guide, "userIdentity element"; values are made up), and whom it does not. */
#include "respond/subject.h"

#include "tests/unit/support/alert_case.h"

#define A    "111122223333"
#define AIDA "AIDAZ2EXAMPLE4KQ7M3TW"
#define AROA "AROAZ2EXAMPLE5LR8N4UX"
#define AKIA "AKIAZ2EXAMPLE6MS"
#define ASIA "ASIAZ2EXAMPLE7NT"

#define ISSUER(partition, path_name)                                                               \
    "\"sessionContext\":{\"sessionIssuer\":{\"type\":\"Role\",\"principalId\":\"" AROA             \
    "\",\"arn\":\"arn:" partition ":iam::" A ":role/" path_name "\",\"accountId\":\"" A            \
    "\",\"userName\":\"dev\"},\"attributes\":{\"creationDate\":\"2026-03-17T14:00:00Z\"}}"

#define USER(name, arn, id, key)                                                                   \
    "{\"type\":\"IAMUser\",\"principalId\":\"" id "\",\"arn\":\"" arn "\",\"accountId\":\"" A      \
    "\",\"accessKeyId\":\"" key "\",\"userName\":\"" name "\"}"

#define SESSION(partition, role, session, path)                                                    \
    "{\"type\":\"AssumedRole\",\"principalId\":\"" AROA ":" session "\",\"arn\":\"arn:" partition  \
    ":sts::" A ":assumed-role/" role "/" session "\",\"accountId\":\"" A                           \
    "\",\"accessKeyId\":\"" ASIA "\"," ISSUER(partition, path role) "}"

#define FEDERATED(issuer)                                                                          \
    "{\"type\":\"FederatedUser\",\"principalId\":\"" A ":guest\",\"arn\":\"arn:aws:sts::" A        \
    ":federated-user/guest\",\"accountId\":\"" A "\",\"accessKeyId\":\"" ASIA                      \
    "\",\"sessionContext\":{\"sessionIssuer\":" issuer "}}"

#define U   "arn:aws:iam::" A ":user/"
#define S63 "a23456789b23456789c23456789d23456789e23456789f23456789g23"

struct shape {
    const char *name, *identity;
    enum subject_kind kind;
    const char *subject, *path, *id, *session, *partition; /* NULL: absent */
    enum workload workload;
};

static const struct shape shapes[] = {
    /* users */
    {"a user's key", USER("dana", U "dana", AIDA, AKIA), SUBJECT_USER, "dana", "/", AIDA, NULL,
     "aws", WORKLOAD_NONE},
    {"a user's session key", USER("dana", U "dana", AIDA, ASIA), SUBJECT_USER, "dana", "/", AIDA,
     NULL, "aws", WORKLOAD_NONE},
    {"a user under a path", USER("victim", U "division/ops/victim", AIDA, AKIA), SUBJECT_USER,
     "victim", "/division/ops/", AIDA, NULL, "aws", WORKLOAD_NONE},
    {"a name of all characters", USER("a+=,.@-_b", U "a+=,.@-_b", AIDA, AKIA), SUBJECT_USER,
     "a+=,.@-_b", "/", AIDA, NULL, "aws", WORKLOAD_NONE},
    {"China", USER("dana", "arn:aws-cn:iam::" A ":user/dana", AIDA, AKIA), SUBJECT_USER, "dana",
     "/", AIDA, NULL, "aws-cn", WORKLOAD_NONE},
    {"GovCloud", USER("dana", "arn:aws-us-gov:iam::" A ":user/dana", AIDA, AKIA), SUBJECT_USER,
     "dana", "/", AIDA, NULL, "aws-us-gov", WORKLOAD_NONE},
    {"a masked id", USER("dana", U "dana", "AIDA****", "AKIA****"), SUBJECT_USER, "dana", "/", NULL,
     NULL, "aws", WORKLOAD_NONE},
    {"a user in the console",
     "{\"type\":\"IAMUser\",\"principalId\":\"" AIDA "\",\"arn\":\"" U "dana\",\"accountId\":\"" A
     "\",\"userName\":\"dana\"}",
     SUBJECT_USER, "dana", "/", AIDA, NULL, "aws", WORKLOAD_NONE},
    {"a user without userName",
     "{\"type\":\"IAMUser\",\"principalId\":\"" AIDA "\",\"arn\":\"" U "dana\",\"accountId\":\"" A
     "\"}",
     SUBJECT_USER, "dana", "/", AIDA, NULL, "aws", WORKLOAD_NONE},
    /* sessions of roles */
    {"a role", SESSION("aws", "dev", "alice", ""), SUBJECT_ROLE, "dev", "/", AROA, "alice", "aws",
     WORKLOAD_NONE},
    {"a role under a path", SESSION("aws", "dev", "alice", "team/web/"), SUBJECT_ROLE, "dev",
     "/team/web/", AROA, "alice", "aws", WORKLOAD_NONE},
    {"a role in China", SESSION("aws-cn", "dev", "alice", ""), SUBJECT_ROLE, "dev", "/", AROA,
     "alice", "aws-cn", WORKLOAD_NONE},
    {"a session named like a mail", SESSION("aws", "dev", "a.b+c=d,e@example.com", ""),
     SUBJECT_ROLE, "dev", "/", AROA, "a.b+c=d,e@example.com", "aws", WORKLOAD_NONE},
    {"a session named like a time", SESSION("aws", "dev", "1641313043312360000", ""), SUBJECT_ROLE,
     "dev", "/", AROA, "1641313043312360000", "aws", WORKLOAD_NONE},
    {"without the issuer",
     "{\"type\":\"AssumedRole\",\"principalId\":\"" AROA ":alice\",\"arn\":\"arn:aws:sts::" A
     ":assumed-role/dev/alice\",\"accountId\":\"" A "\",\"accessKeyId\":\"" ASIA "\"}",
     SUBJECT_ROLE, "dev", NULL, AROA, "alice", "aws", WORKLOAD_NONE},
    {"an instance", SESSION("aws", "web", "i-0317f6c6b66ae9c40", ""), SUBJECT_ROLE, "web", "/",
     AROA, "i-0317f6c6b66ae9c40", "aws", WORKLOAD_INSTANCE},
    {"an old instance", SESSION("aws", "web", "i-0a1b2c3d", ""), SUBJECT_ROLE, "web", "/", AROA,
     "i-0a1b2c3d", "aws", WORKLOAD_INSTANCE},
    {"no instance", SESSION("aws", "web", "i-am-alice", ""), SUBJECT_ROLE, "web", "/", AROA,
     "i-am-alice", "aws", WORKLOAD_NONE},
    {"an ECS task", SESSION("aws", "task", "0a1b2c3d4e5f60718293a4b5c6d7e8f9", ""), SUBJECT_ROLE,
     "task", "/", AROA, "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "aws", WORKLOAD_ECS},
    {"a pod", SESSION("aws", "pod", "eks-prod-web-0a1b2c3d", ""), SUBJECT_ROLE, "pod", "/", AROA,
     "eks-prod-web-0a1b2c3d", "aws", WORKLOAD_EKS},
    {"Roles Anywhere: the certificate's serial number",
     SESSION("aws", "onprem", "00d4f8a1b2c3d4e5f601", ""), SUBJECT_ROLE, "onprem", "/", AROA,
     "00d4f8a1b2c3d4e5f601", "aws", WORKLOAD_ANYWHERE},
    {"digits alone are no serial number", SESSION("aws", "dev", "12341234123412341234", ""),
     SUBJECT_ROLE, "dev", "/", AROA, "12341234123412341234", "aws", WORKLOAD_NONE},
    {"an odd number of digits is none", SESSION("aws", "dev", "00d4f8a1b2c", ""), SUBJECT_ROLE,
     "dev", "/", AROA, "00d4f8a1b2c", "aws", WORKLOAD_NONE},
    {"nor are few", SESSION("aws", "dev", "decade", ""), SUBJECT_ROLE, "dev", "/", AROA, "decade",
     "aws", WORKLOAD_NONE},
    {"a customer's role that looks like Identity Center's",
     SESSION("aws", "AWSReservedSSO_evil", "alice", ""), SUBJECT_ROLE, "AWSReservedSSO_evil", "/",
     AROA, "alice", "aws", WORKLOAD_NONE},
    {"and one with the path somewhere",
     SESSION("aws", "evil", "alice", "x/aws-reserved/sso.amazonaws.com/"), SUBJECT_ROLE, "evil",
     "/x/aws-reserved/sso.amazonaws.com/", AROA, "alice", "aws", WORKLOAD_NONE},
    /* federated users are their issuer */
    {"a federated user",
     FEDERATED("{\"type\":\"IAMUser\",\"principalId\":\"" AIDA "\",\"arn\":\"" U
               "ops/broker\",\"accountId\":\"" A "\",\"userName\":\"broker\"}"),
     SUBJECT_FEDERATED, "broker", "/ops/", NULL, "guest", "aws", WORKLOAD_NONE},
    {"root's federated user", FEDERATED("{\"type\":\"Root\",\"arn\":\"arn:aws:iam::" A ":root\"}"),
     SUBJECT_ROOT, .session = NULL},
    {"a federated user of nobody", FEDERATED("{}"), SUBJECT_UNKNOWN, .session = NULL},
    {"a federated user of another account's user",
     FEDERATED("{\"type\":\"IAMUser\",\"arn\":\"arn:aws:iam::999988887777:user/broker\"}"),
     SUBJECT_UNKNOWN, .session = NULL},
    /* what IAM cannot contain */
    {"Identity Center",
     SESSION("aws", "AWSReservedSSO_Admin_0a1b2c3d4e5f6071", "alice@example.com",
             "aws-reserved/sso.amazonaws.com/eu-west-1/"),
     SUBJECT_IDC, "AWSReservedSSO_Admin_0a1b2c3d4e5f6071",
     "/aws-reserved/sso.amazonaws.com/eu-west-1/", AROA, "alice@example.com", "aws", WORKLOAD_NONE},
    {"Identity Center without the issuer",
     "{\"type\":\"AssumedRole\",\"principalId\":\"" AROA ":alice\",\"arn\":\"arn:aws:sts::" A
     ":assumed-role/AWSReservedSSO_Admin_0a1b/alice\"}",
     SUBJECT_IDC, "AWSReservedSSO_Admin_0a1b", NULL, AROA, "alice", "aws", WORKLOAD_NONE},
    {"a person of Identity Center",
     "{\"type\":\"IdentityCenterUser\",\"accountId\":\"" A "\",\"onBehalfOf\":{\"userId\":\"u\"}}",
     SUBJECT_IDC, .session = NULL},
    {"a service-linked role",
     SESSION("aws", "AWSServiceRoleForSupport", "sess", "aws-service-role/support.amazonaws.com/"),
     SUBJECT_SERVICE_LINKED, "AWSServiceRoleForSupport", "/aws-service-role/support.amazonaws.com/",
     AROA, "sess", "aws", WORKLOAD_NONE},
    {"a service-linked role without the issuer",
     "{\"type\":\"AssumedRole\",\"arn\":\"arn:aws:sts::" A
     ":assumed-role/AWSServiceRoleForSupport/sess\"}",
     SUBJECT_SERVICE_LINKED, "AWSServiceRoleForSupport", NULL, NULL, "sess", "aws", WORKLOAD_NONE},
    {"root",
     "{\"type\":\"Root\",\"principalId\":\"" A "\",\"arn\":\"arn:aws:iam::" A
     ":root\",\"accountId\":\"" A "\",\"accessKeyId\":\"" AKIA "\"}",
     SUBJECT_ROOT, .session = NULL},
    {"another account",
     "{\"type\":\"AWSAccount\",\"principalId\":\"" AROA ":alice\",\"accountId\":\"999988887777\"}",
     SUBJECT_CROSS_ACCOUNT, .session = NULL},
    {"our account, told by an id alone",
     "{\"type\":\"AWSAccount\",\"principalId\":\"" AIDA "\",\"accountId\":\"" A "\"}",
     SUBJECT_CROSS_ACCOUNT, .session = NULL},
    {"nobody",
     "{\"type\":\"AWSAccount\",\"principalId\":\"\",\"accountId\":\"ANONYMOUS_PRINCIPAL\"}",
     SUBJECT_ANONYMOUS, .session = NULL},
    {"a service", "{\"type\":\"AWSService\",\"invokedBy\":\"config.amazonaws.com\"}",
     SUBJECT_SERVICE, .session = NULL},
    {"a service without a type", "{\"accountId\":\"" A "\",\"invokedBy\":\"ec2.amazonaws.com\"}",
     SUBJECT_SERVICE, .session = NULL},
    {"a service in a user's name",
     "{\"type\":\"IAMUser\",\"principalId\":\"" AIDA "\",\"arn\":\"" U "dana\",\"accountId\":\"" A
     "\",\"userName\":\"dana\",\"invokedBy\":\"cloudformation.amazonaws.com\"}",
     SUBJECT_SERVICE, .session = NULL},
    {"SAML",
     "{\"type\":\"SAMLUser\",\"principalId\":\"x=:alice@example.com\",\"userName\":\"alice\"}",
     SUBJECT_PROVIDER, .session = NULL},
    {"OIDC",
     "{\"type\":\"WebIdentityUser\",\"principalId\":\"arn:aws:iam::" A
     ":oidc-provider/token.actions.githubusercontent.com:sts.amazonaws.com:repo:o/r\"}",
     SUBJECT_PROVIDER, .session = NULL},
    {"a type of tomorrow", "{\"type\":\"Robot\",\"arn\":\"" U "dana\",\"accountId\":\"" A "\"}",
     SUBJECT_UNKNOWN, .session = NULL},
    {"no identity", "{}", SUBJECT_UNKNOWN, .session = NULL},
    /* forged, masked, at odds with itself */
    {"a failed sign-in of a user",
     "{\"type\":\"IAMUser\",\"principalId\":\"" AIDA "\",\"accountId\":\"" A
     "\",\"accessKeyId\":\"\",\"userName\":\"dana\"}",
     SUBJECT_UNKNOWN, .session = NULL},
    {"a failed sign-in of nobody",
     "{\"type\":\"IAMUser\",\"accountId\":\"" A
     "\",\"accessKeyId\":\"\",\"userName\":\"HIDDEN_DUE_TO_SECURITY_REASONS\"}",
     SUBJECT_UNKNOWN, .session = NULL},
    {"two names", USER("dana", U "erin", AIDA, AKIA), SUBJECT_UNKNOWN, .session = NULL},
    {"two accounts", USER("dana", "arn:aws:iam::999988887777:user/dana", AIDA, AKIA),
     SUBJECT_UNKNOWN, .session = NULL},
    {"a role's id on a user", USER("dana", U "dana", AROA, AKIA), SUBJECT_UNKNOWN, .session = NULL},
    {"an id with a session", USER("dana", U "dana", AIDA ":x", AKIA), SUBJECT_UNKNOWN,
     .session = NULL},
    {"a name with a blank", USER("da na", U "da na", AIDA, AKIA), SUBJECT_UNKNOWN, .session = NULL},
    {"a name cut short", USER("dan\\u2026", U "dan\\u2026", AIDA, AKIA), SUBJECT_UNKNOWN,
     .session = NULL},
    {"a name too long", USER(S63 "0123456789", U S63 "0123456789", AIDA, AKIA), SUBJECT_UNKNOWN,
     .session = NULL},
    {"no name", USER("", U, AIDA, AKIA), SUBJECT_UNKNOWN, .session = NULL},
    {"no slash", USER("x", "arn:aws:iam::" A ":userx", AIDA, AKIA), SUBJECT_UNKNOWN,
     .session = NULL},
    {"a made-up partition", USER("dana", "arn:aws-evil:iam::" A ":user/dana", AIDA, AKIA),
     SUBJECT_UNKNOWN, .session = NULL},
    {"a user's ARN with a region",
     USER("dana", "arn:aws:iam:us-east-1:" A ":user/dana", AIDA, AKIA), SUBJECT_UNKNOWN,
     .session = NULL},
    {"an ARN of STS on a user", USER("dana", "arn:aws:sts::" A ":user/dana", AIDA, AKIA),
     SUBJECT_UNKNOWN, .session = NULL},
    {"a session without a name",
     "{\"type\":\"AssumedRole\",\"principalId\":\"" AROA "\",\"arn\":\"arn:aws:sts::" A
     ":assumed-role/dev\",\"accountId\":\"" A "\"}",
     SUBJECT_UNKNOWN, .session = NULL},
    {"a session of another name than its principal",
     "{\"type\":\"AssumedRole\",\"principalId\":\"" AROA ":bob\",\"arn\":\"arn:aws:sts::" A
     ":assumed-role/dev/alice\",\"accountId\":\"" A "\"}",
     SUBJECT_UNKNOWN, .session = NULL},
    {"a session of another role than its issuer",
     "{\"type\":\"AssumedRole\",\"principalId\":\"" AROA ":alice\",\"arn\":\"arn:aws:sts::" A
     ":assumed-role/ops/alice\",\"accountId\":\"" A "\"," ISSUER("aws", "dev") "}",
     SUBJECT_UNKNOWN, .session = NULL},
    {"a session in another partition than its issuer",
     "{\"type\":\"AssumedRole\",\"principalId\":\"" AROA ":alice\",\"arn\":\"arn:aws-cn:sts::" A
     ":assumed-role/dev/alice\",\"accountId\":\"" A "\"," ISSUER("aws", "dev") "}",
     SUBJECT_UNKNOWN, .session = NULL},
    {"a session with a slash", SESSION("aws", "dev", "a/b", ""), SUBJECT_UNKNOWN, .session = NULL},
};

static struct str want(const char *z)
{
    return z ? str_of(z) : STR_ABSENT;
}

/* The record always names somebody else in its parameters and response: he never counts. */
static void read_record(struct alert_case *c, const char *identity, struct facts *f)
{
    struct buf b;
    struct err e;
    size_t used;
    buf_init(&b, 65536);
    buf_putf(&b,
             "{\"eventID\":\"1\",\"eventTime\":\"2026-03-17T14:05:11Z\",\"userIdentity\":%s,"
             "\"requestParameters\":{\"userName\":\"innocent\",\"roleName\":\"innocent\","
             "\"roleArn\":\"arn:aws:iam::" A ":role/innocent\",\"userIdentity\":{\"userName\":"
             "\"innocent\"}},\"responseElements\":{\"user\":{\"arn\":\"" U "innocent\"}},"
             "\"recipientAccountId\":\"" A "\"}",
             identity);
    struct str text = arena_str(&c->ev.scratch, buf_str(&b));
    buf_release(&b);
    assert_int_equal(event_read(&c->ev, text, &used, &e), JSON_OK);
    facts_read(&c->ev, STR_ABSENT, f);
}

static void reads_every_shape(void **state)
{
    (void)state;
    struct alert_case c;
    alert_case_init(&c, "t.yml", every_event);
    for (size_t i = 0; i < COUNT(shapes); i++) {
        const struct shape *s = shapes + i;
        struct facts f;
        struct subject got;
        read_record(&c, s->identity, &f);
        subject_of_facts(&f, &got);
        check_int(s->name, got.kind, s->kind);
        check_str(s->name, got.name, want(s->subject));
        check_str(s->name, got.path, want(s->path));
        check_str(s->name, got.id, want(s->id));
        check_str(s->name, got.session, want(s->session));
        check_int(s->name, got.workload, s->workload);
        bool can =
            s->kind == SUBJECT_USER || s->kind == SUBJECT_ROLE || s->kind == SUBJECT_FEDERATED;
        check_true(s->name, subject_can(&got) == can);
        if (can)
            check_str(s->name, got.account, S(A));
        if (can)
            check_str(s->name, got.partition, want(s->partition));
    }
    alert_case_release(&c);
}

/* Where the SDK runs is told by its user agent. */
static void takes_hints_of_the_user_agent(void **state)
{
    (void)state;
    static const struct {
        const char *agent;
        enum workload workload;
    } cases[] = {
        {"Boto3/1.34.0 md/Botocore#1.34.0 exec-env/AWS_Lambda_python3.12", WORKLOAD_LAMBDA},
        {"aws-sdk-go/1.44 exec-env/AWS_ECS_FARGATE", WORKLOAD_ECS},
        {"aws-cli/2.15.0 md/awscrt#0.19 exec-env/CloudShell", WORKLOAD_NONE},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct subject got;
        const struct facts f = {.user_type = S("AssumedRole"),
                                .user_arn = S("arn:aws:sts::" A ":assumed-role/dev/worker"),
                                .user_agent = str_of(cases[i].agent)};
        subject_of_facts(&f, &got);
        check_int(cases[i].agent, got.workload, cases[i].workload);
    }
}

static void reads_what_an_operator_names(void **state)
{
    (void)state;
    static const struct {
        const char *arn;
        enum subject_kind kind;
        const char *name, *session;
    } cases[] = {
        {U "team/dana", SUBJECT_USER, "dana", NULL},
        {"arn:aws:iam::" A ":role/team/dev", SUBJECT_ROLE, "dev", NULL},
        {"arn:aws:sts::" A ":assumed-role/dev/alice", SUBJECT_ROLE, "dev", "alice"},
        {"arn:aws:iam::" A ":role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
         SUBJECT_SERVICE_LINKED, "AWSServiceRoleForX", NULL},
        {"arn:aws:iam::" A ":root", SUBJECT_ROOT, NULL, NULL},
        {"arn:aws:iam::" A ":group/admins", SUBJECT_UNKNOWN, NULL, NULL},
        {"arn:aws:iam::" A ":user/*", SUBJECT_UNKNOWN, NULL, NULL},
        {"arn:aws:iam::1111:user/dana", SUBJECT_UNKNOWN, NULL, NULL},
        {"dana", SUBJECT_UNKNOWN, NULL, NULL},
        {"", SUBJECT_UNKNOWN, NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct subject got;
        subject_of_arn(str_of(cases[i].arn), &got);
        check_int(cases[i].arn, got.kind, cases[i].kind);
        check_str(cases[i].arn, got.name, want(cases[i].name));
        check_str(cases[i].arn, got.session, want(cases[i].session));
    }
}

static void reads_nodes_of_lineages(void **state)
{
    (void)state;
    static const struct {
        enum lineage_kind kind;
        const char *name, *account, *partition;
        enum subject_kind want;
        const char *subject, *key;
        bool can;
    } cases[] = {
        {LINEAGE_USER, U "support", A, "aws", SUBJECT_USER, "support", NULL, true},
        {LINEAGE_USER, "AIDAZ2EXAMPLE4KQ7M3TW", A, "aws", SUBJECT_UNKNOWN, NULL, NULL, false},
        {LINEAGE_USER, U "support", "999988887777", "aws", SUBJECT_UNKNOWN, NULL, NULL, false},
        {LINEAGE_ROLE, "arn:aws:iam::" A ":role/back", A, "aws", SUBJECT_ROLE, "back", NULL, true},
        {LINEAGE_ROLE, "back", A, "aws", SUBJECT_UNKNOWN, NULL, NULL, false},
        {LINEAGE_SESSION, "arn:aws:sts::" A ":assumed-role/dev/x", A, "aws", SUBJECT_ROLE, "dev",
         NULL, true},
        {LINEAGE_WORKLOAD, "arn:aws:sts::" A ":assumed-role/web/i-0a1b2c3d", A, "aws", SUBJECT_ROLE,
         "web", NULL, true},
        {LINEAGE_NAME, "support", A, "aws-cn", SUBJECT_USER, "support", NULL, true},
        {LINEAGE_NAME, "sup/port", A, "aws", SUBJECT_UNKNOWN, NULL, NULL, false},
        {LINEAGE_NAME, "support", "", "aws", SUBJECT_UNKNOWN, NULL, NULL, false},
        {LINEAGE_NAME, "support", A, "", SUBJECT_UNKNOWN, NULL, NULL, false},
        {LINEAGE_KEY, AKIA, A, "aws", SUBJECT_KEY, NULL, AKIA, true},
        {LINEAGE_KEY, ASIA, A, "aws", SUBJECT_KEY, NULL, ASIA, false},
        {LINEAGE_KEY, "AKIA/../x", A, "aws", SUBJECT_KEY, NULL, "AKIA/../x", false},
        {LINEAGE_ROOT, "arn:aws:iam::" A ":root", A, "aws", SUBJECT_ROOT, NULL, NULL, false},
        {LINEAGE_INSTANCE, "i-0a1b2c3d", A, "aws", SUBJECT_UNKNOWN, NULL, NULL, false},
        {LINEAGE_SERVICE, "ec2.amazonaws.com", A, "aws", SUBJECT_UNKNOWN, NULL, NULL, false},
        {LINEAGE_ACCOUNT, "999988887777", "999988887777", "aws", SUBJECT_UNKNOWN, NULL, NULL,
         false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct subject got;
        subject_of_node(cases[i].kind, str_of(cases[i].name), str_of(cases[i].account),
                        str_of(cases[i].partition), &got);
        check_int(cases[i].name, got.kind, cases[i].want);
        check_str(cases[i].name, got.name, want(cases[i].subject));
        check_true(cases[i].name, subject_can(&got) == cases[i].can);
        if (cases[i].key)
            check_str(cases[i].name, got.key, want(cases[i].key));
    }
}

static void names_the_principal(void **state)
{
    (void)state;
    static const struct {
        struct subject s;
        const char *arn, *userid;
    } cases[] = {
        {{.kind = SUBJECT_USER,
          .partition = {"aws", 3},
          .account = {A, 12},
          .path = {"/t/", 3},
          .name = {"dana", 4}},
         "arn:aws:iam::" A ":user/t/dana",
         ""},
        {{.kind = SUBJECT_FEDERATED,
          .partition = {"aws", 3},
          .account = {A, 12},
          .path = {"/", 1},
          .name = {"dana", 4},
          .session = {"guest", 5}},
         "arn:aws:iam::" A ":user/dana",
         ""},
        {{.kind = SUBJECT_ROLE,
          .partition = {"aws-cn", 6},
          .account = {A, 12},
          .name = {"dev", 3},
          .id = {"AROAX", 5},
          .session = {"alice", 5}},
         "arn:aws-cn:iam::" A ":role/dev",
         "AROAX:alice"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b;
        buf_init(&b, 1000);
        subject_put_arn(&b, &cases[i].s);
        check_str("arn", buf_str(&b), str_of(cases[i].arn));
        buf_reset(&b);
        subject_put_userid(&b, &cases[i].s);
        check_str("userid", buf_str(&b), str_of(cases[i].userid));
        buf_release(&b);
    }
}

/* What IAM tells of the path ends the guess by the name. */
static void learns_the_path(void **state)
{
    (void)state;
    struct subject s;
    subject_of_arn(S("arn:aws:sts::" A ":assumed-role/AWSx/alice"), &s);
    check_true("before", subject_can(&s));
    subject_set_path(&s, S("/aws-service-role/x.amazonaws.com/"));
    check_int("after", s.kind, SUBJECT_SERVICE_LINKED);
    check_false("after", subject_can(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_shape),
        cmocka_unit_test(takes_hints_of_the_user_agent),
        cmocka_unit_test(reads_what_an_operator_names),
        cmocka_unit_test(reads_nodes_of_lineages),
        cmocka_unit_test(names_the_principal),
        cmocka_unit_test(learns_the_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
