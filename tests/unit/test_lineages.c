/* handlers/lineages.c and its parts, over a state in memory. Answers follow from the rules in
 * handlers/lineages.h and respond/lineage_graph.h, by hand. */
#include "handlers/lineages.h"

#include "adapters/state_memory.h"
#include "handlers/lineage_items.h"
#include "respond/incident_seen.h"
#include "tests/unit/support/alloc.h"
#include "tests/unit/support/check.h"

#define HOUR  (3600 * 1000LL)
#define DAY   (24 * HOUR)
#define NOW   (1000 * DAY)
#define LEASE 1000
#define AT(h) (NOW + (h)*HOUR) /* so many hours from now */

/* ---- a world ---- */

#define SAID_MAX 64

struct said {
    unsigned char id[INCIDENT_ID_BYTES];
    uint32_t updates, signals, joined;
    unsigned char first_joined[INCIDENT_ID_BYTES];
};

/* A state that may fail at one call, before or after it is done. */
struct world {
    struct state_memory *memory;
    struct port_state port, inner;
    unsigned calls, fail_at; /* 0: never */
    bool fail_after;
    bool mute;     /* telling fails */
    bool full;     /* no bucket takes any more */
    char stranger; /* owner of the next delivery; 0: it is told by its time */
    struct said said[SAID_MAX];
    size_t n_said;
    struct rs_rule rules[LEVEL_CRITICAL + 1];
    struct rs_window windows[LEVEL_CRITICAL + 1]; /* rule i has level i */
    struct ruleset rs;
};

static bool fails(struct world *w, bool after, struct err *e)
{
    w->calls += !after;
    return w->calls == w->fail_at && after == w->fail_after &&
           !err_set(e, ERR_RETRY, "call %u failed", w->calls);
}

static bool add(void *self, const struct state_add *list, size_t n, struct err *e)
{
    struct world *w = self;
    if (w->full)
        return err_set(e, ERR_LIMIT, "the bucket is full");
    return !fails(w, false, e) && w->inner.add(w->inner.self, list, n, e) && !fails(w, true, e);
}

static bool read_buckets(void *self, const struct state_read *list, size_t n, struct err *e)
{
    struct world *w = self;
    return !fails(w, false, e) && w->inner.read(w->inner.self, list, n, e) && !fails(w, true, e);
}

static bool claims(void *self, struct state_claims *list, size_t n, struct err *e)
{
    struct world *w = self;
    return !fails(w, false, e) && w->inner.claims(w->inner.self, list, n, e) && !fails(w, true, e);
}

static bool swap(void *self, struct state_swap *list, size_t n, struct err *e)
{
    struct world *w = self;
    return !fails(w, false, e) && w->inner.swap(w->inner.self, list, n, e) && !fails(w, true, e);
}

static void pause_none(void *self, int64_t ms)
{
    (void)self;
    (void)ms;
}

static void write_text(void *to, const struct alert *a, const struct id128 *events, size_t n,
                       struct buf *out)
{
    (void)to;
    (void)events;
    buf_put(out, a->id);
    buf_putf(out, " %zu", n);
}

static bool tell(void *to, const struct told_incident *i, struct err *e)
{
    struct world *w = to;
    if (w->mute)
        return err_set(e, ERR_RETRY, "nobody hears");
    if (fails(w, false, e))
        return false;
    assert_true(w->n_said < SAID_MAX);
    struct said *s = w->said + w->n_said++;
    *s = (struct said){
        .updates = i->updates, .signals = i->record->n_signals, .joined = i->record->n_joined};
    memcpy(s->id, i->id, sizeof s->id);
    if (s->joined)
        memcpy(s->first_joined, i->record->joined[0], sizeof s->first_joined);
    return !fails(w, true, e);
}

static void world_init(struct world *w)
{
    *w = (struct world){.memory = state_memory_new()};
    assert_non_null(w->memory);
    w->inner = state_memory_port(w->memory);
    w->port = (struct port_state){w, add, read_buckets, NULL, claims, swap, pause_none};
    for (uint8_t i = 0; i <= LEVEL_CRITICAL; i++) {
        w->rules[i].level = i;
        w->windows[i].rule = i;
    }
    w->rs.rules = w->rules;
    w->rs.windows = w->windows;
    w->rs.n_rules = w->rs.n_windows = LEVEL_CRITICAL + 1;
}

static void world_release(struct world *w)
{
    state_memory_free(w->memory);
}

static struct lineages *worker(struct world *w)
{
    struct err e = {0};
    const struct lineages_config cfg = {
        .rules = &w->rs, .min_level = LEVEL_LOW, .memory_ms = 15 * DAY};
    struct lineages *l =
        lineages_new(&cfg, &w->port, (struct lineages_calls){w, write_text, tell}, &e);
    if (!l)
        fail_msg("%s", e.text);
    return l;
}

/* ---- what is delivered ---- */

static struct id128 node_id(unsigned number)
{
    return (struct id128){0x1000 + number, number};
}

/* An event as a case has it. Nodes are numbers below 100; kind 0 is a user. */
struct deed_case {
    int hour;
    unsigned actor;
    enum lineage_kind kind; /* the actor's */
    unsigned made;          /* 0: it makes nothing */
    enum lineage_strength strength;
    unsigned lane; /* 0: it leaves no tie */
    enum lineage_tie_kind tie;
    int second;       /* of the tie, from the hour on; of a copy the account */
    unsigned alert;   /* 0: no alert */
    enum level level; /* of the alert */
};

