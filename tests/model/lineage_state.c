/* The way from a node to its root. */
#include "tests/model/lineage_state.h"

bool lineage_read_item(const struct port_state *state, struct state_key key, struct node_item *it,
                       uint64_t *version, struct err *e)
{
    struct state_claims c = {.key = key};
    buf_init(&c.blob, RECORDS_BYTES_MAX);
    bool ok = state->claims(state->self, &c, 1, e) && node_item_decode(it, buf_str(&c.blob), e);
    *version = c.version;
    buf_release(&c.blob);
    return ok;
}

static uint32_t number_of(const struct lineage_plan *p, struct id128 id)
{
    for (uint32_t i = 0; i < p->n_nodes; i++)
        if (id128_cmp(p->nodes[i].id, id) == 0)
            return i;
    return LP_NODES;
}

bool lineage_of_node(struct lineage_world *w, uint32_t node, struct lineage_of *out, struct err *e)
{
    uint64_t version;
    *out = (struct lineage_of){.root = node};
    arena_init(&out->memory, SIZE_MAX);
    node_item_init(&out->item, &out->memory);
    for (; out->steps <= WAY_MAX; out->steps++) {
        node_item_release(&out->item);
        node_item_init(&out->item, &out->memory);
        if (!lineage_read_item(&w->stage.state, node_key(w->plan.nodes[out->root].id), &out->item,
                               &version, e))
            return false;
        if (!out->item.moved)
            return true;
        out->root = number_of(&w->plan, out->item.moved_to);
        if (out->root == LP_NODES)
            return true;
    }
    return true;
}

void lineage_of_release(struct lineage_of *l)
{
    node_item_release(&l->item);
    arena_release(&l->memory);
}
