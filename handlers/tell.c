/* What one message says: the events of its claim, their count, the names of its key. */
#include <stdlib.h>

#include "handlers/settling.h"

struct telling {
    struct windows *w;
    const struct work *work;
    struct arena memory; /* of one alert */
    struct vec ids;      /* struct id128: of the own events of the work that asked last */
    const struct work *ids_of;
};

static void telling_init(struct telling *t, struct windows *w)
{
    *t = (struct telling){.w = w};
    arena_init(&t->memory, BATCH_MEMORY_MAX);
    vec_init(&t->ids, sizeof(struct id128), SIZE_MAX);
}

static void telling_release(struct telling *t)
{
    arena_release(&t->memory);
    vec_release(&t->ids);
}

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
    struct range r =
        elements_between(work_events(k), cl->first_ms - k->eval.timespan_ms, cl->until_ms);
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

/* Puts the ids of the delivery's own events in order, once for all claims of an entry. */
static bool sort_own_ids(struct telling *t)
{
    const struct entry *en = t->work->en;
    const struct vec *own = en->elements.n ? &en->elements : &en->all; /* see gather */
    if (t->ids_of == t->work)
        return true;
    t->ids.n = 0;
    struct id128 *ids = own->n ? vec_push(&t->ids, own->n) : NULL;
    if (own->n && !ids)
        return false;
    for (size_t i = 0; i < own->n; i++)
        ids[i] = ((const struct element *)vec_at(own, i))->event;
    if (own->n)
        qsort(ids, own->n, sizeof *ids, by_id);
    t->ids_of = t->work;
    return true;
}

/* Whether the kept events of a claim, a fair sample of all, are all this delivery's own: then so,
 * but for few, are the others. */
static bool knows_all(struct telling *t, const struct claim *cl)
{
    size_t found = 0;
    if (t->work->en->thinned || !sort_own_ids(t))
        return false;
    for (uint32_t i = 0; i < cl->events.n && t->ids.n; i++)
        found += bsearch(&cl->events.list[i].event, t->ids.p, t->ids.n, t->ids.size, by_id) != NULL;
    return found == cl->events.n;
}

/* How many events (chained: moments) a claim has. */
static bool count_events(struct telling *t, const struct claim *cl, const struct vec *events,
                         struct window_alert *told)
{
    const struct windows *w = t->w;
    const struct work *k = t->work;
    told->count = events->n;
    if (w->cfg.whole && k->window->depth == 0)
        return true;
    uint64_t estimate = sketch_count(&cl->events);
    told->estimated = cl->events.more || k->en->thinned;
    if (!cl->events.more || k->window->depth > 0 || !knows_all(t, cl))
        told->count = estimate;
    if (!w->cfg.whole)
        return true;
    struct vec moments;
    struct range r =
        elements_between(&k->en->all, cl->first_ms - k->eval.timespan_ms, cl->until_ms);
    vec_init(&moments, sizeof(struct element), SIZE_MAX);
    bool ok = put_events(&moments, r.p, r.n);
    sort_events(&moments);
    told->count = moments.n;
    vec_release(&moments);
    return ok;
}

/* Where the i-th of the n events that are named stands among all: the first and the last are. */
static size_t named_at(size_t i, size_t all, size_t n)
{
    return i < WINDOWS_EVIDENCE_MAX ? i : all - (n - i);
}

/* The ids of the first and the last events. */
static const struct str *name_events(struct telling *t, const struct vec *events, size_t *n)
{
    size_t all = events->n, most = 2 * WINDOWS_EVIDENCE_MAX;
    *n = all < most ? all : most;
    struct str *list = arena_array(&t->memory, *n, sizeof *list);
    for (size_t i = 0; list && i < *n; i++) {
        size_t at = named_at(i, all, *n);
        struct buf b;
        buf_init(&b, ENTRY_PART_BYTES);
        entries_put_id(&t->w->entries, &b, ((const struct element *)vec_at(events, at))->event);
        list[i] = arena_str(&t->memory, buf_str(&b));
        buf_release(&b);
    }
    return list;
}

static const int64_t *times_of(struct telling *t, const struct vec *events, size_t n)
{
    int64_t *times = arena_array(&t->memory, n, sizeof *times);
    for (size_t i = 0; times && i < n; i++)
        times[i] = ((const struct element *)vec_at(events, named_at(i, events->n, n)))->time_ms;
    return times;
}

static int by_time(const void *a, const void *b)
{
    const struct lineage_doer *x = a, *y = b;
    if (x->first_ms != y->first_ms)
        return x->first_ms < y->first_ms ? -1 : 1;
    return id128_cmp(x->actor, y->actor);
}

