/* Lineages and incidents over many deliveries: what events prove of who is behind whom, and what is
 * told of their alerts, kept in the state of handlers/state.h with the calls that windows use.
 *
 * What lies there, each under a key of its own (docs/state.md):
 *   node      a claims item for each identity: its names, who is behind it (up-links), and either
 *             the node that its lineage has MOVED under, or, of a ROOT, the lineage's incidents
 *             (respond/incident_record.h)
 *   lanes     ties (respond/lineage.h) wait in buckets, each kind in those of its own, for those
 *             that they tie to
 *   made      what was made by a node, as elements (time, type and strength, node)
 *   registry  incident id -> node; and all incidents by day
 *
 * How lineages join. A root moves under another in two steps: (a) the winner is written, with the
 * loser's records merged in; (b) the loser is written as moved, at the version that was read before
 * (a). A conflict in either starts it anew. No ring can come of it: the loser of each move was
 * unchanged from its reading to (b), and whoever moves something under it writes it first. So in a
 * ring each move's reading would come before the next one's touch, and so on around. A node that
 * has no item yet (FRESH) is written as moved at once: nobody can have moved anything under it.
 * Moves are never undone. What a dead worker left between (a) and (b) the redelivery finishes.
 *
 * Ties are added before they are read, so that of two deliveries at once at least one sees both.
 * Nodes have their item before a tie or link names them.
 *
 * Order of one delivery: begin; see, for each event that links or that rules hold for; whenever
 * alerts were published and before they are marked as told: alert for each, then settle; settle
 * once more at the end (links without alerts join incidents too). An alert is thus marked only when
 * its incident has it and the incident's message is out. */
#ifndef TW_HANDLERS_LINEAGES_H
#define TW_HANDLERS_LINEAGES_H

#include "handlers/windows.h"
#include "respond/alert.h"
#include "respond/incident_record.h"
#include "respond/lineage.h"

/* Events of one delivery that rules hold for and that are remembered until it ends; an alert tells
 * 200 of them at most. More are counted as cut. */
#define LINEAGES_HITS_MAX 16384
/* Events with links that are gathered before they are written; more are written early. */
#define LINEAGES_PENDING_MAX 512
/* Bytes of what was gathered and what was read, for a Lambda of 128 MB. */
#define LINEAGES_MEMORY_MAX (24u << 20)
/* Moves that are followed from a node to its root; ways grow by one with each join of two roots,
 * and are made short again when they are walked. What is longer is counted as cut. */
#define LINEAGES_STEPS_MAX 1024
/* Who is behind one node; the surest and earliest are kept. */
#define LINEAGES_UP_MAX 16
/* Bytes of a node's name and account. */
#define LINEAGES_NAME_MAX 256
/* Links, ties and nodes known to be stored, for as long as LINEAGES_KNOWN_MS; 24 bytes each. */
#define LINEAGES_KNOWN_MAX 4096
#define LINEAGES_KNOWN_MS  (6 * 3600 * 1000LL)
/* Items live so long beyond the later of now and their events: a message may wait 14 days in a
 * dead-letter queue; the gap; and 48 hours for clocks and lateness. */
#define LINEAGES_KEPT_MS ((15 + 1 + 2) * 24 * 3600 * 1000LL)

/* An incident's message. All borrowed for the call. */
struct told_incident {
    unsigned char id[INCIDENT_ID_BYTES];
    uint32_t updates;                     /* 0: the first message; n: the n-th update */
    const struct incident_record *record; /* with all ids that joined it */
    struct id128 root;                    /* node of its lineage; lineages_walk goes on from here */
};

struct lineages_calls {
    void *to;
    /* Writes what must be known of an alert to tell it later with its incident
     * (respond/incident_recall.h); the n events, as seen_id makes them, are those of this delivery.
     * The buffer has a maximum of RECALL_TEXT_MAX; empty: nothing is known. */
    void (*write)(void *to, const struct alert *a, const struct id128 *events, size_t n,
                  struct buf *out);
    /* Publishes; true only when it is confirmed. May call lineages_walk. */
    bool (*tell)(void *to, const struct told_incident *i, struct err *e);
};

struct lineages_config {
    const struct ruleset *rules;
    enum level min_level; /* incidents below it are not told */
    bool archive;         /* as windows_config's */
    int64_t memory_ms;    /* as windows_config's; records end so long before they are forgotten */
};

/* Since lineages_new. */
struct lineages_counts {
    uint64_t told;     /* messages of incidents */
    uint64_t cut;      /* hits, links, ties and ways that found no room */
    uint64_t unplaced; /* alerts of which nobody knows who did them: they are in no incident */
    uint64_t joins;    /* roots that moved */
    uint64_t conflicts;
};

struct lineages;

/* All borrowed. NULL, with e, without memory. */
struct lineages *lineages_new(const struct lineages_config *cfg, const struct port_state *state,
                              struct lineages_calls calls, struct err *e);
void lineages_free(struct lineages *l);

/* Begins a delivery; what was gathered before is forgotten, what is known to be stored is not. */
void lineages_begin(struct lineages *l, const struct delivery *d);

