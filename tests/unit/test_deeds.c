/* handlers/deeds: who did what, thinned and read back. */
#include "handlers/deeds.h"

#include "tests/unit/support/windows_case.h"

/* Cells of ten: 0 to 9, 10 to 19. */
static const struct window window = {.cell_ms = 10, .bucket_cells = 2};

#define ACTOR(n)  ((struct id128){0, n})
#define DEEDS_MAX 8

/* Deeds as (time, actor), in the order of their sets. */
static const struct thin_case {
    const char *name;
    struct {
        int64_t time;
        uint64_t actor;
    } deeds[DEEDS_MAX];
    size_t n;
    const char *kept; /* 'x' for each that is */
    const char *doers;
} cases[] = {
    {"none", {{0}}, 0, "", ""},
    {"one", {{3, 1}}, 1, "x", "1:3-3 "},
    {"the first and the last of one", {{1, 1}, {3, 1}, {4, 1}, {9, 1}}, 4, "x..x", "1:1-9 "},
    {"of each", {{1, 1}, {1, 2}, {3, 1}, {4, 2}, {5, 1}}, 5, "xx.xx", "1:1-5 2:1-4 "},
    {"in each cell", {{8, 1}, {9, 1}, {10, 1}, {11, 1}, {12, 1}}, 5, "xxx.x", "1:8-9 1:10-12 "},
    {"before 1970",
     {{-12, 1}, {-3, 1}, {-2, 1}, {-1, 1}, {0, 1}},
     5,
     "xx.xx",
     "1:-12--12 1:-3--1 1:0-0 "},
};

static void put_all(struct buf *out, const struct vec *doers)
{
    for (size_t i = 0; i < doers->n; i++) {
        const struct lineage_doer *d = vec_at(doers, i);
        buf_putf(out, "%u:%lld-%lld ", (unsigned)d->actor.lo, (long long)d->first_ms,
                 (long long)d->last_ms);
    }
}

/* What thinning keeps says the same. */
static void check_doers(const struct thin_case *t, const struct vec *deeds)
{
    struct vec doers;
    struct buf got;
    vec_init(&doers, sizeof(struct lineage_doer), SIZE_MAX);
    buf_init(&got, 1024);
    assert_true(deeds_doers(&window, deeds, &doers));
    put_all(&got, &doers);
    check_str(t->name, buf_str(&got), str_of(t->doers));
    buf_release(&got);
    vec_release(&doers);
}

static void run_case(const struct thin_case *t)
{
    struct vec all, kept;
    bool keep[DEEDS_MAX] = {false};
    char shown[DEEDS_MAX + 1] = "";
    struct err e = {0};
    vec_init(&all, sizeof(struct element), SIZE_MAX);
    vec_init(&kept, sizeof(struct element), SIZE_MAX);
    for (size_t i = 0; i < t->n; i++) {
        struct element *to = vec_push(&all, 1);
        assert_non_null(to);
        *to = deed_of(t->deeds[i].time, ACTOR(t->deeds[i].actor));
    }
    assert_true(deeds_thin(&window, all.p, t->n, keep, &e));
    for (size_t i = 0; i < t->n; i++) {
        shown[i] = keep[i] ? 'x' : '.';
        struct element *to = keep[i] ? vec_push(&kept, 1) : NULL;
        if (to)
            *to = *(const struct element *)vec_at(&all, i);
    }
    check_str(t->name, str_of(shown), str_of(t->kept));
    check_doers(t, &all);
    check_doers(t, &kept);
    vec_release(&all);
    vec_release(&kept);
}

static void keeps_the_first_and_the_last(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        run_case(cases + i);
}

static void tells_deeds_from_elements(void **state)
{
    (void)state;
    struct vec elements, deeds;
    vec_init(&elements, sizeof(struct element), SIZE_MAX);
    vec_init(&deeds, sizeof(struct element), SIZE_MAX);
    struct element *list = vec_push(&elements, 4);
    assert_non_null(list);
    list[0] = (struct element){1, 0, ACTOR(7)};
    list[1] = deed_of(1, ACTOR(8));
    list[2] = deed_of(2, ACTOR(9));
    list[3] = (struct element){2, DEED_WHAT + 1, ACTOR(7)};
    assert_true(deeds_part(&elements, &deeds));
    assert_int_equal(elements.n, 2);
    assert_int_equal(((struct element *)vec_at(&elements, 1))->what, DEED_WHAT + 1);
    assert_int_equal(deeds.n, 2);
    assert_int_equal(((struct element *)vec_at(&deeds, 1))->event.lo, 9);
    vec_release(&elements);
    vec_release(&deeds);
}

