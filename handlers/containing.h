/* Containment inside the function: what alerts and incidents say of it, notices, and the orders
 * that operators give by invoking it. */
#ifndef TW_HANDLERS_CONTAINING_H
#define TW_HANDLERS_CONTAINING_H

#include "handlers/contain.h"
#include "respond/incident_make.h"
#include "respond/rendered.h"

/* What is put behind an alert or incident: some principals with their steps. */
#define CONTAINING_JSON_MAX (64u << 10)
#define CONTAINING_TEXT_MAX (16u << 10)
/* TRAILWARDEN_BUCKETS: a trail has one bucket, an organization a handful. */
#define CONTAINING_BUCKETS_MAX 64

/* All borrowed. */
struct containing_config {
    const struct contain_config *config;
    enum contain_mode mode;
    const struct ruleset *rules;
    struct str buckets; /* comma separated */
};

struct containing_calls {
    void *to;
    bool (*walk)(void *to, const struct lineage_ask *ask, struct arena *a, struct lineage_walk *out,
                 struct err *e);
    /* The incident of an id; found->record NULL: there is none. */
    bool (*find)(void *to, const unsigned char id[INCIDENT_ID_BYTES], struct arena *a,
                 struct found_incident *found, struct err *e);
    void (*note)(void *to, const char *sentence);
};

struct containing;

/* NULL, with e: without memory, or ERR_USAGE when no bucket is named, or too many. */
struct containing *containing_new(const struct containing_config *cfg, const struct ports *ports,
                                  struct containing_calls calls, struct err *e);
void containing_free(struct containing *c);

/* As container_begin, _see, _settle, _follow, _check. A check that fails is a note: the next one
 * comes.
 */
void containing_begin(struct containing *c, const struct delivery *d);
void containing_see(struct containing *c, struct event *ev, const struct facts *f);
TW_MUST_USE bool containing_settle(struct containing *c, struct err *e);
TW_MUST_USE bool containing_follow(struct containing *c, struct err *e);
void containing_check(struct containing *c);

/* Puts behind the rendered alert what will be done about it: in its JSON "containment":[...] (as
 * contain_put_plan_json), in its text a paragraph. What does not fit is left out. Alerts are told,
 * whatever becomes of this; the alert is remembered for containing_settle in any case. */
void containing_alert(struct containing *c, const struct alert *a, struct rendered *r);

/* Puts behind the rendered incident what became of those in it: "containment":[{"principal",
 * "state",...}] (as contain_put_state) and a paragraph. */
void containing_incident(struct containing *c, const struct incidents *x, struct rendered *r);

/* Whether an action of this name is one that containing_order carries out. */
bool containing_obeys(struct str action);

/* Carries out {"action":"contain",...}, the value of "trailwarden" in a payload
 * (docs/envelopes.md), and appends the answer. ERR_USAGE when it is none of ours: unknown action or
 * member, a member twice, a wrong type, no such approval. */
TW_MUST_USE bool containing_order(struct containing *c, struct str action, struct buf *answer,
                                  struct err *e);

/* Notices published since it was made. */
uint64_t containing_notices(const struct containing *c);
const struct contain_counts *containing_counts(const struct containing *c);

#endif
