/* The first steps of settling: add, read, find. Superfluous elements are noted on the way. */
#include <stdlib.h>

#include "engine/aggregate.h"
#include "handlers/settling.h"

#define BUCKET_KEPT_MS 172800000LL /* 48 h beyond timespan and gap (docs/state.md, expiry) */
/* Superfluous elements of a bucket that are let be, and deeds: a drop writes the whole item again.
 * Measured: with deeds the bucket of a busy key and day cost 72 % more, with 64 let be 45 %. */
#define DROP_SLACK       16
#define DROP_SLACK_DEEDS 64

static bool has_buckets(const struct windows *ws, const struct work *k)
{
    const struct rs_window *w = k->window;
    bool counts_one = w->type == WINDOW_TYPE_SINGLE || w->type == WINDOW_TYPE_FIRST_SEEN;
    return !ws->cfg.whole && !k->en->stray && !counts_one && !(w->flags & WINDOW_SCAN_ONLY) &&
           !(w->type == WINDOW_TYPE_EVENT_COUNT && w->n == 1);
}

/* ---- add ---- */

/* window_thin or deeds_thin. */
typedef bool (*thin_fn)(const struct window *w, const struct element *list, size_t n, bool *keep,
                        struct err *e);

/* Appends to `out` those of the sorted elements that thinning keeps. */
static bool thin_into(const struct window *eval, thin_fn thin, const struct vec *sorted,
                      struct vec *out, struct err *e)
{
    const struct element *list = sorted->p;
    size_t n = sorted->n;
    bool *keep = calloc(n ? n : 1, sizeof *keep);
    if (!keep)
        return settle_no_memory(e);
    bool ok = thin(eval, list, n, keep, e);
    for (size_t i = 0; ok && i < n; i++) {
        struct element *to = keep[i] ? vec_push(out, 1) : NULL;
        if (to)
            *to = list[i];
        ok = to || !keep[i] || settle_no_memory(e);
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
            return settle_no_memory(e);
        int64_t until = later(list[i - 1].time_ms, w->delivery.now_ms) + k->eval.timespan_ms +
                        k->eval.gap_ms + BUCKET_KEPT_MS;
        *a = (struct state_add){k->en->key, bucket, list + from, i - from, until / 1000};
    }
    return true;
}

/* What an entry adds: its elements, and who did them, so far as both are needed. */
static bool put_own(const struct windows *w, const struct work *k, struct vec *own,
                    struct vec *adds, struct err *e)
{
    if (!thin_into(&k->eval, window_thin, &k->en->elements, own, e) ||
        !thin_into(&k->eval, deeds_thin, &k->en->deeds, own, e))
        return false;
    own->n = window_sort(own->p, own->n);
    return put_adds(w, k, own->p, own->n, adds, e);
}

static bool add_all(struct batch *b, struct err *e)
{
    struct vec adds, *thinned = calloc(b->n ? b->n : 1, sizeof *thinned);
    if (!thinned)
        return settle_no_memory(e);
    vec_init(&adds, sizeof(struct state_add), SIZE_MAX);
    bool ok = true;
    for (size_t i = 0; i < b->n && ok; i++) {
        struct work *k = b->works + i;
        vec_init(thinned + i, sizeof(struct element), SIZE_MAX);
        if (has_buckets(b->w, k))
            ok = put_own(b->w, k, thinned + i, &adds, e);
    }
    ok = ok && (adds.n == 0 || b->w->state.add(b->w->state.self, adds.p, adds.n, e));
    for (size_t i = 0; i < b->n; i++)
        vec_release(thinned + i);
    free(thinned);
    vec_release(&adds);
    return ok;
}

/* ---- read ---- */

/* One range for each run of buckets that may have what holds together with own elements: whatever
 * lies within a timespan of one, on either side. */
static bool put_reads(const struct work *k, struct vec *reads, struct err *e)
{
    const struct element *own = k->en->elements.p;
    struct state_read *last = NULL;
    for (size_t i = 0; i < k->en->elements.n; i++) {
        int64_t from = window_bucket(&k->eval, own[i].time_ms - k->eval.timespan_ms);
        int64_t to = window_bucket(&k->eval, own[i].time_ms + k->eval.timespan_ms);
        if (last && from <= last->to + 1) {
            last->to = later(last->to, to);
            continue;
        }
        last = vec_push(reads, 1);
        if (!last)
            return settle_no_memory(e);
        *last = (struct state_read){k->en->key, from, to, &k->en->all};
    }
    return true;
}

