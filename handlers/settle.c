/* Settling: the steps of the protocol over all entries of a delivery, one depth of chaining after
 * the other. Each step is one function over the batch; windows_settle at the end is their order. */
#include <math.h>
#include <stdlib.h>

#include "engine/aggregate.h"
#include "handlers/entries.h"

#define BATCH_MAX        1024         /* keys whose claims are changed side by side */
#define BATCH_MEMORY_MAX (64u << 20)  /* 1024 claims of some 6 KB, read ten times */
#define DEPTH_MAX        8            /* correlations over correlations */
#define BUCKET_KEPT_MS   172800000LL  /* 48 h beyond timespan and gap (DESIGN section 5, expiry) */
#define CLAIMS_KEPT_MS   1296000000LL /* 15 days: a message may wait 14 in a dead-letter queue */
#define DROP_SLACK       16           /* superfluous elements of a bucket that are let be */
#define PAUSE_MS         20           /* before a lost swap is tried again, times its number */
#define LOOK_MS          200          /* before another look at what others have to tell */

/* An entry that claims, and what the state holds of it. */
struct work {
    struct entry *en;
    const struct rs_window *window;
    struct window eval;
    struct claims claims;
    uint64_t version;
    bool done; /* with the change of claims that is under way */
    bool told; /* something that is not marked yet */
};

struct batch {
    struct windows *w;
    struct work *works;
    size_t n;
    struct arena memory;
};

/* Superfluous elements found while reading; dropped when everything is on record. */
struct drops {
    struct vec list;     /* struct state_drop; elements counts into `elements` until sent */
    struct vec elements; /* struct element */
};

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "no memory to settle windows");
}

static const struct rs_window *window_at(const struct windows *w, const struct entry *en)
{
    return w->cfg.rules->windows + en->window;
}

