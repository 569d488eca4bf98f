/* Which windows gather events of several people: by an address, a bucket, a snapshot. Whoever tells
 * such an alert has to know who did the others' events. */
#ifndef TW_HANDLERS_STRANGERS_H
#define TW_HANDLERS_STRANGERS_H

#include "engine/ruleset.h"

/* Whether the window, or one that it feeds, directly or not, tells at this level of several people:
 * it is not keyed by whom records name (userIdentity.arn, .principalId or .accessKeyId) for each of
 * its input rules. A single rule's window, and one of first_seen, tells of one event. */
bool strangers_meet(const struct ruleset *rs, const struct rs_window *window, enum level min_level);

/* Whether hits of the rule go into such a window. */
bool strangers_meet_over(const struct ruleset *rs, uint32_t rule, enum level min_level);

#endif
