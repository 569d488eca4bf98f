/* The queue and the workers. */
#include "tests/model/world.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/model/check.h"
#include "tests/model/delivery.h"

#define TICKS_MAX 50000000 /* of one schedule; far more than the slowest takes */

const char *mistake_name(enum mistake m)
{
    static const char *const names[] = {"none",       "read before add",    "newest only",
                                        "wide cells", "ordered keeps ends", "owner only",
                                        "no settling"};
    return names[m];
}

/* ---- a delivery ---- */

static bool deliver(struct worker *w, struct err *e)
{
    struct world *world = w->world;
    bool owner_only = world->mistake == OWNER_ONLY;
    struct delivery d = {.now_ms = world->now,
                         .lease_ms = owner_only ? INT64_MAX / 2 : LEASE,
                         .again = w->receives > 1 && !owner_only};
    int64_t since = owner_only ? 0 : world->now;
    memcpy(d.owner, &w->object, sizeof w->object);
    memcpy(d.owner + sizeof w->object, &since, sizeof since);
    d.owner[CLAIM_ID_BYTES - 1] = 1; /* nobody is no owner */
    return delivery_make(w, w->object, &d, e);
}

/* makecontext hands over numbers only: the halves of a worker's address. */
static void work(unsigned high, unsigned low)
{
    struct worker *w = (struct worker *)(((uintptr_t)high << 32) | low); /* NOLINT */
    w->ok = deliver(w, &w->why);
    w->finished = true;
}

static void begin(struct worker *w, uint32_t object, uint32_t receives)
{
    uintptr_t self = (uintptr_t)w;
    w->busy = true;
    w->finished = w->dead = w->ok = false;
    w->object = object;
    w->receives = receives;
    w->since = w->world->now;
    w->why = (struct err){0};
    getcontext(&w->context);
    w->context.uc_stack.ss_sp = w->stack;
    w->context.uc_stack.ss_size = STACK_BYTES;
    w->context.uc_link = &w->world->main;
    makecontext(&w->context, (void (*)(void))work, 2, (unsigned)(self >> 32), (unsigned)self);
    w->world->sums->deliveries++;
}

static void resume(struct worker *w)
{
    swapcontext(&w->world->main, &w->context);
}

/* ---- the queue ---- */

struct ticket {
    int64_t when;
    uint32_t object, receives;
};

struct queue {
    struct vec tickets; /* struct ticket */
    bool done[PLAN_ARRIVES], aside[PLAN_ARRIVES], doomed[PLAN_ARRIVES];
};

static bool put_ticket(struct queue *q, int64_t when, uint32_t object, uint32_t receives)
{
    struct ticket *t = vec_push(&q->tickets, 1);
    if (t)
        *t = (struct ticket){when, object, receives};
    return t != NULL;
}

/* Takes the first ticket that is ready into a free worker. */
static bool take_ticket(struct world *w, struct queue *q)
{
    struct worker *free_one = NULL;
    for (size_t i = 0; i < WORKERS && !free_one; i++)
        free_one = w->workers[i].busy ? NULL : w->workers + i;
    for (size_t i = 0; free_one && i < q->tickets.n; i++) {
        struct ticket *all = q->tickets.p, t = all[i];
        if (t.when > w->now)
            continue;
        memmove(all + i, all + i + 1, (q->tickets.n - i - 1) * sizeof *all);
        q->tickets.n--;
        free_one->doomed = q->doomed[t.object];
        begin(free_one, t.object, t.receives);
        return true;
    }
    return false;
}

static struct worker *random_busy(struct world *w)
{
    struct worker *busy[WORKERS];
    int64_t n = 0;
    for (size_t i = 0; i < WORKERS; i++)
        if (w->workers[i].busy)
            busy[n++] = w->workers + i;
    return n ? busy[rng_in(&w->rng, 0, n - 1)] : NULL;
}

static bool looks_settled(const struct worker *w)
{
    if (w->dead || w->ok)
        return w->ok && !w->dead;
    return (w->world->mistake == NO_SETTLING || w->world->mistake == OWNER_ONLY) &&
           str_starts(str_of(w->why.text), S("another delivery"));
}

/* What becomes of a delivery that has ended. */
static bool finish(struct world *w, struct queue *q, struct worker *k)
{
    k->busy = false;
    port_forget(k);
    w->sums->early += windows_counts(k->windows)->early;
    if (looks_settled(k)) {
        q->done[k->object] = true;
        return true;
    }
    if (k->receives < RECEIVES)
        return put_ticket(q, w->now + VISIBILITY, k->object, k->receives + 1);
    q->aside[k->object] = true;
    w->sums->aside++;
    return true;
}

static bool step(struct world *w, struct queue *q)
{
    struct worker *k = random_busy(w);
    if (!k->dead && !k->finished && (rng_chance(&w->rng, w->fault) || w->now - k->since >= LEASE)) {
        k->dead = true;
        w->sums->deaths++;
    }
    resume(k);
    return !k->finished || finish(w, q, k);
}

