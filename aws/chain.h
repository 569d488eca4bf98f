/* Where this program's credentials and region come from. */
#ifndef TW_AWS_CHAIN_H
#define TW_AWS_CHAIN_H

#include "aws/credentials.h"
#include "aws/http.h"
#include "aws/world.h"

#define CHAIN_ROLES_MAX                                                                            \
    5 /* profiles that lead to each other by source_profile; more is a circle                      \
       */

struct chain;

/* profile: the one asked for on a command line, or NULL; it then stands before the environment's
 * keys. All borrowed for the chain's life. Reads nothing yet. NULL with e when memory is out. */
struct chain *chain_new(const struct aws_world *world, struct http *http, const char *profile,
                        struct err *e);
void chain_free(struct chain *c);

/* Credentials good for at least a minute, borrowed until the next call. The first that is there:
 *  1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN (on Lambda, the role's)
 *  2. AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN (and AWS_ROLE_SESSION_NAME)
 *  3. the profile (asked for, else AWS_PROFILE, AWS_DEFAULT_PROFILE, "default") of the shared
 * files: role_arn with source_profile, credential_source or web_identity_token_file (external_id,
 *     role_session_name); aws_access_key_id and the like
 *  4. the container's endpoint   5. the instance metadata service
 * A profile that needs another program (sso_*, login_session, credential_process) or a person
 * (mfa_serial) is ERR_USAGE with a sentence that says what to do.
 * Kept until a minute before they expire; when fetching fails while the old ones are still good,
 * the old ones. deadline_ms is a moment of world->mono_ms.
 * ERR_USAGE: none found, or wrongly configured. ERR_RETRY, ERR_DENIED: STS or metadata said so. */
TW_MUST_USE bool chain_get(struct chain *c, int64_t deadline_ms, const struct credentials **out,
                           struct err *e);

/* AWS says they have expired: the next chain_get fetches anew. */
void chain_expire(struct chain *c);

/* The region: AWS_REGION, AWS_DEFAULT_REGION, the profile's. Borrowed from the chain. ERR_USAGE:
 * none, or not of the form of one. */
TW_MUST_USE bool chain_region(struct chain *c, struct str *region, struct err *e);

#endif