/* ---- in windows ---- */

#define BY(group, more)                                                                            \
    CHAIN("By", "01", "type: event_count, rules: a, timespan: 60s, group-by: " group ", " more)

/* Each event is a delivery, in this order. */
static const struct told_case {
    const char *name, *rules, *events, *told;
} told_cases[] = {
    {"two at one address", A BY("u", "condition: {gte: 2}"),
     "10 A@AIDA1 \"u\":\"x\"\n20 A@AIDA2 \"u\":\"x\"\n", "By x 20+0 2 by 1:10+0 by 2:20+0\n"},
    {"the later is there first", A BY("u", "condition: {gte: 2}"),
     "20 A@AIDA2 \"u\":\"x\"\n10 A@AIDA1 \"u\":\"x\"\n", "By x 20+0 2 by 1:10+0 by 2:20+0\n"},
    {"one several times, and another", A BY("u", "condition: {gte: 4}"),
     "10 A@AIDA1 \"u\":\"x\"\n20 A@AIDA1 \"u\":\"x\"\n25 A@AIDA2 \"u\":\"x\"\n30 A@AIDA1 "
     "\"u\":\"x\"\n",
     "By x 30+0 4 by 1:10+20 by 2:25+0\n"},
    {"not what is too long ago", A BY("u", "condition: {gte: 2}"),
     "10 A@AIDA1 \"u\":\"x\"\n80 A@AIDA2 \"u\":\"x\"\n85 A@AIDA2 \"u\":\"x\"\n",
     "By x 85+0 2 by 1:80+5\n"},
    {"one person's window says nothing", A BY("userIdentity.principalId", "condition: {gte: 2}"),
     "10 A@AIDA1\n20 A@AIDA1\n", "By AIDA1 20+0 2\n"},
    {"one person's window under one of several: two who failed twice",
     A BY("[userIdentity.principalId, u]", "condition: {gte: 2}")
         CHAIN("Both", "02",
               "type: value_count, rules: r01, timespan: 60s, group-by: u, aliases: {who: {r01: "
               "userIdentity.principalId}}, condition: {field: who, gte: 2}"),
     "10 A@AIDA1 \"u\":\"x\"\n15 A@AIDA2 \"u\":\"x\"\n20 A@AIDA1 \"u\":\"x\"\n25 A@AIDA2 "
     "\"u\":\"x\"\n",
     "Both x 25+0 2 by 1:15+10\n"},
};

static void tells_who_did_it(void **state)
{
    (void)state;
    struct windows_config cfg = durable;
    cfg.deeds = true;
    for (size_t i = 0; i < COUNT(told_cases); i++) {
        struct run r;
        begin(&r, told_cases[i].rules, &cfg);
        add_lines(&r, told_cases[i].events, 1, T0 + 8000000);
        check_told(told_cases[i].name, "one by one", &r, told_cases[i].told);
        end(&r);
    }
}

/* A flood by two hands: of their deeds a bucket holds a few. */
static void keeps_few_of_a_flood(void **state)
{
    (void)state;
    struct windows_config cfg = durable;
    struct run r;
    struct buf lines;
    cfg.deeds = true;
    buf_init(&lines, 1 << 20);
    for (unsigned i = 0; i < 1000; i++)
        buf_putf(&lines, "%u A@AIDA%u \"u\":\"x\",\"i\":%u\n", i / 20, i % 2, i);
    begin(&r, A BY("u", "condition: {gte: 2}"), &cfg);
    add_lines(&r, buf_z(&lines), 10, T0 + 8000000);
    assert_in_range(state_memory_fullest(r.state), 4, 4 + 4 + 16 + 64 + 12);
    end(&r);
    buf_release(&lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_first_and_the_last),
        cmocka_unit_test(tells_deeds_from_elements),
        cmocka_unit_test(tells_who_did_it),
        cmocka_unit_test(keeps_few_of_a_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
