/* handlers/windows.c, entries.c and the steps of settle.c: from events to alerts, each case in three ways: with
 * a delivery for each event, with one delivery for all, and as a whole archive. Answers by hand,
 * from docs/correlations.md and the definition in engine/window.h. */
#include "handlers/windows.h"

#include <stdlib.h>

#include "adapters/state_memory.h"
#include "base/timefmt.h"
#include "engine/loader.h"
#include "handlers/entries.h"
#include "tests/unit/support/alloc.h"
#include "tests/unit/support/check.h"

#define T0     1704067200000 /* 2024-01-01T00:00:00Z */
#define MEMORY (15 * 86400000ll)

#define RULE(letter, name, more)                                                                   \
    "title: " letter "\nid: 5b8d5a4f-1111-4222-8333-00000000000" name "\nname: " name              \
    "\nlevel: high\nlogsource: {product: aws, service: cloudtrail}\n"                              \
    "detection: {s: {eventName: " letter "}, condition: s}\n" more "---\n"
#define A RULE("A", "a", "")
#define B RULE("B", "b", "")
#define CHAIN(t, n, body)                                                                          \
    "title: " t "\nid: 5b8d5a4f-1111-4222-8333-0000000000" n "\nname: r" n                         \
    "\nlevel: high\ncorrelation: {" body "}\n---\n"

/* One run: rules, state, and what was told. */
struct run {
    struct diags diags;
    struct ruleset *rules;
    struct event ev;
    struct state_memory *state;
    struct windows *windows;
    struct windows_counts sums;
    struct buf told;
    unsigned deliveries;
    bool refuse;    /* to tell */
    size_t fail_at; /* which allocation under windows_add and windows_settle fails; 0: none */
};

static void watch_memory(struct run *r)
{
    if (r->fail_at)
        alloc_fail_at(r->fail_at);
}

static void look_away(struct run *r)
{
    if (r->fail_at)
        r->fail_at -= alloc_calls() < r->fail_at ? alloc_calls() : r->fail_at - 1;
    alloc_works();
}

static void describe(void *to, struct event *ev, uint32_t rule, const struct facts *f,
                     struct buf *out)
{
    (void)to, (void)ev, (void)rule;
    buf_put(out, f->evidence);
}

/* "Title key,key first+last count", times in seconds behind T0, updates in front with their number.
 */
static bool tell(void *to, const struct window_alert *a, struct err *e)
{
    struct run *r = to;
    if (r->refuse)
        return err_set(e, ERR_RETRY, "nobody listens");
    if (a->updates)
        buf_putf(&r->told, "%u:", a->updates);
    buf_put(&r->told, rs_str(r->rules, r->rules->rules[a->window->rule].title));
    for (size_t i = 0; i < a->n_keys; i++) {
        buf_putc(&r->told, i ? ',' : ' ');
        buf_put(&r->told, a->key_values[i]);
    }
    if (a->timed)
        buf_putf(&r->told, " %lld+%lld", (long long)(a->first_ms - T0) / 1000,
                 (long long)(a->last_ms - a->first_ms) / 1000);
    buf_putf(&r->told, " %s%llu", a->estimated ? "~" : "", (unsigned long long)a->count);
    buf_putc(&r->told, '\n');
    return true;
}

static void begin(struct run *r, const char *rules, const struct windows_config *cfg)
{
    struct err e = {0};
    struct windows_config own = *cfg;
    *r = (struct run){0};
    diags_init(&r->diags);
    struct loader *l = loader_new(NULL, &r->diags);
    assert_non_null(l);
    if (!loader_add(l, S("t.yml"), str_of(rules), &e) || !loader_finish(l, &r->rules, &e))
        fail_msg("%s", e.text);
    loader_free(l);
    for (size_t i = 0; i < r->diags.list.n; i++) {
        const struct diag *d = vec_at(&r->diags.list, i);
        if (d->kind != DIAG_WARNING)
            fail_msg("%.*s", (int)d->text.n, d->text.p);
    }
    assert_true(event_init(&r->ev, r->rules, &e));
    r->state = state_memory_new();
    struct port_state port = state_memory_port(r->state);
    own.rules = r->rules;
    r->windows = windows_new(&own, &port, (struct windows_calls){r, describe, tell}, &e);
    assert_non_null(r->windows);
    buf_init(&r->told, 1 << 20);
}