static void fill(const struct deed_case *d, struct lineage_event *ev)
{
    static const struct str names[] = {{"zero", 4}, {"one", 3}, {"two", 3}};
    ev->n_nodes = 1 + (d->made > 0);
    ev->n_links = d->made > 0;
    ev->n_ties = d->lane > 0;
    ev->key = 0;
    ev->cut = false;
    ev->nodes[0] = (struct lineage_node){.id = node_id(d->actor),
                                         .kind = d->kind,
                                         .name = names[d->actor % 3],
                                         .created_ms = INT64_MIN};
    ev->nodes[1] = (struct lineage_node){
        .id = node_id(d->made), .kind = LINEAGE_SESSION, .name = S("x"), .created_ms = AT(d->hour)};
    ev->links[0] = (struct lineage_link){0, 1, LINK_ISSUED, d->strength};
    ev->ties[0] = (struct lineage_tie){.kind = d->tie,
                                       .lane = node_id(d->lane),
                                       .time_ms = AT(d->hour) + d->second * 1000,
                                       .node = 0};
    if (d->tie == LINEAGE_BEARS)
        ev->ties[0].time_ms = 0;
    if (d->tie == LINEAGE_COPY)
        ev->ties[0].time_ms = d->second * (1LL << 40);
}

static void put_event_id(struct buf *b, const struct deed_case *d)
{
    buf_reset(b);
    buf_putf(b, "%08x-0000-4000-8000-0000%04x%04x", (unsigned)(d->hour + 1000), d->actor,
             d->alert * 100 + d->made);
}

static void put_alert_id(struct buf *b, unsigned alert)
{
    buf_reset(b);
    buf_putf(b, "%032x", alert);
}

static bool deliver_one(struct world *w, struct lineages *l, const struct deed_case *d,
                        struct err *e)
{
    static struct lineage_event ev;
    struct buf event, id;
    buf_init(&event, 64);
    buf_init(&id, 64);
    fill(d, &ev);
    put_event_id(&event, d);
    put_alert_id(&id, d->alert);
    struct str told = buf_str(&event);
    const struct alert a = {.window = w->windows + d->level,
                            .id = buf_str(&id),
                            .timed = true,
                            .first_ms = AT(d->hour),
                            .last_ms = AT(d->hour),
                            .count = 1,
                            .events = &told,
                            .n_events = 1};
    bool ok = lineages_take(l, &ev, true, d->alert > 0, true, AT(d->hour),
                            lineage_evidence_of(told), e) &&
              (d->alert == 0 || (lineages_alert(l, &a, e) && lineages_settle(l, e)));
    buf_release(&event);
    buf_release(&id);
    return ok;
}

/* One object, delivered for the n-th time. */
static bool deliver(struct world *w, struct lineages *l, const struct deed_case *list, size_t n,
                    int time, struct err *e)
{
    struct delivery d = {.now_ms = NOW + time * 2 * LEASE, .lease_ms = LEASE, .again = time > 0};
    memset(d.owner, w->stranger ? w->stranger : 'a' + time, sizeof d.owner);
    lineages_begin(l, &d);
    for (size_t i = 0; i < n; i++)
        if (!deliver_one(w, l, list + i, e))
            return false;
    return lineages_settle(l, e);
}

static void deliver_well(struct world *w, struct lineages *l, const struct deed_case *list,
                         size_t n, int time)
{
    struct err e = {0};
    if (!deliver(w, l, list, n, time, &e))
        fail_msg("%s", e.text);
}

/* ---- what is there afterwards ---- */

/* The item of a node, or of its root. */
static void read_item(struct world *w, struct id128 *id, bool root, struct arena *a,
                      struct node_item *it)
{
    struct err e = {0};
    for (unsigned steps = 0;; steps++) {
        struct state_claims got = {.key = node_key(*id)};
        assert_true(steps < 64);
        buf_init(&got.blob, RECORDS_BYTES_MAX);
        assert_true(w->inner.claims(w->inner.self, &got, 1, &e));
        node_item_init(it, a);
        if (!node_item_decode(it, buf_str(&got.blob), &e))
            fail_msg("%s", e.text);
        buf_release(&got.blob);
        if (!root || !it->moved)
            return;
        *id = it->moved_to;
        node_item_release(it);
    }
}

static struct id128 root_of(struct world *w, unsigned number)
{
    struct arena a;
    struct node_item it;
    struct id128 id = node_id(number);
    arena_init(&a, 64u << 20);
    read_item(w, &id, true, &a, &it);
    node_item_release(&it);
    arena_release(&a);
    return id;
}

static bool are_akin(struct world *w, unsigned a, unsigned b)
{
    return id128_cmp(root_of(w, a), root_of(w, b)) == 0;
}

/* The strength of the link between two nodes, plus 1; 0: there is none. */
static int strength_of(struct world *w, unsigned from, unsigned to)
{
    struct arena a;
    struct node_item it;
    struct id128 id = node_id(to);
    int found = 0;
    arena_init(&a, 64u << 20);
    read_item(w, &id, false, &a, &it);
    for (uint32_t i = 0; i < it.n_up; i++)
        if (id128_cmp(it.up[i].from, node_id(from)) == 0)
            found = it.up[i].strength + 1;
    node_item_release(&it);
    arena_release(&a);
    return found;
}

/* ---- linking ---- */

#define LINK(h, from, to)                                                                          \
    {                                                                                              \
        .hour = h, .actor = from, .made = to, .strength = LINK_CERTAIN                             \
    }
#define TIE(h, who, in, how, sec)                                                                  \
    {                                                                                              \
        .hour = h, .actor = who, .kind = LINEAGE_SESSION, .lane = in, .tie = how, .second = sec    \
    }
#define ALERT(h, who, number, grave)                                                               \
    {                                                                                              \
        .hour = h, .actor = who, .alert = number, .level = grave                                   \
    }

/* Which links are sure, and which only told: of events that each are an object of their own, in
 * any order. */
