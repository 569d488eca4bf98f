/* Which elements a bucket of windows keeps by a mistaken thinning, and how many it can hold. */
#include "tests/model/thinning.h"

#include "handlers/deeds.h"

static const struct plan_window *window_of_key(const struct world *w, const struct state_key *key)
{
    for (uint32_t i = 0; i < w->plan.n_windows; i++)
        for (uint32_t k = 0; k < PLAN_KEYS; k++)
            if (memcmp(&w->keys[i][k], key, sizeof *key) == 0)
                return w->plan.windows + i;
    return NULL;
}

/* Whether element i is the last (or first) of its kind in its cell. */
static bool ends(const struct plan_window *p, const struct element *list, size_t n, size_t i,
                 bool last)
{
    int64_t cell = p->rule.cell;
    for (size_t k = last ? i + 1 : 0; k < (last ? n : i); k++)
        if (list[k].time_ms / cell == list[i].time_ms / cell &&
            (p->rule.kind == ORACLE_COUNT ? false : list[k].what == list[i].what))
            return false;
    return true;
}

static bool mistaken_keep(enum mistake m, const struct plan_window *p, const struct element *list,
                          size_t n, size_t i)
{
    size_t newer = 0;
    if (m == ORDERED_KEEPS_ENDS)
        return p->rule.kind != ORACLE_ORDERED || ends(p, list, n, i, true) ||
               ends(p, list, n, i, false);
    if (!ends(p, list, n, i, true))
        return p->rule.kind == ORACLE_ORDERED;
    for (size_t k = i + 1; k < n; k++)
        newer += list[k].time_ms / p->rule.cell == list[i].time_ms / p->rule.cell &&
                 ends(p, list, n, k, true);
    return (p->rule.kind != ORACLE_COUNT && p->rule.kind != ORACLE_DISTINCT) || newer < p->rule.n;
}

/* All are kept when nobody errs. */
size_t thinning_keep(struct stage *s, const struct state_key *key, struct element *list, size_t n)
{
    const struct world *w = s->play;
    const struct plan_window *p = window_of_key(w, key);
    struct element kept[ORACLE_MAX], rest[ORACLE_MAX];
    size_t k = 0, r = 0;
    if ((w->mistake != NEWEST_ONLY && w->mistake != ORDERED_KEEPS_ENDS) || n > ORACLE_MAX || !p)
        return n;
    n = window_sort(list, n);
    for (size_t i = 0; i < n; i++)
        if (list[i].what == DEED_WHAT || mistaken_keep(w->mistake, p, list, n, i))
            kept[k++] = list[i];
        else
            rest[r++] = list[i];
    memcpy(list, kept, k * sizeof *list);
    memcpy(list + k, rest, r * sizeof *list);
    return k;
}

/* Deeds of the one who does all: two a cell, of three cells, 64 that are let be, and half as much
 * again. */
#define DEEDS_MAX ((3 * 2 + 64) * 3 / 2)

/* Elements that a bucket takes: what thinning leaves of a full one and what it lets be, and as much
 * again. An item of DynamoDB has its end too. */
static size_t bucket_limit(const struct plan_window *p)
{
    uint32_t groups = p->rule.kind == ORACLE_ORDERED ? p->rule.pairs_max
                      : p->rule.kind == ORACLE_SETS  ? p->n_in
                                                     : p->rule.n;
    bool times = p->rule.kind == ORACLE_DISTINCT || p->rule.kind == ORACLE_SETS;
    return 2 * p->bucket_cells * (2 * groups + (times ? p->rule.pairs_max : 0)) + 16;
}

bool thinning_has_room(struct stage *s, const struct state_add *a, struct err *e)
{
    const struct world *w = s->play;
    const struct plan_window *p = window_of_key(w, &a->key);
    struct vec all, deeds;
    struct state_read there = {a->key, a->bucket, a->bucket, &all};
    vec_init(&all, sizeof(struct element), SIZE_MAX);
    vec_init(&deeds, sizeof(struct element), SIZE_MAX);
    struct element *own = vec_push(&all, a->n);
    if (own)
        memcpy(own, a->elements, a->n * sizeof *own);
    bool ok = p && own && s->state.read(s->state.self, &there, 1, e);
    ok = ok && deeds_part(&all, &deeds);
    bool full = ok && (window_sort(all.p, all.n) > bucket_limit(p) ||
                       window_sort(deeds.p, deeds.n) > DEEDS_MAX);
    vec_release(&all);
    vec_release(&deeds);
    s->sums->full += full;
    return full ? err_set(e, ERR_LIMIT, "the bucket is full") : ok;
}
