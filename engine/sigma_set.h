/* All Sigma documents that were added, and finding them by what others call them. Inner part of
 * engine/sigma.h. */
#ifndef TW_ENGINE_SIGMA_SET_H
#define TW_ENGINE_SIGMA_SET_H

#include "base/sha256.h"
#include "base/vec.h"
#include "engine/sigma_doc.h"

#define SIGMA_DOCS_MAX 100000

enum sigma_doc_kind { SIGMA_RULE, SIGMA_FILTER, SIGMA_CORRELATION };

/* What became of a document. WAITING: not looked at yet. */
enum sigma_fate { SIGMA_WAITING, SIGMA_LOADED, SIGMA_REFUSED, SIGMA_SKIPPED };

struct sigma_correlation; /* engine/sigma_correlation.h */

/* One document as added. The last part is of rules and correlations, once SIGMA_LOADED. */
struct sigma_entry {
    enum sigma_doc_kind kind;
    const struct yaml *root;
    struct str file;
    struct str label;               /* as sigma_label */
    struct str id, name, title;     /* absent or empty when it has none */
    const struct sigma_entry *twin; /* an earlier one with the same id */
    enum sigma_fate fate;
    enum source source; /* of a correlation: its first rule's */

    uint32_t rule;    /* of the builder, RS_NONE until there is one */
    uint32_t program; /* its test; of a correlation one that never holds */
    unsigned char hash[RS_HASH_BYTES];
    const uint32_t *fields; /* slots worth showing */
    size_t n_fields;
    struct sigma_correlation *correlation; /* of a correlation: as read */
};

/* A document under one of its names. */
struct sigma_named {
    struct str text;
    size_t doc;
};

struct sigma_set {
    struct builder *b;
    const struct rule_config *cfg;
    struct diags *diags;
    bool durable; /* what only `scan` can evaluate is refused */
    bool lint;    /* rules that load are looked at as well (engine/sigma_lint.h) */
    struct arena memory;
    struct vec docs;                 /* struct sigma_entry */
    const struct sigma_named *named; /* sorted by text, then document */
    size_t n_named;
};

static inline struct sigma_entry *sigma_set_at(const struct sigma_set *s, size_t i)
{
    return vec_at(&s->docs, i);
}

/* Sorts the names; before it nothing is found. Sets the twins. */
TW_MUST_USE bool sigma_set_index(struct sigma_set *s, struct err *e);

/* The n documents of which `text` is the id, name or title, in the order they were added. Borrowed
 * from the index: one document comes twice when two of its names are equal. */
const struct sigma_named *sigma_set_find(const struct sigma_set *s, struct str text, size_t *n);

/* To read or make one document. */
struct sigma_scope sigma_set_scope(struct sigma_set *s, const struct sigma_entry *d);

/* What a failure of one document means: without memory the loading ends (false, with e), else the
 * document is refused and the next one comes. */
TW_MUST_USE bool sigma_refuse(struct sigma_scope *sc, const struct err *why, struct err *e);

/* Slots in the order they came, each once. */
struct sigma_fields {
    struct builder *b;
    struct vec slots; /* uint32_t */
};

void sigma_fields_init(struct sigma_fields *f, struct builder *b);
void sigma_fields_release(struct sigma_fields *f);
/* False without memory. */
TW_MUST_USE bool sigma_fields_add(struct sigma_fields *f, uint32_t slot);
/* Adds those that the document's own `fields` names. */
TW_MUST_USE bool sigma_fields_named(struct sigma_scope *sc, const struct yaml *root,
                                    struct sigma_fields *f, struct err *e);

/* Adds a rule with the document's metadata, d->program, d->hash and the fields; notes number and
 * fields in d, and that it is loaded. */
TW_MUST_USE bool sigma_set_rule(struct sigma_scope *sc, struct sigma_entry *d,
                                const struct sigma_meta *m, const struct sigma_fields *fields,
                                struct err *e);

/* Takes the JSON of y into a hash, under its length; y may be NULL: absent. */
TW_MUST_USE bool sigma_hash_yaml(struct sha256 *h, const struct yaml *y, struct err *e);
/* Ends a hash and keeps its first half. */
void sigma_hash_end(struct sha256 *h, unsigned char out[RS_HASH_BYTES]);

#endif
