/* A window that others build on hands them the moments at which it holds, and the events behind
 * these. */
#include "handlers/settling.h"

/* A moment as an element: the same moment of the same key is one. */
static struct element moment_of(const struct entry *en, uint64_t what, int64_t t)
{
    struct element el = {.time_ms = t, .what = what};
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
    for (uint32_t i = 0; i < in->keys.n; i++)
        parts[i] = en->parts[rs->numbers[in->keys.first + i]];
    struct entry_name name = {.window = in->window,
                              .stray = en->stray,
                              .account = en->account,
                              .parts = parts,
                              .n_parts = in->keys.n};
    return entries_get(&w->entries, rs, &name, e);
}

/* Passes on the moments of one span: the times of its elements. */
static bool feed_moments(struct windows *w, const struct work *k, const struct span *s,
                         const struct rs_input *in, struct entry *to, struct err *e)
{
    struct range r = elements_between(&k->en->all, s->first_ms, s->until_ms);
    uint64_t what = windows_what(w->cfg.rules, in, k->en->parts);
    for (size_t i = 0; i < r.n; i++) {
        if (i && r.p[i - 1].time_ms == r.p[i].time_ms)
            continue;
        struct element el = moment_of(k->en, what, r.p[i].time_ms);
        if (!entry_add(&w->entries, to, &el, STR_ABSENT, e))
            return false;
    }
    return true;
}

/* Passes on the events behind one span, and what was written of the first of them. */
static bool feed_events(struct windows *w, const struct work *k, const struct span *s,
                        struct entry *to, struct err *e)
{
    struct range r =
        elements_between(work_events(k), s->first_ms - k->eval.timespan_ms, s->until_ms);
    const struct glimpse *g = work_glimpse(k, s->first_ms, s->until_ms);
    struct element *copy = r.n ? vec_push(&to->evidence, r.n) : NULL;
    bool news;
    if (r.n && !copy)
        return settle_no_memory(e);
    if (copy)
        memcpy(copy, r.p, r.n * sizeof *copy);
    if (!g)
        return true;
    struct glimpse *mine = entry_glimpse(
        &w->entries, to, glimpse_gap(w->cfg.rules->windows + to->window), &g->first, &news, e);
    return mine && (!news || glimpse_set(&w->entries, mine, &g->first, str_n(g->text, g->n), e));
}

static bool is_within(const struct work *k, const struct lineage_doer *by)
{
    bool within = false;
    for (size_t i = 0; i < k->en->spans.n && !within; i++) {
        const struct span *s = vec_at(&k->en->spans, i);
        within = by->last_ms >= s->first_ms - k->eval.timespan_ms && by->first_ms <= s->until_ms;
    }
    return within;
}

/* Passes on who did the events behind the spans. */
static bool feed_doers(const struct work *k, struct entry *to, struct err *e)
{
    for (size_t i = 0; i < k->en->doers.n; i++) {
        const struct lineage_doer *by = vec_at(&k->en->doers, i);
        if (!is_within(k, by))
            continue;
        struct lineage_doer *copy = vec_push(&to->doers, 1);
        if (!copy)
            return settle_no_memory(e);
        *copy = *by;
    }
    return true;
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
    bool ok = settle_spans(k, 0, &held, e);
    for (size_t i = 0; i < held.n && ok; i++)
        ok = feed_moments(w, k, vec_at(&held, i), in, to, e);
    for (size_t i = 0; i < k->en->spans.n && ok; i++)
        ok = feed_events(w, k, vec_at(&k->en->spans, i), to, e);
    vec_release(&held);
    return ok && feed_doers(k, to, e);
}

bool settle_feed(struct batch *b, struct err *e)
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
