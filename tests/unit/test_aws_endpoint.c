/* aws/endpoint: the addresses are those that botocore 1.43 finds for the same service and region
 * (for S3 in us-east-1 its regional form). */
#include "aws/endpoint.h"

#include "tests/unit/support/check.h"
#include "tests/unit/support/fake_world.h"

struct want {
    enum aws_service service;
    const char *region, *bucket;
    const char *origin, *host, *base, *sign_for; /* origin NULL: refused */
};

static void check_endpoint(struct fake_world *f, const struct want *w, enum err_kind kind)
{
    const struct aws_world world = fake_world(f);
    struct endpoint ep;
    struct err e = {0};
    const char *name = w->origin ? w->origin : w->region;
    const bool ok =
        endpoint_find(&world, w->service, str_of(w->region), str_of(w->bucket), &ep, &e);
    check_int(name, ok, w->origin != NULL);
    if (ok) {
        check_str(name, ep.origin, str_of(w->origin));
        check_str(name, ep.host, str_of(w->host));
        check_str(name, ep.base, str_of(w->base));
        check_str(name, ep.region, str_of(w->sign_for));
    } else {
        check_int(name, e.kind, kind);
    }
    endpoint_release(&ep);
}

static void finds_partitions(void **state)
{
    static const struct want cases[] = {
        {AWS_SNS, "eu-west-1", NULL, "https://sns.eu-west-1.amazonaws.com",
         "sns.eu-west-1.amazonaws.com", "", "eu-west-1"},
        {AWS_DYNAMODB, "cn-north-1", NULL, "https://dynamodb.cn-north-1.amazonaws.com.cn",
         "dynamodb.cn-north-1.amazonaws.com.cn", "", "cn-north-1"},
        {AWS_SQS, "us-gov-west-1", NULL, "https://sqs.us-gov-west-1.amazonaws.com",
         "sqs.us-gov-west-1.amazonaws.com", "", "us-gov-west-1"},
        {AWS_STS, "us-iso-east-1", NULL, "https://sts.us-iso-east-1.c2s.ic.gov",
         "sts.us-iso-east-1.c2s.ic.gov", "", "us-iso-east-1"},
        {AWS_STS, "us-isob-east-1", NULL, "https://sts.us-isob-east-1.sc2s.sgov.gov",
         "sts.us-isob-east-1.sc2s.sgov.gov", "", "us-isob-east-1"},
        {AWS_STS, "eu-isoe-west-1", NULL, "https://sts.eu-isoe-west-1.cloud.adc-e.uk",
         "sts.eu-isoe-west-1.cloud.adc-e.uk", "", "eu-isoe-west-1"},
        {AWS_STS, "us-isof-south-1", NULL, "https://sts.us-isof-south-1.csp.hci.ic.gov",
         "sts.us-isof-south-1.csp.hci.ic.gov", "", "us-isof-south-1"},
        {AWS_SNS, "eusc-de-east-1", NULL, "https://sns.eusc-de-east-1.amazonaws.eu",
         "sns.eusc-de-east-1.amazonaws.eu", "", "eusc-de-east-1"},
        {AWS_IAM, "eu-west-1", NULL, "https://iam.amazonaws.com", "iam.amazonaws.com", "",
         "us-east-1"},
        {AWS_IAM, "cn-northwest-1", NULL, "https://iam.cn-north-1.amazonaws.com.cn",
         "iam.cn-north-1.amazonaws.com.cn", "", "cn-north-1"},
        {AWS_IAM, "us-gov-east-1", NULL, "https://iam.us-gov.amazonaws.com",
         "iam.us-gov.amazonaws.com", "", "us-gov-west-1"},
        {AWS_IAM, "eusc-de-east-1", NULL, "https://iam.eusc-de-east-1.amazonaws.eu",
         "iam.eusc-de-east-1.amazonaws.eu", "", "eusc-de-east-1"},
        {AWS_IAM, "us-iso-west-1", NULL, "https://iam.us-iso-east-1.c2s.ic.gov",
         "iam.us-iso-east-1.c2s.ic.gov", "", "us-iso-east-1"},
        {AWS_EC2, "cn-northwest-1", NULL, "https://ec2.cn-northwest-1.amazonaws.com.cn",
         "ec2.cn-northwest-1.amazonaws.com.cn", "", "cn-northwest-1"},
        {AWS_ROLESANYWHERE, "us-gov-east-1", NULL,
         "https://rolesanywhere.us-gov-east-1.amazonaws.com",
         "rolesanywhere.us-gov-east-1.amazonaws.com", "", "us-gov-east-1"},
        {AWS_LAMBDA, "eu-west-1", NULL, "https://lambda.eu-west-1.amazonaws.com",
         "lambda.eu-west-1.amazonaws.com", "", "eu-west-1"},
        {AWS_CLOUDTRAIL, "cn-north-1", NULL, "https://cloudtrail.cn-north-1.amazonaws.com.cn",
         "cloudtrail.cn-north-1.amazonaws.com.cn", "", "cn-north-1"},
        {AWS_SES, "eu-west-1", NULL, "https://email.eu-west-1.amazonaws.com",
         "email.eu-west-1.amazonaws.com", "", "eu-west-1"},
        {AWS_SECRETSMANAGER, "eu-west-1", NULL, "https://secretsmanager.eu-west-1.amazonaws.com",
         "secretsmanager.eu-west-1.amazonaws.com", "", "eu-west-1"},
        {AWS_S3, "us-east-1", "my-bucket", "https://my-bucket.s3.us-east-1.amazonaws.com",
         "my-bucket.s3.us-east-1.amazonaws.com", "", "us-east-1"},
        {AWS_S3, "eu-west-1", "my.bucket", "https://s3.eu-west-1.amazonaws.com",
         "s3.eu-west-1.amazonaws.com", "", "eu-west-1"},
        {AWS_S3, "us-east-1", "Old_Bucket", "https://s3.us-east-1.amazonaws.com",
         "s3.us-east-1.amazonaws.com", "", "us-east-1"},
        {AWS_S3, "us-east-1", "-bucket", "https://s3.us-east-1.amazonaws.com",
         "s3.us-east-1.amazonaws.com", "", "us-east-1"},
    };
    struct fake_world f = {.wall_ms = 0};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_endpoint(&f, &cases[i], ERR_NONE);
}

