/* Silence: whether logs of every account and region still come.
 *
 * Announced objects are noted for their account in the state (handlers/roll.h), each at most once
 * in twenty minutes, and the account in a list of all; a scheduled order looks through them.
 * Metrics by account and region would cost their price for each pair, and an alarm cannot miss a
 * series that it has never heard of (docs/operations.md). Losing a note loses nothing but some
 * minutes. */
#ifndef TW_HANDLERS_WATCH_H
#define TW_HANDLERS_WATCH_H

#include "base/vec.h"
#include "handlers/logkey.h"
#include "handlers/state.h"

/* The time between two notes of the same thing. A silence counts from the last note, hence up to so
 * much too early: digests come each hour, and two hours are the least that the template asks for.
 */
#define WATCH_STEP_MS 1200000
/* Accounts of an organization: its quota is 10,000 at most. */
#define WATCH_ACCOUNTS_MAX 10000
/* Pairs that a process remembers to have noted: 60 bytes each. When they are full it begins anew.
 */
#define WATCH_SEEN_MAX 4096

struct watch {
    const struct port_state *state;
    struct vec seen; /* struct watch_seen */
};

struct watch_counts {
    uint64_t watched, silent; /* regions of accounts */
};

/* One silent region; borrowed for the call. */
struct watch_silence {
    struct str account, region;
    int64_t last_ms;
};

/* state is borrowed. */
void watch_init(struct watch *w, const struct port_state *state);
void watch_release(struct watch *w);

/* An object was announced now. What was written on an earlier day than yesterday (a backfill's)
 * says nothing of today, and is passed over. */
void watch_saw(struct watch *w, const struct logkey *k, int64_t now_ms);

/* Writes what was seen and is not on record. On failure it stays to be written. ERR_RETRY, also
 * when others were always faster; else as the state. */
TW_MUST_USE bool watch_settle(struct watch *w, int64_t now_ms, struct err *e);

/* Looks through all that is on record and tells what has been silent for more than limit_ms. */
TW_MUST_USE bool watch_look(struct watch *w, int64_t now_ms, int64_t limit_ms,
                            void (*tell)(void *to, const struct watch_silence *s), void *to,
                            struct watch_counts *counts, struct err *e);

#endif