static void end(struct run *r)
{
    windows_free(r->windows);
    state_memory_free(r->state);
    event_release(&r->ev);
    ruleset_free(r->rules);
    diags_release(&r->diags);
    buf_release(&r->told);
}

static void deliver(struct run *r, int64_t now_ms)
{
    struct delivery d = {.now_ms = now_ms, .lease_ms = 60000};
    memset(d.owner, (int)++r->deliveries, sizeof d.owner);
    windows_begin(r->windows, &d);
}

static bool settle(struct run *r, struct err *e)
{
    watch_memory(r);
    bool ok = windows_settle(r->windows, e);
    look_away(r);
    const struct windows_counts *c = windows_counts(r->windows);
    r->sums.no_key += c->no_key;
    r->sums.stray += c->stray;
    r->sums.capped += c->capped;
    r->sums.early += c->early;
    return ok;
}

/* One event from a line "SECONDS NAME [members]"; seconds "-" is no time. Its id is made from the
 * line, so the same line is the same event. */
static bool add_line(struct run *r, struct str line, struct err *e)
{
    struct facts facts;
    struct buf record;
    size_t used, n;
    unsigned long long at = 0;
    struct str rest = line, seconds = str_cut(&rest, ' '), name = str_cut(&rest, ' ');
    bool timed = str_u64(seconds, &at), ok;
    buf_init(&record, 1 << 16);
    buf_putz(&record, "{\"eventID\":\"");
    for (size_t i = 0; i < line.n; i++)
        buf_putc(&record, line.p[i] == '"' ? '\'' : line.p[i]);
    buf_putz(&record, "\",\"recipientAccountId\":\"1\",\"userIdentity\":{\"principalId\":\"P\"},");
    if (timed) {
        buf_putz(&record, "\"eventTime\":\"");
        time_put(&record, T0 + (int64_t)at * 1000);
        buf_putz(&record, "\",");
    }
    if (str_present(rest)) {
        buf_put(&record, rest);
        buf_putc(&record, ',');
    }
    buf_putz(&record, "\"eventName\":\"");
    buf_put(&record, name);
    buf_putz(&record, "\"}");
    if (event_read(&r->ev, buf_str(&record), &used, e) != JSON_OK)
        fail_msg("%s: %s", e->text, buf_z(&record));
    const uint32_t *hits = event_match(&r->ev, &n);
    facts_read(&r->ev, S("o"), &facts);
    watch_memory(r);
    ok = windows_add(r->windows, &r->ev, &facts, hits, n, e);
    look_away(r);
    buf_release(&record);
    return ok;
}

/* All lines, in deliveries of `each` events. */
static void add_lines(struct run *r, const char *lines, size_t each, int64_t now_ms)
{
    struct err e = {0};
    struct str rest = str_of(lines);
    size_t n = 0;
    while (str_present(rest)) {
        struct str line = str_cut(&rest, '\n');
        if (line.n == 0)
            continue;
        if (n++ % each == 0)
            deliver(r, now_ms);
        if (!add_line(r, line, &e) || (n % each == 0 && !settle(r, &e)))
            fail_msg("%s", e.text);
    }
    if (n % each != 0 && !settle(r, &e))
        fail_msg("%s", e.text);
}

