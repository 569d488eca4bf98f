/* Thinning while events are gathered: many events of few keys, a flood, leave room for more, so
 * that they are settled once and not every so many events.
 *
 * An entry keeps what thinning keeps (engine/window.h), which is all that its spans need, whoever
 * else's elements they are joined with. Beyond that an alert names the first and the last of its
 * events and tells how many they are; so of each cell these are kept too, and the events with the
 * least hashes, from which claims estimate their count. What an alert is told of, in an entry that
 * holds, may lie in a part of a cell: then these are too few. Such an entry is left as it is, but
 * for plain counts, which hold wherever they drop an element, so that a cell's are one claim's. */
#include "handlers/settling.h"

#include <stdlib.h>

/* Entries with less than this part of the elements that may be gathered are let be: few have more,
 * and only they make room. */
#define PART_MIN 64
/* Of what may be gathered, the part that must be free again: so each element is looked at twice or
 * thrice at most. */
#define PART_FREE 2

static bool holds(const struct window *eval, const struct vec *sorted, bool *any, struct err *e)
{
    struct vec spans;
    vec_init(&spans, sizeof(struct span), SIZE_MAX);
    bool ok = window_held(eval, sorted->p, sorted->n, &spans, e);
    *any = spans.n > 0;
    vec_release(&spans);
    return ok;
}

/* Whether the sorted elements of an entry may go through a sieve. */
static bool may_thin(const struct rs_window *win, const struct window *eval, const struct entry *en,
                     bool *may, struct err *e)
{
    bool any = false;
    if (en->stray || (win->flags & WINDOW_SCAN_ONLY)) {
        *may = false;
        return true;
    }
    if (eval->kind == WINDOW_COUNT && !eval->feeds) {
        *may = true;
        return true;
    }
    bool ok = holds(eval, &en->elements, &any, e);
    *may = ok && !any;
    return ok;
}

/* Keeps of each cell what alerts name and count. */
static void keep_told(const struct window *eval, const struct element *list, size_t n, bool *keep)
{
    for (size_t from = 0, i = 0; from < n; from = i) {
        int64_t cell = window_cell(eval, list[from].time_ms);
        while (i < n && window_cell(eval, list[i].time_ms) == cell)
            i++;
        for (size_t k = from; k < i; k++)
            keep[k] = keep[k] || k - from < WINDOWS_EVIDENCE_MAX || i - k <= WINDOWS_EVIDENCE_MAX;
        sketch_choose(list + from, i - from, keep + from);
    }
}

static void drop_rest(struct vec *sorted, const bool *keep)
{
    struct element *list = sorted->p;
    size_t kept = 0;
    for (size_t i = 0; i < sorted->n; i++)
        if (keep[i])
            list[kept++] = list[i];
    sorted->n = kept;
}

static bool thin_elements(const struct rs_window *win, const struct window *eval, struct entry *en,
                          bool *keep, struct err *e)
{
    bool may;
    size_t n = en->elements.n;
    if (!may_thin(win, eval, en, &may, e))
        return false;
    if (!may)
        return true;
    if (!window_thin(eval, en->elements.p, n, keep, e))
        return false;
    keep_told(eval, en->elements.p, n, keep);
    drop_rest(&en->elements, keep);
    en->thinned = en->thinned || en->elements.n < n;
    return true;
}

static bool thin_entry(struct windows *w, struct entry *en, struct err *e)
{
    const struct rs_window *win = entry_window(w, en);
    struct window eval = window_of(w->cfg.rules, win);
    size_t before = en->elements.n + en->deeds.n;
    bool *keep = calloc(before + 1, sizeof *keep);
    if (!keep)
        return settle_no_memory(e);
    if (w->cfg.pairs_max)
        eval.pairs_max = w->cfg.pairs_max;
    entry_sort(en);
    bool ok = deeds_thin(&eval, en->deeds.p, en->deeds.n, keep, e);
    if (ok)
        drop_rest(&en->deeds, keep);
    ok = ok && thin_elements(win, &eval, en, keep, e);
    w->entries.elements -= before - en->elements.n - en->deeds.n;
    free(keep);
    return ok;
}

bool windows_thin(struct windows *w, bool *room, struct err *e)
{
    struct entries *es = &w->entries;
    *room = false;
    if (w->cfg.whole || es->elements < es->elements_max)
        return true;
    for (size_t i = 0; i < es->list.n; i++) {
        struct entry *en = entries_at(es, i);
        if (en->elements.n + en->deeds.n > es->elements_max / PART_MIN && !thin_entry(w, en, e))
            return false;
    }
    *room = !entries_full(es) && es->elements <= es->elements_max / PART_FREE;
    return true;
}
