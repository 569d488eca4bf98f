/* The lanes in which ties wait for those that they tie to: what this delivery adds, and what it
 * finds there. Inner part of lineages. */
#ifndef TW_HANDLERS_LINEAGE_LANES_H
#define TW_HANDLERS_LINEAGE_LANES_H

#include "handlers/lineage_work.h"

#define LANE_KINDS (LINEAGE_COPY + 1)

/* What of a lane is to be read. */
struct span_read {
    int64_t from_ms, to_ms;
    bool ever, wanted; /* it was wanted once; it is to be read now */
};

struct lane {
    struct id128 id;
    struct span_read ask[LANE_KINDS];
    struct vec found[LANE_KINDS]; /* struct element, sorted; of issues without proofs */
    struct vec proofs;
};

/* A tie of this delivery. */
struct own_tie {
    const struct lineage_tie *tie;
    struct id128 node;
    const struct proven *by;
    size_t lane;
};

struct tying {
    struct lineages *l;
    struct vec ties;  /* struct own_tie */
    struct vec lanes; /* struct lane */
    struct lineage_map lane_at;
    struct vec edges; /* struct edge */
};

static inline struct lane *lane_of(const struct tying *t, size_t i)
{
    return vec_at(&t->lanes, i);
}

/* The element of a tie. That of a copy tells its account, in order as the tie's time is. */
struct element lane_element(const struct own_tie *own);

/* Elements of one kind within a time, both ends included. */
struct lane_range {
    const struct element *first, *end;
};

struct lane_range lane_within(const struct lane *lane, enum lineage_tie_kind kind, int64_t from_ms,
                              int64_t to_ms);

/* Gathers the ties of what is queued, adds them to their lanes, and only then reads what they may
 * meet there. Released in any case. */
TW_MUST_USE bool lanes_init(struct tying *t, struct lineages *l, struct err *e);
void lanes_release(struct tying *t);

#endif
