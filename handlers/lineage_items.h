/* What lineages keep in the state: the item of a node, and the keys that everything lies under.
 * Pure. Inner part of lineages. */
#ifndef TW_HANDLERS_LINEAGE_ITEMS_H
#define TW_HANDLERS_LINEAGE_ITEMS_H

#include "handlers/lineages.h"

#define LINEAGE_DAY_MS  (24 * 3600 * 1000LL)
#define LANE_BUCKET_MS  (12 * 3600 * 1000LL)
#define MADE_BUCKET_MS  LINEAGE_DAY_MS
#define INDEX_BUCKET_MS LINEAGE_DAY_MS

/* Who is behind a node. */
struct up_link {
    struct id128 from;
    uint8_t type, strength; /* enum lineage_type, lineage_strength */
    int64_t time_ms;        /* of the earliest event that proves it; INT64_MAX when none tells */
    struct id128 event;
};

struct node_item {
    uint8_t kind;                      /* enum lineage_kind; LINEAGE_KINDS: nobody said yet */
    struct str name, account, session; /* as struct lineage_node's */
    int64_t created_ms;
    int64_t
        written_ms; /* when this was written: what is in use is written once a day, to live on */
    bool moved;
    struct id128 moved_to;
    struct up_link up[LINEAGES_UP_MAX]; /* by (from, type) */
    uint32_t n_up;
    struct book book; /* of a root */
};

/* Of a node that has no item; strings and records go into the arena. */
void node_item_init(struct node_item *it, struct arena *memory);
void node_item_release(struct node_item *it);

/* The bytes of a claims item: version (1), kind (1), created and written (8 each), name, account
 * and session with their lengths (2 each; all ones: absent), moved (1) and, if so, the node (16);
 * number of up-links (1), those: node (16), type, strength (1 each), time (8), event (16); and of a
 * root its records. Empty: there is no item, and it stays as initialised. ERR_INPUT when it is none
 * of ours. */
TW_MUST_USE bool node_item_decode(struct node_item *it, struct str blob, struct err *e);
void node_item_encode(const struct node_item *it, struct buf *out);

/* Takes what an event says of the node. *changed is set when that is new, else left alone. False
 * when the arena is full. */
TW_MUST_USE bool node_item_name(struct node_item *it, const struct lineage_node *by, bool *changed);

/* Takes an up-link; UP_FULL: it found no room among surer and earlier ones. */
enum up_change { UP_SAME, UP_CHANGED, UP_FULL };
enum up_change node_item_link(struct node_item *it, const struct up_link *by);

/* Links that say that two nodes are one: from a key, a name, an instance. Their elements lie apart
 * from what was made, in one bucket, and are found at any time. */
bool link_is_naming(uint8_t type);

/* ---- keys ---- */

struct state_key node_key(struct id128 node);
struct state_key lane_key(struct id128 lane, enum lineage_tie_kind kind);
struct state_key made_key(struct id128 from, bool naming);
struct state_key incident_key(const unsigned char id[INCIDENT_ID_BYTES]);
struct state_key index_key(void);

/* The bucket that a time lies in. */
int64_t bucket_of(int64_t time_ms, int64_t bucket_ms);

#endif
