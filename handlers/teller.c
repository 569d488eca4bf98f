/* Puts lineages and the telling of incidents together. */
#include "handlers/teller.h"

#include <stdlib.h>

#include "handlers/recalling.h"
#include "handlers/retelling.h"
#include "handlers/strangers.h"

struct teller {
    struct teller_calls calls;
    bool *meets; /* by rule: strangers_meet_over */
    struct lineages *lineages;
    struct recalling recalling;
    struct retelling retelling;
};

/* lineages_calls.write */
static void write_text(void *to, const struct alert *a, const struct id128 *events, size_t n,
                       struct buf *out)
{
    struct teller *t = to;
    recalling_write(&t->recalling, a, events, n, out);
}

/* lineages_calls.tell */
static bool tell(void *to, const struct told_incident *told, struct err *e)
{
    struct teller *t = to;
    return retelling_make(&t->retelling, t->lineages, told, e) &&
           t->calls.tell(t->calls.to, &t->retelling.incidents, &t->retelling.group, e);
}

struct teller *teller_new(const struct lineages_config *cfg, const struct port_state *state,
                          struct teller_calls calls, struct err *e)
{
    struct teller *t = calloc(1, sizeof *t);
    if (!t) {
        err_set(e, ERR_SYSTEM, "no memory for incidents");
        return NULL;
    }
    t->calls = calls;
    recalling_init(&t->recalling, cfg->rules);
    retelling_init(&t->retelling, cfg->rules);
    t->meets = calloc((size_t)cfg->rules->n_rules + 1, sizeof *t->meets);
    for (uint32_t i = 0; t->meets && i < cfg->rules->n_rules; i++)
        t->meets[i] = strangers_meet_over(cfg->rules, i, cfg->min_level);
    t->lineages = lineages_new(cfg, state, (struct lineages_calls){t, write_text, tell}, e);
    if (t->lineages && t->meets)
        return t;
    if (t->lineages)
        err_set(e, ERR_SYSTEM, "no memory for incidents");
    teller_free(t);
    return NULL;
}

void teller_free(struct teller *t)
{
    if (!t)
        return;
    lineages_free(t->lineages);
    free(t->meets);
    recalling_release(&t->recalling);
    retelling_release(&t->retelling);
    free(t);
}

void teller_begin(struct teller *t, const struct delivery *d)
{
    recalling_begin(&t->recalling);
    lineages_begin(t->lineages, d);
}

bool teller_see(struct teller *t, struct event *ev, const struct facts *f, const uint32_t *hits,
                size_t n, struct err *e)
{
    bool meets = false;
    for (size_t i = 0; i < n && !meets; i++)
        meets = t->meets[hits[i]];
    const struct lineage_evidence id = lineage_evidence_of(f->evidence);
    if (n)
        recalling_see(&t->recalling, ev, f, id.seen);
    return lineages_see(t->lineages, ev, f, n > 0, id, e) &&
           (!meets || lineages_share(t->lineages, id.seen, e));
}

bool teller_link(struct teller *t, struct err *e)
{
    return lineages_link(t->lineages, e);
}

bool teller_alert(struct teller *t, const struct alert *a, struct err *e)
{
    return lineages_alert(t->lineages, a, e);
}

bool teller_settle(struct teller *t, struct err *e)
{
    return lineages_settle(t->lineages, e);
}

bool teller_walk(struct teller *t, const struct lineage_ask *ask, struct arena *a,
                 struct lineage_walk *out, struct err *e)
{
    return lineages_walk(t->lineages, ask, a, out, e);
}

bool teller_find(struct teller *t, const unsigned char id[INCIDENT_ID_BYTES], struct arena *a,
                 struct found_incident *found, struct err *e)
{
    return lineages_find(t->lineages, id, a, found, e);
}

bool teller_retell(struct teller *t, const struct found_incident *found, struct retold *out,
                   struct err *e)
{
    struct told_incident told = told_of(found);
    *out = (struct retold){&t->retelling.incidents, &t->retelling.group};
    return retelling_make(&t->retelling, t->lineages, &told, e);
}

const struct lineages_counts *teller_counts(const struct teller *t)
{
    return lineages_counts(t->lineages);
}
