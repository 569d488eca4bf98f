/* Incidents of one delivery after the other: lineages (handlers/lineages.h), what must be
 * remembered for them of events, and how they are told. */
#ifndef TW_HANDLERS_TELLER_H
#define TW_HANDLERS_TELLER_H

#include "handlers/lineages.h"
#include "respond/incident.h"

struct teller_calls {
    void *to;
    /* Publishes the incident of a group of x; true only when it is confirmed. */
    bool (*tell)(void *to, struct incidents *x, const struct incident_group *g, struct err *e);
};

struct teller;

/* All borrowed. NULL, with e, without memory. */
struct teller *teller_new(const struct lineages_config *cfg, const struct port_state *state,
                          struct teller_calls calls, struct err *e);
void teller_free(struct teller *t);

/* Begins a delivery; what was remembered of the one before is forgotten. */
void teller_begin(struct teller *t, const struct delivery *d);

/* Takes an event, read into ev: to be called for those that rules hold for (n hits) and for those
 * that lineage_links names (n 0). May write links, and fails then as lineages_link. */
TW_MUST_USE bool teller_see(struct teller *t, struct event *ev, const struct facts *f,
                            const uint32_t *hits, size_t n, struct err *e);

/* lineages_link: to be called before windows are settled, so that who else tells an alert of these
 * events knows those who did them. */
TW_MUST_USE bool teller_link(struct teller *t, struct err *e);

/* Takes an alert or update that was just published. */
TW_MUST_USE bool teller_alert(struct teller *t, const struct alert *a, struct err *e);

/* lineages_settle. */
TW_MUST_USE bool teller_settle(struct teller *t, struct err *e);

/* lineages_walk and lineages_find. */
TW_MUST_USE bool teller_walk(struct teller *t, const struct lineage_ask *ask, struct arena *a,
                             struct lineage_walk *out, struct err *e);
TW_MUST_USE bool teller_find(struct teller *t, const unsigned char id[INCIDENT_ID_BYTES],
                             struct arena *a, struct found_incident *found, struct err *e);

/* Makes the incident that was found ready to be told once more, as teller_calls.tell gets it;
 * borrowed from t until it tells another. */
struct retold {
    struct incidents *incidents;
    const struct incident_group *group;
};
TW_MUST_USE bool teller_retell(struct teller *t, const struct found_incident *found,
                               struct retold *out, struct err *e);

const struct lineages_counts *teller_counts(const struct teller *t);

#endif
