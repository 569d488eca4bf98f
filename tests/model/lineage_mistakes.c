/* Swaps of nodes' items, done wrongly. */
#include "tests/model/lineage_mistakes.h"

#include "tests/model/lineage_state.h"

/* What a swap does to a node. */
struct step {
    uint32_t node; /* LP_NODES: the item is no node's */
    struct arena memory;
    struct node_item old, new;
    uint64_t version; /* of the old one */
};

static bool step_read(struct lineage_world *w, const struct state_swap *s, struct step *to,
                      struct err *e)
{
    *to = (struct step){.node = 0};
    arena_init(&to->memory, SIZE_MAX);
    node_item_init(&to->old, &to->memory);
    node_item_init(&to->new, &to->memory);
    while (to->node < w->plan.n_nodes) {
        struct state_key key = node_key(w->plan.nodes[to->node].id);
        if (memcmp(&key, &s->key, sizeof key) == 0)
            return lineage_read_item(&w->stage.state, key, &to->old, &to->version, e) &&
                   node_item_decode(&to->new, s->blob, e);
        to->node++;
    }
    to->node = LP_NODES;
    return true;
}

static void step_release(struct step *to)
{
    node_item_release(&to->old);
    node_item_release(&to->new);
    arena_release(&to->memory);
}

static bool shares_alert(const struct book *a, const struct book *b)
{
    uint32_t alerts = 0;
    for (size_t i = 0; i < a->list.n; i++)
        alerts |= lineage_alerts_of(book_at(a, i));
    for (size_t i = 0; i < b->list.n; i++)
        if (alerts & lineage_alerts_of(book_at(b, i)))
            return true;
    return false;
}

/* Whether the node's new records are those of another root too: it is about to move here. */
static bool takes_in(struct lineage_world *w, const struct step *st, bool *takes, struct err *e)
{
    bool ok = true;
    *takes = false;
    for (uint32_t i = 0; ok && i < w->plan.n_nodes; i++) {
        struct lineage_of l;
        ok = lineage_of_node(w, i, &l, e);
        *takes = *takes ||
                 (ok && i != st->node && l.root == i && shares_alert(&st->new.book, &l.item.book));
        lineage_of_release(&l);
    }
    return ok;
}

/* Writes the new item with the old one's records. */
static bool swap_without(struct lineage_world *w, struct step *st, struct state_swap *s,
                         struct err *e)
{
    struct state_swap mine = *s;
    struct node_item item = st->new;
    struct buf blob;
    item.book = st->old.book;
    buf_init(&blob, RECORDS_BYTES_MAX);
    node_item_encode(&item, &blob);
    mine.blob = buf_str(&blob);
    bool ok = w->stage.state.swap(w->stage.state.self, &mine, 1, e);
    s->conflict = mine.conflict;
    buf_release(&blob);
    return ok;
}

static bool swap_step(struct lineage_world *w, struct step *st, struct state_swap *s, struct err *e)
{
    bool takes = false;
    bool moves = st->node < LP_NODES && st->version && st->new.moved && !st->old.moved;
    bool writes = st->node < LP_NODES && st->version && !st->new.moved;
    if ((w->mistake == LINEAGE_BLIND_WINNER && writes) ||
        (w->mistake == LINEAGE_BLIND_LOSER && moves))
        s->version = st->version;
    if (w->mistake == LINEAGE_NO_MERGE && writes && !takes_in(w, st, &takes, e))
        return false;
    return takes ? swap_without(w, st, s, e) : w->stage.state.swap(w->stage.state.self, s, 1, e);
}

bool lineage_mistaken_swap(struct stage *stage, struct state_swap *s, struct err *e)
{
    struct lineage_world *w = stage->play;
    struct step st;
    bool errs = w->mistake == LINEAGE_BLIND_WINNER || w->mistake == LINEAGE_BLIND_LOSER ||
                w->mistake == LINEAGE_NO_MERGE;
    if (!errs)
        return stage->state.swap(stage->state.self, s, 1, e);
    bool ok = step_read(w, s, &st, e) && swap_step(w, &st, s, e);
    step_release(&st);
    return ok;
}
