/* One delivery of one of the plan's objects. */
#ifndef TW_TESTS_MODEL_LINEAGE_DELIVERY_H
#define TW_TESTS_MODEL_LINEAGE_DELIVERY_H

#include "tests/model/lineage_world.h"

/* A node of the plan as events name it. */
struct lineage_node lineage_delivery_node(const struct lineage_plan *p, uint32_t node);

/* Gives the object's events and alerts to the hand's lineages, and settles. */
TW_MUST_USE bool lineage_delivery_make(struct lineage_hand *h, uint32_t object,
                                       const struct delivery *d, struct err *e);

#endif
