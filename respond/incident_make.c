/* From a lineage's signals to who, what and where from. */
#include "respond/incident_make.h"

#include <stdlib.h>

/* Nodes looked at for one incident: actors, their keys, names and instances. */
#define NODES_MAX (8u * INCIDENT_ACTORS_MAX)
/* Evidence of 100 signals at 200 events each, each with its targets. */
#define EVENTS_MAX   20000u
#define MENTIONS_MAX (EVENTS_MAX * SEEN_TARGETS_PER_EVENT)
/* Before equal ones are made one. */
#define LINKS_MAX  (4u * INCIDENT_LINKS_MAX)
#define AGENTS_MAX (4u * INCIDENT_ENDPOINTS_MAX)

const struct incident_caps incident_caps_all = {
    .actors = INCIDENT_ACTORS_MAX,
    .keys = INCIDENT_KEYS_MAX,
    .links = INCIDENT_LINKS_MAX,
    .endpoints = INCIDENT_ENDPOINTS_MAX,
    .agents = AGENTS_MAX,
    .resources = INCIDENT_RESOURCES_MAX,
    .signals = INCIDENT_SIGNALS_MAX,
};

void incident_init(struct incident *i)
{
    *i = (struct incident){.from = NULL};
    vec_init(&i->actors, sizeof(struct made_actor), NODES_MAX);
    vec_init(&i->keys, sizeof(struct made_key), NODES_MAX);
    vec_init(&i->links, sizeof(struct made_link), LINKS_MAX);
    vec_init(&i->endpoints, sizeof(struct made_endpoint), INCIDENT_ENDPOINTS_MAX);
    vec_init(&i->agents, sizeof(struct made_agent), AGENTS_MAX);
    vec_init(&i->resources, sizeof(struct made_resource), INCIDENT_RESOURCES_MAX);
    vec_init(&i->signals, sizeof(const struct incident_signal *), INCIDENT_ALERTS_MAX);
    vec_init(&i->events, sizeof(struct made_event), EVENTS_MAX);
    vec_init(&i->mentions, sizeof(struct made_mention), MENTIONS_MAX);
}

static void each_vec(struct incident *i, void (*fn)(struct vec *v))
{
    struct vec *const all[] = {&i->actors,  &i->keys,      &i->links,  &i->endpoints, &i->agents,
                               &i->signals, &i->resources, &i->events, &i->mentions};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        fn(all[k]);
}

void incident_release(struct incident *i)
{
    each_vec(i, vec_release);
}

static void empty(struct vec *v)
{
    v->n = 0;
}

static void sort(struct vec *v, int (*cmp)(const void *, const void *))
{
    if (v->n > 1)
        qsort(v->p, v->n, v->size, cmp);
}

/* What is being made, and the nodes found for it so far. */
struct making {
    struct incident *i;
    struct incidents *x;
    struct vec nodes; /* uint32_t */
    uint32_t stamp;
    bool full; /* a node, event or mention found no room */
};

static const struct graph_node *node_at(const struct incidents *x, uint32_t n)
{
    return lineage_graph_node(&x->graph, n);
}

static const struct graph_link *link_at(const struct incidents *x, size_t i)
{
    return vec_at(&x->graph.links, i);
}

/* ---- signals and their events ---- */

static enum level level_of(const struct incident *i, const struct incident_signal *s)
{
    const struct ruleset *rs = i->from->rules;
    return (enum level)rs->rules[s->alert->window->rule].level;
}

struct weighed {
    const struct incident_signal *signal;
    enum level level;
};

static int by_weight(const void *p, const void *q)
{
    const struct weighed *a = p, *b = q;
    if (a->level != b->level)
        return a->level > b->level ? -1 : 1;
    return (a->signal > b->signal) - (a->signal < b->signal); /* their order is that of time */
}

static int by_place(const void *p, const void *q)
{
    const struct incident_signal *const *a = p, *const *b = q;
    return (*a > *b) - (*a < *b);
}

/* All of the group, or the gravest of them. */
static bool take_signals(struct making *m)
{
    struct incident *i = m->i;
    uint32_t n = i->group->n, kept = n < i->caps.signals ? n : i->caps.signals;
    if (n == 0)
        return true; /* all of them are of rules that are not loaded any more */
    struct weighed *all = calloc(n, sizeof *all);
    const struct incident_signal **to = vec_push(&i->signals, kept);
    if (!all || !to) {
        free(all);
        return false;
    }
    for (uint32_t k = 0; k < n; k++) {
        all[k].signal = vec_at(&m->x->signals, i->group->first + k);
        all[k].level = level_of(i, all[k].signal);
    }
    qsort(all, n, sizeof *all, by_weight);
    for (uint32_t k = 0; k < kept; k++)
        to[k] = all[k].signal;
    free(all);
    sort(&i->signals, by_place);
    i->cut.signals += n - kept;
    return true;
}

