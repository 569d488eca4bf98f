/* What one entry knows about its spans: the steps ask it. */
#include "handlers/settling.h"

bool settle_no_memory(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "no memory to settle windows");
}

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

struct range elements_between(const struct vec *sorted, int64_t from_ms, int64_t until_ms)
{
    size_t from = count_before(sorted, from_ms), to = count_before(sorted, until_ms + 1);
    return (struct range){from < to ? vec_at(sorted, from) : NULL, to - from};
}

const struct vec *work_events(const struct work *k)
{
    return k->window->depth > 0 ? &k->en->evidence : &k->en->all;
}

const struct glimpse *work_glimpse(const struct work *k, int64_t first_ms, int64_t until_ms)
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

struct claiming work_claiming(const struct windows *w, const struct entry *en)
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

/* While a first_seen rule learns, nothing is news; a new key is one alert, its first value, not one
 * for each of the values that follow. */
bool work_is_muted(const struct windows *w, const struct work *k, int64_t first_ms)
{
    const struct entry *en = k->en;
    int64_t learn_ms = k->window->learn_ms;
    bool mute = w->cfg.mute || (w->delivery.learn && first_ms < w->delivery.told_from_ms);
    /* What is not placed among what is remembered cannot be told to be new. */
    if (k->window->type == WINDOW_TYPE_FIRST_SEEN && en->stray)
        return true;
    if (!en->learned)
        return mute;
    return mute || first_ms < en->account_ms + learn_ms ||
           (first_ms > en->key_ms && first_ms < en->key_ms + learn_ms);
}

struct str work_details(const struct work *k, int64_t first_ms, int64_t until_ms)
{
    const struct glimpse *g = work_glimpse(k, first_ms, until_ms);
    return g && g->text ? str_n(g->text, g->n) : STR_ABSENT;
}

bool work_is_settled(const struct work *k)
{
    return k->en->stray || claims_settled(&k->claims, k->en->spans.p, k->en->spans.n);
}
