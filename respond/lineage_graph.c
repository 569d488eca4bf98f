/* Union-find over links, and the ties that need all events. */
#include "respond/lineage_graph.h"

#include <stdlib.h>

struct tie {
    struct id128 lane;
    int64_t time_ms;
    struct id128 event;
    uint32_t node;
    uint8_t kind; /* enum lineage_tie_kind */
};

void lineage_graph_init(struct lineage_graph *g)
{
    *g = (struct lineage_graph){.cut = 0};
    vec_init(&g->nodes, sizeof(struct graph_node), LINEAGE_NODES_MAX);
    vec_init(&g->links, sizeof(struct graph_link), LINEAGE_LINKS_MAX);
    vec_init(&g->ties, sizeof(struct tie), LINEAGE_TIES_MAX);
    lineage_map_init(&g->node_at, LINEAGE_NODES_MAX);
    lineage_map_init(&g->link_at, LINEAGE_LINKS_MAX);
    arena_init(&g->texts, LINEAGE_TEXT_BYTES_MAX);
}

void lineage_graph_release(struct lineage_graph *g)
{
    vec_release(&g->nodes);
    vec_release(&g->links);
    vec_release(&g->ties);
    lineage_map_release(&g->node_at);
    lineage_map_release(&g->link_at);
    arena_release(&g->texts);
}

static struct graph_node *node_of(const struct lineage_graph *g, uint32_t n)
{
    return vec_at(&g->nodes, n);
}

static struct graph_link *link_of(const struct lineage_graph *g, size_t i)
{
    return vec_at(&g->links, i);
}

/* ---- the union ---- */

uint32_t lineage_graph_root(const struct lineage_graph *g, uint32_t node)
{
    while (node_of(g, node)->parent != node)
        node = node_of(g, node)->parent;
    return node;
}

/* Joins two lineages, the smaller under the larger, so that no way to a root is longer than the
 * logarithm of its nodes. True when they were two. */
static bool unite(struct lineage_graph *g, uint32_t a, uint32_t b)
{
    a = lineage_graph_root(g, a);
    b = lineage_graph_root(g, b);
    if (a == b)
        return false;
    if (node_of(g, a)->size < node_of(g, b)->size) {
        uint32_t other = a;
        a = b;
        b = other;
    }
    node_of(g, b)->parent = a;
    node_of(g, a)->size += node_of(g, b)->size;
    return true;
}

void lineage_graph_unite(struct lineage_graph *g, uint32_t a, uint32_t b)
{
    unite(g, a, b);
}

/* ---- nodes and links ---- */

bool lineage_is_better_name(struct str a, struct str b)
{
    bool arn_a = str_starts(a, S("arn:")), arn_b = str_starts(b, S("arn:"));
    if (!b.n || arn_a != arn_b)
        return a.n && (arn_a || !b.n);
    return a.n != b.n ? a.n > b.n : str_cmp(a, b) < 0;
}

static void improve(struct lineage_graph *g, struct str *text, struct str by)
{
    if (!lineage_is_better_name(by, *text))
        return;
    struct str copy = arena_str(&g->texts, by);
    if (str_present(copy))
        *text = copy;
    else
        g->cut++;
}

static uint32_t add_node(struct lineage_graph *g, struct id128 id)
{
    uint32_t at = (uint32_t)g->nodes.n;
    struct graph_node *n = vec_push(&g->nodes, 1);
    if (n && lineage_map_add(&g->node_at, id, at)) {
        *n = (struct graph_node){.id = id, .parent = at, .size = 1, .name = S("")};
        return at;
    }
    g->nodes.n = at;
    g->cut++;
    return LINEAGE_NONE;
}

static uint32_t put_node(struct lineage_graph *g, const struct lineage_node *from)
{
    uint32_t at = lineage_map_find(&g->node_at, from->id);
    if (at == LINEAGE_MAP_NONE)
        at = add_node(g, from->id);
    if (at == LINEAGE_NONE)
        return at;
    struct graph_node *n = node_of(g, at);
    n->kind = (uint8_t)from->kind;
    n->created_ms = from->created_ms;
    improve(g, &n->name, from->name);
    improve(g, &n->account, from->account);
    return at;
}

/* What proves a link. */
struct proof {
    int64_t time_ms;
    struct id128 event;
};

static struct id128 link_id(const struct lineage_graph *g, const struct graph_link *l)
{
    struct id128 a = node_of(g, l->from)->id, b = node_of(g, l->to)->id;
    /* Hashes added with different weights: the two directions and the types stay apart. */
    return (struct id128){3 * a.hi + 5 * b.hi + l->type, 7 * a.lo + 11 * b.lo};
}

static bool is_earlier(struct proof a, int64_t time_ms, struct id128 event)
{
    return a.time_ms != time_ms ? a.time_ms < time_ms : id128_cmp(a.event, event) < 0;
}