static void take_events(struct making *m)
{
    struct incident *i = m->i;
    for (uint32_t k = 0; k < i->signals.n; k++) {
        const struct incident_signal *s = *(const struct incident_signal **)vec_at(&i->signals, k);
        for (uint32_t j = 0; j < s->alert->n_events; j++) {
            const struct id128 *id = vec_at(&m->x->evidence, s->alert->first_event + j);
            const struct seen *seen = seen_find(&m->x->seen, *id);
            if (!seen || lineage_graph_root(&m->x->graph, seen->actor) != s->root)
                continue;
            struct made_event *to = vec_push(&i->events, 1);
            if (to)
                *to = (struct made_event){.seen = seen, .signal = k};
            else
                m->full = true;
        }
    }
}

static int by_event(const void *p, const void *q)
{
    const struct made_event *a = p, *b = q;
    if (a->seen->time_ms != b->seen->time_ms)
        return a->seen->time_ms < b->seen->time_ms ? -1 : 1;
    int c = id128_cmp(a->seen->event, b->seen->event);
    return c ? c : (a->signal > b->signal) - (a->signal < b->signal);
}

/* Whether event k is another than the one before it. */
static bool is_new(const struct incident *i, size_t k)
{
    const struct made_event *e = vec_at(&i->events, k);
    return k == 0 || e[-1].seen != e->seen;
}

/* ---- who belongs to it ---- */

static struct incident_mark *mark_of(const struct making *m, uint32_t node)
{
    return m->x->marks + node;
}

static bool is_in(const struct making *m, uint32_t node)
{
    return mark_of(m, node)->stamp == m->stamp;
}

static void include(struct making *m, uint32_t node)
{
    if (node == LINEAGE_NONE || is_in(m, node))
        return;
    uint32_t *to = vec_push(&m->nodes, 1);
    if (!to) {
        m->full = true;
        return;
    }
    *to = node;
    *mark_of(m, node) =
        (struct incident_mark){.stamp = m->stamp, .actor = LINEAGE_NONE, .key = LINEAGE_NONE};
}

/* The first link from a node on, in the order of the graph's links. */
static size_t first_from(const struct incidents *x, uint32_t node)
{
    size_t a = 0, b = x->graph.links.n;
    while (a < b) {
        size_t mid = a + (b - a) / 2;
        if (link_at(x, mid)->from < node)
            a = mid + 1;
        else
            b = mid;
    }
    return a;
}

/* The first position in by_end of a link to a node on. */
static size_t first_to(const struct incidents *x, uint32_t node)
{
    size_t a = 0, b = x->graph.links.n;
    while (a < b) {
        size_t mid = a + (b - a) / 2;
        if (link_at(x, x->by_end[mid])->to < node)
            a = mid + 1;
        else
            b = mid;
    }
    return a;
}

/* Links that say that two nodes are one, not that one is behind the other. */
static bool is_naming(const struct graph_link *l)
{
    return l->type == LINK_KEY_OF || l->type == LINK_NAMED || l->type == LINK_RUNS;
}

/* Whether who is behind l belongs to the incident: always who issued a credential in use; who made
 * a user, only when he did so about this time. */
static bool is_cause(const struct making *m, const struct graph_link *l)
{
    const struct incident_group *g = m->i->group;
    if (l->strength == LINK_WEAK || l->type == LINK_KEY_OF)
        return false;
    if (l->type != LINK_CREATED && l->type != LINK_PASSWORD)
        return true;
    return g->timed && l->time_ms >= g->first_ms - INCIDENT_GAP_MS && l->time_ms <= g->last_ms;
}

/* Whether what l made belongs to it: what was made since it began. Naming goes to the named. */
static bool is_effect(const struct making *m, const struct graph_link *l)
{
    const struct incident_group *g = m->i->group;
    return is_naming(l) ||
           (g->timed && l->time_ms >= g->first_ms && l->time_ms <= g->last_ms + INCIDENT_GAP_MS);
}

