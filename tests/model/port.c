/* A port that fails in every way that a network can. */
#include "tests/model/port.h"

#include <stdlib.h>

#define SLACK    6    /* superfluous elements that a mistaken thinning lets be */
#define THIN_MAX 2048 /* elements of one bucket that can be thinned */

static bool chance(struct worker *w)
{
    return !w->stage->calm && rng_chance(&w->stage->rng, w->stage->fault);
}

bool port_request(struct worker *w, struct err *e)
{
    if (!worker_yield(w, e))
        return false;
    if (!chance(w))
        return true;
    w->stage->sums->refusals++;
    return err_set(e, ERR_RETRY, "throttled");
}

bool port_answer(struct worker *w, struct err *e)
{
    if (!worker_yield(w, e))
        return false;
    if (!chance(w))
        return true;
    w->stage->sums->refusals++;
    return err_set(e, ERR_RETRY, "no answer came back");
}

/* How many of the elements, put in front, a bucket keeps. */
static size_t thin(struct worker *w, const struct state_key *key, struct element *list, size_t n)
{
    const struct stage_calls *c = w->stage->calls;
    return c->thin && n && n <= THIN_MAX ? c->thin(w->stage, key, list, n) : n;
}

/* The store's own calls, or what a mistake makes of them. */
static bool claims_of(struct stage *s, struct state_claims *c, struct err *e)
{
    return s->calls->claims ? s->calls->claims(s, c, e) : s->state.claims(s->state.self, c, 1, e);
}

static bool swap_of(struct stage *s, struct state_swap *c, struct err *e)
{
    return s->calls->swap ? s->calls->swap(s, c, e) : s->state.swap(s->state.self, c, 1, e);
}

static bool has_room(struct worker *w, const struct state_add *a, struct err *e)
{
    const struct stage_calls *c = w->stage->calls;
    return !c->has_room || c->has_room(w->stage, a, e);
}

/* ---- the calls ---- */

static bool add_one(struct worker *w, const struct state_add *a, struct err *e)
{
    struct element list[THIN_MAX];
    struct state_add mine = *a;
    if (!port_request(w, e))
        return false;
    if (a->n <= THIN_MAX) {
        memcpy(list, a->elements, a->n * sizeof *list);
        mine.elements = list;
        mine.n = thin(w, &a->key, list, a->n);
    }
    if (!has_room(w, &mine, e) || !w->stage->state.add(w->stage->state.self, &mine, 1, e))
        return false;
    if (chance(w) &&
        (!worker_yield(w, e) || !w->stage->state.add(w->stage->state.self, &mine, 1, e)))
        return false;
    return port_answer(w, e);
}

/* read_before_add: puts the requests aside. */
static bool postpone(struct worker *w, const struct state_add *list, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        struct state_add *to = vec_push(&w->late, 1);
        struct element *copy = malloc(list[i].n * sizeof *copy);
        if (!to || !copy)
            return err_set(e, ERR_SYSTEM, "no memory");
        memcpy(copy, list[i].elements, list[i].n * sizeof *copy);
        *to = list[i];
        to->elements = copy;
    }
    return true;
}

void port_forget(struct worker *w)
{
    for (size_t i = 0; i < w->late.n; i++)
        free((void *)(uintptr_t)((struct state_add *)vec_at(&w->late, i))->elements);
    w->late.n = 0;
}

bool port_catch_up(struct worker *w, struct err *e)
{
    bool ok = true;
    for (size_t i = 0; i < w->late.n && ok; i++)
        ok = add_one(w, vec_at(&w->late, i), e);
    port_forget(w);
    return ok;
}

static bool add(void *self, const struct state_add *list, size_t n, struct err *e)
{
    struct worker *w = self;
    if (w->stage->read_before_add)
        return postpone(w, list, n, e);
    for (size_t i = 0; i < n; i++)
        if (!add_one(w, list + i, e))
            return false;
    return true;
}

/* One bucket of a range; the mistaken thinning takes its toll here. */
static bool read_bucket(struct worker *w, const struct state_read *r, int64_t bucket, struct err *e)
{
    struct port_state *s = &w->stage->state;
    size_t before = r->out->n;
    struct state_read one = {r->key, bucket, bucket, r->out};
    if (!s->read(s->self, &one, 1, e))
        return false;
    size_t n = r->out->n - before;
    struct element *list = n ? vec_at(r->out, before) : NULL;
    size_t kept = n ? thin(w, &r->key, list, n) : 0;
    if (n <= kept + SLACK)
        return true;
    struct state_drop drop = {r->key, bucket, list + kept, n - kept};
    return s->drop(s->self, &drop, 1, e);
}

static bool read_all(void *self, const struct state_read *list, size_t n, struct err *e)
{
    struct worker *w = self;
    for (size_t i = 0; i < n; i++) {
        if (!port_request(w, e))
            return false;
        for (int64_t b = list[i].from; b <= list[i].to; b++)
            if (!read_bucket(w, list + i, b, e) || !worker_yield(w, e))
                return false;
    }
    return (n == 0 || port_answer(w, e)) && port_catch_up(w, e);
}

static bool drop(void *self, const struct state_drop *list, size_t n, struct err *e)
{
    struct worker *w = self;
    for (size_t i = 0; i < n; i++)
        if (!port_request(w, e) || !w->stage->state.drop(w->stage->state.self, list + i, 1, e) ||
            !port_answer(w, e))
            return false;
    return true;
}

static bool claims(void *self, struct state_claims *list, size_t n, struct err *e)
{
    struct worker *w = self;
    for (size_t i = 0; i < n; i++)
        if (!port_request(w, e) || !claims_of(w->stage, list + i, e) || !port_answer(w, e))
            return false;
    return true;
}

static bool swap_one(struct worker *w, struct state_swap *s, struct err *e)
{
    if (!port_request(w, e) || !swap_of(w->stage, s, e))
        return false;
    w->stage->sums->conflicts += s->conflict;
    if (w->doomed && !w->stage->calm && !s->conflict && --w->doomed == 0)
        w->dead = true;
    /* The client asks again, having lost the answer: it is told of a conflict with itself. */
    if (chance(w) && (!worker_yield(w, e) || !swap_of(w->stage, s, e)))
        return false;
    return port_answer(w, e);
}

static bool swap(void *self, struct state_swap *list, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++)
        if (!swap_one(self, list + i, e))
            return false;
    return true;
}

static void pause_for(void *self, int64_t ms)
{
    for (int64_t i = 0; i < 1 + ms / 20; i++)
        if (!worker_yield(self, NULL))
            return;
}

struct port_state port_of(struct worker *w)
{
    return (struct port_state){w, add, read_all, drop, claims, swap, pause_for};
}
