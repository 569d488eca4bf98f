/* Which rules are worth looking at for an event: those with a value they cannot do without. */
#ifndef TW_ENGINE_INDEX_H
#define TW_ENGINE_INDEX_H

#include "base/err.h"
#include "engine/ruleset.h"

/* From the rules' programs: a rule needs test T when T, or one of a set of tests, must be true for
 * it to hold (AND needs what any one kid needs, OR the union of what all need, NOT nothing). Of the
 * sets to choose from, the one whose values are the smallest part of all values asked for in their
 * slots. */
TW_MUST_USE bool index_build(const struct ruleset *rs, struct rs_index *out, struct err *e);

/* The hash by which entries are found: over bytes with A-Z folded. */
uint32_t index_hash(struct str s);

/* The entry for a value (any case), or NULL. */
const struct rs_index_entry *index_find(const struct rs_index *ix, const struct rs_index_slot *s,
                                        struct str value);

#endif