static bool has_buckets(const struct windows *ws, const struct work *k)
{
    const struct rs_window *w = k->window;
    bool counts_one = w->type == WINDOW_TYPE_SINGLE || w->type == WINDOW_TYPE_FIRST_SEEN;
    return !ws->cfg.whole && !k->en->stray && !counts_one && !(w->flags & WINDOW_SCAN_ONLY) &&
           !(w->type == WINDOW_TYPE_EVENT_COUNT && w->n == 1);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- add ---- */

/* Puts an entry's own elements in order, each once. */
static void sort_own(struct entry *en)
{
    en->elements.n = window_sort(en->elements.p, en->elements.n);
}

/* Appends to `out` those of the n sorted elements that thinning keeps. */
static bool thin_into(const struct window *eval, const struct element *list, size_t n,
                      struct vec *out, struct err *e)
{
    bool *keep = calloc(n ? n : 1, sizeof *keep);
    if (!keep)
        return no_memory(e);
    bool ok = window_thin(eval, list, n, keep, e);
    for (size_t i = 0; ok && i < n; i++) {
        struct element *to = keep[i] ? vec_push(out, 1) : NULL;
        if (to)
            *to = list[i];
        ok = to || !keep[i] || no_memory(e);
    }
    free(keep);
    return ok;
}

/* Appends one request for each bucket that the n sorted elements lie in. */
static bool put_adds(const struct windows *w, const struct work *k, const struct element *list,
                     size_t n, struct vec *adds, struct err *e)
{
    for (size_t i = 0; i < n;) {
        int64_t bucket = window_bucket(&k->eval, list[i].time_ms);
        size_t from = i;
        while (i < n && window_bucket(&k->eval, list[i].time_ms) == bucket)
            i++;
        struct state_add *a = vec_push(adds, 1);
        if (!a)
            return no_memory(e);
        int64_t until = later(list[i - 1].time_ms, w->delivery.now_ms) + k->eval.timespan_ms +
                        k->eval.gap_ms + BUCKET_KEPT_MS;
        *a = (struct state_add){k->en->key, bucket, list + from, i - from, until / 1000};
    }
    return true;
}

static bool add_all(struct batch *b, struct err *e)
{
    struct vec adds, *thinned = calloc(b->n ? b->n : 1, sizeof *thinned);
    if (!thinned)
        return no_memory(e);
    vec_init(&adds, sizeof(struct state_add), SIZE_MAX);
    bool ok = true;
    for (size_t i = 0; i < b->n && ok; i++) {
        struct work *k = b->works + i;
        vec_init(thinned + i, sizeof(struct element), SIZE_MAX);
        if (has_buckets(b->w, k))
            ok = thin_into(&k->eval, k->en->elements.p, k->en->elements.n, thinned + i, e) &&
                 put_adds(b->w, k, thinned[i].p, thinned[i].n, &adds, e);
    }
    ok = ok && (adds.n == 0 || b->w->state.add(b->w->state.self, adds.p, adds.n, e));
    for (size_t i = 0; i < b->n; i++)
        vec_release(thinned + i);
    free(thinned);
    vec_release(&adds);
    return ok;
}

/* ---- read ---- */

/* One range for each run of buckets that own elements lie in, a neighbour on either side. */
static bool put_reads(const struct work *k, struct vec *reads, struct err *e)
{
    const struct element *own = k->en->elements.p;
    struct state_read *last = NULL;
    for (size_t i = 0; i < k->en->elements.n; i++) {
        int64_t bucket = window_bucket(&k->eval, own[i].time_ms);
        if (last && bucket - 1 <= last->to + 1) {
            last->to = later(last->to, bucket + 1);
            continue;
        }
        last = vec_push(reads, 1);
        if (!last)
            return no_memory(e);
        *last = (struct state_read){k->en->key, bucket - 1, bucket + 1, &k->en->all};
    }
    return true;
}

static bool read_all(struct batch *b, struct err *e)
{
    struct vec reads;
    vec_init(&reads, sizeof(struct state_read), SIZE_MAX);
    bool ok = true;
    for (size_t i = 0; i < b->n && ok; i++)
        if (has_buckets(b->w, b->works + i))
            ok = put_reads(b->works + i, &reads, e);
    ok = ok && (reads.n == 0 || b->w->state.read(b->w->state.self, reads.p, reads.n, e));
    vec_release(&reads);
    return ok;
}

/* Notes what of the sorted elements that were read is superfluous. */
static bool note_drops(const struct work *k, struct drops *d, struct err *e)
{
    const struct element *list = k->en->all.p;
    size_t n = k->en->all.n;
    bool *keep = calloc(n ? n : 1, sizeof *keep);
    if (!keep)
        return no_memory(e);
    bool ok = window_thin(&k->eval, list, n, keep, e);
    for (size_t i = 0; ok && i < n;) {
        int64_t bucket = window_bucket(&k->eval, list[i].time_ms);
        size_t before = d->elements.n;
        for (; ok && i < n && window_bucket(&k->eval, list[i].time_ms) == bucket; i++) {
            struct element *to = keep[i] ? NULL : vec_push(&d->elements, 1);
            if (to)
                *to = list[i];
            ok = to || keep[i] || no_memory(e);
        }
        size_t found = d->elements.n - before;
        if (!ok || found <= DROP_SLACK) {
            d->elements.n = before;
            continue;
        }
        struct state_drop *drop = vec_push(&d->list, 1);
        if (drop)
            *drop = (struct state_drop){k->en->key, bucket, NULL, found};
        ok = drop || no_memory(e);
    }
    free(keep);
    return ok;
}

static bool send_drops(struct windows *w, struct drops *d, struct err *e)
{
    const struct element *at = d->elements.p;
    for (size_t i = 0; i < d->list.n; i++) {
        struct state_drop *drop = vec_at(&d->list, i);
        drop->elements = at;
        at += drop->n;
    }
    return d->list.n == 0 || w->state.drop(w->state.self, d->list.p, d->list.n, e);
}

/* A bucket that takes no more is thinned, and tried once more. Under a flood that is the rule's own
 * doing: what thinning would drop fills it faster than deliveries that read it. */
static bool make_room(struct batch *b, struct err *e)
{
    struct drops d;
    vec_init(&d.list, sizeof(struct state_drop), SIZE_MAX);
    vec_init(&d.elements, sizeof(struct element), SIZE_MAX);
    bool ok = read_all(b, e);
    for (size_t i = 0; i < b->n && ok; i++) {
        struct work *k = b->works + i;
        k->en->all.n = window_sort(k->en->all.p, k->en->all.n);
        ok = !has_buckets(b->w, k) || note_drops(k, &d, e);
        k->en->all.n = 0;
    }
    ok = ok && send_drops(b->w, &d, e);
    vec_release(&d.list);
    vec_release(&d.elements);
    return ok;
}

static bool add_with_room(struct batch *b, struct err *e)
{
    struct err why = {0};
    if (add_all(b, &why))
        return true;
    bool again = why.kind == ERR_LIMIT && make_room(b, &why) && add_all(b, &why);
    if (again)
        return true;
    *e = why;
    if (e->kind == ERR_LIMIT)
        e->kind = ERR_RETRY; /* others may thin it meanwhile */
    return false;
}

/* ---- find ---- */

/* Own elements join those that were read; when nothing was read, they are all. */
static bool gather(struct entry *en, struct err *e)
{
    if (en->all.n == 0) {
        struct vec none = en->all;
        en->all = en->elements;
        en->elements = none;
        return true;
    }
    struct element *to = en->elements.n ? vec_push(&en->all, en->elements.n) : NULL;
    if (en->elements.n && !to)
        return no_memory(e);
    if (to)
        memcpy(to, en->elements.p, en->elements.n * sizeof *to);
    en->all.n = window_sort(en->all.p, en->all.n);
    return true;
}

/* Appends the spans at which the window holds, joined when they are no further apart than gap_ms.
 */
static bool find_spans(const struct work *k, int64_t gap_ms, struct vec *spans, struct err *e)
{
    const struct vec *all = &k->en->all;
    struct rs_window window = *k->window;
    struct window eval = k->eval;
    window.gap_ms = eval.gap_ms = gap_ms;
    if (window.flags & WINDOW_SCAN_ONLY)
        return aggregate_held(&window, all->p, all->n, spans, e);
    return window_held(&eval, all->p, all->n, spans, e);
}

static bool find_all(struct batch *b, struct drops *d, struct err *e)
{
    for (size_t i = 0; i < b->n; i++) {
        struct work *k = b->works + i;
        k->en->all.n = window_sort(k->en->all.p, k->en->all.n);
        k->en->evidence.n = window_sort(k->en->evidence.p, k->en->evidence.n);
        if ((has_buckets(b->w, k) && !note_drops(k, d, e)) || !gather(k->en, e) ||
            !find_spans(k, k->eval.gap_ms, &k->en->spans, e))
            return false;
    }
    return true;
}

/* ---- feed ---- */

/* Some of a sorted list. */
struct range {
    const struct element *p;
    size_t n;
};

/* How many of the sorted elements lie before t. */
static size_t count_before(const struct vec *sorted, int64_t t)
{
    size_t from = 0, to = sorted->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (((const struct element *)vec_at(sorted, mid))->time_ms < t)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

/* Those from from_ms to until_ms, both included. */
static struct range range_of(const struct vec *sorted, int64_t from_ms, int64_t until_ms)
{
    size_t from = count_before(sorted, from_ms), to = count_before(sorted, until_ms + 1);
    return (struct range){from < to ? vec_at(sorted, from) : NULL, to - from};
}

/* The events behind an entry: its elements, or, chained, what its inputs passed on. */
static const struct vec *events_of(const struct work *k)
{
    return k->window->depth > 0 ? &k->en->evidence : &k->en->all;
}

/* What was written of the first event of that span: of the crowd that begins in it or, failing
 * that, runs into it. NULL when nothing was. */
static const struct glimpse *glimpse_of(const struct work *k, int64_t first_ms, int64_t until_ms)
{
    const struct glimpse *before = NULL;
    int64_t from_ms = first_ms - k->eval.timespan_ms;
    for (size_t i = 0; i < k->en->glimpses.n; i++) {
        const struct glimpse *g = vec_at(&k->en->glimpses, i);
        if (g->first.time_ms > until_ms)
            break;
        if (g->first.time_ms >= from_ms)
            return g;
        if (g->until_ms >= from_ms)
            before = g;
    }
    return before;
}

/* A moment as an element: the same moment of the same key is one. */
static struct element moment_of(const struct entry *en, const struct rs_input *in, int64_t t)
{
    struct element el = {.time_ms = t, .what = in->step};
    memcpy(&el.event.hi, en->key.bytes, sizeof el.event.hi);
    memcpy(&el.event.lo, en->key.bytes + sizeof el.event.hi, sizeof el.event.lo);
    el.event.lo ^= (uint64_t)t * 0x9e3779b97f4a7c15u;
    return el;
}

/* The entry of the window that `in` feeds, under the key that this one has for it. */
static struct entry *parent_of(struct windows *w, const struct entry *en, const struct rs_input *in,
                               struct err *e)
{
    const struct ruleset *rs = w->cfg.rules;
    struct str parts[ENTRY_PARTS_MAX];
    bool fresh;
    for (uint32_t i = 0; i < in->keys.n; i++)
        parts[i] = en->parts[rs->numbers[in->keys.first + i]];
    struct entry_name name = {.window = in->window,
                              .stray = en->stray,
                              .account = en->account,
                              .parts = parts,
                              .n_parts = in->keys.n};
    return entries_get(&w->entries, rs, &name, &fresh, e);
}

/* Passes on the moments of one span: the times of its elements. */
static bool feed_moments(struct windows *w, const struct work *k, const struct span *s,
                         const struct rs_input *in, struct entry *to, struct err *e)
{
    struct range r = range_of(&k->en->all, s->first_ms, s->until_ms);
    for (size_t i = 0; i < r.n; i++) {
        if (i && r.p[i - 1].time_ms == r.p[i].time_ms)
            continue;
        struct element el = moment_of(k->en, in, r.p[i].time_ms);
        if (!entry_add(&w->entries, to, &el, STR_ABSENT, e))
            return false;
    }
    return true;
}

/* Passes on the events behind one span, and what was written of the first of them. */
static bool feed_events(struct windows *w, const struct work *k, const struct span *s,
                        struct entry *to, struct err *e)
{
    struct range r = range_of(events_of(k), s->first_ms - k->eval.timespan_ms, s->until_ms);
    const struct glimpse *g = glimpse_of(k, s->first_ms, s->until_ms);
    struct element *copy = r.n ? vec_push(&to->evidence, r.n) : NULL;
    bool news;
    if (r.n && !copy)
        return no_memory(e);
    if (copy)
        memcpy(copy, r.p, r.n * sizeof *copy);
    if (!g)
        return true;
    struct glimpse *mine = entry_glimpse(
        &w->entries, to, glimpse_gap(w->cfg.rules->windows + to->window), &g->first, &news, e);
    return mine && (!news || glimpse_set(&w->entries, mine, &g->first, str_n(g->text, g->n), e));
}

/* Moments are of the spans as they are: between two spans of one episode the window does not hold.
 */
static bool feed_one(struct windows *w, const struct work *k, const struct rs_input *in,
                     struct err *e)
{
    struct entry *to = k->en->spans.n ? parent_of(w, k->en, in, e) : NULL;
    struct vec held;
    if (!to)
        return k->en->spans.n == 0;
    vec_init(&held, sizeof(struct span), SIZE_MAX);
    bool ok = find_spans(k, 0, &held, e);
    for (size_t i = 0; i < held.n && ok; i++)
        ok = feed_moments(w, k, vec_at(&held, i), in, to, e);
    for (size_t i = 0; i < k->en->spans.n && ok; i++)
        ok = feed_events(w, k, vec_at(&k->en->spans, i), to, e);
    vec_release(&held);
    return ok;
}

static bool feed_all(struct batch *b, struct err *e)
{
    const struct ruleset *rs = b->w->cfg.rules;
    for (size_t i = 0; i < b->n; i++) {
        const struct rs_window *win = b->works[i].window;
        for (uint32_t f = 0; f < win->feeds.n; f++)
            if (!feed_one(b->w, b->works + i, rs->inputs + rs->numbers[win->feeds.first + f], e))
                return false;
    }
    return true;
}

/* ---- claim ---- */

static struct claiming claiming_of(const struct windows *w, const struct entry *en)
{
    struct claiming by = {
        .now_ms = w->delivery.now_ms,
        .lease_ms = w->delivery.lease_ms,
        .again = w->delivery.again,
        .seed = en->key.bytes,
    };
    memcpy(by.owner, w->delivery.owner, sizeof by.owner);
    return by;
}

/* Whether an episode that begins then gets no alert. While a first_seen rule learns, nothing is
 * news; a new key is one alert, its first value, not one for each of the values that follow. */
static bool is_muted(const struct windows *w, const struct work *k, int64_t first_ms)
{
    const struct entry *en = k->en;
    int64_t learn_ms = k->window->learn_ms;
    /* What is not placed among what is remembered cannot be told to be new. */
    if (k->window->type == WINDOW_TYPE_FIRST_SEEN && en->stray)
        return true;
    if (!en->learned)
        return w->cfg.mute;
    return w->cfg.mute || first_ms < en->account_ms + learn_ms ||
           (first_ms > en->key_ms && first_ms < en->key_ms + learn_ms);
}

static struct str details_of(const struct work *k, int64_t first_ms, int64_t until_ms)
{
    const struct glimpse *g = glimpse_of(k, first_ms, until_ms);
    return g && g->text ? str_n(g->text, g->n) : STR_ABSENT;
}

/* What is asked of the claims items of a batch: change them; false ends with e. */
typedef bool (*change_fn)(struct batch *b, struct work *k, struct err *e);

/* The item before and after, while it travels. */
struct travel {
    struct state_claims *got;
    struct state_swap *swaps;
    struct buf *after;
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
    free(t->which);
}

static bool travel_init(struct travel *t, size_t n)
{
    *t = (struct travel){calloc(n, sizeof *t->got), calloc(n, sizeof *t->swaps),
                         calloc(n, sizeof *t->after), calloc(n, sizeof *t->which)};
    for (size_t i = 0; i < n && t->got && t->after; i++) {
        buf_init(&t->got[i].blob, CLAIMS_BYTES_MAX);
        buf_init(t->after + i, CLAIMS_BYTES_MAX);
    }
    return t->got && t->swaps && t->after && t->which;
}

/* Claims that ended before it are never met again: the oldest event that is no stray has buckets
 * read that begin two of them before it, and the gap reaches further back. */
static int64_t horizon_of(const struct windows *w, const struct work *k)
{
    int64_t bucket_ms = k->eval.cell_ms * k->eval.bucket_cells;
    return w->cfg.whole ? INT64_MIN
                        : w->delivery.now_ms - w->cfg.memory_ms - k->eval.gap_ms - 2 * bucket_ms;
}

/* Reads the items of the works that are not done, changes them, and prepares the swaps of those
 * that are different now; the others are done. Strays have no item. */
static bool prepare(struct batch *b, struct travel *t, size_t *asked, size_t *n_swaps,
                    change_fn change, struct err *e)
{
    struct windows *w = b->w;
    size_t n = 0;
    *n_swaps = 0;
    for (size_t i = 0; i < b->n; i++)
        if (!b->works[i].done) {
            buf_reset(&t->got[n].blob);
            t->got[n].key = b->works[i].en->key;
            t->got[n].version = 0;
            asked[n++] = i;
        }
    if (n && !w->state.claims(w->state.self, t->got, n, e))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct work *k = b->works + asked[i];
        struct str before = buf_str(&t->got[i].blob);
        if (!claims_decode(&k->claims, before, e))
            return false;
        claims_expire(&k->claims, horizon_of(w, k));
        if (!change(b, k, e))
            return false;
        buf_reset(t->after + *n_swaps);
        claims_encode(&k->claims, t->after + *n_swaps);
        struct str after = buf_str(t->after + *n_swaps);
        if (!buf_ok(t->after + *n_swaps, "the claims of one key", e))
            return false;
        k->done = str_eq(before, after) || (before.n == 0 && k->claims.list.n == 0);
        if (k->done)
            continue;
        int64_t until =
            later(w->delivery.now_ms,
                  k->en->elements.n
                      ? ((const struct element *)k->en->elements.p)[k->en->elements.n - 1].time_ms
                      : 0) +
            CLAIMS_KEPT_MS + k->eval.gap_ms;
        t->swaps[*n_swaps] =
            (struct state_swap){k->en->key, after, t->got[i].version, until / 1000, false};
        t->which[(*n_swaps)++] = asked[i];
    }
    return true;
}

/* Changes the claims of all works that are not done, by compare-and-set until it succeeds. */
static bool change_claims(struct batch *b, change_fn change, struct err *e)
{
    struct windows *w = b->w;
    struct travel t;
    size_t left = 0, *asked = calloc(b->n ? b->n : 1, sizeof *asked);
    for (size_t i = 0; i < b->n; i++)
        left += !b->works[i].done;
    bool ok = asked && travel_init(&t, b->n ? b->n : 1);
    if (!ok)
        no_memory(e);
    for (unsigned round = 0; ok && left > 0; round++) {
        size_t n = 0;
        if (round == WINDOWS_SWAPS_MAX)
            ok = err_set(e, ERR_RETRY, "other deliveries keep changing the same claims");
        ok = ok && prepare(b, &t, asked, &n, change, e) &&
             (n == 0 || w->state.swap(w->state.self, t.swaps, n, e));
        left = 0;
        for (size_t i = 0; ok && i < n; i++) {
            left += t.swaps[i].conflict;
            b->works[t.which[i]].done = !t.swaps[i].conflict;
        }
        w->counts.conflicts += left;
        if (ok && left)
            w->state.pause(w->state.self, PAUSE_MS * (int64_t)(round + 1));
    }
    if (asked)
        travel_release(&t, b->n ? b->n : 1);
    free(asked);
    return ok;
}

static bool claim(struct batch *b, struct work *k, struct err *e)
{
    struct claiming by = claiming_of(b->w, k->en);
    for (size_t i = 0; i < k->en->spans.n; i++) {
        const struct span *s = vec_at(&k->en->spans, i);
        by.mute = is_muted(b->w, k, s->first_ms);
        by.details = details_of(k, s->first_ms, s->until_ms);
        if (!claims_claim(&k->claims, &k->eval, s, 1, k->en->all.p, k->en->all.n, &by, e))
            return false;
    }
    return true;
}

/* Strays claim in an item that nobody keeps. */
static bool claim_strays(struct batch *b, struct err *e)
{
    for (size_t i = 0; i < b->n; i++) {
        struct work *k = b->works + i;
        if (k->en->stray && !claim(b, k, e))
            return false;
        k->done = k->en->stray;
    }
    return true;
}

/* ---- publish ---- */

struct telling {
    struct windows *w;
    const struct work *work;
    struct arena memory; /* of one alert */
};

static int by_event(const void *a, const void *b)
{
    return id128_cmp(((const struct element *)a)->event, ((const struct element *)b)->event);
}

static bool put_events(struct vec *out, const struct element *p, size_t n)
{
    struct element *to = n ? vec_push(out, n) : NULL;
    for (size_t i = 0; to && i < n; i++)
        to[i] = (struct element){p[i].time_ms, 0, p[i].event};
    return to || n == 0;
}

/* Puts the events in order, each once. */
static void sort_events(struct vec *events)
{
    struct element *list = events->p;
    size_t kept = 0;
    if (events->n)
        qsort(list, events->n, sizeof *list, by_event);
    for (size_t i = 0; i < events->n; i++)
        if (kept == 0 || id128_cmp(list[kept - 1].event, list[i].event) != 0)
            list[kept++] = list[i];
    events->n = window_sort(events->p, kept);
}

/* The events of a claim that are known here, each once, ascending in time; into `out`. */
static bool known_events(const struct work *k, const struct claim *cl, struct vec *out)
{
    struct range r = range_of(events_of(k), cl->first_ms - k->eval.timespan_ms, cl->until_ms);
    if (!put_events(out, r.p, r.n))
        return false;
    for (uint32_t i = 0; i < cl->events.n && k->window->depth == 0; i++) {
        const struct sketch_event *ev = cl->events.list + i;
        struct element el = {ev->time_ms, 0, ev->event};
        if (!put_events(out, &el, 1))
            return false;
    }
    sort_events(out);
    return true;
}

static int by_id(const void *a, const void *b)
{
    return id128_cmp(*(const struct id128 *)a, *(const struct id128 *)b);
}

/* Whether the kept events of a claim, a fair sample of all, are all this delivery's own: then so,
 * but for few, are the others. */
static bool knows_all(const struct work *k, const struct claim *cl)
{
    const struct vec *own = k->en->elements.n ? &k->en->elements : &k->en->all; /* see gather */
    size_t n = own->n, found = 0;
    struct id128 *ids = calloc(n ? n : 1, sizeof *ids);
    if (!ids)
        return false;
    for (size_t i = 0; i < n; i++)
        ids[i] = ((const struct element *)vec_at(own, i))->event;
    qsort(ids, n, sizeof *ids, by_id);
    for (uint32_t i = 0; i < cl->events.n; i++)
        found += bsearch(&cl->events.list[i].event, ids, n, sizeof *ids, by_id) != NULL;
    free(ids);
    return found == cl->events.n;
}

/* How many events (chained: moments) a claim has. */
static bool count_events(const struct windows *w, const struct work *k, const struct claim *cl,
                         const struct vec *events, struct window_alert *told)
{
    told->count = events->n;
    if (w->cfg.whole && k->window->depth == 0)
        return true;
    uint64_t estimate = sketch_count(&cl->events);
    told->estimated = cl->events.more;
    if (!cl->events.more || k->window->depth > 0 || !knows_all(k, cl))
        told->count = estimate;
    if (!w->cfg.whole)
        return true;
    struct vec moments;
    struct range r = range_of(&k->en->all, cl->first_ms - k->eval.timespan_ms, cl->until_ms);
    vec_init(&moments, sizeof(struct element), SIZE_MAX);
    bool ok = put_events(&moments, r.p, r.n);
    sort_events(&moments);
    told->count = moments.n;
    vec_release(&moments);
    return ok;
}

/* The ids of the first and the last events. */
static const struct str *name_events(struct telling *t, const struct vec *events, size_t *n)
{
    size_t all = events->n, most = 2 * WINDOWS_EVIDENCE_MAX;
    *n = all < most ? all : most;
    struct str *list = arena_array(&t->memory, *n, sizeof *list);
    for (size_t i = 0; list && i < *n; i++) {
        size_t at = i < WINDOWS_EVIDENCE_MAX ? i : all - (*n - i);
        struct buf b;
        buf_init(&b, ENTRY_PART_BYTES);
        entries_put_id(&t->w->entries, &b, ((const struct element *)vec_at(events, at))->event);
        list[i] = arena_str(&t->memory, buf_str(&b));
        buf_release(&b);
    }
    return list;
}

static void put_id(char out[2 * CLAIM_ID_BYTES + 1], const unsigned char *id)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < CLAIM_ID_BYTES; i++) {
        out[2 * i] = digit[id[i] >> 4];
        out[2 * i + 1] = digit[id[i] & 15];
    }
    out[2 * CLAIM_ID_BYTES] = '\0';
}

