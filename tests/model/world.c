/* The queue, the workers, and what must be true in the end. */
#include "tests/model/world.h"

#include <stdio.h>
#include <stdlib.h>

#include "handlers/entries.h"
#include "tests/model/port.h"

#define TICKS_MAX 50000000 /* of one schedule; far more than the slowest takes */

const char *mistake_name(enum mistake m)
{
    static const char *const names[] = {"none",       "read before add",    "newest only",
                                        "wide cells", "ordered keeps ends", "owner only",
                                        "no settling"};
    return names[m];
}

/* ---- keys ---- */

static const struct str key_texts[PLAN_KEYS] = {{"k0", 2}, {"k1", 2}};

static bool find_keys(struct world *w, struct err *e)
{
    struct windows *all = w->workers[0].windows; /* nothing is gathered in it yet */
    for (uint32_t i = 0; i < w->plan.n_windows; i++)
        for (uint32_t k = 0; k < PLAN_KEYS; k++) {
            bool fresh, single = w->plan.windows[i].type == WINDOW_TYPE_SINGLE;
            const struct str parts[2] = {single ? S("1") : key_texts[k], key_texts[k]};
            struct entry_name name = {.window = i, .parts = parts, .n_parts = single ? 2 : 1};
            struct entry *en = entries_get(&all->entries, w->rules, &name, &fresh, e);
            if (!en)
                return false;
            w->keys[i][k] = en->key;
        }
    entries_clear(&all->entries);
    return true;
}

/* ---- a delivery ---- */

static void describe(void *to, struct event *ev, uint32_t rule, const struct facts *f,
                     struct buf *out)
{
    (void)to;
    (void)ev;
    (void)rule;
    buf_put(out, f->evidence);
}

static bool add_event(struct worker *w, uint32_t number, struct err *e)
{
    const struct plan_event *p = w->world->plan.events + number;
    struct buf id, record;
    uint32_t hits[PLAN_RULES];
    size_t n = 0, used;
    buf_init(&id, 64);
    buf_init(&record, 256);
    buf_putf(&id, "%08x-0000-4000-8000-%012x", number * 2654435761u, number);
    buf_putf(&record, "{\"g\":\"k%u\",\"v\":\"v%u\"}", p->key, p->value);
    for (uint32_t i = 0; i < PLAN_RULES; i++)
        if (p->rules & 1u << i)
            hits[n++] = i;
    struct facts f = {.evidence = buf_str(&id),
                      .timed = true,
                      .time_ms = p->time,
                      .account = S("1"),
                      .identity = key_texts[p->key]};
    bool ok = event_read(&w->event, buf_str(&record), &used, e) == JSON_OK &&
              windows_add(w->windows, &w->event, &f, hits, n, e);
    buf_release(&id);
    buf_release(&record);
    return ok;
}

