/* Writing links: elements of what was made, items, moves. */
#include <stdlib.h>

#include "handlers/lineage_work.h"

/* Links and names of one writing, in an order to search them by. */
struct writing {
    struct lineages *l;
    struct edge *by_to; /* by (to, from, type) */
    size_t n;
    const struct edge **by_from;
    const struct lineage_node **names; /* by id */
    size_t n_names;
    struct vec nodes; /* struct held *: all ends and named ones, by id */
};

/* ---- order ---- */

static int edge_cmp(const struct edge *a, const struct edge *b)
{
    int c = id128_cmp(a->to, b->to);
    c = c ? c : id128_cmp(a->from, b->from);
    return c ? c : (a->type > b->type) - (a->type < b->type);
}

static int by_to(const void *p, const void *q)
{
    return edge_cmp(p, q);
}

static int by_from(const void *p, const void *q)
{
    const struct edge *a = *(const struct edge *const *)p, *b = *(const struct edge *const *)q;
    int c = id128_cmp(a->from, b->from);
    return c ? c : edge_cmp(a, b);
}

static int by_name(const void *p, const void *q)
{
    const struct lineage_node *a = *(const struct lineage_node *const *)p;
    const struct lineage_node *b = *(const struct lineage_node *const *)q;
    return id128_cmp(a->id, b->id);
}

static int by_id(const void *p, const void *q)
{
    return id128_cmp(*(const struct id128 *)p, *(const struct id128 *)q);
}

/* One of each link, the surest, told by the earliest event. */
static size_t unite_edges(struct edge *list, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        struct edge *last = kept ? list + kept - 1 : NULL;
        if (id128_cmp(list[i].from, list[i].to) == 0)
            continue;
        if (!last || edge_cmp(last, list + i) != 0) {
            list[kept++] = list[i];
            continue;
        }
        uint8_t strength = last->strength > list[i].strength ? last->strength : list[i].strength;
        if (list[i].time_ms < last->time_ms ||
            (list[i].time_ms == last->time_ms && id128_cmp(list[i].event, last->event) < 0))
            *last = list[i];
        last->strength = strength;
    }
    return kept;
}

static size_t unite_ids(struct id128 *ids, size_t n)
{
    size_t kept = 0;
    if (n)
        qsort(ids, n, sizeof *ids, by_id);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || id128_cmp(ids[kept - 1], ids[i]) != 0)
            ids[kept++] = ids[i];
    return kept;
}

/* Reads the items of all nodes and those that they moved under. */
static bool hold_nodes(struct writing *w, struct err *e)
{
    struct id128 *ids = calloc(2 * w->n + w->n_names + 1, sizeof *ids);
    size_t n = 0;
    if (!ids)
        return lineages_no_memory(e);
    for (size_t i = 0; i < w->n; i++) {
        ids[n++] = w->by_to[i].from;
        ids[n++] = w->by_to[i].to;
    }
    for (size_t i = 0; i < w->n_names; i++)
        ids[n++] = w->names[i]->id;
    n = unite_ids(ids, n);
    bool ok = shelf_follow(&w->l->shelf, ids, n, e);
    struct held **to = ok && n ? vec_push(&w->nodes, n) : NULL;
    for (size_t i = 0; to && i < n; i++)
        to[i] = shelf_at(&w->l->shelf, ids[i]);
    free(ids);
    return ok && (to || n == 0 || lineages_no_memory(e));
}

static bool writing_init(struct writing *w, struct lineages *l, struct vec *edges,
                         struct vec *names, struct err *e)
{
    *w = (struct writing){.l = l, .by_to = edges->p};
    vec_init(&w->nodes, sizeof(struct held *), SIZE_MAX);
    if (edges->n)
        qsort(edges->p, edges->n, edges->size, by_to);
    w->n = unite_edges(edges->p, edges->n);
    w->by_from = calloc(w->n + 1, sizeof *w->by_from);
    w->names = calloc(names->n + 1, sizeof *w->names);
    if (!w->by_from || !w->names)
        return lineages_no_memory(e);
    for (size_t i = 0; i < w->n; i++)
        w->by_from[i] = w->by_to + i;
    for (size_t i = 0; i < names->n; i++)
        w->names[w->n_names++] = vec_at(names, i);
    qsort(w->by_from, w->n, sizeof *w->by_from, by_from);
    qsort(w->names, w->n_names, sizeof *w->names, by_name);
    return hold_nodes(w, e);
}

static void writing_release(struct writing *w)
{
    vec_release(&w->nodes);
    free(w->by_from);
    free(w->names);
}

static struct held *node_at(const struct writing *w, size_t i)
{
    return *(struct held **)vec_at(&w->nodes, i);
}