/* An event by its two names, worked out once for all who ask. */
struct lineage_evidence {
    struct id128 event; /* id128_of */
    struct id128 seen;  /* seen_id */
};

struct lineage_evidence lineage_evidence_of(struct str evidence);

/* Takes what one event proves; `hit`: rules hold for it, so alerts may name it. The event's links
 * are written when lineage_links named it and its actor is no service, or an alert names it. To be
 * called for those. May write early, and fails then as lineages_link. */
TW_MUST_USE bool lineages_take(struct lineages *l, const struct lineage_event *event, bool links,
                               bool hit, bool timed, int64_t time_ms, struct lineage_evidence id,
                               struct err *e);

/* The same, of an event that was read into ev. */
TW_MUST_USE bool lineages_see(struct lineages *l, struct event *ev, const struct facts *f, bool hit,
                              struct lineage_evidence id, struct err *e);

/* Notes that alerts of other deliveries may be of an event (seen_id) that was taken as a hit: its
 * rules gather the events of several people (handlers/strangers.h). Who did it is written by
 * lineages_link, which is best called before others can see the event in their windows. May write
 * early. */
TW_MUST_USE bool lineages_share(struct lineages *l, struct id128 seen, struct err *e);

/* Takes an alert or update that was just published. Its place is with those who did its events,
 * of this delivery and, of the others, as its doers tell; else with the node that its details name
 * (details.node). */
TW_MUST_USE bool lineages_alert(struct lineages *l, const struct alert *a, struct err *e);

/* Writes the links of what was taken so far. ERR_RETRY when the state did not answer; else what it
 * said. On failure the object must come again. */
TW_MUST_USE bool lineages_link(struct lineages *l, struct err *e);

/* lineages_link, and then: places the alerts in the incidents of their lineages, tells what is this
 * delivery's to tell, marks it. ERR_RETRY when another delivery has still to tell what this one
 * touched; else what the state or `tell` said. */
TW_MUST_USE bool lineages_settle(struct lineages *l, struct err *e);

const struct lineages_counts *lineages_counts(const struct lineages *l);

/* ---- reading ---- */

struct lineage_seen_node {
    struct id128 id;
    enum lineage_kind kind; /* LINEAGE_KINDS: it is only known that it is there */
    struct str name, account;
    struct str session; /* of a KEY: ARN of the role's session it was issued for; else absent */
    int64_t created_ms; /* of a session, when known; else INT64_MIN */
};

/* Ends are ids: of a node that lies outside what was asked for nothing else is known. */
struct lineage_seen_link {
    struct id128 from, to;
    enum lineage_type type;
    enum lineage_strength strength;
    int64_t time_ms; /* of the earliest event that proves it; INT64_MAX when none tells its time */
    struct id128 event; /* as id128_of makes it */
};

struct lineage_walk {
    struct vec nodes; /* struct lineage_seen_node, by id */
    struct vec links; /* struct lineage_seen_link, each once, by (from, to, type) */
    bool cut;         /* there was more */
};

void lineage_walk_init(struct lineage_walk *w);
void lineage_walk_release(struct lineage_walk *w);

/* Where to walk, from n nodes on: upwards to who issued a credential, whenever, and who made a user
 * or set a password within the two times or INCIDENT_GAP_MS before them; downwards to what was made
 * within the two times; and to whom keys, names and instances stand for. It is what
 * respond/incident_make.h tells, and a little more. */
struct lineage_ask {
    const struct id128 *nodes;
    size_t n;
    int64_t from_ms, until_ms;
    size_t max; /* nodes found */
};

/* At most the last 32 days of what was made are read: a query for each node. */
#define LINEAGES_WALK_MS (32 * 24 * 3600 * 1000LL)

/* Strings lie in the arena. Fails as the state does, ERR_LIMIT when the arena is full. */
TW_MUST_USE bool lineages_walk(struct lineages *l, const struct lineage_ask *ask, struct arena *a,
                               struct lineage_walk *out, struct err *e);

/* The incident of that id, or the one that it joined. found->record is NULL when there is none (any
 * more). The record lies in the arena. */
struct found_incident {
    struct id128 root;
    struct incident_record *record;
};
TW_MUST_USE bool lineages_find(struct lineages *l, const unsigned char id[INCIDENT_ID_BYTES],
                               struct arena *a, struct found_incident *found, struct err *e);

/* The newest message of a found incident that went out, or will; its record is not NULL. */
static inline struct told_incident told_of(const struct found_incident *found)
{
    const struct incident_record *r = found->record;
    struct told_incident told = {
        .updates = r->due ? r->due - 1 : 0, .record = r, .root = found->root};
    memcpy(told.id, r->id, sizeof told.id);
    return told;
}

/* Appends (struct listed_incident) what was told first with a beginning between the two times, each
 * once, ascending. */
struct listed_incident {
    int64_t first_ms; /* when it was told first; it may have grown backwards */
    unsigned char id[INCIDENT_ID_BYTES];
};
TW_MUST_USE bool lineages_list(struct lineages *l, int64_t from_ms, int64_t until_ms,
                               struct vec *out, struct err *e);

#endif
