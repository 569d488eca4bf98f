/* Random identities, events and alerts. */
#include "tests/model/lineage_plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/builder.h"

#define SECOND_MS 1000LL
#define ACCOUNT   (1LL << 50) /* hashes of accounts are its multiples */

/* What a lane is about. */
enum theme {
    THEME_SESSIONS, /* issues and uses, some seconds between one session and the next */
    THEME_CALLS,    /* one session, and calls in its name */
    THEME_ROLE,     /* a role and its sessions */
    THEME_NAME,
    THEME_COPIES,
    THEMES
};

struct slot {
    uint32_t from, to; /* nodes: issuer and session, maker and ..., */
    int64_t time;      /* of the issue */
    int64_t late;      /* the session's birth less it */
};

struct lane {
    enum theme theme;
    int64_t time;
    struct slot slots[LP_SLOTS];
};

static uint32_t any_node(const struct lineage_plan *p, struct rng *r)
{
    return (uint32_t)rng_in(r, 0, p->n_nodes - 1);
}

/* One that is no AWS service: those only issue. */
static uint32_t any_person(const struct lineage_plan *p, struct rng *r)
{
    uint32_t n = any_node(p, r);
    return p->nodes[n].kind == LINEAGE_SERVICE ? 0 : n;
}

static int64_t any_time(struct rng *r)
{
    return rng_in(r, 0, LP_HOURS) * LP_HOUR_MS;
}

/* ---- identities ---- */

static struct id128 id_of(struct lineage_plan *p, uint64_t what, uint32_t number)
{
    struct rng hash = {p->salt ^ what << 32 ^ number};
    uint64_t hi = rng_next(&hash);
    return (struct id128){hi, rng_next(&hash)};
}

static void make_nodes(struct lineage_plan *p, struct rng *r)
{
    static const enum lineage_kind kinds[] = {LINEAGE_USER, LINEAGE_SESSION, LINEAGE_ROLE,
                                              LINEAGE_KEY, LINEAGE_INSTANCE};
    p->n_nodes = (uint32_t)rng_in(r, 2, LP_NODES);
    for (uint32_t i = 0; i < p->n_nodes; i++) {
        enum lineage_kind kind = kinds[rng_in(r, 0, 4)];
        if (i > 1 && rng_chance(r, 500))
            kind = LINEAGE_SERVICE;
        p->nodes[i] = (struct lp_node){id_of(p, 1, i), kind};
    }
}

/* Whether one of the first n lanes is the name of that node. */
static bool is_lane(const struct lineage_plan *p, uint32_t n, struct id128 id)
{
    for (uint32_t i = 0; i < n; i++)
        if (id128_cmp(p->lanes[i], id) == 0)
            return true;
    return false;
}

static void make_lanes(struct lineage_plan *p, struct lane *lanes, struct rng *r)
{
    p->n_lanes = (uint32_t)rng_in(r, 0, LP_LANES);
    for (uint32_t i = 0; i < p->n_lanes; i++) {
        struct lane *l = lanes + i;
        l->theme = (enum theme)rng_in(r, 0, THEMES - 1);
        l->time = any_time(r);
        for (uint32_t k = 0; k < LP_SLOTS; k++)
            l->slots[k] = (struct slot){.from = l->theme == THEME_SESSIONS ? any_node(p, r)
                                                                           : any_person(p, r),
                                        .to = any_person(p, r),
                                        .time = l->time + 10 * k * SECOND_MS,
                                        .late = rng_in(r, -2, 2) * SECOND_MS};
        struct id128 named = p->nodes[l->slots[0].from].id;
        if (l->theme == THEME_NAME && is_lane(p, i, named)) /* nobody's name has two lanes */
            l->theme = THEME_COPIES;
        p->lanes[i] = l->theme == THEME_NAME ? named : id_of(p, 2, i);
    }
}

/* ---- what events say ---- */

