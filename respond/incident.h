/* Incidents: all alerts of one lineage that lie no further apart than a day, when one of them is
 * worth a person's time: who began it, what they became, what they touched, from where.
 *
 * Events of alerts and events that link identities are taken in as they are read, alerts when they
 * are told; the incidents are made when all is read, and are the same for any order of the events
 * (promise P1). Pure. */
#ifndef TW_RESPOND_INCIDENT_H
#define TW_RESPOND_INCIDENT_H

#include "respond/alert.h"
#include "respond/incident_seen.h"
#include "respond/lineage_graph.h"

/* Alerts of one lineage further apart are two incidents. GuardDuty's attack sequences roll over 24
 * hours as well. */
#define INCIDENT_GAP_MS (24 * 3600 * 1000LL)
/* An alert at least so grave makes an incident; those below are further signals of one. So are
 * alerts over several lineages, but in that of their latest event, whose deed completed them: the
 * backup that made a snapshot did not share it. */
#define INCIDENT_LEVEL LEVEL_MEDIUM
/* As many as GuardDuty's attack sequences hold; what is cut is told. */
#define INCIDENT_ACTORS_MAX    400
#define INCIDENT_ENDPOINTS_MAX 400
#define INCIDENT_RESOURCES_MAX 400
#define INCIDENT_SIGNALS_MAX   100
#define INCIDENT_LINKS_MAX     800
#define INCIDENT_KEYS_MAX      400
/* Alerts of one run: 100 bytes each, with 200 ids of 16 bytes at most. */
#define INCIDENT_ALERTS_MAX   (1u << 20)
#define INCIDENT_EVIDENCE_MAX (1u << 23)
#define INCIDENT_ID_BYTES     16

/* An alert as incidents keep it. */
struct incident_alert {
    struct id128 name; /* of its id */
    struct str id;
    const struct rs_window *window;
    uint32_t updates;
    bool timed, estimated;
    int64_t first_ms, last_ms;
    uint64_t count;
    uint32_t first_event, n_events; /* in incidents.evidence */
};

/* Where a node of the graph went in the incident being made; stale unless stamp is the present one.
 */
struct incident_mark {
    uint32_t stamp;
    uint32_t actor, key; /* positions, or LINEAGE_NONE */
    bool acts;           /* an event of the incident is its own */
};

/* One alert as part of a lineage. */
struct incident_signal {
    const struct incident_alert *alert;
    uint32_t root;      /* of the lineage */
    struct id128 actor; /* who did its earliest event in this lineage */
    bool main;          /* its latest event is of this lineage */
    /* The alert's, or those of the lineage's own events when the alert has several lineages. */
    int64_t first_ms, last_ms;
};

struct incidents {
    const struct ruleset *rules;
    struct lineage_graph graph;
    struct seen_events seen;
    struct vec alerts;   /* struct incident_alert */
    struct vec evidence; /* struct id128, as seen_id makes them */
    struct lineage_map alert_at;
    struct arena bytes;
    struct vec signals; /* struct incident_signal, by root and time; after incidents_group */
    struct vec groups;  /* struct incident_group, in the order of their times */
    uint32_t *by_end;   /* positions of the graph's links, ordered by `to` */
    struct incident_mark *marks; /* by node of the graph: for incident_make */
    uint32_t stamps;
    struct lineage_event reading;
    struct lineage_names names;
    uint64_t unplaced; /* alerts of which no event was kept: they are in no incident */
};

/* The signals of one incident. */
struct incident_group {
    uint32_t first, n; /* in signals, by time */
    enum level level;  /* of the gravest */
    bool timed;
    int64_t first_ms, last_ms;
    char id[2 * INCIDENT_ID_BYTES + 1];
    /* Of an incident that lies in a state (respond/incident_recall.h); of a run all 0. */
    uint32_t updates;         /* 0: told for the first time; n: its n-th update */
    uint32_t left_out;        /* signals beyond those kept */
    const struct str *joined; /* ids that turned out to be this incident's; borrowed */
    size_t n_joined;
};

/* rules are borrowed. */
void incidents_init(struct incidents *x, const struct ruleset *rules);
void incidents_release(struct incidents *x);

/* Takes an event, read into ev: its links, and, when `hit`, what alerts tell of it. To be called
 * for the events that rules hold for and for those that lineage_links names. */
void incidents_see(struct incidents *x, struct event *ev, const struct facts *f, bool hit);

/* Takes an alert; of several messages with one id the last update counts. ERR_LIMIT when there are
 * more than fit. */
TW_MUST_USE bool incidents_alert(struct incidents *x, const struct alert *a, struct err *e);

/* The id of an incident, half a SHA-256 over its earliest alert's id (32 hexadecimal digits) and
 * the node of who did that alert's earliest event. */
void incident_id(unsigned char id[INCIDENT_ID_BYTES], struct str alert, struct id128 actor);

/* All is in: joins the lineages and groups the alerts. x->groups then holds the incidents, ordered
 * by (first, id). Nothing may be added afterwards. */
TW_MUST_USE bool incidents_group(struct incidents *x, struct err *e);

/* Makes it ready for incident_make when graph, alerts and signals were put in by other means, a
 * signal's root being that of its lineage in the graph. */
TW_MUST_USE bool incidents_order(struct incidents *x, struct err *e);

#endif
