/* Whose calls are steps, and which steps stay. */
#include "respond/story.h"

#include <stdlib.h>

#include "respond/incident_say.h"

/* Of what is to stay, what is held before steps are cut again, so that cutting costs little. */
#define HELD_OF(n) ((n) + (n) / 2)

/* A node that stands for an actor of an incident. */
struct doer {
    struct id128 node;
    uint32_t story, actor;
    bool evidence_only; /* calls that no alert names are other people's */
};

/* An event that an alert names. */
struct named {
    struct id128 event;
    uint32_t story, signal;
};

void stories_init(struct stories *s)
{
    *s = (struct stories){.newest_ms = INT64_MIN,
                          .file = LINEAGE_NONE,
                          .bounds = {STORY_STEPS_MAX, STORY_BYTES_MAX, STORY_KNOWN_MAX}};
    vec_init(&s->list, sizeof(struct story *), STORIES_MAX);
    vec_init(&s->doers, sizeof(struct doer), STORY_DOERS_MAX);
    vec_init(&s->evidence, sizeof(struct named), STORIES_MAX * 20000u);
    vec_init(&s->steps, sizeof(struct story_step *), HELD_OF(STORY_STEPS_MAX));
    vec_init(&s->files, sizeof(struct story_file), STORY_FILES_MAX);
    lineage_map_init(&s->known, STORY_KNOWN_MAX);
    arena_init(&s->texts, STORY_FILE_TEXTS_MAX);
}

void stories_bound(struct stories *s, const struct story_bounds *b)
{
    s->bounds = *b;
    lineage_map_init(&s->known, b->known);
}

static struct story_step **step_at(const struct stories *s, size_t i)
{
    return vec_at(&s->steps, i);
}

void stories_release(struct stories *s)
{
    for (size_t k = 0; k < s->list.n; k++) {
        incident_release(&stories_at(s, k)->incident);
        free(stories_at(s, k));
    }
    for (size_t k = 0; k < s->steps.n; k++)
        free(*step_at(s, k));
    vec_release(&s->list);
    vec_release(&s->doers);
    vec_release(&s->evidence);
    vec_release(&s->steps);
    vec_release(&s->files);
    lineage_map_release(&s->known);
    arena_release(&s->texts);
}

static void sort(struct vec *v, int (*cmp)(const void *, const void *))
{
    if (v->n > 1)
        qsort(v->p, v->n, v->size, cmp);
}

/* ---- incidents ---- */

static bool is_peoples(enum lineage_kind kind)
{
    return kind != LINEAGE_SERVICE && kind != LINEAGE_ACCOUNT && kind != LINEAGE_OTHER &&
           kind != LINEAGE_INSTANCE;
}

/* Every node of the graph that stands for one of the incident's actors. */
static void note_doers(struct stories *s, const struct incidents *x, uint32_t at)
{
    const struct incident *i = &stories_at(s, at)->incident;
    for (uint32_t n = 0; n < x->graph.nodes.n; n++) {
        uint32_t actor = incident_actor_of(i, x, n);
        struct doer *to = actor == LINEAGE_NONE ? NULL : vec_push(&s->doers, 1);
        if (!to)
            continue;
        const struct graph_node *node = lineage_graph_node(&x->graph, n);
        *to = (struct doer){node->id, at, actor, !is_peoples((enum lineage_kind)node->kind)};
    }
}

static void note_evidence(struct stories *s, uint32_t at)
{
    const struct incident *i = &stories_at(s, at)->incident;
    for (size_t k = 0; k < i->events.n; k++) {
        const struct made_event *e = incident_event(i, k);
        struct named *to = vec_push(&s->evidence, 1);
        if (to)
            *to = (struct named){e->seen->event, at, e->signal};
    }
}

/* More than a gap before the first or behind the last alert an identity did other things. */
static void set_times(struct story *s, const struct incident_group *g)
{
    s->from_ms = g->timed ? g->first_ms - INCIDENT_GAP_MS : INT64_MAX;
    s->until_ms = g->timed ? g->last_ms + INCIDENT_GAP_MS : INT64_MIN;
}

