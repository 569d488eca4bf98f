/* The order in which it is written what a delivery gathered, and what need not be written: what is
 * known to be stored. */
#include "handlers/lineage_work.h"

/* Of the shelf's memory: when so much is used, it is emptied before more is written. */
#define SHELF_FULL (LINEAGES_MEMORY_MAX / 8)
/* Clocks differ by less: what lies further ahead lives no longer for it. */
#define AHEAD_MS (24 * 3600 * 1000LL)

/* ---- what is known to be stored ---- */

static struct known_proof *known_at(struct lineages *l, struct id128 hash)
{
    return l->known + hash.lo % LINEAGES_KNOWN_MAX;
}

static bool is_known(struct lineages *l, const struct proven *p)
{
    const struct known_proof *k = known_at(l, p->hash);
    return id128_cmp(k->hash, p->hash) == 0 && k->time_ms <= p->time_ms;
}

static void note_done(struct lineages *l, const struct proven *p)
{
    struct known_proof *to = vec_push(&l->done, 1);
    if (to) /* else it is written once more some day */
        *to = (struct known_proof){p->hash, p->time_ms};
}

/* All that was written is settled. */
static void remember_done(struct lineages *l)
{
    for (size_t i = 0; i < l->done.n; i++) {
        const struct known_proof *d = vec_at(&l->done, i);
        *known_at(l, d->hash) = *d;
    }
    l->done.n = 0;
}

bool lineages_queue(struct lineages *l, struct proven *p)
{
    if (p->queued || p->written || is_known(l, p))
        return true;
    struct proven **to = vec_push(&l->queue, 1);
    if (to)
        *to = p;
    p->queued = to != NULL;
    return p->queued;
}

/* ---- writing ---- */

/* What now is, and until when items that are written live. */
static void set_times(struct lineages *l)
{
    int64_t now = l->delivery.now_ms, ahead = l->latest_ms;
    if (!l->cfg.archive && ahead > now + AHEAD_MS)
        ahead = now;
    l->shelf.now_ms = now;
    l->shelf.expires_s = ((now > ahead ? now : ahead) + LINEAGES_KEPT_MS) / 1000;
}

static bool add_one_by_one(struct lineages *l, const struct state_add *list, size_t n,
                           struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        struct err why = {0};
        if (l->state.add(l->state.self, list + i, 1, &why))
            continue;
        if (why.kind != ERR_LIMIT) {
            *e = why;
            return false;
        }
        l->counts.cut++;
    }
    return true;
}

bool lineages_add(struct lineages *l, const struct state_add *list, size_t n, struct err *e)
{
    struct err why = {0};
    if (n == 0 || l->state.add(l->state.self, list, n, &why))
        return true;
    if (why.kind == ERR_LIMIT)
        return add_one_by_one(l, list, n, e);
    *e = why;
    return false;
}

static bool put_edges(const struct proven *p, struct vec *edges)
{
    struct edge *to = p->n_links ? vec_push(edges, p->n_links) : NULL;
    for (uint32_t i = 0; to && i < p->n_links; i++) {
        const struct lineage_link *link = p->links + i;
        to[i] = (struct edge){.from = p->nodes[link->from].id,
                              .to = p->nodes[link->to].id,
                              .type = (uint8_t)link->type,
                              .strength = (uint8_t)link->strength,
                              .time_ms = p->time_ms,
                              .event = p->event};
    }
    return to || p->n_links == 0;
}

static bool put_names(const struct proven *p, struct vec *names)
{
    struct lineage_node *to = p->n_nodes ? vec_push(names, p->n_nodes) : NULL;
    if (to)
        memcpy(to, p->nodes, p->n_nodes * sizeof *to);
    return to || p->n_nodes == 0;
}

/* Writes what the events themselves prove, then what their ties do. */
static bool write_queue(struct lineages *l, struct err *e)
{
    struct vec edges, names;
    bool joined, ok = true;
    vec_init(&edges, sizeof(struct edge), SIZE_MAX);
    vec_init(&names, sizeof(struct lineage_node), SIZE_MAX);
    for (size_t i = 0; i < l->queue.n && ok; i++) {
        const struct proven *p = *(struct proven **)vec_at(&l->queue, i);
        ok = put_edges(p, &edges) && put_names(p, &names);
    }
    ok = ok ? lineages_write(l, &edges, &names, &joined, e) && lineages_tie(l, e)
            : lineages_no_memory(e);
    vec_release(&edges);
    vec_release(&names);
    return ok;
}

bool lineages_link(struct lineages *l, struct err *e)
{
    if (l->queue.n == 0)
        return true;
    set_times(l);
    if (l->shelf.memory.used > SHELF_FULL)
        shelf_reset(&l->shelf);
    bool ok = write_queue(l, e);
    l->counts.cut += l->shelf.cut;
    l->shelf.cut = 0;
    if (!ok) {
        shelf_reset(&l->shelf);
        return false;
    }
    for (size_t i = 0; i < l->queue.n; i++) {
        struct proven *p = *(struct proven **)vec_at(&l->queue, i);
        p->queued = false;
        p->written = true;
        note_done(l, p);
    }
    l->queue.n = 0;
    arena_reset(&l->passing);
    return true;
}

bool lineages_settle(struct lineages *l, struct err *e)
{
    if (!lineages_link(l, e))
        return false;
    set_times(l);
    if (!lineages_place(l, e)) {
        shelf_reset(&l->shelf);
        return false;
    }
    l->placings.n = l->touched.n = 0;
    arena_reset(&l->alerts);
    remember_done(l);
    return true;
}
