/* Reading lineages and incidents. Each question has a shelf of its own, so that it may be asked
 * while a delivery is being settled. */
#include <stdlib.h>

#include "base/wire.h"
#include "handlers/lineage_work.h"

#define WALK_SHELF_MAX LINEAGES_MEMORY_MAX

void lineage_walk_init(struct lineage_walk *w)
{
    *w = (struct lineage_walk){.cut = false};
    vec_init(&w->nodes, sizeof(struct lineage_seen_node), SIZE_MAX);
    vec_init(&w->links, sizeof(struct lineage_seen_link), SIZE_MAX);
}

void lineage_walk_release(struct lineage_walk *w)
{
    vec_release(&w->nodes);
    vec_release(&w->links);
}

/* ---- the walk ---- */

struct walking {
    struct lineages *l;
    const struct lineage_ask *ask;
    struct lineage_walk *out;
    struct shelf shelf;
    struct vec ids; /* struct id128: found so far; those from `from` on are new */
    size_t from;
    struct lineage_map id_at;
    struct vec *made; /* of the new ones: struct element, made and naming */
};

static bool is_within(const struct walking *w, int64_t time_ms, int64_t before_ms)
{
    const struct lineage_ask *a = w->ask;
    return a->from_ms != INT64_MIN && time_ms >= a->from_ms - before_ms && time_ms <= a->until_ms;
}

/* Finds a node; beyond the maximum there is more than is told. */
static bool find(struct walking *w, struct id128 id)
{
    if (lineage_map_find(&w->id_at, id) != LINEAGE_MAP_NONE)
        return true;
    if (w->ids.n >= w->ask->max) {
        w->out->cut = true;
        return true;
    }
    struct id128 *to = vec_push(&w->ids, 1);
    if (!to)
        return false;
    *to = id;
    return lineage_map_add(&w->id_at, id, (uint32_t)(w->ids.n - 1));
}

static bool put_link(struct walking *w, const struct lineage_seen_link *l)
{
    struct lineage_seen_link *to = vec_push(&w->out->links, 1);
    if (to)
        *to = *l;
    return to != NULL;
}

/* Whether who is behind a link belongs to what is asked for; as respond/incident_make.c. */
static bool is_cause(const struct walking *w, const struct up_link *l)
{
    if (l->strength == LINK_WEAK || l->type == LINK_KEY_OF)
        return false;
    if (l->type != LINK_CREATED && l->type != LINK_PASSWORD)
        return true;
    return is_within(w, l->time_ms, INCIDENT_GAP_MS);
}

static bool walk_up(struct walking *w, const struct held *h)
{
    for (uint32_t i = 0; i < h->item.n_up; i++) {
        const struct up_link *up = h->item.up + i;
        const struct lineage_seen_link link = {.from = up->from,
                                               .to = h->id,
                                               .type = (enum lineage_type)up->type,
                                               .strength = (enum lineage_strength)up->strength,
                                               .time_ms = up->time_ms,
                                               .event = up->event};
        if (!put_link(w, &link) || (is_cause(w, up) && !find(w, up->from)))
            return false;
    }
    return true;
}

/* What a node made is read from its elements; the links themselves are in the items of those. */
static bool walk_down(struct walking *w, const struct vec *made)
{
    for (size_t i = 0; i < made->n; i++) {
        const struct element *el = vec_at(made, i);
        bool naming = link_is_naming(el->what & 0xff);
        if ((naming || is_within(w, el->time_ms, 0)) && !find(w, el->event))
            return false;
    }
    return true;
}

static bool names_others(uint8_t kind)
{
    return kind == LINEAGE_KEY || kind == LINEAGE_NAME || kind == LINEAGE_INSTANCE;
}