bool settle_read(struct batch *b, struct err *e)
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
static bool note_some(const struct work *k, thin_fn thin, const struct vec *sorted, size_t slack,
                      struct drops *d, struct err *e)
{
    const struct element *list = sorted->p;
    size_t n = sorted->n;
    bool *keep = calloc(n ? n : 1, sizeof *keep);
    if (!keep)
        return settle_no_memory(e);
    bool ok = thin(&k->eval, list, n, keep, e);
    for (size_t i = 0; ok && i < n;) {
        int64_t bucket = window_bucket(&k->eval, list[i].time_ms);
        size_t before = d->elements.n;
        for (; ok && i < n && window_bucket(&k->eval, list[i].time_ms) == bucket; i++) {
            struct element *to = keep[i] ? NULL : vec_push(&d->elements, 1);
            if (to)
                *to = list[i];
            ok = to || keep[i] || settle_no_memory(e);
        }
        size_t found = d->elements.n - before;
        if (!ok || found <= slack) {
            d->elements.n = before;
            continue;
        }
        struct state_drop *drop = vec_push(&d->list, 1);
        if (drop)
            *drop = (struct state_drop){k->en->key, bucket, NULL, found};
        ok = drop || settle_no_memory(e);
    }
    free(keep);
    return ok;
}

/* Tells deeds from elements in what was read, puts each in order, and notes what is superfluous. */
static bool take_read(const struct work *k, struct drops *d, struct err *e)
{
    struct entry *en = k->en;
    if (!deeds_part(&en->all, &en->met))
        return settle_no_memory(e);
    en->all.n = window_sort(en->all.p, en->all.n);
    en->met.n = window_sort(en->met.p, en->met.n);
    return note_some(k, window_thin, &en->all, DROP_SLACK, d, e) &&
           note_some(k, deeds_thin, &en->met, DROP_SLACK_DEEDS, d, e);
}

bool settle_drop(struct windows *w, struct drops *d, struct err *e)
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
    bool ok = settle_read(b, e);
    for (size_t i = 0; i < b->n && ok; i++) {
        struct work *k = b->works + i;
        ok = !has_buckets(b->w, k) || take_read(k, &d, e);
        k->en->all.n = k->en->met.n = 0;
    }
    ok = ok && settle_drop(b->w, &d, e);
    vec_release(&d.list);
    vec_release(&d.elements);
    return ok;
}

bool settle_add(struct batch *b, struct err *e)
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
        return settle_no_memory(e);
    if (to)
        memcpy(to, en->elements.p, en->elements.n * sizeof *to);
    en->all.n = window_sort(en->all.p, en->all.n);
    return true;
}

/* Who did the events: of an entry that holds, where strangers meet. */
static bool find_doers(const struct windows *w, const struct work *k, struct err *e)
{
    struct entry *en = k->en;
    if (!w->shared[en->window] || en->spans.n == 0)
        return true;
    struct element *to = en->met.n ? vec_push(&en->deeds, en->met.n) : NULL;
    if (to)
        memcpy(to, en->met.p, en->met.n * sizeof *to);
    return ((to || en->met.n == 0) && deeds_doers(&k->eval, &en->deeds, &en->doers)) ||
           settle_no_memory(e);
}

/* Appends the spans at which the window holds, joined when they are no further apart than gap_ms.
 */
bool settle_spans(const struct work *k, int64_t gap_ms, struct vec *spans, struct err *e)
{
    const struct vec *all = &k->en->all;
    struct rs_window window = *k->window;
    struct window eval = k->eval;
    window.gap_ms = eval.gap_ms = gap_ms;
    if (window.flags & WINDOW_SCAN_ONLY)
        return aggregate_held(&window, all->p, all->n, spans, e);
    return window_held(&eval, all->p, all->n, spans, e);
}

bool settle_find(struct batch *b, struct drops *d, struct err *e)
{
    for (size_t i = 0; i < b->n; i++) {
        struct work *k = b->works + i;
        k->en->evidence.n = window_sort(k->en->evidence.p, k->en->evidence.n);
        if ((has_buckets(b->w, k) && !take_read(k, d, e)) || !gather(k->en, e) ||
            !settle_spans(k, k->eval.gap_ms, &k->en->spans, e) || !find_doers(b->w, k, e))
            return false;
    }
    return true;
}
