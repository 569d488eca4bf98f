/* Moving one root under another; why no ring can come of it: handlers/lineages.h. */
#include "handlers/lineage_work.h"

/* Whether root a stays when the lineages of both join: the one with the older incident, else the
 * smaller id. */
static bool stays(const struct held *a, const struct held *b)
{
    const struct incident_record *x = book_oldest(&a->item.book), *y = book_oldest(&b->item.book);
    if (x && y) {
        if (x->first_ms != y->first_ms)
            return x->first_ms < y->first_ms;
        int c = memcmp(x->id, y->id, INCIDENT_ID_BYTES);
        if (c)
            return c < 0;
    }
    if (!x != !y)
        return x != NULL;
    return id128_cmp(a->id, b->id) < 0;
}

/* One attempt to move the loser's root under the winner; both are as they were read. *done unless
 * there was a conflict. */
static bool move(struct lineages *l, struct held *winner, struct held *loser, bool *done,
                 struct err *e)
{
    uint64_t conflicts = 0;
    *done = false;
    if (!book_merge(&winner->item.book, &loser->item.book, e))
        return false;
    if (!shelf_write(&l->shelf, &winner, 1, &conflicts, e))
        return false;
    if (conflicts == 0) {
        loser->item.moved = true;
        loser->item.moved_to = winner->id;
        if (!shelf_write(&l->shelf, &loser, 1, &conflicts, e))
            return false;
        *done = conflicts == 0;
    }
    /* After a conflict both are read anew: what was merged here may not be what is there. */
    if (conflicts) {
        shelf_forget(winner);
        shelf_forget(loser);
    }
    l->counts.conflicts += conflicts;
    return true;
}

bool lineages_join(struct lineages *l, const struct edge *ed, bool *joined, struct err *e)
{
    for (unsigned round = 0; round < LINEAGES_SWAPS_MAX; round++) {
        struct held *a = shelf_root(&l->shelf, ed->from, e);
        struct held *b = a ? shelf_root(&l->shelf, ed->to, e) : NULL;
        bool done;
        if (!a || !b)
            return false;
        if (a == b)
            return true;
        if (!(stays(a, b) ? move(l, a, b, &done, e) : move(l, b, a, &done, e)))
            return false;
        if (done) {
            l->counts.joins++;
            *joined = true;
            return true;
        }
        l->state.pause(l->state.self, LINEAGES_PAUSE_MS * (int64_t)(round + 1));
    }
    return err_set(e, ERR_RETRY, "other deliveries keep joining the same lineages");
}
