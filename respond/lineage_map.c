/* Open addressing with linear probing. The names are hashes: their own bits spread them. */
#include "respond/lineage_map.h"

#include <stdlib.h>

#define FIRST_CAP 256

void lineage_map_init(struct lineage_map *m, size_t max)
{
    *m = (struct lineage_map){.max = max};
}

void lineage_map_release(struct lineage_map *m)
{
    free(m->slots);
    lineage_map_init(m, m->max);
}

/* The place of id, or the empty one where it would go. There always is one: see lineage_map_add. */
static struct lineage_map_slot *probe(struct lineage_map_slot *slots, size_t cap, struct id128 id)
{
    size_t i = (size_t)(id.hi ^ id.lo) & (cap - 1);
    while (slots[i].at && id128_cmp(slots[i].id, id) != 0)
        i = (i + 1) & (cap - 1);
    return slots + i;
}

uint32_t lineage_map_find(const struct lineage_map *m, struct id128 id)
{
    const struct lineage_map_slot *s = m->cap ? probe(m->slots, m->cap, id) : NULL;
    return s && s->at ? s->at - 1 : LINEAGE_MAP_NONE;
}

static bool grow(struct lineage_map *m)
{
    size_t cap = m->cap ? 2 * m->cap : FIRST_CAP;
    struct lineage_map_slot *slots = calloc(cap, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < m->cap; i++)
        if (m->slots[i].at)
            *probe(slots, cap, m->slots[i].id) = m->slots[i];
    free(m->slots);
    m->slots = slots;
    m->cap = cap;
    return true;
}

bool lineage_map_add(struct lineage_map *m, struct id128 id, uint32_t at)
{
    if (m->n == m->max || (2 * m->n >= m->cap && !grow(m)))
        return false;
    *probe(m->slots, m->cap, id) = (struct lineage_map_slot){id, at + 1};
    m->n++;
    return true;
}