/* The lines in order of bytes. */
static int by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void check_told(const char *name, const char *way, struct run *r, const char *want)
{
    struct str lines[100], rest = buf_str(&r->told);
    struct buf sorted;
    size_t n = 0;
    buf_init(&sorted, 1 << 20);
    while (str_present(rest) && n < COUNT(lines)) {
        lines[n] = str_cut(&rest, '\n');
        n += lines[n].n > 0;
    }
    qsort(lines, n, sizeof *lines, by_bytes);
    for (size_t i = 0; i < n; i++) {
        buf_put(&sorted, lines[i]);
        buf_putc(&sorted, '\n');
    }
    if (!str_eqz(sorted.n ? buf_str(&sorted) : S(""), want))
        fail_msg("%s, %s:\n%s-- expected:\n%s", name, way, buf_z(&sorted), want);
    buf_release(&sorted);
}

static const struct windows_config durable = {
    .entries_max = 64, .elements_max = 10000, .memory_ms = MEMORY};
static const struct windows_config whole = {
    .entries_max = 64, .elements_max = 10000, .memory_ms = MEMORY, .archive = true, .whole = true};

#define COUNT_BY(body) A CHAIN("Many", "01", "type: event_count, rules: a, timespan: 1m, " body)

static const struct {
    const char *name, *rules, *events;
    const char *each; /* what is told with a delivery for each event */
    const char *all;  /* with one for all; NULL: the same */
} cases[] = {
    {"a plain rule, by account and identity", A, "10 A\n20 A\n30 B\n", "A 1,P 10+0 1\n",
     "A 1,P 10+10 2\n"},
    {"its gap is an hour", A, "10 A\n3610 A\n7211 A\n", "A 1,P 10+0 1\nA 1,P 7211+0 1\n",
     "A 1,P 10+3600 2\nA 1,P 7211+0 1\n"},
    {"an event twice is one", COUNT_BY("group-by: u, condition: {gte: 2}"),
     "10 A \"u\":\"x\"\n10 A \"u\":\"x\"\n", "", NULL},
    {"two of a key", COUNT_BY("group-by: u, condition: {gte: 2}"),
     "10 A \"u\":\"x\"\n20 A \"u\":\"y\"\n30 A \"u\":\"x\"\n", "Many x 30+0 2\n", NULL},
    {"in any order", COUNT_BY("group-by: u, condition: {gte: 2}"),
     "30 A \"u\":\"x\"\n10 A \"u\":\"x\"\n", "Many x 30+0 2\n", NULL},
    {"an event without the key", COUNT_BY("group-by: u, condition: {gte: 2}"),
     "10 A\n20 A \"u\":null\n30 A \"u\":\"\"\n40 A \"u\":\"\"\n", "Many  40+0 2\n", NULL},
    {"keys of two fields are not glued", COUNT_BY("group-by: [u, v], condition: {gte: 2}"),
     "10 A \"u\":\"ab\",\"v\":\"c\"\n20 A \"u\":\"a\",\"v\":\"bc\"\n", "", NULL},
    {"no key at all", COUNT_BY("condition: {gte: 2}"), "10 A\n60 A\n", "Many 60+0 2\n", NULL},
    {"a number and its text are one key", COUNT_BY("group-by: u, condition: {gte: 2}"),
     "10 A \"u\":7\n20 A \"u\":\"7\"\n", "Many 7 20+0 2\n", NULL},
    {"each member of an array is a key", COUNT_BY("group-by: u, condition: {gte: 2}"),
     "10 A \"u\":[\"x\",\"y\"]\n20 A \"u\":\"y\"\n", "Many y 20+0 2\n", NULL},
    {"an alias: other fields of other rules",
     A B CHAIN("Both", "01",
               "type: temporal, rules: [a, b], timespan: 1m, group-by: who, aliases: {who: {a: u, "
               "b: v}}"),
     "10 A \"u\":\"x\",\"v\":\"y\"\n20 B \"u\":\"y\",\"v\":\"x\"\n", "Both x 20+0 2\n", NULL},
    {"values of a field",
     A CHAIN("Values", "01",
             "type: value_count, rules: a, timespan: 1m, group-by: u, condition: {field: v, gte: "
             "2}"),
     "10 A \"u\":\"x\",\"v\":1\n20 A \"u\":\"x\",\"v\":1\n30 A \"u\":\"x\"\n40 A "
     "\"u\":\"x\",\"v\":2\n",
     "Values x 40+0 3\n", NULL},
    {"members of an array are values",
     A CHAIN("Values", "01",
             "type: value_count, rules: a, timespan: 1m, group-by: u, condition: {field: v, gte: "
             "3}"),
     "10 A \"u\":\"x\",\"v\":[1,2,null,3]\n", "Values x 10+0 1\n", NULL},
    {"in order",
     A B CHAIN("Order", "01", "type: temporal_ordered, rules: [a, b], timespan: 1m, group-by: u"),
     "20 B \"u\":\"x\"\n10 A \"u\":\"x\"\n20 A \"u\":\"y\"\n10 B \"u\":\"y\"\n", "Order x 20+0 2\n",
     NULL},
    {"a rule over a rule",
     COUNT_BY("group-by: [u, v], condition: {gte: 2}") B CHAIN(
         "Then", "02", "type: temporal_ordered, rules: [r01, b], timespan: 1m, group-by: u"),
     "10 A \"u\":\"x\",\"v\":1\n20 A \"u\":\"x\",\"v\":1\n30 B \"u\":\"x\"\n", "Then x 30+0 2\n",
     NULL},
    {"its moments are not its episode: at 200 it does not hold",
     COUNT_BY("group-by: u, condition: {gte: 2}")
         B CHAIN("Then", "02", "type: temporal, rules: [r01, b], timespan: 1m, group-by: u"),
     "10 A \"u\":\"x\"\n20 A \"u\":\"x\"\n200 A \"u\":\"x\"\n400 A \"u\":\"x\"\n410 A "
     "\"u\":\"x\"\n200 B \"u\":\"x\"\n",
     "", NULL},
    {"without a time: an episode of its own", A, "- A\n- A \"x\":1\n", "A 1,P 1\nA 1,P 1\n", NULL},
};

