/* Keys on disk: sorted runs of them, each twice the one before, in temporary files that disappear
 * with the process. */
#ifndef TW_ADAPTERS_ONCE_RUNS_H
#define TW_ADAPTERS_ONCE_RUNS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* A key as two numbers of its bytes: hashes, so that where one lies can be told from its value. */
struct once_id {
    uint64_t a, b;
};

/* Runs of more than 2^40 times what memory holds are no run of a program. */
#define ONCE_RUNS_MAX 40

struct once_run {
    FILE *file; /* NULL: there is none of this size */
    uint64_t n;
};

/* Zeroed, it holds nothing. Run i is made of 2^i batches. */
struct once_runs {
    struct once_run runs[ONCE_RUNS_MAX];
};

void once_runs_release(struct once_runs *s);

/* Puts a batch aside: n ids in ascending order, none of which is there already. ERR_SYSTEM when the
 * file system refuses; what was there is lost then. */
TW_MUST_USE bool once_runs_add(struct once_runs *s, const struct once_id *ids, size_t n,
                               struct err *e);

/* *found: the id is there. One or two reads a run. */
TW_MUST_USE bool once_runs_find(const struct once_runs *s, struct once_id id, bool *found,
                                struct err *e);

/* Less than, equal to or greater than 0, as of memcmp. */
int once_id_compare(struct once_id x, struct once_id y);

#endif