static const struct str *name_joined(struct telling *t, const struct claim *cl,
                                     const struct claim_alert *a, size_t *n)
{
    struct str *list = arena_array(&t->memory, cl->n_alerts, sizeof *list);
    *n = 0;
    for (uint32_t i = 0; list && a == cl->alerts && i < cl->n_alerts; i++) {
        char id[2 * CLAIM_ID_BYTES + 1];
        if (cl->alerts + i == a || !cl->alerts[i].told)
            continue;
        put_id(id, cl->alerts[i].id);
        list[(*n)++] = arena_str(&t->memory, str_of(id));
    }
    return list;
}

/* The name of first_seen's value number i. */
static struct str value_name(const struct ruleset *rs, const struct entry *en, size_t i)
{
    for (uint32_t k = 0; k < rs->n_inputs; k++) {
        const struct rs_input *in = rs->inputs + k;
        if (in->window == en->window && i < in->values.n)
            return rs_str(rs, rs->slots[rs->numbers[in->values.first + i]].path);
    }
    return S("value");
}

/* The names of the key's fields, those of first_seen's values behind them. */
static const struct str *name_keys(struct telling *t, const struct work *k)
{
    const struct ruleset *rs = t->w->cfg.rules;
    struct str *names = arena_array(&t->memory, k->en->n_parts, sizeof *names);
    const struct rs_list keys = k->window->key_names;
    for (size_t i = 0; names && i < k->en->n_parts; i++)
        names[i] = k->window->flags & WINDOW_IDENTITY ? (i == 0 ? S("account") : S("identity"))
                   : i < keys.n                       ? rs_list_str(rs, keys, (uint32_t)i)
                                                      : value_name(rs, k->en, i - keys.n);
    return names;
}

