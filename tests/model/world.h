/* The world in which a schedule is played: workers that take objects from a queue and go through
 * handlers/windows.c, a state that is shared and unreliable, and a public that is told.
 *
 * Workers are coroutines. Each remote call of each, and of a call each single request, is a moment
 * at which others run. There a worker may die (its later calls do nothing, which is the same seen
 * from outside), a request may be refused, be answered although it never arrived, arrive although
 * no answer comes back, or be done twice. */
#ifndef TW_TESTS_MODEL_WORLD_H
#define TW_TESTS_MODEL_WORLD_H

#include "adapters/state_memory.h"
#include "base/buf.h"
#include "handlers/windows.h"
#include "tests/model/plan.h"

/* Deliberate mistakes; the test must notice each. */
enum mistake {
    NO_MISTAKE,
    READ_BEFORE_ADD,    /* the state is read before one's own elements are there */
    NEWEST_ONLY,        /* thinning keeps the newest elements only */
    WIDE_CELLS,         /* cells of three timespans */
    ORDERED_KEEPS_ENDS, /* of an ordered rule only the first and last of each step are kept */
    OWNER_ONLY,         /* leases never run out */
    NO_SETTLING,        /* an object is acknowledged while others have still to tell */
    MISTAKES
};

const char *mistake_name(enum mistake m);

/* What was published once. */
struct said {
    unsigned char id[CLAIM_ID_BYTES];
    uint32_t updates;
    uint32_t window, key;
};

/* Sums over runs, for people. */
struct tally {
    uint64_t episodes, deliveries, deaths, refusals, conflicts, aside, told, repeats, updates,
        joins, inexact, early, full;
    uint64_t largest; /* bucket, in elements */
};

/* Plays the schedule of a seed. What went wrong is put into `faults`, a line each; ERR_SYSTEM only
 * when the test itself cannot go on. */
TW_MUST_USE bool world_run(uint64_t seed, enum mistake mistake, bool verbose, struct tally *sums,
                           struct buf *faults, struct err *e);

#endif
