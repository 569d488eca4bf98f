/* The definition of windows, word for word and without any haste: what engine/window.c and the
 * protocol of handlers/settle.c must come to, whatever order events arrive in. It shares no code
 * with them.
 *
 * An element is (time, what, event). A rule holds at a moment t when the elements in the closed
 * span [t - timespan, t] satisfy its condition. Whether it holds can change only where an element
 * enters the span or has just left it, so only those moments are looked at. */
#ifndef TW_TESTS_MODEL_ORACLE_H
#define TW_TESTS_MODEL_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORACLE_STEPS 8 /* of one rule, in these tests */

enum oracle_kind {
    ORACLE_COUNT,    /* at least n elements */
    ORACLE_DISTINCT, /* at least n different values of what */
    ORACLE_SETS,     /* see sets */
    ORACLE_ORDERED   /* steps 0, 1, ... n - 1 one after another */
};

struct oracle_rule {
    enum oracle_kind kind;
    uint32_t n;
    int64_t timespan, gap, cell;
    uint32_t pairs_max; /* of a cell; beyond it times are told apart by slots */
    bool strict;        /* ORDERED: equal times are not in order */
    /* SETS: each set has bit i for step i. any: one set has come whole; else each set has come in
     * part. */
    bool any;
    uint32_t n_sets;
    uint32_t sets[ORACLE_STEPS];
};

struct oracle_element {
    int64_t time;
    uint32_t what;
    uint32_t event;
};

struct oracle_span {
    int64_t first, until;
};

/* Drops equal elements; returns how many are left. */
size_t oracle_unique(struct oracle_element *list, size_t n);

/* The spans at which the rule holds, joined where no moment lies between them; at most 2n. Returns
 * how many. The elements are sorted by oracle_unique. */
size_t oracle_holds(const struct oracle_rule *r, const struct oracle_element *list, size_t n,
                    struct oracle_span *out);

/* Joins spans no further apart than gap, in place. */
size_t oracle_join(struct oracle_span *list, size_t n, int64_t gap);

/* The moments that a rule hands to the rules above it: the times of elements at which it holds,
 * ascending, each once. In a cell with more times than pairs_max a store need not keep each of
 * them: then `all` gives every one, and without it only those that it cannot lose. */
size_t oracle_moments(const struct oracle_rule *r, const struct oracle_element *list, size_t n,
                      bool all, int64_t *out);

#endif
