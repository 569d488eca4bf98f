/* handlers/windows.c, entries.c and the steps of settle.c: from events to alerts, each case in
 * three ways: with a delivery for each event, with one delivery for all, and as a whole archive.
 * Answers by hand, from docs/correlations.md and the definition in engine/window.h. */
#include "tests/unit/support/windows_case.h"

#define COUNT_BY(body) A CHAIN("Many", "01", "type: event_count, rules: a, timespan: 1m, " body)
/* 120 bytes. */
#define LONG                                                                                       \
    "0123456789012345678901234567890123456789012345678901234567890"                                \
    "12345678901234567890123456789012345678901234567890123456789"

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
    {"values of two fields are not glued, however often they come",
     A CHAIN("Values", "01",
             "type: value_count, rules: a, timespan: 1m, group-by: u, condition: {field: [v, w], "
             "gte: 3}"),
     "10 A \"u\":\"x\",\"v\":\"ab\",\"w\":\"c\"\n11 A \"u\":\"x\",\"v\":\"a\",\"w\":\"bc\"\n12 A "
     "\"u\":\"x\",\"v\":\"ab\",\"w\":\"c\"\n13 A \"u\":\"x\",\"v\":\"a\",\"w\":\"bc\"\n14 A "
     "\"u\":\"x\",\"v\":\"\",\"w\":\"abc\"\n",
     "Values x 14+0 5\n", NULL},
    {"values too long to be remembered, that end alike",
     A CHAIN("Values", "01",
             "type: value_count, rules: a, timespan: 1m, group-by: u, condition: {field: v, gte: "
             "2}"),
     "10 A \"u\":\"x\",\"v\":\"a" LONG "\"\n20 A \"u\":\"x\",\"v\":\"a" LONG
     "\"\n30 A \"u\":\"x\",\"v\":\"b" LONG "\"\n",
     "Values x 30+0 3\n", NULL},
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
    {"values of a rule over a rule: two that failed twice each",
     COUNT_BY("group-by: [u, v], condition: {gte: 2}") CHAIN(
         "Two", "02",
         "type: value_count, rules: r01, timespan: 1h, group-by: u, condition: {field: v, gte: 2}"),
     "10 A \"u\":\"x\",\"v\":1\n20 A \"u\":\"x\",\"v\":1\n30 A \"u\":\"x\",\"v\":2\n40 A "
     "\"u\":\"x\",\"v\":3\n50 A \"u\":\"x\",\"v\":3\n60 A \"u\":\"x\",\"v\":1\n",
     "Two x 50+0 2\n", "Two x 50+10 3\n"},
    {"values of a rule over a rule, and of a rule: equal ones are one",
     COUNT_BY("group-by: [u, v], condition: {gte: 2}")
         B CHAIN("Two", "02",
                 "type: value_count, rules: [r01, b], timespan: 1h, group-by: u, aliases: {what: "
                 "{r01: v, b: w}}, condition: {field: what, gte: 2}"),
     "10 A \"u\":\"x\",\"v\":1\n20 A \"u\":\"x\",\"v\":1\n30 B \"u\":\"x\",\"w\":1\n40 B "
     "\"u\":\"x\",\"w\":2\n",
     "Two x 40+0 3\n", NULL},
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

/* One message is refused for good: the others are told, and not again. */
static void what_cannot_be_told_holds_nothing_back(void **state)
{
    (void)state;
    struct run r;
    struct err e = {0};
    begin(&r, A B, &durable);
    for (int64_t now = T0 + 20000; now <= T0 + 100000; now += 80000) {
        deliver(&r, now);
        r.unsayable = "A";
        assert_true(add_line(&r, S("10 A"), &e) && add_line(&r, S("11 B"), &e));
        assert_false(settle(&r, &e));
        assert_int_equal(e.kind, ERR_INPUT);
        check_told("one is refused", "the other is told once", &r, "B 1,P 11+0 1\n");
    }
    r.unsayable = NULL;
    deliver(&r, T0 + 200000);
    assert_true(add_line(&r, S("10 A"), &e) && settle(&r, &e));
    check_told("in the end", "told", &r, "A 1,P 10+0 1\nB 1,P 11+0 1\n");
    end(&r);
}

/* Keys of one delivery: more than are claimed, told and noted together (256). */
#define CROWD 300

/* A state that a worker dies at: swap calls fail from number `left` on. */
struct dying {
    struct port_state inner;
    size_t left;
};

static bool swap_until_dead(void *self, struct state_swap *list, size_t n, struct err *e)
{
    struct dying *d = self;
    if (d->left == 0)
        return err_set(e, ERR_RETRY, "dead");
    d->left--;
    return d->inner.swap(d->inner.self, list, n, e);
}

static bool claims_of_dying(void *self, struct state_claims *list, size_t n, struct err *e)
{
    const struct dying *d = self;
    return d->inner.claims(d->inner.self, list, n, e);
}

static bool deliver_crowd(struct run *r, int64_t now_ms, struct err *e)
{
    deliver(r, now_ms);
    for (int i = 0; i < CROWD; i++) {
        struct buf line;
        buf_init(&line, 64);
        buf_putf(&line, "10 A@P%d", i);
        bool ok = add_line(r, buf_str(&line), e);
        buf_release(&line);
        if (!ok)
            return false;
    }
    return settle(r, e);
}

/* Who dies between telling and noting leaves what he told together to be told once more, under its
 * ids; what was noted before is not. */
static void what_is_told_again_is_one_batch(void **state)
{
    static const struct {
        const char *name;
        size_t swaps, again;
    } deaths[] = {
        {"before the first is claimed", 0, 0},
        {"before the first is noted", 1, 256},
        {"before the second is claimed", 2, 0},
        {"before the second is noted", 3, CROWD - 256},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(deaths); i++) {
        struct run r;
        struct err e = {0};
        struct windows_config cfg = durable;
        size_t told = 0;
        cfg.entries_max = WINDOWS_ENTRIES_MAX;
        begin(&r, A, &cfg);
        struct dying d = {r.port, deaths[i].swaps};
        r.port =
            (struct port_state){.self = &d, .claims = claims_of_dying, .swap = swap_until_dead};
        restart(&r);
        assert_false(deliver_crowd(&r, T0 + 20000, &e));
        d.left = SIZE_MAX;
        restart(&r);
        assert_true(deliver_crowd(&r, T0 + 20000 + 60001, &e));
        for (size_t at = 0; at < r.told.n; at++)
            told += buf_str(&r.told).p[at] == '\n';
        check_size(deaths[i].name, told, CROWD + deaths[i].again);
        end(&r);
    }
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
        cmocka_unit_test(what_could_not_be_told_is_told_later),
        cmocka_unit_test(what_cannot_be_told_holds_nothing_back),
        cmocka_unit_test(what_is_told_again_is_one_batch),
        cmocka_unit_test(a_growing_episode_is_updated),
        cmocka_unit_test(too_many_keys_settle_early),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
