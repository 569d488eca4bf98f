/* From events to texts of signals. */
#include "handlers/recalling.h"

#include "respond/lineage.h"

/* Copies for 400 events with 16 targets each, and room to choose among them. */
#define MEMORY_MAX (1u << 20)

void recalling_init(struct recalling *r, const struct ruleset *rules)
{
    *r = (struct recalling){.rules = rules};
    seen_init(&r->seen);
    vec_init(&r->nodes, sizeof(struct id128), 2 * RECALLING_EVENTS_MAX);
    lineage_map_init(&r->node_at, 2 * RECALLING_EVENTS_MAX);
    arena_init(&r->memory, MEMORY_MAX);
}

void recalling_release(struct recalling *r)
{
    seen_release(&r->seen);
    vec_release(&r->nodes);
    lineage_map_release(&r->node_at);
    arena_release(&r->memory);
}

void recalling_begin(struct recalling *r)
{
    const struct ruleset *rules = r->rules;
    if (r->seen.list.n == 0)
        return;
    recalling_release(r);
    recalling_init(r, rules);
}

/* ---- taking ---- */

static uint32_t place_of(struct recalling *r, struct id128 node)
{
    uint32_t at = lineage_map_find(&r->node_at, node);
    if (at != LINEAGE_MAP_NONE || (node.hi == 0 && node.lo == 0))
        return at;
    at = (uint32_t)r->nodes.n;
    struct id128 *to = vec_push(&r->nodes, 1);
    if (!to || !lineage_map_add(&r->node_at, node, at)) {
        r->nodes.n = at;
        return LINEAGE_NONE;
    }
    *to = node;
    return at;
}

void recalling_see(struct recalling *r, struct event *ev, const struct facts *f, struct id128 id)
{
    struct lineage_node who;
    struct id128 key;
    if (r->seen.list.n >= RECALLING_EVENTS_MAX || r->seen.bytes.used >= RECALLING_BYTES_MAX)
        return;
    lineage_actor(ev, f, &r->names, &who, &key);
    uint32_t actor = place_of(r, who.id);
    if (actor != LINEAGE_NONE)
        seen_add(&r->seen, ev, f, id, actor, place_of(r, key));
}

/* ---- writing ---- */

static struct id128 node_at(const struct recalling *r, uint32_t at)
{
    return at == LINEAGE_NONE ? (struct id128){0, 0} : *(struct id128 *)vec_at(&r->nodes, at);
}

static bool copy_event(struct recalling *r, const struct seen *s, struct recalled_event *to)
{
    const struct seen_events *all = &r->seen;
    struct recalled_target *targets = arena_array(&r->memory, s->n_targets, sizeof *targets);
    *to = (struct recalled_event){
        .event = s->event,
        .time_ms = s->time_ms,
        .actor = node_at(r, s->actor),
        .key = node_at(r, s->key),
        .words = {seen_text(all, s->ip), seen_text(all, s->agent), seen_text(all, s->source),
                  seen_text(all, s->name), seen_text(all, s->account), seen_text(all, s->region)},
        .targets = targets,
        .n_targets = targets ? s->n_targets : 0,
    };
    for (size_t i = 0; i < to->n_targets; i++) {
        const struct seen_target *t = seen_target(all, s->first_target + (uint32_t)i);
        targets[i] = (struct recalled_target){t->type, seen_text(all, t->name)};
    }
    return targets != NULL;
}

/* The alert's first event, which another delivery saw. */
static size_t copy_details(const struct details *d, struct recalled_event *to)
{
    const struct facts *f = &d->facts;
    if (!d->has_node || !str_present(f->evidence))
        return 0;
    *to = (struct recalled_event){
        .event = seen_id(f->evidence),
        .time_ms = f->timed ? f->time_ms : INT64_MIN,
        .actor = d->node.id,
        .key = d->key,
        .words = {f->ip, f->user_agent, f->source, f->name, f->account, f->region},
    };
    return 1;
}

static size_t copy_events(struct recalling *r, const struct alert *a, const struct id128 *events,
                          size_t n, struct recalled_event *to)
{
    size_t kept = 0;
    for (size_t i = 0; i < n && kept < RECALL_CHOICE_MAX; i++) {
        const struct seen *s = seen_find(&r->seen, events[i]);
        kept += s && copy_event(r, s, to + kept);
    }
    return kept || !a->known ? kept : copy_details(&a->first, to);
}

void recalling_write(struct recalling *r, const struct alert *a, const struct id128 *events,
                     size_t n, struct buf *out)
{
    arena_reset(&r->memory);
    buf_reset(out);
    struct recalled_event *list = arena_array(&r->memory, RECALL_CHOICE_MAX, sizeof *list);
    if (!list)
        return;
    const struct recalled of = {.rule = rs_str(r->rules, alert_rule(r->rules, a)->id),
                                .updates = a->updates,
                                .timed = a->timed,
                                .estimated = a->estimated,
                                .first_ms = a->first_ms,
                                .last_ms = a->last_ms,
                                .count = a->count,
                                .events = list,
                                .n_events = copy_events(r, a, events, n, list)};
    if (!recall_put(out, &of, &r->memory))
        buf_reset(out);
}
