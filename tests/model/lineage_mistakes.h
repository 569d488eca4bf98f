/* Deliberate mistakes in the joining of lineages, made where their items are read and written. */
#ifndef TW_TESTS_MODEL_LINEAGE_MISTAKES_H
#define TW_TESTS_MODEL_LINEAGE_MISTAKES_H

#include "tests/model/lineage_world.h"

/* For struct stage_calls; the stage's play is a struct lineage_world. */
TW_MUST_USE bool lineage_mistaken_swap(struct stage *s, struct state_swap *swap, struct err *e);

#endif
