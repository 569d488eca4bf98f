/* Grouping alerts by lineage and time. */
#include "respond/incident.h"

#include <stdlib.h>

#include "base/sha256.h"

/* Ids of alerts: 33 bytes each. */
#define BYTES_MAX (64u << 20)

void incidents_init(struct incidents *x, const struct ruleset *rules)
{
    *x = (struct incidents){.rules = rules};
    lineage_graph_init(&x->graph);
    seen_init(&x->seen);
    vec_init(&x->alerts, sizeof(struct incident_alert), INCIDENT_ALERTS_MAX);
    vec_init(&x->evidence, sizeof(struct id128), INCIDENT_EVIDENCE_MAX);
    vec_init(&x->signals, sizeof(struct incident_signal), INCIDENT_EVIDENCE_MAX);
    vec_init(&x->groups, sizeof(struct incident_group), INCIDENT_ALERTS_MAX);
    lineage_map_init(&x->alert_at, INCIDENT_ALERTS_MAX);
    arena_init(&x->bytes, BYTES_MAX);
}

void incidents_release(struct incidents *x)
{
    lineage_graph_release(&x->graph);
    seen_release(&x->seen);
    vec_release(&x->alerts);
    vec_release(&x->evidence);
    vec_release(&x->signals);
    vec_release(&x->groups);
    lineage_map_release(&x->alert_at);
    arena_release(&x->bytes);
    free(x->by_end);
    free(x->marks);
    x->by_end = NULL;
    x->marks = NULL;
}

void incidents_see(struct incidents *x, struct event *ev, const struct facts *f, bool hit)
{
    uint32_t actor, key;
    lineage_read(ev, f, &x->names, &x->reading);
    lineage_graph_add(&x->graph, &x->reading, f->timed, f->time_ms, id128_of(f->evidence), &actor,
                      &key);
    if (hit && actor != LINEAGE_NONE)
        seen_add(&x->seen, ev, f, seen_id(f->evidence), actor, key);
}

/* ---- alerts ---- */

static bool keep_evidence(struct incidents *x, const struct alert *a, struct incident_alert *to)
{
    to->first_event = (uint32_t)x->evidence.n;
    to->n_events = 0;
    struct id128 *ids = a->n_events ? vec_push(&x->evidence, a->n_events) : NULL;
    if (a->n_events && !ids)
        return false;
    for (size_t i = 0; i < a->n_events; i++)
        ids[i] = seen_id(a->events[i]);
    to->n_events = (uint32_t)a->n_events;
    return true;
}

/* The place of an alert of that id; NULL when there is no room for a new one. */
static struct incident_alert *place(struct incidents *x, struct str id)
{
    struct id128 name = id128_of(id);
    uint32_t at = lineage_map_find(&x->alert_at, name);
    if (at != LINEAGE_MAP_NONE)
        return vec_at(&x->alerts, at);
    at = (uint32_t)x->alerts.n;
    struct str copy = arena_str(&x->bytes, id);
    struct incident_alert *to = str_present(copy) ? vec_push(&x->alerts, 1) : NULL;
    if (!to || !lineage_map_add(&x->alert_at, name, at)) {
        x->alerts.n = at;
        return NULL;
    }
    *to = (struct incident_alert){.name = name, .id = copy};
    return to;
}

bool incidents_alert(struct incidents *x, const struct alert *a, struct err *e)
{
    struct incident_alert *to = place(x, a->id);
    if (!to)
        return err_set(e, ERR_LIMIT, "more alerts than fit in memory");
    if (to->window && to->updates >= a->updates)
        return true;
    to->window = a->window;
    to->updates = a->updates;
    to->timed = a->timed;
    to->estimated = a->estimated;
    to->first_ms = a->timed ? a->first_ms : INT64_MIN;
    to->last_ms = a->timed ? a->last_ms : INT64_MIN;
    to->count = a->count;
    return keep_evidence(x, a, to) ||
           err_set(e, ERR_LIMIT, "more evidence of alerts than fits in memory");
}

