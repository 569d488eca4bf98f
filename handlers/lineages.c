/* What one delivery gathers, and the order in which it is written. */
#include "handlers/lineages.h"

#include <stdlib.h>

#include "base/sha256.h"
#include "handlers/lineage_work.h"
#include "handlers/strangers.h"
#include "respond/incident_seen.h"
#include "respond/put.h"

/* Of LINEAGES_MEMORY_MAX: what hits prove, what passes through, alerts; the shelf has the rest. */
#define KEPT_MAX    (LINEAGES_MEMORY_MAX / 4)
#define PASSING_MAX (LINEAGES_MEMORY_MAX / 8)
#define ALERTS_MAX  (LINEAGES_MEMORY_MAX / 8)
#define SHELF_MAX   (LINEAGES_MEMORY_MAX / 2)
/* Clocks differ by less: what lies further ahead lives no longer for it. */
#define AHEAD_MS (24 * 3600 * 1000LL)

bool lineages_no_memory(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "no memory for lineages");
}

/* ---- being -------------------------------------------------------------------------------------
 */

static void init(struct lineages *l)
{
    arena_init(&l->kept, KEPT_MAX);
    arena_init(&l->passing, PASSING_MAX);
    arena_init(&l->alerts, ALERTS_MAX);
    vec_init(&l->hits, sizeof(struct hit), LINEAGES_HITS_MAX);
    vec_init(&l->provens, sizeof(struct proven *), LINEAGES_HITS_MAX);
    vec_init(&l->queue, sizeof(struct proven *), SIZE_MAX);
    vec_init(&l->shared, sizeof(struct shared_deed), SIZE_MAX);
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
    vec_release(&l->shared);
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

/* What now is, and until when items that are written live. */
static void set_times(struct lineages *l)
{
    int64_t now = l->delivery.now_ms, ahead = l->latest_ms;
    if (!l->cfg.archive && ahead > now + AHEAD_MS)
        ahead = now;
    l->shelf.now_ms = now;
    l->shelf.expires_s = (later(now, ahead) + LINEAGES_KEPT_MS) / 1000;
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
    l->hits.n = l->provens.n = l->queue.n = l->shared.n = 0;
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

/* ---- what is known to be stored ----------------------------------------------------------------
 */

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

/* ---- taking events -----------------------------------------------------------------------------
 */

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
        if ((from->name.n && !str_present(to[i].name)) ||
            (from->account.n && !str_present(to[i].account)))
            return false;
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

/* The place of what hits prove; many prove the same. NULL when there is no room. */
static struct proven *keep(struct lineages *l, const struct lineage_event *ev)
{
    struct id128 hash = hash_of(ev);
    uint32_t at = lineage_map_find(&l->proven_at, hash);
    if (at != LINEAGE_MAP_NONE)
        return *(struct proven **)vec_at(&l->provens, at);
    at = (uint32_t)l->provens.n;
    struct proven *p = copy_event(&l->kept, ev, hash);
    struct proven **to = p ? vec_push(&l->provens, 1) : NULL;
    if (!to || !lineage_map_add(&l->proven_at, hash, at)) {
        l->provens.n = at;
        return NULL;
    }
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

/* Remembers a hit; without room, its alerts have to do without. */
static struct proven *take_hit(struct lineages *l, const struct lineage_event *ev, int64_t time_ms,
                               struct str evidence)
{
    struct id128 id = seen_id(evidence);
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
    *to = (struct hit){time_ms, p, false};
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
                   bool timed, int64_t time_ms, struct str evidence, struct err *e)
{
    if (event->n_nodes == 0)
        return true;
    links = links && event->nodes[0].kind != LINEAGE_SERVICE;
    if (timed)
        note_time(l, time_ms);
    struct proven *p = NULL;
    struct err why = {0};
    if (hit)
        p = take_hit(l, event, timed ? time_ms : INT64_MIN, evidence);
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
    note_proof(p, timed ? time_ms : INT64_MAX, id128_of(evidence));
    if (links && !lineages_queue(l, p))
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
                  struct err *e)
{
    lineage_read(ev, f, &l->reading);
    bool links = lineage_links(ev) && makes_links(&l->reading);
    return lineages_take(l, &l->reading, links, hit, f->timed, f->time_ms, f->evidence, e);
}

/* ---- taking alerts -----------------------------------------------------------------------------
 */

static bool read_id(struct str hex, unsigned char id[INCIDENT_ID_BYTES])
{
    if (hex.n != 2 * INCIDENT_ID_BYTES)
        return false;
    for (size_t i = 0; i < INCIDENT_ID_BYTES; i++) {
        int high = byte_hex(hex.p[2 * i]), low = byte_hex(hex.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        id[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static bool write_text(struct lineages *l, const struct alert *a, const struct id128 *ids, size_t n,
                       struct str *text)
{
    struct buf b;
    buf_init(&b, RECALL_TEXT_MAX);
    l->calls.write(l->calls.to, a, ids, n, &b);
    *text = b.n && !b.failed ? arena_str(&l->alerts, buf_str(&b)) : STR_ABSENT;
    bool ok = b.n == 0 || b.failed || str_present(*text);
    buf_release(&b);
    return ok;
}

/* The alert's deeds as far as this delivery saw them. */
static bool find_deeds(struct lineages *l, const struct id128 *ids, struct deed *deeds, size_t n,
                       struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t at = lineage_map_find(&l->hit_at, ids[i]);
        if (at == LINEAGE_MAP_NONE)
            continue;
        const struct hit *h = vec_at(&l->hits, at);
        if (!lineages_queue(l, h->what))
            return lineages_no_memory(e);
        deeds[i] = (struct deed){h->time_ms, h->what->nodes[0].id, true};
    }
    return true;
}

/* Leaves those that are known, and of the ids those of this delivery. */
static size_t keep_known(struct deed *deeds, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (deeds[i].known)
            deeds[kept++] = deeds[i];
    return kept;
}

static size_t keep_own(const struct lineages *l, struct id128 *ids, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (lineage_map_find(&l->hit_at, ids[i]) != LINEAGE_MAP_NONE)
            ids[kept++] = ids[i];
    return kept;
}

/* Who did the alert's events: by this delivery's own and, where strangers may meet, by what others
 * wrote. What is known of this delivery's becomes its text. */
static bool take_deeds(struct lineages *l, const struct alert *a, struct placing *to, struct err *e)
{
    struct deed *deeds = arena_array(&l->alerts, a->n_events, sizeof *deeds);
    struct id128 *ids = calloc(a->n_events + 1, sizeof *ids);
    bool ok = (deeds && ids) || lineages_no_memory(e);
    for (size_t i = 0; ok && i < a->n_events; i++)
        ids[i] = seen_id(a->events[i]);
    ok = ok && find_deeds(l, ids, deeds, a->n_events, e) &&
         (!strangers_met(l->cfg.rules, a->window) ||
          lineages_read_deeds(l, ids, deeds, a->n_events, e));
    if (ok) {
        to->deeds = deeds;
        to->n_deeds = keep_known(deeds, a->n_events);
        ok = write_text(l, a, ids, keep_own(l, ids, a->n_events), &to->signal.text) ||
             lineages_no_memory(e);
    }
    free(ids);
    return ok;
}

/* Nothing of the alert was seen here: its first event's details name who did it. */
static bool take_details(struct lineages *l, const struct alert *a, struct placing *to,
                         struct err *e)
{
    struct deed *deed = arena_alloc(&l->alerts, sizeof *deed);
    struct proven *p = arena_alloc(&l->alerts, sizeof *p);
    struct lineage_node *node = arena_alloc(&l->alerts, sizeof *node);
    if (!deed || !p || !node)
        return lineages_no_memory(e);
    if (!a->known || !a->first.has_node)
        return true;
    *node = a->first.node;
    node->name = arena_str(&l->alerts, text_cut(node->name, LINEAGES_NAME_MAX));
    node->account = arena_str(&l->alerts, text_cut(node->account, LINEAGES_NAME_MAX));
    *p = (struct proven){.hash = node->id, .nodes = node, .n_nodes = 1, .time_ms = INT64_MAX};
    *deed = (struct deed){a->timed ? a->first_ms : INT64_MIN, node->id, true};
    to->deeds = deed;
    to->n_deeds = 1;
    return lineages_queue(l, p) || lineages_no_memory(e);
}

bool lineages_alert(struct lineages *l, const struct alert *a, struct err *e)
{
    const struct rs_rule *rule = alert_rule(l->cfg.rules, a);
    struct placing p = {.signal = {.level = rule->level,
                                   .tactics = record_tactics(l->cfg.rules, rule),
                                   .first_ms = a->timed ? a->first_ms : INT64_MIN,
                                   .last_ms = a->timed ? a->last_ms : INT64_MIN}};
    if (!read_id(a->id, p.signal.alert))
        return err_set(e, ERR_INPUT, "an alert's id is no 32 hexadecimal digits");
    if (!take_deeds(l, a, &p, e) || (p.n_deeds == 0 && !take_details(l, a, &p, e)))
        return false;
    if (p.n_deeds == 0) {
        l->counts.unplaced++;
        return true;
    }
    struct placing *to = vec_push(&l->placings, 1);
    if (to)
        *to = p;
    return to || lineages_no_memory(e);
}

/* ---- writing -----------------------------------------------------------------------------------
 */

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
    if (l->queue.n == 0 && l->shared.n == 0)
        return true;
    set_times(l);
    if (l->shelf.memory.used > SHELF_MAX / 4)
        shelf_reset(&l->shelf);
    bool ok = (l->queue.n == 0 || write_queue(l, e)) && lineages_write_deeds(l, e);
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
