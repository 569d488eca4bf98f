/* What one delivery gathers of its events. Its alerts are in lineage_alerts.c, the order in which
 * all is written in lineage_queue.c. */
#include "handlers/lineages.h"

#include <stdlib.h>

#include "base/sha256.h"
#include "handlers/lineage_work.h"
#include "respond/incident_seen.h"
#include "respond/put.h"

/* Of LINEAGES_MEMORY_MAX: what hits prove, what passes through, alerts; the shelf has the rest. */
#define KEPT_MAX    (LINEAGES_MEMORY_MAX / 4)
#define PASSING_MAX (LINEAGES_MEMORY_MAX / 8)
#define ALERTS_MAX  (LINEAGES_MEMORY_MAX / 8)
#define SHELF_MAX   (LINEAGES_MEMORY_MAX / 2)

bool lineages_no_memory(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "no memory for lineages");
}

/* ---- being ---- */

static void init(struct lineages *l)
{
    arena_init(&l->kept, KEPT_MAX);
    arena_init(&l->passing, PASSING_MAX);
    arena_init(&l->alerts, ALERTS_MAX);
    vec_init(&l->hits, sizeof(struct hit), LINEAGES_HITS_MAX);
    vec_init(&l->provens, sizeof(struct proven *), LINEAGES_HITS_MAX);
    vec_init(&l->queue, sizeof(struct proven *), SIZE_MAX);
    vec_init(&l->done, sizeof(struct known_proof), LINEAGES_KNOWN_MAX);
    vec_init(&l->touched, sizeof(struct id128), SIZE_MAX);
    vec_init(&l->placings, sizeof(struct placing), SIZE_MAX);
    lineage_map_init(&l->hit_at, LINEAGES_HITS_MAX);
    lineage_map_init(&l->proven_at, LINEAGES_HITS_MAX);
    shelf_init(&l->shelf, &l->state, SHELF_MAX);
}

struct lineages *lineages_new(const struct lineages_config *cfg, const struct port_state *state,
                              struct lineages_calls calls, struct err *e)
{
    struct lineages *l = calloc(1, sizeof *l);
    if (!l) {
        lineages_no_memory(e);
        return NULL;
    }
    l->cfg = *cfg;
    l->state = *state;
    l->calls = calls;
    init(l);
    l->known = calloc(LINEAGES_KNOWN_MAX, sizeof *l->known);
    if (!l->known) {
        lineages_free(l);
        lineages_no_memory(e);
        return NULL;
    }
    return l;
}