/* ---- signals ---- */

static const struct graph_node *node_at(const struct incidents *x, uint32_t node)
{
    return lineage_graph_node(&x->graph, node);
}

/* The signal of this alert in the lineage of that root, among those from `from` on; NULL if none.
 */
static struct incident_signal *find_signal(struct incidents *x, size_t from, uint32_t root)
{
    for (size_t i = from; i < x->signals.n; i++) {
        struct incident_signal *s = vec_at(&x->signals, i);
        if (s->root == root)
            return s;
    }
    return NULL;
}

/* Takes one event of an alert; the alert's signals are those from `from` on. The signal that it
 * belongs to, or NULL without memory. */
static struct incident_signal *add_event(struct incidents *x, size_t from,
                                         const struct incident_alert *a, const struct seen *s)
{
    uint32_t root = lineage_graph_root(&x->graph, s->actor);
    struct incident_signal *to = find_signal(x, from, root);
    if (!to && (to = vec_push(&x->signals, 1)))
        *to = (struct incident_signal){.alert = a,
                                       .root = root,
                                       .actor = node_at(x, s->actor)->id,
                                       .first_ms = s->time_ms,
                                       .last_ms = s->time_ms};
    if (to && s->time_ms > to->last_ms)
        to->last_ms = s->time_ms;
    return to;
}

/* One signal for each lineage among the alert's events, which are ordered by time: a correlation
 * may gather several people. */
static bool add_signals(struct incidents *x, const struct incident_alert *a, struct err *e)
{
    size_t from = x->signals.n, last = from;
    for (uint32_t i = 0; i < a->n_events; i++) {
        const struct id128 *id = vec_at(&x->evidence, a->first_event + i);
        const struct seen *s = seen_find(&x->seen, *id);
        struct incident_signal *to = s ? add_event(x, from, a, s) : NULL;
        if (s && !to)
            return err_set(e, ERR_SYSTEM, "no memory for incidents");
        if (to)
            last = (size_t)(to - (struct incident_signal *)x->signals.p);
    }
    if (x->signals.n == from) {
        x->unplaced++;
        return true;
    }
    struct incident_signal *list = x->signals.p;
    list[last].main = true;
    if (x->signals.n == from + 1) {
        list[from].first_ms = a->first_ms;
        list[from].last_ms = a->last_ms;
    }
    return true;
}

static int by_lineage(const void *p, const void *q)
{
    const struct incident_signal *a = p, *b = q;
    if (a->root != b->root)
        return a->root < b->root ? -1 : 1;
    if (a->first_ms != b->first_ms)
        return a->first_ms < b->first_ms ? -1 : 1;
    return str_cmp(a->alert->id, b->alert->id);
}

/* ---- groups ---- */

void incident_id(unsigned char id[INCIDENT_ID_BYTES], struct str alert, struct id128 actor)
{
    unsigned char raw[SHA256_BYTES];
    char node[16];
    struct sha256 h;
    for (unsigned i = 0; i < 8; i++) {
        node[i] = (char)(actor.hi >> (56 - 8 * i) & 0xff);
        node[8 + i] = (char)(actor.lo >> (56 - 8 * i) & 0xff);
    }
    sha256_init(&h);
    sha256_add_part(&h, S("incident"));
    sha256_add_part(&h, alert);
    sha256_add_part(&h, str_n(node, sizeof node));
    sha256_end(&h, raw);
    memcpy(id, raw, INCIDENT_ID_BYTES);
}

/* Of the earliest alert, and of who is behind it where its alert has several: an alert may be the
 * first of two lineages. */
static void make_id(const struct incident_signal *first, char id[2 * INCIDENT_ID_BYTES + 1])
{
    unsigned char raw[INCIDENT_ID_BYTES];
    incident_id(raw, first->alert->id, first->actor);
    bytes_hex(id, raw, INCIDENT_ID_BYTES);
    id[2 * INCIDENT_ID_BYTES] = 0;
}

