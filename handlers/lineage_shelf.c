/* Items read, followed and written. */
#include "handlers/lineage_shelf.h"

#include <stdlib.h>

/* Items that are read or written in one call; each is small but for a few roots. */
#define BATCH 64
/* Moves on the way to a root that are let be; of a longer way the beginning is moved to its end. */
#define STEPS_LET_BE 8

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "no memory for lineages");
}

void shelf_init(struct shelf *s, const struct port_state *state, size_t memory_max)
{
    *s = (struct shelf){.state = state};
    arena_init(&s->memory, memory_max);
    vec_init(&s->list, sizeof(struct held *), SHELF_NODES_MAX);
    lineage_map_init(&s->at, SHELF_NODES_MAX);
}

static struct held *held_at(const struct shelf *s, size_t i)
{
    return *(struct held **)vec_at(&s->list, i);
}

void shelf_reset(struct shelf *s)
{
    for (size_t i = 0; i < s->list.n; i++)
        node_item_release(&held_at(s, i)->item);
    s->list.n = 0;
    lineage_map_release(&s->at);
    arena_reset(&s->memory);
}

void shelf_release(struct shelf *s)
{
    shelf_reset(s);
    vec_release(&s->list);
    arena_release(&s->memory);
}

struct held *shelf_at(struct shelf *s, struct id128 id)
{
    uint32_t at = lineage_map_find(&s->at, id);
    if (at != LINEAGE_MAP_NONE)
        return held_at(s, at);
    at = (uint32_t)s->list.n;
    struct held *h = arena_alloc(&s->memory, sizeof *h);
    struct held **to = h ? vec_push(&s->list, 1) : NULL;
    if (!to || !lineage_map_add(&s->at, id, at)) {
        s->list.n = at;
        return NULL;
    }
    h->id = id;
    node_item_init(&h->item, &s->memory);
    return *to = h;
}

/* ---- reading ---- */

static bool take_item(struct shelf *s, struct held *h, const struct state_claims *got,
                      struct err *e)
{
    node_item_release(&h->item);
    node_item_init(&h->item, &s->memory);
    h->version = got->version;
    h->read = node_item_decode(&h->item, buf_str(&got->blob), e);
    return h->read;
}

static bool fetch_some(struct shelf *s, struct held *const *list, size_t n, struct err *e)
{
    struct state_claims got[BATCH];
    for (size_t i = 0; i < n; i++) {
        got[i] = (struct state_claims){.key = node_key(list[i]->id)};
        buf_init(&got[i].blob, RECORDS_BYTES_MAX);
    }
    bool ok = s->state->claims(s->state->self, got, n, e);
    for (size_t i = 0; i < n; i++) {
        ok = ok && take_item(s, list[i], got + i, e);
        buf_release(&got[i].blob);
    }
    return ok;
}

static bool fetch(struct shelf *s, struct held *const *list, size_t n, struct err *e)
{
    bool ok = true;
    for (size_t i = 0; i < n && ok; i += BATCH)
        ok = fetch_some(s, list + i, n - i < BATCH ? n - i : BATCH, e);
    return ok;
}

static bool push_once(struct vec *list, struct held *h)
{
    struct held *const *all = list->p;
    for (size_t i = 0; i < list->n; i++)
        if (all[i] == h)
            return true;
    struct held **to = vec_push(list, 1);
    if (to)
        *to = h;
    return to != NULL;
}

bool shelf_read(struct shelf *s, const struct id128 *ids, size_t n, struct err *e)
{
    struct vec need;
    vec_init(&need, sizeof(struct held *), SIZE_MAX);
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++) {
        struct held *h = shelf_at(s, ids[i]);
        ok = h && (h->read || push_once(&need, h));
    }
    ok = ok ? fetch(s, need.p, need.n, e) : no_memory(e);
    vec_release(&need);
    return ok;
}

/* ---- following ---- */