static bool deliver(struct worker *w, struct err *e)
{
    struct world *world = w->world;
    const struct plan_object *o = world->plan.objects + w->object;
    bool owner_only = world->mistake == OWNER_ONLY;
    struct delivery d = {.now_ms = world->now,
                         .lease_ms = owner_only ? INT64_MAX / 2 : LEASE,
                         .again = w->receives > 1 && !owner_only};
    int64_t since = owner_only ? 0 : world->now;
    memcpy(d.owner, &w->object, sizeof w->object);
    memcpy(d.owner + sizeof w->object, &since, sizeof since);
    d.owner[CLAIM_ID_BYTES - 1] = 1; /* nobody is no owner */
    windows_begin(w->windows, &d);
    for (uint32_t i = 0; i < o->n; i++)
        if (!add_event(w, o->events[i], e))
            return false;
    return windows_settle(w->windows, e);
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

/* ---- what must be true ---- */

static bool was_said(const struct world *w, const unsigned char *id, uint32_t updates)
{
    for (size_t i = 0; i < w->said.n; i++) {
        const struct said *s = vec_at(&w->said, i);
        if (s->updates == updates && memcmp(s->id, id, CLAIM_ID_BYTES) == 0)
            return true;
    }
    return false;
}

static bool read_claims(struct world *w, uint32_t window, uint32_t key, struct claims *c,
                        struct err *e)
{
    struct state_claims got = {.key = w->keys[window][key]};
    buf_init(&got.blob, CLAIMS_BYTES_MAX);
    bool ok = w->state.claims(w->state.self, &got, 1, e) && claims_decode(c, buf_str(&got.blob), e);
    buf_release(&got.blob);
    return ok;
}

/* Some message of some alert of the claim was published. */
static bool is_heard(const struct world *w, const struct claim *cl)
{
    for (uint32_t a = 0; a < cl->n_alerts; a++)
        for (uint32_t u = 0; u < cl->alerts[a].due; u++)
            if (was_said(w, cl->alerts[a].id, u))
                return true;
    return false;
}

/* Every episode of the events that were acknowledged has been told. */
static void check_heard(struct world *w, const bool *which, uint32_t window, uint32_t key,
                        const struct claims *c, struct buf *faults)
{
    struct oracle_span due[2 * ORACLE_MAX];
    size_t n = plan_episodes(&w->plan, which, window, key, false, due);
    for (size_t i = 0; i < n; i++) {
        bool heard = false;
        for (size_t k = 0; k < c->list.n; k++) {
            const struct claim *cl = claims_at(c, k);
            bool covers = cl->first_ms <= due[i].until && cl->until_ms >= due[i].first;
            heard = heard || (covers && is_heard(w, cl));
        }
        if (!heard)
            buf_putf(faults, "window %u key %u: %s [%lld, %lld] is untold\n", window, key,
                     which ? "acknowledged" : "episode", (long long)due[i].first,
                     (long long)due[i].until);
    }
}

static bool inside(const struct oracle_span *list, size_t n, int64_t first, int64_t until)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].first <= first && list[i].until >= until)
            return true;
    return false;
}

/* The claims are the oracle's episodes. Only where a crowded cell feeds another rule may they lie
 * between what cannot be lost and what could have been seen. */
static void check_spans(struct world *w, uint32_t window, uint32_t key, const struct claims *c,
                        struct buf *faults)
{
    struct oracle_span least[2 * ORACLE_MAX], most[2 * ORACLE_MAX], got[CLAIMS_MAX + 1];
    size_t n = plan_episodes(&w->plan, NULL, window, key, false, least);
    size_t m = plan_episodes(&w->plan, NULL, window, key, true, most);
    bool exact = n == m && memcmp(least, most, n * sizeof *least) == 0, fine = true;
    for (size_t i = 0; i < c->list.n; i++) {
        got[i] = (struct oracle_span){claims_at(c, i)->first_ms, claims_at(c, i)->until_ms};
        fine = fine && inside(most, m, got[i].first, got[i].until);
    }
    for (size_t i = 0; i < n; i++)
        fine = fine && inside(got, c->list.n, least[i].first, least[i].until);
    if (exact)
        fine = n == c->list.n && memcmp(least, got, n * sizeof *least) == 0;
    w->sums->episodes += n;
    w->sums->inexact += !exact;
    if (fine)
        return;
    buf_putf(faults, "window %u key %u: %sclaims", window, key, exact ? "" : "(inexact) ");
    for (size_t i = 0; i < c->list.n; i++)
        buf_putf(faults, " [%lld, %lld]", (long long)got[i].first, (long long)got[i].until);
    buf_putz(faults, " against");
    for (size_t i = 0; i < m; i++)
        buf_putf(faults, " [%lld, %lld]", (long long)most[i].first, (long long)most[i].until);
    buf_putc(faults, '\n');
}

