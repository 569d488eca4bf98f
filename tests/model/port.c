/* A port that fails in every way that a network can. */
#include "tests/model/port.h"

#include <stdlib.h>

#include "handlers/entries.h"

#define SLACK 6 /* superfluous elements that the mistaken thinning lets be */

static bool chance(struct worker *w)
{
    return !w->world->calm && rng_chance(&w->world->rng, w->world->fault);
}

bool worker_yield(struct worker *w, struct err *e)
{
    if (!w->dead)
        swapcontext(&w->context, &w->world->main);
    return !w->dead || err_set(e, ERR_RETRY, "dead");
}

/* Before a request: others run, or it is refused. */
static bool request(struct worker *w, struct err *e)
{
    if (!worker_yield(w, e))
        return false;
    if (!chance(w))
        return true;
    w->world->sums->refusals++;
    return err_set(e, ERR_RETRY, "throttled");
}

/* After a request: others run, or its answer is lost. */
static bool answer(struct worker *w, struct err *e)
{
    if (!worker_yield(w, e))
        return false;
    if (!chance(w))
        return true;
    w->world->sums->refusals++;
    return err_set(e, ERR_RETRY, "no answer came back");
}

/* ---- deliberate mistakes in thinning ---- */

static const struct plan_window *window_of_key(const struct world *w, const struct state_key *key)
{
    for (uint32_t i = 0; i < w->plan.n_windows; i++)
        for (uint32_t k = 0; k < PLAN_KEYS; k++)
            if (memcmp(&w->keys[i][k], key, sizeof *key) == 0)
                return w->plan.windows + i;
    return NULL;
}

/* Whether element i is the last (or first) of its kind in its cell. */
static bool ends(const struct plan_window *p, const struct element *list, size_t n, size_t i,
                 bool last)
{
    int64_t cell = p->rule.cell;
    for (size_t k = last ? i + 1 : 0; k < (last ? n : i); k++)
        if (list[k].time_ms / cell == list[i].time_ms / cell &&
            (p->rule.kind == ORACLE_COUNT ? false : list[k].what == list[i].what))
            return false;
    return true;
}

static bool mistaken_keep(enum mistake m, const struct plan_window *p, const struct element *list,
                          size_t n, size_t i)
{
    size_t newer = 0;
    if (m == ORDERED_KEEPS_ENDS)
        return p->rule.kind != ORACLE_ORDERED || ends(p, list, n, i, true) ||
               ends(p, list, n, i, false);
    if (!ends(p, list, n, i, true))
        return p->rule.kind == ORACLE_ORDERED;
    for (size_t k = i + 1; k < n; k++)
        newer += list[k].time_ms / p->rule.cell == list[i].time_ms / p->rule.cell &&
                 ends(p, list, n, k, true);
    return (p->rule.kind != ORACLE_COUNT && p->rule.kind != ORACLE_DISTINCT) || newer < p->rule.n;
}

/* Puts what the mistake keeps first; returns how many, or all when nobody errs. */
static size_t mistaken_thin(struct world *w, const struct state_key *key, struct element *list,
                            size_t n)
{
    const struct plan_window *p = window_of_key(w, key);
    struct element kept[ORACLE_MAX], rest[ORACLE_MAX];
    size_t k = 0, r = 0;
    if ((w->mistake != NEWEST_ONLY && w->mistake != ORDERED_KEEPS_ENDS) || n > ORACLE_MAX || !p)
        return n;
    n = window_sort(list, n);
    for (size_t i = 0; i < n; i++)
        if (mistaken_keep(w->mistake, p, list, n, i))
            kept[k++] = list[i];
        else
            rest[r++] = list[i];
    memcpy(list, kept, k * sizeof *list);
    memcpy(list + k, rest, r * sizeof *list);
    return k;
}

/* ---- the calls ---- */

/* Elements that a bucket takes: what thinning leaves of a full one and what it lets be, and as much
 * again. An item of DynamoDB has its end too. */
static size_t bucket_limit(const struct plan_window *p)
{
    uint32_t groups = p->rule.kind == ORACLE_ORDERED ? p->rule.pairs_max
                      : p->rule.kind == ORACLE_SETS  ? p->n_in
                                                     : p->rule.n;
    bool times = p->rule.kind == ORACLE_DISTINCT || p->rule.kind == ORACLE_SETS;
    return 2 * p->bucket_cells * (2 * groups + (times ? p->rule.pairs_max : 0)) + 16;
}

static bool has_room(struct world *w, const struct state_add *a, struct err *e)
{
    const struct plan_window *p = window_of_key(w, &a->key);
    struct vec all;
    struct state_read there = {a->key, a->bucket, a->bucket, &all};
    vec_init(&all, sizeof(struct element), SIZE_MAX);
    struct element *own = vec_push(&all, a->n);
    if (own)
        memcpy(own, a->elements, a->n * sizeof *own);
    bool ok = p && own && w->state.read(w->state.self, &there, 1, e);
    bool full = ok && window_sort(all.p, all.n) > bucket_limit(p);
    vec_release(&all);
    w->sums->full += full;
    return full ? err_set(e, ERR_LIMIT, "the bucket is full") : ok;
}

