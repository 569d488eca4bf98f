/* aws/permission: by the Service Authorization Reference. */
#include "aws/permission.h"

#include "tests/unit/support/check.h"

static void knows_permissions(void **state)
{
    static const struct {
        const char *name;
        enum aws_service service;
        const char *call, *want;
    } cases[] = {
        {"a version is a permission of its own", AWS_S3, "GetObject",
         "s3:GetObject, s3:GetObjectVersion"},
        {"a permission with another name", AWS_S3, "ListObjectsV2", "s3:ListBucket"},
        {"like the call", AWS_DYNAMODB, "PutItem", "dynamodb:PutItem"},
        {"of a batch", AWS_SQS, "SendMessageBatch", "sqs:SendMessage"},
        {"to call a function", AWS_LAMBDA, "Invoke", "lambda:InvokeFunction"},
        {"of another service", AWS_SNS, "PutItem", NULL},
        {"never called", AWS_DYNAMODB, "DeleteItem", NULL},
        {"needs none", AWS_STS, "AssumeRoleWithWebIdentity", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_str(cases[i].name, str_of(permission_of(cases[i].service, cases[i].call)),
                  str_of(cases[i].want));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(knows_permissions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