static void include_around(struct making *m, uint32_t node)
{
    const struct incidents *x = m->x;
    for (size_t k = first_from(x, node); k < x->graph.links.n; k++) {
        const struct graph_link *l = link_at(x, k);
        if (l->from != node)
            break;
        if (is_effect(m, l))
            include(m, l->to);
    }
    for (size_t k = first_to(x, node); k < x->graph.links.n; k++) {
        const struct graph_link *l = link_at(x, x->by_end[k]);
        if (l->to != node)
            break;
        if (is_cause(m, l))
            include(m, l->from);
    }
}

struct named {
    struct id128 id;
    uint32_t node;
};

static int by_id(const void *p, const void *q)
{
    return id128_cmp(((const struct named *)p)->id, ((const struct named *)q)->id);
}

/* Puts the nodes from `from` on into an order that does not depend on that of the log, and drops
 * what is too many. */
static bool settle_nodes(struct making *m, size_t from)
{
    uint32_t *list = m->nodes.p;
    size_t n = m->nodes.n - from;
    struct named *named = calloc(n + 1, sizeof *named);
    if (!named)
        return false;
    for (size_t k = 0; k < n; k++)
        named[k] = (struct named){node_at(m->x, list[from + k])->id, list[from + k]};
    qsort(named, n, sizeof *named, by_id);
    for (size_t k = 0; k < n; k++)
        list[from + k] = named[k].node;
    free(named);
    m->full = m->full || m->nodes.n > NODES_MAX;
    for (; m->nodes.n > NODES_MAX; m->nodes.n--)
        mark_of(m, list[m->nodes.n - 1])->stamp = 0;
    return true;
}

/* From those who did what the alerts tell, upwards to who is behind them and down to what they
 * made, one step of all at a time. */
static bool find_nodes(struct making *m)
{
    size_t from = 0;
    for (size_t k = 0; k < m->i->events.n; k++) {
        const struct made_event *e = vec_at(&m->i->events, k);
        include(m, e->seen->actor);
        include(m, e->seen->key);
        if (e->seen->actor != LINEAGE_NONE)
            mark_of(m, e->seen->actor)->acts = true;
    }
    while (from < m->nodes.n && from < NODES_MAX) {
        if (!settle_nodes(m, from))
            return false;
        size_t end = m->nodes.n;
        for (; from < end; from++)
            include_around(m, *(uint32_t *)vec_at(&m->nodes, from));
    }
    return m->nodes.n <= NODES_MAX || settle_nodes(m, NODES_MAX);
}

/* ---- actors and keys ---- */

/* Whom a node stands for: of a key its owner, of a name its user, of an instance its workload; the
 * node itself when nothing says. Of several, the one whose id comes first. */
static uint32_t stands_for(const struct incidents *x, uint32_t node)
{
    for (size_t steps = 0; steps < 3; steps++) { /* key, name, user */
        uint32_t best = LINEAGE_NONE;
        for (size_t k = first_from(x, node); k < x->graph.links.n; k++) {
            const struct graph_link *l = link_at(x, k);
            if (l->from != node)
                break;
            if (is_naming(l) && l->strength != LINK_WEAK &&
                (best == LINEAGE_NONE ||
                 id128_cmp(node_at(x, l->to)->id, node_at(x, best)->id) < 0))
                best = l->to;
        }
        if (best == LINEAGE_NONE)
            break;
        node = best;
    }
    return node;
}

/* An instance is a thing, unless a role acts on it or a flow log has what it did; a key is told
 * beside its owner. */
static void add_actor(struct making *m, uint32_t node)
{
    uint32_t actor = stands_for(m->x, node);
    uint8_t kind = node_at(m->x, actor)->kind;
    if (kind == LINEAGE_KEY || !is_in(m, actor) || mark_of(m, actor)->actor != LINEAGE_NONE ||
        (kind == LINEAGE_INSTANCE && !mark_of(m, actor)->acts))
        return;
    mark_of(m, actor)->actor = (uint32_t)m->i->actors.n;
    struct made_actor *to = vec_push(&m->i->actors, 1);
    if (to)
        *to = (struct made_actor){
            .node = actor, .id = node_at(m->x, actor)->id, .first_ms = INT64_MAX};
    else
        m->full = true;
}

/* The position of whom a node stands for; LINEAGE_NONE when he is not in the incident. */
static uint32_t actor_of(const struct making *m, uint32_t node)
{
    uint32_t actor = stands_for(m->x, node);
    return is_in(m, actor) ? mark_of(m, actor)->actor : LINEAGE_NONE;
}