static const struct link_case {
    const char *name;
    struct deed_case deeds[4];
    size_t n;
    unsigned a, b; /* two nodes */
    bool akin;
    int link; /* strength of the link from a to b, plus 1; 0: none */
} link_cases[] = {
    {"certain", {LINK(1, 1, 2)}, 1, 1, 2, true, 3},
    {"weak", {{.hour = 1, .actor = 1, .made = 2, .strength = LINK_WEAK}}, 1, 1, 2, false, 1},
    {"by a service",
     {{.hour = 1, .actor = 1, .kind = LINEAGE_SERVICE, .made = 2, .strength = LINK_CERTAIN}},
     1,
     1,
     2,
     false,
     0},
    {"a chain", {LINK(1, 1, 2), LINK(2, 2, 3), LINK(3, 3, 4)}, 3, 1, 4, true, 0},
    {"two chains meet", {LINK(1, 1, 2), LINK(2, 3, 4), LINK(3, 2, 3)}, 3, 1, 4, true, 0},
    {"a ring", {LINK(1, 1, 2), LINK(2, 2, 3), LINK(3, 3, 1)}, 3, 1, 3, true, 0},
    {"issued and used",
     {TIE(1, 1, 50, LINEAGE_ISSUE, 0), TIE(1, 2, 50, LINEAGE_USE, 0)},
     2,
     1,
     2,
     true,
     2},
    {"two seconds on",
     {TIE(1, 1, 50, LINEAGE_ISSUE, 0), TIE(1, 2, 50, LINEAGE_USE, 2)},
     2,
     1,
     2,
     true,
     2},
    {"three seconds on",
     {TIE(1, 1, 50, LINEAGE_ISSUE, 0), TIE(1, 2, 50, LINEAGE_USE, 3)},
     2,
     1,
     2,
     false,
     0},
    {"in another lane",
     {TIE(1, 1, 50, LINEAGE_ISSUE, 0), TIE(1, 2, 51, LINEAGE_USE, 0)},
     2,
     1,
     2,
     false,
     0},
    {"a call in its name",
     {TIE(1, 1, 50, LINEAGE_USE, 0), TIE(30, 2, 50, LINEAGE_ONCALL, 0)},
     2,
     1,
     2,
     true,
     2},
    {"too late a call",
     {TIE(1, 1, 50, LINEAGE_USE, 0), TIE(38, 2, 50, LINEAGE_ONCALL, 0)},
     2,
     1,
     2,
     false,
     0},
    {"a role's session",
     {TIE(1, 1, 50, LINEAGE_MADE, 0), TIE(25, 2, 50, LINEAGE_OF_ROLE, 0)},
     2,
     1,
     2,
     true,
     2},
    {"an old role's session",
     {TIE(1, 1, 50, LINEAGE_MADE, 0), TIE(26, 2, 50, LINEAGE_OF_ROLE, 0)},
     2,
     1,
     2,
     false,
     0},
    {"a name", {TIE(1, 2, 1, LINEAGE_BEARS, 0)}, 1, 1, 2, true, 2},
    {"copies", {TIE(1, 1, 50, LINEAGE_COPY, -5), TIE(1, 2, 50, LINEAGE_COPY, 6)}, 2, 1, 2, true, 2},
    {"copies in one account",
     {TIE(1, 1, 50, LINEAGE_COPY, 5), TIE(1, 2, 50, LINEAGE_COPY, 5)},
     2,
     1,
     2,
     false,
     0},
};

/* The k-th order of n things. */
static void permute(const struct deed_case *from, size_t n, size_t k, struct deed_case *to)
{
    memcpy(to, from, n * sizeof *to);
    for (size_t i = n; i > 1; k /= i, i--) {
        struct deed_case one = to[k % i];
        to[k % i] = to[i - 1];
        to[i - 1] = one;
    }
}

static void links(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(link_cases); i++) {
        const struct link_case *t = link_cases + i;
        for (size_t order = 0; order < 6; order++) {
            struct world w;
            struct deed_case deeds[4];
            world_init(&w);
            permute(t->deeds, t->n, order, deeds);
            for (size_t k = 0; k < t->n; k++) { /* each by a worker of its own */
                struct lineages *l = worker(&w);
                deliver_well(&w, l, deeds + k, 1, 0);
                lineages_free(l);
            }
            check_int(t->name, are_akin(&w, t->a, t->b), t->akin);
            check_int(t->name, strength_of(&w, t->a, t->b), t->link);
            world_release(&w);
        }
    }
}

/* The same in one object. */
static void links_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(link_cases); i++) {
        const struct link_case *t = link_cases + i;
        struct world w;
        world_init(&w);
        struct lineages *l = worker(&w);
        deliver_well(&w, l, t->deeds, t->n, 0);
        check_int(t->name, are_akin(&w, t->a, t->b), t->akin);
        check_int(t->name, strength_of(&w, t->a, t->b), t->link);
        lineages_free(l);
        world_release(&w);
    }
}

/* Two unlike issuers at once: neither is picked, and both are told. */
static void picks_nobody(void **state)
{
    (void)state;
    static const struct deed_case deeds[] = {TIE(1, 1, 50, LINEAGE_ISSUE, 0),
                                             TIE(1, 3, 50, LINEAGE_ISSUE, 0),
                                             TIE(1, 2, 50, LINEAGE_USE, 0)};
    struct world w;
    world_init(&w);
    struct lineages *l = worker(&w);
    deliver_well(&w, l, deeds, COUNT(deeds), 0);
    assert_false(are_akin(&w, 1, 2));
    assert_false(are_akin(&w, 3, 2));
    assert_int_equal(strength_of(&w, 1, 2), LINK_WEAK + 1);
    assert_int_equal(strength_of(&w, 3, 2), LINK_WEAK + 1);
    lineages_free(l);
    world_release(&w);
}

/* Of two issues near a session's birth the nearer one counts, when both are there. */
static void picks_the_nearest(void **state)
{
    (void)state;
    static const struct deed_case deeds[] = {TIE(1, 3, 50, LINEAGE_ISSUE, 2),
                                             TIE(1, 1, 50, LINEAGE_ISSUE, 1),
                                             TIE(1, 2, 50, LINEAGE_USE, 0)};
    struct world w;
    world_init(&w);
    struct lineages *l = worker(&w);
    deliver_well(&w, l, deeds, COUNT(deeds), 0);
    assert_true(are_akin(&w, 1, 2));
    assert_false(are_akin(&w, 3, 2));
    lineages_free(l);
    world_release(&w);
}

