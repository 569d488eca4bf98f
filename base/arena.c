/* The arena. */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_CHUNK_BYTES 65536 /* one chunk holds a typical rule file or all texts of a record */

struct arena_chunk {
    struct arena_chunk *next;
    size_t cap;
    size_t n;
    _Alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *a, size_t max)
{
    *a = (struct arena){.max = max};
}

void arena_release(struct arena *a)
{
    struct arena_chunk *c = a->first;
    while (c) {
        struct arena_chunk *next = c->next;
        free(c);
        c = next;
    }
    arena_init(a, a->max);
}

void arena_reset(struct arena *a)
{
    for (struct arena_chunk *c = a->first; c; c = c == a->now ? NULL : c->next)
        c->n = 0;
    a->now = a->first;
    a->used = 0;
}

/* Moves to the kept chunk behind the present one, or links a new one in at the end. A kept chunk
 * too small for n is given back, so a new chunk is made only when every other one is in use: a
 * chunk and the first piece of the next exceed its capacity, hence the bound that the header names.
 */
static struct arena_chunk *chunk_for(struct arena *a, size_t n)
{
    struct arena_chunk **link = a->now ? &a->now->next : &a->first;
    while (*link && (*link)->cap < n) {
        struct arena_chunk *small = *link;
        *link = small->next;
        free(small);
    }
    if (!*link) {
        size_t cap = n > ARENA_CHUNK_BYTES ? n : ARENA_CHUNK_BYTES;
        struct arena_chunk *c = malloc(sizeof *c + cap);
        if (!c)
            return NULL;
        *c = (struct arena_chunk){.cap = cap};
        *link = c;
    }
    a->now = *link;
    return a->now;
}

void *arena_alloc(struct arena *a, size_t n)
{
    const size_t align = _Alignof(max_align_t);
    if (n > a->max - a->used || a->max - a->used - n < align)
        return NULL;
    n = (n + align - 1) / align * align;
    struct arena_chunk *c = a->now;
    if (!c || c->cap - c->n < n)
        c = chunk_for(a, n);
    if (!c)
        return NULL;
    void *p = c->bytes + c->n;
    c->n += n;
    a->used += n;
    return memset(p, 0, n);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    return arena_alloc(a, count * size);
}

struct str arena_str(struct arena *a, struct str s)
{
    if (!s.p || s.n == SIZE_MAX)
        return STR_ABSENT;
    char *p = arena_alloc(a, s.n + 1);
    if (!p)
        return STR_ABSENT;
    if (s.n)
        memcpy(p, s.p, s.n);
    return str_n(p, s.n);
}