static bool take_group(struct stories *s, struct incidents *x, const struct incident_group *g,
                       struct err *e)
{
    struct story *story = calloc(1, sizeof *story);
    struct story **to = story ? vec_push(&s->list, 1) : NULL;
    if (!to) {
        free(story);
        return err_set(e, ERR_SYSTEM, "no memory for a story");
    }
    *to = story;
    incident_init(&story->incident);
    if (!incident_make(&story->incident, x, g, &incident_caps_all, e))
        return false;
    set_times(story, g);
    note_doers(s, x, (uint32_t)s->list.n - 1);
    note_evidence(s, (uint32_t)s->list.n - 1);
    return true;
}

/* The gravest first, of these the latest: that is what somebody has to look at now. */
static int by_gravity(const void *p, const void *q)
{
    const struct incident_group *a = *(const struct incident_group *const *)p;
    const struct incident_group *b = *(const struct incident_group *const *)q;
    if (a->level != b->level)
        return a->level > b->level ? -1 : 1;
    if (a->last_ms != b->last_ms)
        return a->last_ms > b->last_ms ? -1 : 1;
    return strcmp(a->id, b->id);
}

bool stories_take(struct stories *s, struct incidents *x, const struct incident_group *groups,
                  size_t n, struct err *e)
{
    const struct incident_group **order = calloc(n + 1, sizeof *order);
    if (!order)
        return err_set(e, ERR_SYSTEM, "no memory for %zu incidents", n);
    for (size_t k = 0; k < n; k++)
        order[k] = groups + k;
    qsort(order, n, sizeof *order, by_gravity);
    bool ok = true;
    for (size_t k = 0; k < n && ok; k++) {
        if (s->list.n == STORIES_MAX)
            s->incidents_cut++;
        else
            ok = take_group(s, x, order[k], e);
    }
    free(order);
    return ok;
}

static int by_node(const void *p, const void *q)
{
    const struct doer *a = p, *b = q;
    int c = id128_cmp(a->node, b->node);
    return c ? c : (a->story > b->story) - (a->story < b->story);
}

static int by_name(const void *p, const void *q)
{
    const struct named *a = p, *b = q;
    int c = id128_cmp(a->event, b->event);
    if (c == 0)
        c = (a->story > b->story) - (a->story < b->story);
    return c ? c : (a->signal > b->signal) - (a->signal < b->signal);
}

void stories_ready(struct stories *s)
{
    sort(&s->doers, by_node);
    sort(&s->evidence, by_name);
}

/* ---- which steps stay ---- */

static uint64_t distance(const struct stories *s, uint32_t story, int64_t time_ms)
{
    const struct incident_group *g = stories_at(s, story)->incident.group;
    if (time_ms == INT64_MIN || !g->timed)
        return UINT64_MAX;
    if (time_ms < g->first_ms)
        return (uint64_t)(g->first_ms - time_ms);
    return time_ms > g->last_ms ? (uint64_t)(time_ms - g->last_ms) : 0;
}

/* A step with what decides whether it stays. */
struct weighed {
    struct story_step *step;
    struct story_weight weight;
};

static int weight_cmp(const struct story_weight *a, const struct story_weight *b)
{
    if (a->evidence != b->evidence)
        return a->evidence ? -1 : 1;
    if (a->reads != b->reads)
        return a->reads ? 1 : -1;
    if (a->distance != b->distance)
        return a->distance < b->distance ? -1 : 1;
    int c = id128_cmp(a->event, b->event);
    return c ? c : (a->story > b->story) - (a->story < b->story);
}

static int by_weight(const void *p, const void *q)
{
    const struct weighed *a = p, *b = q;
    return weight_cmp(&a->weight, &b->weight);
}

static struct story_weight weight_of(const struct stories *s, const struct story_step *t)
{
    return (struct story_weight){.event = t->event,
                                 .distance = distance(s, t->story, t->time_ms),
                                 .story = t->story,
                                 .evidence = t->evidence,
                                 .reads = t->access == ACCESS_READ};
}

/* Whether it weighs no more than a step that found no room: then it finds none, whatever comes. */
static bool is_light(const struct stories *s, const struct story_weight *w)
{
    return s->full && weight_cmp(&s->dropped, w) <= 0;
}

static void drop(struct stories *s, struct story_step *t)
{
    stories_at(s, t->story)->cut++;
    s->bytes -= t->bytes;
    free(t);
}

