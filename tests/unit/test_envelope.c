/* handlers/envelope: what is made of each payload. The samples follow AWS's own: the S3 event
 * message structure, Lambda's guides for SNS, SQS and CloudWatch Logs, EventBridge's events of S3
 * and CloudTrail, CloudTrail's guide to its SNS notifications. */
#include "handlers/envelope.h"

#include <zlib.h>

#include "tests/unit/support/check.h"

/* Everything w holds: "group:s3://bucket/key?version@region " or "group:<record> " for each item,
 * then "!group:sentence " for each failed group and "~n" for what is ignored. */
static void describe(const struct work *w, struct buf *b)
{
    buf_reset(b);
    for (size_t i = 0; i < w->items.n; i++) {
        const struct work_item *item = work_item_at(w, i);
        buf_putf(b, "%zu:", item->group);
        if (item->kind == WORK_RECORD) {
            buf_put(b, item->record);
        } else {
            buf_putz(b, "s3://");
            buf_put(b, item->ref.bucket);
            buf_putc(b, '/');
            buf_put(b, item->ref.key);
            if (str_present(item->ref.version)) {
                buf_putc(b, '?');
                buf_put(b, item->ref.version);
            }
            if (str_present(item->ref.region)) {
                buf_putc(b, '@');
                buf_put(b, item->ref.region);
            }
            if (item->learn)
                buf_putz(b, "&learn");
            if (item->simulated)
                buf_putz(b, "&simulated");
        }
        buf_putc(b, ' ');
    }
    for (size_t i = 0; i < w->groups.n; i++)
        if (work_group_at(w, i)->failures) {
            buf_putf(b, "!%zu:", i);
            buf_put(b, work_group_at(w, i)->why);
            buf_putc(b, ' ');
        }
    if (w->ignored)
        buf_putf(b, "~%llu ", (unsigned long long)w->ignored);
}

