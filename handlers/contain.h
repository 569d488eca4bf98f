/* Containment: from alerts, approvals and operators' orders to IAM calls, on record before they are
 * made. What may be done is decided by respond/contain_plan.h, for all who ask; here is the order.
 *
 * Of one principal:
 *   plan     with what state and configuration know; refused here, nothing is called at all
 *   look     who the principal is by now, in IAM; plan again
 *   count    it against the caps; plan again when others were faster
 *   record   state ACTING, leased, with how the principal is before anything is done
 *   act      step by step; before each the kill switch is read. A step that is made already is made
 *            again without harm, so who dies in between is followed by the next
 *   note     what came of it, and one notice for the change of state
 *   check    later, whether it still holds (IAM is eventually consistent, and attackers detach):
 *            after 5 s, 30 s, 2 min, 10 min, 30 min, then every hour, whenever an invocation runs.
 *            What was taken off is put on again, and told as critical
 *
 * What the alert's principal made since the alert began (keys, users, roles) and the roles he
 * assumed are contained with him, each by a record of its own.
 *
 * A fault of IAM never fails a delivery: it is on record. A fault of the state does: without a
 * record nothing is done. */
#ifndef TW_HANDLERS_CONTAIN_H
#define TW_HANDLERS_CONTAIN_H

#include "handlers/contain_record.h"
#include "handlers/lineages.h"
#include "respond/alert.h"

/* Alerts of one delivery that are acted on; a flood of them is nearly always of a few principals.
 */
#define CONTAIN_ALERTS_MAX 256
/* Principals of one alert or order: whom he made and became. */
#define CONTAIN_SUBJECTS_MAX 32
/* Nothing is begun when less is left of the invocation: a step with its retries takes seconds. */
#define CONTAIN_MARGIN_MS 3000
/* Strings of one delivery, or of one order. */
#define CONTAIN_MEMORY_MAX (16u << 20)

struct contain_calls {
    void *to;
    /* Publishes a notice: true only when it is confirmed. The same notice may come again, under the
     * same id. NULL: nobody is told (the operator at his terminal reads the answer). */
    bool (*tell)(void *to, const struct contain_record *r, struct err *e);
    /* What was made by the intruder, as lineages_walk; NULL: lineages are not followed. */
    bool (*walk)(void *to, const struct lineage_ask *ask, struct arena *a, struct lineage_walk *out,
                 struct err *e);
    /* A sentence for the log: why a step failed, or was put off. */
    void (*note)(void *to, const char *sentence);
    /* Of delete-user: keeps the full image, JSON, before anything is deleted; false (with e): it
     * is not deleted. Needed for that strategy. */
    bool (*backup)(void *to, struct str json, struct err *e);
    /* Of rotate-key: takes the new key; false: the new key is deleted again. Needed for that. */
    bool (*secret)(void *to, struct str key_id, struct str secret, struct err *e);
};

/* All borrowed. */
struct contain_setup {
    const struct contain_config *config;
    enum contain_mode mode;
    const struct ruleset *rules;
    const struct str *buckets; /* TRAILWARDEN_BUCKETS, cut */
    size_t n_buckets;
    bool by_operator; /* orders come from a person with credentials of his own (the CLI) */
};

struct contain_counts {
    uint64_t contained, partly, failed, released, refused, asked, taken_off;
};

struct container;

/* NULL, with e, without memory. ports: state, iam, clock and random are used. */
struct container *container_new(const struct contain_setup *setup, const struct ports *ports,
                                struct contain_calls calls, struct err *e);
void container_free(struct container *c);
const struct contain_counts *container_counts(const struct container *c);

/* ---- from alerts ---- */

/* Begins a delivery; lease_ms and owner as windows have them. */
void container_begin(struct container *c, const struct delivery *d);

/* Takes an event of the delivery that rules hold for: alerts that begin with what proves nobody are
 * judged by their last event that proves somebody, as far as this delivery saw it. A person is
 * asked then, for whoever signs in after others failed in his name may be their victim. */
