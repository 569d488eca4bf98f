/* Rules that load but cannot mean what they say: parts that no CloudTrail record fits, and
 * conditions that no record can meet. Inner part of engine/sigma.h; docs/lints.md is for people. */
#ifndef TW_ENGINE_SIGMA_LINT_H
#define TW_ENGINE_SIGMA_LINT_H

#include "engine/sigma_parts.h"

/* Steps that looking for a record that meets the condition may take; past them the rule is taken to
 * be all right. The longest of 800 public rules takes 300. */
#define SIGMA_LINT_STEPS_MAX 4096

/* Warns, with the line of each part that is at fault. False (ERR_SYSTEM) only without memory. */
TW_MUST_USE bool sigma_lint(struct sigma_scope *sc, const struct sigma_logic *l, struct err *e);

/* Warns about a field that no record has, with the one that was probably meant. */
void sigma_lint_field(struct sigma_scope *sc, unsigned line, struct str field);

#endif