static void run_case(size_t i, const char *way, size_t each, const struct windows_config *cfg,
                     const char *want)
{
    struct run r;
    begin(&r, cases[i].rules, cfg);
    add_lines(&r, cases[i].events, each, cfg->archive ? 0 : T0 + 8000000);
    check_told(cases[i].name, way, &r, want);
    end(&r);
}

static void cases_are_told_as_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *all = cases[i].all ? cases[i].all : cases[i].each;
        run_case(i, "one by one", 1, &durable, cases[i].each);
        run_case(i, "all at once", 1000, &durable, all);
        run_case(i, "as an archive", 1000, &whole, all);
    }
}

static void hits_without_a_key_are_counted(void **state)
{
    (void)state;
    struct run r;
    begin(&r, COUNT_BY("group-by: u, condition: {gte: 2}"), &durable);
    add_lines(&r, "10 A\n20 A \"u\":null\n30 A \"u\":{}\n40 A \"u\":\"x\"\n", 10, T0);
    assert_int_equal(r.sums.no_key, 3);
    end(&r);
}

/* Older than the memory, or ahead of the clock by more than an hour: with its delivery alone. */
static void strays_are_kept_apart(void **state)
{
    (void)state;
    struct run r;
    begin(&r, COUNT_BY("group-by: u, condition: {gte: 2}"), &durable);
    add_lines(&r, "10 A \"u\":\"x\"\n20 A \"u\":\"x\"\n", 1, T0 + MEMORY + 60000);
    assert_int_equal(r.sums.stray, 2);
    assert_int_equal(state_memory_buckets(r.state), 0);
    check_told("too old", "one by one", &r, "");
    add_lines(&r, "10 A \"u\":\"x\"\n20 A \"u\":\"x\"\n", 2, T0 + MEMORY + 60000);
    check_told("too old", "together", &r, "Many x 20+0 2\n");
    add_lines(&r, "9000 A \"u\":\"y\"\n", 1, T0);
    assert_int_equal(r.sums.stray, 5);
    end(&r);
}

/* An event just within the memory has its neighbours read, and they are older: what was told of
 * them is not told again. */
