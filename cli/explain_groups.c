/* Keys, elements and moments of a correlation. */
#include "cli/explain_groups.h"

#include "engine/aggregate.h"

#define KEYS_MAX (4 * WINDOWS_ENTRIES_MAX) /* as many as windows gather, and those of chains */

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "no memory to explain a correlation");
}

void groups_release(struct vec *groups)
{
    for (size_t i = 0; i < groups->n; i++) {
        struct group *g = vec_at(groups, i);
        vec_release(&g->elements);
        vec_release(&g->spans);
    }
    vec_release(groups);
}

static bool same_parts(const struct group *g, const struct str *parts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!str_eq(g->parts[i], parts[i]))
            return false;
    return g->n_parts == n;
}

/* The group of that key, made when there is none; NULL without memory. */
static struct group *group_get(struct vec *groups, const struct str *parts, size_t n,
                               struct str account)
{
    for (size_t i = 0; i < groups->n; i++)
        if (same_parts(vec_at(groups, i), parts, n))
            return vec_at(groups, i);
    struct group *g = vec_push(groups, 1);
    if (!g)
        return NULL;
    *g = (struct group){.parts = parts, .n_parts = n, .account = account};
    vec_init(&g->elements, sizeof(struct element), SIZE_MAX);
    vec_init(&g->spans, sizeof(struct span), SIZE_MAX);
    return g;
}

static bool group_add(struct group *g, const struct element *list, size_t n)
{
    struct element *to = n ? vec_push(&g->elements, n) : NULL;
    if (to)
        memcpy(to, list, n * sizeof *to);
    return to || n == 0;
}

static bool take_entries(struct windows *w, uint32_t window, struct vec *groups)
{
    const struct entries *es = &w->entries;
    for (size_t i = 0; i < es->list.n; i++) {
        const struct entry *en = entries_at(es, i);
        if (en->window != window || en->untimed)
            continue;
        struct group *g = group_get(groups, en->parts, en->n_parts, en->account);
        if (!g || !group_add(g, en->elements.p, en->elements.n))
            return false;
    }
    return true;
}

/* The spans at which it holds, joined when they are no further apart than gap_ms. */
static bool find_spans(struct windows *w, uint32_t window, int64_t gap_ms, struct group *g,
                       struct err *e)
{
    struct rs_window rule = w->cfg.rules->windows[window];
    rule.gap_ms = gap_ms;
    const struct window eval = window_of(w->cfg.rules, &rule);
    if (rule.flags & WINDOW_SCAN_ONLY)
        return aggregate_held(&rule, g->elements.p, g->elements.n, &g->spans, e);
    return window_held(&eval, g->elements.p, g->elements.n, &g->spans, e);
}

static bool in_spans(const struct group *g, int64_t t)
{
    for (size_t i = 0; i < g->spans.n; i++) {
        const struct span *s = vec_at(&g->spans, i);
        if (t >= s->first_ms && t <= s->until_ms)
            return true;
    }
    return false;
}

/* The moments of a child's group are elements of its parent; `key` tells groups apart. */
static bool take_moments(struct windows *w, const struct rs_input *in, const struct group *child,
                         size_t key, struct vec *groups)
{
    struct str *parts = arena_array(&w->entries.memory, in->keys.n, sizeof *parts);
    if (!parts)
        return false;
    for (uint32_t i = 0; i < in->keys.n; i++)
        parts[i] = child->parts[w->cfg.rules->numbers[in->keys.first + i]];
    uint64_t what = windows_what(w->cfg.rules, in, child->parts);
    for (size_t i = 0; i < child->elements.n; i++) {
        int64_t t = ((const struct element *)vec_at(&child->elements, i))->time_ms;
        const struct element moment = {t, what, {key, (uint64_t)t}};
        if (!in_spans(child, t))
            continue;
        struct group *g = group_get(groups, parts, in->keys.n, child->account);
        if (!g || !group_add(g, &moment, 1))
            return false;
    }
    return true;
}

static bool gather(struct windows *w, uint32_t window, bool joined, struct vec *groups,
                   struct err *e);

/* What the correlations that feed a window give it. */
static bool take_children(struct windows *w, uint32_t window, struct vec *groups, struct err *e)
{
    bool ok = true;
    for (uint32_t i = 0; ok && i < w->cfg.rules->n_inputs; i++) {
        const struct rs_input *in = w->cfg.rules->inputs + i;
        struct vec children;
        if (in->window != window || in->child == RS_NONE)
            continue;
        ok = gather(w, in->child, false, &children, e);
        for (size_t k = 0; ok && k < children.n; k++)
            ok = take_moments(w, in, vec_at(&children, k), k, groups) || no_memory(e);
        groups_release(&children);
    }
    return ok;
}

/* As deep as correlations build on each other, which the compiler bounds. A window that feeds
 * another holds or not at a moment, whatever the gap. */
static bool gather(struct windows *w, uint32_t window, bool joined, struct vec *groups,
                   struct err *e)
{
    int64_t gap_ms = joined ? w->cfg.rules->windows[window].gap_ms : 0;
    vec_init(groups, sizeof(struct group), KEYS_MAX);
    bool ok =
        (take_entries(w, window, groups) || no_memory(e)) && take_children(w, window, groups, e);
    for (size_t i = 0; ok && i < groups->n; i++) {
        struct group *g = vec_at(groups, i);
        g->elements.n = window_sort(g->elements.p, g->elements.n);
        ok = find_spans(w, window, gap_ms, g, e);
    }
    return ok;
}

bool groups_gather(struct windows *w, uint32_t window, struct vec *groups, struct err *e)
{
    return gather(w, window, true, groups, e);
}