/* Leaves the weightiest steps that fit. Without memory for their order all of them stay. */
static void cut_steps(struct stories *s)
{
    if (s->steps.n <= s->bounds.steps && s->bytes <= s->bounds.bytes)
        return;
    struct weighed *all = calloc(s->steps.n, sizeof *all);
    if (!all)
        return;
    for (size_t k = 0; k < s->steps.n; k++)
        all[k] = (struct weighed){*step_at(s, k), weight_of(s, *step_at(s, k))};
    qsort(all, s->steps.n, sizeof *all, by_weight);
    size_t kept = 0, bytes = 0;
    while (kept < s->steps.n && kept < s->bounds.steps &&
           bytes + all[kept].step->bytes <= s->bounds.bytes)
        bytes += all[kept++].step->bytes;
    s->full = true;
    s->dropped = all[kept].weight;
    for (size_t k = 0; k < s->steps.n; k++) {
        *step_at(s, k) = all[k].step;
        if (k >= kept)
            drop(s, all[k].step);
    }
    s->steps.n = kept;
    free(all);
}

/* ---- records ---- */

/* The first position in a sorted vec whose id is not below; the id is each element's first member.
 */
static size_t first_of(const struct vec *v, struct id128 id)
{
    size_t a = 0, b = v->n;
    while (a < b) {
        size_t mid = a + (b - a) / 2;
        if (id128_cmp(*(const struct id128 *)vec_at(v, mid), id) < 0)
            a = mid + 1;
        else
            b = mid;
    }
    return a;
}

static bool is_evidence(const struct stories *s, struct id128 event, uint32_t story)
{
    for (size_t k = first_of(&s->evidence, event); k < s->evidence.n; k++) {
        const struct named *n = vec_at(&s->evidence, k);
        if (id128_cmp(n->event, event) != 0)
            break;
        if (n->story == story)
            return true;
    }
    return false;
}

void story_each_signal(const struct stories *s, const struct story_step *step, story_signal_fn fn,
                       void *to)
{
    for (size_t k = first_of(&s->evidence, step->event); k < s->evidence.n; k++) {
        const struct named *n = vec_at(&s->evidence, k);
        if (id128_cmp(n->event, step->event) != 0)
            break;
        if (n->story == step->story)
            fn(to, n->signal);
    }
}

/* Whether the event is there for the first time. */
static bool note_known(struct stories *s, struct id128 event, uint32_t story)
{
    const struct id128 key = {event.hi ^ ((uint64_t)story << 32), event.lo};
    if (lineage_map_find(&s->known, key) != LINEAGE_MAP_NONE) {
        s->copies++;
        return false;
    }
    bool room = lineage_map_add(&s->known, key, 0);
    s->lost += !room;
    return room;
}

/* The step is the stories' from now on; NULL: there was no memory for it. */
static void add_step(struct stories *s, struct story_step *step, uint32_t story, uint32_t actor,
                     bool evidence)
{
    struct story_step **to = step ? vec_push(&s->steps, 1) : NULL;
    if (!to) {
        free(step);
        s->lost++;
        return;
    }
    step->story = story;
    step->actor = actor;
    step->file = step->recalled ? LINEAGE_NONE : s->file;
    step->evidence = evidence;
    *to = step;
    s->bytes += step->bytes;
    if (s->steps.n >= HELD_OF(s->bounds.steps) || s->bytes > HELD_OF(s->bounds.bytes))
        cut_steps(s);
}

static bool is_in_time(const struct story *story, const struct facts *f)
{
    return f->timed && f->time_ms >= story->from_ms && f->time_ms <= story->until_ms;
}

/* Of the doer's step, of which event and evidence are known: the rest, and the step itself when
 * there may be room for it; to make one takes longer than all else. */
static void see_step(struct stories *s, struct event *ev, const struct facts *f,
                     const struct doer *d, struct story_weight *w)
{
    w->distance = distance(s, d->story, f->timed ? f->time_ms : INT64_MIN);
    w->story = d->story;
    w->reads = story_access_of(f->source, f->name) == ACCESS_READ;
    if (is_light(s, w))
        stories_at(s, d->story)->cut++;
    else
        add_step(s, story_step_new(ev, f), d->story, d->actor, w->evidence);
}

