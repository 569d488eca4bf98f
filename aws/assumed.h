/* Sessions of roles in other accounts, assumed with the client's own credentials and kept until
 * shortly before they end. */
#ifndef TW_AWS_ASSUMED_H
#define TW_AWS_ASSUMED_H

#include "aws/credentials.h"
#include "aws/fault.h"
#include "aws/request.h"

#define ASSUMED_MAX        16   /* sessions kept; an incident's accounts are a few */
#define ASSUMED_DURATION_S 900  /* the shortest that STS gives: a leaked session ends soon */
#define ASSUMED_NAME_MAX   4096 /* an ARN has at most 2,048 bytes, an external id 1,224 */

struct aws_client;

/* Inside a client. */
struct assumed {
    struct assumed_session {
        struct buf of; /* what was assumed; empty: a free place */
        struct credentials credentials;
    } sessions[ASSUMED_MAX];
    size_t next; /* the place that is given away when none is free */
};

void assumed_init(struct assumed *a);
/* Wipes them. */
void assumed_release(struct assumed *a);

/* Credentials of the role, good for at least CREDENTIALS_EARLY_MS, borrowed until the next call;
 * assumed when there are none, by a call of c that is signed, repeated and ended as any other:
 *   sts AssumeRole, RoleSessionName=trailwarden, DurationSeconds=900, ExternalId if there is one
 * False: f says what STS answered, e as for aws_call. Needs sts:AssumeRole on the role. */
TW_MUST_USE bool assumed_get(struct assumed *a, struct aws_client *c, const struct aws_role *role,
                             const struct credentials **out, struct fault *f, struct err *e);

/* AWS says they have expired: the next assumed_get assumes anew. */
void assumed_expire(struct assumed *a, const struct aws_role *role);

#endif
