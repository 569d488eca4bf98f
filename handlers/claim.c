/* Claims of many keys changed side by side, by compare-and-set until each succeeded. */
#include <stdlib.h>

#include "handlers/settling.h"

/* What is asked of the claims items of a batch: change them; false ends with e. */
typedef bool (*change_fn)(struct batch *b, struct work *k, struct err *e);

/* The item before and after, while it travels. */
struct travel {
    struct state_claims *got;
    struct state_swap *swaps;
    struct buf *after;
    size_t *asked; /* work of each item read */
    size_t *which; /* work of each swap */
};

static void travel_release(struct travel *t, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (t->got)
            buf_release(&t->got[i].blob);
        if (t->after)
            buf_release(t->after + i);
    }
    free(t->got);
    free(t->swaps);
    free(t->after);
    free(t->asked);
    free(t->which);
}

static bool travel_init(struct travel *t, size_t n)
{
    *t = (struct travel){calloc(n, sizeof *t->got), calloc(n, sizeof *t->swaps),
                         calloc(n, sizeof *t->after), calloc(n, sizeof *t->asked),
                         calloc(n, sizeof *t->which)};
    for (size_t i = 0; i < n && t->got && t->after; i++) {
        buf_init(&t->got[i].blob, CLAIMS_BYTES_MAX);
        buf_init(t->after + i, CLAIMS_BYTES_MAX);
    }
    return t->got && t->swaps && t->after && t->asked && t->which;
}

/* Claims that ended before it are never met again: with the oldest event that is no stray buckets
 * are read that begin a timespan and one of them before it, and the gap reaches further back. */
static int64_t horizon_of(const struct windows *w, const struct work *k)
{
    int64_t bucket_ms = k->eval.cell_ms * k->eval.bucket_cells;
    int64_t reach_ms = k->eval.timespan_ms + bucket_ms;
    return w->cfg.whole ? INT64_MIN
                        : w->delivery.now_ms - w->cfg.memory_ms - k->eval.gap_ms - reach_ms;
}

/* When the item may be forgotten, seconds since 1970. */
static int64_t expiry_of(const struct windows *w, const struct work *k)
{
    const struct element *newest = vec_at(&k->en->all, k->en->all.n - 1);
    return (later(w->delivery.now_ms, newest->time_ms) + CLAIMS_KEPT_MS + k->eval.gap_ms) / 1000;
}

/* Reads the items of the works that are not done: item i is that of work asked[i]. */
static bool read_items(struct batch *b, struct travel *t, size_t *n, struct err *e)
{
    *n = 0;
    for (size_t i = 0; i < b->n; i++) {
        if (b->works[i].done)
            continue;
        buf_reset(&t->got[*n].blob);
        t->got[*n].key = b->works[i].en->key;
        t->got[*n].version = 0;
        t->asked[(*n)++] = i;
    }
    return *n == 0 || b->w->state.claims(b->w->state.self, t->got, *n, e);
}

/* Changes one work's claims, as they were read; the swap is appended unless nothing is different.
 */
static bool change_one(struct batch *b, struct travel *t, size_t i, change_fn change,
                       size_t *n_swaps, struct err *e)
{
    struct work *k = b->works + t->asked[i];
    struct buf *out = t->after + *n_swaps;
    struct str before = buf_str(&t->got[i].blob);
    if (!claims_decode(&k->claims, before, e))
        return false;
    claims_expire(&k->claims, horizon_of(b->w, k));
    if (!change(b, k, e))
        return false;
    buf_reset(out);
    claims_encode(&k->claims, out);
    if (!buf_ok(out, "the claims of one key", e))
        return false;
    k->done = str_eq(before, buf_str(out)) || (before.n == 0 && k->claims.list.n == 0);
    if (k->done)
        return true;
    t->swaps[*n_swaps] =
        (struct state_swap){k->en->key, buf_str(out), t->got[i].version, expiry_of(b->w, k), false};
    t->which[(*n_swaps)++] = t->asked[i];
    return true;
}

/* One try: strays have no item and are done from the start. *left: how many were in conflict. */
static bool try_change(struct batch *b, struct travel *t, change_fn change, size_t *left,
                       struct err *e)
{
    struct port_state *state = &b->w->state;
    size_t n, n_swaps = 0;
    bool ok = read_items(b, t, &n, e);
    for (size_t i = 0; ok && i < n; i++)
        ok = change_one(b, t, i, change, &n_swaps, e);
    if (!ok || (n_swaps && !state->swap(state->self, t->swaps, n_swaps, e)))
        return false;
    *left = 0;
    for (size_t i = 0; i < n_swaps; i++) {
        *left += t->swaps[i].conflict;
        b->works[t->which[i]].done = !t->swaps[i].conflict;
    }
    return true;
}