/* The first link to a node on. */
static size_t first_to(const struct writing *w, struct id128 id)
{
    size_t from = 0, to = w->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (id128_cmp(w->by_to[mid].to, id) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

static size_t first_from(const struct writing *w, struct id128 id)
{
    size_t from = 0, to = w->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (id128_cmp(w->by_from[mid]->from, id) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

static size_t first_name(const struct writing *w, struct id128 id)
{
    size_t from = 0, to = w->n_names;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (id128_cmp(w->names[mid]->id, id) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

static struct up_link up_of(const struct edge *ed)
{
    return (struct up_link){ed->from, ed->type, ed->strength, ed->time_ms, ed->event};
}

/* ---- what was made ---- */

/* The element of a link: what its node made. One whose event tells no time lies at 0. */
static struct element element_of(const struct edge *ed)
{
    return (struct element){ed->time_ms == INT64_MAX ? 0 : ed->time_ms,
                            (uint64_t)ed->type | (uint64_t)ed->strength << 8, ed->to};
}

/* Whether the item of its end does not have the link yet, and has room for it. */
static bool is_news(const struct writing *w, const struct edge *ed)
{
    struct node_item copy = shelf_at(&w->l->shelf, ed->to)->item;
    struct up_link up = up_of(ed);
    enum up_change change = node_item_link(&copy, &up);
    w->l->counts.cut += change == UP_FULL;
    return change == UP_CHANGED;
}

/* Adds the elements of links that are new, one request each: few nodes make two things at once. In
 * front of the items, which then say that the elements are there. */
static bool add_made(const struct writing *w, struct err *e)
{
    struct state_add *adds = calloc(w->n + 1, sizeof *adds);
    struct element *elements = calloc(w->n + 1, sizeof *elements);
    size_t n = 0;
    for (size_t i = 0; adds && elements && i < w->n; i++) {
        const struct edge *ed = w->by_to + i;
        bool naming = link_is_naming(ed->type);
        if (!is_news(w, ed))
            continue;
        elements[n] = element_of(ed);
        adds[n] = (struct state_add){made_key(ed->from, naming),
                                     naming ? 0 : bucket_of(elements[n].time_ms, MADE_BUCKET_MS),
                                     elements + n, 1, w->l->shelf.expires_s};
        n++;
    }
    bool ok = adds && elements ? lineages_add(w->l, adds, n, e) : lineages_no_memory(e);
    free(adds);
    free(elements);
    return ok;
}

/* ---- items ---- */

/* Puts into an item what the links to it and the names say. */
static bool change_item(const struct writing *w, struct held *h, bool *changed)
{
    for (size_t i = first_to(w, h->id); i < w->n; i++) {
        if (id128_cmp(w->by_to[i].to, h->id) != 0)
            break;
        struct up_link up = up_of(w->by_to + i);
        if (node_item_link(&h->item, &up) == UP_CHANGED)
            *changed = true;
    }
    for (size_t i = first_name(w, h->id); i < w->n_names; i++) {
        if (id128_cmp(w->names[i]->id, h->id) != 0)
            break;
        if (!node_item_name(&h->item, w->names[i], changed))
            return false;
    }
    return true;
}

static bool is_fresh(const struct held *h)
{
    return h->version == 0;
}

/* The other end of a sure link of a fresh node, one that has an item; NULL when there is none. */
static struct held *neighbour(const struct writing *w, const struct held *h)
{
    struct shelf *s = &w->l->shelf;
    for (size_t i = first_to(w, h->id); i < w->n && id128_cmp(w->by_to[i].to, h->id) == 0; i++) {
        struct held *other = shelf_at(s, w->by_to[i].from);
        if (edge_joins(w->by_to + i) && !is_fresh(other))
            return other;
    }
    for (size_t i = first_from(w, h->id); i < w->n; i++) {
        const struct edge *ed = w->by_from[i];
        if (id128_cmp(ed->from, h->id) != 0)
            break;
        struct held *other = shelf_at(s, ed->to);
        if (edge_joins(ed) && !is_fresh(other))
            return other;
    }
    return NULL;
}

/* Whether a fresh node should wait until the one behind it has an item. */
static bool has_fresh_maker(const struct writing *w, const struct held *h)
{
    for (size_t i = first_to(w, h->id); i < w->n; i++) {
        if (id128_cmp(w->by_to[i].to, h->id) != 0)
            break;
        if (edge_joins(w->by_to + i) && is_fresh(shelf_at(&w->l->shelf, w->by_to[i].from)))
            return true;
    }
    return false;
}

/* A fresh node goes under the root of its neighbour at once. (Not under itself: should its item
 * have expired before those that had moved under it.) */
static bool hang(const struct writing *w, struct held *h, struct held *other, struct err *e)
{
    const struct held *root = shelf_root(&w->l->shelf, other->id, e);
    if (!root)
        return false;
    if (root != h && !is_fresh(root)) {
        h->item.moved = true;
        h->item.moved_to = root->id;
    }
    return true;
}

static bool is_stale(const struct writing *w, const struct held *h)
{
    return w->l->shelf.now_ms - h->item.written_ms >= LINEAGE_DAY_MS;
}

/* Prepares one node; *due: its item is to be written now. A fresh one without neighbours waits for
 * who is behind it, unless `forced`. */
static bool prepare(const struct writing *w, struct held *h, bool forced, bool *due, struct err *e)
{
    *due = false;
    if (!is_fresh(h)) {
        *due = is_stale(w, h);
        return change_item(w, h, due) || lineages_no_memory(e);
    }
    struct held *other = neighbour(w, h);
    if (!other && !forced && has_fresh_maker(w, h))
        return true;
    *due = true;
    return (!other || hang(w, h, other, e)) && (change_item(w, h, due) || lineages_no_memory(e));
}

/* Gathers what can be written in this round; *waiting are left for the next. */
static bool gather_round(const struct writing *w, struct vec *due, size_t *waiting, struct err *e)
{
    struct held *first = NULL;
    *waiting = 0;
    due->n = 0;
    for (size_t i = 0; i < w->nodes.n; i++) {
        struct held *h = node_at(w, i);
        bool now;
        if (!prepare(w, h, false, &now, e))
            return false;
        struct held **to = now ? vec_push(due, 1) : NULL;
        if (now && !to)
            return lineages_no_memory(e);
        if (to)
            *to = h;
        else if (is_fresh(h)) {
            first = first ? first : h;
            ++*waiting;
        }
    }
    if (due->n || !first)
        return true;
    /* A ring of makers: one of them begins. */
    bool now;
    struct held **to = vec_push(due, 1);
    if (!to)
        return lineages_no_memory(e);
    *to = first;
    --*waiting;
    return prepare(w, first, true, &now, e);
}

static bool refresh(const struct writing *w, struct err *e)
{
    struct vec ids;
    vec_init(&ids, sizeof(struct id128), SIZE_MAX);
    struct id128 *to = w->nodes.n ? vec_push(&ids, w->nodes.n) : NULL;
    for (size_t i = 0; to && i < w->nodes.n; i++)
        to[i] = node_at(w, i)->id;
    bool ok =
        to || w->nodes.n == 0 ? shelf_follow(&w->l->shelf, ids.p, ids.n, e) : lineages_no_memory(e);
    vec_release(&ids);
    return ok;
}

/* Writes the items of all nodes, in rounds: a fresh node needs the item of the one that it goes
 * under. */
static bool write_items(struct writing *w, struct err *e)
{
    struct lineages *l = w->l;
    struct vec due;
    bool ok = true;
    size_t waiting = 1;
    unsigned lost = 0;
    vec_init(&due, sizeof(struct held *), SIZE_MAX);
    while (ok && waiting) {
        uint64_t conflicts = 0;
        ok = gather_round(w, &due, &waiting, e) &&
             (due.n == 0 || shelf_write(&l->shelf, due.p, due.n, &conflicts, e));
        l->counts.conflicts += conflicts;
        waiting += conflicts;
        if (!ok || conflicts == 0)
            continue;
        if (++lost == LINEAGES_SWAPS_MAX)
            ok = err_set(e, ERR_RETRY, "other deliveries keep changing the same identities");
        else
            l->state.pause(l->state.self, LINEAGES_PAUSE_MS * (int64_t)lost);
        ok = ok && refresh(w, e);
    }
    vec_release(&due);
    return ok;
}

/* ---- lineages ---- */

static bool touch(struct lineages *l, struct id128 node)
{
    struct id128 *to = vec_push(&l->touched, 1);
    if (to)
        *to = node;
    return to != NULL;
}

static bool join_all(const struct writing *w, bool *joined, struct err *e)
{
    bool ok = true;
    for (size_t i = 0; i < w->n && ok; i++) {
        const struct edge *ed = w->by_to + i;
        if (edge_joins(ed))
            ok = lineages_join(w->l, ed, joined, e) &&
                 (touch(w->l, ed->to) || lineages_no_memory(e));
    }
    return ok;
}

/* What lies between the ends and their roots lives on as they do. */
static bool renew(const struct writing *w, struct err *e)
{
    struct shelf *s = &w->l->shelf;
    struct vec due;
    uint64_t conflicts = 0;
    bool ok = true;
    vec_init(&due, sizeof(struct held *), SIZE_MAX);
    for (size_t i = 0; i < s->list.n && ok; i++) {
        struct held *h = *(struct held **)vec_at(&s->list, i);
        if (!h->read || is_fresh(h) || !is_stale(w, h))
            continue;
        struct held **to = vec_push(&due, 1);
        ok = to || lineages_no_memory(e);
        if (to)
            *to = h;
    }
    /* Who was first in a conflict has renewed it. */
    ok = ok && (due.n == 0 || shelf_write(s, due.p, due.n, &conflicts, e));
    vec_release(&due);
    return ok;
}

bool lineages_write(struct lineages *l, struct vec *edges, struct vec *names, bool *joined,
                    struct err *e)
{
    struct writing w;
    *joined = false;
    bool ok = writing_init(&w, l, edges, names, e) && add_made(&w, e) && write_items(&w, e) &&
              join_all(&w, joined, e) && renew(&w, e);
    writing_release(&w);
    return ok;
}
