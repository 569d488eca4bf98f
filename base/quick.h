/* A hash for tables that forget: quick, eight bytes at a time, the same in this process alone.
 * Whoever can choose what is hashed can make collisions, so whatever is found by it is to be
 * compared. */
#ifndef TW_BASE_QUICK_H
#define TW_BASE_QUICK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define QUICK_BEGIN 0xcbf29ce484222325u /* any number that is not 0 */

/* h, which n more bytes are taken into. All bits of the result depend on all bytes. */
static inline uint64_t quick_hash(uint64_t h, const void *p, size_t n)
{
    const unsigned char *at = p;
    while (n) {
        uint64_t word = 0;
        size_t taken = n < sizeof word ? n : sizeof word;
        memcpy(&word, at, taken);
        h = (h ^ word) * 0x9e3779b97f4a7c15u; /* 2^64 over the golden ratio: odd, its bits mixed */
        h ^= h >> 29;
        at += taken;
        n -= taken;
    }
    return h ^ h >> 32;
}

#endif
