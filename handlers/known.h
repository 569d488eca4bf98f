/* What this process knows to be on record, so that it need not ask the state again: for some keys
 * the span of time that their item has. It lasts from one delivery to the next, is bounded, and
 * forgets whom it has not met for long.
 *
 * It may only ever say "that is on record already": what is on record stays there for as long as
 * events of that span can come. It says nothing about what is not there, or about what others
 * added: for that the state is asked (docs/state.md). */
#ifndef TW_HANDLERS_KNOWN_H
#define TW_HANDLERS_KNOWN_H

#include "handlers/state.h"

/* 16,384 sets of four, 24 bytes each: 1.5 MB, beside which a Lambda of 128 MB has room enough. An
 * account of 1,000 identities with 60 values each fits. */
#define KNOWN_MAX  65536
#define KNOWN_WAYS 4

/* Times in seconds since 1970, the span rounded inwards; one of before 1970 or after 2106 is not
 * kept. first_s 0 is a free place. */
struct known_span {
    struct state_key key;
    uint32_t first_s, until_s;
};

struct known {
    struct known_span *list; /* KNOWN_MAX of them, or NULL: it knows nothing and learns nothing */
};

/* The memory, all free. ERR_SYSTEM without memory. */
TW_MUST_USE bool known_init(struct known *k, struct err *e);
void known_release(struct known *k);

/* Whether the item of that key has all from first_ms to until_ms, but for the last slack_ms. */
bool known_has(const struct known *k, const struct state_key *key, int64_t first_ms,
               int64_t until_ms, int64_t slack_ms);

/* Notes what the item has, in place of what was noted before, or of the one of its set that was
 * noted first. */
void known_put(struct known *k, const struct state_key *key, int64_t first_ms, int64_t until_ms);

#endif
