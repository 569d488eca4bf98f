/* Which rules are worth looking at for an event: those with a value they cannot do without. */
#ifndef TW_ENGINE_INDEX_H
#define TW_ENGINE_INDEX_H

#include "base/err.h"
#include "engine/ruleset.h"

/* One value of one slot, and the rules that may hold when it is there. */
struct index_entry {
    uint32_t hash;
    struct str value;     /* case folded; in the index' own memory. Absent: the entry is free */
    struct rs_list rules; /* in index->rules */
};

/* All entries of one slot: open addressing. */
struct index_slot {
    uint32_t slot;
    uint32_t longest; /* bytes of the longest value: a longer one of an event is not looked up */
    struct index_entry *entries;
    uint32_t n_entries; /* a power of two */
};

struct rs_index {
    struct index_slot *slots;
    uint32_t n_slots;
    uint32_t *rules;
    uint32_t n_rules;
    uint32_t *always; /* rules without such a value: looked at for each event */
    uint32_t n_always;
    char *memory; /* of the values */
};

/* From the rules' programs: a rule needs test T when T, or one of a set of tests, must be true for
 * it to hold (AND needs what any one kid needs, OR the union of what all need, NOT nothing). Of the
 * sets to choose from, the one whose values are the smallest part of all values asked for in their
 * slots. */
TW_MUST_USE bool index_build(const struct ruleset *rs, struct rs_index **out, struct err *e);
void index_free(struct rs_index *ix);

/* The hash by which entries are found: over bytes with A-Z folded. */
uint32_t index_hash(struct str s);

/* The entry for a value (any case), or NULL. */
const struct index_entry *index_find(const struct index_slot *s, struct str value);

#endif