static void tells_partitions(void **state)
{
    static const char *const cases[][2] = {
        {"eu-west-1", "aws"},
        {"us-east-1", "aws"},
        {"cn-north-1", "aws-cn"},
        {"us-gov-west-1", "aws-us-gov"},
        {"us-iso-east-1", "aws-iso"},
        {"us-isob-east-1", "aws-iso-b"},
        {"eu-isoe-west-1", "aws-iso-e"},
        {"us-isof-south-1", "aws-iso-f"},
        {"eusc-de-east-1", "aws-eusc"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_str(cases[i][0], str_of(region_partition(str_of(cases[i][0]))), str_of(cases[i][1]));
}

static void obeys_overrides(void **state)
{
    static const struct want cases[] = {
        {AWS_S3, "eu-west-1", "logs", "http://127.0.0.1:5000", "127.0.0.1:5000", "", "eu-west-1"},
        {AWS_SNS, "eu-west-1", NULL, "https://sns.example.com:443", "sns.example.com", "/a/b",
         "eu-west-1"},
        {AWS_IAM, "eu-west-1", NULL, "http://127.0.0.1:5000", "127.0.0.1:5000", "", "us-east-1"},
        {AWS_SQS, "eu-west-1", NULL, "https://sqs.eu-west-1.amazonaws.com",
         "sqs.eu-west-1.amazonaws.com", "", "eu-west-1"},
    };
    struct fake_world f = {.env = {{"AWS_ENDPOINT_URL_SNS", "https://sns.example.com:443/a/b//"},
                                   {"AWS_ENDPOINT_URL", "http://127.0.0.1:5000/"}}};
    (void)state;
    for (size_t i = 0; i < 3; i++)
        check_endpoint(&f, &cases[i], ERR_NONE);
    f.env[1][1] = ""; /* set but empty is not set */
    check_endpoint(&f, &cases[3], ERR_NONE);
}

static void refuses_bad_overrides(void **state)
{
    static const char *const urls[] = {"127.0.0.1:5000",  "ftp://x",       "http://",
                                       "http:///path",    "http://u@host", "http://host?x",
                                       "http://host/a b", "http://ho st",  "http://host#x",
                                       "http://host/%2e", "HTTPS://host",  "http://host\r\nx"};
    (void)state;
    for (size_t i = 0; i < COUNT(urls); i++) {
        struct fake_world f = {.env = {{"AWS_ENDPOINT_URL", urls[i]}}};
        const struct want w = {AWS_SNS, "eu-west-1", NULL, NULL, NULL, NULL, NULL};
        check_endpoint(&f, &w, ERR_USAGE);
    }
}

static void refuses_bad_names(void **state)
{
    static const char *const regions[] = {"",          "eu west",
                                          "EU-WEST-1", "eu-west-1.evil.com",
                                          "a/b",       "-eu",
                                          "eu-",       "eu\nwest",
                                          "x",         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    static const char *const buckets[] = {"", "ab", "..", "a/b", "a b", "b\xC3\xBC\x63ket", "a%2f"};
    struct fake_world f = {.wall_ms = 0};
    (void)state;
    for (size_t i = 0; i < COUNT(regions); i++) {
        const struct want w = {AWS_SNS, regions[i], NULL, NULL, NULL, NULL, NULL};
        check_endpoint(&f, &w, ERR_USAGE);
    }
    for (size_t i = 0; i < COUNT(buckets); i++) {
        const struct want w = {AWS_S3, "eu-west-1", buckets[i], NULL, NULL, NULL, NULL};
        check_endpoint(&f, &w, ERR_INPUT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_partitions),  cmocka_unit_test(obeys_overrides),
        cmocka_unit_test(tells_partitions),  cmocka_unit_test(refuses_bad_overrides),
        cmocka_unit_test(refuses_bad_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
