/* Secrets never leave: what CloudTrail records hold of them is replaced before anything is told
 * (promise P5). CloudTrail itself hides passwords and secret keys; session tokens of
 * sts:AssumeRole, GetSessionToken and GetFederationToken it does not. */
#ifndef TW_RESPOND_REDACT_H
#define TW_RESPOND_REDACT_H

#include "base/arena.h"
#include "base/str.h"

#define REDACTED "REDACTED"

/* Whether a value under this key is a secret: "sessionToken", "masterUserPassword",
 * "x-amz-security-token" and the like, in any case, with or without - and _ between the words. */
bool redact_is_secret_key(struct str key);

/* The same for the last step of a path (a.b.c or /a/b/c). */
bool redact_is_secret_path(struct str path);

/* s without its secrets: in any JSON within it, also JSON within a JSON string, the values of
 * secret keys but true, false and null; and, anywhere, AWS session tokens and the bodies of PEM
 * private keys. Returns s itself when it has none; else a copy in a, or REDACTED alone when a is
 * full. Absent stays absent. */
struct str redact_text(struct str s, struct arena *a);

#endif
