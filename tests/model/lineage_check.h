/* What must be true of the state and of what was told about lineages. */
#ifndef TW_TESTS_MODEL_LINEAGE_CHECK_H
#define TW_TESTS_MODEL_LINEAGE_CHECK_H

#include "tests/model/lineage_world.h"

/* An object was acknowledged: the incidents of its alerts have them, and were told. */
TW_MUST_USE bool lineage_check_object(struct lineage_world *w, uint32_t object, struct err *e);

/* All objects are done: lineages and incidents are the oracle's, all news is told, each incident
 * under one id. */
TW_MUST_USE bool lineage_check_end(struct lineage_world *w, struct err *e);

#endif
