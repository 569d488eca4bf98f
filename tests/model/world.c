/* Windows on the stage. */
#include "tests/model/world.h"

#include <stdlib.h>

#include "tests/model/check.h"
#include "tests/model/delivery.h"
#include "tests/model/port.h"
#include "tests/model/processes.h"
#include "tests/model/thinning.h"

const char *mistake_name(enum mistake m)
{
    static const char *const names[] = {"none",       "read before add",    "newest only",
                                        "wide cells", "ordered keeps ends", "owner only",
                                        "no settling"};
    return names[m];
}

/* ---- the public ---- */

static unsigned digit_of(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static struct said said_of(const struct ruleset *rules, const struct window_alert *a)
{
    struct said s = {.updates = a->updates,
                     .window = (uint32_t)(a->window - rules->windows),
                     .key = (uint32_t)(a->key_values[a->n_keys - 1].p[1] - '0')}; /* "k0" */
    for (size_t i = 0; i < CLAIM_ID_BYTES; i++)
        s.id[i] = (unsigned char)(digit_of(a->id[2 * i]) << 4 | digit_of(a->id[2 * i + 1]));
    return s;
}

static bool hear(void *world, const void *said)
{
    struct world *w = world;
    struct said *s = vec_push(&w->said, 1);
    if (!s)
        return false;
    memcpy(s, said, sizeof *s);
    w->stage.sums->told++;
    w->stage.sums->updates += s->updates > 0;
    return true;
}

static bool tell(void *to, const struct window_alert *a, struct err *e)
{
    struct worker *w = to;
    struct world *world = w->stage->play;
    struct said s = said_of(world->rules, a);
    if (!port_request(w, e))
        return false;
    if (!hear(world, &s))
        return err_set(e, ERR_SYSTEM, "no memory");
    return port_answer(w, e);
}

/* ---- deliveries ---- */

static bool deliver(struct worker *w, uint32_t object, const struct delivery *d, struct err *e)
{
    return delivery_make(w->own, object, d, e);
}

static bool end(struct worker *w, struct err *e)
{
    (void)e;
    const struct hand *h = w->own;
    w->stage->sums->early += windows_counts(h->windows)->early;
    return true;
}

/* ---- the whole ---- */

static bool give_hands(struct world *w, struct err *e)
{
    struct rng *r = &w->stage.rng;
    struct windows_config cfg = {
        .rules = w->rules,
        .min_level = LEVEL_LOW,
        .entries_max = rng_chance(r, 3000) ? (size_t)rng_in(r, 1, 4) : 64,
        .deeds = true,
        .elements_max = rng_chance(r, 2000) ? (size_t)rng_in(r, 1, 10) : 4096,
        .pairs_max = w->plan.windows[1].rule.pairs_max,
        .memory_ms = INT64_MAX / 4,
    };
    for (size_t i = 0; i < WORKERS; i++) {
        struct worker *k = w->stage.workers + i;
        struct hand *h = w->hands + i;
        struct port_state port = port_of(k);
        k->own = h;
        h->world = w;
        h->windows =
            windows_new(&cfg, &port, (struct windows_calls){k, delivery_describe, tell, NULL}, e);
        if (!h->windows || !event_init(&h->event, w->rules, e))
            return false;
    }
    return true;
}

static void stop(struct world *w)
{
    for (size_t i = 0; i < WORKERS; i++) {
        struct hand *h = w->hands + i;
        windows_free(h->windows);
        if (h->event.rules)
            event_release(&h->event);
    }
    vec_release(&w->said);
    stage_release(&w->stage);
    ruleset_free(w->rules);
}

static bool start(struct world *w, struct err *e)
{
    static const uint32_t faults[] = {0, 20, 60, 150};
    struct stage *s = &w->stage;
    plan_make(&w->plan, &s->rng, w->mistake == WIDE_CELLS);
    s->n_objects = w->plan.n_objects;
    s->fault = faults[rng_in(&s->rng, w->mistake ? 1 : 0, 3)];
    return stage_init(s, e) && plan_rules(&w->plan, &w->rules, e) && give_hands(w, e) &&
           check_keys(w, e);
}

static bool run(struct world *w, struct buf *faults, struct err *e)
{
    struct stage *s = &w->stage;
    if (!stage_play(s, e) || !check_acknowledged(w, s->done, faults, e))
        return false;
    if (!stage_redrive(s, faults, e))
        return false;
    size_t fullest = state_memory_fullest(s->memory);
    if (fullest > s->sums->largest)
        s->sums->largest = fullest;
    return check_end(w, faults, e);
}

bool world_run(uint64_t seed, enum mistake mistake, bool verbose, struct tally *sums,
               struct buf *faults, struct err *e)
{
    static const struct stage_calls calls = {
        .deliver = deliver, .ended = end, .thin = thinning_keep, .has_room = thinning_has_room};
    struct world *w = calloc(1, sizeof *w);
    if (!w)
        return err_set(e, ERR_SYSTEM, "no memory for a world");
    *w = (struct world){.stage = {.play = w,
                                  .calls = &calls,
                                  .rng = {seed},
                                  .sums = sums,
                                  .doom_max = 1,
                                  .read_before_add = mistake == READ_BEFORE_ADD,
                                  .owner_only = mistake == OWNER_ONLY,
                                  .hasty = mistake == NO_SETTLING},
                        .mistake = mistake};
    vec_init(&w->said, sizeof(struct said), SIZE_MAX);
    bool ok = start(w, e) && run(w, faults, e);
    if (ok && verbose && faults->n)
        plan_print(&w->plan);
    stop(w);
    free(w);
    return ok;
}

/* ---- with processes ---- */

static bool say(void *to, const struct window_alert *a, struct err *e)
{
    struct hand *h = to;
    struct said s = said_of(h->world->rules, a);
    return process_say(h->process, &s, e);
}

static bool open(void *world, const struct port_state *port, struct process *p, struct err *e)
{
    struct world *w = world;
    struct hand *h = w->hands;
    struct windows_config cfg = {.rules = w->rules,
                                 .min_level = LEVEL_LOW,
                                 .deeds = true,
                                 .entries_max = 64,
                                 .elements_max = 4096,
                                 .pairs_max = w->plan.windows[1].rule.pairs_max,
                                 .memory_ms = INT64_MAX / 4};
    h->world = w;
    h->process = p;
    h->windows =
        windows_new(&cfg, port, (struct windows_calls){h, delivery_describe, say, NULL}, e);
    return h->windows && event_init(&h->event, w->rules, e);
}

static bool deliver_in_process(void *world, uint32_t object, const struct delivery *d,
                               struct err *e)
{
    struct world *w = world;
    return delivery_make(w->hands, object, d, e);
}

static bool check_store(void *world, struct err *e)
{
    struct world *w = world;
    return check_acknowledged(w, w->stage.done, w->faults, e) && check_end(w, w->faults, e);
}

bool world_run_processes(uint64_t seed, const char *store, struct tally *sums, struct buf *faults,
                         struct err *e)
{
    struct world *w = calloc(1, sizeof *w);
    if (!w)
        return err_set(e, ERR_SYSTEM, "no memory for a world");
    *w = (struct world){.stage = {.rng = {seed}, .sums = sums}, .faults = faults};
    struct process_play play = {.world = w,
                                .stage = &w->stage,
                                .said_bytes = sizeof(struct said),
                                .open = open,
                                .deliver = deliver_in_process,
                                .hear = hear,
                                .check = check_store};
    vec_init(&w->said, sizeof(struct said), SIZE_MAX);
    plan_make(&w->plan, &w->stage.rng, false);
    w->plan.salt = processes_salt(seed);
    w->stage.n_objects = w->plan.n_objects;
    bool ok =
        plan_rules(&w->plan, &w->rules, e) && check_keys(w, e) && processes_run(&play, store, e);
    if (ok && faults->n)
        plan_print(&w->plan);
    vec_release(&w->said);
    ruleset_free(w->rules);
    free(w);
    return ok;
}
