/* Alerts, sorted. */
#include "cli/gathered.h"

#include <stdlib.h>

struct gathered_alert {
    const struct ruleset *rules; /* for the comparison */
    int64_t first_ms;            /* INT64_MIN: it has no time */
    uint32_t rule;
    uint32_t updates;
    struct str key; /* its values, each with a NUL behind */
    struct str id;
    uint64_t at; /* in the spool */
    size_t n;
};

void gathered_init(struct gathered *g, const struct ruleset *rules)
{
    *g = (struct gathered){.rules = rules};
    vec_init(&g->list, sizeof(struct gathered_alert), GATHERED_MAX);
    arena_init(&g->keys, GATHERED_KEYS_MAX);
    spool_init(&g->texts, SPOOL_MEMORY_MAX);
}

void gathered_release(struct gathered *g)
{
    vec_release(&g->list);
    arena_release(&g->keys);
    spool_release(&g->texts);
}

static struct str copy_key(struct gathered *g, const struct alert *a)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n_keys; i++)
        n += a->key_values[i].n + 1;
    char *copy = arena_alloc(&g->keys, n);
    char *to = copy;
    for (size_t i = 0; copy && i < a->n_keys; i++) {
        if (a->key_values[i].n)
            memcpy(to, a->key_values[i].p, a->key_values[i].n);
        to += a->key_values[i].n + 1;
    }
    return str_n(copy, n);
}

bool gathered_add(struct gathered *g, const struct alert *a, struct str text, struct err *e)
{
    uint64_t at;
    struct str key = copy_key(g, a), id = arena_str(&g->keys, a->id);
    struct gathered_alert *to = vec_push(&g->list, 1);
    if (!to || !str_present(key) || !str_present(id))
        return err_set(e, ERR_LIMIT, "more alerts than fit in memory");
    if (!spool_put(&g->texts, text, &at, e))
        return false;
    *to = (struct gathered_alert){.rules = g->rules,
                                  .first_ms = a->timed ? a->first_ms : INT64_MIN,
                                  .rule = a->window->rule,
                                  .updates = a->updates,
                                  .key = key,
                                  .id = id,
                                  .at = at,
                                  .n = text.n};
    return true;
}

static int by_place(const void *x, const void *y)
{
    const struct gathered_alert *a = x, *b = y;
    const struct ruleset *rs = a->rules;
    if (a->first_ms != b->first_ms)
        return a->first_ms < b->first_ms ? -1 : 1;
    int c = str_cmp(rs_str(rs, rs->rules[a->rule].id), rs_str(rs, rs->rules[b->rule].id));
    if (c == 0)
        c = str_cmp(a->key, b->key);
    return c ? c : str_cmp(a->id, b->id);
}

/* Messages of one alert beside each other, the last one first; told twice, it is told as it was
 * gathered first. */
static int by_id(const void *x, const void *y)
{
    const struct gathered_alert *a = x, *b = y;
    int c = str_cmp(a->id, b->id);
    if (c)
        return c;
    if (a->updates != b->updates)
        return a->updates > b->updates ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

/* Leaves of each alert its last message. */
static void drop_former(struct gathered *g)
{
    struct gathered_alert *list = g->list.p;
    size_t kept = 0;
    for (size_t i = 0; i < g->list.n; i++)
        if (kept == 0 || !str_eq(list[kept - 1].id, list[i].id))
            list[kept++] = list[i];
    g->list.n = kept;
}

bool gathered_tell(struct gathered *g, gathered_fn tell, void *to, struct err *e)
{
    struct buf text;
    bool ok = true;
    if (g->list.n == 0)
        return true;
    buf_init(&text, OUTPUT_LINE_MAX);
    qsort(g->list.p, g->list.n, sizeof(struct gathered_alert), by_id);
    drop_former(g);
    qsort(g->list.p, g->list.n, sizeof(struct gathered_alert), by_place);
    for (size_t i = 0; i < g->list.n && ok; i++) {
        const struct gathered_alert *a = vec_at(&g->list, i);
        buf_reset(&text);
        ok = spool_get(&g->texts, a->at, a->n, &text, e) && buf_ok(&text, "an alert", e) &&
             tell(to, a->rule, buf_str(&text), e);
    }
    buf_release(&text);
    g->list.n = 0;
    return ok;
}
