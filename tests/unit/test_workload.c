/* respond/workload: who may assume a role, by trust policies as IAM returns them. */
#include "respond/workload.h"

#include "tests/unit/support/check.h"

#define ALLOW(principal)                                                                           \
    "{\"Effect\":\"Allow\",\"Principal\":" principal ",\"Action\":\"sts:AssumeRole\"}"
#define POLICY(statements) "{\"Version\":\"2012-10-17\",\"Statement\":" statements "}"

static void reads_trust_policies(void **state)
{
    (void)state;
    static const struct {
        const char *policy;
        enum workload want;
        bool known;
    } cases[] = {
        {POLICY("[" ALLOW("{\"Service\":\"ec2.amazonaws.com\"}") "]"), WORKLOAD_INSTANCE, true},
        {POLICY(ALLOW("{\"Service\":\"ec2.amazonaws.com.cn\"}")), WORKLOAD_INSTANCE, true},
        {POLICY("[" ALLOW("{\"Service\":\"lambda.amazonaws.com\"}") "]"), WORKLOAD_LAMBDA, true},
        {POLICY("[" ALLOW("{\"Service\":\"ecs-tasks.amazonaws.com\"}") "]"), WORKLOAD_ECS, true},
        {POLICY("[" ALLOW("{\"Service\":\"pods.eks.amazonaws.com\"}") "]"), WORKLOAD_EKS, true},
        {POLICY("[" ALLOW("{\"Service\":\"rolesanywhere.amazonaws.com\"}") "]"), WORKLOAD_ANYWHERE,
         true},
        {POLICY("[" ALLOW("{\"Service\":\"codebuild.amazonaws.com\"}") "]"), WORKLOAD_SERVICE,
         true},
        {POLICY("[" ALLOW("{\"Service\":[\"codebuild.amazonaws.com\",\"ec2.amazonaws.com\"]}") "]"),
         WORKLOAD_INSTANCE, true},
        {POLICY("[" ALLOW("{\"AWS\":\"arn:aws:iam::111122223333:root\"}") "," ALLOW(
             "{\"Service\":\"lambda.amazonaws.com\"}") "]"),
         WORKLOAD_LAMBDA, true},
        {POLICY("[" ALLOW("{\"Federated\":\"arn:aws:iam::111122223333:oidc-provider/"
                          "oidc.eks.eu-west-1.amazonaws.com/id/0A1B\"}") "]"),
         WORKLOAD_EKS, true},
        {POLICY("[" ALLOW("{\"Federated\":\"arn:aws:iam::111122223333:oidc-provider/"
                          "token.actions.githubusercontent.com\"}") "]"),
         WORKLOAD_NONE, true},
        {POLICY("[" ALLOW("{\"Federated\":\"arn:aws:iam::111122223333:saml-provider/okta\"}") "]"),
         WORKLOAD_NONE, true},
        {POLICY("[" ALLOW("{\"AWS\":[\"111122223333\",\"arn:aws:iam::444455556666:user/x\"]}") "]"),
         WORKLOAD_NONE, true},
        {POLICY("[" ALLOW("\"*\"") "]"), WORKLOAD_NONE, true},
        {POLICY("[{\"Effect\":\"Deny\",\"Principal\":{\"Service\":\"ec2.amazonaws.com\"},"
                "\"Action\":\"sts:AssumeRole\"}]"),
         WORKLOAD_NONE, true},
        {POLICY("[]"), WORKLOAD_NONE, true},
        {"", WORKLOAD_NONE, false},
        {"{}", WORKLOAD_NONE, false},
        {"{\"Statement\":\"ec2.amazonaws.com\"}", WORKLOAD_NONE, false},
        {"%7B%22Version%22%3A%222012-10-17%22%7D", WORKLOAD_NONE, false},
        {"{\"Statement\":[", WORKLOAD_NONE, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool known = !cases[i].known;
        check_int(cases[i].policy, workload_of_trust(str_of(cases[i].policy), &known),
                  cases[i].want);
        check_true(cases[i].policy, known == cases[i].known);
    }
    bool known = true;
    check_int("absent", workload_of_trust(STR_ABSENT, &known), WORKLOAD_NONE);
    check_false("absent", known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_trust_policies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