void stories_see(struct stories *s, struct event *ev, const struct facts *f)
{
    struct lineage_node who;
    struct id128 key, event = {0, 0};
    bool hashed = false;
    s->records++;
    if (f->timed && f->time_ms > s->newest_ms)
        s->newest_ms = f->time_ms;
    lineage_actor(ev, f, NULL, &who, &key);
    for (size_t k = first_of(&s->doers, who.id); k < s->doers.n; k++) {
        const struct doer *d = vec_at(&s->doers, k);
        if (id128_cmp(d->node, who.id) != 0)
            break;
        if (!hashed)
            event = seen_id(f->evidence);
        hashed = true;
        bool evidence = is_evidence(s, event, d->story);
        bool wanted = evidence || (!d->evidence_only && is_in_time(stories_at(s, d->story), f));
        if (wanted && note_known(s, event, d->story))
            see_step(s, ev, f, d, &(struct story_weight){.event = event, .evidence = evidence});
    }
}

void stories_file(struct stories *s, struct str name)
{
    struct str copy = arena_str(&s->texts, name);
    struct story_file *to = str_present(copy) ? vec_push(&s->files, 1) : NULL;
    s->file = to ? (uint32_t)s->files.n - 1 : LINEAGE_NONE;
    if (to)
        to->name = copy;
    else
        s->files_cut++;
}

void stories_file_end(struct stories *s, const unsigned char *sha256, uint64_t records)
{
    if (s->file == LINEAGE_NONE)
        return;
    struct story_file *f = vec_at(&s->files, s->file);
    f->records = records;
    if (sha256)
        bytes_hex(f->sha256, sha256, SHA256_BYTES);
}

static struct str key_of(const struct incident *i, const struct seen *e)
{
    return e->key == LINEAGE_NONE ? STR_ABSENT : lineage_graph_node(&i->from->graph, e->key)->name;
}

void stories_recall(struct stories *s)
{
    uint64_t copies = s->copies;
    for (uint32_t at = 0; at < s->list.n; at++) {
        const struct incident *i = &stories_at(s, at)->incident;
        for (size_t k = 0; k < i->events.n; k++) {
            const struct made_event *e = incident_event(i, k);
            if (e->actor != LINEAGE_NONE && note_known(s, e->seen->event, at))
                add_step(s, story_step_recall(&i->from->seen, e->seen, key_of(i, e->seen)), at,
                         e->actor, true);
        }
    }
    s->copies = copies; /* these are no records */
}

/* CloudTrail's clock has whole seconds; of one second it reads best when whoever is made comes
 * before what is done to him. */
static int second_rank(const struct story_step *t)
{
    struct str name = t->text[STEP_NAME];
    if (str_eqz(name, "CreateUser") || str_eqz(name, "CreateRole"))
        return 0;
    return str_starts(name, S("Create")) ? 1 : 2;
}

static int by_story(const void *p, const void *q)
{
    const struct story_step *a = *(const struct story_step *const *)p;
    const struct story_step *b = *(const struct story_step *const *)q;
    if (a->story != b->story)
        return a->story < b->story ? -1 : 1;
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    if (second_rank(a) != second_rank(b))
        return second_rank(a) < second_rank(b) ? -1 : 1;
    return id128_cmp(a->event, b->event);
}

/* A file with its place so far. */
struct placed {
    struct story_file file;
    uint32_t at;
};

static int by_file(const void *p, const void *q)
{
    const struct placed *a = p, *b = q;
    int c = str_cmp(a->file.name, b->file.name);
    return c ? c : (a->at > b->at) - (a->at < b->at);
}

/* Whoever reads them in another order tells the same. Without memory for it they stay. */
static void order_files(struct stories *s)
{
    struct placed *all = calloc(s->files.n + 1, sizeof *all);
    uint32_t *to = calloc(s->files.n + 1, sizeof *to);
    for (uint32_t k = 0; all && to && k < s->files.n; k++)
        all[k] = (struct placed){*(const struct story_file *)vec_at(&s->files, k), k};
    if (all && to && s->files.n > 1) {
        qsort(all, s->files.n, sizeof *all, by_file);
        for (uint32_t k = 0; k < s->files.n; k++) {
            *(struct story_file *)vec_at(&s->files, k) = all[k].file;
            to[all[k].at] = k;
        }
        for (size_t k = 0; k < s->steps.n; k++)
            if ((*step_at(s, k))->file != LINEAGE_NONE)
                (*step_at(s, k))->file = to[(*step_at(s, k))->file];
    }
    free(all);
    free(to);
}

void stories_end(struct stories *s)
{
    cut_steps(s);
    order_files(s);
    sort(&s->steps, by_story);
    for (uint32_t k = 0; k < s->steps.n; k++) {
        struct story *story = stories_at(s, (*step_at(s, k))->story);
        if (story->n++ == 0)
            story->first = k;
    }
}
