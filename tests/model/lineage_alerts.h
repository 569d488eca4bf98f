/* Alerts as handlers/windows.c tells them, in small: each has an item in the state, by which one
 * delivery leases it, publishes it, hands it to lineages, and only then marks it as told. */
#ifndef TW_TESTS_MODEL_LINEAGE_ALERTS_H
#define TW_TESTS_MODEL_LINEAGE_ALERTS_H

#include "tests/model/lineage_world.h"

/* A message that a delivery calls for. */
struct lineage_call {
    uint32_t alert, update;
};

/* Shows an event of a gathered alert to all, having written who did it, and looks whether that was
 * the last one. */
TW_MUST_USE bool lineage_alerts_gather(struct lineage_hand *h, uint32_t alert, uint32_t event,
                                       bool *all, struct err *e);

/* Tells the n alerts, as far as they are this delivery's to tell, with lineages_settle before they
 * are marked. ERR_RETRY while another delivery has to tell one of them. */
TW_MUST_USE bool lineage_alerts_tell(struct lineage_hand *h, const struct lineage_call *calls,
                                     size_t n, const struct delivery *d, struct err *e);

#endif
