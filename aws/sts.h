/* Temporary credentials from the Security Token Service (API version 2011-06-15). */
#ifndef TW_AWS_STS_H
#define TW_AWS_STS_H

#include "aws/credentials.h"
#include "aws/http.h"
#include "aws/world.h"

/* What is asked for; all borrowed. */
struct sts_role {
    struct str arn;
    struct str session;     /* 2 to 64 bytes; absent: "trailwarden" */
    struct str external_id; /* absent: none */
    struct str region;      /* whose STS is asked */
    int duration_s;         /* 900 at least; 0: as the role says, an hour */
};

/* Over which connections, and until when (a moment of world->mono_ms). */
struct sts_way {
    const struct aws_world *world;
    struct http *http;
    int64_t deadline_ms;
};

/* Appends the form of AssumeRole, for whoever sends it himself:
 *   Action=AssumeRole&Version=2011-06-15&RoleArn=..&RoleSessionName=..[&ExternalId=..]
 *     [&DurationSeconds=..] */
void sts_put_assume_role(struct buf *form, const struct sts_role *role);

/* AssumeRole, signed with `with`. Throttled and failing answers are tried again, a few times.
 * Errors: ERR_DENIED, ERR_RETRY, and those of send_once. */
TW_MUST_USE bool sts_assume_role(const struct sts_way *way, const struct sts_role *role,
                                 const struct credentials *with, struct credentials *out,
                                 struct err *e);

/* AssumeRoleWithWebIdentity, unsigned; token is the identity provider's.
 *   POST /  Action=AssumeRoleWithWebIdentity&..&WebIdentityToken=.. */
TW_MUST_USE bool sts_web_identity(const struct sts_way *way, const struct sts_role *role,
                                  struct str token, struct credentials *out, struct err *e);

#endif
