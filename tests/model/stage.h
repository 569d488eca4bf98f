/* The stage on which a schedule is played: workers that take objects from a queue and deliver them,
 * a state that is shared and unreliable, and a clock of ticks. What an object holds and what its
 * delivery does is the play's: windows (world.h) or lineages (lineage_world.h).
 *
 * Workers are coroutines. Each remote call of each, and of a call each single request, is a moment
 * at which others run. There a worker may die (its later calls do nothing, which is the same seen
 * from outside), a request may be refused, be answered although it never arrived, arrive although
 * no answer comes back, or be done twice. */
#ifndef TW_TESTS_MODEL_STAGE_H
#define TW_TESTS_MODEL_STAGE_H

#include <ucontext.h>

#include "adapters/state_memory.h"
#include "handlers/windows.h"
#include "tests/model/rng.h"

#define WORKERS     6
#define RECEIVES    4 /* deliveries of one object before it is set aside (the dead-letter queue) */
#define LEASE       6000 /* ticks: no delivery runs longer than the lease */
#define VISIBILITY  6500 /* an object comes again after it */
#define STACK_BYTES (256u << 10)
#define OBJECTS_MAX 200 /* of one schedule */

/* Sums over runs, for people. */
struct tally {
    uint64_t deliveries, deaths, refusals, conflicts, aside, told, repeats, updates, joins;
    uint64_t episodes, inexact, early, full; /* of windows */
    uint64_t largest;                        /* bucket, in elements */
    uint64_t moves, longest;                 /* of lineages: roots that moved, the longest way */
};

struct stage;

struct worker {
    struct stage *stage;
    void *own; /* what the play keeps for this worker */
    ucontext_t context;
    char *stack;
    bool busy;
    bool finished; /* the delivery's function has returned */
    bool dead;
    uint32_t doomed; /* it dies when it has swapped so often; 0: it does not */
    bool ok;
    struct err why;
    uint32_t object, receives;
    int64_t since;
    struct vec late; /* read_before_add: struct state_add, elements owned */
};

/* What the play does on the stage. */
struct stage_calls {
    /* One delivery of an object, as the handler makes it. */
    bool (*deliver)(struct worker *w, uint32_t object, const struct delivery *d, struct err *e);
    /* A delivery has ended, or its worker has died; may be NULL. False when the test cannot go on.
     */
    bool (*ended)(struct worker *w, struct err *e);
    /* Deliberate mistakes and limits of the store; each may be NULL.
     * thin: puts the elements that a bucket keeps first, and returns how many they are. */
    size_t (*thin)(struct stage *s, const struct state_key *key, struct element *list, size_t n);
    bool (*has_room)(struct stage *s, const struct state_add *a, struct err *e);
    /* Done instead of the store's own. */
    bool (*claims)(struct stage *s, struct state_claims *c, struct err *e);
    bool (*swap)(struct stage *s, struct state_swap *c, struct err *e);
};

struct stage {
    void *play;
    const struct stage_calls *calls;
    struct rng rng;
    struct tally *sums;
    struct state_memory *memory;
    struct port_state state; /* reliable */
    int64_t now;
    uint32_t fault;       /* chance of each fault at each request, of 10,000 */
    bool calm;            /* no faults, no others: the redrive at the end */
    bool read_before_add; /* mistakes that any play can make: elements are added late, */
    bool owner_only;      /* leases never run out, */
    bool hasty;           /* an object is acknowledged while others have still to tell */
    uint32_t n_objects;
    bool done[OBJECTS_MAX], aside[OBJECTS_MAX];
    uint32_t doomed[OBJECTS_MAX]; /* as the worker's: of one object in ten */
    uint32_t doom_max;            /* the latest swap at which one dies so; 1 or more */
    struct vec tickets;           /* of the queue */
    ucontext_t main;
    struct worker workers[WORKERS];
};

/* Prepares the state and the workers; play, calls, rng, sums and the mistakes are given. */
TW_MUST_USE bool stage_init(struct stage *s, struct err *e);
void stage_release(struct stage *s);

/* Delivers n_objects objects in random order, some twice, with faults, until each is done or set
 * aside. ERR_LIMIT when that does not end. */
TW_MUST_USE bool stage_play(struct stage *s, struct err *e);
/* An operator sends what was set aside once more, and nothing fails any more. An object that is not
 * done even then is a fault. */
TW_MUST_USE bool stage_redrive(struct stage *s, struct buf *faults, struct err *e);

/* Gives way to others; false when the worker has died meanwhile. */
TW_MUST_USE bool worker_yield(struct worker *w, struct err *e);

#endif