static bool tell(struct telling *t, const struct claim *cl, struct claim_alert *a, struct err *e)
{
    const struct work *k = t->work;
    struct vec events;
    struct window_alert told = {.window = k->window,
                                .updates = a->due - 1,
                                .key_values = k->en->parts,
                                .n_keys = k->en->n_parts,
                                .timed = !k->en->untimed,
                                .first_ms = cl->first_ms,
                                .last_ms = cl->last_ms};
    vec_init(&events, sizeof(struct element), SIZE_MAX);
    arena_reset(&t->memory);
    put_id(told.id, a->id);
    bool ok = known_events(k, cl, &events) && count_events(t->w, k, cl, &events, &told);
    told.details =
        str_present(cl->details) ? cl->details : details_of(k, cl->first_ms, cl->until_ms);
    told.events = name_events(t, &events, &told.n_events);
    told.joined = name_joined(t, cl, a, &told.n_joined);
    told.key_names = name_keys(t, k);
    ok = ok && told.events && told.joined && told.key_names;
    ok = ok ? t->w->calls.tell(t->w->calls.to, &told, e) : no_memory(e);
    vec_release(&events);
    if (ok) {
        a->told = a->due; /* noted in the state by the next step */
        t->w->counts.told++;
    }
    return ok;
}

/* Tells an episode of a delivery that is all there is: nobody else has a claim to it. */
static bool tell_span(struct telling *t, const struct span *s, struct err *e)
{
    const struct work *k = t->work;
    struct claim_alert alert = {.due = 1};
    struct claim cl = {
        .first_ms = s->first_ms,
        .until_ms = s->until_ms,
        .last_ms = s->first_ms,
        .n_alerts = 1,
        .alerts = &alert,
    };
    struct range r = range_of(&k->en->all, s->first_ms, s->until_ms);
    if (r.n)
        cl.last_ms = r.p[r.n - 1].time_ms;
    claims_id(alert.id, k->en->key.bytes, s->first_ms);
    return tell(t, &cl, &alert, e);
}