static struct made_actor *actor_at(const struct making *m, uint32_t at)
{
    return vec_at(&m->i->actors, at);
}

static void note_time(const struct making *m, uint32_t node, int64_t time_ms)
{
    uint32_t at = actor_of(m, node);
    if (at != LINEAGE_NONE && time_ms < actor_at(m, at)->first_ms)
        actor_at(m, at)->first_ms = time_ms;
}

/* Calls fn with each link between nodes of the incident, each once. */
static void each_link(struct making *m, void (*fn)(struct making *m, const struct graph_link *l))
{
    for (size_t n = 0; n < m->nodes.n; n++) {
        uint32_t node = *(uint32_t *)vec_at(&m->nodes, n);
        for (size_t k = first_from(m->x, node); k < m->x->graph.links.n; k++) {
            const struct graph_link *l = link_at(m->x, k);
            if (l->from != node)
                break;
            if (is_in(m, l->to))
                fn(m, l);
        }
    }
}

static void note_link(struct making *m, const struct graph_link *l)
{
    if (is_naming(l))
        return;
    note_time(m, l->from, l->time_ms);
    note_time(m, l->to, l->time_ms);
    uint32_t from = actor_of(m, l->from), to = actor_of(m, l->to);
    if (l->strength == LINK_WEAK || from == to || from == LINEAGE_NONE || to == LINEAGE_NONE)
        return;
    actor_at(m, to)->made = true;
    actor_at(m, from)->makes = true;
}

static void note_deeds(struct making *m)
{
    for (size_t k = 0; k < m->i->events.n; k++) {
        const struct seen *s = ((struct made_event *)vec_at(&m->i->events, k))->seen;
        uint32_t at = is_new(m->i, k) ? actor_of(m, s->actor) : LINEAGE_NONE;
        if (at == LINEAGE_NONE)
            continue;
        actor_at(m, at)->events++;
        if (s->time_ms != INT64_MIN)
            note_time(m, s->actor, s->time_ms);
    }
}

static int by_first(const void *p, const void *q)
{
    const struct made_actor *a = p, *b = q;
    if (a->first_ms != b->first_ms)
        return a->first_ms < b->first_ms ? -1 : 1;
    if ((a->events > 0) != (b->events > 0))
        return a->events ? -1 : 1;
    if (a->made != b->made)
        return a->made ? 1 : -1;
    return id128_cmp(a->id, b->id);
}

/* Those who only issued or were made go first when there are too many: they are the last here. */
static int by_deeds(const void *p, const void *q)
{
    const struct made_actor *a = p, *b = q;
    if ((a->events > 0) != (b->events > 0))
        return a->events ? -1 : 1;
    return by_first(p, q);
}

static void find_actors(struct making *m)
{
    struct vec *actors = &m->i->actors;
    for (size_t k = 0; k < m->nodes.n; k++)
        add_actor(m, *(uint32_t *)vec_at(&m->nodes, k));
    note_deeds(m);
    each_link(m, note_link);
    sort(actors, by_deeds);
    for (size_t k = m->i->caps.actors; k < actors->n; k++)
        mark_of(m, actor_at(m, (uint32_t)k)->node)->actor = LINEAGE_NONE;
    if (actors->n > m->i->caps.actors) {
        m->i->cut.actors = (uint32_t)actors->n - m->i->caps.actors;
        actors->n = m->i->caps.actors;
    }
    sort(actors, by_first);
    for (uint32_t k = 0; k < actors->n; k++)
        mark_of(m, actor_at(m, k)->node)->actor = k;
}

static int by_owner(const void *p, const void *q)
{
    const struct made_key *a = p, *b = q;
    if (a->owner != b->owner)
        return a->owner < b->owner ? -1 : 1;
    return id128_cmp(a->id, b->id);
}

/* Whether a key's owner found no room among the actors: the key goes with him. */
static bool is_owner_cut(const struct making *m, uint32_t key)
{
    uint32_t owner = stands_for(m->x, key);
    return owner != key && is_in(m, owner) && actor_of(m, key) == LINEAGE_NONE &&
           node_at(m->x, owner)->kind != LINEAGE_INSTANCE;
}