/* A process that has stored a link asks nothing about it any more. */
static void knows_what_is_stored(void **state)
{
    (void)state;
    static const struct deed_case deed[] = {LINK(1, 1, 2)};
    struct world w;
    world_init(&w);
    struct lineages *l = worker(&w);
    deliver_well(&w, l, deed, 1, 0);
    unsigned calls = w.calls;
    assert_true(calls > 0);
    deliver_well(&w, l, deed, 1, 1);
    assert_int_equal(w.calls, calls);
    static const struct deed_case another[] = {LINK(1, 1, 3)};
    deliver_well(&w, l, another, 1, 2);
    assert_true(w.calls > calls);
    lineages_free(l);
    world_release(&w);
}

/* A way that grew long is short when it was walked. */
static void shortens_ways(void **state)
{
    (void)state;
    struct world w;
    struct err e = {0};
    world_init(&w);
    for (unsigned i = 1; i < 40; i++) { /* what 39 moves leave */
        struct arena a;
        struct node_item it;
        struct buf b;
        arena_init(&a, 1u << 20);
        buf_init(&b, 4096);
        node_item_init(&it, &a);
        it.written_ms = NOW;
        it.moved = i < 39;
        it.moved_to = node_id(i + 1);
        node_item_encode(&it, &b);
        struct state_swap s = {node_key(node_id(i)), buf_str(&b), 0, 0, false};
        assert_true(w.inner.swap(w.inner.self, &s, 1, &e));
        node_item_release(&it);
        buf_release(&b);
        arena_release(&a);
    }
    static const struct deed_case deed[] = {LINK(1, 1, 60)};
    struct lineages *l = worker(&w);
    deliver_well(&w, l, deed, 1, 0);
    lineages_free(l);
    struct arena a;
    struct node_item it;
    struct id128 id = node_id(1);
    arena_init(&a, 1u << 20);
    read_item(&w, &id, false, &a, &it);
    assert_int_equal(id128_cmp(it.moved_to, node_id(39)), 0);
    node_item_release(&it);
    arena_release(&a);
    assert_true(are_akin(&w, 60, 39));
    world_release(&w);
}

/* What is in use is written once a day, whether or not it changes. */
static void renews(void **state)
{
    (void)state;
    static const struct deed_case deed[] = {LINK(1, 1, 2)};
    static const int64_t later[] = {23 * HOUR, 24 * HOUR};
    for (size_t i = 0; i < COUNT(later); i++) {
        struct world w;
        world_init(&w);
        struct lineages *l = worker(&w);
        deliver_well(&w, l, deed, 1, 0);
        lineages_free(l);
        l = worker(&w);
        deliver_well(&w, l, deed, 1, (int)(later[i] / (2 * LEASE)));
        struct arena a;
        arena_init(&a, 1u << 20);
        for (unsigned node = 1; node <= 2; node++) {
            struct node_item it;
            struct id128 id = node_id(node);
            read_item(&w, &id, false, &a, &it);
            assert_int_equal(it.written_ms, i ? NOW + later[i] : NOW);
            node_item_release(&it);
        }
        arena_release(&a);
        lineages_free(l);
        world_release(&w);
    }
}

/* Buckets that are full are no reason to fail: joins are made all the same. */
static void does_without_buckets(void **state)
{
    (void)state;
    static const struct deed_case deeds[] = {LINK(0, 1, 2), ALERT(1, 2, 1, LEVEL_HIGH)};
    struct world w;
    world_init(&w);
    w.full = true;
    struct lineages *l = worker(&w);
    deliver_well(&w, l, deeds, COUNT(deeds), 0);
    assert_true(are_akin(&w, 1, 2));
    assert_int_equal(w.n_said, 1);
    assert_int_equal(lineages_counts(l)->cut, 2); /* what was made, and the list of incidents */
    lineages_free(l);
    world_release(&w);
}

/* ---- telling ---- */

static void tells_once(void **state)
{
    (void)state;
    static const struct deed_case deeds[] = {LINK(0, 1, 2), ALERT(1, 2, 1, LEVEL_HIGH)};
    struct world w;
    world_init(&w);
    struct lineages *l = worker(&w), *other = worker(&w);
    deliver_well(&w, l, deeds, COUNT(deeds), 0);
    assert_int_equal(w.n_said, 1);
    deliver_well(&w, l, deeds, COUNT(deeds), 1);
    deliver_well(&w, other, deeds, COUNT(deeds), 2);
    assert_int_equal(w.n_said, 1);
    unsigned char id[INCIDENT_ID_BYTES], alert[INCIDENT_ID_BYTES] = {[15] = 1};
    record_id(id, alert, node_id(2));
    assert_memory_equal(w.said[0].id, id, sizeof id);
    lineages_free(l);
    lineages_free(other);
    world_release(&w);
}

