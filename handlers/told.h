/* The ids of events that have been told already, so that a copy in another object is not told
 * again. Only events that some rule matched are remembered. */
#ifndef TW_HANDLERS_TOLD_H
#define TW_HANDLERS_TOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Ids remembered in one invocation: 16 MB of memory. Past it ids are told as new: twice is allowed
 * (promise P3), lost is not. */
#define TOLD_MAX (1u << 19)

struct told_id {
    uint64_t half[2]; /* of the id's SHA-256; both zero: empty place */
};

struct told {
    struct told_id *places; /* a hash table, at most half full */
    size_t n_places;        /* a power of two, or 0 */
    size_t n;
};

/* All zero is an empty set. */
void told_release(struct told *s);
/* Forgets all, keeps memory. */
void told_clear(struct told *s);
/* True when the id was not there; it is then remembered, if there is room and memory. */
bool told_add(struct told *s, struct str id);

#endif
