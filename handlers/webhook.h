/* GitHub's webhooks: a request to a URL, or a message or event that somebody made of one.
 *
 * The header X-GitHub-Event says what it tells, and the body has no such member; so a webhook
 * becomes the record
 *     {"webhook_type":"push","webhook_delivery":"<UUID>","webhook_time":1773756151000,<the body>}
 * whose three first members are the header, X-GitHub-Delivery and when it came (GitHub's bodies do
 * not say when they were sent). GitHub docs, "Webhook events and payloads", "Validating webhook
 * deliveries". */
#ifndef TW_HANDLERS_WEBHOOK_H
#define TW_HANDLERS_WEBHOOK_H

#include "base/arena.h"
#include "base/err.h"

/* GitHub's largest payload is 25 MB; Lambda's call carries 6 MB, and so does this. */
#define WEBHOOK_BYTES_MAX (6u << 20)

/* Borrowed from the payload or in the arena it was read with. */
struct webhook {
    struct str type;      /* X-GitHub-Event */
    struct str delivery;  /* X-GitHub-Delivery; may be absent, as the next two */
    struct str signature; /* X-Hub-Signature-256: "sha256=<hex>" */
    struct str time;      /* milliseconds since 1970 in digits, or RFC 3339 */
    struct str body;      /* JSON object */
};

/* A request as API Gateway, a function URL or a load balancer hands it on:
 *     {"headers":{"x-github-event":"push"},"body":"{...}","isBase64Encoded":false,
 *      "requestContext":{"timeEpoch":1773756151000}}
 * ERR_INPUT when it is none of GitHub's, or its body is no JSON. */
TW_MUST_USE bool webhook_of_request(struct str value, struct arena *a, struct webhook *out,
                                    struct err *e);

/* An SQS message of Lambda's with the attribute X-GitHub-Event, the request's body being its own;
 * false when it has no such attribute. */
bool webhook_of_message(struct str record, struct arena *a, struct webhook *out);

/* The webhook as a record, in a. With a secret (not empty), the signature must be the HMAC SHA-256
 * of the body under it (compared in constant time); without one, it is not asked for. ERR_INPUT
 * when it is wrong or missing, or the body is no JSON object. */
TW_MUST_USE bool webhook_record(const struct webhook *w, struct str secret, struct arena *a,
                                struct str *record, struct err *e);

#endif