#define S3(key) S3_IN("logs", key)
#define S3_IN(bucket, key)                                                                         \
    "{\"eventVersion\":\"2.1\",\"eventSource\":\"aws:s3\",\"awsRegion\":\"us-east-1\","            \
    "\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":{\"name\":\"" bucket "\"},"            \
    "\"object\":{\"key\":\"" key "\",\"size\":10,\"sequencer\":\"00\"}}}"
#define S3_QUOTED(key)                                                                             \
    "{\\\"eventSource\\\":\\\"aws:s3\\\",\\\"eventName\\\":\\\"ObjectCreated:Put\\\",\\\"s3\\\":"  \
    "{\\\"bucket\\\":{\\\"name\\\":\\\"logs\\\"},\\\"object\\\":{\\\"key\\\":\\\"" key "\\\"}}}"
#define SQS(id, body) "{\"messageId\":\"" id "\",\"body\":\"" body "\",\"eventSource\":\"aws:sqs\"}"
#define SNS(message)                                                                               \
    "{\"EventSource\":\"aws:sns\",\"Sns\":{\"Type\":\"Notification\",\"Message\":\"" message "\"}" \
    "}"
#define BRIDGE(source, type, detail)                                                               \
    "{\"version\":\"0\",\"detail-type\":\"" type "\",\"source\":\"" source                         \
    "\",\"region\":\"eu-west-1\",\"detail\":" detail "}"
#define LIST(items) "{\"Records\":[" items "]}"

static const struct {
    const char *name, *payload, *want;
} cases[] = {
    /* S3 */
    {"S3", LIST(S3("AWSLogs/1/a.json.gz")), "0:s3://logs/AWSLogs/1/a.json.gz@us-east-1 "},
    {"S3, form-encoded", LIST(S3("a+b%3D%E2%82%AC.gz")),
     "0:s3://logs/a b=\xE2\x82\xAC.gz@us-east-1 "},
    {"S3, several records and buckets", LIST(S3("a") "," S3_IN("other.logs", "b")),
     "0:s3://logs/a@us-east-1 0:s3://other.logs/b@us-east-1 "},
    {"S3, versioned",
     "{\"Records\":[{\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectCreated:Copy\",\"s3\":{"
     "\"bucket\":{"
     "\"name\":\"logs\"},\"object\":{\"key\":\"a\",\"versionId\":\"v1\"}}}]}",
     "0:s3://logs/a?v1 "},
    {"S3, to learn from",
     "{\"Records\":[{\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectCreated:Put\",\"s3\":{"
     "\"bucket\":{\"name\":\"logs\"},\"object\":{\"key\":\"a\"}},\"trailwarden\":{\"learn\":true}}]"
     "}",
     "0:s3://logs/a&learn "},
    {"S3, of a simulation",
     "{\"Records\":[{\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectCreated:Put\",\"s3\":{"
     "\"bucket\":{\"name\":\"logs\"},\"object\":{\"key\":\"a\"}},\"trailwarden\":"
     "{\"simulated\":true}}]}",
     "0:s3://logs/a&simulated "},
    {"S3 inside SQS, said to be of a simulation",
     LIST(SQS("m1", "{\\\"Records\\\":[{\\\"eventSource\\\":\\\"aws:s3\\\",\\\"eventName\\\":"
                    "\\\"ObjectCreated:Put\\\",\\\"s3\\\":{\\\"bucket\\\":{\\\"name\\\":"
                    "\\\"logs\\\"},\\\"object\\\":{\\\"key\\\":\\\"a\\\"}},"
                    "\\\"trailwarden\\\":{\\\"simulated\\\":true}}]}")),
     "1:s3://logs/a "},
    {"S3, learn is true or nothing",
     "{\"Records\":[{\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectCreated:Put\",\"s3\":{"
     "\"bucket\":{\"name\":\"logs\"},\"object\":{\"key\":\"a\"}},\"trailwarden\":{\"learn\":"
     "\"true\"}}]}",
     "0:s3://logs/a "},
    {"S3, old spelling",
     "{\"Records\":[{\"eventSource\":\"aws:s3\",\"eventName\":\"s3:ObjectCreated:Put\",\"s3\":{"
     "\"bucket\":{\"name\":\"logs\"},\"object\":{\"key\":\"a\"}}}]}",
     "0:s3://logs/a "},
    {"S3, removed",
     "{\"Records\":[{\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectRemoved:Delete\",\"s3\":{"
     "\"bucket\":{\"name\":\"logs\"},\"object\":{\"key\":\"a\"}}}]}",
     "~1 "},
    {"S3, empty object",
     "{\"Records\":[{\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectCreated:Put\",\"s3\":{"
     "\"bucket\":{\"name\":\"logs\"},\"object\":{\"key\":\"a\",\"size\":0}}}]}",
     "~1 "},
    {"S3, folder", LIST(S3("AWSLogs/")), "~1 "},
    {"S3, digest", LIST(S3("AWSLogs/1/CloudTrail-Digest/r/2026/a.json.gz")), "~1 "},
    {"S3, no records", LIST(""), ""},
    {"S3, test event",
     "{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\",\"Time\":\"x\",\"Bucket\":\"logs\"}",
     "~1 "},
    {"S3, one of two is broken", LIST(S3("a%zz") "," S3("b")),
     "0:s3://logs/b@us-east-1 !0:object key: a % without two hexadecimal digits behind it, at byte "
     "2 "},
    {"S3, no key",
     "{\"Records\":[{\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectCreated:Put\",\"s3\":{"
     "\"bucket\":{\"name\":\"logs\"}}}]}",
     "!0:a notification that names no bucket or no key "},
    {"S3, a host for a bucket", LIST(S3_IN("evil.com/x?", "a")),
     "!0:\"evil.com/x?\" is no bucket name "},
    {"S3, a newline in the bucket", LIST(S3_IN("a\\nbc", "a")),
     "!0:\"a\\x0Abc\" is no bucket name "},
    /* SNS */
    {"SNS", LIST(SNS("{\\\"Records\\\":[" S3_QUOTED("a+b") "]}")), "0:s3://logs/a b "},
    {"SNS, CloudTrail's own",
     LIST(SNS("{\\\"s3Bucket\\\":\\\"logs\\\",\\\"s3ObjectKey\\\":[\\\"a+b\\\",\\\"c\\\"]}")),
     "0:s3://logs/a+b 0:s3://logs/c "},
    {"SNS, CloudTrail's first message", LIST(SNS("CloudTrail validation message.")), "~1 "},
    {"SNS, text", LIST(SNS("hello")), "!0:SNS message: no JSON object: it begins with hello "},
    {"SNS, subscription",
     "{\"Type\":\"SubscriptionConfirmation\",\"SubscribeURL\":\"https://example.com/"
     "\",\"Message\":\"m\"}",
     "!0:an SNS SubscriptionConfirmation: its URL is not followed; confirm or remove the "
     "subscription by hand "},
    {"SNS, end of subscription", "{\"Type\":\"UnsubscribeConfirmation\"}",
     "!0:an SNS UnsubscribeConfirmation: its URL is not followed; confirm or remove the "
     "subscription by hand "},
    {"SNS, no message", "{\"Type\":\"Notification\"}",
     "!0:an SNS message of Type \"Notification\" without a Message to read "},
    /* SQS */
    {"SQS around S3",
     LIST(SQS("m1", "{\\\"Records\\\":[" S3_QUOTED("a") "]}") "," SQS(
         "m2", "{\\\"Records\\\":[" S3_QUOTED("b") "," S3_QUOTED("c") "]}")),
     "1:s3://logs/a 2:s3://logs/b 2:s3://logs/c "},
    {"SQS around SNS",
     LIST(SQS("m1", "{\\\"Type\\\":\\\"Notification\\\",\\\"Message\\\":"
                    "\\\"{\\\\\\\"s3Bucket\\\\\\\":\\\\\\\"logs\\\\\\\",\\\\\\\"s3ObjectKey"
                    "\\\\\\\":[\\\\\\\"a\\\\\\\"]}\\\"}")),
     "1:s3://logs/a "},
    {"SQS, raw CloudTrail",
     LIST(SQS("m1", "{\\\"s3Bucket\\\":\\\"logs\\\",\\\"s3ObjectKey\\\":[\\\"a\\\"]}")),
     "1:s3://logs/a "},
    {"SQS, test event", LIST(SQS("m1", "{\\\"Event\\\":\\\"s3:TestEvent\\\"}")), "~1 "},
    {"SQS, a bad neighbour",
     LIST(SQS("m1", "hello") "," SQS("m2", "{\\\"Records\\\":[" S3_QUOTED("a") "]}")),
     "2:s3://logs/a !1:no JSON object: it begins with hello "},
    {"SQS, empty body", LIST(SQS("m1", "")), "!1:it is empty "},
    {"SQS, cut off", LIST(SQS("m1", "{\\\"Records\\\":[")),
     "!1:broken JSON: it is wrong at byte 13 "},
    {"SQS, no id", LIST("{\"body\":\"{}\",\"eventSource\":\"aws:sqs\"}"),
     "!0:an SQS message without messageId "},
    {"SQS, no body", LIST("{\"messageId\":\"m\",\"eventSource\":\"aws:sqs\"}"),
     "!1:an SQS message without body "},
    {"SQS inside SQS", LIST(SQS("m1", "{\\\"Records\\\":[{\\\"eventSource\\\":\\\"aws:sqs\\\"}]}")),
     "!1:Records of eventSource \"aws:sqs\", not of S3, SNS or SQS "},
    {"SQS, an action inside",
     LIST(SQS("m1", "{\\\"trailwarden\\\":{\\\"action\\\":\\\"approve\\\"}}")),
     "!1:an operator's action inside a message is not obeyed "},
    /* EventBridge */
    {"EventBridge, object",
     BRIDGE("aws.s3", "Object Created",
            "{\"bucket\":{\"name\":\"logs\"},\"object\":{\"key\":\"a+b%3D\",\"size\":9,"
            "\"version-id\":\"v\"},\"reason\":\"PutObject\"}"),
     "0:s3://logs/a+b%3D?v@eu-west-1 "},
    {"EventBridge, object of no bytes",
     BRIDGE("aws.s3", "Object Created",
            "{\"bucket\":{\"name\":\"logs\"},\"object\":{\"key\":\"a\",\"size\":0}}"),
     "~1 "},
    {"EventBridge, deleted", BRIDGE("aws.s3", "Object Deleted", "{}"), "~1 "},
    {"EventBridge, API call, text as it came",
     BRIDGE("aws.iam", "AWS API Call via CloudTrail",
            "{\"eventName\": \"x\\ud800\", \"n\":1.50,\"n\":1e999}"),
     "0:{\"eventName\": \"x\\ud800\", \"n\":1.50,\"n\":1e999} "},
    {"EventBridge, sign-in",
     BRIDGE("aws.signin", "AWS Console Sign In via CloudTrail", "{\"a\":1}"), "0:{\"a\":1} "},
    {"EventBridge, service event",
     BRIDGE("aws.kms", "AWS Service Event via CloudTrail", "{\"a\":1}"), "0:{\"a\":1} "},
    {"EventBridge, no detail", BRIDGE("aws.iam", "AWS API Call via CloudTrail", "null"),
     "!0:an EventBridge event that is not understood: detail-type \"AWS API Call via CloudTrail\", "
     "source \"aws.iam\" "},
    {"EventBridge, other", BRIDGE("aws.ec2", "EC2 Instance State-change Notification", "{}"),
     "!0:an EventBridge event that is not understood: detail-type \"EC2 Instance State-change "
     "Notification\", source \"aws.ec2\" "},
    {"EventBridge in SQS",
     LIST(SQS("m1", "{\\\"detail-type\\\":\\\"AWS API Call via "
                    "CloudTrail\\\",\\\"detail\\\":{\\\"a\\\":\\\"\\u00e9\\\"}}")),
     "1:{\"a\":\"\xC3\xA9\"} "},
    /* CloudWatch Logs */
    {"CloudWatch, no data", "{\"awslogs\":{}}", "!0:awslogs without data "},
    {"CloudWatch, no base64", "{\"awslogs\":{\"data\":\"x\"}}",
     "!0:awslogs.data: broken base64: 1 characters, not a multiple of four "},
    {"CloudWatch, no gzip behind the magic", "{\"awslogs\":{\"data\":\"H4sI\"}}",
     "!0:awslogs.data: gzip data cut off: it ends inside a member after 3 bytes "},
    {"CloudWatch, plain text", "{\"awslogs\":{\"data\":\"aGVsbG8=\"}}",
     "!0:awslogs.data is no JSON object "},
    /* the rest */
    {"unknown", "{\"foo\":1,\"bar\":{}}",
     "!0:not a notification that is understood: its keys are \"foo\", \"bar\" "},
    {"empty object", "{}", "!0:not a notification that is understood: its keys are (none) "},
    {"a log pasted in", LIST("{\"eventVersion\":\"1.08\",\"eventSource\":\"iam.amazonaws.com\"}"),
     "!0:Records of eventSource \"iam.amazonaws.com\", not of S3, SNS or SQS "},
    {"Records is no list", "{\"Records\":7}",
     "!0:not a notification that is understood: its keys are \"Records\" "},
    {"nothing", "", "!0:it is empty "},
    {"an array", "[1]", "!0:no JSON object: it begins with [1] "},
    {"cut off", "{\"Records\":[", "!0:broken JSON: it is wrong at byte 13 "},
    {"two objects", "{} {}", "!0:something stands behind the JSON object, at byte 3 "},
    {"an action without a name", "{\"trailwarden\":{}}",
     "!0:\"trailwarden\" without an \"action\" "},
};

static void reads_payloads(void **state)
{
    (void)state;
    struct buf got;
    buf_init(&got, 1u << 16);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct work w;
        struct err e = {0};
        work_init(&w);
        check_true(cases[i].name, envelope_read(&w, str_of(cases[i].payload), &e));
        describe(&w, &got);
        check_str(cases[i].name, buf_str(&got), str_of(cases[i].want));
        work_release(&w);
    }
    buf_release(&got);
}

