/* How the windows of a correlation fill: what each key has, when the rule holds, what is missing.
 */
#ifndef TW_CLI_EXPLAIN_WINDOW_H
#define TW_CLI_EXPLAIN_WINDOW_H

#include "base/buf.h"
#include "engine/event.h"

#define EXPLAIN_EVENTS_MAX 100000 /* a log object has some thousand at most */
#define EXPLAIN_KEYS_MAX   50     /* keys printed of one correlation */
#define EXPLAIN_ENDS_MAX   50     /* elements printed of one key at either end */

struct explain_windows;

/* For the rules of rs, which are borrowed. NULL, with e, without memory. */
struct explain_windows *explain_windows_new(const struct ruleset *rs, struct err *e);
void explain_windows_free(struct explain_windows *x);
/* Where the addresses of events are, as in event_set_geo. */
void explain_windows_set_geo(struct explain_windows *x, struct port_geo port);
/* Forgets all events. */
void explain_windows_clear(struct explain_windows *x);

/* Takes the record that ev has read, and keeps a copy of it. */
TW_MUST_USE bool explain_windows_add(struct explain_windows *x, struct event *ev, struct err *e);

/* Whether there is something to say of this rule: it is a correlation. */
bool explain_windows_is(const struct ruleset *rs, uint32_t rule);

/* Appends what the events taken mean for the correlation:
 *
 * at least 5 different values of requestParameters.secretId within 10m
 * userIdentity.arn "arn:aws:iam::111122223333:user/dana"
 *   2026-03-17T14:02:31Z  "prod/db-0"  2193711c-46b8-563c-a79e-db0600a1dd52
 *   ...
 *   holds from 2026-03-17T14:02:51Z to 2026-03-17T14:12:31Z
 * userIdentity.arn "arn:aws:iam::111122223333:user/olga"
 *   2026-03-17T14:02:56Z  "prod/db-4"  cf4bc4ce-7e37-5b0a-9b2c-0c5b6a5a2f0e
 *   does not hold: at most 1 of 5 within 10m
 * left out, without userIdentity.arn: event 5a1f... of "Secret read"
 */
TW_MUST_USE bool explain_windows_put(struct explain_windows *x, struct buf *b, uint32_t rule,
                                     struct err *e);

#endif
