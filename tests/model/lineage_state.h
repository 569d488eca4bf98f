/* What the state holds of a node, read past the port that fails. */
#ifndef TW_TESTS_MODEL_LINEAGE_STATE_H
#define TW_TESTS_MODEL_LINEAGE_STATE_H

#include "handlers/lineage_items.h"
#include "tests/model/lineage_world.h"

#define WAY_MAX 64 /* moves from a node to its root */

/* The lineage that a node of the plan belongs to. */
struct lineage_of {
    uint32_t root;  /* of the plan's nodes, LP_NODES: a stranger */
    uint32_t steps; /* moves on the way; more than WAY_MAX: they lead round */
    struct arena memory;
    struct node_item item; /* the root's */
};

/* Reads it; to be released. */
TW_MUST_USE bool lineage_of_node(struct lineage_world *w, uint32_t node, struct lineage_of *out,
                                 struct err *e);
void lineage_of_release(struct lineage_of *l);

/* Reads the item under a key, prepared by node_item_init. */
TW_MUST_USE bool lineage_read_item(const struct port_state *state, struct state_key key,
                                   struct node_item *it, uint64_t *version, struct err *e);

#endif
