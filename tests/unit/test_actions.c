/* respond/actions: which permission a call needed. What is expected is of AWS's Service
 * Authorization Reference. */
#include "respond/actions.h"

#include "respond/advice_policy.h"
#include "tests/unit/support/check.h"

static void maps(void **state)
{
    (void)state;
    static const struct {
        const char *source, *event;
        bool version;
        const char *actions; /* NULL: none is known */
    } cases[] = {
        {"iam.amazonaws.com", "CreateUser", false, "iam:CreateUser"},
        {"monitoring.amazonaws.com", "PutMetricAlarm", false, "cloudwatch:PutMetricAlarm"},
        {"lambda.amazonaws.com", "Invoke", false, "lambda:InvokeFunction"},
        {"lambda.amazonaws.com", "CreateFunction20150331", false, "lambda:CreateFunction"},
        {"lambda.amazonaws.com", "GetFunction20150331v2", false, "lambda:GetFunction"},
        {"cloudfront.amazonaws.com", "UpdateDistribution2020_05_31", false,
         "cloudfront:UpdateDistribution"},
        /* no date: too short, or not of this century */
        {"ec2.amazonaws.com", "RunThing2015", false, "ec2:RunThing2015"},
        {"s3.amazonaws.com", "ListBuckets", false, "s3:ListAllMyBuckets"},
        {"s3.amazonaws.com", "GetObject", true, "s3:GetObjectVersion"},
        {"s3.amazonaws.com", "HeadObject", true, "s3:GetObjectVersion"},
        {"s3.amazonaws.com", "GetObjectAcl", true, "s3:GetObjectVersionAcl"},
        {"s3.amazonaws.com", "PutObject", true, "s3:PutObject"},
        {"apigateway.amazonaws.com", "CreateRestApi", false, "apigateway:POST"},
        {"apigateway.amazonaws.com", "Zap", false, NULL},
        {"dynamodb.amazonaws.com", "TransactGetItems", false, "dynamodb:GetItem"},
        {"sts.amazonaws.com", "GetCallerIdentity", false, ""},
        {"signin.amazonaws.com", "ConsoleLogin", false, ""},
        {"s3.amazonaws.com", "GetStorageLensInternal", false, NULL},
        {"x\"y.amazonaws.com", "Get", false, NULL},
        {"iam.amazonaws.com", "Get*", false, NULL},
        {"iam.amazonaws.com", "", false, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b;
        buf_init(&b, 8 * ACTION_MAX);
        bool known =
            actions_put(&b, str_of(cases[i].source), str_of(cases[i].event), cases[i].version);
        check_true(cases[i].event, known == (cases[i].actions != NULL));
        if (known)
            check_str(cases[i].event, buf_str(&b), str_of(cases[i].actions));
        buf_release(&b);
    }
}

static void tells_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *error;
        bool refused;
    } cases[] = {
        {NULL, false},
        {"NoSuchKey", false},
        {"ThrottlingException", false},
        {"Client.InvalidParameterValue", false},
        {"AccessDenied", true},
        {"AccessDeniedException", true},
        {"Client.UnauthorizedOperation", true},
        {"Client.DryRunOperation", true},
        {"InvalidClientTokenId", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_true(cases[i].error, actions_refused(str_of(cases[i].error)) == cases[i].refused);
}

static void finds_named(void **state)
{
    (void)state;
    static const struct {
        const char *message, *action;
    } cases[] = {
        {"User: a is not authorized to perform: iam:ListUsers on resource: b", "iam:ListUsers"},
        {"not authorized to perform: sso-directory:ListUsers", "sso-directory:ListUsers"},
        {"not authorized to perform: this", NULL},
        {"Access Denied", NULL},
        {NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_str(cases[i].message, actions_named(str_of(cases[i].message)),
                  str_of(cases[i].action));
}

static void takes_patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *action;
        bool takes;
    } cases[] = {
        {"*", "s3:GetObject", true},          {"s3:*", "s3:GetObject", true},
        {"S3:get*", "s3:GetObject", true},    {"s3:Get?bject", "s3:GetObject", true},
        {"s3:*Object", "s3:GetObject", true}, {"s3:Get", "s3:GetObject", false},
        {"s3:Put*", "s3:GetObject", false},   {"", "s3:GetObject", false},
        {"s3:*t*t", "s3:GetObject", true},    {"s3:GetObject**", "s3:GetObject", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_true(cases[i].pattern, policy_takes(str_of(cases[i].pattern),
                                                  str_of(cases[i].action)) == cases[i].takes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps),
        cmocka_unit_test(tells_refusals),
        cmocka_unit_test(finds_named),
        cmocka_unit_test(takes_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
