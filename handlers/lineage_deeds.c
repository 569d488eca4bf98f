/* Who did which event, for alerts over several people: the delivery that tells such an alert saw
 * only some of its events, and has to know whose the others are. */
#include <stdlib.h>

#include "handlers/lineage_work.h"
#include "respond/incident_seen.h"

bool lineages_share(struct lineages *l, struct str evidence, struct err *e)
{
    uint32_t at = lineage_map_find(&l->hit_at, seen_id(evidence));
    if (at == LINEAGE_MAP_NONE)
        return true;
    struct hit *h = vec_at(&l->hits, at);
    if (h->shared || h->what->n_shared == LINEAGES_SHARED_MAX)
        return true;
    struct shared_deed *to = vec_push(&l->shared, 1);
    if (!to || !lineages_queue(l, h->what))
        return lineages_no_memory(e);
    h->shared = true;
    h->what->n_shared++;
    *to = (struct shared_deed){
        seen_id(evidence),
        {.time_ms = h->time_ms == INT64_MIN ? 0 : h->time_ms, .event = h->what->nodes[0].id}};
    return l->shared.n < LINEAGES_PENDING_MAX || lineages_link(l, e);
}

bool lineages_write_deeds(struct lineages *l, struct err *e)
{
    size_t n = l->shared.n;
    struct state_add *adds = calloc(n + 1, sizeof *adds);
    if (!adds)
        return lineages_no_memory(e);
    for (size_t i = 0; i < n; i++) {
        const struct shared_deed *d = vec_at(&l->shared, i);
        adds[i] = (struct state_add){deed_key(d->event), 0, &d->deed, 1, l->shelf.expires_s};
    }
    bool ok = lineages_add(l, adds, n, e);
    free(adds);
    if (ok)
        l->shared.n = 0;
    return ok;
}

bool lineages_read_deeds(struct lineages *l, const struct id128 *events, struct deed *deeds,
                         size_t n, struct err *e)
{
    struct state_read *reads = calloc(n + 1, sizeof *reads);
    struct vec *found = calloc(n + 1, sizeof *found);
    bool ok = (reads && found) || lineages_no_memory(e);
    size_t asked = 0;
    for (size_t i = 0; found && i < n; i++)
        vec_init(found + i, sizeof(struct element), SIZE_MAX);
    for (size_t i = 0; ok && i < n; i++) {
        if (deeds[i].known)
            continue;
        reads[asked++] = (struct state_read){deed_key(events[i]), 0, 0, found + i};
    }
    ok = ok && (asked == 0 || l->state.read(l->state.self, reads, asked, e));
    for (size_t i = 0; found && i < n; i++) {
        if (ok && found[i].n) {
            const struct element *el = vec_at(found + i, 0);
            deeds[i] = (struct deed){el->time_ms, el->event, true};
        }
        vec_release(found + i);
    }
    free(reads);
    free(found);
    return ok;
}