static void find_keys(struct making *m)
{
    struct vec *keys = &m->i->keys;
    for (size_t k = 0; k < m->nodes.n; k++) {
        uint32_t node = *(uint32_t *)vec_at(&m->nodes, k);
        const struct graph_node *n = node_at(m->x, node);
        bool told = n->kind == LINEAGE_KEY && !is_owner_cut(m, node);
        struct made_key *to = told ? vec_push(keys, 1) : NULL;
        if (to)
            *to = (struct made_key){.node = node, .id = n->id, .owner = actor_of(m, node)};
    }
    sort(keys, by_owner);
    if (keys->n > m->i->caps.keys) {
        m->i->cut.keys = (uint32_t)keys->n - m->i->caps.keys;
        keys->n = m->i->caps.keys;
    }
    for (uint32_t k = 0; k < keys->n; k++)
        mark_of(m, ((struct made_key *)vec_at(keys, k))->node)->key = k;
}

/* ---- links ---- */

/* A link to a key goes to its owner, but to the key itself when the owner made it for himself, or
 * nobody has used it. */
static void add_link(struct making *m, const struct graph_link *l)
{
    struct made_link to = {actor_of(m, l->from), actor_of(m, l->to), LINEAGE_NONE, l};
    if (is_naming(l) || to.from == LINEAGE_NONE)
        return;
    if (to.from == to.to || to.to == LINEAGE_NONE)
        to.key = mark_of(m, l->to)->key;
    if (to.key == LINEAGE_NONE && (to.from == to.to || to.to == LINEAGE_NONE))
        return;
    struct made_link *row = vec_push(&m->i->links, 1);
    if (row)
        *row = to;
    else
        m->i->cut.links++;
}

static int by_ends(const struct made_link *a, const struct made_link *b)
{
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    if (a->to != b->to)
        return a->to < b->to ? -1 : 1;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return (a->link->type > b->link->type) - (a->link->type < b->link->type);
}

/* The same deed beside itself, the surest proof first, then the earliest. */
static int by_proof(const void *p, const void *q)
{
    const struct made_link *a = p, *b = q;
    int c = by_ends(a, b);
    if (c)
        return c;
    if (a->link->strength != b->link->strength)
        return a->link->strength > b->link->strength ? -1 : 1;
    if (a->link->time_ms != b->link->time_ms)
        return a->link->time_ms < b->link->time_ms ? -1 : 1;
    return id128_cmp(a->link->event, b->link->event);
}

static int by_link_time(const void *p, const void *q)
{
    const struct made_link *a = p, *b = q;
    if (a->link->time_ms != b->link->time_ms)
        return a->link->time_ms < b->link->time_ms ? -1 : 1;
    return by_ends(a, b);
}

static void find_links(struct making *m)
{
    struct vec *links = &m->i->links;
    struct made_link *list;
    size_t kept = 0;
    each_link(m, add_link);
    sort(links, by_proof);
    list = links->p;
    for (size_t k = 0; k < links->n; k++)
        if (kept == 0 || by_ends(list + kept - 1, list + k) != 0)
            list[kept++] = list[k];
    links->n = kept;
    sort(links, by_link_time);
    if (kept > m->i->caps.links) {
        m->i->cut.links += (uint32_t)kept - m->i->caps.links;
        links->n = m->i->caps.links;
    }
}

/* ---- where from, and what about ---- */

/* Digits, dots, colons and letters up to f: an address, also one that an anonymised log has made
 * impossible (06.237.252.245); not "AWS Internal" or a service's name. */
static bool is_address(struct str ip)
{
    bool digit = false;
    for (size_t i = 0; i < ip.n; i++) {
        if (byte_hex(ip.p[i]) < 0 && ip.p[i] != '.' && ip.p[i] != ':')
            return false;
        digit = digit || ip.p[i] == '.' || ip.p[i] == ':';
    }
    return digit;
}

static bool add_agent(struct making *m, uint32_t endpoint, uint32_t agent)
{
    struct vec *v = &m->i->agents;
    for (size_t k = 0; k < v->n; k++) {
        const struct made_agent *a = vec_at(v, k);
        if (a->endpoint == endpoint && a->agent == agent)
            return true;
    }
    struct made_agent *to = v->n < m->i->caps.agents ? vec_push(v, 1) : NULL;
    if (to)
        *to = (struct made_agent){endpoint, agent};
    return to != NULL;
}

