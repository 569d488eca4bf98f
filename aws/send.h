/* One attempt of one call: find the endpoint, sign, send, read. What to make of the answer and
 * whether to try again is client.c's. */
#ifndef TW_AWS_SEND_H
#define TW_AWS_SEND_H

#include "aws/credentials.h"
#include "aws/request.h"
#include "aws/sigv4.h"

enum send_way {
    SEND_ALONE,        /* http_send: the answer is waited for */
    SEND_SIDE_BY_SIDE, /* only started: http_start */
    SEND_AHEAD         /* only started: http_begin */
};

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
    enum send_way way;
    size_t lane; /* of http_start, or slot of http_begin */
};

/* Signs with the clock of this moment and sends. True when an answer came, whatever its status, or
 * when it was only to be started and is.
 * Errors: those of endpoint_find, sigv4_sign and http_send. */
TW_MUST_USE bool send_once(const struct send *s, struct http_reply *reply, struct err *e);

#endif
