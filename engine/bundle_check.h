/* Whether the numbers in a ruleset's tables stay within its tables. Inner part of engine/bundle.h.
 *
 * Evaluating rules follows numbers from row to row without a question: a node's kids, a test's
 * values, a term's slot. For rules that engine/builder.h has made they are right; for rules that
 * came out of a file this says so, once. What it holds true is what evaluation, windows and output
 * rely on: every number is below its table's length, every text and list lies within its table,
 * trees have no rings and bounded depth, enumerations have a known value (a test's and a term's: of
 * its dialect), and spans of time are such that they can be added.
 *
 * It does not tell whether the rules mean what they should. Linear in the size of the tables. */
#ifndef TW_ENGINE_BUNDLE_CHECK_H
#define TW_ENGINE_BUNDLE_CHECK_H

#include "base/err.h"
#include "engine/ruleset.h"

/* ERR_INPUT with the table and row that is wrong first; ERR_SYSTEM without memory. */
TW_MUST_USE bool bundle_check_tables(const struct ruleset *rs, struct err *e);

#endif
