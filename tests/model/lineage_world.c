/* Lineages on the stage. */
#include "tests/model/lineage_world.h"

#include <stdlib.h>

#include "tests/model/lineage_check.h"
#include "tests/model/lineage_delivery.h"
#include "tests/model/lineage_mistakes.h"
#include "tests/model/port.h"
#include "tests/model/processes.h"

#define DOOM_MAX 12 /* swaps of a delivery: a move has two, telling two more */

const char *lineage_mistake_name(enum lineage_mistake m)
{
    static const char *const names[] = {"none",
                                        "lanes read first",
                                        "winner written blindly",
                                        "loser moved blindly",
                                        "records left behind",
                                        "alerts marked first",
                                        "deeds shared late",
                                        "owner only",
                                        "no settling"};
    return names[m];
}

/* ---- the public ---- */

uint32_t lineage_alerts_of(const struct incident_record *r)
{
    uint32_t alerts = 0;
    for (uint32_t i = 0; i < r->n_signals; i++) /* see lineage_plan_alert_id */
        alerts |= 1u << (r->signals[i].alert[INCIDENT_ID_BYTES - 1] - 1);
    return alerts;
}

static bool hear(void *world, const void *said)
{
    struct lineage_world *w = world;
    struct lineage_said *s = vec_push(&w->said, 1);
    if (!s)
        return false;
    memcpy(s, said, sizeof *s);
    w->stage.sums->told++;
    w->stage.sums->updates += s->updates > 0;
    return true;
}

bool lineage_publish(struct lineage_hand *h, const struct lineage_said *said, struct err *e)
{
    if (h->process)
        return process_say(h->process, said, e);
    if (!port_request(h->worker, e))
        return false;
    if (said && !hear(h->world, said))
        return err_set(e, ERR_SYSTEM, "no memory");
    return port_answer(h->worker, e);
}

static bool tell(void *to, const struct told_incident *t, struct err *e)
{
    const struct incident_record *r = t->record;
    struct lineage_said s = {.updates = t->updates,
                             .alerts = lineage_alerts_of(r),
                             .level = r->level,
                             .tactics = r->tactics,
                             .n_actors = r->n_actors,
                             .n_joined = r->n_joined};
    memcpy(s.id, t->id, sizeof s.id);
    if (r->n_joined)
        memcpy(s.joined, r->joined, r->n_joined * sizeof *r->joined);
    return lineage_publish(to, &s, e);
}

/* Nothing is written of an alert. */
static void write_nothing(void *to, const struct alert *a, const struct id128 *events, size_t n,
                          struct buf *out)
{
    (void)to;
    (void)a;
    (void)events;
    (void)n;
    buf_reset(out);
}

/* ---- deliveries ---- */

static void take_lineages(struct lineage_hand *h)
{
    if (h->lineages)
        h->world->stage.sums->moves += lineages_counts(h->lineages)->joins;
    lineages_free(h->lineages);
    h->lineages = NULL;
}

static bool give_lineages(struct lineage_hand *h, struct err *e)
{
    struct lineages_config cfg = {
        .rules = h->world->rules, .min_level = LEVEL_LOW, .memory_ms = INT64_MAX / 4};
    take_lineages(h);
    h->lineages = lineages_new(&cfg, &h->port, (struct lineages_calls){h, write_nothing, tell}, e);
    return h->lineages != NULL;
}

static bool deliver(struct worker *w, uint32_t object, const struct delivery *d, struct err *e)
{
    return lineage_delivery_make(w->own, object, d, e) && port_catch_up(w, e);
}

/* Who dies forgets what he knew to be stored. */
static bool end(struct worker *w, struct err *e)
{
    struct lineage_hand *h = w->own;
    h->world->broken = h->world->broken || w->dead || !w->ok;
    if (w->dead)
        return give_lineages(h, e);
    return !w->ok || lineage_check_object(h->world, w->object, e);
}

/* ---- the whole ---- */

static bool give_hands(struct lineage_world *w, struct err *e)
{
    for (size_t i = 0; i < WORKERS; i++) {
        struct lineage_hand *h = w->hands + i;
        w->stage.workers[i].own = h;
        h->world = w;
        h->worker = w->stage.workers + i;
        h->port = port_of(h->worker);
        if (!give_lineages(h, e))
            return false;
    }
    return true;
}

