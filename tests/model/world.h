/* The play of windows: on the stage (stage.h) workers go through handlers/windows.c, and a public
 * is told. */
#ifndef TW_TESTS_MODEL_WORLD_H
#define TW_TESTS_MODEL_WORLD_H

#include "base/buf.h"
#include "engine/event.h"
#include "tests/model/plan.h"
#include "tests/model/stage.h"

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

struct world;
struct process;

/* What one worker works with. */
struct hand {
    struct world *world;
    struct process *process; /* where the worker is one */
    struct windows *windows;
    struct event event;
};

struct world {
    struct stage stage;
    struct plan plan;
    enum mistake mistake;
    struct ruleset *rules;
    struct hand hands[WORKERS];
    struct buf *faults;                    /* where processes work */
    struct vec said;                       /* struct said */
    bool forgets[PLAN_WINDOWS][PLAN_KEYS]; /* a claim has as many alerts as it may remember */
    struct state_key keys[PLAN_WINDOWS][PLAN_KEYS]; /* under which the state knows them */
};

/* Plays the schedule of a seed. What went wrong is put into `faults`, a line each; ERR_SYSTEM only
 * when the test itself cannot go on. */
TW_MUST_USE bool world_run(uint64_t seed, enum mistake mistake, bool verbose, struct tally *sums,
                           struct buf *faults, struct err *e);
/* The same with processes over a store (store.h); what other runs stored there does not matter. */
TW_MUST_USE bool world_run_processes(uint64_t seed, const char *store, struct tally *sums,
                                     struct buf *faults, struct err *e);

#endif
