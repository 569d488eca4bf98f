/* Lineages: what the links of many events join. The answer depends on the set of events alone, not
 * on their order (promise P1).
 *
 * Certain and strong links join at once. Ties (respond/lineage.h) wait until all events are read,
 * since records of one second come in any order:
 *   issue -> use      the lane's issue of the second the session began, else the nearest within two
 *                     seconds. When two unlike callers fit, nobody is picked: both links are kept,
 *                     weak
 *   call for another  with a creationDate of its own, it belongs to the one session of its lane
 *                     that can have been alive; to none when there are several
 *   made role         a role's session is its maker's when it began within a day of the role's
 *                     making: who makes a role to use it does so at once, while the roles that a
 *                     deployment makes are used for years by others
 *   name              stands for its user when only one bore it
 *   copies of a call  are one caller's when they went to different accounts
 * This is repeated until nothing changes, for an issuer may only then turn out to be the other. */
#ifndef TW_RESPOND_LINEAGE_GRAPH_H
#define TW_RESPOND_LINEAGE_GRAPH_H

#include "base/arena.h"
#include "base/vec.h"
#include "respond/lineage.h"
#include "respond/lineage_map.h"

/* Nodes and links of one run, some 100 bytes each with their names; what is beyond is counted, and
 * what it would have joined stays apart. */
#define LINEAGE_NODES_MAX      (1u << 20)
#define LINEAGE_LINKS_MAX      (1u << 21)
#define LINEAGE_TIES_MAX       (1u << 21)
#define LINEAGE_TEXT_BYTES_MAX (256u << 20)
/* Between an issuing record and the creationDate of its session: 0 s in all 129 measured. */
#define LINEAGE_SLACK_MS 2000
/* A session lives at most so long (IAM's MaxSessionDuration; 36 h of GetFederationToken). */
#define LINEAGE_SESSION_MS (36 * 3600 * 1000LL)
#define LINEAGE_ROLE_MS    (24 * 3600 * 1000LL)
/* A pass can only make the next one useful where two issuers of one session turned out to be one
 * lineage; chains of that are as long as roles are chained. */
#define LINEAGE_PASSES_MAX 32

#define LINEAGE_NONE UINT32_MAX

struct graph_node {
    struct id128 id;
    struct str name, account; /* the graph's own */
    int64_t created_ms;       /* or INT64_MIN */
    uint32_t parent;          /* of the union */
    uint32_t size;            /* of the root of a lineage: its nodes */
    uint8_t kind;
};

struct graph_link {
    uint32_t from, to;
    int64_t time_ms; /* of the earliest event that proves it; INT64_MAX when none tells its time */
    struct id128 event;
    uint8_t type, strength;
};

struct lineage_graph {
    struct vec nodes; /* struct graph_node */
    struct vec links; /* struct graph_link; after lineage_graph_join: ordered by (from, to) */
    struct vec ties;  /* of lineage_graph.c */
    struct lineage_map node_at, link_at;
    struct arena texts;
    uint64_t cut; /* nodes, links and ties that found no room, and events with too many */
};

/* Of the names that events give one node the one that says most, whatever came first: an ARN, else
 * the longest, else the first of the alphabet. Whether that is a. */
bool lineage_is_better_name(struct str a, struct str b);

void lineage_graph_init(struct lineage_graph *g);
void lineage_graph_release(struct lineage_graph *g);

/* Takes what one event proves; event is its id. Gives the positions of its actor and of the key
 * that signed it; LINEAGE_NONE where there is none, or no room. The same event may come again. */
void lineage_graph_add(struct lineage_graph *g, const struct lineage_event *from, bool timed,
                       int64_t time_ms, struct id128 event, uint32_t *actor, uint32_t *key);

/* Makes one lineage of two nodes' that are known to be akin, whatever links were added. */
void lineage_graph_unite(struct lineage_graph *g, uint32_t a, uint32_t b);

/* All events are in: resolves the ties. Nothing may be added afterwards. */
void lineage_graph_join(struct lineage_graph *g);

/* A number for the lineage that a node belongs to: the position of one of its nodes. Equal for all
 * of them. */
uint32_t lineage_graph_root(const struct lineage_graph *g, uint32_t node);

static inline const struct graph_node *lineage_graph_node(const struct lineage_graph *g, uint32_t n)
{
    return vec_at(&g->nodes, n);
}

#endif
