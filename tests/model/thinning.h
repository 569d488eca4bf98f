/* Deliberate mistakes in the thinning of windows' buckets, and when a bucket is full. */
#ifndef TW_TESTS_MODEL_THINNING_H
#define TW_TESTS_MODEL_THINNING_H

#include "tests/model/world.h"

/* For struct stage_calls; the stage's play is a struct world. */
size_t thinning_keep(struct stage *s, const struct state_key *key, struct element *list, size_t n);
TW_MUST_USE bool thinning_has_room(struct stage *s, const struct state_add *a, struct err *e);

#endif
