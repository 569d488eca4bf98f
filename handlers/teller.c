/* Puts lineages and the telling of incidents together. */
#include "handlers/teller.h"

#include <stdlib.h>

#include "handlers/recalling.h"
#include "handlers/retelling.h"

struct teller {
    struct teller_calls calls;
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
    t->lineages = lineages_new(cfg, state, (struct lineages_calls){t, write_text, tell}, e);
    if (!t->lineages) {
        teller_free(t);
        return NULL;
    }
    return t;
}

void teller_free(struct teller *t)
{
    if (!t)
        return;
    lineages_free(t->lineages);
    recalling_release(&t->recalling);
    retelling_release(&t->retelling);
    free(t);
}

void teller_begin(struct teller *t, const struct delivery *d)
{
    recalling_begin(&t->recalling);
    lineages_begin(t->lineages, d);
}

bool teller_see(struct teller *t, struct event *ev, const struct facts *f, bool hit, struct err *e)
{
    if (hit)
        recalling_see(&t->recalling, ev, f);
    return lineages_see(t->lineages, ev, f, hit, e);
}

bool teller_alert(struct teller *t, const struct alert *a, struct err *e)
{
    return lineages_alert(t->lineages, a, e);
}

bool teller_settle(struct teller *t, struct err *e)
{
    return lineages_settle(t->lineages, e);
}

const struct lineages_counts *teller_counts(const struct teller *t)
{
    return lineages_counts(t->lineages);
}
