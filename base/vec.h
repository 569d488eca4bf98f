/* A growing array of one kind of plain object, with a maximum from birth. */
#ifndef TW_BASE_VEC_H
#define TW_BASE_VEC_H

#include <stddef.h>
#include <stdint.h>

struct vec {
    void *p;
    size_t n;
    size_t cap;
    size_t size; /* bytes of one element */
    size_t max;  /* elements it may ever hold */
};

/* Elements of size bytes (not 0), at most max. Allocates nothing yet. */
void vec_init(struct vec *v, size_t size, size_t max);
void vec_release(struct vec *v);

/* Appends count (not 0) zeroed elements and returns the first, borrowed until the next push; NULL
 * when the maximum or memory is reached. */
void *vec_push(struct vec *v, size_t count);

static inline void *vec_at(const struct vec *v, size_t i)
{
    return (char *)v->p + i * v->size;
}

#endif