/* Adds a link, or its proof when that is earlier; the stronger of two strengths stands. */
static void put_link(struct lineage_graph *g, struct graph_link l)
{
    const struct proof p = {l.time_ms, l.event};
    uint32_t at = lineage_map_find(&g->link_at, link_id(g, &l));
    if (l.strength >= LINK_STRONG)
        unite(g, l.from, l.to);
    if (at != LINEAGE_MAP_NONE) {
        struct graph_link *known = link_of(g, at);
        if (known->strength < l.strength)
            known->strength = l.strength;
        if (is_earlier(p, known->time_ms, known->event)) {
            known->time_ms = l.time_ms;
            known->event = l.event;
        }
        return;
    }
    at = (uint32_t)g->links.n;
    struct graph_link *to = vec_push(&g->links, 1);
    if (to && lineage_map_add(&g->link_at, link_id(g, &l), at)) {
        *to = l;
        return;
    }
    g->links.n = at;
    g->cut++;
}

static void put_tie(struct lineage_graph *g, const struct lineage_tie *from, uint32_t node,
                    struct id128 event)
{
    struct tie *to = vec_push(&g->ties, 1);
    if (to)
        *to = (struct tie){from->lane, from->time_ms, event, node, (uint8_t)from->kind};
    else
        g->cut++;
}

void lineage_graph_add(struct lineage_graph *g, const struct lineage_event *from, bool timed,
                       int64_t time_ms, struct id128 event, uint32_t *actor, uint32_t *key)
{
    uint32_t at[LINEAGE_NODES_PER_EVENT];
    for (uint32_t i = 0; i < from->n_nodes; i++)
        at[i] = put_node(g, from->nodes + i);
    for (uint32_t i = 0; i < from->n_links; i++) {
        const struct lineage_link *l = from->links + i;
        if (at[l->from] != LINEAGE_NONE && at[l->to] != LINEAGE_NONE)
            put_link(g, (struct graph_link){at[l->from], at[l->to], timed ? time_ms : INT64_MAX,
                                            event, (uint8_t)l->type, (uint8_t)l->strength});
    }
    for (uint32_t i = 0; i < from->n_ties; i++)
        if (at[from->ties[i].node] != LINEAGE_NONE)
            put_tie(g, from->ties + i, at[from->ties[i].node], event);
    g->cut += from->cut;
    *actor = from->n_nodes ? at[0] : LINEAGE_NONE;
    *key = from->key ? at[from->key] : LINEAGE_NONE;
}

/* ---- ties ---- */

static int tie_cmp(const struct tie *a, const struct tie *b)
{
    int c = id128_cmp(a->lane, b->lane);
    if (c)
        return c;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

static int by_lane(const void *x, const void *y)
{
    const struct tie *a = x, *b = y;
    int c = tie_cmp(a, b);
    return c ? c : id128_cmp(a->event, b->event);
}

/* Sorts them and leaves one of each, proven by the event whose id comes first. */
static void sort_ties(struct vec *ties)
{
    struct tie *list = ties->p;
    size_t kept = 0;
    if (ties->n < 2)
        return;
    qsort(list, ties->n, sizeof *list, by_lane);
    for (size_t i = 0; i < ties->n; i++)
        if (kept == 0 || tie_cmp(list + kept - 1, list + i) != 0)
            list[kept++] = list[i];
    ties->n = kept;
}

/* The ties of one lane; those of one kind lie together, ordered by time. */
struct lane {
    const struct tie *list;
    size_t n;
};

/* Ties of one kind within a time. */
struct range {
    const struct tie *first, *end;
};

/* The first tie of the lane that does not come before (kind, time). */
static const struct tie *lower_bound(const struct lane *l, uint8_t kind, int64_t time_ms)
{
    size_t from = 0, to = l->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        const struct tie *t = l->list + mid;
        if (t->kind < kind || (t->kind == kind && t->time_ms < time_ms))
            from = mid + 1;
        else
            to = mid;
    }
    return l->list + from;
}

/* Both times included. */
static struct range within(const struct lane *l, enum lineage_tie_kind kind, int64_t from_ms,
                           int64_t to_ms)
{
    return (struct range){lower_bound(l, (uint8_t)kind, from_ms),
                          lower_bound(l, (uint8_t)kind, to_ms + 1)};
}

static bool is_joined(const struct lineage_graph *g, uint32_t a, uint32_t b)
{
    return lineage_graph_root(g, a) == lineage_graph_root(g, b);
}

static bool put_joining(struct lineage_graph *g, const struct tie *proof, uint32_t from,
                        uint32_t to, enum lineage_type type)
{
    bool fresh = !is_joined(g, from, to);
    put_link(
        g, (struct graph_link){from, to, proof->time_ms, proof->event, (uint8_t)type, LINK_STRONG});
    return fresh;
}

/* The lane's issues at a session's birth: of that second, else of the nearest within two. */
static struct range issues_at(const struct lane *l, int64_t time_ms)
{
    struct range r = {NULL, NULL};
    for (int64_t d = 0; d <= LINEAGE_SLACK_MS && r.first == r.end; d += 1000) {
        r = within(l, LINEAGE_ISSUE, time_ms - d, time_ms - d);
        if (r.first == r.end)
            r = within(l, LINEAGE_ISSUE, time_ms + d, time_ms + d);
    }
    return r;
}

