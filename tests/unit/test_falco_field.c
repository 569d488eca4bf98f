/* engine/falco_field.c: what each field reads. X: the plugins' own extractors were run on it;
 * otherwise read in their source (cloudtrail 0.17.1, json 0.7.4) and in libs 0.25. */
#include "tests/unit/support/falco_case.h"

#include "engine/falco_slots.h"

#define USER(body)    "{\"userIdentity\":{" body "}}"
#define REQUEST(body) "{\"requestParameters\":" body "}"
#define ITEMS(body)   "{\"responseElements\":{\"instancesSet\":{\"items\":" body "}}}"

static const struct {
    const char *field, *event, *text;
} cases[] = {
    /* plain: what is no string is "" (X) */
    {"ct.error", "{\"errorCode\":\"AccessDenied\"}", "AccessDenied"},
    {"ct.error", "{\"errorCode\":null}", ""},
    {"ct.error", "{\"errorCode\":1}", ""},
    {"ct.error", "{\"errorCode\":{\"a\":1}}", ""},
    {"ct.error", "{}", "<NA>"},
    {"ct.error", "{\"errorCode\":\"a\",\"errorCode\":\"b\"}", "a"},
    {"ct.region", "{\"awsRegion\":\"a\\u00e9\\/\"}", "a\xc3\xa9/"},
    {"ct.user.arn", "{\"userIdentity\":[\"arn\"]}", "<NA>"},
    {"ct.user.arn", "{\"userIdentity\":\"arn\"}", "<NA>"},
    {"ct.request.host", REQUEST("{\"Host\":\"h\"}"), "h"},
    {"ct.request.host", REQUEST("{\"host\":\"h\"}"), "<NA>"},
    {"ct.request.documentname", REQUEST("{\"documentName\":\"d\"}"), "d"}, /* read, unlike Falco */
    {"ct.request.name", REQUEST("null"), "<NA>"},
    {"ct.serviceeventdetails", "{\"serviceEventDetails\":{\"a\":1}}", ""},
    {"ct.tlsdetails.tlsversion", "{\"tlsDetails\":{\"tlsVersion\":\"TLSv1.3\"}}", "TLSv1.3"},
    {"ct.addendum.originalrequestid", "{\"addendum\":{\"originalRequestID\":\"i\"}}", "i"},
    {"iam.role", REQUEST("{\"roleName\":\"r\"}"), "r"},
    {"iam.policy", REQUEST("{\"policyName\":\"p\"}"), "p"},
    {"ecr.imagetag", REQUEST("{\"imageTag\":\"t\"}"), "t"},
    {"s3.bucket", REQUEST("{\"bucketName\":\"b\"}"), "b"},
    /* who */
    {"ct.user", USER("\"type\":\"IAMUser\",\"userName\":\"u\""), "u"},
    {"ct.user", USER("\"type\":\"Root\""), "<NA>"}, /* X */
    {"ct.user", USER("\"type\":\"Root\",\"userName\":null"), ""},
    {"ct.user", USER("\"type\":\"AWSService\",\"invokedBy\":\"s\""), "s"},
    {"ct.user", USER("\"type\":\"AWSService\",\"userName\":\"u\""), "<NA>"},
    {"ct.user", USER("\"type\":\"AssumedRole\""), "AssumedRole"},
    {"ct.user",
     USER("\"type\":\"AssumedRole\",\"sessionContext\":{\"sessionIssuer\":{\"userName\":\"r\"}}"),
     "r"},
    {"ct.user", USER("\"type\":\"AWSAccount\",\"userName\":\"u\""), "AWSAccount"},
    {"ct.user", USER("\"type\":\"FederatedUser\""), "FederatedUser"},
    {"ct.user", USER("\"type\":\"SAMLUser\",\"userName\":\"u\""), "<NA>"},
    {"ct.user", USER("\"type\":1,\"userName\":\"u\""), "<NA>"},
    {"ct.user", "{}", "<NA>"},
    {"ct.originaluser",
     USER("\"type\":\"AssumedRole\",\"arn\":\"arn:aws:sts::1:assumed-role/r/s\""), "s"},
    {"ct.originaluser",
     USER("\"type\":\"AssumedRole\",\"arn\":\"a/b/c/d\",\"principalId\":\"AROA:s2\""),
     "s2"}, /* X */
    {"ct.originaluser", USER("\"type\":\"AssumedRole\",\"principalId\":\"A:b:c\""), "<NA>"},
    {"ct.originaluser", USER("\"type\":\"SAMLUser\",\"userName\":\"u\""), "u"},
    {"ct.user.accountid", USER("\"accountId\":\"1\""), "1"},
    {"ct.user.accountid", "{\"recipientAccountId\":\"2\"}", "2"},
    {"ct.user.accountid", "{\"userIdentity\":{\"accountId\":null},\"recipientAccountId\":\"2\"}",
     ""},
    /* what */
    {"ct.shortsrc", "{\"eventSource\":\"s3.amazonaws.com\"}", "s3"},
    {"ct.shortsrc", "{\"eventSource\":\".amazonaws.com\"}", ".amazonaws.com"},
    {"ct.shortsrc", "{\"eventSource\":\"other\"}", "other"},
    {"ct.request", REQUEST("{ \"a\" : [ 1, 2.50 ] }"), "{\"a\":[1,2.50]}"},
    {"ct.response", "{\"responseElements\":null}", "null"}, /* X */
    {"ct.response", "{\"responseElements\":\"a\"}", "\"a\""},
    {"ct.response", "{}", "<NA>"},
    {"ct.additionaleventdata", "{\"additionalEventData\":true}", "true"},
    {"ct.resources", "{\"resources\":[ {\"a\": 1} , 2]}", "{\"a\":1},2"},
    {"ct.resources", "{\"resources\":[]}", "<NA>"}, /* X */
    {"ct.resources", "{\"resources\":{}}", "<NA>"},
    {"ct.readonly", "{\"readOnly\":true}", "true"},
    {"ct.readonly", "{\"readOnly\":\"true\"}", "false"}, /* X */
    {"ct.readonly", "{\"readOnly\":null}", "false"},
    {"ct.readonly", "{\"eventName\":\"DeleteTrail\"}", "<NA>"},
    {"ct.managementevent", "{\"managementEvent\":false}", "false"},
    {"ct.sessioncredentialfromconsole", "{\"sessionCredentialFromConsole\":true}", "true"},
    /* S3 */
    {"s3.uri", REQUEST("{\"bucketName\":\"b\",\"key\":\"k/l\"}"), "s3://b/k/l"},
    {"s3.uri", REQUEST("{\"bucketName\":\"b\"}"), "<NA>"},
    {"s3.uri", REQUEST("{\"bucketName\":\"b\",\"key\":1}"), "<NA>"},
    {"s3.bytes", "{\"additionalEventData\":{\"bytesTransferredIn\":33.9}}", "33"}, /* X */
    {"s3.bytes", "{\"additionalEventData\":{\"bytesTransferredIn\":1,\"bytesTransferredOut\":2.0}}",
     "3"},
    {"s3.bytes.out", "{\"additionalEventData\":{\"bytesTransferredOut\":\"7\"}}", "0"},
    {"s3.bytes.in", "{\"additionalEventData\":{\"bytesTransferredIn\":1e3}}", "1000"},
    {"s3.bytes.in", "{\"additionalEventData\":{\"bytesTransferredIn\":-1}}", "0"},
    {"s3.bytes", "{}", "<NA>"},
    {"s3.cnt.get", "{\"eventName\":\"GetObject\"}", "1"},
    {"s3.cnt.get", "{\"eventName\":\"PutObject\"}", "<NA>"},
    {"s3.cnt.put", "{\"eventName\":\"PutObject\"}", "1"},
    {"s3.cnt.other", "{\"eventName\":\"PutObject\"}", "<NA>"},
    {"s3.cnt.other", "{\"eventName\":\"ListUsers\"}", "1"},
    /* EC2 */
    {"ec2.imageids", ITEMS("[{\"imageId\":\"ami-1\"},{},{\"imageId\":\"ami-3\"}]"),
     "(ami-1,ami-3)"},
    {"ec2.imageids[1]", ITEMS("[{\"imageId\":\"ami-1\"},{},{\"imageId\":\"ami-3\"}]"), "<NA>"},
    {"ec2.imageids[2]", ITEMS("[{\"imageId\":\"ami-1\"},{},{\"imageId\":\"ami-3\"}]"), "(ami-3)"},
    {"ec2.imageids", ITEMS("[]"), "<NA>"},
    {"ec2.imageids",
     "{\"responseElements\":{\"instancesSet\":{\"items\":null}},"
     "\"requestParameters\":{\"imageId\":\"a\"}}",
     "<NA>"},
    {"ec2.imageids", REQUEST("{\"imageId\":\"a\"}"), "(a)"},
    {"ec2.imageids[0]", REQUEST("{\"launchSpecification\":{\"imageId\":\"a\"}}"), "(a)"},
    {"ec2.imageids[1]", REQUEST("{\"imageId\":\"a\"}"), "<NA>"},
    {"ec2.imageids",
     REQUEST("{\"DescribeFastLaunchImagesRequest\":{\"ImageId\":{\"content\":\"f\"}}}"), "(f)"},
    {"ec2.imageid", ITEMS("[ {\"x\":[{}],\"imageId\":\"a\\u0062\"} ]"), "ab"},
    {"ec2.name",
     REQUEST(
         "{\"tagSpecificationSet\":{\"items\":[{\"resourceType\":\"instance\",\"tags\":[{\"key\":"
         "\"Name\",\"value\":\"one\"}]},{\"resourceType\":\"volume\",\"tags\":[{\"key\":\"Name\","
         "\"value\":\"vol\"}]},{\"resourceType\":\"instance\",\"tags\":[{\"key\":\"a\",\"value\":"
         "\"b\"},{\"key\":\"Name\",\"value\":\"two\"},{\"key\":\"Name\",\"value\":\"no\"}]}]}}"),
     "two"},
    {"ec2.name", REQUEST("{\"tagSpecificationSet\":{\"items\":{}}}"), "<NA>"},
    /* json.value (X) */
    {"json.value[/a/b]", "{\"a\":{\"b\":\"x\\ty\"}}", "x\ty"},
    {"json.value[a/b]", "{\"a\":{\"b\":\"x\"}}", "x"},
    {"json.value[/a/1]", "{\"a\":[1,{\"k\" : null}]}", "{\"k\":null}"},
    {"json.value[/a/01]", "{\"a\":[1,2]}", "2"},
    {"json.value[/a/+1]", "{\"a\":[1,2]}", "2"},
    {"json.value[/a/-]", "{\"a\":[1,2]}", "<NA>"},
    {"json.value[/a/1]", "{\"a\":{\"1\":\"key\"}}", "key"},
    {"json.value[/a~1b]", "{\"a/b\":1}", "1"},
    {"json.value[/a~0b]", "{\"a~b\":1}", "1"},
    {"json.value[/a~01b]", "{\"a/b\":1,\"a~1b\":2}", "2"},
    {"json.value[/]", "{\"\":\"empty key\"}", "empty key"},
    {"json.value[\"\"]", "{ \"a\" : 1 }", "{\"a\":1}"},
    {"json.value[/n]", "{\"n\":null}", "null"},
    {"json.value[/n]", "{\"n\":33.0}", "33.0"},
    {"json.value[/n]", "{\"n\":1E5}", "1E5"},
    {"json.value[/n]", "{\"n\":false}", "false"},
    {"json.value[/n/m]", "{\"n\":\"m\"}", "<NA>"},
    {"jevt.value[/n]", "{\"n\":\"m\"}", "m"},
    {"json.obj", "{\"a\":[1,{}], \"b\" : {\"c\":[ ] ,\"d\":\"x:,{\"}}",
     "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": [],\n    \"d\": \"x:,{\"\n  "
     "}\n}"},
    {"json.rawtime", "{\"eventTime\":\"2023-11-14T22:13:20Z\"}", "1700000000000000000"},
    /* evt */
    {"evt.time", "{\"eventTime\":\"2023-11-14T22:13:20Z\"}", "22:13:20.000000000"},
    {"evt.time.s", "{\"eventTime\":\"2023-11-14T22:13:20Z\"}", "22:13:20"},
    {"evt.time.iso8601", "{\"eventTime\":\"2023-11-14T22:13:20Z\"}",
     "2023-11-14T22:13:20.000000000+0000"},
    {"evt.datetime", "{\"eventTime\":\"2023-11-14T22:13:20Z\"}", "2023-11-14 22:13:20.000000000"},
    {"evt.datetime.s", "{\"eventTime\":\"2023-11-14T22:13:20.5Z\"}", "2023-11-14 22:13:20"},
    {"evt.rawtime.s", "{\"eventTime\":\"2023-11-14T22:13:20.5Z\"}", "1700000000"},
    {"evt.rawtime.ns", "{\"eventTime\":\"2023-11-14T22:13:20.5Z\"}", "500000000"},
    {"evt.rawtime", "{\"eventTime\":\"yesterday\"}", "<NA>"},
    {"evt.time", "{}", "<NA>"},
    {"evt.reltime", "{}", "000000000"},
    {"evt.pluginname", "{}", "cloudtrail"},
    {"evt.source", "{}", "aws_cloudtrail"},
    {"evt.hostname", "{}", ""},
    {"evt.asynctype", "{}", "<NA>"},
    /* summaries */
    {"ct.info", USER("\"type\":\"Root\""),
     "<invalid cloudtrail event: userIdentity field missing>"}, /* X */
    {"ct.info", USER("\"type\":\"IAMUser\",\"userName\":\"u\""),
     "<invalid cloudtrail event: eventSource field missing>"},
    {"ct.info", "{\"userIdentity\":{\"type\":\"AWSAccount\"},\"sourceIPAddress\":\"1.2.3.4\"}",
     "<invalid cloudtrail event: eventName field missing>"},
    {"ct.info",
     "{\"userIdentity\":{\"type\":\"AWSAccount\"},\"sourceIPAddress\":\"1.2.3.4\",\"eventName\":"
     "\"N\","
     "\"errorCode\":\"E\",\"readOnly\":false}",
     "AWSAccount via 1.2.3.4 !\xe2\x86\x92 N"},
    {"ct.info",
     "{\"userIdentity\":{\"type\":\"AWSService\",\"invokedBy\":\"s\"},\"sourceIPAddress\":\"s\","
     "\"eventName\":\"N\",\"additionalEventData\":{\"bytesTransferredOut\":5},"
     "\"requestParameters\":{\"bucketName\":\"b\",\"key\":\"k\"}}",
     "s \xe2\x86\x90 N Size=5 URI=s3://b/k"},
    {"ct.info",
     "{\"userIdentity\":{\"type\":\"AWSAccount\"},\"sourceIPAddress\":\"i\",\"eventName\":\"N\","
     "\"requestParameters\":{\"bucketName\":\"b\",\"Host\":\"h\"}}",
     "AWSAccount via i \xe2\x86\x90 N Bucket=b"},
    {"ct.info",
     "{\"userIdentity\":{\"type\":\"AWSAccount\"},\"sourceIPAddress\":\"i\","
     "\"eventName\":\"PutBucketPublicAccessBlock\",\"requestParameters\":{\"bucketName\":\"b\","
     "\"PublicAccessBlockConfiguration\":{\"BlockPublicAcls\":true}}}",
     "AWSAccount via i \xe2\x86\x90 PutBucketPublicAccessBlock BlockPublicAcls=false "
     "BlockPublicPolicy=false IgnorePublicAcls=false RestrictPublicBuckets=false "},
    {"evt.plugininfo",
     "{\"userIdentity\":{\"type\":\"AWSAccount\"},\"sourceIPAddress\":\"i\",\"eventName\":\"N\","
     "\"awsRegion\":\"eu\",\"eventSource\":\"s3.amazonaws.com\"}",
     "eu AWSAccount s3 N AWSAccount via i \xe2\x86\x90 N"},
    {"evt.plugininfo",
     "{\"userIdentity\":{\"type\":\"Root\"},\"eventName\":\"N\",\"awsRegion\":\"eu\","
     "\"eventSource\":\"s\"}",
     "eu<NA> s N <invalid cloudtrail event: userIdentity field missing>"},
    {"evt.plugininfo", "{\"a\":1}", "datalen=7 data={\"a\":1}"},
    {"evt.plugininfo", "{\"a\":\"123456789012345678901234567890123456789012345678901234567890\"}",
     "datalen=68 data={\"a\":\"12345678901234567890123456789012345678901234..."},
};

