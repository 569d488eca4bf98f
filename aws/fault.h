/* What a failed answer of AWS says, in any of its three dialects, and what that means for us. */
#ifndef TW_AWS_FAULT_H
#define TW_AWS_FAULT_H

#include "aws/endpoint.h"
#include "aws/http.h"
#include "base/buf.h"
#include "base/err.h"

#define FAULT_CODE_MAX    128 /* the longest AWS error codes have some 60 bytes */
#define FAULT_MESSAGE_MAX 512 /* of the message, more than fits a sentence */

struct fault {
    enum err_kind kind;
    struct buf code;    /* "NoSuchKey"; empty when the answer named none */
    struct buf message; /* printable, one line, without credentials */
    struct buf region;  /* where S3 says the bucket is; empty when it does not */
    bool expired;       /* the session token is past its time: new credentials may help */
    bool may_be_skew;   /* the clock may be wrong: compare it with the answer's Date */
    bool redirected;    /* S3 wants the call in another region */
};

void fault_init(struct fault *f);
void fault_release(struct fault *f);

/* Reads an answer whose status is not 2xx. Accepted are
 *   query services  <ErrorResponse><Error><Code>Throttling</Code><Message>..</Message></Error>..
 *   S3              <Error><Code>NoSuchKey</Code><Message>..</Message>..<Region>..</Region></Error>
 *   JSON services   {"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
 *                    "message":".."}, or the code in the header x-amzn-errortype
 * and anything else by its status alone. The kind:
 *   ERR_RETRY throttled, 5xx, 429 · ERR_DENIED refused identity, bad signature, other 401 and 403
 *   ERR_MISSING no such thing, other 404 · ERR_CONFLICT a condition did not hold, other 409 and 412
 *   ERR_LIMIT a quota · ERR_INPUT every other 4xx · ERR_RETRY every redirect (S3's are followed)
 * Never fails: what cannot be read is not there. f is started afresh. */
void fault_read(struct fault *f, enum aws_service service, const struct http_reply *reply);

/* Writes "s3 GetObject: 404 NoSuchKey: The specified key does not exist." and the fault's kind; of
 * a refused permission "s3 GetObject: 403 AccessDenied (needs s3:GetObject, ..): Access Denied". */
bool fault_explain(const struct fault *f, enum aws_service service, const char *action, int status,
                   struct err *e);

#endif