/* Who acted in the time that the claim tells of. */
static const struct lineage_doer *list_doers(struct telling *t, const struct claim *cl, size_t *n)
{
    const struct work *k = t->work;
    const struct lineage_doer *all = k->en->doers.p;
    struct lineage_doer *list = arena_array(&t->memory, k->en->doers.n, sizeof *list);
    size_t half = WINDOWS_DOERS_MAX / 2;
    *n = 0;
    for (size_t i = 0; list && i < k->en->doers.n; i++)
        if (all[i].last_ms >= cl->first_ms - k->eval.timespan_ms && all[i].first_ms <= cl->until_ms)
            list[(*n)++] = all[i];
    if (list && *n)
        qsort(list, *n, sizeof *list, by_time);
    if (list && *n > WINDOWS_DOERS_MAX) {
        memmove(list + half, list + *n - half, half * sizeof *list);
        *n = WINDOWS_DOERS_MAX;
    }
    return list;
}

static const struct str *name_joined(struct telling *t, const struct claim *cl,
                                     const struct claim_alert *a, size_t *n)
{
    struct str *list = arena_array(&t->memory, cl->n_alerts, sizeof *list);
    *n = 0;
    for (uint32_t i = 0; list && a == cl->alerts && i < cl->n_alerts; i++) {
        char id[2 * CLAIM_ID_BYTES];
        if (cl->alerts + i == a || !cl->alerts[i].told)
            continue;
        bytes_hex(id, cl->alerts[i].id, CLAIM_ID_BYTES);
        list[(*n)++] = arena_str(&t->memory, str_n(id, sizeof id));
    }
    return list;
}

/* The name of first_seen's value number i. */
static struct str value_name(const struct ruleset *rs, const struct entry *en, size_t i)
{
    for (uint32_t k = 0; k < rs->n_inputs; k++) {
        const struct rs_input *in = rs->inputs + k;
        if (in->window == en->window && i < in->values.n)
            return rs_value_name(rs, in, (uint32_t)i);
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
    bytes_hex(told.id, a->id, CLAIM_ID_BYTES);
    bool ok = known_events(k, cl, &events) && count_events(t, cl, &events, &told);
    told.details =
        str_present(cl->details) ? cl->details : work_details(k, cl->first_ms, cl->until_ms);
    told.events = name_events(t, &events, &told.n_events);
    told.times = times_of(t, &events, told.n_events);
    told.doers = list_doers(t, cl, &told.n_doers);
    told.joined = name_joined(t, cl, a, &told.n_joined);
    told.key_names = name_keys(t, k);
    ok = ok && told.events && told.times && told.doers && told.joined && told.key_names;
    ok = ok ? t->w->calls.tell(t->w->calls.to, &told, e) : settle_no_memory(e);
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
    struct range r = elements_between(&k->en->all, s->first_ms, s->until_ms);
    if (r.n)
        cl.last_ms = r.p[r.n - 1].time_ms;
    claims_id(alert.id, k->en->key.bytes, s->first_ms);
    return tell(t, &cl, &alert, e);
}

bool settle_tell_whole(struct batch *b, struct err *e)
{
    struct telling t;
    telling_init(&t, b->w);
    bool ok = true;
    for (size_t i = 0; i < b->n && ok; i++) {
        t.work = b->works + i;
        for (size_t k = 0; k < t.work->en->spans.n && ok; k++) {
            const struct span *s = vec_at(&t.work->en->spans, k);
            bool muted = work_is_muted(b->w, t.work, s->first_ms);
            ok = muted || tell_span(&t, s, e);
            b->works[i].told = b->works[i].told || !muted;
        }
    }
    telling_release(&t);
    return ok;
}

/* Whether a failure is of the one message that it befell, so that the next may do better. */
static bool befell_one(const struct err *e)
{
    return e->kind == ERR_INPUT || e->kind == ERR_LIMIT;
}

/* Tells what is this delivery's of one work; *e keeps the first failure. False: no more is to be
 * told. */
static bool tell_work(struct telling *t, struct work *k, struct err *e)
{
    struct claiming by = work_claiming(t->w, k->en);
    bool going = true;
    t->work = k;
    for (size_t c = 0; c < k->claims.list.n && going; c++) {
        struct claim *cl = claims_at(&k->claims, c);
        for (uint32_t a = 0; a < cl->n_alerts && going; a++) {
            struct err why = {0};
            if (!claims_is_mine(cl, cl->alerts + a, k->en->spans.p, k->en->spans.n, &by))
                continue;
            bool told = tell(t, cl, cl->alerts + a, &why);
            k->told = k->told || told;
            going = told || befell_one(&why);
            if (!told && e->kind == ERR_NONE)
                *e = why;
        }
    }
    return going;
}

bool settle_tell(struct batch *b, struct err *e)
{
    struct telling t;
    struct err first = {0};
    telling_init(&t, b->w);
    for (size_t i = 0; i < b->n && tell_work(&t, b->works + i, &first); i++)
        continue;
    telling_release(&t);
    if (first.kind != ERR_NONE)
        *e = first;
    return first.kind == ERR_NONE;
}

bool settle_told(struct batch *b, struct err *e)
{
    const struct windows_calls *c = &b->w->calls;
    bool any = false;
    for (size_t i = 0; i < b->n; i++)
        any = any || b->works[i].told;
    return !any || !c->told || c->told(c->to, e);
}
