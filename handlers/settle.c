/* Settling: the order of the protocol's steps over all entries of a delivery, one depth of chaining
 * after the other. The steps are in collect.c, learn.c, feed.c, claim.c and tell.c. */
#include <stdlib.h>

#include "handlers/settling.h"

/* Keys whose claims are changed side by side, some 8 KB each while they are; and whose messages
 * come again, under their ids, after a death between telling and noting (docs/state.md). */
#define BATCH_MAX 256
#define DEPTH_MAX 8   /* correlations over correlations */
#define LOOK_MS   200 /* before another look at what others have to tell */

/* What was told is noted, also when something else could not be. */
static bool tell_and_mark(struct batch *b, struct err *e)
{
    struct err why = {0};
    bool told = settle_tell(b, &why);
    if (!settle_told(b, e) || !settle_mark(b, e))
        return false;
    if (!told)
        *e = why;
    return told;
}

/* Claims, tells, marks; and looks again a few times while others have something left to tell, or
 * what they told was not all there is to tell by now. */
static bool claim_and_tell(struct batch *b, struct err *e)
{
    bool ok = settle_claim_strays(b, e), settled = false;
    for (unsigned look = 0; ok && !settled && look < WINDOWS_LOOKS_MAX; look++) {
        for (size_t i = 0; i < b->n; i++)
            b->works[i].done = b->works[i].en->stray || (look && work_is_settled(b->works + i));
        if (look)
            b->w->state.pause(b->w->state.self, LOOK_MS);
        ok = settle_claim(b, e) && tell_and_mark(b, e);
        settled = true;
        for (size_t i = 0; i < b->n; i++)
            settled = settled && work_is_settled(b->works + i);
    }
    if (ok && !settled)
        return err_set(e, ERR_RETRY,
                       "another delivery has still to tell an alert that this one touched");
    return ok;
}

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
        const struct rs_window *win = entry_window(w, en);
        if (win->depth != depth || en->known)
            continue;
        struct work *k = b->works + b->n++;
        *k = (struct work){.en = en, .window = win, .eval = window_of(w->cfg.rules, win)};
        if (w->cfg.pairs_max)
            k->eval.pairs_max = w->cfg.pairs_max;
        claims_init(&k->claims, &b->memory);
        entry_sort(en);
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
    if (!settle_add(b, e) || !settle_read(b, e) || !settle_find(b, d, e) || !settle_feed(b, e))
        return false;
    keep_claiming(b);
    if (b->w->cfg.whole)
        return settle_tell_whole(b, e) && settle_told(b, e);
    if (!claim_and_tell(b, e))
        return false;
    settle_remember(b);
    return true;
}

/* Entries that are fed are of a greater depth: their turn comes later. */
static bool settle_depth(struct windows *w, uint32_t depth, struct drops *d, struct err *e)
{
    bool ok = settle_learn(w, depth, e);
    for (size_t at = 0; ok && at < w->entries.list.n;) {
        struct batch b;
        ok = batch_init(&b, w, depth, &at) ? settle_batch(&b, d, e) : settle_no_memory(e);
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
    ok = ok && settle_drop(w, &d, e);
    vec_release(&d.list);
    vec_release(&d.elements);
    entries_clear(&w->entries);
    return ok;
}
