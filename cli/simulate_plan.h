/* Which steps of a scenario are executed in a real account, how, and by whom. */
#ifndef TW_CLI_SIMULATE_PLAN_H
#define TW_CLI_SIMULATE_PLAN_H

#include "adapters/execute.h"
#include "cli/simulate_scenario.h"

#define PLAN_TIMES_MAX 5 /* repeats of a step: enough to be seen as several */

struct planned {
    const struct step *step;
    const struct execute_step *call;
    const char *why;       /* it is not executed; NULL: it is */
    struct str key_of;     /* whose key, made by an earlier step, signs; absent: the caller's */
    struct str user, role; /* whole names; absent: the step names none */
    uint64_t times;
};

/* Plans all steps (scenario.n_steps of them) for a run of that name; all lies in a. NULL with e
 * without memory. */
struct planned *plan_make(const struct scenario *s, struct str run, struct arena *a, struct err *e);

/* What a person calls the kind of a call: "reads", "dry run", ... */
const char *plan_kind(const struct planned *p);

#endif
