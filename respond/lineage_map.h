/* A table from 128-bit names to positions in an array, with a maximum from birth. */
#ifndef TW_RESPOND_LINEAGE_MAP_H
#define TW_RESPOND_LINEAGE_MAP_H

#include "engine/window.h"

struct lineage_map_slot {
    struct id128 id;
    uint32_t at; /* position + 1; 0: empty */
};

struct lineage_map {
    struct lineage_map_slot *slots;
    size_t cap; /* a power of two, or 0 */
    size_t n;
    size_t max;
};

/* Allocates nothing yet. */
void lineage_map_init(struct lineage_map *m, size_t max);
void lineage_map_release(struct lineage_map *m);

#define LINEAGE_MAP_NONE UINT32_MAX

/* The position stored for id, or LINEAGE_MAP_NONE. */
uint32_t lineage_map_find(const struct lineage_map *m, struct id128 id);

/* Stores a position for an id that is not there. False when the maximum or memory is reached. */
TW_MUST_USE bool lineage_map_add(struct lineage_map *m, struct id128 id, uint32_t at);

#endif
