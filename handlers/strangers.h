/* Which rules' events are gathered with those of other people: by an address, a bucket, a snapshot.
 * Whoever tells such an alert has to know who did the others' events. */
#ifndef TW_HANDLERS_STRANGERS_H
#define TW_HANDLERS_STRANGERS_H

#include "engine/ruleset.h"

/* Whether a hit of the rule goes, also through other correlations, into a correlation that tells at
 * this level and that is not keyed by whom records name (userIdentity.arn, .principalId or
 * .accessKeyId) for each of its input rules. A rule's own window always is. */
bool strangers_meet(const struct ruleset *rs, uint32_t rule, enum level min_level);

/* The same of an alert's window. */
bool strangers_met(const struct ruleset *rs, const struct rs_window *window);

#endif
