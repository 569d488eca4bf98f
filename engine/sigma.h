/* Sigma 2.1 documents to rules. Needs: spec of detections, filters; correlations are skipped. */
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

/* Takes the documents of one file (all roots maps or null). The nodes must live until sigma_finish.
 */
TW_MUST_USE bool sigma_add(struct sigma *s, struct str file, const struct yaml **docs, size_t n,
                           struct err *e);
/* Compiles all in the order they were added, filters applied, and hands the rules to the builder.
 */
TW_MUST_USE bool sigma_finish(struct sigma *s, struct err *e);

#endif
