/* Advice beside a story. */
#include "handlers/advising.h"

#include "respond/advice_iam.h"
#include "respond/incident_say.h"
#include "respond/subject.h"

const struct advising_bounds advising_laptop = {
    .events = 1u << 20,
    .advice = {.memory = ADVICE_MEMORY_MAX,
               .targets = ADVICE_TARGETS_ALL,
               .names = ADVICE_NAMES_MAX},
    .json = 32u << 20,
};

const struct advising_bounds advising_function = {
    .events = 1u << 15,
    .advice = {.memory = 1u << 19, .targets = 4000, .names = 1000},
    .json = 1u << 20,
};

static const struct graph_node *node_of(const struct incident *i, size_t actor)
{
    return lineage_graph_node(&i->from->graph, incident_actor(i, actor)->node);
}

/* The ARN of the first user or role that began it, the graph's; absent when there is none. */
static struct str beginner_of(const struct incident *i)
{
    for (size_t k = 0; k < i->actors.n; k++) {
        const struct graph_node *n = node_of(i, k);
        struct subject who;
        if (!incident_began(incident_actor(i, k)) || n->kind == LINEAGE_NAME)
            continue;
        subject_of_node((enum lineage_kind)n->kind, n->name, n->account, S("aws"), &who);
        if (subject_can(&who))
            return n->name;
    }
    return STR_ABSENT;
}

/* From the first event on that an alert names which makes an incident, what he did is the
 * intruder's. */
static void set_since(struct advised *a)
{
    const struct incident *i = &a->story->incident;
    int64_t since_ms = INT64_MAX;
    for (size_t k = 0; k < i->events.n; k++) {
        const struct made_event *e = incident_event(i, k);
        const struct incident_signal *s = incident_signal(i, e->signal);
        const struct rs_rule *r = i->from->rules->rules + s->alert->window->rule;
        bool timed = e->seen->time_ms != INT64_MIN;
        if (!timed || r->level < INCIDENT_LEVEL || e->seen->time_ms >= since_ms)
            continue;
        since_ms = e->seen->time_ms;
        a->since_by = rs_str(i->from->rules, r->title);
    }
    if (since_ms != INT64_MAX)
        advice_since(&a->advice, since_ms);
}

static void begin_story(struct advising *g, struct story *story)
{
    struct advised *a = g->list + g->n;
    struct str arn = beginner_of(&story->incident);
    if (!str_present(arn))
        return;
    if (!advice_init(&a->advice, arn, NULL)) {
        advice_release(&a->advice); /* of a service's role nothing is advised */
        return;
    }
    advice_bound(&a->advice, &g->bounds.advice);
    a->story = story;
    buf_init(&a->json, g->bounds.json);
    set_since(a);
    g->n++;
}

void advising_begin(struct advising *g, const struct stories *s, const struct advising_bounds *b)
{
    *g = (struct advising){.bounds = *b};
    lineage_map_init(&g->known, b->events);
    for (size_t k = 0; k < s->list.n && g->n < ADVISING_MAX; k++)
        begin_story(g, stories_at(s, k));
}

void advising_release(struct advising *g)
{
    for (size_t k = 0; k < g->n; k++) {
        advice_release(&g->list[k].advice);
        buf_release(&g->list[k].json);
    }
    lineage_map_release(&g->known);
}

/* Whether the event was not counted before, as far as there is room to know. */
static bool is_fresh(struct advising *g, const struct facts *f)
{
    const struct id128 event = seen_id(f->evidence);
    if (lineage_map_find(&g->known, event) != LINEAGE_MAP_NONE)
        return false;
    g->rough = !lineage_map_add(&g->known, event, 0) || g->rough;
    return true;
}

void advising_see(struct advising *g, struct event *ev, const struct facts *f)
{
    bool asked = false, fresh = false;
    if (ev->source != SOURCE_CLOUDTRAIL)
        return;
    for (size_t k = 0; k < g->n && f->timed && !g->failed; k++) {
        struct advice *a = &g->list[k].advice;
        bool data = !a->data_events && advice_is_data(ev->record);
        g->failed = !advice_cover(a, f->time_ms, f->region, data, NULL) ||
                    !advice_learn(a, ev->record, f, NULL);
        if (g->failed || !advice_may_concern(a, ev->record))
            continue;
        fresh = asked ? fresh : is_fresh(g, f);
        asked = true;
        g->failed = fresh && !advice_see(a, ev->record, NULL);
    }
}

void advising_end(struct advising *g)
{
    lineage_map_release(&g->known);
    for (size_t k = 0; k < g->n && !g->failed; k++) {
        struct advised *a = g->list + k;
        struct vec regions;
        vec_init(&regions, sizeof(const char *), 1);
        const struct advice_wanted wanted = {.days = ADVISING_DAYS,
                                             .regions = &regions,
                                             .since_by = a->since_by,
                                             .cut = g->cut,
                                             .rough = g->rough};
        if (advice_settle(&a->advice, NULL) && advice_put_json(&a->json, &a->advice, &wanted, NULL))
            a->story->advice = buf_str(&a->json);
        vec_release(&regions);
    }
}