static const struct incident_case {
    const char *name;
    struct deed_case deeds[5]; /* each an object of its own, in this order */
    size_t n;
    struct {
        unsigned alert; /* that the incident is named after */
        unsigned actor;
        uint32_t updates, signals;
        unsigned joined; /* alert that the one that joined is named after; 0: none */
    } said[4];
    size_t n_said;
} incident_cases[] = {
    {"mild alerts make none", {ALERT(1, 1, 1, LEVEL_LOW)}, 1, {{0, 0, 0, 0, 0}}, 0},
    {"two hands",
     {ALERT(1, 1, 1, LEVEL_HIGH), ALERT(2, 2, 2, LEVEL_HIGH)},
     2,
     {{1, 1, 0, 1, 0}, {2, 2, 0, 1, 0}},
     2},
    {"a second alert of the same is no news",
     {ALERT(1, 1, 1, LEVEL_HIGH), ALERT(2, 1, 2, LEVEL_HIGH)},
     2,
     {{1, 1, 0, 1, 0}},
     1},
    {"a graver one is",
     {ALERT(1, 1, 1, LEVEL_HIGH), ALERT(2, 1, 2, LEVEL_CRITICAL)},
     2,
     {{1, 1, 0, 1, 0}, {1, 1, 1, 2, 0}},
     2},
    {"a day and more between",
     {ALERT(1, 1, 1, LEVEL_HIGH), ALERT(26, 1, 2, LEVEL_HIGH)},
     2,
     {{1, 1, 0, 1, 0}, {2, 1, 0, 1, 0}},
     2},
    {"linked before",
     {LINK(0, 1, 2), ALERT(1, 1, 1, LEVEL_HIGH), ALERT(2, 2, 2, LEVEL_HIGH)},
     3,
     {{1, 1, 0, 1, 0}, {1, 1, 1, 2, 0}},
     2},
    {"the link comes last",
     {ALERT(2, 2, 2, LEVEL_HIGH), ALERT(1, 1, 1, LEVEL_HIGH), LINK(0, 1, 2)},
     3,
     {{2, 2, 0, 1, 0}, {1, 1, 0, 1, 0}, {1, 1, 1, 2, 2}},
     3},
    {"the tie comes last",
     {ALERT(2, 2, 2, LEVEL_HIGH), ALERT(1, 1, 1, LEVEL_HIGH), TIE(0, 1, 50, LINEAGE_ISSUE, 0),
      TIE(0, 2, 50, LINEAGE_USE, 0)},
     4,
     {{2, 2, 0, 1, 0}, {1, 1, 0, 1, 0}, {1, 1, 1, 2, 2}},
     3},
    {"linked, but a day apart",
     {ALERT(1, 1, 1, LEVEL_HIGH), ALERT(26, 2, 2, LEVEL_HIGH), LINK(0, 1, 2)},
     3,
     {{1, 1, 0, 1, 0}, {2, 2, 0, 1, 0}},
     2},
    {"what lies between joins them",
     {ALERT(1, 1, 1, LEVEL_HIGH), ALERT(40, 1, 2, LEVEL_HIGH), ALERT(20, 1, 3, LEVEL_LOW)},
     3,
     {{1, 1, 0, 1, 0}, {2, 1, 0, 1, 0}, {1, 1, 1, 3, 2}},
     3},
    {"an old link",
     {LINK(-200, 1, 2), LINK(-100, 2, 3), ALERT(1, 1, 1, LEVEL_HIGH), ALERT(2, 3, 2, LEVEL_HIGH)},
     4,
     {{1, 1, 0, 1, 0}, {1, 1, 1, 2, 0}},
     2},
};

static void check_said(const struct incident_case *t, const struct world *w)
{
    check_size(t->name, w->n_said, t->n_said);
    for (size_t i = 0; i < t->n_said; i++) {
        const struct said *s = w->said + i;
        unsigned char id[INCIDENT_ID_BYTES], alert[INCIDENT_ID_BYTES] = {0};
        alert[15] = (unsigned char)t->said[i].alert;
        record_id(id, alert, node_id(t->said[i].actor));
        check_int(t->name, memcmp(s->id, id, sizeof id), 0);
        check_int(t->name, s->updates, t->said[i].updates);
        check_int(t->name, s->signals, t->said[i].signals);
        check_int(t->name, s->joined, t->said[i].joined > 0);
        if (!s->joined)
            continue;
        alert[15] = (unsigned char)t->said[i].joined;
        record_id(id, alert, node_id(t->said[i].joined == 2 && t->said[i].signals == 2 ? 2 : 1));
        check_int(t->name, memcmp(s->first_joined, id, sizeof id), 0);
    }
}

static void tells_incidents(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(incident_cases); i++) {
        const struct incident_case *t = incident_cases + i;
        struct world w;
        world_init(&w);
        struct lineages *l = worker(&w);
        for (size_t k = 0; k < t->n; k++)
            deliver_well(&w, l, t->deeds + k, 1, 0);
        check_said(t, &w);
        lineages_free(l);
        world_release(&w);
    }
}

/* What a case says in the end: the newest message of each incident that none has joined. */
static void check_newest(const char *name, const struct world *w, const struct incident_case *t,
                         unsigned call)
{
    for (size_t i = 0; i < t->n_said; i++) {
        unsigned char id[INCIDENT_ID_BYTES], alert[INCIDENT_ID_BYTES] = {0};
        bool found = false;
        alert[15] = (unsigned char)t->said[i].alert;
        record_id(id, alert, node_id(t->said[i].actor));
        for (size_t k = 0; k < w->n_said; k++)
            found = found || (memcmp(w->said[k].id, id, sizeof id) == 0 &&
                              w->said[k].signals >= t->said[i].signals &&
                              w->said[k].joined >= (t->said[i].joined > 0));
        if (!found)
            fail_msg("%s: call %u failed, and message %zu was never told", name, call, i);
    }
    for (size_t k = 0; k < w->n_said; k++) {
        bool known = false;
        for (size_t i = 0; i < t->n_said; i++) {
            unsigned char id[INCIDENT_ID_BYTES], alert[INCIDENT_ID_BYTES] = {0};
            alert[15] = (unsigned char)t->said[i].alert;
            record_id(id, alert, node_id(t->said[i].actor));
            known = known || memcmp(w->said[k].id, id, sizeof id) == 0;
        }
        if (!known)
            fail_msg("%s: call %u failed, and an incident got a second id", name, call);
    }
}

/* Each call fails once, before it is done or after; its object comes again. */
static void survives_each_call(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(incident_cases); i++) {
        const struct incident_case *t = incident_cases + i;
        for (unsigned call = 1, done = 0; !done; call++) {
            for (int after = 0; after < 2; after++) {
                struct world w;
                world_init(&w);
                w.fail_at = call;
                w.fail_after = after;
                for (size_t k = 0; k < t->n; k++) {
                    struct err e = {0};
                    struct lineages *l = worker(&w);
                    if (!deliver(&w, l, t->deeds + k, 1, 0, &e)) {
                        lineages_free(l);
                        l = worker(&w);
                        deliver_well(&w, l, t->deeds + k, 1, 1);
                    }
                    lineages_free(l);
                }
                check_newest(t->name, &w, t, call);
                done = w.calls < call;
                world_release(&w);
            }
        }
    }
}

