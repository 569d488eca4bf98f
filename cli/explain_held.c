/* Spans, and what they lack, in words. */
#include "cli/explain_held.h"

#include "base/timefmt.h"
#include "cli/explain_asked.h"

/* The most that any span has: for a condition of n, the largest k <= n for which it would hold. The
 * moment it first does so is *at_ms. */
static bool find_most(struct window eval, const struct group *g, uint32_t *most, int64_t *at_ms,
                      struct err *e)
{
    struct vec spans;
    uint32_t low = 0, high = eval.n;
    bool ok = true;
    vec_init(&spans, sizeof(struct span), SIZE_MAX);
    while (ok && low < high) {
        eval.n = low + (high - low + 1) / 2;
        spans.n = 0;
        ok = window_held(&eval, g->elements.p, g->elements.n, &spans, e);
        if (spans.n) {
            *at_ms = ((const struct span *)spans.p)->first_ms;
            low = eval.n;
        } else {
            high = eval.n - 1;
        }
    }
    *most = low;
    vec_release(&spans);
    return ok;
}

/* The steps that are not in the span that ends at at_ms. */
static void put_missing(struct buf *b, const struct ruleset *rs, uint32_t window,
                        const struct group *g, int64_t at_ms)
{
    const struct rs_window *w = rs->windows + window;
    const char *before = "; it lacks ";
    for (uint32_t step = 0; step < w->n_steps; step++) {
        bool there = false;
        for (size_t i = 0; i < g->elements.n && !there; i++) {
            const struct element *el = vec_at(&g->elements, i);
            there =
                el->what == step && el->time_ms <= at_ms && el->time_ms >= at_ms - w->timespan_ms;
        }
        if (there)
            continue;
        buf_putz(b, before);
        explain_put_step(b, rs, window, step);
        before = ", ";
    }
}

static bool put_why_not(struct buf *b, const struct ruleset *rs, uint32_t window,
                        const struct group *g, struct err *e)
{
    const struct rs_window *w = rs->windows + window;
    struct window eval = window_of(rs, w);
    uint32_t most, asked = eval.n;
    int64_t at_ms = 0;
    buf_putz(b, "  does not hold: ");
    if (w->flags & WINDOW_SCAN_ONLY) {
        buf_putz(b, "at no moment within the bounds\n");
        return true;
    }
    if (eval.kind == WINDOW_ALL)
        eval.kind = WINDOW_DISTINCT;
    if (!find_most(eval, g, &most, &at_ms, e))
        return false;
    buf_putf(b,
             eval.kind == WINDOW_ORDERED ? "only the first %u of %u in order within "
                                         : "at most %u of %u within ",
             most, asked);
    explain_put_length(b, w->timespan_ms);
    buf_putz(b, ", at ");
    time_put(b, at_ms);
    if (eval.kind == WINDOW_ORDERED) {
        buf_putz(b, "; next would be ");
        explain_put_step(b, rs, window, most);
    } else if (w->type == WINDOW_TYPE_TEMPORAL) {
        put_missing(b, rs, window, g, at_ms);
    }
    buf_putc(b, '\n');
    return true;
}

/* When first_seen began to know: the earliest element of the account, or of the key without the
 * values behind it. */
static int64_t oldest(const struct vec *groups, const struct group *g, size_t n_key, bool account)
{
    int64_t ms = INT64_MAX;
    for (size_t i = 0; i < groups->n; i++) {
        const struct group *other = vec_at(groups, i);
        bool same = account ? str_eq(other->account, g->account) : true;
        for (size_t k = 0; k < n_key && !account; k++)
            same = same && str_eq(other->parts[k], g->parts[k]);
        int64_t first = ((const struct element *)other->elements.p)->time_ms;
        ms = same && first < ms ? first : ms;
    }
    return ms;
}

static void put_first_seen(struct buf *b, const struct ruleset *rs, uint32_t window,
                           const struct vec *groups, const struct group *g)
{
    const struct rs_window *w = rs->windows + window;
    int64_t account = oldest(groups, g, 0, true), key = oldest(groups, g, w->key_names.n, false);
    for (size_t i = 0; i < g->spans.n; i++) {
        int64_t t = ((const struct span *)vec_at(&g->spans, i))->first_ms;
        bool learning = t<account + w->learn_ms, fresh = t> key && t < key + w->learn_ms;
        buf_putz(b, "  first seen at ");
        time_put(b, t);
        buf_putz(b, learning ? ", not told: the account is learned until "
                    : fresh  ? ", not told: its key is new, and learned until "
                             : "\n");
        if (!learning && !fresh)
            continue;
        time_put(b, (learning ? account : key) + w->learn_ms);
        buf_putc(b, '\n');
    }
}

static void put_spans(struct buf *b, const struct group *g)
{
    for (size_t i = 0; i < g->spans.n; i++) {
        const struct span *s = vec_at(&g->spans, i);
        buf_putz(b, "  holds from ");
        time_put(b, s->first_ms);
        buf_putz(b, " to ");
        time_put(b, s->until_ms);
        buf_putc(b, '\n');
    }
}

bool explain_put_held(struct buf *b, const struct ruleset *rs, uint32_t window,
                      const struct vec *groups, const struct group *g, struct err *e)
{
    if (rs->windows[window].type == WINDOW_TYPE_FIRST_SEEN)
        put_first_seen(b, rs, window, groups, g);
    else if (g->spans.n)
        put_spans(b, g);
    else
        return put_why_not(b, rs, window, g, e);
    return true;
}