static enum level level_of(const struct incidents *x, const struct incident_alert *a)
{
    return (enum level)x->rules->rules[a->window->rule].level;
}

/* The signals from `first` on that are of one lineage and no further apart than the gap. *made
 * tells whether they make an incident. */
static struct incident_group group_from(const struct incidents *x, uint32_t first, bool *made)
{
    const struct incident_signal *list = x->signals.p;
    const struct incident_alert *a = list[first].alert;
    struct incident_group g = {.first = first,
                               .n = 0,
                               .level = level_of(x, a),
                               .timed = a->timed,
                               .first_ms = list[first].first_ms,
                               .last_ms = list[first].last_ms};
    *made = false;
    for (uint32_t i = first; i < x->signals.n; i++) {
        a = list[i].alert;
        if (list[i].root != list[first].root || a->timed != g.timed ||
            (a->timed && list[i].first_ms - g.last_ms > INCIDENT_GAP_MS))
            break;
        g.n++;
        g.level = level_of(x, a) > g.level ? level_of(x, a) : g.level;
        g.last_ms = list[i].last_ms > g.last_ms ? list[i].last_ms : g.last_ms;
        *made = *made || (list[i].main && level_of(x, a) >= INCIDENT_LEVEL);
    }
    make_id(list + first, g.id);
    return g;
}

static int by_time(const void *p, const void *q)
{
    const struct incident_group *a = p, *b = q;
    if (a->first_ms != b->first_ms)
        return a->first_ms < b->first_ms ? -1 : 1;
    return strcmp(a->id, b->id);
}

static bool make_groups(struct incidents *x, struct err *e)
{
    struct incident_group g;
    bool made;
    for (uint32_t i = 0; i < x->signals.n; i += g.n) {
        g = group_from(x, i, &made);
        if (!made)
            continue;
        struct incident_group *to = vec_push(&x->groups, 1);
        if (!to)
            return err_set(e, ERR_SYSTEM, "no memory for incidents");
        *to = g;
    }
    if (x->groups.n > 1)
        qsort(x->groups.p, x->groups.n, x->groups.size, by_time);
    return true;
}

/* ---- links by their ends ---- */

struct end {
    uint32_t to, link;
};

static int by_end(const void *p, const void *q)
{
    const struct end *a = p, *b = q;
    if (a->to != b->to)
        return a->to < b->to ? -1 : 1;
    return (a->link > b->link) - (a->link < b->link);
}

static bool order_links(struct incidents *x, struct err *e)
{
    size_t n = x->graph.links.n;
    struct end *ends = calloc(n + 1, sizeof *ends);
    x->by_end = calloc(n + 1, sizeof *x->by_end);
    x->marks = calloc(x->graph.nodes.n + 1, sizeof *x->marks);
    if (!ends || !x->by_end || !x->marks) {
        free(ends);
        return err_set(e, ERR_SYSTEM, "no memory for incidents");
    }
    for (size_t i = 0; i < n; i++)
        ends[i] = (struct end){((struct graph_link *)vec_at(&x->graph.links, i))->to, (uint32_t)i};
    qsort(ends, n, sizeof *ends, by_end);
    for (size_t i = 0; i < n; i++)
        x->by_end[i] = ends[i].link;
    free(ends);
    return true;
}

bool incidents_order(struct incidents *x, struct err *e)
{
    lineage_graph_join(&x->graph);
    return order_links(x, e);
}

bool incidents_group(struct incidents *x, struct err *e)
{
    lineage_graph_join(&x->graph);
    for (size_t i = 0; i < x->alerts.n; i++)
        if (!add_signals(x, vec_at(&x->alerts, i), e))
            return false;
    if (x->signals.n > 1)
        qsort(x->signals.p, x->signals.n, x->signals.size, by_lineage);
    return make_groups(x, e) && order_links(x, e);
}
