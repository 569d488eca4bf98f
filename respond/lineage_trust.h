/* Whom a role's trust policy lets in. */
#ifndef TW_RESPOND_LINEAGE_TRUST_H
#define TW_RESPOND_LINEAGE_TRUST_H

#include "base/str.h"

/* Principals of one policy that are looked at; IAM's policies of 8 KB hold fewer. */
#define TRUST_PRINCIPALS_MAX 256

/* Calls fn with the account of each AWS principal of the policy (JSON text): its 12 digits, or "*"
 * for everybody. The string is borrowed for the call. Nothing for what is no policy. */
void trust_each(struct str policy, void (*fn)(void *to, struct str account), void *to);

#endif
