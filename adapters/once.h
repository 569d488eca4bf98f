/* What was told already, so that an event that is delivered twice is told once. */
#ifndef TW_ADAPTERS_ONCE_H
#define TW_ADAPTERS_ONCE_H

#include "base/err.h"
#include "base/str.h"

#define ONCE_KEY_BYTES 16 /* 128 bits of SHA-256: two of 10^12 keys meet with chance 10^-15 */
/* Keys in memory, 16 bytes each in a table at most half full: 4 MiB. Beyond, they go to temporary
 * files (adapters/once_runs.h), behind a filter of 2 MiB in memory. */
#define ONCE_MEMORY_MAX (1u << 17)

struct once;

/* memory_max: ONCE_MEMORY_MAX, or less in tests. NULL without memory. */
struct once *once_new(size_t memory_max);
void once_free(struct once *s);

/* The key of (rule, event id), for once_add. */
void once_key(struct str rule, struct str event, unsigned char key[ONCE_KEY_BYTES]);

/* Remembers the key; *fresh tells that it was not there. ERR_SYSTEM when a file fails. */
TW_MUST_USE bool once_add(struct once *s, const unsigned char key[ONCE_KEY_BYTES], bool *fresh,
                          struct err *e);

#endif
