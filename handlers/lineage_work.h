/* What the parts of lineages share: what one delivery has gathered, and the steps that write it.
 * Inner part of lineages. */
#ifndef TW_HANDLERS_LINEAGE_WORK_H
#define TW_HANDLERS_LINEAGE_WORK_H

#include "handlers/lineage_shelf.h"

#define LINEAGES_SWAPS_MAX 64 /* as WINDOWS_SWAPS_MAX */
#define LINEAGES_PAUSE_MS  20 /* before a lost swap is tried again, times its number */
/* Of what is proven, what is looked at before an event's proofs are hashed: by who acted. */
#define LINEAGES_LATELY 64

/* What one or more events prove, told by the earliest of them. */
struct proven {
    struct id128 hash; /* of nodes, links and ties */
    const struct lineage_node *nodes;
    const struct lineage_link *links;
    const struct lineage_tie *ties;
    uint32_t n_nodes, n_links, n_ties;
    int64_t time_ms; /* INT64_MAX: it tells none */
    struct id128 event;
    bool shortened; /* of its nodes' texts, which the hash is over, only the beginnings are here */
    bool queued;    /* to be written */
    bool written;   /* with that event */
};

/* An event that rules hold for. */
struct hit {
    int64_t time_ms; /* INT64_MIN: it tells none */
    struct proven *what;
};

/* Who did one event of an alert. */
struct deed {
    int64_t time_ms;
    struct id128 actor;
};

/* An alert that waits for its place. */
struct placing {
    struct record_signal signal; /* actor, main and times are those of no lineage yet */
    const struct deed *deeds;    /* in the order of the alert's events */
    size_t n_deeds;
};

/* Known to be stored: what was proven, by an event no later than the time. */
struct known_proof {
    struct id128 hash;
    int64_t time_ms;
};

struct lineages {
    struct lineages_config cfg;
    struct port_state state;
    struct lineages_calls calls;
    struct lineages_counts counts;
    struct delivery delivery;
    int64_t latest_ms; /* of the delivery's events */
    struct lineage_event reading;
    struct lineage_names names;
    /* Hits, and what they prove, until the delivery ends. */
    struct arena kept;
    struct vec hits;    /* struct hit */
    struct vec provens; /* struct proven * */
    struct lineage_map hit_at, proven_at;
    struct proven *lately[LINEAGES_LATELY]; /* of provens, or NULL */
    /* What is to be written. */
    struct arena passing; /* of what no hit proves */
    struct vec queue;     /* struct proven * */
    /* What is written, and whose incidents may have joined by it: nodes. */
    struct vec done;    /* struct known_proof */
    struct vec touched; /* struct id128 */
    /* Alerts. */
    struct arena alerts;
    struct vec placings; /* struct placing */
    struct shelf shelf;
    struct known_proof *known; /* LINEAGES_KNOWN_MAX, by their hashes */
    int64_t known_since_ms;
};

/* A link as it is written: between nodes by their ids. */
struct edge {
    struct id128 from, to;
    uint8_t type, strength;
    int64_t time_ms; /* INT64_MAX: its event tells none */
    struct id128 event;
};

static inline bool edge_joins(const struct edge *ed)
{
    return ed->strength >= LINK_STRONG;
}

/* Says so in e; false. */
bool lineages_no_memory(struct err *e);

/* lineage_write.c: writes links and the items of their ends, and joins the lineages of those that
 * are sure; names (const struct lineage_node) are what events say of nodes. *joined tells whether
 * roots moved. The roots of all sure links are touched. */
TW_MUST_USE bool lineages_write(struct lineages *l, struct vec *edges, struct vec *names,
                                bool *joined, struct err *e);

/* lineage_move.c: joins the lineages of a link's ends; *joined is set when a root moved. */
TW_MUST_USE bool lineages_join(struct lineages *l, const struct edge *ed, bool *joined,
                               struct err *e);

/* lineage_ties.c: adds the ties of what is queued, reads what they meet, and writes the links that
 * follow. */
TW_MUST_USE bool lineages_tie(struct lineages *l, struct err *e);

/* lineage_queue.c: adds elements to buckets; one that is full takes no more, which is counted. */
TW_MUST_USE bool lineages_add(struct lineages *l, const struct state_add *list, size_t n,
                              struct err *e);

/* lineage_queue.c: has it written by the next lineages_link, unless that is done or known. */
TW_MUST_USE bool lineages_queue(struct lineages *l, struct proven *p);

/* lineage_settle.c: places the alerts, tells, marks. */
TW_MUST_USE bool lineages_place(struct lineages *l, struct err *e);

#endif
