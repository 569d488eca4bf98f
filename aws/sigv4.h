/* AWS Signature Version 4, as headers. Pure: no clock, no socket; the same input gives the same
 * bytes. The request that becomes valid, here an SNS Publish with a session token:
 *
 *   POST / HTTP/1.1
 *   host: sns.eu-west-1.amazonaws.com
 *   content-type: application/x-www-form-urlencoded; charset=utf-8
 *   x-amz-date: 20150830T123600Z                                   (sigv4_stamp)
 *   x-amz-security-token: TOK/EN+==                                (when there is a token)
 *   authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-west-1/sns/aws4_request,
 *     SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=<64 hex digits>
 *
 *   Action=Publish&...
 *
 * S3 also carries x-amz-content-sha256: <SHA-256 of the body in hex, or UNSIGNED-PAYLOAD>.
 * Source: "Signature Version 4 signing process" (IAM User Guide) and the cases of awslabs'
 * aws-signing-test-suite. */
#ifndef TW_AWS_SIGV4_H
#define TW_AWS_SIGV4_H

#include <stdint.h>

#include "aws/header.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define SIGV4_HEADERS_MAX                                                                          \
    32 /* headers of one request, the added ones included; we send under 12                        \
        */
#define SIGV4_PARAMS_MAX    64    /* query parameters; ListObjectsV2, our longest, has under 10 */
#define SIGV4_STAMP_SIZE    17    /* "20150830T123600Z" and its NUL */
#define SIGV4_HASH_SIZE     65    /* a SHA-256 in hex and its NUL */
#define SIGV4_CANONICAL_MAX 65536 /* the headers of an AWS request stay under 16 KiB */

/* Which hash of the body is signed, and whether the request shows it. */
enum sigv4_payload {
    SIGV4_PAYLOAD_HASHED,      /* signed, not shown: what every service but S3 takes */
    SIGV4_PAYLOAD_HASH_HEADER, /* signed and shown in x-amz-content-sha256: S3 demands it */
    SIGV4_PAYLOAD_UNSIGNED     /* x-amz-content-sha256: UNSIGNED-PAYLOAD; S3 over TLS only */
};

/* What is signed. All borrowed. */
struct sigv4_request {
    struct str method;
    /* Begins with '/'. For S3 the path before its percent-encoding (the key as it is called),
     * because S3 signs a path that was encoded once; elsewhere the path exactly as sent, which
     * SigV4 encodes once more. So either way the signer encodes this once. */
    struct str path;
    bool normalise;               /* remove "." and ".." segments and double slashes: all but S3 */
    struct str query;             /* as sent, without '?'; absent or empty when there is none */
    const struct header *headers; /* those to be sent, "host" among them */
    size_t n_headers;
    struct str body;
    enum sigv4_payload payload;
};

/* Who signs, for where and when. */
struct sigv4_scope {
    struct str key_id;
    struct str secret;
    struct str token; /* session token; absent for long-lived keys */
    struct str region;
    struct str service; /* signing name: "s3", "sns", "dynamodb", ... */
    int64_t now_ms;     /* the server's time as far as known: skew already added */
};

/* Owned by the caller, zeroed before first use: the key derived last, good while date, region,
 * service and credentials stay. Holds secret material: sigv4_cache_wipe when done. */
struct sigv4_cache {
    unsigned char of[32]; /* hash of what it was derived from */
    unsigned char key[32];
    bool valid;
};

/* The values of the headers to add. */
struct sigv4_headers {
    char stamp[SIGV4_STAMP_SIZE];       /* x-amz-date */
    char payload_hash[SIGV4_HASH_SIZE]; /* x-amz-content-sha256, when payload asks for it */
    struct buf authorization;           /* authorization */
};

/* "20150830T123600Z" for the moment now_ms. */
void sigv4_stamp(int64_t now_ms, char out[SIGV4_STAMP_SIZE]);

/* Puts the path as S3 is sent it: every byte but A-Z a-z 0-9 - . _ ~ / encoded, once. */
void sigv4_put_path(struct buf *out, struct str path);

/* Step 1. Writes the canonical request, and the names of the signed headers as "host;x-amz-date".
 * Signed are all headers but user-agent, x-amzn-trace-id, connection, transfer-encoding and expect
 * (proxies change those). Refused (ERR_USAGE): a path without '/', no host, or a request that
 * already carries x-amz-date, x-amz-content-sha256, x-amz-security-token or authorization.
 * ERR_LIMIT: too many headers or parameters, or a text over SIGV4_CANONICAL_MAX. */
TW_MUST_USE bool sigv4_canonical_request(const struct sigv4_request *r,
                                         const struct sigv4_scope *scope, struct buf *canonical,
                                         struct buf *signed_names, struct err *e);

/* Step 2. Writes "AWS4-HMAC-SHA256\n<stamp>\n<date>/<region>/<service>/aws4_request\n<hash>". */
TW_MUST_USE bool sigv4_string_to_sign(struct str canonical, const struct sigv4_scope *scope,
                                      struct buf *to_sign, struct err *e);

/* Step 3. Writes the value of the authorization header. cache may be NULL. */
TW_MUST_USE bool sigv4_authorization(const struct sigv4_scope *scope, struct str signed_names,
                                     struct str to_sign, struct sigv4_cache *cache,
                                     struct buf *authorization, struct err *e);

/* The three steps in one, and the other headers to add. out->authorization must be initialised. */
TW_MUST_USE bool sigv4_sign(const struct sigv4_request *r, const struct sigv4_scope *scope,
                            struct sigv4_cache *cache, struct sigv4_headers *out, struct err *e);

void sigv4_cache_wipe(struct sigv4_cache *cache);

#endif