void lineages_free(struct lineages *l)
{
    if (!l)
        return;
    arena_release(&l->kept);
    arena_release(&l->passing);
    arena_release(&l->alerts);
    vec_release(&l->hits);
    vec_release(&l->provens);
    vec_release(&l->queue);
    vec_release(&l->done);
    vec_release(&l->touched);
    vec_release(&l->placings);
    lineage_map_release(&l->hit_at);
    lineage_map_release(&l->proven_at);
    shelf_release(&l->shelf);
    free(l->known);
    free(l);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void forget_known(struct lineages *l)
{
    memset(l->known, 0, LINEAGES_KNOWN_MAX * sizeof *l->known);
    l->known_since_ms = l->delivery.now_ms;
}

void lineages_begin(struct lineages *l, const struct delivery *d)
{
    l->delivery = *d;
    l->latest_ms = INT64_MIN / 2;
    arena_reset(&l->kept);
    arena_reset(&l->passing);
    arena_reset(&l->alerts);
    memset(l->lately, 0, sizeof l->lately);
    l->hits.n = l->provens.n = l->queue.n = 0;
    l->done.n = l->touched.n = l->placings.n = 0;
    lineage_map_release(&l->hit_at);
    lineage_map_release(&l->proven_at);
    shelf_reset(&l->shelf);
    if (d->now_ms - l->known_since_ms > LINEAGES_KNOWN_MS)
        forget_known(l);
}

const struct lineages_counts *lineages_counts(const struct lineages *l)
{
    return &l->counts;
}

/* ---- taking events ---- */

static void add_number(struct sha256 *h, uint64_t n)
{
    unsigned char bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(n >> (56 - 8 * i));
    sha256_add(h, str_n((const char *)bytes, sizeof bytes));
}

static void add_id(struct sha256 *h, struct id128 id)
{
    add_number(h, id.hi);
    add_number(h, id.lo);
}

/* The first half of a SHA-256 over all that the event proves. */
static struct id128 hash_of(const struct lineage_event *ev)
{
    unsigned char raw[SHA256_BYTES];
    struct id128 id = {0, 0};
    struct sha256 h;
    sha256_init(&h);
    for (uint32_t i = 0; i < ev->n_nodes; i++) {
        add_id(&h, ev->nodes[i].id);
        sha256_add_part(&h, ev->nodes[i].name);
        sha256_add_part(&h, ev->nodes[i].account);
        sha256_add_part(&h, ev->nodes[i].session);
    }
    for (uint32_t i = 0; i < ev->n_links; i++) {
        const struct lineage_link *l = ev->links + i;
        add_number(&h, (uint64_t)l->from << 32 | l->to);
        add_number(&h, (uint64_t)l->type << 32 | l->strength);
    }
    for (uint32_t i = 0; i < ev->n_ties; i++) {
        const struct lineage_tie *t = ev->ties + i;
        add_id(&h, t->lane);
        add_number(&h, (uint64_t)t->kind << 32 | t->node);
        add_number(&h, (uint64_t)t->time_ms);
    }
    sha256_end(&h, raw);
    for (size_t i = 0; i < 8; i++) {
        id.hi = id.hi << 8 | raw[i];
        id.lo = id.lo << 8 | raw[8 + i];
    }
    return id;
}

static bool copy_nodes(struct arena *a, const struct lineage_event *ev, struct proven *p)
{
    struct lineage_node *to = arena_array(a, ev->n_nodes, sizeof *to);
    p->nodes = to;
    p->n_nodes = ev->n_nodes;
    for (uint32_t i = 0; to && i < ev->n_nodes; i++) {
        const struct lineage_node *from = ev->nodes + i;
        to[i] = *from;
        to[i].name = arena_str(a, text_cut(from->name, LINEAGES_NAME_MAX));
        to[i].account = arena_str(a, text_cut(from->account, LINEAGES_NAME_MAX));
        to[i].session = arena_str(a, text_cut(from->session, LINEAGES_NAME_MAX));
        if ((from->name.n && !str_present(to[i].name)) ||
            (from->account.n && !str_present(to[i].account)) ||
            (from->session.n && !str_present(to[i].session)))
            return false;
        p->shortened = p->shortened || to[i].name.n < from->name.n ||
                       to[i].account.n < from->account.n || to[i].session.n < from->session.n;
    }
    return to != NULL;
}

/* A copy of what the event proves; NULL when the arena is full. */
static struct proven *copy_event(struct arena *a, const struct lineage_event *ev, struct id128 hash)
{
    struct proven *p = arena_alloc(a, sizeof *p);
    struct lineage_link *links = arena_array(a, ev->n_links, sizeof *links);
    struct lineage_tie *ties = arena_array(a, ev->n_ties, sizeof *ties);
    if (!p || !links || !ties || !copy_nodes(a, ev, p))
        return NULL;
    if (ev->n_links)
        memcpy(links, ev->links, ev->n_links * sizeof *links);
    if (ev->n_ties)
        memcpy(ties, ev->ties, ev->n_ties * sizeof *ties);
    p->hash = hash;
    p->links = links;
    p->n_links = ev->n_links;
    p->ties = ties;
    p->n_ties = ev->n_ties;
    p->time_ms = INT64_MAX;
    return p;
}

static bool same_text(struct str kept, struct str text)
{
    return str_present(text) ? str_eq(kept, text) : !str_present(kept);
}

static bool same_nodes(const struct lineage_event *ev, const struct proven *p)
{
    bool same = ev->n_nodes == p->n_nodes && !p->shortened;
    for (uint32_t i = 0; same && i < ev->n_nodes; i++) {
        const struct lineage_node *a = ev->nodes + i, *b = p->nodes + i;
        same = id128_cmp(a->id, b->id) == 0 && same_text(b->name, a->name) &&
               same_text(b->account, a->account) && same_text(b->session, a->session);
    }
    return same;
}

/* Whether they have one hash, seen without making it. */
static bool is_same(const struct lineage_event *ev, const struct proven *p)
{
    bool same = ev->n_links == p->n_links && ev->n_ties == p->n_ties && same_nodes(ev, p);
    for (uint32_t i = 0; same && i < ev->n_links; i++)
        same = ev->links[i].from == p->links[i].from && ev->links[i].to == p->links[i].to &&
               ev->links[i].type == p->links[i].type &&
               ev->links[i].strength == p->links[i].strength;
    for (uint32_t i = 0; same && i < ev->n_ties; i++)
        same = id128_cmp(ev->ties[i].lane, p->ties[i].lane) == 0 &&
               ev->ties[i].kind == p->ties[i].kind && ev->ties[i].node == p->ties[i].node &&
               ev->ties[i].time_ms == p->ties[i].time_ms;
    return same;
}

/* The place of what hits prove; many prove the same. NULL when there is no room. */
static struct proven *keep(struct lineages *l, const struct lineage_event *ev)
{
    struct proven **lately = l->lately + ev->nodes[0].id.lo % LINEAGES_LATELY;
    if (*lately && is_same(ev, *lately))
        return *lately;
    struct id128 hash = hash_of(ev);
    uint32_t at = lineage_map_find(&l->proven_at, hash);
    if (at != LINEAGE_MAP_NONE)
        return *lately = *(struct proven **)vec_at(&l->provens, at);
    at = (uint32_t)l->provens.n;
    struct proven *p = copy_event(&l->kept, ev, hash);
    struct proven **to = p ? vec_push(&l->provens, 1) : NULL;
    if (!to || !lineage_map_add(&l->proven_at, hash, at)) {
        l->provens.n = at;
        return NULL;
    }
    *lately = p;
    return *to = p;
}

/* Notes an event that proves it, when it is earlier than those before. */
static void note_proof(struct proven *p, int64_t time_ms, struct id128 event)
{
    if (p->time_ms != INT64_MAX || p->event.hi || p->event.lo)
        if (time_ms > p->time_ms || (time_ms == p->time_ms && id128_cmp(event, p->event) >= 0))
            return;
    p->time_ms = time_ms;
    p->event = event;
    p->written = false;
}

struct lineage_evidence lineage_evidence_of(struct str evidence)
{
    struct id128 event = id128_of(evidence);
    return (struct lineage_evidence){event, seen_id_of(evidence, event)};
}

/* Remembers a hit; without room, its alerts have to do without. */
static struct proven *take_hit(struct lineages *l, const struct lineage_event *ev, int64_t time_ms,
                               struct id128 id)
{
    uint32_t at = lineage_map_find(&l->hit_at, id);
    if (at != LINEAGE_MAP_NONE)
        return ((struct hit *)vec_at(&l->hits, at))->what;
    at = (uint32_t)l->hits.n;
    struct proven *p = keep(l, ev);
    struct hit *to = p ? vec_push(&l->hits, 1) : NULL;
    if (!to || !lineage_map_add(&l->hit_at, id, at)) {
        l->hits.n = at;
        l->counts.cut++;
        return NULL;
    }
    *to = (struct hit){time_ms, p};
    return p;
}

/* Room for one more event that no hit keeps: made by writing what there is. */
static struct proven *take_passing(struct lineages *l, const struct lineage_event *ev,
                                   struct err *e)
{
    struct id128 hash = hash_of(ev);
    struct proven *p = copy_event(&l->passing, ev, hash);
    if (!p && lineages_link(l, e))
        p = copy_event(&l->passing, ev, hash);
    if (!p && e->kind == ERR_NONE)
        lineages_no_memory(e);
    return p;
}

static void note_time(struct lineages *l, int64_t time_ms)
{
    l->latest_ms = later(l->latest_ms, time_ms);
    if (l->cfg.archive)
        l->delivery.now_ms = later(l->delivery.now_ms, time_ms);
}

bool lineages_take(struct lineages *l, const struct lineage_event *event, bool links, bool hit,
                   bool timed, int64_t time_ms, struct lineage_evidence id, struct err *e)
{
    if (event->n_nodes == 0)
        return true;
    links = links && event->nodes[0].kind != LINEAGE_SERVICE;
    if (timed)
        note_time(l, time_ms);
    struct proven *p = NULL;
    struct err why = {0};
    if (hit)
        p = take_hit(l, event, timed ? time_ms : INT64_MIN, id.seen);
    if (links && !p) {
        p = take_passing(l, event, &why);
        if (!p) {
            *e = why;
            return false;
        }
    }
    if (!p)
        return true;
    l->counts.cut += event->cut;
    note_proof(p, timed ? time_ms : INT64_MAX, id.event);
    if (links && !lineages_queue(l, p))
        return lineages_no_memory(e);
    return l->queue.n < LINEAGES_PENDING_MAX || lineages_link(l, e);
}

bool lineages_share(struct lineages *l, struct id128 seen, struct err *e)
{
    uint32_t at = lineage_map_find(&l->hit_at, seen);
    if (at == LINEAGE_MAP_NONE)
        return true;
    if (!lineages_queue(l, ((struct hit *)vec_at(&l->hits, at))->what))
        return lineages_no_memory(e);
    return l->queue.n < LINEAGES_PENDING_MAX || lineages_link(l, e);
}

/* Whether the event says more than who its caller is: links that need writing although no rule
 * holds. */
static bool makes_links(const struct lineage_event *ev)
{
    for (uint32_t i = 0; i < ev->n_ties; i++)
        if (ev->ties[i].kind == LINEAGE_ISSUE || ev->ties[i].kind == LINEAGE_MADE)
            return true;
    for (uint32_t i = 0; i < ev->n_links; i++)
        if (ev->links[i].from == 0 || ev->links[i].type == LINK_SIGNED_IN)
            return true;
    return false;
}

bool lineages_see(struct lineages *l, struct event *ev, const struct facts *f, bool hit,
                  struct lineage_evidence id, struct err *e)
{
    lineage_read(ev, f, &l->names, &l->reading);
    bool links = lineage_links(ev) && makes_links(&l->reading);
    return lineages_take(l, &l->reading, links, hit, f->timed, f->time_ms, id, e);
}
