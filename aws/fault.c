/* Reads and classifies failed answers. */
#include "aws/fault.h"

#include <jansson.h>

#include "aws/permission.h"
#include "aws/xml.h"
#include "base/escape.h"

enum trait { PLAIN = 0, EXPIRED = 1, SKEW = 2, REDIRECT = 4 };

/* Codes whose status does not tell what to do. Sources: each service's API reference, "Common
 * errors" and "Error responses"; the throttling codes are those of botocore's standard retry mode,
 * the skew codes those of the AWS SDK for Rust (service_clock_skew). */
static const struct {
    const char *code;
    enum err_kind kind;
    unsigned traits;
} codes[] = {
    {"Throttling", ERR_RETRY, PLAIN},
    {"ThrottlingException", ERR_RETRY, PLAIN},
    {"ThrottledException", ERR_RETRY, PLAIN},
    {"RequestThrottled", ERR_RETRY, PLAIN},
    {"RequestThrottledException", ERR_RETRY, PLAIN},
    {"TooManyRequestsException", ERR_RETRY, PLAIN},
    {"ProvisionedThroughputExceededException", ERR_RETRY, PLAIN},
    {"RequestLimitExceeded", ERR_RETRY, PLAIN},
    {"BandwidthLimitExceeded", ERR_RETRY, PLAIN},
    {"LimitExceededException", ERR_RETRY, PLAIN},
    {"SlowDown", ERR_RETRY, PLAIN},
    {"PriorRequestNotComplete", ERR_RETRY, PLAIN},
    {"TransactionInProgressException", ERR_RETRY, PLAIN},
    {"RequestTimeout", ERR_RETRY, PLAIN},
    {"RequestTimeoutException", ERR_RETRY, PLAIN},
    {"InternalError", ERR_RETRY, PLAIN},
    {"InternalFailure", ERR_RETRY, PLAIN},
    {"InternalServerError", ERR_RETRY, PLAIN},
    {"ServiceUnavailable", ERR_RETRY, PLAIN},
    {"ExpiredToken", ERR_DENIED, EXPIRED},
    {"ExpiredTokenException", ERR_DENIED, EXPIRED},
    {"TokenRefreshRequired", ERR_DENIED, EXPIRED},
    {"RequestExpired", ERR_DENIED, EXPIRED},
    {"RequestTimeTooSkewed", ERR_DENIED, SKEW},
    {"SignatureDoesNotMatch", ERR_DENIED, SKEW},
    {"InvalidSignatureException", ERR_DENIED, SKEW},
    {"AuthFailure", ERR_DENIED, SKEW},
    {"AccessDeniedException", ERR_DENIED, SKEW},
    {"AccessDenied", ERR_DENIED, PLAIN},
    {"AuthorizationError", ERR_DENIED, PLAIN},
    {"UnauthorizedOperation", ERR_DENIED, PLAIN},
    {"InvalidClientTokenId", ERR_DENIED, PLAIN},
    {"UnrecognizedClientException", ERR_DENIED, PLAIN},
    {"InvalidAccessKeyId", ERR_DENIED, PLAIN},
    {"InvalidToken", ERR_DENIED, PLAIN},
    {"IncompleteSignature", ERR_DENIED, PLAIN},
    {"MissingAuthenticationToken", ERR_DENIED, PLAIN},
    {"MissingAuthenticationTokenException", ERR_DENIED, PLAIN},
    {"OptInRequired", ERR_DENIED, PLAIN},
    {"KMSAccessDeniedException", ERR_DENIED, PLAIN},
    {"KMSAccessDenied", ERR_DENIED, PLAIN},
    {"NoSuchKey", ERR_MISSING, PLAIN},
    {"NoSuchBucket", ERR_MISSING, PLAIN},
    {"NoSuchVersion", ERR_MISSING, PLAIN},
    {"NoSuchEntity", ERR_MISSING, PLAIN},
    {"NotFound", ERR_MISSING, PLAIN},
    {"NotFoundException", ERR_MISSING, PLAIN},
    {"ResourceNotFoundException", ERR_MISSING, PLAIN},
    {"QueueDoesNotExist", ERR_MISSING, PLAIN},
    {"AWS.SimpleQueueService.NonExistentQueue", ERR_MISSING, PLAIN},
    {"ConditionalCheckFailedException", ERR_CONFLICT, PLAIN},
    {"TransactionCanceledException", ERR_CONFLICT, PLAIN},
    {"TransactionConflictException", ERR_CONFLICT, PLAIN},
    {"ConcurrentModification", ERR_RETRY, PLAIN},
    {"EntityTemporarilyUnmodifiable", ERR_RETRY, PLAIN},
    {"EntityAlreadyExists", ERR_CONFLICT, PLAIN},
    {"LimitExceeded", ERR_LIMIT, PLAIN},
    {"ItemCollectionSizeLimitExceededException", ERR_LIMIT, PLAIN},
    {"PermanentRedirect", ERR_RETRY, REDIRECT},
    {"TemporaryRedirect", ERR_RETRY, REDIRECT},
    {"Redirect", ERR_RETRY, REDIRECT},
    {"AuthorizationHeaderMalformed", ERR_DENIED, REDIRECT},
    {"IllegalLocationConstraintException", ERR_INPUT, REDIRECT},
};