/* A link of the one who acted, or between two whom he names. What a service says joins nothing. */
static struct lp_link any_link(const struct lineage_plan *p, uint32_t actor, struct rng *r)
{
    static const enum lineage_type types[] = {LINK_ISSUED, LINK_CREATED, LINK_KEY_OF, LINK_LAUNCHED,
                                              LINK_SIGNED_IN};
    struct lp_link l = {.from = rng_chance(r, 8000) ? actor : any_node(p, r),
                        .to = any_node(p, r),
                        .type = types[rng_in(r, 0, 4)],
                        .strength = LINK_WEAK};
    bool service = p->nodes[actor].kind == LINEAGE_SERVICE ||
                   p->nodes[l.from].kind == LINEAGE_SERVICE ||
                   p->nodes[l.to].kind == LINEAGE_SERVICE;
    if (!service && !rng_chance(r, 3000))
        l.strength = rng_chance(r, 5000) ? LINK_CERTAIN : LINK_STRONG;
    return l;
}

/* A call in the name of one of several sessions has more than one answer. */
static struct lp_tie session_tie(const struct lane *l, uint32_t slot, bool exact, struct rng *r)
{
    const struct slot *s = l->slots + slot;
    if (rng_chance(r, 5000))
        return (struct lp_tie){.kind = LINEAGE_ISSUE, .time = s->time, .node = s->from};
    return (struct lp_tie){.kind = exact || rng_chance(r, 8000) ? LINEAGE_USE : LINEAGE_ONCALL,
                           .time = s->time + s->late,
                           .node = s->to};
}

/* Calls around the times at which the one session can have been alive. */
static struct lp_tie call_tie(const struct lane *l, uint32_t slot, struct rng *r)
{
    static const int64_t hours[] = {0, 1, 12, 35, 36, 37, -1};
    if (rng_chance(r, 5000))
        return (struct lp_tie){.kind = LINEAGE_USE, .time = l->time, .node = l->slots[0].from};
    return (struct lp_tie){.kind = LINEAGE_ONCALL,
                           .time = l->time + hours[rng_in(r, 0, 6)] * LP_HOUR_MS,
                           .node = l->slots[slot].to};
}

static struct lp_tie role_tie(const struct lane *l, uint32_t slot, struct rng *r)
{
    static const int64_t hours[] = {0, 1, 12, 24, 25, -1};
    if (rng_chance(r, 5000))
        return (struct lp_tie){.kind = LINEAGE_MADE, .time = l->time, .node = l->slots[0].from};
    return (struct lp_tie){.kind = LINEAGE_OF_ROLE,
                           .time = l->time + hours[rng_in(r, 0, 5)] * LP_HOUR_MS +
                                   (rng_chance(r, 2000) ? -2 * SECOND_MS : 0),
                           .node = l->slots[slot].to};
}

/* Where a lane has one answer only, it is the same slot's for all. */
static struct lp_tie lane_tie(const struct lane *l, bool exact, struct rng *r)
{
    uint32_t slot = (uint32_t)rng_in(r, 0, LP_SLOTS - 1);
    switch (l->theme) {
    case THEME_SESSIONS:
        return session_tie(l, slot, exact, r);
    case THEME_CALLS:
        return call_tie(l, slot, r);
    case THEME_ROLE:
        return role_tie(l, slot, r);
    case THEME_NAME:
        return (struct lp_tie){.kind = LINEAGE_BEARS, .node = l->slots[exact ? 0 : slot].to};
    case THEME_COPIES:
    case THEMES:
        break;
    }
    return (struct lp_tie){.kind = LINEAGE_COPY,
                           .time = (exact ? slot + 1 : rng_in(r, 1, 2)) * ACCOUNT,
                           .node = l->slots[slot].to};
}