/* All alerts are told, and marked so, each under an id of its own. */
static void check_alerts(struct world *w, uint32_t window, uint32_t key, const struct claims *c,
                         struct vec *ids, struct buf *faults)
{
    for (size_t i = 0; i < c->list.n; i++) {
        const struct claim *cl = claims_at(c, i);
        w->sums->joins += cl->n_alerts > 1;
        if (cl->n_alerts >= CLAIM_ALERTS_MAX)
            w->forgets[window][key] = true;
        for (uint32_t a = 0; a < cl->n_alerts; a++) {
            const struct claim_alert *alert = cl->alerts + a;
            if (alert->told != alert->due || !was_said(w, alert->id, alert->due - 1))
                buf_putf(faults, "window %u key %u: alert %u of claim %zu was never told\n", window,
                         key, a, i);
            for (size_t k = 0; k < ids->n; k++)
                if (memcmp(vec_at(ids, k), alert->id, CLAIM_ID_BYTES) == 0)
                    buf_putf(faults, "window %u key %u: an id is there twice\n", window, key);
            void *to = vec_push(ids, 1);
            if (to)
                memcpy(to, alert->id, CLAIM_ID_BYTES);
        }
        if (cl->n_alerts == 0)
            buf_putf(faults, "window %u key %u: claim %zu has no alert\n", window, key, i);
    }
}

/* An id means one window and key, and what was said is on record. */
static void check_said(struct world *w, const struct vec *ids, struct buf *faults)
{
    for (size_t i = 0; i < w->said.n; i++) {
        const struct said *s = vec_at(&w->said, i);
        bool known = w->forgets[s->window][s->key], again = false;
        for (size_t k = 0; k < ids->n && !known; k++)
            known = memcmp(vec_at(ids, k), s->id, CLAIM_ID_BYTES) == 0;
        if (!known)
            buf_putz(faults, "an alert was told that no claim knows\n");
        for (size_t k = 0; k < i; k++) {
            const struct said *t = vec_at(&w->said, k);
            if (memcmp(s->id, t->id, CLAIM_ID_BYTES) != 0)
                continue;
            again = again || s->updates == t->updates;
            if (s->window != t->window || s->key != t->key)
                buf_putz(faults, "two keys share an alert's id\n");
        }
        w->sums->repeats += again;
    }
}

typedef void (*check_fn)(struct world *w, uint32_t window, uint32_t key, const struct claims *c,
                         void *to, struct buf *faults);

static void check_acknowledged(struct world *w, uint32_t window, uint32_t key,
                               const struct claims *c, void *to, struct buf *faults)
{
    check_heard(w, to, window, key, c, faults);
}

static void check_final(struct world *w, uint32_t window, uint32_t key, const struct claims *c,
                        void *to, struct buf *faults)
{
    check_heard(w, NULL, window, key, c, faults);
    check_spans(w, window, key, c, faults);
    check_alerts(w, window, key, c, to, faults);
}

/* Looks at the claims of every window that tells, and every key. */
static bool check_all(struct world *w, check_fn check, void *to, struct buf *faults, struct err *e)
{
    bool ok = true;
    for (uint32_t i = 0; ok && i < w->plan.n_windows; i++)
        for (uint32_t k = 0; ok && k < PLAN_KEYS && !w->plan.windows[i].muted; k++) {
            struct arena memory;
            struct claims c;
            arena_init(&memory, SIZE_MAX);
            claims_init(&c, &memory);
            ok = read_claims(w, i, k, &c, e);
            if (ok)
                check(w, i, k, &c, to, faults);
            claims_release(&c);
            arena_release(&memory);
        }
    return ok;
}

static bool check_end(struct world *w, struct buf *faults, struct err *e)
{
    struct vec ids;
    vec_init(&ids, CLAIM_ID_BYTES, SIZE_MAX);
    bool ok = check_all(w, check_final, &ids, faults, e);
    if (ok)
        check_said(w, &ids, faults);
    vec_release(&ids);
    return ok;
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
        k->windows = windows_new(&cfg, &port, (struct windows_calls){k, describe, port_tell}, e);
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
    return plan_rules(&w->plan, &w->rules, e) && start_workers(w, e) && find_keys(w, e);
}

static bool run(struct world *w, struct queue *q, struct buf *faults, struct err *e)
{
    bool which[PLAN_EVENTS] = {false};
    if (!play(w, q, e))
        return false;
    for (uint32_t o = 0; o < w->plan.n_objects; o++)
        for (uint32_t i = 0; q->done[o] && i < w->plan.objects[o].n; i++)
            which[w->plan.objects[o].events[i]] = true;
    if (!check_all(w, check_acknowledged, which, faults, e))
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