/* Links a session to who issued it: strongly when all that fit are one lineage, and no service's.
 * True when that joined anything. */
static bool join_use(struct lineage_graph *g, const struct lane *l, const struct tie *use)
{
    struct range r = issues_at(l, use->time_ms);
    bool one = true, fresh = false;
    for (const struct tie *t = r.first; t < r.end; t++)
        one = one && is_joined(g, r.first->node, t->node) &&
              node_of(g, t->node)->kind != LINEAGE_SERVICE;
    for (const struct tie *t = r.first; t < r.end; t++) {
        if (one)
            fresh |= put_joining(g, t, t->node, use->node, LINK_ISSUED);
        else
            put_link(g, (struct graph_link){t->node, use->node, t->time_ms, t->event, LINK_ISSUED,
                                            LINK_WEAK});
    }
    return fresh;
}

/* A call in a session's name belongs to the one session of its lane that can have been alive. */
static bool join_call(struct lineage_graph *g, const struct lane *l, const struct tie *call)
{
    struct range r = within(l, LINEAGE_USE, call->time_ms - LINEAGE_SESSION_MS, call->time_ms);
    for (const struct tie *t = r.first; t < r.end; t++)
        if (t->node == call->node || t->node != r.first->node)
            return false;
    return r.first < r.end && put_joining(g, r.first, r.first->node, call->node, LINK_SAME_CALL);
}

static bool join_of_role(struct lineage_graph *g, const struct lane *l, const struct tie *session)
{
    struct range r = within(l, LINEAGE_MADE, session->time_ms - LINEAGE_ROLE_MS,
                            session->time_ms + LINEAGE_SLACK_MS);
    bool fresh = false;
    for (const struct tie *t = r.first; t < r.end; t++)
        fresh |= put_joining(g, session, t->node, session->node, LINK_SESSION_OF);
    return fresh;
}

/* The lane is the name's node; its bearers lie together. */
static bool join_name(struct lineage_graph *g, const struct lane *l, const struct tie *user)
{
    struct range r = within(l, LINEAGE_BEARS, 0, 0);
    uint32_t name = lineage_map_find(&g->node_at, user->lane);
    if (name == LINEAGE_MAP_NONE)
        return false;
    for (const struct tie *t = r.first; t < r.end; t++)
        if (t->node != user->node)
            return false;
    struct tie proof = {.time_ms = INT64_MAX, .event = user->event};
    return put_joining(g, &proof, name, user->node, LINK_NAMED);
}

/* The time of a copy is its account. A link has the event that came to the first of them. */
static bool join_copy(struct lineage_graph *g, const struct lane *l, const struct tie *copy)
{
    const struct tie *first = lower_bound(l, LINEAGE_COPY, INT64_MIN);
    struct tie proof = {.time_ms = INT64_MAX, .event = first->event};
    return first->time_ms != copy->time_ms && first->node != copy->node &&
           put_joining(g, &proof, first->node, copy->node, LINK_SAME_CALL);
}

static bool join_tie(struct lineage_graph *g, const struct lane *l, const struct tie *t)
{
    switch ((enum lineage_tie_kind)t->kind) {
    case LINEAGE_USE:
        return join_use(g, l, t);
    case LINEAGE_ONCALL:
        return join_use(g, l, t) || join_call(g, l, t);
    case LINEAGE_OF_ROLE:
        return join_of_role(g, l, t);
    case LINEAGE_BEARS:
        return join_name(g, l, t);
    case LINEAGE_COPY:
        return join_copy(g, l, t);
    case LINEAGE_ISSUE:
    case LINEAGE_MADE:
        break;
    }
    return false;
}

/* One look at all ties; true when something was joined. */
static bool join_pass(struct lineage_graph *g)
{
    const struct tie *list = g->ties.p;
    bool fresh = false;
    struct lane l;
    for (size_t i = 0; i < g->ties.n; i += l.n) {
        l = (struct lane){list + i, 1};
        while (i + l.n < g->ties.n && id128_cmp(list[i].lane, list[i + l.n].lane) == 0)
            l.n++;
        for (size_t j = 0; j < l.n; j++)
            fresh |= join_tie(g, &l, l.list + j);
    }
    return fresh;
}

/* ---- the end ---- */

static int by_ends(const void *x, const void *y)
{
    const struct graph_link *a = x, *b = y;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    if (a->to != b->to)
        return a->to < b->to ? -1 : 1;
    return (a->type > b->type) - (a->type < b->type);
}

void lineage_graph_join(struct lineage_graph *g)
{
    sort_ties(&g->ties);
    for (size_t pass = 0; pass < LINEAGE_PASSES_MAX && join_pass(g); pass++)
        ;
    if (g->links.n > 1)
        qsort(g->links.p, g->links.n, sizeof(struct graph_link), by_ends);
}