static void knows_actions_and_batches(void **state)
{
    (void)state;
    struct work w;
    struct err e = {0};
    work_init(&w);
    assert_true(envelope_read(&w, S("{\"trailwarden\":{\"action\":\"self-test\"}}"), &e));
    check_str("action", w.action, S("self-test"));
    assert_false(w.sqs);
    work_release(&w);
    work_init(&w);
    assert_true(envelope_read(&w, S(LIST(SQS("m-1", "{}"))), &e));
    assert_true(w.sqs);
    check_str("message id", work_group_at(&w, 1)->message_id, S("m-1"));
    work_release(&w);
}

/* Only SQS tells how often a message was received; the count includes this time. */
static void knows_what_came_before(void **state)
{
    static const struct {
        const char *count;
        bool again;
    } receipts[] = {
        {"\"1\"", false}, {"\"2\"", true}, {"\"17\"", true}, {"\"0\"", true},
        {"1", true},      {"\"\"", true},  {"\"x\"", true},  {"null", true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(receipts); i++) {
        struct work w;
        struct err e = {0};
        struct buf payload;
        buf_init(&payload, 4096);
        work_init(&w);
        buf_putf(&payload,
                 "{\"Records\":[{\"messageId\":\"m\",\"body\":\"{}\",\"eventSource\":\"aws:sqs\","
                 "\"attributes\":{\"ApproximateReceiveCount\":%s}}]}",
                 receipts[i].count);
        assert_true(envelope_read(&w, buf_str(&payload), &e));
        check_int(receipts[i].count, work_group_at(&w, 1)->again, receipts[i].again);
        check_true("the payload itself", work_group_at(&w, 0)->again);
        work_release(&w);
        buf_release(&payload);
    }
}

/* Appends gzip of text as base64, with zlib and an encoder of our own. */
static void put_logs(struct buf *b, struct str text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static unsigned char gz[65536];
    z_stream z = {.next_in = (Bytef *)(uintptr_t)text.p, .avail_in = (uInt)text.n};
    z.next_out = gz;
    z.avail_out = sizeof gz - 2;
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t n = z.total_out;
    deflateEnd(&z);
    gz[n] = gz[n + 1] = 0;
    buf_putz(b, "{\"awslogs\":{\"data\":\"");
    for (size_t i = 0; i < n; i += 3) {
        unsigned bits = (unsigned)gz[i] << 16 | (unsigned)gz[i + 1] << 8 | gz[i + 2];
        buf_putc(b, digits[bits >> 18]);
        buf_putc(b, digits[bits >> 12 & 63]);
        buf_putc(b, i + 1 < n ? digits[bits >> 6 & 63] : '=');
        buf_putc(b, i + 2 < n ? digits[bits & 63] : '=');
    }
    buf_putz(b, "\"}}");
}

static void reads_cloudwatch_logs(void **state)
{
    static const struct {
        const char *name, *text, *want;
    } logs[] = {
        {"data",
         "{\"messageType\":\"DATA_MESSAGE\",\"logGroup\":\"g\",\"logEvents\":[{\"id\":\"1\","
         "\"message\":"
         "\"{\\\"a\\\":1}\"},{\"id\":\"2\",\"message\":\"not JSON\"}]}",
         "0:{\"a\":1} 0:not JSON "},
        {"control", "{\"messageType\":\"CONTROL_MESSAGE\",\"logEvents\":[{\"message\":\"x\"}]}",
         "~1 "},
        {"EKS, audit: the cluster's name is added",
         "{\"messageType\":\"DATA_MESSAGE\",\"logGroup\":\"/aws/eks/prod-1/cluster\","
         "\"logStream\":\"kube-apiserver-audit-0a1b\",\"logEvents\":[{\"message\":"
         "\"{\\\"auditID\\\":\\\"i\\\"}\"},{\"message\":"
         "\"{\\\"annotations\\\":{\\\"a\\\":1}}\"}]}",
         "0:{\"annotations\":{\"cluster_name\":\"prod-1\"},\"auditID\":\"i\"} "
         "0:{\"annotations\":{\"cluster_name\":\"prod-1\",\"a\":1}} "},
        {"EKS, another of its logs",
         "{\"messageType\":\"DATA_MESSAGE\",\"logGroup\":\"/aws/eks/prod-1/cluster\","
         "\"logStream\":\"authenticator-0a1b\",\"logEvents\":[{\"message\":\"time=\"},"
         "{\"message\":\"x\"}]}",
         "~2 "},
        {"unknown type", "{\"messageType\":\"X\"}", "!0:CloudWatch Logs messageType \"X\" "},
        {"event without message", "{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[{}]}",
         "!0:a CloudWatch Logs event without message "},
        {"cut off", "{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[",
         "!0:awslogs.data is no JSON object "},
    };
    (void)state;
    struct buf payload, got;
    buf_init(&payload, 1u << 20);
    buf_init(&got, 1u << 16);
    for (size_t i = 0; i < COUNT(logs); i++) {
        struct work w;
        struct err e = {0};
        buf_reset(&payload);
        put_logs(&payload, str_of(logs[i].text));
        work_init(&w);
        check_true(logs[i].name, envelope_read(&w, buf_str(&payload), &e));
        describe(&w, &got);
        check_str(logs[i].name, buf_str(&got), str_of(logs[i].want));
        work_release(&w);
    }
    buf_release(&payload);
    buf_release(&got);
}

/* A message in n SNS messages. */
static void put_nested(struct buf *b, unsigned n)
{
    struct buf inner;
    buf_init(&inner, 1u << 20);
    buf_putz(b, "{\"Event\":\"s3:TestEvent\"}");
    for (unsigned i = 0; i < n; i++) {
        buf_reset(&inner);
        buf_put(&inner, buf_str(b));
        buf_reset(b);
        buf_putz(b, "{\"Type\":\"Notification\",\"Message\":\"");
        for (size_t k = 0; k < inner.n; k++) {
            if (inner.p[k] == '"' || inner.p[k] == '\\')
                buf_putc(b, '\\');
            buf_putc(b, inner.p[k]);
        }
        buf_putz(b, "\"}");
    }
    buf_release(&inner);
}

static void bounds_depth_and_items(void **state)
{
    (void)state;
    struct buf b;
    struct work w;
    struct err e = {0};
    buf_init(&b, 16u << 20);
    put_nested(&b, ENVELOPE_DEPTH_MAX);
    work_init(&w);
    assert_true(envelope_read(&w, buf_str(&b), &e));
    check_size("deep enough", w.ignored, 1);
    work_release(&w);
    buf_reset(&b);
    put_nested(&b, ENVELOPE_DEPTH_MAX + 1);
    work_init(&w);
    assert_false(envelope_read(&w, buf_str(&b), &e));
    check_int("too deep", e.kind, ERR_LIMIT);
    work_release(&w);
    buf_reset(&b);
    buf_putz(&b, "{\"s3Bucket\":\"logs\",\"s3ObjectKey\":[\"a\"");
    for (unsigned i = 0; i < ENVELOPE_ITEMS_MAX; i++)
        buf_putz(&b, ",\"a\"");
    buf_putz(&b, "]}");
    work_init(&w);
    assert_false(envelope_read(&w, buf_str(&b), &e));
    check_int("too many", e.kind, ERR_LIMIT);
    work_release(&w);
    buf_release(&b);
}

static void bounds_keys(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1u << 16);
    for (size_t n = OBJECT_KEY_MAX; n <= OBJECT_KEY_MAX + 1; n++) {
        struct work w;
        struct err e = {0};
        buf_reset(&b);
        buf_putz(&b, "{\"s3Bucket\":\"logs\",\"s3ObjectKey\":[\"");
        for (size_t i = 0; i < n; i++)
            buf_putc(&b, 'k');
        buf_putz(&b, "\"]}");
        work_init(&w);
        assert_true(envelope_read(&w, buf_str(&b), &e));
        check_size("keys", w.items.n, n == OBJECT_KEY_MAX);
        check_size("failures", work_group_at(&w, 0)->failures, n > OBJECT_KEY_MAX);
        work_release(&w);
    }
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_payloads),         cmocka_unit_test(knows_actions_and_batches),
        cmocka_unit_test(knows_what_came_before), cmocka_unit_test(reads_cloudwatch_logs),
        cmocka_unit_test(bounds_depth_and_items), cmocka_unit_test(bounds_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
