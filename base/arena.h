/* Memory that is given back all at once. */
#ifndef TW_BASE_ARENA_H
#define TW_BASE_ARENA_H

#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

struct arena_chunk;

/* Chunks from malloc, aligned for any object. At most max bytes are given out between two resets;
 * what malloc holds for them stays below twice max and one chunk. One arena lives as long as the
 * rules; another is reset for each record and keeps its chunks. */
struct arena {
    struct arena_chunk *first;
    struct arena_chunk
        *now;    /* the chunk being filled; those after it are empty and kept for reuse */
    size_t used; /* bytes given out since the last reset */
    size_t max;
};

void arena_init(struct arena *a, size_t max);
void arena_release(struct arena *a);
/* Everything given out is gone; the chunks stay for the next round. */
void arena_reset(struct arena *a);

/* n zeroed bytes, or NULL when the maximum or memory is reached. n == 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t n);
/* The same for count objects of size bytes, with the product checked. */
void *arena_array(struct arena *a, size_t count, size_t size);
/* A copy of s, NUL-terminated beyond its end; absent when s is absent or memory is out. */
struct str arena_str(struct arena *a, struct str s);

#endif