/* From a node to its root, or to the first on the way that was not read. NULL without room. A way
 * that does not end (none can be so long) is cut: its last node is taken for a root. */
static struct held *walk(struct shelf *s, struct held *h, size_t *steps)
{
    for (*steps = 0; h && h->read && h->item.moved; ++*steps) {
        if (*steps == LINEAGES_STEPS_MAX) {
            h->item.moved = false;
            s->cut++;
            break;
        }
        h = shelf_at(s, h->item.moved_to);
    }
    return h;
}

static bool find_unread(struct shelf *s, const struct id128 *ids, size_t n, struct vec *need)
{
    size_t steps;
    for (size_t i = 0; i < n; i++) {
        struct held *h = shelf_at(s, ids[i]);
        h = h ? walk(s, h, &steps) : NULL;
        if (!h || (!h->read && !push_once(need, h)))
            return false;
    }
    return true;
}

/* Moves the beginnings of long ways to their ends. What another changed meanwhile is read again. */
static bool shorten(struct shelf *s, const struct id128 *ids, size_t n, bool *again, struct err *e)
{
    struct vec list;
    uint64_t conflicts = 0;
    bool ok = true;
    vec_init(&list, sizeof(struct held *), SIZE_MAX);
    for (size_t i = 0; i < n && ok; i++) {
        size_t steps;
        struct held *h = shelf_at(s, ids[i]), *root = walk(s, h, &steps);
        if (steps <= STEPS_LET_BE)
            continue;
        h->item.moved_to = root->id;
        ok = push_once(&list, h);
    }
    ok = ok ? list.n == 0 || shelf_write(s, list.p, list.n, &conflicts, e) : no_memory(e);
    vec_release(&list);
    *again = conflicts > 0;
    return ok;
}

bool shelf_follow(struct shelf *s, const struct id128 *ids, size_t n, struct err *e)
{
    bool ok = true, again = true;
    struct vec need;
    vec_init(&need, sizeof(struct held *), SIZE_MAX);
    while (ok && again) {
        need.n = 0;
        ok = find_unread(s, ids, n, &need) || no_memory(e);
        if (ok && need.n)
            ok = fetch(s, need.p, need.n, e);
        else if (ok)
            ok = shorten(s, ids, n, &again, e);
    }
    vec_release(&need);
    return ok;
}

struct held *shelf_root(struct shelf *s, struct id128 id, struct err *e)
{
    size_t steps;
    return shelf_follow(s, &id, 1, e) ? walk(s, shelf_at(s, id), &steps) : NULL;
}

/* ---- writing ---- */

static bool write_some(struct shelf *s, struct held *const *list, size_t n, uint64_t *conflicts,
                       struct err *e)
{
    struct state_swap swaps[BATCH];
    struct buf blobs[BATCH];
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        list[i]->item.written_ms = s->now_ms;
        buf_init(blobs + i, RECORDS_BYTES_MAX);
        node_item_encode(&list[i]->item, blobs + i);
        ok = ok && buf_ok(blobs + i, "the item of an identity", e);
        swaps[i] = (struct state_swap){node_key(list[i]->id), buf_str(blobs + i), list[i]->version,
                                       s->expires_s, false};
    }
    ok = ok && s->state->swap(s->state->self, swaps, n, e);
    for (size_t i = 0; i < n; i++) {
        list[i]->read = ok && !swaps[i].conflict;
        list[i]->version += list[i]->read;
        *conflicts += ok && swaps[i].conflict;
        buf_release(blobs + i);
    }
    return ok;
}

bool shelf_write(struct shelf *s, struct held *const *list, size_t n, uint64_t *conflicts,
                 struct err *e)
{
    bool ok = true;
    for (size_t i = 0; i < n && ok; i += BATCH)
        ok = write_some(s, list + i, n - i < BATCH ? n - i : BATCH, conflicts, e);
    return ok;
}
