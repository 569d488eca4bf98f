/* What the steps of settling share. Inner part of windows: settle.c orders the steps, and each step
 * works on a batch of entries side by side. */
#ifndef TW_HANDLERS_SETTLING_H
#define TW_HANDLERS_SETTLING_H

#include "handlers/deeds.h"
#include "handlers/entries.h"

#define CLAIMS_KEPT_MS   1296000000LL /* 15 days: a message may wait 14 in a dead-letter queue */
#define BATCH_MEMORY_MAX (16u << 20)  /* 256 claims of some 6 KB, read ten times */
#define SWAP_PAUSE_MS    20           /* before a lost swap is tried again, times its number */

/* An entry that claims, and what the state holds of it. */
struct work {
    struct entry *en;
    const struct rs_window *window;
    struct window eval;
    struct claims claims;
    uint64_t version;
    bool done; /* with the change of claims that is under way */
    bool told; /* something that is not marked yet */
};

struct batch {
    struct windows *w;
    struct work *works;
    size_t n;
    struct arena memory;
};

/* Superfluous elements found while reading; dropped when everything is on record. */
struct drops {
    struct vec list;     /* struct state_drop; elements counts into `elements` until sent */
    struct vec elements; /* struct element */
};

/* Some of a sorted list. */
struct range {
    const struct element *p;
    size_t n;
};

static inline int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline const struct rs_window *entry_window(const struct windows *w, const struct entry *en)
{
    return w->cfg.rules->windows + en->window;
}

/* Puts an entry's own elements and deeds in order, each once. */
static inline void entry_sort(struct entry *en)
{
    en->elements.n = window_sort(en->elements.p, en->elements.n);
    en->deeds.n = window_sort(en->deeds.p, en->deeds.n);
}

/* Says so in e; false. */
bool settle_no_memory(struct err *e);

/* ---- work.c ---- */

/* Those of the sorted elements from from_ms to until_ms, both included. */
struct range elements_between(const struct vec *sorted, int64_t from_ms, int64_t until_ms);
/* The events behind an entry: its elements, or, chained, what its inputs passed on. */
const struct vec *work_events(const struct work *k);
/* What was written of the first event of that span: of the crowd that begins in it or, failing
 * that, runs into it. NULL when nothing was. */
const struct glimpse *work_glimpse(const struct work *k, int64_t first_ms, int64_t until_ms);
/* The same as text, absent when nothing was written. */
struct str work_details(const struct work *k, int64_t first_ms, int64_t until_ms);
/* This delivery's part in the claims of an entry. */
struct claiming work_claiming(const struct windows *w, const struct entry *en);
/* Whether an episode that begins then gets no alert. */
bool work_is_muted(const struct windows *w, const struct work *k, int64_t first_ms);
/* Whether nothing that the work touched is left to be told. */
bool work_is_settled(const struct work *k);

/* ---- the steps; each fails as windows_settle does ---- */

/* thin.c: makes room among what is gathered by dropping superfluous elements, when there are too
 * many; *room tells whether there is some now. */
TW_MUST_USE bool windows_thin(struct windows *w, bool *room, struct err *e);
/* learn.c: notes when the accounts and keys of first_seen entries of that depth were first seen,
 * and which values they have; decides which entries are known, or beyond the cap and hence stray.
 */
TW_MUST_USE bool settle_learn(struct windows *w, uint32_t depth, struct err *e);
/* Remembers what first_seen entries of the batch have on record, once they are settled. */
void settle_remember(const struct batch *b);
/* collect.c: adds the elements of the batch to their buckets; one that takes no more is thinned
 * first. */
TW_MUST_USE bool settle_add(struct batch *b, struct err *e);
/* Reads those buckets, and all within a timespan of own elements, into the entries. */
TW_MUST_USE bool settle_read(struct batch *b, struct err *e);
/* Finds the entries' spans; notes in d what of that which was read is superfluous. */
TW_MUST_USE bool settle_find(struct batch *b, struct drops *d, struct err *e);
/* Appends the spans at which the window holds, joined when they are no further apart than gap_ms.
 */
TW_MUST_USE bool settle_spans(const struct work *k, int64_t gap_ms, struct vec *spans,
                              struct err *e);
/* Drops what was noted. */
TW_MUST_USE bool settle_drop(struct windows *w, struct drops *d, struct err *e);
/* feed.c: hands moments and events to the entries of the windows above. */
TW_MUST_USE bool settle_feed(struct batch *b, struct err *e);
/* claim.c: strays claim in an item that nobody keeps; the others, those that are not done, by
 * compare-and-set until it succeeds. */
TW_MUST_USE bool settle_claim_strays(struct batch *b, struct err *e);
TW_MUST_USE bool settle_claim(struct batch *b, struct err *e);
/* Notes in the items what was told. */
TW_MUST_USE bool settle_mark(struct batch *b, struct err *e);
/* tell.c: tells what is this delivery's, in the order of entries and claims. A message that is
 * refused holds back none of the others; what was told is to be noted even when this fails. */
TW_MUST_USE bool settle_tell(struct batch *b, struct err *e);
/* Tells all episodes of a delivery that is all there is. */
TW_MUST_USE bool settle_tell_whole(struct batch *b, struct err *e);
/* Says to the caller that alerts were told, when some were. */
TW_MUST_USE bool settle_told(struct batch *b, struct err *e);

#endif
