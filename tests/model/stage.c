/* The queue and the workers. */
#include "tests/model/stage.h"

#include <stdlib.h>

#include "tests/model/port.h"

#define TICKS_MAX 50000000 /* of one schedule; far more than the slowest takes */

/* ---- a delivery ---- */

static bool deliver(struct worker *w, struct err *e)
{
    struct stage *s = w->stage;
    struct delivery d = {.now_ms = s->now,
                         .lease_ms = s->owner_only ? INT64_MAX / 2 : LEASE,
                         .again = w->receives > 1 && !s->owner_only};
    int64_t since = s->owner_only ? 0 : s->now;
    memcpy(d.owner, &w->object, sizeof w->object);
    memcpy(d.owner + sizeof w->object, &since, sizeof since);
    d.owner[CLAIM_ID_BYTES - 1] = 1; /* nobody is no owner */
    return s->calls->deliver(w, w->object, &d, e);
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
    w->since = w->stage->now;
    w->why = (struct err){0};
    getcontext(&w->context);
    w->context.uc_stack.ss_sp = w->stack;
    w->context.uc_stack.ss_size = STACK_BYTES;
    w->context.uc_link = &w->stage->main;
    makecontext(&w->context, (void (*)(void))work, 2, (unsigned)(self >> 32), (unsigned)self);
    w->stage->sums->deliveries++;
}

static void resume(struct worker *w)
{
    swapcontext(&w->stage->main, &w->context);
}

bool worker_yield(struct worker *w, struct err *e)
{
    if (!w->dead)
        swapcontext(&w->context, &w->stage->main);
    return !w->dead || err_set(e, ERR_RETRY, "dead");
}

/* ---- the queue ---- */

struct ticket {
    int64_t when;
    uint32_t object, receives;
};

static bool put_ticket(struct stage *s, int64_t when, uint32_t object, uint32_t receives)
{
    struct ticket *t = vec_push(&s->tickets, 1);
    if (t)
        *t = (struct ticket){when, object, receives};
    return t != NULL;
}

/* Takes the first ticket that is ready into a free worker. */
static bool take_ticket(struct stage *s)
{
    struct worker *free_one = NULL;
    for (size_t i = 0; i < WORKERS && !free_one; i++)
        free_one = s->workers[i].busy ? NULL : s->workers + i;
    for (size_t i = 0; free_one && i < s->tickets.n; i++) {
        struct ticket *all = s->tickets.p, t = all[i];
        if (t.when > s->now)
            continue;
        memmove(all + i, all + i + 1, (s->tickets.n - i - 1) * sizeof *all);
        s->tickets.n--;
        free_one->doomed = s->doomed[t.object];
        begin(free_one, t.object, t.receives);
        return true;
    }
    return false;
}

static struct worker *random_busy(struct stage *s)
{
    struct worker *busy[WORKERS];
    int64_t n = 0;
    for (size_t i = 0; i < WORKERS; i++)
        if (s->workers[i].busy)
            busy[n++] = s->workers + i;
    return n ? busy[rng_in(&s->rng, 0, n - 1)] : NULL;
}

static bool looks_settled(const struct worker *w)
{
    if (w->dead || w->ok)
        return w->ok && !w->dead;
    return (w->stage->hasty || w->stage->owner_only) &&
           str_starts(str_of(w->why.text), S("another delivery"));
}

static bool end(struct worker *w, struct err *e)
{
    const struct stage_calls *c = w->stage->calls;
    w->busy = false;
    port_forget(w);
    return !c->ended || c->ended(w, e);
}

/* What becomes of a delivery that has ended. */
static bool finish(struct stage *s, struct worker *w, struct err *e)
{
    if (!end(w, e))
        return false;
    if (looks_settled(w)) {
        s->done[w->object] = true;
        return true;
    }
    if (w->receives < RECEIVES)
        return put_ticket(s, s->now + VISIBILITY, w->object, w->receives + 1) ||
               err_set(e, ERR_SYSTEM, "no memory");
    s->aside[w->object] = true;
    s->sums->aside++;
    return true;
}

static bool step(struct stage *s, struct err *e)
{
    struct worker *w = random_busy(s);
    if (!w->dead && !w->finished && (rng_chance(&s->rng, s->fault) || s->now - w->since >= LEASE)) {
        w->dead = true;
        s->sums->deaths++;
    }
    resume(w);
    return !w->finished || finish(s, w, e);
}

static int64_t next_ticket(const struct stage *s)
{
    int64_t when = INT64_MAX;
    for (size_t i = 0; i < s->tickets.n; i++) {
        const struct ticket *t = vec_at(&s->tickets, i);
        when = t->when < when ? t->when : when;
    }
    return when > s->now ? when : s->now;
}

bool stage_play(struct stage *s, struct err *e)
{
    for (uint32_t o = 0; o < s->n_objects; o++) {
        if (s->fault && rng_chance(&s->rng, 1000))
            s->doomed[o] = s->doom_max > 1 ? (uint32_t)rng_in(&s->rng, 1, s->doom_max) : 1;
        for (int i = rng_chance(&s->rng, 1000); i >= 0; i--) /* one in ten is announced twice */
            if (!put_ticket(s, 1, o, 1))
                return err_set(e, ERR_SYSTEM, "no memory");
    }
    for (s->now = 1; s->tickets.n || random_busy(s); s->now++) {
        if (s->now > TICKS_MAX)
            return err_set(e, ERR_LIMIT, "the schedule does not end");
        if (!take_ticket(s) && !random_busy(s)) {
            s->now = next_ticket(s);
            continue;
        }
        if (!step(s, e))
            return false;
    }
    return true;
}

bool stage_redrive(struct stage *s, struct buf *faults, struct err *e)
{
    s->calm = true;
    for (uint32_t o = 0; o < s->n_objects; o++) {
        struct worker *w = s->workers;
        if (!s->aside[o])
            continue;
        s->now += VISIBILITY;
        begin(w, o, RECEIVES + 1);
        while (!w->finished) {
            resume(w);
            s->now++;
        }
        if (!end(w, e))
            return false;
        if (!looks_settled(w))
            buf_putf(faults, "object %u cannot be redriven: %s\n", o, w->why.text);
    }
    return true;
}

/* ---- the whole ---- */

bool stage_init(struct stage *s, struct err *e)
{
    vec_init(&s->tickets, sizeof(struct ticket), SIZE_MAX);
    s->memory = state_memory_new();
    if (!s->memory)
        return err_set(e, ERR_SYSTEM, "no memory for the state");
    s->state = state_memory_port(s->memory);
    for (size_t i = 0; i < WORKERS; i++) {
        struct worker *w = s->workers + i;
        w->stage = s;
        w->stack = malloc(STACK_BYTES);
        vec_init(&w->late, sizeof(struct state_add), SIZE_MAX);
        if (!w->stack)
            return err_set(e, ERR_SYSTEM, "no memory for workers");
    }
    return true;
}

void stage_release(struct stage *s)
{
    for (size_t i = 0; i < WORKERS; i++) {
        free(s->workers[i].stack);
        vec_release(&s->workers[i].late);
    }
    vec_release(&s->tickets);
    state_memory_free(s->memory);
}