static bool tell_whole(struct batch *b, struct err *e)
{
    struct telling t = {.w = b->w};
    arena_init(&t.memory, BATCH_MEMORY_MAX);
    bool ok = true;
    for (size_t i = 0; i < b->n && ok; i++) {
        t.work = b->works + i;
        for (size_t k = 0; k < t.work->en->spans.n && ok; k++) {
            const struct span *s = vec_at(&t.work->en->spans, k);
            ok = is_muted(b->w, t.work, s->first_ms) || tell_span(&t, s, e);
        }
    }
    arena_release(&t.memory);
    return ok;
}

/* Tells what is this delivery's, in the order of entries and claims. */
static bool tell_all(struct batch *b, struct err *e)
{
    struct telling t = {.w = b->w};
    arena_init(&t.memory, BATCH_MEMORY_MAX);
    bool ok = true;
    for (size_t i = 0; i < b->n && ok; i++) {
        struct work *k = b->works + i;
        struct claiming by = claiming_of(b->w, k->en);
        t.work = k;
        for (size_t c = 0; c < k->claims.list.n && ok; c++) {
            struct claim *cl = claims_at(&k->claims, c);
            for (uint32_t a = 0; a < cl->n_alerts && ok; a++)
                if (claims_is_mine(cl, cl->alerts + a, k->en->spans.p, k->en->spans.n, &by))
                    ok = k->told = tell(&t, cl, cl->alerts + a, e);
        }
    }
    arena_release(&t.memory);
    return ok;
}

