/* One attempt of one call: find the endpoint, sign, send, read. What to make of the answer and
 * whether to try again is client.c's. */
#ifndef TW_AWS_SEND_H
#define TW_AWS_SEND_H

#include "aws/credentials.h"
#include "aws/request.h"
#include "aws/sigv4.h"

struct send {
    const struct aws_world *world;
    struct http *http;
    const struct aws_request *request;
    struct str region;                   /* where it goes; decided by the caller */
    const struct credentials *sign_with; /* NULL: unsigned, as AssumeRoleWithWebIdentity is */
    int64_t skew_ms;                     /* added to our clock in the signature */
    struct sigv4_cache *cache;           /* may be NULL */
    struct str trace_id;                 /* sent, never signed; absent: none */
    int64_t total_ms;                    /* as in struct http_request */
    bool side_by_side;                   /* only started, in that lane (http_start) */
    size_t lane;
};

/* Signs with the clock of this moment and sends. True when an answer came, whatever its status, or
 * when it was started side by side with others.
 * Errors: those of endpoint_find, sigv4_sign and http_send. */
TW_MUST_USE bool send_once(const struct send *s, struct http_reply *reply, struct err *e);

#endif
