/* Putting an incident together again. */
#include "handlers/retelling.h"

#include <stdlib.h>

void retelling_init(struct retelling *t, const struct ruleset *rules)
{
    *t = (struct retelling){.rules = rules};
    incidents_init(&t->incidents, rules);
    arena_init(&t->memory, RETELLING_MEMORY_MAX);
}

void retelling_release(struct retelling *t)
{
    incidents_release(&t->incidents);
    arena_release(&t->memory);
}

static void empty(struct retelling *t)
{
    incidents_release(&t->incidents);
    incidents_init(&t->incidents, t->rules);
    arena_reset(&t->memory);
    t->group = (struct incident_group){.n = 0};
}

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "no memory to tell an incident");
}

/* What is being put together. */
struct retold {
    struct retelling *t;
    const struct incident_record *record;
    struct recalled *texts; /* by signal of the record; count 0: it has none */
    struct lineage_walk walk;
};

/* ---- what was written ---- */

/* The rule of that id that can tell; NULL when it is not loaded (any more). */
static const struct rs_rule *rule_of(const struct ruleset *rs, struct str id)
{
    for (uint32_t i = 0; i < rs->n_rules; i++)
        if (str_eq(rs_str(rs, rs->rules[i].id), id) && rs->rules[i].window != RS_NONE)
            return rs->rules + i;
    return NULL;
}

static bool read_texts(struct retold *r, struct err *e)
{
    uint32_t n = r->record->n_signals;
    r->texts = arena_array(&r->t->memory, n, sizeof *r->texts);
    for (uint32_t i = 0; r->texts && i < n; i++)
        if (!recall_read(r->record->signals[i].text, &r->t->memory, r->texts + i))
            r->texts[i] = (struct recalled){.count = 0};
    return r->texts || no_memory(e);
}

/* ---- the lineage ---- */

static int by_id(const void *p, const void *q)
{
    return id128_cmp(*(const struct id128 *)p, *(const struct id128 *)q);
}

static bool push(struct vec *ids, struct id128 id)
{
    struct id128 *to = vec_push(ids, 1);
    if (to)
        *to = id;
    return to != NULL;
}

/* All who acted, and the keys they used, each once. */
static bool gather_nodes(const struct retold *r, struct vec *ids)
{
    bool ok = true;
    for (uint32_t i = 0; i < r->record->n_signals && ok; i++) {
        ok = push(ids, r->record->signals[i].actor);
        for (size_t k = 0; k < r->texts[i].n_events && ok; k++) {
            const struct recalled_event *ev = r->texts[i].events + k;
            ok = push(ids, ev->actor) &&
                 ((ev->key.hi == 0 && ev->key.lo == 0) || push(ids, ev->key));
        }
    }
    struct id128 *list = ids->p;
    size_t kept = 0;
    if (ids->n > 1)
        qsort(list, ids->n, sizeof *list, by_id);
    for (size_t i = 0; i < ids->n; i++)
        if (kept == 0 || id128_cmp(list[kept - 1], list[i]) != 0)
            list[kept++] = list[i];
    ids->n = kept;
    return ok;
}

static bool walk(struct retold *r, struct lineages *l, struct err *e)
{
    const struct incident_record *record = r->record;
    struct vec ids;
    vec_init(&ids, sizeof(struct id128), SIZE_MAX);
    bool ok = gather_nodes(r, &ids) || no_memory(e);
    const struct lineage_ask ask = {
        .nodes = ids.p,
        .n = ids.n,
        .from_ms = record->first_ms,
        .until_ms = record->last_ms == INT64_MIN ? INT64_MIN : record->last_ms + INCIDENT_GAP_MS,
        .max = RETELLING_NODES_MAX};
    ok = ok && lineages_walk(l, &ask, &r->t->memory, &r->walk, e);
    vec_release(&ids);
    return ok;
}

