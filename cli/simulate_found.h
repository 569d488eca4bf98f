/* What the rules find of a simulation: each step, detected by which rules, and how long after. */
#ifndef TW_CLI_SIMULATE_FOUND_H
#define TW_CLI_SIMULATE_FOUND_H

#include "adapters/output.h"
#include "cli/simulate_invoke.h"
#include "cli/simulate_objects.h"
#include "engine/ruleset.h"

/* A rule that found a step. */
struct finding {
    size_t step;
    struct str rule; /* its title */
    enum level level;
    int64_t after_ms; /* from the step's first event that it holds to the delivery that told it */
};

struct found {
    struct vec findings;  /* of struct finding; of a step the quickest first */
    size_t alerts;        /* that hold a step */
    size_t ordinary;      /* that hold ordinary calls alone */
    struct vec incidents; /* of struct str, each a line of JSON */
    struct arena memory;
};

/* Empty; release it. */
void found_init(struct found *f);
/* Scans the folder with the rules, and joins what they tell with what happened. An alert counts as
 * told when all events up to its first moment were delivered. */
TW_MUST_USE bool found_make(struct found *f, const struct world *w, const struct ruleset *rules,
                            const char *folder, struct err *e);
void found_release(struct found *f);

/* What was asked for and done, for the heading. */
struct found_of {
    const char *scenario, *folder;
    struct object_counts counts;
    const struct invoked *invoked; /* NULL: the function was not asked */
};

/* Puts the table, as text or as lines of JSON. */
TW_MUST_USE bool found_put(struct output *out, const struct found *f, struct world *w,
                           const struct found_of *of, bool json, struct err *e);
/* The step's first finding, NULL when there is none, and how many there are. */
const struct finding *found_of_step(const struct found *f, size_t step, size_t *n);
/* How many steps no rule found. */
size_t found_missed(const struct found *f, const struct world *w);

#endif
