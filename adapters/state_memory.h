/* State in memory, gone with the process: for `scan` of an archive, and for tests. */
#ifndef TW_ADAPTERS_STATE_MEMORY_H
#define TW_ADAPTERS_STATE_MEMORY_H

#include "handlers/state.h"

/* For one thread. It grows as far as memory goes: the caller's archive decides. Nothing expires,
 * for nobody reads a clock here; whoever reads an archive gives it all at once. */
struct state_memory;

/* NULL without memory. */
struct state_memory *state_memory_new(void);
void state_memory_free(struct state_memory *s);
/* Forgets everything. */
void state_memory_clear(struct state_memory *s);

/* The calls of port_state, lasting as long as s. They fail with ERR_SYSTEM without memory, and then
 * leave what was there; swap sets `conflict` as it must. pause does nothing: nobody else works. */
struct port_state state_memory_port(struct state_memory *s);

/* For tests and statistics: how many buckets there are, and elements in the fullest of them. */
size_t state_memory_buckets(const struct state_memory *s);
size_t state_memory_fullest(const struct state_memory *s);

#endif
