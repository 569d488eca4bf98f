/* Texts put aside until their order is known: in memory, and beyond its share in a temporary file
 * that disappears with the process. */
#ifndef TW_ADAPTERS_SPOOL_H
#define TW_ADAPTERS_SPOOL_H

#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

#define SPOOL_MEMORY_MAX (64u << 20)

struct spool {
    struct buf memory;
    FILE *file; /* NULL until memory is full */
    uint64_t n; /* bytes in all */
};

/* memory_max: SPOOL_MEMORY_MAX, or less in tests. */
void spool_init(struct spool *s, size_t memory_max);
void spool_release(struct spool *s);

/* Empties it; the file stays, and is written from its beginning. */
void spool_reset(struct spool *s);

/* Puts a text behind the others; *at is where it lies. ERR_SYSTEM when the file fails. */
TW_MUST_USE bool spool_put(struct spool *s, struct str text, uint64_t *at, struct err *e);
/* Appends the n bytes that lie at `at`, all of one text, to out. */
TW_MUST_USE bool spool_get(struct spool *s, uint64_t at, size_t n, struct buf *out, struct err *e);

#endif
