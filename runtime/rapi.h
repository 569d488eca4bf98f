/* The Lambda Runtime API, version 2018-06-01: the next invocation in, an answer or an error out.
 *
 * Its host is on the other end of a loopback link, so no proxy, no TLS, and no retry but the one
 * libcurl makes when a kept connection turns out to be dead. */
#ifndef TW_RUNTIME_RAPI_H
#define TW_RUNTIME_RAPI_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* Lambda's largest payload for an asynchronous call is 1 MB and for a synchronous one 6 MiB + 100
 * bytes; what is larger here is refused as that one invocation's failure. */
#define RAPI_PAYLOAD_MAX 6291556
/* Header lines of one answer; Lambda sends about 1 KB, a client context may add 3.5 KB. */
#define RAPI_HEAD_MAX 65536

struct rapi;

/* What /next says of an invocation. Strings are borrowed until the next call of rapi_next, and
 * absent when the header is. */
struct rapi_invocation {
    struct str payload;
    struct str request_id;    /* Lambda-Runtime-Aws-Request-Id; never absent */
    struct str trace_id;      /* -Trace-Id */
    struct str function_arn;  /* -Invoked-Function-Arn */
    struct str tenant_id;     /* -Aws-Tenant-Id */
    struct str invocation_id; /* -Invocation-Id, echoed with the answer */
    int64_t deadline_ms;      /* -Deadline-Ms, milliseconds since 1970; 0: none was told */
    bool too_large;           /* the payload passes RAPI_PAYLOAD_MAX and is not there */
};

/* host is AWS_LAMBDA_RUNTIME_API: host:port; borrowed. NULL with e without memory. */
struct rapi *rapi_new(const char *host, struct err *e);
void rapi_free(struct rapi *r);

/* Waits for an invocation, as long as it takes: the process is frozen meanwhile. False (ERR_SYSTEM)
 * when the API is broken: no connection, a status other than 200, no request id. There is then
 * nothing to do but to end the process. */
TW_MUST_USE bool rapi_next(struct rapi *r, struct rapi_invocation *inv, struct err *e);

/* Answers with JSON. ERR_INPUT when the API refuses this answer (400, 403, 413): it is final for
 * this invocation, and the loop goes on. ERR_SYSTEM when the API is broken. */
TW_MUST_USE bool rapi_respond(struct rapi *r, const struct rapi_invocation *inv, struct str json,
                              struct err *e);

/* Reports that the invocation failed, with the type that belongs to the failure's kind
 * (rapi_error_type) in the header and in the body:
 *     {"errorMessage":"...","errorType":"Function.BadInput","stackTrace":[]}
 * Errors as rapi_respond. */
TW_MUST_USE bool rapi_fail(struct rapi *r, const struct rapi_invocation *inv, const struct err *why,
                           struct err *e);

/* The same for a failure before the first rapi_next; type is Runtime.InitError. The process then
 * exits. */
TW_MUST_USE bool rapi_fail_init(struct rapi *r, const struct err *why, struct err *e);

/* "Function.BadInput" and the like; (Runtime|Function)\.[A-Z][a-zA-Z]+ or Lambda replaces it. */
const char *rapi_error_type(enum err_kind kind);

#endif