static bool add_one(struct worker *w, const struct state_add *a, struct err *e)
{
    struct element list[ORACLE_MAX];
    struct state_add mine = *a;
    if (!request(w, e))
        return false;
    if (a->n <= ORACLE_MAX) {
        memcpy(list, a->elements, a->n * sizeof *list);
        mine.elements = list;
        mine.n = mistaken_thin(w->world, &a->key, list, a->n);
    }
    if (!has_room(w->world, &mine, e) || !w->world->state.add(w->world->state.self, &mine, 1, e))
        return false;
    if (chance(w) &&
        (!worker_yield(w, e) || !w->world->state.add(w->world->state.self, &mine, 1, e)))
        return false;
    return answer(w, e);
}

/* READ_BEFORE_ADD: puts the requests aside. */
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

static bool catch_up(struct worker *w, struct err *e)
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
    if (w->world->mistake == READ_BEFORE_ADD)
        return postpone(w, list, n, e);
    for (size_t i = 0; i < n; i++)
        if (!add_one(w, list + i, e))
            return false;
    return true;
}

/* One bucket of a range; the mistaken thinning takes its toll here. */
static bool read_bucket(struct worker *w, const struct state_read *r, int64_t bucket, struct err *e)
{
    struct port_state *s = &w->world->state;
    size_t before = r->out->n;
    struct state_read one = {r->key, bucket, bucket, r->out};
    if (!s->read(s->self, &one, 1, e))
        return false;
    size_t n = r->out->n - before;
    struct element *list = n ? vec_at(r->out, before) : NULL;
    size_t kept = n ? mistaken_thin(w->world, &r->key, list, n) : 0;
    if (n <= kept + SLACK)
        return true;
    struct state_drop drop = {r->key, bucket, list + kept, n - kept};
    return s->drop(s->self, &drop, 1, e);
}

static bool read_all(void *self, const struct state_read *list, size_t n, struct err *e)
{
    struct worker *w = self;
    for (size_t i = 0; i < n; i++) {
        if (!request(w, e))
            return false;
        for (int64_t b = list[i].from; b <= list[i].to; b++)
            if (!read_bucket(w, list + i, b, e) || !worker_yield(w, e))
                return false;
    }
    return (n == 0 || answer(w, e)) && catch_up(w, e);
}

static bool drop(void *self, const struct state_drop *list, size_t n, struct err *e)
{
    struct worker *w = self;
    for (size_t i = 0; i < n; i++)
        if (!request(w, e) || !w->world->state.drop(w->world->state.self, list + i, 1, e) ||
            !answer(w, e))
            return false;
    return true;
}

static bool claims(void *self, struct state_claims *list, size_t n, struct err *e)
{
    struct worker *w = self;
    for (size_t i = 0; i < n; i++)
        if (!request(w, e) || !w->world->state.claims(w->world->state.self, list + i, 1, e) ||
            !answer(w, e))
            return false;
    return true;
}

static bool swap_one(struct worker *w, struct state_swap *s, struct err *e)
{
    struct port_state *state = &w->world->state;
    if (!request(w, e) || !state->swap(state->self, s, 1, e))
        return false;
    w->world->sums->conflicts += s->conflict;
    if (w->doomed && !w->world->calm && !s->conflict)
        w->dead = true;
    /* The client asks again, having lost the answer: it is told of a conflict with itself. */
    if (chance(w) && (!worker_yield(w, e) || !state->swap(state->self, s, 1, e)))
        return false;
    return answer(w, e);
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

/* ---- the public ---- */

static unsigned digit_of(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

struct said said_of(const struct ruleset *rules, const struct window_alert *a)
{
    struct said s = {.updates = a->updates,
                     .window = (uint32_t)(a->window - rules->windows),
                     .key = (uint32_t)(a->key_values[a->n_keys - 1].p[1] - '0')}; /* "k0" */
    for (size_t i = 0; i < CLAIM_ID_BYTES; i++)
        s.id[i] = (unsigned char)(digit_of(a->id[2 * i]) << 4 | digit_of(a->id[2 * i + 1]));
    return s;
}

static bool note(struct world *w, const struct window_alert *a)
{
    struct said *s = vec_push(&w->said, 1);
    if (!s)
        return false;
    *s = said_of(w->rules, a);
    w->sums->told++;
    w->sums->updates += a->updates > 0;
    return true;
}

bool port_tell(void *to, const struct window_alert *a, struct err *e)
{
    struct worker *w = to;
    if (!request(w, e))
        return false;
    if (!note(w->world, a))
        return err_set(e, ERR_SYSTEM, "no memory");
    return answer(w, e);
}
