/* The bounded growing array. */
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

#define VEC_FIRST 16 /* elements of the first allocation */

void vec_init(struct vec *v, size_t size, size_t max)
{
    *v = (struct vec){.size = size, .max = max > SIZE_MAX / size ? SIZE_MAX / size : max};
}

void vec_release(struct vec *v)
{
    free(v->p);
    vec_init(v, v->size, v->max);
}

void *vec_push(struct vec *v, size_t count)
{
    if (count > v->max - v->n)
        return NULL;
    size_t need = v->n + count;
    if (need > v->cap) {
        size_t cap = v->cap ? v->cap : VEC_FIRST;
        while (cap < need)
            cap = cap > v->max / 2 ? v->max : cap * 2;
        if (cap > v->max)
            cap = v->max;
        void *p = realloc(v->p, cap * v->size);
        if (!p)
            return NULL;
        v->p = p;
        v->cap = cap;
    }
    void *at = (char *)v->p + v->n * v->size;
    memset(at, 0, count * v->size);
    v->n = need;
    return at;
}
