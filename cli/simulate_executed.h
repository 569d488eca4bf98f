/* What came of a scenario's steps in a real account, as a table. */
#ifndef TW_CLI_SIMULATE_EXECUTED_H
#define TW_CLI_SIMULATE_EXECUTED_H

#include "cli/simulate_plan.h"

struct executed {
    uint64_t calls;
    int64_t first_ms;   /* wall clock of the first call */
    int status;         /* of the last; 0: no answer */
    struct str code;    /* of its refusal */
    struct str request; /* its id */
    const char *why;    /* it was not executed; NULL with calls 0: it was not come to */
    bool done;          /* the last call succeeded */
    bool unwanted;      /* it should have succeeded, and did not; or no answer came */
};

struct executed_of {
    const char *scenario, *journal;
    struct str account, run;
    size_t made; /* things on record */
    int64_t from_ms, to_ms;
    size_t n; /* steps */
};

/* Takes what came of one of the step's calls. */
TW_MUST_USE bool executed_note(struct executed *d, const struct planned *p,
                               const struct execute_answer *answer, struct arena *a, struct err *e);

/* Says on standard error that step i (from 0) of n is over. */
void executed_tell(const struct executed *d, const struct planned *p, size_t i, size_t n);

/* Prints all on standard output, with where to look for what the rules say of it; left: how many
 * things could not be removed. */
TW_MUST_USE bool executed_put(const struct executed_of *of, const struct planned *plan,
                              const struct executed *done, size_t left, const char *format,
                              struct err *e);

#endif
