/* aws/fault: answers as the services' API references show them. */
#include "aws/fault.h"

#include "tests/unit/support/check.h"

struct want {
    const char *name;
    enum aws_service service;
    int status;
    const char *head, *body;
    enum err_kind kind;
    const char *code, *message, *region;
    bool expired, skew, redirected;
};

static const struct want cases[] = {
    {.name = "query service",
     .service = AWS_SNS,
     .status = 400,
     .body =
         "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender"
         "</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>",
     .kind = ERR_RETRY,
     .code = "Throttling",
     .message = "Rate exceeded"},
    {.name = "S3",
     .service = AWS_S3,
     .status = 404,
     .body =
         "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>The &lt;key&gt;</Message>"
         "<Key>k</Key></Error>",
     .kind = ERR_MISSING,
     .code = "NoSuchKey",
     .message = "The <key>"},
    {.name = "JSON with a namespace",
     .service = AWS_DYNAMODB,
     .status = 400,
     .body = "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException\","
             "\"message\":\"The conditional request failed\"}",
     .kind = ERR_CONFLICT,
     .code = "ConditionalCheckFailedException",
     .message = "The conditional request failed"},
    {.name = "JSON, Message in capitals",
     .service = AWS_SQS,
     .status = 400,
     .body = "{\"__type\":\"AccessDeniedException\",\"Message\":\"no\"}",
     .kind = ERR_DENIED,
     .code = "AccessDeniedException",
     .message = "no",
     .skew = true},
    {.name = "code in a header and in the body",
     .service = AWS_DYNAMODB,
     .status = 400,
     .head = "x-amzn-errortype: ConditionalCheckFailedException\r\n",
     .body = "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException\","
             "\"message\":\"The conditional request failed\"}",
     .kind = ERR_CONFLICT,
     .code = "ConditionalCheckFailedException",
     .message = "The conditional request failed"},
    {.name = "changed by others meanwhile",
     .service = AWS_IAM,
     .status = 409,
     .body = "<ErrorResponse><Error><Code>ConcurrentModification</Code></Error></ErrorResponse>",
     .kind = ERR_RETRY,
     .code = "ConcurrentModification"},
    {.name = "made a moment ago",
     .service = AWS_IAM,
     .status = 409,
     .body =
         "<ErrorResponse><Error><Code>EntityTemporarilyUnmodifiable</Code></Error></ErrorResponse>",
     .kind = ERR_RETRY,
     .code = "EntityTemporarilyUnmodifiable"},
    {.name = "EC2's shape",
     .service = AWS_EC2,
     .status = 400,
     .body = "<Response><Errors><Error><Code>InvalidAssociationID.NotFound</Code><Message>An "
             "invalid id</Message></Error></Errors><RequestID>r</RequestID></Response>",
     .kind = ERR_INPUT,
     .code = "InvalidAssociationID.NotFound",
     .message = "An invalid id"},
    {.name = "code in a header",
     .service = AWS_DYNAMODB,
     .status = 400,
     .head = "x-amzn-ErrorType: ThrottlingException:http://internal.amazon.com/\r\n",
     .body = "{}",
     .kind = ERR_RETRY,
     .code = "ThrottlingException"},
    {.name = "expired",
     .service = AWS_S3,
     .status = 400,
     .body = "<Error><Code>ExpiredToken</Code><Token-0>secret</Token-0></Error>",
     .kind = ERR_DENIED,
     .code = "ExpiredToken",
     .expired = true},
    {.name = "skew",
     .service = AWS_S3,
     .status = 403,
     .body = "<Error><Code>RequestTimeTooSkewed</Code></Error>",
     .kind = ERR_DENIED,
     .code = "RequestTimeTooSkewed",
     .skew = true},
    {.name = "redirect by header",
     .service = AWS_S3,
     .status = 301,
     .head = "X-Amz-Bucket-Region: ap-south-1\r\n",
     .body = "",
     .kind = ERR_RETRY,
     .region = "ap-south-1",
     .redirected = true},
    {.name = "redirect by body",
     .service = AWS_S3,
     .status = 400,
     .body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>",
     .kind = ERR_DENIED,
     .code = "AuthorizationHeaderMalformed",
     .region = "eu-west-1",
     .redirected = true},
    {.name = "region that is none",
     .service = AWS_S3,
     .status = 301,
     .head = "x-amz-bucket-region: evil.example.com\r\n",
     .body = "<Error><Code>PermanentRedirect</Code><Region>a/b</Region></Error>",
     .kind = ERR_RETRY,
     .code = "PermanentRedirect",
     .redirected = true},
    {.name = "redirect of another service",
     .service = AWS_SNS,
     .status = 307,
     .body = "",
     .kind = ERR_RETRY},
    {.name = "signature error recites the request",
     .service = AWS_SNS,
     .status = 403,
     .body = "<E><Code>SignatureDoesNotMatch</Code><Message>It does not match.\n\nThe Canonical "
             "String was\n'x-amz-security-token:SECRET'</Message></E>",
     .kind = ERR_DENIED,
     .code = "SignatureDoesNotMatch",
     .message = "It does not match.",
     .skew = true},
    {.name = "the same in one line",
     .service = AWS_SNS,
     .status = 403,
     .body = "<E><Code>AccessDenied</Code><Message>was x-amz-security-token:SECRET</Message></E>",
     .kind = ERR_DENIED,
     .code = "AccessDenied",
     .message = "was "},
    {.name = "control characters",
     .service = AWS_S3,
     .status = 400,
     .body = "<E><Code>A\x1b[31m</Code><Message>\x1b[31mred</Message></E>",
     .kind = ERR_INPUT,
     .message = "\\x1B[31mred"},
    {.name = "known code, failing server",
     .service = AWS_S3,
     .status = 503,
     .body = "<E><Code>AccessDenied</Code></E>",
     .kind = ERR_RETRY,
     .code = "AccessDenied"},
    {.name = "401", .status = 401, .body = "", .kind = ERR_DENIED},
    {.name = "403", .status = 403, .body = "<html>", .kind = ERR_DENIED},
    {.name = "404", .status = 404, .body = "[]", .kind = ERR_MISSING},
    {.name = "409", .status = 409, .body = "{", .kind = ERR_CONFLICT},
    {.name = "412", .status = 412, .body = "", .kind = ERR_CONFLICT},
    {.name = "413", .status = 413, .body = "", .kind = ERR_INPUT},
    {.name = "429", .status = 429, .body = "", .kind = ERR_RETRY},
    {.name = "500", .status = 500, .body = "", .kind = ERR_RETRY},
    {.name = "304", .status = 304, .body = "", .kind = ERR_RETRY},
};

