/* One delivery of one of the plan's objects. */
#ifndef TW_TESTS_MODEL_DELIVERY_H
#define TW_TESTS_MODEL_DELIVERY_H

#include "tests/model/world.h"

/* What an event says of its key. */
struct str delivery_key_text(uint32_t key);

/* The name of its event alone. */
void delivery_describe(void *to, struct event *ev, uint32_t rule, const struct facts *f,
                       struct buf *out);

/* Gives the object's events to the hand's windows, and settles. */
TW_MUST_USE bool delivery_make(struct hand *h, uint32_t object, const struct delivery *d,
                               struct err *e);

#endif
