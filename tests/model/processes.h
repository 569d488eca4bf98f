/* The world with nothing pretended: workers are processes, the state is a real store that they
 * share, and who dies is killed with SIGKILL, at one of his calls or at any other moment. */
#ifndef TW_TESTS_MODEL_PROCESSES_H
#define TW_TESTS_MODEL_PROCESSES_H

#include "tests/model/world.h"

/* Plays the plan of a seed over the store (store.h), as world_run; what was stored by other runs
 * does not matter. */
TW_MUST_USE bool processes_run(uint64_t seed, const char *store, struct tally *sums,
                               struct buf *faults, struct err *e);

#endif