void fault_init(struct fault *f)
{
    *f = (struct fault){0};
    buf_init(&f->code, FAULT_CODE_MAX);
    buf_init(&f->message, FAULT_MESSAGE_MAX);
    buf_init(&f->region, REGION_MAX);
}

void fault_release(struct fault *f)
{
    buf_release(&f->code);
    buf_release(&f->message);
    buf_release(&f->region);
}

/* The first line, printable, cut where a signature error begins to recite the request with its
 * session token. */
static void put_message(struct fault *f, struct str raw)
{
    const struct str line = str_slice(raw, 0, str_find_byte(raw, '\n', 0));
    const struct str safe = str_slice(line, 0, str_find(line, S("x-amz-security-token"), 0));
    buf_put_terminal(&f->message, str_slice(safe, 0, FAULT_MESSAGE_MAX / 2));
}

/* Codes are names; what is not made of their letters is somebody else's text. The first counts: an
 * answer may name it in a header and in the body. */
static void put_code(struct fault *f, struct str code)
{
    code = str_trim(code);
    if (f->code.n)
        return;
    for (size_t i = 0; i < code.n; i++) {
        if (!byte_is_alpha(code.p[i]) && !byte_is_digit(code.p[i]) && code.p[i] != '.' &&
            code.p[i] != '_')
            return;
    }
    buf_put(&f->code, str_slice(code, 0, FAULT_CODE_MAX));
}

/* "prefix#Code:http://..." to Code */
static struct str json_code(struct str type)
{
    const size_t hash = str_find_byte(type, '#', 0);
    if (hash != SIZE_MAX)
        type = str_skip(type, hash + 1);
    return str_slice(type, 0, str_find_byte(type, ':', 0));
}

static struct str json_text(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_string(v) ? str_n(json_string_value(v), json_string_length(v)) : STR_ABSENT;
}

static void read_json(struct fault *f, const struct http_reply *reply)
{
    const struct str body = buf_str(&reply->body);
    json_t *o = json_loadb(body.p, body.n, 0, NULL);
    put_code(f, json_code(json_text(o, "__type")));
    const struct str message = json_text(o, "message");
    put_message(f, str_present(message) ? message : json_text(o, "Message"));
    json_decref(o);
}

static void read_xml(struct fault *f, const struct http_reply *reply)
{
    struct buf text;
    buf_init(&text, reply->body.max);
    if (xml_find(buf_str(&reply->body), "Code", &text))
        put_code(f, buf_str(&text));
    buf_reset(&text);
    if (xml_find(buf_str(&reply->body), "Message", &text))
        put_message(f, buf_str(&text));
    buf_reset(&text);
    if (xml_find(buf_str(&reply->body), "Region", &text) && region_is_well_formed(buf_str(&text)))
        buf_put(&f->region, buf_str(&text));
    buf_release(&text);
}

static enum err_kind kind_of_status(int status)
{
    switch (status) {
    case 401:
    case 403:
        return ERR_DENIED;
    case 404:
    case 410:
        return ERR_MISSING;
    case 409:
    case 412:
        return ERR_CONFLICT;
    case 408:
    case 429:
        return ERR_RETRY;
    default:
        return status >= 400 && status < 500 ? ERR_INPUT : ERR_RETRY;
    }
}

/* A status that S3 uses for redirects that carry no code (answers to HEAD, proxies in between). */
static bool status_redirects(int status)
{
    return status == 301 || status == 307;
}

void fault_read(struct fault *f, enum aws_service service, const struct http_reply *reply)
{
    fault_release(f);
    fault_init(f);
    put_code(f, json_code(http_reply_header(reply, "x-amzn-errortype")));
    const struct str body = str_trim(buf_str(&reply->body));
    if (str_starts(body, S("{")))
        read_json(f, reply);
    else if (str_starts(body, S("<")))
        read_xml(f, reply);
    const struct str region = http_reply_header(reply, "x-amz-bucket-region");
    if (region_is_well_formed(region)) {
        buf_reset(&f->region);
        buf_put(&f->region, region);
    }

    f->kind = kind_of_status(reply->status);
    f->redirected = service == AWS_S3 && status_redirects(reply->status);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (!str_eqz(buf_str(&f->code), codes[i].code))
            continue;
        f->kind = reply->status >= 500 ? ERR_RETRY : codes[i].kind;
        f->expired = (codes[i].traits & EXPIRED) != 0;
        f->may_be_skew = (codes[i].traits & SKEW) != 0;
        f->redirected = service == AWS_S3 && (codes[i].traits & REDIRECT) != 0;
        break;
    }
}

/* S3 says no more than "Access Denied", so what is missing is said for it. */
static bool refuses_permission(struct str code)
{
    return str_eqz(code, "AccessDenied") || str_eqz(code, "AccessDeniedException") ||
           str_eqz(code, "AuthorizationError");
}

bool fault_explain(const struct fault *f, enum aws_service service, const char *action, int status,
                   struct err *e)
{
    const struct str code = buf_str(&f->code);
    const struct str message = buf_str(&f->message);
    const char *needs = refuses_permission(code) ? permission_of(service, action) : NULL;
    return err_set(e, f->kind, "%s %s: %d%s%.*s%s%s%s%s%.*s", aws_service_name(service), action,
                   status, code.n ? " " : "", (int)code.n, code.p, needs ? " (needs " : "",
                   needs ? needs : "", needs ? ")" : "", message.n ? ": " : "", (int)message.n,
                   message.p);
}