/* Reads what the new nodes made, and whom they stand for. */
static bool read_made(struct walking *w, size_t n, struct err *e)
{
    const struct lineage_ask *a = w->ask;
    struct state_read *reads = calloc(2 * n, sizeof *reads);
    size_t asked = 0;
    if (!reads)
        return lineages_no_memory(e);
    int64_t from_ms = a->from_ms;
    if (from_ms != INT64_MIN && a->until_ms - from_ms > LINEAGES_WALK_MS) {
        from_ms = a->until_ms - LINEAGES_WALK_MS;
        w->out->cut = true;
    }
    for (size_t i = 0; i < n; i++) {
        const struct held *h = shelf_at(&w->shelf, ((struct id128 *)w->ids.p)[w->from + i]);
        if (from_ms != INT64_MIN)
            reads[asked++] =
                (struct state_read){made_key(h->id, false), bucket_of(from_ms, MADE_BUCKET_MS),
                                    bucket_of(a->until_ms, MADE_BUCKET_MS), w->made + i};
        if (names_others(h->item.kind))
            reads[asked++] = (struct state_read){made_key(h->id, true), 0, 0, w->made + i};
    }
    bool ok = asked == 0 || w->l->state.read(w->l->state.self, reads, asked, e);
    free(reads);
    return ok;
}

static bool take_node(struct walking *w, struct arena *a, const struct held *h)
{
    struct lineage_seen_node *to = vec_push(&w->out->nodes, 1);
    if (!to)
        return false;
    *to = (struct lineage_seen_node){.id = h->id,
                                     .kind = (enum lineage_kind)h->item.kind,
                                     .name = arena_str(a, h->item.name),
                                     .account = arena_str(a, h->item.account),
                                     .session = arena_str(a, h->item.session),
                                     .created_ms = h->item.created_ms};
    return str_present(to->name) && (str_present(to->account) || !str_present(h->item.account)) &&
           (str_present(to->session) || !str_present(h->item.session));
}

/* One step from all new nodes at once. */
static bool step(struct walking *w, struct arena *a, struct err *e)
{
    size_t n = w->ids.n - w->from, end = w->ids.n;
    w->made = calloc(n, sizeof *w->made);
    bool ok = (w->made || lineages_no_memory(e)) &&
              shelf_read(&w->shelf, (struct id128 *)w->ids.p + w->from, n, e);
    for (size_t i = 0; w->made && i < n; i++)
        vec_init(w->made + i, sizeof(struct element), SIZE_MAX);
    ok = ok && read_made(w, n, e);
    for (size_t i = 0; i < n && ok; i++) {
        const struct held *h = shelf_at(&w->shelf, ((struct id128 *)w->ids.p)[w->from + i]);
        ok = (take_node(w, a, h) && walk_up(w, h) && walk_down(w, w->made + i)) ||
             err_set(e, ERR_LIMIT, "no room for the identities of a lineage");
    }
    for (size_t i = 0; w->made && i < n; i++)
        vec_release(w->made + i);
    free(w->made);
    w->from = end;
    return ok;
}

static int by_id(const void *p, const void *q)
{
    const struct lineage_seen_node *a = p, *b = q;
    return id128_cmp(a->id, b->id);
}

static int by_ends(const void *p, const void *q)
{
    const struct lineage_seen_link *a = p, *b = q;
    int c = id128_cmp(a->from, b->from);
    c = c ? c : id128_cmp(a->to, b->to);
    return c ? c : (a->type > b->type) - (a->type < b->type);
}

bool lineages_walk(struct lineages *l, const struct lineage_ask *ask, struct arena *a,
                   struct lineage_walk *out, struct err *e)
{
    struct walking w = {.l = l, .ask = ask, .out = out};
    bool ok = true;
    out->nodes.n = out->links.n = 0;
    out->cut = false;
    shelf_init(&w.shelf, &l->state, WALK_SHELF_MAX);
    vec_init(&w.ids, sizeof(struct id128), SIZE_MAX);
    lineage_map_init(&w.id_at, SHELF_NODES_MAX);
    for (size_t i = 0; i < ask->n && ok; i++)
        ok = find(&w, ask->nodes[i]) || lineages_no_memory(e);
    while (ok && w.from < w.ids.n)
        ok = step(&w, a, e);
    if (out->nodes.n)
        qsort(out->nodes.p, out->nodes.n, out->nodes.size, by_id);
    if (out->links.n)
        qsort(out->links.p, out->links.n, out->links.size, by_ends);
    lineage_map_release(&w.id_at);
    vec_release(&w.ids);
    shelf_release(&w.shelf);
    return ok;
}