static void claims_outlive_what_is_read(void **state)
{
    (void)state;
    struct run r;
    begin(&r, COUNT_BY("group-by: u, gap: 1m, condition: {gte: 2}"), &durable);
    add_lines(&r, "10 A \"u\":\"x\"\n20 A \"u\":\"x\"\n", 2, T0 + 60000);
    check_told("young", "together", &r, "Many x 20+0 2\n");
    add_lines(&r, "1500 A \"u\":\"x\"\n", 1, T0 + MEMORY + 1400000);
    assert_int_equal(r.sums.stray, 0);
    check_told("old", "one by one", &r, "Many x 20+0 2\n");
    end(&r);
}

/* A key too long to be shown whole is still one key in a chain, and not another with its beginning.
 */
static void long_keys_are_told_apart(void **state)
{
    (void)state;
    struct run r;
    struct buf lines;
    buf_init(&lines, 1 << 20);
    for (int i = 0; i < 4; i++) {
        buf_putf(&lines, "%d %c \"u\":\"", 10 + i, i < 2 ? 'A' : 'B');
        for (int k = 0; k < 3000; k++)
            buf_putc(&lines, 'u');
        buf_putf(&lines, "%s\"\n", i == 3 ? "another" : "");
    }
    begin(&r,
          COUNT_BY("group-by: u, condition: {gte: 2}")
              B CHAIN("Then", "02", "type: temporal, rules: [r01, b], timespan: 1m, group-by: u"),
          &durable);
    add_lines(&r, buf_z(&lines), 10, T0 + 60000);
    size_t told = str_find(buf_str(&r.told), S("Then "), 0);
    assert_true(told != SIZE_MAX);
    assert_true(str_find(buf_str(&r.told), S("Then "), told + 1) == SIZE_MAX);
    buf_release(&lines);
    end(&r);
}

/* ---- first_seen ---- */

#define SEEN                                                                                       \
    A CHAIN("New", "01",                                                                           \
            "type: first_seen, rules: a, group-by: u, fields: v, history: 30d, learn: "            \
            "1h")

static const struct {
    const char *name, *events, *told;
} seen[] = {
    {"learning tells nothing", "0 A \"u\":\"x\",\"v\":1\n10 A \"u\":\"x\",\"v\":2\n", ""},
    {"then a new value does",
     "0 A \"u\":\"x\",\"v\":1\n4000 A \"u\":\"x\",\"v\":1\n4001 A \"u\":\"x\",\"v\":2\n4002 A "
     "\"u\":\"x\",\"v\":2\n",
     "New x,2 4001+0 1\n"},
    {"a new key is one alert",
     "0 A \"u\":\"x\",\"v\":1\n4000 A \"u\":\"y\",\"v\":1\n4001 A \"u\":\"y\",\"v\":2\n8000 A "
     "\"u\":\"y\",\"v\":3\n",
     "New y,1 4000+0 1\nNew y,3 8000+0 1\n"},
    {"a value that comes late and is older is not new",
     "0 A \"u\":\"x\",\"v\":1\n4001 A \"u\":\"x\",\"v\":2\n4000 A \"u\":\"x\",\"v\":2\n",
     "New x,2 4001+0 1\n"},
};

static void first_seen_learns(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(seen); i++) {
        struct run r;
        begin(&r, SEEN, &durable);
        add_lines(&r, seen[i].events, 1, T0 + 8000000);
        check_told(seen[i].name, "one by one", &r, seen[i].told);
        end(&r);
    }
}

static void first_seen_has_a_cap(void **state)
{
    (void)state;
    struct run r;
    struct buf lines;
    struct windows_config cfg = durable;
    cfg.mute = true;
    cfg.entries_max = 4096;
    begin(&r, SEEN, &cfg);
    buf_init(&lines, 1 << 20);
    for (int i = 0; i < WINDOWS_FIRST_SEEN_MAX + 5; i++)
        buf_putf(&lines, "4000 A \"u\":\"x\",\"v\":%d\n", i);
    add_lines(&r, buf_z(&lines), 100, T0 + 8000000);
    assert_int_equal(r.sums.capped, 5);
    buf_release(&lines);
    end(&r);
}

