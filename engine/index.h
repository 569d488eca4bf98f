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

/* Numbers are found under their digits: whole ones below 10^15, which a double holds, without a
 * zero in front. */
#define INDEX_NUMBER_MAX 15
/* Whether s is spelled so. */
bool index_is_number(struct str s);
/* s so spelled, in `digits`, when it is such a number in another spelling (443.0, 0443, 4.43e2);
 * absent otherwise. */
struct str index_number(struct str s, char digits[INDEX_NUMBER_MAX]);

#endif
