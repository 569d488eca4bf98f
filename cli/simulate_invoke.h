/* A simulation's objects through the function's own handler, each when it is delivered: what the
 * function would have told, and when. */
#ifndef TW_CLI_SIMULATE_INVOKE_H
#define TW_CLI_SIMULATE_INVOKE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "engine/ruleset.h"

/* An object of the folder, as it was delivered. */
struct delivered {
    struct str key;
    int64_t at_ms;
};

struct invoked {
    uint64_t notifications, failed;
    uint64_t alerts, incidents;                /* messages published, updates too */
    struct vec ids;                            /* struct str: incidents' ids, each once */
    int64_t first_alert_ms, first_incident_ms; /* by the simulation's clock; INT64_MAX: none */
    struct arena memory;
};

/* Empty; release it. */
void invoked_init(struct invoked *v);

/* Serves a notification for each object (struct delivered, in their order), with a state that lasts
 * for the run and a clock that tells the delivery's time. rules are those that may run in Lambda.
 */
TW_MUST_USE bool invoked_make(struct invoked *v, const struct ruleset *rules, const char *folder,
                              const struct vec *objects, struct err *e);
void invoked_release(struct invoked *v);

#endif