/* Changes the claims of all works that are not done, by compare-and-set until it succeeds. */
static bool change_claims(struct batch *b, change_fn change, struct err *e)
{
    struct windows *w = b->w;
    struct travel t;
    size_t left = 0;
    for (size_t i = 0; i < b->n; i++)
        left += !b->works[i].done;
    bool ok = travel_init(&t, b->n ? b->n : 1) || settle_no_memory(e);
    for (unsigned round = 0; ok && left > 0; round++) {
        ok = round < WINDOWS_SWAPS_MAX
                 ? try_change(b, &t, change, &left, e)
                 : err_set(e, ERR_RETRY, "other deliveries keep changing the same claims");
        if (!ok || left == 0)
            break;
        w->counts.conflicts += left;
        w->state.pause(w->state.self, SWAP_PAUSE_MS * (int64_t)(round + 1));
    }
    travel_release(&t, b->n ? b->n : 1);
    return ok;
}

/* How many of its events a span brings to its claim. A value that was told, or is not to be, is
 * news no more: uses of it are not counted, for most are not even looked at (learn.c). */
static size_t count_news(const struct work *k, const struct span *s, bool mute)
{
    bool first_seen = k->window->type == WINDOW_TYPE_FIRST_SEEN;
    if (first_seen && mute)
        return 0;
    for (size_t i = 0; first_seen && i < k->claims.list.n; i++) {
        const struct claim *cl = claims_at(&k->claims, i);
        if (cl->first_ms - k->eval.gap_ms <= s->until_ms &&
            s->first_ms - k->eval.gap_ms <= cl->until_ms &&
            (cl->n_alerts == 0 || cl->alerts[0].told))
            return 0;
    }
    return k->en->all.n;
}

static bool claim(struct batch *b, struct work *k, struct err *e)
{
    struct claiming by = work_claiming(b->w, k->en);
    for (size_t i = 0; i < k->en->spans.n; i++) {
        const struct span *s = vec_at(&k->en->spans, i);
        by.mute = work_is_muted(b->w, k, s->first_ms);
        by.details = work_details(k, s->first_ms, s->until_ms);
        size_t news = count_news(k, s, by.mute);
        if (!claims_claim(&k->claims, &k->eval, s, 1, k->en->all.p, news, &by, e))
            return false;
    }
    return true;
}

bool settle_claim_strays(struct batch *b, struct err *e)
{
    for (size_t i = 0; i < b->n; i++) {
        struct work *k = b->works + i;
        if (k->en->stray && !claim(b, k, e))
            return false;
        k->done = k->en->stray;
    }
    return true;
}

bool settle_claim(struct batch *b, struct err *e)
{
    return change_claims(b, claim, e);
}

/* ---- mark ---- */

/* What was told, kept apart from the claims, which are read afresh. */
struct mark {
    unsigned char id[CLAIM_ID_BYTES];
    uint32_t told;
};

/* Notes in the items what this delivery told. change_fn over the claims as they are now: the marks
 * of a work are those of its former claims, which settle_mark has put aside. */
struct marks {
    struct vec list; /* struct mark */
    size_t *first;   /* by work; n + 1 of them */
};

struct marking {
    struct batch batch; /* first, so that change_fn can find it */
    const struct marks *marks;
};

static bool gather_marks(const struct batch *b, struct marks *m)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct work *k = b->works + i;
        m->first[i] = m->list.n;
        for (size_t c = 0; c < k->claims.list.n && !k->en->stray; c++) {
            const struct claim *cl = claims_at(&k->claims, c);
            for (uint32_t a = 0; a < cl->n_alerts; a++) {
                struct mark *to = cl->alerts[a].told ? vec_push(&m->list, 1) : NULL;
                if (cl->alerts[a].told && !to)
                    return false;
                if (!to)
                    continue;
                memcpy(to->id, cl->alerts[a].id, sizeof to->id);
                to->told = cl->alerts[a].told;
            }
        }
    }
    m->first[b->n] = m->list.n;
    return true;
}

static bool mark(struct batch *b, struct work *k, struct err *e)
{
    (void)e;
    const struct marking *all = (const struct marking *)(const void *)b;
    size_t i = (size_t)(k - b->works);
    for (size_t m = all->marks->first[i]; m < all->marks->first[i + 1]; m++) {
        const struct mark *one = vec_at(&all->marks->list, m);
        claims_mark(&k->claims, one->id, one->told);
    }
    return true;
}

bool settle_mark(struct batch *b, struct err *e)
{
    struct marks m = {.first = calloc(b->n + 1, sizeof *m.first)};
    vec_init(&m.list, sizeof(struct mark), SIZE_MAX);
    bool ok = m.first && gather_marks(b, &m) ? true : settle_no_memory(e);
    struct marking all = {*b, &m};
    for (size_t i = 0; i < b->n; i++) {
        b->works[i].done = b->works[i].en->stray || !b->works[i].told;
        b->works[i].told = false;
    }
    ok = ok && change_claims(&all.batch, mark, e);
    free(m.first);
    vec_release(&m.list);
    return ok;
}