static int64_t next_ticket(const struct world *w, const struct queue *q)
{
    int64_t when = INT64_MAX;
    for (size_t i = 0; i < q->tickets.n; i++) {
        const struct ticket *t = vec_at(&q->tickets, i);
        when = t->when < when ? t->when : when;
    }
    return when > w->now ? when : w->now;
}

static bool play(struct world *w, struct queue *q, struct err *e)
{
    for (uint32_t o = 0; o < w->plan.n_objects; o++) {
        q->doomed[o] = w->fault && rng_chance(&w->rng, 1000);
        for (int i = rng_chance(&w->rng, 1000); i >= 0; i--) /* one in ten is announced twice */
            if (!put_ticket(q, 1, o, 1))
                return err_set(e, ERR_SYSTEM, "no memory");
    }
    for (w->now = 1; q->tickets.n || random_busy(w); w->now++) {
        if (w->now > TICKS_MAX)
            return err_set(e, ERR_LIMIT, "the schedule does not end");
        if (!take_ticket(w, q) && !random_busy(w)) {
            w->now = next_ticket(w, q);
            continue;
        }
        if (!step(w, q))
            return err_set(e, ERR_SYSTEM, "no memory");
    }
    return true;
}

/* An operator sends what was set aside once more. */
static void redrive(struct world *w, struct queue *q, struct buf *faults)
{
    w->calm = true;
    for (uint32_t o = 0; o < w->plan.n_objects; o++) {
        struct worker *k = w->workers;
        if (!q->aside[o])
            continue;
        w->now += VISIBILITY;
        begin(k, o, RECEIVES + 1);
        while (!k->finished) {
            resume(k);
            w->now++;
        }
        k->busy = false;
        if (!looks_settled(k))
            buf_putf(faults, "object %u cannot be redriven: %s\n", o, k->why.text);
    }
}

/* ---- the whole ---- */

static bool start_workers(struct world *w, struct err *e)
{
    struct windows_config cfg = {
        .rules = w->rules,
        .min_level = LEVEL_LOW,
        .entries_max = rng_chance(&w->rng, 3000) ? (size_t)rng_in(&w->rng, 1, 4) : 64,
        .elements_max = rng_chance(&w->rng, 2000) ? (size_t)rng_in(&w->rng, 1, 10) : 4096,
        .pairs_max = w->plan.windows[1].rule.pairs_max,
        .memory_ms = INT64_MAX / 4,
    };
    for (size_t i = 0; i < WORKERS; i++) {
        struct worker *k = w->workers + i;
        struct port_state port = port_of(k);
        k->world = w;
        k->stack = malloc(STACK_BYTES);
        vec_init(&k->late, sizeof(struct state_add), SIZE_MAX);
        k->windows =
            windows_new(&cfg, &port, (struct windows_calls){k, delivery_describe, port_tell}, e);
        if (!k->stack || !k->windows || !event_init(&k->event, w->rules, e))
            return err_set(e, ERR_SYSTEM, "no memory for workers");
    }
    return true;
}

static void stop(struct world *w)
{
    for (size_t i = 0; i < WORKERS; i++) {
        struct worker *k = w->workers + i;
        windows_free(k->windows);
        if (k->event.rules)
            event_release(&k->event);
        free(k->stack);
        vec_release(&k->late);
    }
    vec_release(&w->said);
    state_memory_free(w->memory);
    ruleset_free(w->rules);
}

static bool start(struct world *w, struct err *e)
{
    static const uint32_t faults[] = {0, 20, 60, 150};
    plan_make(&w->plan, &w->rng, w->mistake == WIDE_CELLS);
    w->fault = faults[rng_in(&w->rng, w->mistake ? 1 : 0, 3)];
    vec_init(&w->said, sizeof(struct said), SIZE_MAX);
    w->memory = state_memory_new();
    if (!w->memory)
        return err_set(e, ERR_SYSTEM, "no memory for the state");
    w->state = state_memory_port(w->memory);
    return plan_rules(&w->plan, &w->rules, e) && start_workers(w, e) && check_keys(w, e);
}

static bool run(struct world *w, struct queue *q, struct buf *faults, struct err *e)
{
    if (!play(w, q, e) || !check_acknowledged(w, q->done, faults, e))
        return false;
    redrive(w, q, faults);
    size_t fullest = state_memory_fullest(w->memory);
    if (fullest > w->sums->largest)
        w->sums->largest = fullest;
    return check_end(w, faults, e);
}

bool world_run(uint64_t seed, enum mistake mistake, bool verbose, struct tally *sums,
               struct buf *faults, struct err *e)
{
    struct world *w = calloc(1, sizeof *w);
    struct queue *q = calloc(1, sizeof *q);
    bool ok = w && q;
    if (ok) {
        *w = (struct world){.rng = {seed}, .mistake = mistake, .sums = sums};
        vec_init(&q->tickets, sizeof(struct ticket), SIZE_MAX);
        ok = start(w, e) && run(w, q, faults, e);
        if (ok && verbose && faults->n)
            plan_print(&w->plan);
        stop(w);
        vec_release(&q->tickets);
    } else {
        err_set(e, ERR_SYSTEM, "no memory for a world");
    }
    free(w);
    free(q);
    return ok;
}