/* ---- incidents ---- */

/* The node that an incident was told of first. *known is false when there is none. */
static bool find_node(struct lineages *l, const unsigned char id[INCIDENT_ID_BYTES],
                      struct id128 *node, bool *known, struct err *e)
{
    struct state_claims got = {.key = incident_key(id)};
    uint64_t version;
    buf_init(&got.blob, RECORDS_BYTES_MAX);
    bool ok = l->state.claims(l->state.self, &got, 1, e);
    struct str blob = buf_str(&got.blob);
    *known = ok && blob.n;
    if (*known)
        ok = (wire_take(&blob, &version, 1) && version == 1 && wire_take(&blob, &node->hi, 8) &&
              wire_take(&blob, &node->lo, 8)) ||
             err_set(e, ERR_INPUT, "the state holds a broken item of an incident");
    buf_release(&got.blob);
    return ok;
}

bool lineages_find(struct lineages *l, const unsigned char id[INCIDENT_ID_BYTES], struct arena *a,
                   struct found_incident *found, struct err *e)
{
    struct id128 node = {0, 0};
    struct shelf s;
    bool known;
    *found = (struct found_incident){.record = NULL};
    if (!find_node(l, id, &node, &known, e))
        return false;
    if (!known)
        return true;
    shelf_init(&s, &l->state, WALK_SHELF_MAX);
    const struct held *root = shelf_root(&s, node, e);
    const struct incident_record *i = root ? book_find(&root->item.book, id) : NULL;
    if (root)
        found->root = root->id;
    if (i)
        found->record = record_copy(i, a);
    bool ok = root && (!i || found->record || lineages_no_memory(e));
    shelf_release(&s);
    return ok;
}

static int by_day(const void *p, const void *q)
{
    const struct listed_incident *a = p, *b = q;
    if (a->first_ms != b->first_ms)
        return a->first_ms < b->first_ms ? -1 : 1;
    return memcmp(a->id, b->id, INCIDENT_ID_BYTES);
}

static bool take_listed(struct vec *out, const struct element *el)
{
    struct listed_incident *to = vec_push(out, 1);
    if (!to)
        return false;
    to->first_ms = el->time_ms;
    for (unsigned k = 0; k < 8; k++) {
        to->id[k] = (unsigned char)(el->event.hi >> (56 - 8 * k));
        to->id[8 + k] = (unsigned char)(el->event.lo >> (56 - 8 * k));
    }
    return true;
}

/* Leaves of each id the earliest; they are ordered by time. */
static void unite_listed(struct vec *out, size_t from)
{
    struct listed_incident *list = vec_at(out, from);
    size_t n = out->n - from, kept = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < kept && memcmp(list[k].id, list[i].id, INCIDENT_ID_BYTES) != 0)
            k++;
        if (k == kept)
            list[kept++] = list[i];
    }
    out->n = from + kept;
}

bool lineages_list(struct lineages *l, int64_t from_ms, int64_t until_ms, struct vec *out,
                   struct err *e)
{
    struct vec elements;
    size_t before = out->n;
    vec_init(&elements, sizeof(struct element), SIZE_MAX);
    const struct state_read ask = {index_key(), bucket_of(from_ms, INDEX_BUCKET_MS),
                                   bucket_of(until_ms, INDEX_BUCKET_MS), &elements};
    bool ok = l->state.read(l->state.self, &ask, 1, e);
    for (size_t i = 0; i < elements.n && ok; i++) {
        const struct element *el = vec_at(&elements, i);
        if (el->time_ms >= from_ms && el->time_ms <= until_ms)
            ok = take_listed(out, el) || lineages_no_memory(e);
    }
    vec_release(&elements);
    if (ok && out->n > before) {
        qsort(vec_at(out, before), out->n - before, out->size, by_day);
        unite_listed(out, before);
    }
    return ok;
}