static struct lp_tie any_tie(const struct lineage_plan *p, const struct lane *lanes, struct rng *r)
{
    uint32_t lane = (uint32_t)rng_in(r, 0, p->n_lanes - 1);
    const struct lane *l = lanes + lane;
    struct lp_tie t = lane_tie(l, p->exact, r);
    t.lane = lane;
    if (!p->exact && rng_chance(r, 2000)) { /* somebody else of the same name, at the same time */
        t.node = t.kind == LINEAGE_ISSUE ? any_node(p, r) : any_person(p, r);
        t.time +=
            t.kind == LINEAGE_COPY || t.kind == LINEAGE_BEARS ? 0 : rng_in(r, -1, 1) * SECOND_MS;
    }
    return t;
}

/* What the event's actor says of himself and others. */
static void speak(const struct lineage_plan *p, const struct lane *lanes, struct lp_event *e,
                  struct rng *r)
{
    e->tied = p->n_lanes && rng_chance(r, 5000);
    if (e->tied) {
        e->tie = any_tie(p, lanes, r);
        e->actor = e->tie.node;
    }
    if (!e->tied || rng_chance(r, 2000))
        e->n_links = (uint32_t)rng_in(r, 1, LP_LINKS);
    for (uint32_t i = 0; i < e->n_links; i++)
        e->links[i] = any_link(p, e->actor, r);
}

static uint32_t add_event(struct lineage_plan *p, const struct lane *lanes, int64_t time,
                          bool speaks, struct rng *r)
{
    struct lp_event *e = p->events + p->n_events;
    *e = (struct lp_event){.time = time, .actor = any_node(p, r)};
    if (speaks)
        speak(p, lanes, e, r);
    return p->n_events++;
}

/* ---- alerts ---- */

static void add_bundle(struct lineage_plan *p, struct lp_bundle b)
{
    if (p->n_bundles < LP_BUNDLES)
        p->bundles[p->n_bundles++] = b;
}

static bool one_actor(const struct lineage_plan *p, const struct lp_alert *a)
{
    for (uint32_t i = 1; i < a->n_events; i++)
        if (p->events[a->events[i]].actor != p->events[a->events[0]].actor)
            return false;
    return true;
}

/* Whether nothing is lost when a delivery tells the alert that has none of its events: what they
 * say of links is taken down with them, if lineage_links does not name them. */
static bool says_nothing(const struct lineage_plan *p, const struct lp_alert *a)
{
    for (uint32_t i = 0; i < a->n_events; i++) {
        const struct lp_event *e = p->events + a->events[i];
        if (!e->links_itself && (e->n_links || e->tied))
            return false;
    }
    return true;
}

/* Its events come one by one. */
static void part_alert(struct lineage_plan *p, uint32_t number)
{
    const struct lp_alert *a = p->alerts + number;
    for (uint32_t i = 0; i < a->n_events; i++)
        add_bundle(p, (struct lp_bundle){1, {a->events[i]}, number, 0});
}

/* They come together. */
static void bind_alert(struct lineage_plan *p, uint32_t number, struct rng *r)
{
    struct lp_alert *a = p->alerts + number;
    struct lp_bundle b = {.n_events = a->n_events, .alert = number};
    memcpy(b.events, a->events, sizeof b.events);
    add_bundle(p, b);
    if (!one_actor(p, a) || !rng_chance(r, 3000))
        return;
    a->grown += rng_in(r, 1, 30) * LP_HOUR_MS;
    b.update = 1;
    if (says_nothing(p, a) && rng_chance(r, 5000))
        b.n_events = 0;
    add_bundle(p, b);
}

/* Events of a day at most: those of one alert that are told apart and turn out to be akin are one
 * incident then. */
