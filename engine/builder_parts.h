/* What the builder's two files share: builder.c fills it, builder_freeze.c empties it. Inner part
 * of engine/builder.h. */
#ifndef TW_ENGINE_BUILDER_PARTS_H
#define TW_ENGINE_BUILDER_PARTS_H

#include "base/vec.h"
#include "engine/builder.h"

/* Rows, and a hash table of the runs that were put in. */
struct table {
    struct vec rows;
    struct vec runs; /* struct rs_list */
    uint32_t *slots; /* number of a run + 1, or 0; open addressing */
    size_t n_slots;  /* a power of two, or 0 */
};

/* A step of a path while the trees still grow. */
struct step {
    struct rs_text key;
    uint32_t index;
    uint32_t slot;
    uint32_t first_kid, next; /* steps, RS_NONE ends */
};

struct builder {
    struct table text, texts, numbers, terms, values, preds, nodes, slots, outputs, regexes;
    struct vec rules;
    struct vec windows;
    struct vec inputs;
    struct vec steps;
    uint32_t roots[2];
    uint32_t own[OWN_FIELDS]; /* slots, RS_NONE when not asked for */
    unsigned char hash[SHA256_BYTES];
    bool failed;
    struct err why;
};

static inline struct step *step_at(struct builder *b, uint32_t i)
{
    return vec_at(&b->steps, i);
}

/* Notes that the rules are too many or too large; the first reason stands. */
void builder_fail(struct builder *b, const char *what);

#endif
