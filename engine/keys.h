/* From a place in the trees of wanted paths (struct rs_step) and a key to the place below it. This
 * is asked for every key of every object that rules look into, mostly in vain. */
#ifndef TW_ENGINE_KEYS_H
#define TW_ENGINE_KEYS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "engine/ruleset.h"

/* A key's bytes as numbers: two keys of equal length up to 16 are equal when both numbers are. */
struct key_words {
    uint64_t head; /* the first eight bytes, or all in an order of their own */
    uint64_t tail; /* the last eight when there are more than eight, else 0 */
};

struct key_entry {
    struct key_words words;
    uint32_t parent;
    uint32_t kid; /* RS_NONE: the entry is empty */
    struct rs_text key;
};

/* Open addressing, at most half full. */
struct key_table {
    const struct ruleset *rs;
    struct key_entry *entries; /* 1 << bits */
    unsigned bits;
};

/* All steps of the rules, which are borrowed. Release in either case. */
TW_MUST_USE bool key_table_init(struct key_table *t, const struct ruleset *rs, struct err *e);
void key_table_release(struct key_table *t);

static inline struct key_words key_words_of(struct str key)
{
    struct key_words w = {0, 0};
    if (key.n >= 8) {
        memcpy(&w.head, key.p, 8);
        if (key.n > 8)
            memcpy(&w.tail, key.p + key.n - 8, 8);
    } else if (key.n >= 4) {
        uint32_t first, last;
        memcpy(&first, key.p, 4);
        memcpy(&last, key.p + key.n - 4, 4);
        w.head = first | (uint64_t)last << 32;
    } else if (key.n) {
        unsigned char first = (unsigned char)key.p[0];
        unsigned char middle = (unsigned char)key.p[key.n / 2];
        unsigned char last = (unsigned char)key.p[key.n - 1];
        w.head = first | (uint64_t)middle << 8 | (uint64_t)last << 16;
    }
    return w;
}

/* Where the search for a key begins. The factors are odd and have half their bits set, as
 * multiplicative hashing wants. */
static inline size_t key_place(const struct key_table *t, uint32_t parent, struct key_words w)
{
    uint64_t x = w.head ^ w.tail * 0x9FB21C651E98DF25u ^ parent * 0xD6E8FEB86659FD93u;
    return (size_t)((x ^ x >> 32) * 0x9E3779B97F4A7C15u >> (64 - t->bits));
}

/* The kid of step `parent` for a key, or RS_NONE. */
static inline uint32_t key_find(const struct key_table *t, uint32_t parent, struct str key)
{
    const struct rs_step *s = t->rs->steps + parent;
    if (!(s->kid_lengths >> (key.n < 63 ? key.n : 63) & 1))
        return RS_NONE;
    struct key_words w = key_words_of(key);
    size_t last = ((size_t)1 << t->bits) - 1;
    for (size_t at = key_place(t, parent, w);; at = (at + 1) & last) {
        const struct key_entry *x = t->entries + at;
        if (x->kid == RS_NONE)
            return RS_NONE;
        if (x->words.head == w.head && x->words.tail == w.tail && x->parent == parent &&
            x->key.n == key.n &&
            (key.n <= 16 || memcmp(t->rs->text + x->key.at + 8, key.p + 8, key.n - 16) == 0))
            return x->kid;
    }
}

#endif