/* ---- failures ---- */

/* Nobody hears it: the object comes again, as the same alert. */
static void what_could_not_be_told_is_told_later(void **state)
{
    (void)state;
    struct run r;
    struct err e = {0};
    begin(&r, A, &durable);
    deliver(&r, T0 + 20000);
    r.refuse = true;
    assert_true(add_line(&r, S("10 A"), &e));
    assert_false(settle(&r, &e));
    assert_int_equal(e.kind, ERR_RETRY);
    r.refuse = false;
    deliver(&r, T0 + 20001); /* the lease still runs: not its to tell, and not to acknowledge */
    assert_true(add_line(&r, S("10 A"), &e));
    assert_false(settle(&r, &e));
    assert_int_equal(e.kind, ERR_RETRY);
    check_told("leased", "to one who failed", &r, "");
    deliver(&r, T0 + 20000 + 60001);
    assert_true(add_line(&r, S("10 A"), &e));
    assert_true(settle(&r, &e));
    check_told("taken over", "later", &r, "A 1,P 10+0 1\n");
    end(&r);
}

static void a_growing_episode_is_updated(void **state)
{
    (void)state;
    struct run r;
    begin(&r, A, &durable);
    struct buf lines;
    buf_init(&lines, 4096);
    for (int i = 1; i <= 12; i++)
        buf_putf(&lines, "%d A\n", i);
    add_lines(&r, buf_z(&lines), 1, T0 + 60000);
    check_told("growth", "one by one", &r, "1:A 1,P 1+9 10\nA 1,P 1+0 1\n");
    buf_release(&lines);
    end(&r);
}

static void too_many_keys_settle_early(void **state)
{
    (void)state;
    struct run r;
    struct windows_config cfg = durable;
    cfg.entries_max = 2;
    begin(&r, COUNT_BY("group-by: u, condition: {gte: 2}"), &cfg);
    add_lines(&r, "10 A \"u\":1\n11 A \"u\":2\n12 A \"u\":3\n13 A \"u\":1\n14 A \"u\":3\n", 5,
              T0 + 60000);
    check_told("early", "two keys at once", &r, "Many 1 13+0 2\nMany 3 14+0 2\n");
    assert_true(r.sums.early > 0);
    end(&r);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    static const char rules[] = COUNT_BY("group-by: u, condition: {gte: 2}")
        B CHAIN("Then", "02", "type: temporal_ordered, rules: [r01, b], timespan: 1m, group-by: u");
    struct run r;
    bool ok = false;
    begin(&r, rules, &durable);
    for (size_t at = 1; !ok && at < 2000; at++) {
        struct err e = {0};
        state_memory_clear(r.state);
        buf_reset(&r.told);
        deliver(&r, T0 + 60000);
        r.fail_at = at;
        ok = add_line(&r, S("10 A \"u\":\"x\""), &e) && add_line(&r, S("20 A \"u\":\"x\""), &e) &&
             add_line(&r, S("30 B \"u\":\"x\""), &e) && settle(&r, &e);
        if (!ok)
            assert_true(e.kind == ERR_SYSTEM || e.kind == ERR_LIMIT); /* a text that has no room */
    }
    assert_true(ok);
    check_told("memory", "enough at last", &r, "Then x 30+0 2\n");
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_are_told_as_by_hand),
        cmocka_unit_test(hits_without_a_key_are_counted),
        cmocka_unit_test(strays_are_kept_apart),
        cmocka_unit_test(claims_outlive_what_is_read),
        cmocka_unit_test(long_keys_are_told_apart),
        cmocka_unit_test(first_seen_learns),
        cmocka_unit_test(first_seen_has_a_cap),
        cmocka_unit_test(what_could_not_be_told_is_told_later),
        cmocka_unit_test(a_growing_episode_is_updated),
        cmocka_unit_test(too_many_keys_settle_early),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
