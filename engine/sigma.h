/* Sigma 2.1 documents to rules: detections are compiled, filters joined to them, correlations made
 * windows over them, rules for other logs skipped with a sentence. What each part means:
 * docs/sigma.md and docs/correlations.md. */
#ifndef TW_ENGINE_SIGMA_H
#define TW_ENGINE_SIGMA_H

#include "engine/builder.h"
#include "engine/config.h"
#include "engine/diag.h"
#include "engine/yaml.h"

struct sigma;

/* cfg may be NULL. Everything given must outlive it. */
struct sigma *sigma_new(struct builder *b, const struct rule_config *cfg, struct diags *diags);
void sigma_free(struct sigma *s);

/* The rules are to run with state that lasts: what only `scan` can evaluate is refused with the
 * reason. Call it before sigma_finish. */
void sigma_durable(struct sigma *s);

/* Warns also about rules that load but cannot mean what they say (engine/sigma_lint.h). Call it
 * before sigma_finish. */
void sigma_lints(struct sigma *s);

/* Takes the documents of one file (all roots maps or null). The nodes must live until sigma_finish.
 */
TW_MUST_USE bool sigma_add(struct sigma *s, struct str file, const struct yaml **docs, size_t n,
                           struct err *e);
/* Compiles all in the order they were added and hands the rules to the builder. A document that
 * cannot be honoured is a diag and its neighbours go on; false only when memory or a limit of the
 * whole is reached. */
TW_MUST_USE bool sigma_finish(struct sigma *s, struct err *e);

#endif