static void add_alert(struct lineage_plan *p, const struct lane *lanes, struct rng *r)
{
    uint32_t number = p->n_alerts++;
    struct lp_alert *a = p->alerts + number;
    int64_t time = any_time(r);
    *a = (struct lp_alert){.rule = (uint32_t)rng_in(r, 0, LP_RULES - 1), .first = time};
    a->n_events = rng_chance(r, 6000) ? 1 : (uint32_t)rng_in(r, 2, LP_EVIDENCE);
    for (uint32_t i = 0; i < a->n_events; i++) {
        a->last = time;
        a->events[i] = add_event(p, lanes, time, rng_chance(r, 3000), r);
        p->events[a->events[i]].hit = true;
        p->events[a->events[i]].links_itself = rng_chance(r, 3000);
        time += rng_in(r, 1, 11) * LP_HOUR_MS;
    }
    a->grown = a->last;
    a->gathered = a->n_events > 1 && rng_chance(r, 4000);
    if (a->gathered)
        part_alert(p, number);
    else
        bind_alert(p, number, r);
}

/* ---- objects ---- */

static void shuffle(struct lineage_plan *p, struct rng *r)
{
    for (uint32_t i = p->n_bundles; i > 1; i--) {
        uint32_t k = (uint32_t)rng_in(r, 0, i - 1);
        struct lp_bundle b = p->bundles[k];
        p->bundles[k] = p->bundles[i - 1];
        p->bundles[i - 1] = b;
    }
}

static void make_objects(struct lineage_plan *p, struct rng *r)
{
    uint32_t once = p->n_bundles;
    for (uint32_t i = 0; i < once / 4; i++)
        add_bundle(p, p->bundles[rng_in(r, 0, once - 1)]);
    shuffle(p, r);
    for (uint32_t i = 0; i < p->n_bundles;) {
        struct lp_object *o = p->objects + p->n_objects++;
        o->n = (uint32_t)rng_in(r, 1, 4);
        if (o->n > p->n_bundles - i)
            o->n = p->n_bundles - i;
        for (uint32_t k = 0; k < o->n; k++)
            o->bundles[k] = i++;
    }
}

void lineage_plan_make(struct lineage_plan *p, struct rng *r, uint64_t salt)
{
    struct lane lanes[LP_LANES];
    *p = (struct lineage_plan){.salt = salt, .exact = rng_chance(r, 5000)};
    make_nodes(p, r);
    make_lanes(p, lanes, r);
    uint32_t alerts = (uint32_t)rng_in(r, 1, LP_ALERTS);
    for (uint32_t i = 0; i < alerts; i++)
        add_alert(p, lanes, r);
    uint32_t more = (uint32_t)rng_in(r, 0, LP_EVENTS - p->n_events);
    for (uint32_t i = 0; i < more; i++) {
        uint32_t event = add_event(p, lanes, any_time(r), true, r);
        p->events[event].links_itself = true;
        add_bundle(p, (struct lp_bundle){1, {event}, LP_ALERT_NONE, 0});
    }
    make_objects(p, r);
}

/* ---- rules ---- */

enum level lineage_plan_level(uint32_t rule)
{
    static const enum level levels[LP_RULES] = {LEVEL_LOW, LEVEL_MEDIUM, LEVEL_HIGH,
                                                LEVEL_CRITICAL};
    return levels[rule];
}

static void put_rule(struct builder *b, uint32_t number)
{
    static const struct str tags[LP_RULES] = {{"attack.discovery", 16},
                                              {"attack.discovery", 16},
                                              {"attack.impact", 13},
                                              {"attack.persistence", 18}};
    struct rs_rule rule = {.id = builder_text(b, S("plain")),
                           .title = builder_text(b, S("plain")),
                           .level = (uint8_t)lineage_plan_level(number),
                           .tags = builder_texts(b, tags + number, 1),
                           .program = builder_node_const(b, true),
                           .window = number};
    (void)builder_rule(b, &rule);
}

static void put_window(struct builder *b, uint32_t rule)
{
    struct rs_window window = {.type = WINDOW_TYPE_SINGLE,
                               .flags = WINDOW_IDENTITY,
                               .n = 1,
                               .n_steps = 1,
                               .bucket_cells = 1,
                               .timespan_ms = LP_HOUR_MS,
                               .gap_ms = LP_HOUR_MS,
                               .cell_ms = LP_HOUR_MS,
                               .rule = rule};
    (void)builder_window(b, &window);
}