static const struct lineage_seen_node *find_node(const struct retold *r, struct id128 id)
{
    size_t from = 0, to = r->walk.nodes.n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        const struct lineage_seen_node *n = vec_at(&r->walk.nodes, mid);
        int c = id128_cmp(n->id, id);
        if (c == 0)
            return n;
        if (c < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return NULL;
}

static struct lineage_node node_of(const struct lineage_seen_node *n)
{
    return (struct lineage_node){
        .id = n->id,
        .kind = n->kind < LINEAGE_KINDS ? n->kind : LINEAGE_OTHER,
        .name = str_present(n->name) ? n->name : S(""),
        .account = n->account,
        .created_ms = n->created_ms,
    };
}

/* Puts nodes and links into the graph, each as if an event had proved it alone. */
static void fill_graph(struct retold *r)
{
    struct lineage_graph *g = &r->t->incidents.graph;
    struct lineage_event *one = &r->t->incidents.reading;
    uint32_t actor, key;
    *one = (struct lineage_event){.n_nodes = 1};
    for (size_t i = 0; i < r->walk.nodes.n; i++) {
        one->nodes[0] = node_of(vec_at(&r->walk.nodes, i));
        lineage_graph_add(g, one, false, 0, (struct id128){0, 0}, &actor, &key);
    }
    one->n_nodes = 2;
    one->n_links = 1;
    for (size_t i = 0; i < r->walk.links.n; i++) {
        const struct lineage_seen_link *l = vec_at(&r->walk.links, i);
        const struct lineage_seen_node *from = find_node(r, l->from), *to = find_node(r, l->to);
        if (!from || !to)
            continue;
        one->nodes[0] = node_of(from);
        one->nodes[1] = node_of(to);
        one->links[0] = (struct lineage_link){0, 1, l->type, l->strength};
        lineage_graph_add(g, one, l->time_ms != INT64_MAX, l->time_ms, l->event, &actor, &key);
    }
}

/* ---- signals ---- */

static uint32_t place_of(const struct retold *r, struct id128 node)
{
    uint32_t at = lineage_map_find(&r->t->incidents.graph.node_at, node);
    return at == LINEAGE_MAP_NONE ? LINEAGE_NONE : at;
}

/* Keeps an event as evidence of its alert. */
static bool put_event(struct retold *r, const struct recalled_event *ev, struct incident_alert *to)
{
    struct incidents *x = &r->t->incidents;
    const struct seen as = {.event = ev->event,
                            .time_ms = ev->time_ms,
                            .actor = place_of(r, ev->actor),
                            .key = place_of(r, ev->key)};
    if (as.actor == LINEAGE_NONE)
        return true;
    struct seen *seen = seen_put(&x->seen, &as, &ev->words);
    for (size_t k = 0; seen && k < ev->n_targets; k++)
        seen_put_target(&x->seen, seen, ev->targets[k].type, ev->targets[k].name);
    to->n_events++;
    return push(&x->evidence, ev->event);
}

/* Whether one of the text's events is of the lineage of that actor. */
static bool has_event_of(const struct retold *r, const struct recalled *text, uint32_t actor)
{
    const struct lineage_graph *g = &r->t->incidents.graph;
    for (size_t i = 0; i < text->n_events; i++) {
        uint32_t at = place_of(r, text->events[i].actor);
        if (at != LINEAGE_NONE && lineage_graph_root(g, at) == lineage_graph_root(g, actor))
            return true;
    }
    return false;
}

/* Who told the alert saw none of this lineage's events, and knew only that this actor did one then.
 */
static struct recalled_event unseen_event(const struct record_signal *s)
{
    struct recalled_event ev = {.event = s->actor, .time_ms = s->first_ms, .actor = s->actor};
    for (size_t i = 0; i < 8; i++) { /* as good as any other, and the same at each telling */
        ev.event.hi ^= (uint64_t)s->alert[i] << (56 - 8 * i);
        ev.event.lo ^= (uint64_t)s->alert[8 + i] << (56 - 8 * i);
    }
    return ev;
}

static bool put_events(struct retold *r, const struct record_signal *s, const struct recalled *text,
                       struct incident_alert *to)
{
    uint32_t actor = place_of(r, s->actor);
    to->first_event = (uint32_t)r->t->incidents.evidence.n;
    for (size_t i = 0; i < text->n_events; i++)
        if (!put_event(r, text->events + i, to))
            return false;
    if (actor == LINEAGE_NONE || has_event_of(r, text, actor))
        return true;
    struct recalled_event unseen = unseen_event(s);
    return put_event(r, &unseen, to);
}

/* The alert of a signal; NULL without memory. */
static struct incident_alert *put_alert(struct retold *r, const struct record_signal *s,
                                        const struct recalled *text, const struct rs_rule *rule)
{
    struct incidents *x = &r->t->incidents;
    struct incident_alert *to = vec_push(&x->alerts, 1);
    char *id = arena_alloc(&x->bytes, 2 * sizeof s->alert);
    if (!to || !id)
        return NULL;
    bytes_hex(id, s->alert, sizeof s->alert);
    *to = (struct incident_alert){.id = str_n(id, 2 * sizeof s->alert),
                                  .window = r->t->rules->windows + rule->window,
                                  .updates = text->updates,
                                  .timed = s->first_ms != INT64_MIN,
                                  .estimated = text->estimated,
                                  .first_ms = s->first_ms,
                                  .last_ms = s->last_ms,
                                  .count = text->count};
    return put_events(r, s, text, to) ? to : NULL;
}

/* The position of an alert's signal among those there are; an alert that came into two lineages has
 * one for each, and when these have joined it is one signal. */
static struct incident_signal *find_signal(const struct retold *r, const struct record_signal *s)
{
    const struct vec *signals = &r->t->incidents.signals;
    char id[2 * INCIDENT_ID_BYTES];
    bytes_hex(id, s->alert, sizeof s->alert);
    for (size_t i = 0; i < signals->n; i++) {
        struct incident_signal *known = vec_at(signals, i);
        if (str_eq(known->alert->id, str_n(id, sizeof id)))
            return known;
    }
    return NULL;
}

static bool put_signal(struct retold *r, const struct record_signal *s, const struct recalled *text)
{
    struct incidents *x = &r->t->incidents;
    struct incident_signal *known = find_signal(r, s);
    const struct rs_rule *rule = known ? NULL : rule_of(r->t->rules, text->rule);
    if (known) {
        known->main = known->main || s->main;
        known->last_ms = s->last_ms > known->last_ms ? s->last_ms : known->last_ms;
        return true;
    }
    if (!rule) {
        r->t->group.left_out++;
        return true;
    }
    const struct incident_alert *alert = put_alert(r, s, text, rule);
    struct incident_signal *to = alert ? vec_push(&x->signals, 1) : NULL;
    if (to)
        *to = (struct incident_signal){.alert = alert,
                                       .actor = s->actor,
                                       .main = s->main,
                                       .first_ms = s->first_ms,
                                       .last_ms = s->last_ms};
    return to != NULL;
}

/* All signals of a record are one lineage's, whatever of it was walked. */
static void unite(struct retold *r)
{
    struct incidents *x = &r->t->incidents;
    uint32_t one = LINEAGE_NONE;
    for (size_t i = 0; i < x->signals.n; i++) {
        uint32_t at = place_of(r, ((struct incident_signal *)vec_at(&x->signals, i))->actor);
        if (one != LINEAGE_NONE && at != LINEAGE_NONE)
            lineage_graph_unite(&x->graph, one, at);
        one = at == LINEAGE_NONE ? one : at;
    }
    for (size_t i = 0; one != LINEAGE_NONE && i < x->signals.n; i++)
        ((struct incident_signal *)vec_at(&x->signals, i))->root =
            lineage_graph_root(&x->graph, one);
}

static bool fill_signals(struct retold *r, struct err *e)
{
    struct vec *alerts = &r->t->incidents.alerts;
    /* Signals point at alerts, which must not move. */
    if (r->record->n_signals && !vec_push(alerts, r->record->n_signals))
        return no_memory(e);
    alerts->n = 0;
    for (uint32_t i = 0; i < r->record->n_signals; i++)
        if (!put_signal(r, r->record->signals + i, r->texts + i))
            return no_memory(e);
    unite(r);
    return true;
}

/* ---- the whole ---- */

static bool put_joined(struct retold *r, struct err *e)
{
    const struct incident_record *record = r->record;
    struct incident_group *g = &r->t->group;
    struct str *list = arena_array(&r->t->memory, record->n_joined, sizeof *list);
    for (uint32_t i = 0; list && i < record->n_joined; i++) {
        char *hex = arena_alloc(&r->t->memory, 2 * INCIDENT_ID_BYTES);
        if (!hex)
            return no_memory(e);
        bytes_hex(hex, record->joined[i], INCIDENT_ID_BYTES);
        list[i] = str_n(hex, 2 * INCIDENT_ID_BYTES);
    }
    g->joined = list;
    g->n_joined = record->n_joined;
    return list || no_memory(e);
}

static bool fill_group(struct retold *r, const struct told_incident *told, struct err *e)
{
    struct incident_group *g = &r->t->group;
    g->n = (uint32_t)r->t->incidents.signals.n;
    g->level = (enum level)r->record->level;
    g->timed = r->record->first_ms != INT64_MIN;
    g->first_ms = r->record->first_ms;
    g->last_ms = r->record->last_ms;
    g->updates = told->updates;
    g->left_out += r->record->left_out;
    bytes_hex(g->id, told->id, INCIDENT_ID_BYTES);
    g->id[2 * INCIDENT_ID_BYTES] = 0;
    return put_joined(r, e);
}

bool retelling_make(struct retelling *t, struct lineages *l, const struct told_incident *told,
                    struct err *e)
{
    struct retold r = {.t = t, .record = told->record};
    empty(t);
    lineage_walk_init(&r.walk);
    bool ok = read_texts(&r, e) && walk(&r, l, e);
    if (ok) {
        fill_graph(&r);
        ok = fill_signals(&r, e) && fill_group(&r, told, e) && incidents_order(&t->incidents, e);
    }
    lineage_walk_release(&r.walk);
    return ok;
}
