/* What must be true of the state and of what was told. */
#ifndef TW_TESTS_MODEL_CHECK_H
#define TW_TESTS_MODEL_CHECK_H

#include "tests/model/world.h"

/* Fills w->keys from the plan's rules. */
TW_MUST_USE bool check_keys(struct world *w, struct err *e);

/* Every episode of the events whose objects are done (by object) has been told. */
TW_MUST_USE bool check_acknowledged(struct world *w, const bool *done, struct buf *faults,
                                    struct err *e);

/* All objects are done: the claims are the oracle's episodes, all are told, each under one id. */
TW_MUST_USE bool check_end(struct world *w, struct buf *faults, struct err *e);

#endif