static void test_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct falco_case c;
        struct buf output, file, out;
        buf_init(&output, 4096);
        buf_init(&out, 1 << 20);
        buf_putf(&output, "%%%s", cases[i].field);
        falco_case_rule(&file, "evt.num > 0", buf_z(&output));
        falco_case_load(&c, (const char *const[]){buf_z(&file), NULL});
        check_size(cases[i].field, c.rules->n_rules, 1);
        falco_case_outputs(&c, cases[i].event, &out);
        buf_cut(&out, out.n - 1);
        check_str(cases[i].event, buf_str(&out).n ? buf_str(&out) : S(""), str_of(cases[i].text));
        buf_release(&output);
        buf_release(&file);
        buf_release(&out);
        falco_case_release(&c);
    }
}

/* Every field of a source is found by its name, is there once, and can be compiled and asked for.
 */
static void check_table(enum source source, const struct falco_field *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct falco_field *f = rows + i;
        struct buf condition;
        uint32_t row;
        check_true(f->name, falco_field_find(source, str_of(f->name), &row));
        assert_ptr_equal(falco_field_at(row), f);
        buf_init(&condition, 256);
        buf_putf(&condition, "%s%s exists or evt.num > 0", f->name,
                 f->arg == FALCO_ARG_KEY ? "[/a]" : "");
        check_true(f->name, falco_case_holds_of(source, buf_z(&condition), "{}"));
        buf_release(&condition);
    }
}

static void test_table(void **state)
{
    (void)state;
    size_t n;
    uint32_t row;
    const struct falco_field *rows = falco_common_fields(&n);
    check_table(SOURCE_OKTA, rows, n);
    check_size("evt and json fields", n, 18 + 6);
    rows = falco_ct_fields(&n);
    check_table(SOURCE_CLOUDTRAIL, rows, n);
    check_size("ct fields", n, 73);
    assert_false(falco_field_find(SOURCE_CLOUDTRAIL, S("ct.nothing"), &row));
    assert_false(falco_field_find(SOURCE_CLOUDTRAIL, S("CT.NAME"), &row));
    assert_false(falco_field_find(SOURCE_OKTA, S("ct.name"), &row));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
