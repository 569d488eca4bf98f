/* Rule files in, ruleset out. Which dialect a file is in, its content tells: a map is Sigma, a
 * sequence is Falco. Reads no file itself. */
#ifndef TW_ENGINE_LOADER_H
#define TW_ENGINE_LOADER_H

#include "base/err.h"
#include "engine/config.h"
#include "engine/diag.h"
#include "engine/ruleset.h"

struct loader;

/* cfg may be NULL (no placeholders, no filters); it must outlive the loader. diags gets what there
 * is to say. */
struct loader *loader_new(const struct rule_config *cfg, struct diags *diags);
void loader_free(struct loader *l);

/* The rules are for `bootstrap`, whose windows must be right whatever the order of arrival:
 * correlations that only `scan` can evaluate are refused, each with its reason. Call it before
 * loader_finish. */
void loader_durable(struct loader *l);

/* Warns also about rules that load but cannot mean what they say: Sigma rules that ask for what no
 * record has (engine/sigma_lint.h), rules of one meaning (engine/lint.h). Call it before
 * loader_finish. */
void loader_lints(struct loader *l);

/* Takes one file. A document that has `placeholders` and is no rule gives placeholders the values
 * that they have where the configuration says nothing (engine/config.h). Problems of content are
 * diags, not failures; false only when memory or a limit is reached. name is copied. */
TW_MUST_USE bool loader_add(struct loader *l, struct str name, struct str bytes, struct err *e);

/* Whether one of the files gave placeholders their values. */
bool loader_has_placeholders(const struct loader *l);

/* Links what was added (filters, macros, references) and freezes it. */
TW_MUST_USE bool loader_finish(struct loader *l, struct ruleset **out, struct err *e);

#endif