/* Another, who died, holds the message: the object comes again, and then it is told. */
static void waits_for_others(void **state)
{
    (void)state;
    static const struct deed_case first[] = {ALERT(1, 1, 1, LEVEL_HIGH)};
    static const struct deed_case second[] = {ALERT(2, 1, 2, LEVEL_HIGH)};
    struct world w;
    struct err e = {0};
    world_init(&w);
    struct lineages *l = worker(&w);
    w.mute = true;
    assert_false(deliver(&w, l, first, 1, 0, &e));
    w.mute = false;
    w.stranger = 'z';
    assert_false(deliver(&w, l, second, 1, 0, &e));
    assert_int_equal(e.kind, ERR_RETRY);
    assert_int_equal(w.n_said, 0);
    deliver_well(&w, l, second, 1, 1);
    assert_int_equal(w.n_said, 1);
    assert_int_equal(w.said[0].signals, 2);
    lineages_free(l);
    world_release(&w);
}

/* Memory runs out at each call in turn; the object comes again. */
static void survives_without_memory(void **state)
{
    (void)state;
    static const struct deed_case deeds[] = {LINK(0, 1, 2), TIE(0, 1, 50, LINEAGE_ISSUE, 0),
                                             TIE(0, 3, 50, LINEAGE_USE, 0),
                                             ALERT(1, 2, 1, LEVEL_HIGH)};
    for (size_t at = 1, done = 0; !done; at++) {
        struct world w;
        struct err e = {0};
        world_init(&w);
        struct lineages *l = worker(&w);
        alloc_fail_at(at);
        bool ok = deliver(&w, l, deeds, COUNT(deeds), 0, &e);
        done = alloc_calls() < at;
        alloc_works();
        assert_true(ok || e.text[0]);
        deliver_well(&w, l, deeds, COUNT(deeds), 1);
        assert_true(are_akin(&w, 2, 3));
        assert_true(w.n_said >= 1);
        lineages_free(l);
        world_release(&w);
    }
}

/* An alert of which no event is known is placed by its details. */
static void places_by_details(void **state)
{
    (void)state;
    struct world w;
    struct err e = {0};
    const struct delivery d = {.now_ms = NOW, .lease_ms = LEASE, .owner = "a"};
    struct alert a = {.window = w.windows + LEVEL_HIGH,
                      .id = S("00000000000000000000000000000001"),
                      .timed = true,
                      .first_ms = AT(0),
                      .last_ms = AT(0),
                      .known = true};
    a.first.has_node = true;
    a.first.node = (struct lineage_node){
        .id = node_id(1), .kind = LINEAGE_USER, .name = S("eve"), .created_ms = INT64_MIN};
    world_init(&w);
    struct lineages *l = worker(&w);
    lineages_begin(l, &d);
    assert_true(lineages_alert(l, &a, &e));
    assert_true(lineages_settle(l, &e));
    assert_int_equal(w.n_said, 1);
    a.first.has_node = false;
    a.id = S("00000000000000000000000000000002");
    assert_true(lineages_alert(l, &a, &e));
    assert_true(lineages_settle(l, &e));
    assert_int_equal(w.n_said, 1);
    assert_int_equal(lineages_counts(l)->unplaced, 1);
    lineages_free(l);
    world_release(&w);
}

/* A correlation over two people makes an incident for who completed it, and is a signal for the
 * other. */
static void parts_alerts(void **state)
{
    (void)state;
    static const struct deed_case deeds[] = {ALERT(1, 1, 1, LEVEL_LOW), ALERT(2, 2, 2, LEVEL_LOW)};
    static struct lineage_event ev;
    struct world w;
    struct err e = {0};
    const struct delivery d = {.now_ms = NOW, .lease_ms = LEASE, .owner = "a"};
    struct buf ids[2];
    struct str events[2];
    world_init(&w);
    struct lineages *l = worker(&w);
    lineages_begin(l, &d);
    for (size_t i = 0; i < 2; i++) {
        buf_init(ids + i, 64);
        put_event_id(ids + i, deeds + i);
        events[i] = buf_str(ids + i);
        fill(deeds + i, &ev);
        assert_true(lineages_take(l, &ev, false, true, true, AT(deeds[i].hour),
                                  lineage_evidence_of(events[i]), &e));
    }
    const struct alert a = {.window = w.windows + LEVEL_HIGH,
                            .id = S("00000000000000000000000000000001"),
                            .timed = true,
                            .first_ms = AT(1),
                            .last_ms = AT(2),
                            .events = events,
                            .n_events = 2};
    assert_true(lineages_alert(l, &a, &e));
    assert_true(lineages_settle(l, &e));
    assert_int_equal(w.n_said, 1);
    unsigned char id[INCIDENT_ID_BYTES], alert[INCIDENT_ID_BYTES] = {[15] = 1};
    record_id(id, alert, node_id(2));
    assert_memory_equal(w.said[0].id, id, sizeof id);
    struct arena memory;
    struct node_item it;
    struct id128 node = node_id(1);
    arena_init(&memory, 1u << 20);
    read_item(&w, &node, true, &memory, &it);
    assert_int_equal(it.book.list.n, 1);
    assert_false(book_at(&it.book, 0)->made);
    assert_int_equal(book_at(&it.book, 0)->first_ms, AT(1));
    assert_int_equal(book_at(&it.book, 0)->last_ms, AT(1)); /* his own part of it */
    node_item_release(&it);
    arena_release(&memory);
    for (size_t i = 0; i < 2; i++)
        buf_release(ids + i);
    lineages_free(l);
    world_release(&w);
}

