/* Deeds told from elements, thinned, and read. */
#include "handlers/deeds.h"

#include <stdlib.h>

bool deeds_part(struct vec *elements, struct vec *deeds)
{
    struct element *list = elements->p;
    size_t kept = 0;
    bool ok = true;
    for (size_t i = 0; i < elements->n; i++) {
        if (list[i].what != DEED_WHAT) {
            list[kept++] = list[i];
            continue;
        }
        struct element *to = ok ? vec_push(deeds, 1) : NULL;
        ok = to != NULL;
        if (to)
            *to = list[i];
    }
    elements->n = kept;
    return ok;
}

/* A deed, and where it stood. */
struct placed {
    struct element deed;
    size_t at;
};

static int by_actor(const void *a, const void *b)
{
    const struct element *x = &((const struct placed *)a)->deed;
    const struct element *y = &((const struct placed *)b)->deed;
    int order = id128_cmp(x->event, y->event);
    return order ? order : (x->time_ms > y->time_ms) - (x->time_ms < y->time_ms);
}

/* By actor and time; NULL without memory. */
static struct placed *sort_deeds(const struct element *deeds, size_t n)
{
    struct placed *list = calloc(n + 1, sizeof *list);
    for (size_t i = 0; list && i < n; i++)
        list[i] = (struct placed){deeds[i], i};
    if (list && n)
        qsort(list, n, sizeof *list, by_actor);
    return list;
}

/* The end of the run that begins at `from`: one actor's deeds of one cell. */
static size_t run_end(const struct window *w, const struct placed *list, size_t from, size_t n)
{
    int64_t cell = window_cell(w, list[from].deed.time_ms);
    size_t i = from + 1;
    while (i < n && id128_cmp(list[i].deed.event, list[from].deed.event) == 0 &&
           window_cell(w, list[i].deed.time_ms) == cell)
        i++;
    return i;
}

bool deeds_thin(const struct window *w, const struct element *deeds, size_t n, bool *keep,
                struct err *e)
{
    struct placed *list = sort_deeds(deeds, n);
    if (!list)
        return err_set(e, ERR_SYSTEM, "no memory for who did what");
    for (size_t i = 0, end; i < n; i = end) {
        end = run_end(w, list, i, n);
        for (size_t k = i; k < end; k++)
            keep[list[k].at] = k == i || k + 1 == end;
    }
    free(list);
    return true;
}

bool deeds_doers(const struct window *w, const struct vec *deeds, struct vec *doers)
{
    struct placed *list = sort_deeds(deeds->p, deeds->n);
    bool ok = list;
    for (size_t i = 0, end; ok && i < deeds->n; i = end) {
        end = run_end(w, list, i, deeds->n);
        struct lineage_doer *to = vec_push(doers, 1);
        ok = to;
        if (to)
            *to = (struct lineage_doer){list[i].deed.event, list[i].deed.time_ms,
                                        list[end - 1].deed.time_ms};
    }
    free(list);
    return ok;
}
