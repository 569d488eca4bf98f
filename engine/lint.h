/* Rules of one meaning: what is told by one is told by the other as well. */
#ifndef TW_ENGINE_LINT_H
#define TW_ENGINE_LINT_H

#include "base/err.h"
#include "engine/diag.h"
#include "engine/ruleset.h"

/* Warns about each rule that is told and tests exactly what an earlier one tests, under another id:
 * the same tests joined alike, in whatever order; of correlations, the same type, key, timespan and
 * bounds over such rules. False (ERR_SYSTEM) only without memory. */
TW_MUST_USE bool lint_meanings(const struct ruleset *rs, struct diags *diags, struct err *e);

#endif
