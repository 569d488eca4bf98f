/* Random numbers that a seed repeats (splitmix64). */
#ifndef TW_TESTS_MODEL_RNG_H
#define TW_TESTS_MODEL_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t state;
};

static inline uint64_t rng_next(struct rng *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* A number in [from, to]. */
static inline int64_t rng_in(struct rng *r, int64_t from, int64_t to)
{
    return from + (int64_t)(rng_next(r) % (uint64_t)(to - from + 1));
}

/* True in so many of 10,000 cases. */
static inline bool rng_chance(struct rng *r, uint32_t of_10000)
{
    return rng_next(r) % 10000 < of_10000;
}

#endif