void container_see(struct container *c, struct event *ev, const struct facts *f);

/* Writes what will, or in a dry run would, be done about the alert: JSON behind "containment", and
 * a paragraph for people (respond/contain_put.h); both empty when there is nothing to say. Calls
 * only what reads. The alert is remembered for container_settle. */
TW_MUST_USE bool container_alert(struct container *c, const struct alert *a, struct buf *json,
                                 struct buf *text, struct err *e);

/* Acts on the alerts since the last time. To be called when they were published, and before they
 * are marked as told. */
TW_MUST_USE bool container_settle(struct container *c, struct err *e);

/* Once more for those that they made and became: to be called when lineages are settled, for some
 * sessions are only known then. The alerts are forgotten. */
TW_MUST_USE bool container_follow(struct container *c, struct err *e);

/* Looks after what is open: goes on with what a dead worker left, asserts again what was taken off,
 * tells what is untold, lets approvals expire, releases what is to be released. Once an invocation;
 * looks only when something may be due. */
TW_MUST_USE bool container_check(struct container *c, struct err *e);

/* ---- orders ---- */

enum contain_order_verb { ORDER_CONTAIN, ORDER_APPROVE, ORDER_RELEASE };

struct contain_order {
    enum contain_order_verb verb;
    struct str principal; /* ARN of a user, a role or a session; absent: see below */
    struct str approval;  /* APPROVE: "<32 hex>-<n>", as the notice tells it */
    struct str account;   /* the account that the principals must be of; absent: any */
    bool has_incident;    /* CONTAIN: who acted in it, as `subjects` says; RELEASE: all records of
                             it */
    unsigned char incident[INCIDENT_ID_BYTES];
    const struct incident_record *record; /* of that incident (lineages_find); its signals' alerts
                                             name the records */
    struct id128 root;                    /* of its lineage */
    bool has_strategy;
    enum contain_strategy strategy;
    struct str target; /* of entry-cut and rotate-key */
    struct str by;     /* ARN of who orders, for the record; absent: our own identity */
    bool dry_run;
    bool force;     /* RELEASE: also what somebody changed since */
    bool keep_keys; /* RELEASE: access keys stay off */
};

/* What came of the order for one principal. */
struct contain_outcome {
    struct contain_plan plan;            /* CONTAIN, APPROVE; of RELEASE only its subject is set */
    enum contain_state was;              /* in front */
    const struct contain_record *record; /* as it lies in the state by now; NULL: none was written
                                            (dry run, refused) */
    bool done; /* CONTAIN, APPROVE: contained, or would be; RELEASE: everything was taken back, but
                  for what cannot be */
    struct str why; /* a sentence when not done; absent */
};

struct contain_report {
    struct contain_outcome list[CONTAIN_SUBJECTS_MAX];
    size_t n;
    bool cut; /* there were more */
};

/* Carries it out. Strings lie in the container until its next call. False: nothing could be found
 * out (state or own identity), or the order is no good (ERR_USAGE: no such approval, record,
 * incident). Refusals and faults of IAM are in the report. */
TW_MUST_USE bool container_order(struct container *c, const struct contain_order *order,
                                 struct contain_report *out, struct err *e);

/* Records, by time: the open ones, or with `all` those planned within 400 days. The array lies in
 * the container until its next call. */
TW_MUST_USE bool container_list(struct container *c, bool all, const struct contain_record **out,
                                size_t *n, struct err *e);

/* The kill switch. */
TW_MUST_USE bool container_stop(struct container *c, bool stop, struct err *e);
TW_MUST_USE bool container_stopped(struct container *c, bool *stopped, struct err *e);

/* Who we are to IAM, asked once. Borrowed from c. */
TW_MUST_USE bool container_own(struct container *c, const struct contain_own **out, struct err *e);

#endif