bool lineage_plan_rules(struct ruleset **out, struct err *e)
{
    struct builder *b = builder_new();
    if (!b)
        return err_set(e, ERR_SYSTEM, "no memory");
    for (uint32_t i = 0; i < LP_RULES; i++)
        put_rule(b, i);
    for (uint32_t i = 0; i < LP_RULES; i++)
        put_window(b, i);
    bool ok = builder_freeze(b, out, e);
    builder_free(b);
    return ok;
}

/* ---- ids ---- */

struct str lineage_plan_event_id(const struct lineage_plan *p, uint32_t event, struct buf *out)
{
    buf_putf(out, "%08x-%04x-4000-8000-%012x", event * 2654435761u, (unsigned)(p->salt & 0xffff),
             event);
    return buf_str(out);
}

struct str lineage_plan_alert_id(const struct lineage_plan *p, uint32_t alert, struct buf *out)
{
    buf_putf(out, "%016llx%016x", (unsigned long long)p->salt, alert + 1);
    return buf_str(out);
}

/* ---- for people ---- */

static void print_event(const struct lineage_plan *p, uint32_t number)
{
    static const char *const ties[] = {"issue", "use",   "on call", "of role",
                                       "made",  "bears", "copy"};
    const struct lp_event *e = p->events + number;
    fprintf(stderr, "  event %u at %lld h by %u%s%s", number, (long long)(e->time / LP_HOUR_MS),
            e->actor, e->links_itself ? "" : ", links nothing", e->hit ? ", hit" : "");
    for (uint32_t i = 0; i < e->n_links; i++)
        fprintf(stderr, "; %s %s %u -> %u", lineage_strength_name(e->links[i].strength),
                lineage_type_name(e->links[i].type), e->links[i].from, e->links[i].to);
    if (e->tied)
        fprintf(stderr, "; lane %u %s %u at %lld s", e->tie.lane, ties[e->tie.kind], e->tie.node,
                (long long)(e->tie.time / SECOND_MS));
    fputc('\n', stderr);
}

static void print_bundle(const struct lp_bundle *b)
{
    fputs(" (", stderr);
    for (uint32_t i = 0; i < b->n_events; i++)
        fprintf(stderr, "%s%u", i ? " " : "", b->events[i]);
    if (b->alert != LP_ALERT_NONE)
        fprintf(stderr, ", alert %u.%u", b->alert, b->update);
    fputc(')', stderr);
}

void lineage_plan_print(const struct lineage_plan *p)
{
    fprintf(stderr, "  %s\n", p->exact ? "exact" : "ambiguous");
    for (uint32_t i = 0; i < p->n_nodes; i++)
        fprintf(stderr, "  node %u: %s %016llx%016llx\n", i, lineage_kind_name(p->nodes[i].kind),
                (unsigned long long)p->nodes[i].id.hi, (unsigned long long)p->nodes[i].id.lo);
    for (uint32_t i = 0; i < p->n_events; i++)
        print_event(p, i);
    for (uint32_t i = 0; i < p->n_alerts; i++) {
        const struct lp_alert *a = p->alerts + i;
        fprintf(stderr, "  alert %u: %srule %u, [%lld, %lld] h, grows to %lld h\n", i,
                a->gathered ? "gathered, " : "", a->rule, (long long)(a->first / LP_HOUR_MS),
                (long long)(a->last / LP_HOUR_MS), (long long)(a->grown / LP_HOUR_MS));
    }
    for (uint32_t i = 0; i < p->n_objects; i++) {
        fprintf(stderr, "  object %u:", i);
        for (uint32_t k = 0; k < p->objects[i].n; k++)
            print_bundle(p->bundles + p->objects[i].bundles[k]);
        fputc('\n', stderr);
    }
}