/* Of events that other deliveries saw, windows tell who may have done them. */
static const struct unseen_case {
    const char *name;
    struct {
        unsigned actor;
        int from, until; /* hours */
    } doers[3];
    size_t n;
    const char *with; /* of the actors 1 to 4, who has the alert among his signals */
    unsigned main;    /* whose incident it is */
} unseen_cases[] = {
    {"nobody is known", {{0}}, 0, "1...", 1},
    {"one did the other", {{2, 3, 3}}, 1, "12..", 2},
    {"it is own, but for", {{1, 1, 3}}, 1, "1...", 1},
    {"two may have", {{2, 2, 4}, {3, 3, 3}}, 2, "123.", 3},
    {"whoever did something then is surer", {{3, 3, 4}, {2, 2, 5}}, 2, "123.", 3},
    {"too early", {{2, 0, 2}}, 1, "1...", 1},
    {"too late", {{2, 4, 9}}, 1, "1...", 1},
    {"several times", {{2, 0, 1}, {2, 2, 3}, {4, 5, 6}}, 3, "12..", 2},
};

/* Actor 1 did something at 1, which this delivery sees, somebody else at 3. */
static void run_unseen(const struct unseen_case *t)
{
    static struct lineage_event ev;
    static const struct deed_case mine = {.hour = 1, .actor = 1};
    static const int64_t times[] = {AT(1), AT(3)};
    struct world w;
    struct err e = {0};
    struct buf id;
    struct lineage_doer doers[3];
    const struct delivery d = {.now_ms = NOW, .lease_ms = LEASE, .owner = "a"};
    world_init(&w);
    buf_init(&id, 64);
    put_event_id(&id, &mine);
    const struct str events[] = {buf_str(&id), S("elsewhere")};
    for (size_t i = 0; i < t->n; i++)
        doers[i] = (struct lineage_doer){node_id(t->doers[i].actor), AT(t->doers[i].from),
                                         AT(t->doers[i].until)};
    struct lineages *l = worker(&w);
    lineages_begin(l, &d);
    fill(&mine, &ev);
    assert_true(
        lineages_take(l, &ev, false, true, true, AT(1), lineage_evidence_of(events[0]), &e));
    const struct alert a = {.window = w.windows + LEVEL_HIGH,
                            .id = S("00000000000000000000000000000001"),
                            .timed = true,
                            .first_ms = AT(1),
                            .last_ms = AT(3),
                            .events = events,
                            .times = times,
                            .n_events = 2,
                            .doers = doers,
                            .n_doers = t->n};
    assert_true(lineages_alert(l, &a, &e));
    assert_true(lineages_settle(l, &e));
    for (unsigned who = 1; who <= 4; who++) {
        struct arena memory;
        struct node_item it;
        struct id128 node = node_id(who);
        arena_init(&memory, 1u << 20);
        read_item(&w, &node, true, &memory, &it);
        check_int(t->name, (int64_t)it.book.list.n, t->with[who - 1] != '.');
        if (it.book.list.n)
            check_int(t->name, book_at(&it.book, 0)->made, who == t->main);
        node_item_release(&it);
        arena_release(&memory);
    }
    lineages_free(l);
    buf_release(&id);
    world_release(&w);
}

static void places_what_others_saw(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(unseen_cases); i++)
        run_unseen(unseen_cases + i);
}

/* Who did what others may tell of is on record, and of many events by one hand written once. */
static void shares_who_acts(void **state)
{
    (void)state;
    static struct lineage_event ev;
    struct world w;
    struct err e = {0};
    struct buf id;
    const struct delivery d = {.now_ms = NOW, .lease_ms = LEASE, .owner = "a"};
    world_init(&w);
    buf_init(&id, 64);
    struct lineages *l = worker(&w);
    lineages_begin(l, &d);
    for (unsigned i = 0; i < 100; i++) {
        const struct deed_case one = {.hour = (int)i, .actor = 1 + i % 2};
        fill(&one, &ev);
        put_event_id(&id, &one);
        assert_true(lineages_take(l, &ev, false, true, true, AT(one.hour),
                                  lineage_evidence_of(buf_str(&id)), &e));
        if (one.actor == 1)
            assert_true(lineages_share(l, seen_id(buf_str(&id)), &e));
    }
    assert_true(lineages_link(l, &e));
    for (unsigned who = 1; who <= 2; who++) {
        struct state_claims got = {.key = node_key(node_id(who))};
        buf_init(&got.blob, RECORDS_BYTES_MAX);
        assert_true(w.inner.claims(w.inner.self, &got, 1, &e));
        assert_int_equal(got.version, who == 1);
        buf_release(&got.blob);
    }
    lineages_free(l);
    buf_release(&id);
    world_release(&w);
}

/* ---- reading ---- */

static void walks(void **state)
{
    (void)state;
    static const struct deed_case deeds[] = {
        LINK(-300, 1, 2), /* who issued it long ago */
        LINK(1, 2, 3),    /* made since */
        LINK(-100, 2, 4), /* and before: not asked for */
        {.hour = 2, .actor = 5, .made = 2, .strength = LINK_WEAK}};
    struct world w;
    struct err e = {0};
    struct arena a;
    struct lineage_walk walk;
    world_init(&w);
    struct lineages *l = worker(&w);
    deliver_well(&w, l, deeds, COUNT(deeds), 0);
    const struct id128 from = node_id(2);
    struct lineage_ask ask = {
        .nodes = &from, .n = 1, .from_ms = AT(0), .until_ms = AT(24), .max = 10};
    arena_init(&a, 1u << 20);
    lineage_walk_init(&walk);
    assert_true(lineages_walk(l, &ask, &a, &walk, &e));
    assert_int_equal(walk.nodes.n, 3);
    const struct lineage_seen_node *nodes = walk.nodes.p;
    assert_int_equal(id128_cmp(nodes[0].id, node_id(1)), 0);
    check_str("name", nodes[0].name, S("one"));
    assert_int_equal(id128_cmp(nodes[2].id, node_id(3)), 0);
    assert_int_equal(nodes[2].created_ms, AT(1));
    assert_int_equal(walk.links.n, 3); /* 1 -> 2, 2 -> 3, and the weak one from 5 */
    assert_false(walk.cut);
    ask.max = 2;
    assert_true(lineages_walk(l, &ask, &a, &walk, &e));
    assert_int_equal(walk.nodes.n, 2);
    assert_true(walk.cut);
    lineage_walk_release(&walk);
    arena_release(&a);
    lineages_free(l);
    world_release(&w);
}