static bool start(struct lineage_world *w, struct err *e)
{
    static const uint32_t faults[] = {0, 10, 30, 100};
    struct stage *s = &w->stage;
    lineage_plan_make(&w->plan, &s->rng, 0);
    s->n_objects = w->plan.n_objects;
    s->fault = faults[rng_in(&s->rng, w->mistake ? 1 : 0, 3)];
    w->early = rng_chance(&s->rng, 3000);
    return stage_init(s, e) && lineage_plan_rules(&w->rules, e) && give_hands(w, e);
}

static void stop(struct lineage_world *w)
{
    for (size_t i = 0; i < WORKERS; i++)
        take_lineages(w->hands + i);
    vec_release(&w->said);
    stage_release(&w->stage);
    ruleset_free(w->rules);
}

_Static_assert(sizeof(struct lineage_said) <= PROCESS_SAID_MAX, "a report holds it");

static bool run(struct lineage_world *w, struct err *e)
{
    return stage_play(&w->stage, e) && stage_redrive(&w->stage, w->faults, e) &&
           lineage_check_end(w, e);
}

bool lineage_world_run(uint64_t seed, enum lineage_mistake mistake, bool verbose,
                       struct tally *sums, struct buf *faults, struct err *e)
{
    static const struct stage_calls calls = {
        .deliver = deliver, .ended = end, .swap = lineage_mistaken_swap};
    struct lineage_world *w = calloc(1, sizeof *w);
    if (!w)
        return err_set(e, ERR_SYSTEM, "no memory for a world");
    *w = (struct lineage_world){.stage = {.play = w,
                                          .calls = &calls,
                                          .rng = {seed},
                                          .sums = sums,
                                          .doom_max = DOOM_MAX,
                                          .read_before_add = mistake == LINEAGE_READS_FIRST,
                                          .owner_only = mistake == LINEAGE_OWNER_ONLY,
                                          .hasty = mistake == LINEAGE_NO_SETTLING},
                                .mistake = mistake,
                                .faults = faults};
    vec_init(&w->said, sizeof(struct lineage_said), SIZE_MAX);
    bool ok = start(w, e) && run(w, e);
    if (ok && verbose && faults->n)
        lineage_plan_print(&w->plan);
    stop(w);
    free(w);
    return ok;
}

/* ---- with processes ---- */

static bool open(void *world, const struct port_state *port, struct process *p, struct err *e)
{
    struct lineage_world *w = world;
    struct lineage_hand *h = w->hands;
    h->world = w;
    h->process = p;
    h->port = *port;
    return give_lineages(h, e);
}

static bool deliver_in_process(void *world, uint32_t object, const struct delivery *d,
                               struct err *e)
{
    struct lineage_world *w = world;
    return lineage_delivery_make(w->hands, object, d, e);
}

static bool check_store(void *world, struct err *e)
{
    return lineage_check_end(world, e);
}

bool lineage_world_run_processes(uint64_t seed, const char *store, struct tally *sums,
                                 struct buf *faults, struct err *e)
{
    struct lineage_world *w = calloc(1, sizeof *w);
    if (!w)
        return err_set(e, ERR_SYSTEM, "no memory for a world");
    *w = (struct lineage_world){
        .stage = {.rng = {seed}, .sums = sums}, .broken = true, .faults = faults};
    struct process_play play = {.world = w,
                                .stage = &w->stage,
                                .said_bytes = sizeof(struct lineage_said),
                                .open = open,
                                .deliver = deliver_in_process,
                                .hear = hear,
                                .check = check_store};
    vec_init(&w->said, sizeof(struct lineage_said), SIZE_MAX);
    lineage_plan_make(&w->plan, &w->stage.rng, processes_salt(seed));
    w->stage.n_objects = w->plan.n_objects;
    bool ok = lineage_plan_rules(&w->rules, e) && processes_run(&play, store, e);
    if (ok && faults->n)
        lineage_plan_print(&w->plan);
    vec_release(&w->said);
    ruleset_free(w->rules);
    free(w);
    return ok;
}
