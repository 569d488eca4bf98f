/* The items of nodes that one delivery has read, and how it writes them: by compare-and-set at the
 * version that was read. Inner part of lineages. */
#ifndef TW_HANDLERS_LINEAGE_SHELF_H
#define TW_HANDLERS_LINEAGE_SHELF_H

#include "handlers/lineage_items.h"
#include "respond/lineage_map.h"

/* Nodes of one shelf: those of LINEAGES_PENDING_MAX events, most of which name four. */
#define SHELF_NODES_MAX 65536

struct held {
    struct id128 id;
    bool read;        /* what follows is the state's as it was */
    uint64_t version; /* 0: there is no item */
    struct node_item item;
};

struct shelf {
    const struct port_state *state;
    struct arena memory;
    struct vec list; /* struct held * */
    struct lineage_map at;
    int64_t now_ms;    /* written into items */
    int64_t expires_s; /* of items that are written */
    uint64_t cut;      /* ways that were too long */
};

void shelf_init(struct shelf *s, const struct port_state *state, size_t memory_max);
void shelf_release(struct shelf *s);
/* Forgets all items. */
void shelf_reset(struct shelf *s);

/* The place of a node, read or not; borrowed until the next reset. NULL without room. */
struct held *shelf_at(struct shelf *s, struct id128 id);

/* Reads those of the n nodes that were not read, and those that they moved under, to their roots. A
 * long way is made short in the state as well. */
TW_MUST_USE bool shelf_follow(struct shelf *s, const struct id128 *ids, size_t n, struct err *e);

/* The root of a node; reads what is missing. NULL with e. */
struct held *shelf_root(struct shelf *s, struct id128 id, struct err *e);

/* Reads those of the n nodes that were not read. */
TW_MUST_USE bool shelf_read(struct shelf *s, const struct id128 *ids, size_t n, struct err *e);

/* Writes the items as they are here, n of them, each once. One that another has changed meanwhile
 * is no longer `read`; the number of these is added to *conflicts. */
TW_MUST_USE bool shelf_write(struct shelf *s, struct held *const *list, size_t n,
                             uint64_t *conflicts, struct err *e);

static inline void shelf_forget(struct held *h)
{
    h->read = false;
}

#endif
