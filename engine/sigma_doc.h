/* Sigma documents before their detections are read: merging, keys, metadata, log sources. */
#ifndef TW_ENGINE_SIGMA_DOC_H
#define TW_ENGINE_SIGMA_DOC_H

#include "engine/sigma_parts.h"

/* Which logs a rule or filter is for. Absent members are not said. */
struct sigma_source {
    struct str product, category, service;
};

/* What is known of a document from its metadata; texts are the YAML's. */
struct sigma_meta {
    struct str id, name, title, description, runbook, author, status;
    enum level level;
    struct sigma_source source;
};

/* ERR_INPUT, with the line in sc, when a map anywhere in y has a key twice: YAML forbids it, and
 * which of the two would count differs from engine to engine. */
TW_MUST_USE bool sigma_check_keys(struct sigma_scope *sc, const struct yaml *y, struct err *e);

/* A map with the pairs of `over`, and those of `base` that it lacks; maps in both are merged alike.
 * Its line is the later one's. Either may be NULL. NULL when memory is out. */
const struct yaml *sigma_merge(struct arena *a, const struct yaml *base, const struct yaml *over);

/* What people know a document by: its id, else its title, else its name, else absent. */
struct str sigma_label(const struct yaml *root);

/* Reads the metadata of a document. Refused: no title, an empty logsource, none (but for a
 * correlation, which has that of its rules), an unknown level, a value of the wrong kind, a
 * sigma-version of 3 or above. Warned about: unknown keys that look like a known one, an id that is
 * no UUID, an unknown status. */
TW_MUST_USE bool sigma_meta_read(struct sigma_scope *sc, const struct yaml *root,
                                 struct sigma_meta *out, struct err *e);

/* The texts of a list, a scalar or null, at `key`; a member that is no text is warned about and
 * left out. *n may be 0. NULL when memory is out. */
const struct str *sigma_texts(struct sigma_scope *sc, const struct yaml *root, const char *key,
                              size_t *n);

/* The source whose events are what the logsource means (engine/source.h); false when it is none of
 * ours. */
bool sigma_source_find(const struct sigma_source *s, enum source *out);
/* For a filter: whether a source of ours is among those it may mean. */
bool sigma_source_is_open_to_ours(const struct sigma_source *s);
/* Whether every log of `inner` is one of `outer`: what outer says, inner says too. */
bool sigma_source_holds(const struct sigma_source *outer, const struct sigma_source *inner);

#endif
