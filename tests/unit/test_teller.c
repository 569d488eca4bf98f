/* handlers/teller over a state in memory: what deliveries leave there, one after the other, is at
 * last what a scan of all tells at once. */
#include "handlers/teller.h"

#include <stdlib.h>

#include "handlers/retelling.h"
#include "respond/incident_make.h"
#include "respond/incident_put.h"
#include "tests/unit/support/incident_case.h"

/* A day after the records; they are remembered for 15. */
#define NOW_MS    1773878400000LL /* 2026-03-19T00:00:00Z */
#define MEMORY_MS (15 * 24 * 3600 * 1000LL)
#define TOLD_MAX  64

/* The last message of an incident. */
struct told {
    char id[2 * INCIDENT_ID_BYTES + 1];
    uint32_t updates;
    int64_t first_ms;
    bool gone; /* joined another */
    struct buf summary;
};

struct stage {
    struct alert_case c; /* rules and their events; its windows are not used */
    struct windows *windows;
    struct teller *teller;
    struct told told[TOLD_MAX];
    size_t n_told;
    uint32_t deliveries;
};

static bool tell_alert(void *to, const struct window_alert *told, struct err *e)
{
    struct stage *s = to;
    struct alert a;
    return alerting_make(&s->c.alerting, told, &a, e) && teller_alert(s->teller, &a, e);
}

static bool settle_incidents(void *to, struct err *e)
{
    struct stage *s = to;
    return teller_settle(s->teller, e);
}

static void describe(void *to, struct event *ev, uint32_t rule, const struct facts *f,
                     struct buf *out)
{
    struct stage *s = to;
    alerting_describe(&s->c.alerting, ev, rule, f, out);
}

static struct told *find(struct stage *s, struct str id)
{
    for (size_t i = 0; i < s->n_told; i++)
        if (str_eqz(id, s->told[i].id))
            return s->told + i;
    return NULL;
}

static bool tell_incident(void *to, struct incidents *x, const struct incident_group *g,
                          struct err *e)
{
    struct stage *s = to;
    struct incident i;
    struct told *t = find(s, str_of(g->id));
    incident_init(&i);
    assert_true(incident_make(&i, x, g, &incident_caps_all, e));
    if (t)
        assert_int_equal(g->updates, t->updates + 1);
    else
        assert_int_equal(g->updates, 0);
    assert_true(t || s->n_told < TOLD_MAX);
    if (!t) {
        t = s->told + s->n_told++;
        buf_init(&t->summary, 1u << 16);
        memcpy(t->id, g->id, sizeof t->id);
    }
    t->updates = g->updates;
    t->first_ms = g->first_ms;
    buf_reset(&t->summary);
    incident_put_summary(&t->summary, &i);
    for (size_t k = 0; k < g->n_joined; k++)
        if (find(s, g->joined[k]))
            find(s, g->joined[k])->gone = true;
    incident_release(&i);
    return true;
}

static void stage_init(struct stage *s)
{
    struct err e = {0};
    memset(s, 0, sizeof *s);
    alert_case_load(&s->c, incident_files, incident_texts);
    const struct port_state port = state_memory_port(s->c.state);
    const struct windows_config windows = {.rules = s->c.rules,
                                           .min_level = LEVEL_INFORMATIONAL,
                                           .deeds = true,
                                           .entries_max = 1000,
                                           .elements_max = 100000,
                                           .memory_ms = MEMORY_MS};
    const struct lineages_config lineages = {
        .rules = s->c.rules, .min_level = LEVEL_INFORMATIONAL, .memory_ms = MEMORY_MS};
    s->windows = windows_new(&windows, &port,
                             (struct windows_calls){s, describe, tell_alert, settle_incidents}, &e);
    s->teller = teller_new(&lineages, &port, (struct teller_calls){s, tell_incident}, &e);
    assert_true(s->windows && s->teller);
}

static void stage_release(struct stage *s)
{
    for (size_t i = 0; i < s->n_told; i++)
        buf_release(&s->told[i].summary);
    teller_free(s->teller);
    windows_free(s->windows);
    alert_case_release(&s->c);
}

/* n records as one delivery. */
static void deliver(struct stage *s, const char *const *records, size_t n, bool again)
{
    struct err e = {0};
    struct delivery d = {.now_ms = NOW_MS, .lease_ms = 60000, .again = again};
    memcpy(d.owner, &(uint32_t){++s->deliveries}, 4);
    windows_begin(s->windows, &d);
    teller_begin(s->teller, &d);
    for (size_t i = 0; i < n; i++) {
        struct facts f;
        size_t hits_n, used;
        assert_int_equal(event_read(&s->c.ev, str_of(records[i]), &used, &e), JSON_OK);
        const uint32_t *hits = event_match(&s->c.ev, &hits_n);
        facts_read(&s->c.ev, S("s3://logs/a.json.gz"), &f);
        if (hits_n || lineage_links(&s->c.ev))
            assert_true(teller_see(s->teller, &s->c.ev, &f, hits, hits_n, &e));
        assert_true(windows_add(s->windows, &s->c.ev, &f, hits, hits_n, &e));
    }
    if (!teller_link(s->teller, &e) || !windows_settle(s->windows, &e) ||
        !teller_settle(s->teller, &e))
        fail_msg("%s", e.text);
}

static void deliver_one(struct stage *s, const char *record, bool again)
{
    deliver(s, &record, 1, again);
}