/* ---- mark and look ---- */

/* What was told, kept apart from the claims, which are read afresh. */
struct mark {
    unsigned char id[CLAIM_ID_BYTES];
    uint32_t told;
};

/* Notes in the items what this delivery told. change_fn over the claims as they are now: the marks
 * of a work are those of its former claims, which mark_told has put aside. */
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

static bool is_settled(const struct work *k)
{
    return k->en->stray || claims_settled(&k->claims, k->en->spans.p, k->en->spans.n);
}

static bool mark_told(struct batch *b, struct err *e)
{
    struct marks m = {.first = calloc(b->n + 1, sizeof *m.first)};
    vec_init(&m.list, sizeof(struct mark), SIZE_MAX);
    bool ok = m.first && gather_marks(b, &m) ? true : no_memory(e);
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

/* Claims, tells, marks; and looks again a few times while others have something left to tell, or
 * what they told was not all there is to tell by now. */
static bool claim_and_tell(struct batch *b, struct err *e)
{
    bool ok = claim_strays(b, e), settled = false;
    for (unsigned look = 0; ok && !settled && look < WINDOWS_LOOKS_MAX; look++) {
        for (size_t i = 0; i < b->n; i++)
            b->works[i].done = b->works[i].en->stray || (look && is_settled(b->works + i));
        if (look)
            b->w->state.pause(b->w->state.self, LOOK_MS);
        ok = change_claims(b, claim, e) && tell_all(b, e) && mark_told(b, e);
        settled = true;
        for (size_t i = 0; i < b->n; i++)
            settled = settled && is_settled(b->works + i);
    }
    if (ok && !settled)
        return err_set(e, ERR_RETRY,
                       "another delivery has still to tell an alert that this one touched");
    return ok;
}

/* ---- learning ---- */

/* When a first_seen rule first saw an account or a key, and how many values of the key it
 * remembers. */
struct learned {
    int64_t oldest_ms;
    uint64_t values;
};

#define LEARNED_BYTES 16

static struct state_key learned_key(const struct rs_window *win, const struct str *parts, size_t n)
{
    struct state_key key;
    unsigned char sum[SHA256_BYTES];
    struct sha256 h;
    sha256_init(&h);
    sha256_add_part(&h, str_n((const char *)win->hash, sizeof win->hash));
    sha256_add_part(&h, S("learn"));
    for (size_t i = 0; i < n; i++)
        sha256_add_part(&h, parts[i]);
    sha256_end(&h, sum);
    memcpy(key.bytes, sum, sizeof key.bytes);
    return key;
}

static void put_learned(struct buf *b, struct learned l)
{
    buf_reset(b);
    for (unsigned i = 0; i < 8; i++)
        buf_putc(b, (char)(unsigned char)((uint64_t)l.oldest_ms >> (56 - 8 * i)));
    for (unsigned i = 0; i < 8; i++)
        buf_putc(b, (char)(unsigned char)(l.values >> (56 - 8 * i)));
}

static struct learned take_learned(struct str s)
{
    uint64_t oldest = 0, values = 0;
    if (s.n != LEARNED_BYTES)
        return (struct learned){INT64_MAX, 0};
    for (unsigned i = 0; i < 8; i++) {
        oldest = oldest << 8 | (unsigned char)s.p[i];
        values = values << 8 | (unsigned char)s.p[8 + i];
    }
    return (struct learned){(int64_t)oldest, values};
}

/* Lowers the oldest time on record to t_ms and counts `add` more values; *now is what then stands.
 */
static bool learn(struct windows *w, const struct state_key *key, int64_t t_ms, int64_t until_s,
                  uint64_t add, struct learned *now, struct err *e)
{
    struct state_claims got = {.key = *key};
    struct buf after;
    bool ok = true, done = false;
    buf_init(&got.blob, LEARNED_BYTES);
    buf_init(&after, LEARNED_BYTES);
    for (unsigned round = 0; ok && !done; round++) {
        buf_reset(&got.blob);
        got.version = 0;
        ok = round < WINDOWS_SWAPS_MAX
                 ? w->state.claims(w->state.self, &got, 1, e)
                 : err_set(e, ERR_RETRY, "other deliveries keep changing what was learned");
        if (!ok)
            break;
        *now = take_learned(buf_str(&got.blob));
        bool same = now->oldest_ms <= t_ms && add == 0;
        if (now->oldest_ms > t_ms)
            now->oldest_ms = t_ms;
        now->values += add;
        put_learned(&after, *now);
        struct state_swap swap = {*key, buf_str(&after), got.version, until_s, false};
        ok = same || w->state.swap(w->state.self, &swap, 1, e);
        done = ok && !swap.conflict;
        if (ok && !done) {
            w->counts.conflicts++;
            w->state.pause(w->state.self, PAUSE_MS * (int64_t)(round + 1));
        }
    }
    buf_release(&got.blob);
    buf_release(&after);
    return ok;
}

/* Whether the value of this entry is on record already: it has claims. */
static bool is_known(struct windows *w, const struct entry *en, bool *known, struct err *e)
{
    struct state_claims got = {.key = en->key};
    buf_init(&got.blob, CLAIMS_BYTES_MAX);
    bool ok = w->state.claims(w->state.self, &got, 1, e);
    *known = got.version != 0;
    buf_release(&got.blob);
    return ok;
}

/* Notes when the account and the key were first seen; in the second round, with all oldest times on
 * record, decides whether this value is news. */
static bool learn_entry(struct windows *w, struct entry *en, bool decide, struct err *e)
{
    const struct rs_window *win = window_at(w, en);
    const struct element *own = en->elements.p;
    size_t keys = win->key_names.n;
    struct str key_parts[ENTRY_PARTS_MAX + 1] = {S("key")};
    const struct str account[] = {S("account"), en->account};
    struct state_key a, k;
    bool known = false;
    struct learned of_account, of_key;
    for (size_t i = 0; i < keys; i++)
        key_parts[i + 1] = en->parts[i];
    a = learned_key(win, account, 2);
    k = learned_key(win, key_parts, keys + 1);
    int64_t until_s = (later(w->delivery.now_ms, own[en->elements.n - 1].time_ms) +
                       win->history_ms + CLAIMS_KEPT_MS) /
                      1000;
    if (!is_known(w, en, &known, e) || !learn(w, &a, own[0].time_ms, until_s, 0, &of_account, e) ||
        !learn(w, &k, own[0].time_ms, until_s, decide && !known, &of_key, e))
        return false;
    if (!decide)
        return true;
    en->learned = true;
    en->account_ms = of_account.oldest_ms;
    en->key_ms = of_key.oldest_ms;
    if (!known && of_key.values > WINDOWS_FIRST_SEEN_MAX) {
        w->counts.capped++;
        en->stray = true;
    }
    return true;
}

/* All oldest times first, then who is new: within a delivery the order of events does not matter.
 */
static bool learn_all(struct windows *w, uint32_t depth, struct err *e)
{
    for (unsigned round = 0; round < 2; round++)
        for (size_t i = 0; i < w->entries.list.n; i++) {
            struct entry *en = entries_at(&w->entries, i);
            const struct rs_window *win = window_at(w, en);
            if (win->depth != depth || win->type != WINDOW_TYPE_FIRST_SEEN || en->stray)
                continue;
            sort_own(en);
            if (!learn_entry(w, en, round > 0, e))
                return false;
        }
    return true;
}

/* ---- the order of steps ---- */

static void batch_release(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        claims_release(&b->works[i].claims);
    free(b->works);
    arena_release(&b->memory);
}

/* Takes the next entries of that depth from *at on, and moves *at behind them. */
static bool batch_init(struct batch *b, struct windows *w, uint32_t depth, size_t *at)
{
    *b = (struct batch){.w = w};
    arena_init(&b->memory, BATCH_MEMORY_MAX);
    b->works = calloc(BATCH_MAX, sizeof *b->works);
    for (; b->works && *at < w->entries.list.n && b->n < BATCH_MAX; ++*at) {
        struct entry *en = entries_at(&w->entries, *at);
        const struct rs_window *win = window_at(w, en);
        if (win->depth != depth)
            continue;
        struct work *k = b->works + b->n++;
        *k = (struct work){.en = en, .window = win, .eval = window_of(w->cfg.rules, win)};
        if (w->cfg.pairs_max)
            k->eval.pairs_max = w->cfg.pairs_max;
        claims_init(&k->claims, &b->memory);
        sort_own(en);
    }
    return b->works != NULL;
}

/* Leaves the entries that hold and that somebody is told of. */
static void keep_claiming(struct batch *b)
{
    size_t kept = 0;
    for (size_t i = 0; i < b->n; i++) {
        struct work *k = b->works + i;
        if (k->en->spans.n && windows_tells(b->w, b->w->cfg.rules->rules + k->window->rule))
            b->works[kept++] = *k;
        else
            claims_release(&k->claims);
    }
    b->n = kept;
}

static bool settle_batch(struct batch *b, struct drops *d, struct err *e)
{
    if (!add_with_room(b, e) || !read_all(b, e) || !find_all(b, d, e) || !feed_all(b, e))
        return false;
    keep_claiming(b);
    if (b->w->cfg.whole)
        return tell_whole(b, e);
    return claim_and_tell(b, e);
}

/* Entries that are fed are of a greater depth: their turn comes later. */
static bool settle_depth(struct windows *w, uint32_t depth, struct drops *d, struct err *e)
{
    bool ok = learn_all(w, depth, e);
    for (size_t at = 0; ok && at < w->entries.list.n;) {
        struct batch b;
        ok = batch_init(&b, w, depth, &at) ? settle_batch(&b, d, e) : no_memory(e);
        batch_release(&b);
    }
    return ok;
}

bool windows_settle(struct windows *w, struct err *e)
{
    struct drops d;
    bool ok = true;
    vec_init(&d.list, sizeof(struct state_drop), SIZE_MAX);
    vec_init(&d.elements, sizeof(struct element), SIZE_MAX);
    entries_sort_ids(&w->entries);
    for (uint32_t depth = 0; ok && depth <= DEPTH_MAX; depth++)
        ok = settle_depth(w, depth, &d, e);
    ok = ok && send_drops(w, &d, e);
    vec_release(&d.list);
    vec_release(&d.elements);
    entries_clear(&w->entries);
    return ok;
}
