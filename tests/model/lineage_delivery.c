/* Events of the plan, as lineages read them. */
#include "tests/model/lineage_delivery.h"

#include "tests/model/lineage_alerts.h"

struct lineage_node lineage_delivery_node(const struct lineage_plan *p, uint32_t node)
{
    return (struct lineage_node){.id = p->nodes[node].id,
                                 .kind = p->nodes[node].kind,
                                 .name = S("node"),
                                 .account = S("1"),
                                 .created_ms = INT64_MIN};
}

/* The position of a node in the event, put there when it is new. */
static uint32_t node_at(const struct lineage_plan *p, struct lineage_event *e, uint32_t node)
{
    struct id128 id = p->nodes[node].id;
    for (uint32_t i = 0; i < e->n_nodes; i++)
        if (id128_cmp(e->nodes[i].id, id) == 0)
            return i;
    e->nodes[e->n_nodes] = lineage_delivery_node(p, node);
    return e->n_nodes++;
}

static void read_event(const struct lineage_plan *p, const struct lp_event *from,
                       struct lineage_event *out)
{
    out->n_nodes = out->n_links = out->n_ties = out->key = 0;
    out->cut = false;
    (void)node_at(p, out, from->actor);
    for (uint32_t i = 0; i < from->n_links; i++) {
        const struct lp_link *l = from->links + i;
        uint32_t a = node_at(p, out, l->from), b = node_at(p, out, l->to);
        if (a != b)
            out->links[out->n_links++] = (struct lineage_link){a, b, l->type, l->strength};
    }
    if (from->tied)
        out->ties[out->n_ties++] =
            (struct lineage_tie){from->tie.kind, p->lanes[from->tie.lane], from->tie.time,
                                 node_at(p, out, from->tie.node)};
}

static bool take_event(struct lineage_hand *h, uint32_t number, struct err *e)
{
    const struct lineage_plan *p = &h->world->plan;
    const struct lp_event *ev = p->events + number;
    struct buf id;
    buf_init(&id, 64);
    read_event(p, ev, &h->reading);
    bool ok = lineages_take(h->lineages, &h->reading, ev->links_itself, ev->hit, true, ev->time,
                            lineage_evidence_of(lineage_plan_event_id(p, number, &id)), e);
    buf_release(&id);
    return ok;
}

/* Takes the events; *calls tells whether their alert is to be told. */
static bool take_bundle(struct lineage_hand *h, const struct lp_bundle *b, bool *calls,
                        struct err *e)
{
    *calls = b->alert != LP_ALERT_NONE;
    for (uint32_t i = 0; i < b->n_events; i++)
        if (!take_event(h, b->events[i], e))
            return false;
    return !*calls || !h->world->plan.alerts[b->alert].gathered ||
           lineage_alerts_gather(h, b->alert, b->events[0], calls, e);
}

/* Puts the bundle's alert among those to be told, once. */
static size_t add_call(struct lineage_call *calls, size_t n, const struct lp_bundle *b)
{
    for (size_t i = 0; i < n; i++)
        if (calls[i].alert == b->alert) {
            if (calls[i].update < b->update)
                calls[i].update = b->update;
            return n;
        }
    calls[n] = (struct lineage_call){b->alert, b->update};
    return n + 1;
}

bool lineage_delivery_make(struct lineage_hand *h, uint32_t object, const struct delivery *d,
                           struct err *e)
{
    const struct lineage_plan *p = &h->world->plan;
    const struct lp_object *o = p->objects + object;
    struct lineage_call calls[sizeof o->bundles / sizeof *o->bundles];
    size_t n = 0;
    lineages_begin(h->lineages, d);
    for (uint32_t i = 0; i < o->n; i++) {
        const struct lp_bundle *b = p->bundles + o->bundles[i];
        bool called;
        if (!take_bundle(h, b, &called, e))
            return false;
        n = called ? add_call(calls, n, b) : n;
        if (!h->world->early && i + 1 < o->n)
            continue;
        if (!lineage_alerts_tell(h, calls, n, d, e))
            return false;
        n = 0;
    }
    return lineages_settle(h->lineages, e);
}