static uint32_t endpoint_of(struct making *m, uint32_t ip)
{
    struct vec *v = &m->i->endpoints;
    for (uint32_t k = 0; k < v->n; k++)
        if (((struct made_endpoint *)vec_at(v, k))->ip == ip)
            return k;
    struct made_endpoint *to = v->n < m->i->caps.endpoints ? vec_push(v, 1) : NULL;
    if (!to)
        return LINEAGE_NONE;
    *to = (struct made_endpoint){.ip = ip,
                                 .aws = !is_address(seen_text(&m->x->seen, ip)),
                                 .first_ms = INT64_MAX,
                                 .last_ms = INT64_MIN};
    return (uint32_t)v->n - 1;
}

/* The events come in the order of time, so the endpoints do too. */
static void place_event(struct making *m, struct made_event *e, bool fresh)
{
    const struct seen *s = e->seen;
    e->actor = actor_of(m, s->actor);
    e->endpoint = s->ip == SEEN_NONE ? LINEAGE_NONE : endpoint_of(m, s->ip);
    if (e->endpoint == LINEAGE_NONE) {
        m->i->cut.endpoints += fresh && s->ip != SEEN_NONE;
        return;
    }
    struct made_endpoint *p = vec_at(&m->i->endpoints, e->endpoint);
    p->events += fresh;
    if (s->time_ms != INT64_MIN && s->time_ms < p->first_ms)
        p->first_ms = s->time_ms;
    if (s->time_ms > p->last_ms)
        p->last_ms = s->time_ms;
    if (fresh && s->agent != SEEN_NONE && !add_agent(m, e->endpoint, s->agent))
        m->i->cut.agents++;
}

static uint32_t resource_of(struct making *m, const struct seen *s, const struct seen_target *t)
{
    struct vec *v = &m->i->resources;
    for (uint32_t k = 0; k < v->n; k++) {
        const struct made_resource *r = vec_at(v, k);
        if (r->name == t->name && r->account == s->account && strcmp(r->type, t->type) == 0)
            return k;
    }
    struct made_resource *to = v->n < m->i->caps.resources ? vec_push(v, 1) : NULL;
    if (!to)
        return LINEAGE_NONE;
    *to = (struct made_resource){t->type, t->name, s->account, s->region};
    return (uint32_t)v->n - 1;
}

static void place_targets(struct making *m, const struct made_event *e, bool fresh)
{
    const struct seen *s = e->seen;
    for (uint32_t k = 0; k < s->n_targets; k++) {
        uint32_t at = resource_of(m, s, seen_target(&m->x->seen, s->first_target + k));
        struct made_mention *to = at == LINEAGE_NONE ? NULL : vec_push(&m->i->mentions, 1);
        if (to)
            *to = (struct made_mention){e->signal, at};
        else
            m->i->cut.resources += fresh;
    }
}

static void place_events(struct making *m)
{
    struct incident *i = m->i;
    for (size_t k = 0; k < i->events.n; k++) {
        struct made_event *e = vec_at(&i->events, k);
        bool fresh = is_new(i, k);
        i->n_events += fresh;
        if (fresh && e->seen->key != LINEAGE_NONE && is_in(m, e->seen->key) &&
            mark_of(m, e->seen->key)->key != LINEAGE_NONE)
            ((struct made_key *)vec_at(&i->keys, mark_of(m, e->seen->key)->key))->events++;
        place_event(m, e, fresh);
        place_targets(m, e, fresh);
    }
}

/* ---- the whole ---- */

bool incident_make(struct incident *i, struct incidents *x, const struct incident_group *g,
                   const struct incident_caps *caps, struct err *e)
{
    struct making m = {.i = i, .x = x, .stamp = ++x->stamps};
    each_vec(i, empty);
    i->from = x;
    i->group = g;
    i->caps = *caps;
    i->cut = (struct made_cut){.signals = g->left_out};
    i->n_events = 0;
    vec_init(&m.nodes, sizeof(uint32_t), LINEAGE_NODES_MAX);
    bool ok = take_signals(&m);
    if (ok) {
        take_events(&m);
        sort(&i->events, by_event);
        ok = find_nodes(&m);
    }
    if (ok) {
        find_actors(&m);
        find_keys(&m);
        find_links(&m);
        place_events(&m);
    }
    i->cut.actors += m.full;
    vec_release(&m.nodes);
    return ok || err_set(e, ERR_SYSTEM, "no memory for an incident");
}

uint32_t incident_actor_of(const struct incident *i, const struct incidents *x, uint32_t node)
{
    const struct incident_mark *mark = x->marks + stands_for(x, node);
    bool known = mark->stamp == x->stamps && mark->actor != LINEAGE_NONE;
    return known && mark->actor < i->actors.n ? mark->actor : LINEAGE_NONE;
}
