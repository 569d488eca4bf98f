/* One random schedule's subject: identities, what events say of them, alerts over events, and the
 * objects that they come in. Times are whole hours and seconds, so that much lies exactly at the
 * definition's limits. */
#ifndef TW_TESTS_MODEL_LINEAGE_PLAN_H
#define TW_TESTS_MODEL_LINEAGE_PLAN_H

#include "base/err.h"
#include "engine/ruleset.h"
#include "respond/lineage.h"
#include "tests/model/rng.h"

#define LP_NODES      14
#define LP_LANES      5
#define LP_SLOTS      3 /* sessions of one lane, copies of one call */
#define LP_EVENTS     40
#define LP_LINKS      2 /* of one event */
#define LP_ALERTS     10
#define LP_EVIDENCE   3  /* events of one alert */
#define LP_BUNDLES    80 /* events once, a quarter of them twice, alerts' apart */
#define LP_RULES      4  /* of the levels informational, low, medium, critical */
#define LP_HOUR_MS    (3600 * 1000LL)
#define LP_HOURS      150
#define LP_TIE_NONE   UINT32_MAX
#define LP_ALERT_NONE UINT32_MAX

struct lp_node {
    struct id128 id;
    enum lineage_kind kind;
};

struct lp_link {
    uint32_t from, to;
    enum lineage_type type;
    enum lineage_strength strength;
};

/* A tie as one event leaves it. */
struct lp_tie {
    uint32_t lane;
    enum lineage_tie_kind kind;
    int64_t time;
    uint32_t node;
};

struct lp_event {
    int64_t time;
    uint32_t actor;
    bool links_itself; /* lineage_links names it */
    bool hit;          /* it is evidence of an alert */
    uint32_t n_links;
    struct lp_link links[LP_LINKS];
    bool tied;
    struct lp_tie tie;
};

/* An alert over events that come in one object; or, when they are `gathered`, each by itself, and
 * it is told by whoever sees that all are there. The former may have a later message, which tells
 * of a later end, and may be called for by an object with none of the events: who did them is then
 * known from the alert's details alone. */
struct lp_alert {
    bool gathered;
    uint32_t n_events;
    uint32_t events[LP_EVIDENCE]; /* ascending in time */
    uint32_t rule;
    int64_t first, last;
    int64_t grown; /* last of its update; `last` when it has none */
};

/* Events that come together, and the message that they call for. */
struct lp_bundle {
    uint32_t n_events;
    uint32_t events[LP_EVIDENCE];
    uint32_t alert, update; /* LP_ALERT_NONE: none */
};

struct lp_object {
    uint32_t n;
    uint32_t bundles[4];
};

struct lineage_plan {
    uint64_t salt; /* of all ids, so that plans in one store do not meet */
    bool exact;    /* every tie has one answer: the lineages are the definition's */
    uint32_t n_nodes, n_lanes, n_events, n_alerts, n_bundles, n_objects;
    struct lp_node nodes[LP_NODES];
    struct id128 lanes[LP_LANES];
    struct lp_event events[LP_EVENTS];
    struct lp_alert alerts[LP_ALERTS];
    struct lp_bundle bundles[LP_BUNDLES];
    struct lp_object objects[LP_BUNDLES];
};

void lineage_plan_make(struct lineage_plan *p, struct rng *r, uint64_t salt);

/* Rules of the levels above. Rule i's own window is i. */
TW_MUST_USE bool lineage_plan_rules(struct ruleset **out, struct err *e);
/* Of rule i. */
enum level lineage_plan_level(uint32_t rule);

/* The id of an event and of an alert, as windows make them: a UUID, and 32 digits. */
struct str lineage_plan_event_id(const struct lineage_plan *p, uint32_t event, struct buf *out);
struct str lineage_plan_alert_id(const struct lineage_plan *p, uint32_t alert, struct buf *out);

/* Describes the plan on stderr. */
void lineage_plan_print(const struct lineage_plan *p);

#endif