static void reads_answers(void **state)
{
    struct fault f;
    (void)state;
    fault_init(&f);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct want *w = &cases[i];
        struct http_reply reply;
        http_reply_init(&reply, 10000);
        reply.status = w->status;
        if (w->head)
            buf_putz(&reply.head, w->head);
        buf_putz(&reply.body, w->body);
        fault_read(&f, w->service, &reply);
        check_int(w->name, f.kind, w->kind);
        check_str(w->name, buf_str(&f.code), str_of(w->code ? w->code : ""));
        check_str(w->name, buf_str(&f.message), str_of(w->message ? w->message : ""));
        check_str(w->name, buf_str(&f.region), str_of(w->region ? w->region : ""));
        check_int(w->name, f.expired, w->expired);
        check_int(w->name, f.may_be_skew, w->skew);
        check_int(w->name, f.redirected, w->redirected);
        http_reply_release(&reply);
    }
    fault_release(&f);
}

static void makes_sentences(void **state)
{
    struct fault f;
    struct err e = {0};
    (void)state;
    fault_init(&f);
    f.kind = ERR_MISSING;
    check_false("false", fault_explain(&f, AWS_S3, "GetObject", 404, &e));
    check_str("bare", str_of(e.text), S("s3 GetObject: 404"));
    buf_putz(&f.code, "NoSuchKey");
    fault_explain(&f, AWS_S3, "GetObject", 404, &e);
    check_str("code", str_of(e.text), S("s3 GetObject: 404 NoSuchKey"));
    buf_putz(&f.message, "No.");
    fault_explain(&f, AWS_S3, "GetObject", 404, &e);
    check_str("both", str_of(e.text), S("s3 GetObject: 404 NoSuchKey: No."));
    check_int("kind", e.kind, ERR_MISSING);
    fault_release(&f);
}

/* Who is refused a permission is told which: S3 does not say. */
static void names_permissions(void **state)
{
    static const struct {
        enum aws_service service;
        const char *call, *code, *want;
    } refused[] = {
        {AWS_S3, "GetObject", "AccessDenied",
         "s3 GetObject: 403 AccessDenied (needs s3:GetObject, s3:GetObjectVersion)"},
        {AWS_DYNAMODB, "Query", "AccessDeniedException",
         "dynamodb Query: 403 AccessDeniedException (needs dynamodb:Query)"},
        {AWS_SNS, "Publish", "AuthorizationError",
         "sns Publish: 403 AuthorizationError (needs sns:Publish)"},
        {AWS_S3, "GetObject", "InvalidAccessKeyId", "s3 GetObject: 403 InvalidAccessKeyId"},
        {AWS_STS, "GetCallerIdentity", "AccessDenied", "sts GetCallerIdentity: 403 AccessDenied"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct fault f;
        struct err e;
        fault_init(&f);
        f.kind = ERR_DENIED;
        buf_putz(&f.code, refused[i].code);
        check_false(refused[i].want,
                    fault_explain(&f, refused[i].service, refused[i].call, 403, &e));
        check_str(refused[i].want, str_of(e.text), str_of(refused[i].want));
        fault_release(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_answers),
        cmocka_unit_test(makes_sentences),
        cmocka_unit_test(names_permissions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