static void finds_incidents(void **state)
{
    (void)state;
    static const struct deed_case deeds[] = {ALERT(1, 1, 1, LEVEL_HIGH),
                                             ALERT(30, 2, 2, LEVEL_HIGH),
                                             ALERT(31, 3, 3, LEVEL_HIGH), LINK(30, 2, 3)};
    struct world w;
    struct err e = {0};
    struct arena a;
    struct vec list;
    struct found_incident found;
    unsigned char id[INCIDENT_ID_BYTES], alert[INCIDENT_ID_BYTES] = {[15] = 3};
    world_init(&w);
    struct lineages *l = worker(&w);
    for (size_t i = 0; i < COUNT(deeds); i++)
        deliver_well(&w, l, deeds + i, 1, 0);
    arena_init(&a, 1u << 20);
    record_id(id, alert, node_id(3)); /* it joined that of 2 */
    assert_true(lineages_find(l, id, &a, &found, &e));
    assert_non_null(found.record);
    assert_int_equal(found.record->n_signals, 2);
    assert_int_equal(found.record->told, 2);
    check_str("text", found.record->signals[0].text, S("00000000000000000000000000000002 1"));
    id[0] ^= 1;
    assert_true(lineages_find(l, id, &a, &found, &e));
    assert_null(found.record);
    vec_init(&list, sizeof(struct listed_incident), SIZE_MAX);
    assert_true(lineages_list(l, AT(0), AT(40), &list, &e));
    assert_int_equal(list.n, 3);
    list.n = 0;
    assert_true(lineages_list(l, AT(30), AT(30), &list, &e));
    assert_int_equal(list.n, 1);
    vec_release(&list);
    arena_release(&a);
    lineages_free(l);
    world_release(&w);
}

/* ---- items ---- */

static void keeps_the_surest_links(void **state)
{
    (void)state;
    struct arena a;
    struct node_item it;
    arena_init(&a, 1u << 20);
    node_item_init(&it, &a);
    for (unsigned i = 0; i < LINEAGES_UP_MAX; i++) {
        const struct up_link up = {.from = node_id(50 - i), .strength = LINK_STRONG, .time_ms = i};
        assert_int_equal(node_item_link(&it, &up), UP_CHANGED);
        assert_int_equal(node_item_link(&it, &up), UP_SAME);
    }
    struct up_link up = {.from = node_id(1), .strength = LINK_WEAK, .time_ms = 0};
    assert_int_equal(node_item_link(&it, &up), UP_FULL);
    up.strength = LINK_CERTAIN;
    assert_int_equal(node_item_link(&it, &up), UP_CHANGED);
    assert_int_equal(it.n_up, LINEAGES_UP_MAX);
    for (uint32_t i = 0; i < it.n_up; i++) { /* the latest is gone */
        assert_int_not_equal(it.up[i].time_ms, LINEAGES_UP_MAX - 1);
        assert_true(i == 0 || id128_cmp(it.up[i - 1].from, it.up[i].from) < 0);
    }
    node_item_release(&it);
    arena_release(&a);
}

static void items_come_back(void **state)
{
    (void)state;
    struct arena a;
    struct node_item it, back;
    struct buf b, again;
    struct err e = {0};
    bool changed = false;
    const struct up_link up = {node_id(7), LINK_ISSUED, LINK_STRONG, 77, node_id(9)};
    const struct lineage_node node = {.kind = LINEAGE_SESSION,
                                      .name = S("arn:x"),
                                      .account = S("1"),
                                      .session = S("arn:y"),
                                      .created_ms = 5};
    arena_init(&a, 1u << 20);
    buf_init(&b, 4096);
    buf_init(&again, 4096);
    for (int moved = 0; moved < 2; moved++) {
        node_item_init(&it, &a);
        assert_true(node_item_name(&it, &node, &changed));
        assert_true(changed);
        node_item_link(&it, &up);
        it.moved = moved;
        it.moved_to = node_id(8);
        buf_reset(&b);
        node_item_encode(&it, &b);
        node_item_init(&back, &a);
        assert_true(node_item_decode(&back, buf_str(&b), &e));
        buf_reset(&again);
        node_item_encode(&back, &again);
        assert_true(str_eq(buf_str(&b), buf_str(&again)));
        assert_true(str_eqz(back.session, "arn:y"));
        node_item_release(&back);
        for (size_t n = 1; n < b.n; n++) {
            node_item_init(&back, &a);
            assert_false(node_item_decode(&back, str_n(b.p, n), &e));
            node_item_release(&back);
        }
        node_item_release(&it);
    }
    buf_release(&b);
    buf_release(&again);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links),
        cmocka_unit_test(links_at_once),
        cmocka_unit_test(picks_nobody),
        cmocka_unit_test(picks_the_nearest),
        cmocka_unit_test(knows_what_is_stored),
        cmocka_unit_test(shortens_ways),
        cmocka_unit_test(renews),
        cmocka_unit_test(does_without_buckets),
        cmocka_unit_test(tells_once),
        cmocka_unit_test(tells_incidents),
        cmocka_unit_test(survives_each_call),
        cmocka_unit_test(waits_for_others),
        cmocka_unit_test(survives_without_memory),
        cmocka_unit_test(places_by_details),
        cmocka_unit_test(parts_alerts),
        cmocka_unit_test(places_what_others_saw),
        cmocka_unit_test(shares_who_acts),
        cmocka_unit_test(walks),
        cmocka_unit_test(finds_incidents),
        cmocka_unit_test(keeps_the_surest_links),
        cmocka_unit_test(items_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
