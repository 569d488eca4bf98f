/* What the rules find of a simulation: each step, detected by which rules, and how long after. It
 * comes from a scan of the objects, or from what the function answered when it was given them. */
#ifndef TW_CLI_SIMULATE_FOUND_H
#define TW_CLI_SIMULATE_FOUND_H

#include "adapters/output.h"
#include "cli/simulate_objects.h"
#include "engine/ruleset.h"

/* A rule that found a step. */
struct finding {
    size_t step;
    struct str rule; /* its title */
    enum level level;
    int64_t after_ms; /* from the step's first event that it holds to the delivery that told it */
};

/* An alert or an incident that the function told. */
struct found_told {
    char id[32];
    bool incident;
    bool of_step; /* an alert: it holds a step */
    uint32_t updates;
};

/* What the function did. */
struct invoked {
    uint64_t notifications, failed;
    uint64_t alerts, incidents; /* messages published, updates too */
    int64_t first_incident_ms;  /* by the simulation's clock; INT64_MAX: none */
};

struct found {
    const struct world *world;
    const struct happening **by_id; /* all that happened */
    struct vec findings;            /* of struct finding; of a step the quickest first */
    size_t alerts;                  /* that hold a step */
    size_t ordinary;                /* that hold ordinary calls alone */
    struct vec incidents;           /* of struct str, each a line of JSON */
    struct invoked invoked;
    struct vec told; /* of struct found_told: the function's alerts and incidents, each once */
    struct arena memory;
};

/* Empty; release it. */
void found_init(struct found *f);
/* Ready to join what is told with what happened in w, which is borrowed. */
TW_MUST_USE bool found_begin(struct found *f, const struct world *w, struct err *e);
/* Scans the folder with the rules. An alert counts as told when all events up to its first moment
 * were delivered. */
TW_MUST_USE bool found_scan(struct found *f, const struct ruleset *rules, const char *folder,
                            struct err *e);
/* Takes what the function answered to the notification of an object that was delivered then:
 *     {"ok":true,..,"findings":[..],"findings_cut":false}    (handlers/findings.h)
 * A rule that held for an event has found it: the object is acknowledged only when the alert is
 * told that the event is part of. ERR_SYSTEM when it is no such answer. */
TW_MUST_USE bool found_answer(struct found *f, struct str answer, int64_t at_ms, struct err *e);
/* All answers are in. */
TW_MUST_USE bool found_answered(struct found *f, struct err *e);
void found_release(struct found *f);

/* ---- for who joins ---- */

/* What happened under that id of an alert's event, or "sha256:" and half of one; NULL: nothing did.
 */
const struct happening *found_happening(const struct found *f, struct str id);
/* Notes a finding; of one rule's for a step the quickest is kept. */
TW_MUST_USE bool found_note(struct found *f, const struct finding *new, struct err *e);
/* Puts the findings into their order. */
void found_order(struct found *f);

/* What was asked for and done, for the heading. */
struct found_of {
    const char *scenario, *folder;
    struct object_counts counts;
    bool invoked; /* the function was asked */
};

/* Puts the table, as text or as lines of JSON. */
TW_MUST_USE bool found_put(struct output *out, const struct found *f, struct world *w,
                           const struct found_of *of, bool json, struct err *e);
/* The step's first finding, NULL when there is none, and how many there are. */
const struct finding *found_of_step(const struct found *f, size_t step, size_t *n);
/* How many steps no rule found. */
size_t found_missed(const struct found *f, const struct world *w);

#endif