static int by_first(const void *p, const void *q)
{
    const struct told *a = p, *b = q;
    return (a->first_ms > b->first_ms) - (a->first_ms < b->first_ms);
}

/* What the state holds of an incident now, told or not. */
static void put_now(struct stage *s, struct lineages *l, struct told *t)
{
    unsigned char id[INCIDENT_ID_BYTES];
    struct retelling r;
    struct arena a;
    struct found_incident found;
    struct incident i;
    struct err e = {0};
    for (size_t k = 0; k < sizeof id; k++)
        id[k] = (unsigned char)(byte_hex(t->id[2 * k]) << 4 | byte_hex(t->id[2 * k + 1]));
    retelling_init(&r, s->c.rules);
    arena_init(&a, 1u << 22);
    incident_init(&i);
    assert_true(lineages_find(l, id, &a, &found, &e));
    assert_non_null(found.record);
    struct told_incident told = {.updates = 0, .record = found.record, .root = found.root};
    memcpy(told.id, found.record->id, sizeof told.id);
    assert_true(retelling_make(&r, l, &told, &e));
    assert_true(incident_make(&i, &r.incidents, &r.group, &incident_caps_all, &e));
    t->first_ms = r.group.first_ms;
    buf_reset(&t->summary);
    incident_put_summary(&t->summary, &i);
    incident_release(&i);
    arena_release(&a);
    retelling_release(&r);
}

/* The summaries of those that did not join another, by time. */
static void put_summaries(struct stage *s, struct buf *out)
{
    struct err e = {0};
    const struct port_state port = state_memory_port(s->c.state);
    const struct lineages_config cfg = {.rules = s->c.rules, .memory_ms = MEMORY_MS};
    struct lineages *l = lineages_new(&cfg, &port, (struct lineages_calls){0}, &e);
    assert_non_null(l);
    for (size_t i = 0; i < s->n_told; i++)
        if (!s->told[i].gone)
            put_now(s, l, s->told + i);
    qsort(s->told, s->n_told, sizeof *s->told, by_first);
    for (size_t i = 0; i < s->n_told; i++) {
        if (s->told[i].gone)
            continue;
        buf_put(out, buf_str(&s->told[i].summary));
        buf_putc(out, '\n');
    }
    lineages_free(l);
}

static size_t count(const char *const *records)
{
    size_t n = 0;
    while (n < CASE_RECORDS_MAX && records[n])
        n++;
    return n;
}

enum split { TOGETHER, FORWARDS, BACKWARDS, SPLITS };

/* Takes out where from: of an event that only an earlier delivery saw, no more than who did it is
 * known. */
static void drop_addresses(struct buf *b, struct str s)
{
    static const struct str from = {" from 198.51.100.7", 18};
    for (size_t at; (at = str_find(s, from, 0)) != SIZE_MAX; s = str_skip(s, at + from.n))
        buf_put(b, str_slice(s, 0, at));
    buf_put(b, s);
}

static void check_case(const struct incident_case *t, enum split split)
{
    static struct stage s;
    size_t n = count(t->records);
    struct buf told, got, want;
    stage_init(&s);
    buf_init(&told, 1u << 16);
    buf_init(&got, 1u << 16);
    buf_init(&want, 1u << 16);
    for (size_t k = 0; k < n && split != TOGETHER; k++)
        deliver_one(&s, t->records[split == BACKWARDS ? n - 1 - k : k], false);
    if (split == TOGETHER)
        deliver(&s, t->records, n, false);
    put_summaries(&s, &told);
    if (split == BACKWARDS) {
        drop_addresses(&got, buf_str(&told));
        drop_addresses(&want, str_of(t->summaries));
        check_str(t->name, buf_str(&got), buf_str(&want));
    } else {
        check_str(t->name, buf_str(&told), str_of(t->summaries));
    }
    buf_release(&told);
    buf_release(&got);
    buf_release(&want);
    stage_release(&s);
}

/* As one delivery; each record alone, in either order. */
static void holds_what_a_scan_tells(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(incident_cases); i++)
        for (enum split split = TOGETHER; split < SPLITS; split++)
            check_case(incident_cases + i, split);
}

/* What comes again tells nothing. */
static void tells_once(void **state)
{
    static struct stage s;
    (void)state;
    stage_init(&s);
    deliver_one(&s, BAD("14:00:00", DANA), false);
    assert_int_equal(s.n_told, 1);
    deliver_one(&s, BAD("14:00:00", DANA), true);
    assert_int_equal(s.n_told, 1);
    assert_int_equal(s.told[0].updates, 0);
    stage_release(&s);
}

/* Two incidents are told; then who made the other comes to light. */
static void says_what_joined(void **state)
{
    static struct stage s;
    (void)state;
    stage_init(&s);
    deliver_one(&s, BAD("14:20:00", EVE), false);
    deliver_one(&s, BAD("14:00:00", DANA), false);
    assert_int_equal(s.n_told, 2);
    deliver_one(&s, MADE_EVE("14:10:00"), false);
    assert_int_equal(s.n_told, 2);
    assert_true(s.told[0].gone && !s.told[1].gone);
    assert_int_equal(s.told[1].updates, 1);
    check_str("joined", buf_str(&s.told[1].summary),
              S("user dana from 198.51.100.7: 2 alerts from 2026-03-17T14:00:00Z to "
                "2026-03-17T14:20:00Z, the gravest \"A bad call\" (high). It led to user eve."));
    stage_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_what_a_scan_tells),
        cmocka_unit_test(tells_once),
        cmocka_unit_test(says_what_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
