/* handlers/watch: notes of several workers in one state, and what a look at them tells. */
#include "handlers/watch.h"

#include "adapters/state_memory.h"
#include "tests/unit/support/check.h"

#define HOUR 3600000LL
#define T    1773756600000LL /* 2026-03-17T14:10:00Z */

/* The state in memory, behind a door that counts, refuses and lets another in between. */
struct door {
    struct port_state inner;
    unsigned reads, swaps, conflicts; /* conflicts: still to be told */
    bool shut;
};

static bool door_claims(void *self, struct state_claims *list, size_t n, struct err *e)
{
    struct door *d = self;
    d->reads++;
    if (d->shut)
        return err_set(e, ERR_RETRY, "shut");
    return d->inner.claims(d->inner.self, list, n, e);
}

static bool door_swap(void *self, struct state_swap *list, size_t n, struct err *e)
{
    struct door *d = self;
    d->swaps++;
    if (d->conflicts) {
        d->conflicts--;
        list->conflict = true;
        return true;
    }
    return d->inner.swap(d->inner.self, list, n, e);
}

struct stage {
    struct state_memory *memory;
    struct door door;
    struct port_state port;
    struct watch w;
    struct err e;
    struct buf told;
    struct watch_counts counts;
};

static void setup(struct stage *s)
{
    *s = (struct stage){.memory = state_memory_new()};
    assert_non_null(s->memory);
    s->door.inner = state_memory_port(s->memory);
    s->port = (struct port_state){.self = &s->door, .claims = door_claims, .swap = door_swap};
    watch_init(&s->w, &s->port);
    buf_init(&s->told, 65536);
}

static void teardown(struct stage *s)
{
    watch_release(&s->w);
    state_memory_free(s->memory);
    buf_release(&s->told);
}

static void saw(struct watch *w, const char *account, const char *region, bool digest,
                int64_t now_ms)
{
    const struct logkey k = {.account = str_of(account),
                             .region = str_of(region),
                             .day = S("2026/03/17"),
                             .digest = digest};
    watch_saw(w, &k, now_ms);
}

static void tell(void *to, const struct watch_silence *silence)
{
    struct buf *b = to;
    buf_put(b, silence->account);
    buf_putc(b, ' ');
    buf_put(b, silence->region);
    buf_putc(b, ';');
}

static struct str look(struct stage *s, int64_t now_ms)
{
    buf_reset(&s->told);
    assert_true(watch_look(&s->w, now_ms, 2 * HOUR, tell, &s->told, &s->counts, &s->e));
    return buf_str(&s->told);
}

static void misses_what_stays_away(void **state)
{
    struct stage s;
    (void)state;
    setup(&s);
    check_str("nothing is on record", look(&s, T), S(""));
    saw(&s.w, "111122223333", "eu-west-1", true, T);
    saw(&s.w, "111122223333", "us-east-1", true, T);
    saw(&s.w, "444455556666", "eu-west-1", true, T);
    saw(&s.w, "444455556666", "us-east-1", false, T); /* no digest: it may be quiet */
    assert_true(watch_settle(&s.w, T, &s.e));
    check_str("all there", look(&s, T + 2 * HOUR), S(""));
    check_size("watched", s.counts.watched, 3);
    saw(&s.w, "111122223333", "eu-west-1", false, T + HOUR);
    saw(&s.w, "444455556666", "eu-west-1", true, T + HOUR);
    assert_true(watch_settle(&s.w, T + HOUR, &s.e));
    check_str("one away", look(&s, T + 2 * HOUR + 1), S("111122223333 us-east-1;"));
    check_size("silent", s.counts.silent, 1);
    check_str("all away", look(&s, T + 4 * HOUR),
              S("111122223333 eu-west-1;111122223333 us-east-1;444455556666 eu-west-1;"));
    teardown(&s);
}

static void another_worker_adds(void **state)
{
    struct stage s;
    struct watch other;
    (void)state;
    setup(&s);
    watch_init(&other, &s.port);
    saw(&s.w, "111122223333", "eu-west-1", true, T);
    saw(&other, "111122223333", "us-east-1", true, T);
    saw(&other, "444455556666", "us-east-1", true, T);
    assert_true(watch_settle(&s.w, T, &s.e));
    s.door.conflicts = 3;
    assert_true(watch_settle(&other, T, &s.e));
    check_int("told of conflicts", s.door.conflicts, 0);
    look(&s, T);
    check_size("both are on record", s.counts.watched, 3);
    s.door.conflicts = 1000;
    saw(&s.w, "777788889999", "eu-west-1", true, T);
    assert_false(watch_settle(&s.w, T, &s.e));
    check_int("always too late", s.e.kind, ERR_RETRY);
    watch_release(&other);
    teardown(&s);
}

static void asks_the_state_little(void **state)
{
    struct stage s;
    (void)state;
    setup(&s);
    for (int i = 0; i < 100; i++) {
        saw(&s.w, "111122223333", "eu-west-1", false, T + i * 1000);
        assert_true(watch_settle(&s.w, T + i * 1000, &s.e));
    }
    check_int("item and list", s.door.swaps, 2);
    check_int("each read once", s.door.reads, 2);
    saw(&s.w, "111122223333", "eu-west-1", false, T + WATCH_STEP_MS);
    assert_true(watch_settle(&s.w, T + WATCH_STEP_MS, &s.e));
    check_int("the item again", s.door.swaps, 3);
    check_int("read again", s.door.reads, 3);
    teardown(&s);
}

static void keeps_what_it_could_not_note(void **state)
{
    struct stage s;
    (void)state;
    setup(&s);
    saw(&s.w, "111122223333", "eu-west-1", true, T);
    s.door.shut = true;
    assert_false(watch_settle(&s.w, T, &s.e));
    assert_false(watch_look(&s.w, T, HOUR, tell, &s.told, &s.counts, &s.e));
    s.door.shut = false;
    assert_true(watch_settle(&s.w, T + 1000, &s.e));
    look(&s, T + 1000);
    check_size("on record", s.counts.watched, 1);
    teardown(&s);
}

/* A backfill says nothing of today. */
static void passes_over_old_days(void **state)
{
    static const struct {
        const char *day;
        bool noted;
    } cases[] = {{"2026/03/17", true},  {"2026/03/16", true},  {"2026/03/15", false},
                 {"2025/03/17", false}, {"2026/03/18", false}, {"one.json.g", false}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct stage s;
        const struct logkey k = {S("111122223333"), S("eu-west-1"), str_of(cases[i].day), true};
        setup(&s);
        watch_saw(&s.w, &k, T);
        assert_true(watch_settle(&s.w, T, &s.e));
        look(&s, T);
        check_size(cases[i].day, s.counts.watched, cases[i].noted);
        teardown(&s);
    }
}

/* More accounts than are read at once, and more pairs than a process remembers. */
static void takes_an_organization(void **state)
{
    struct stage s;
    char account[] = "000000000000";
    (void)state;
    setup(&s);
    for (int i = 0; i < 150; i++) {
        account[9] = (char)('0' + i / 100);
        account[10] = (char)('0' + i / 10 % 10);
        account[11] = (char)('0' + i % 10);
        saw(&s.w, account, "eu-west-1", true, T);
        assert_true(watch_settle(&s.w, T, &s.e));
    }
    look(&s, T + 3 * HOUR);
    check_size("watched", s.counts.watched, 150);
    check_size("silent", s.counts.silent, 150);
    char region[] = "r-0000";
    for (int i = 0; i < WATCH_SEEN_MAX + 10; i++) {
        region[2] = (char)('0' + i / 1000);
        region[3] = (char)('0' + i / 100 % 10);
        region[4] = (char)('0' + i / 10 % 10);
        region[5] = (char)('0' + i % 10);
        saw(&s.w, "111122223333", region, true, T);
    }
    check_true("bounded", s.w.seen.n <= WATCH_SEEN_MAX);
    assert_true(watch_settle(&s.w, T, &s.e));
    teardown(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misses_what_stays_away), cmocka_unit_test(another_worker_adds),
        cmocka_unit_test(asks_the_state_little),  cmocka_unit_test(keeps_what_it_could_not_note),
        cmocka_unit_test(passes_over_old_days),   cmocka_unit_test(takes_an_organization),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
