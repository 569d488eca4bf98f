/* engine/window.c: hand-written answers, and random sets against the definition tried at every
 * single moment. */
#include "engine/window.h"

#include "tests/unit/support/alloc.h"
#include "tests/unit/support/check.h"

#define LIST_MAX 64

/* ---- ids ---- */

static const struct {
    const char *name, *text, *shown; /* shown NULL: as it is */
} ids[] = {
    {"a UUID", "7f5d1a2b-0c3e-4d5f-8a9b-0123456789ab", NULL},
    {"of another version", "7f5d1a2b-0c3e-1d5f-8a9b-0123456789ab", NULL},
    /* printf %s TEXT | sha256sum: the first 32 digits, the 13th set to 0 */
    {"upper case is no UUID's own form", "7F5D1A2B-0C3E-4D5F-8A9B-0123456789AB",
     "sha256:55d128a40ab20044a86c8d737fa4cae5"},
    {"version 0", "7f5d1a2b-0c3e-0d5f-8a9b-0123456789ab",
     "sha256:5899ad8088d70a5ad8ff80073979d76d"},
    {"a word", "abc", "sha256:ba7816bf8f010fea414140de5dae2223"},
    {"empty", "", "sha256:e3b0c44298fc0c149afbf4c8996fb924"},
};

static void ids_are_uuids_or_hashes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ids); i++) {
        struct buf b;
        buf_init(&b, 100);
        id128_put(&b, id128_of(str_of(ids[i].text)));
        check_str(ids[i].name, buf_str(&b), str_of(ids[i].shown ? ids[i].shown : ids[i].text));
        buf_release(&b);
    }
}

/* Every byte at every place of a UUID. */
static void uuids_are_told_from_what_is_nearly_one(void **state)
{
    static const char uuid[] = "7f5d1a2b-0c3e-4d5f-8a9b-0123456789ab";
    (void)state;
    for (size_t at = 0; at < sizeof uuid - 1; at++)
        for (unsigned byte = 0; byte <= UINT8_MAX; byte++) {
            char text[sizeof uuid];
            struct buf b;
            memcpy(text, uuid, sizeof uuid);
            text[at] = (char)byte;
            bool digit = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
            bool is = uuid[at] == '-' ? byte == '-' : digit && !(at == 14 && byte == '0');
            buf_init(&b, 100);
            id128_put(&b, id128_of(str_n(text, sizeof text - 1)));
            check_true("a UUID", is == str_eq(buf_str(&b), str_n(text, sizeof text - 1)));
            buf_release(&b);
        }
}

static void ids_are_ordered(void **state)
{
    (void)state;
    struct id128 a = {1, 2}, b = {1, 3}, c = {2, 0};
    assert_true(id128_cmp(a, b) < 0 && id128_cmp(b, c) < 0 && id128_cmp(c, a) > 0);
    assert_int_equal(id128_cmp(a, a), 0);
}

/* ---- sets ---- */

static void sorting_drops_what_is_there_twice(void **state)
{
    (void)state;
    struct element e[] = {{5, 1, {0, 1}}, {3, 0, {0, 9}}, {5, 1, {0, 1}},
                          {5, 0, {0, 2}}, {5, 1, {0, 0}}, {3, 0, {0, 9}}};
    assert_int_equal(window_sort(e, COUNT(e)), 4);
    assert_int_equal(e[0].time_ms, 3);
    assert_int_equal(e[1].what, 0);
    assert_int_equal(e[2].event.lo, 0);
    assert_int_equal(e[3].event.lo, 1);
    assert_int_equal(window_sort(e, 0), 0);
}

static void cells_and_buckets(void **state)
{
    (void)state;
    struct window w = {.cell_ms = 10, .bucket_cells = 3};
    static const int64_t table[][3] = {{0, 0, 0},     {9, 0, 0},    {10, 1, 0},    {29, 2, 0},
                                       {30, 3, 1},    {-1, -1, -1}, {-10, -1, -1}, {-11, -2, -1},
                                       {-30, -3, -1}, {-31, -4, -2}};
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_int_equal(window_cell(&w, table[i][0]), table[i][1]);
        assert_int_equal(window_bucket(&w, table[i][0]), table[i][2]);
    }
}

/* ---- when a rule holds: by hand ---- */

/* Elements as text: "time:what" with a blank between; each is an event of its own. */
static size_t read_elements(const char *text, struct element *e)
{
    size_t n = 0;
    struct str rest = str_of(text);
    while (str_present(rest)) {
        struct str what = str_cut(&rest, ' '), time = str_cut(&what, ':');
        unsigned long long t = 0, v = 0;
        if (!str_u64(time, &t))
            break;
        if (str_present(what))
            assert_true(str_u64(what, &v));
        e[n] = (struct element){(int64_t)t, v, {1, n}};
        n++;
    }
    return window_sort(e, n);
}

/* "first-until" each, a blank between. */
static void spans_of(const struct window *w, const struct element *e, size_t n, struct buf *out)
{
    struct err err = {0};
    struct vec spans;
    vec_init(&spans, sizeof(struct span), SIZE_MAX);
    if (!window_held(w, e, n, &spans, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < spans.n; i++) {
        const struct span *s = vec_at(&spans, i);
        buf_putf(out, "%s%lld-%lld", i ? " " : "", (long long)s->first_ms, (long long)s->until_ms);
    }
    vec_release(&spans);
}

static const uint32_t either[] = {WINDOW_NODE(WINDOW_OR, 2), WINDOW_NODE(WINDOW_STEP, 0),
                                  WINDOW_NODE(WINDOW_AND, 2), WINDOW_NODE(WINDOW_STEP, 1),
                                  WINDOW_NODE(WINDOW_STEP, 2)};

#define OF(k, number, ...)                                                                         \
    {                                                                                              \
        .kind = (k), .n = (number), .timespan_ms = 10, .gap_ms = 20, .cell_ms = 10,                \
        .bucket_cells = 1, __VA_ARGS__                                                             \
    }

/* The tables leave pairs_max out where it does not matter. */
static struct window complete(struct window w)
{
    if (!w.pairs_max)
        w.pairs_max = WINDOW_PAIRS_MAX;
    return w;
}

static const struct {
    const char *name;
    struct window w;
    const char *elements, *spans;
} held[] = {
    {"one is an episode", OF(WINDOW_COUNT, 1), "5", "5-15"},
    {"none is none", OF(WINDOW_COUNT, 1), "", ""},
    {"three at the ends of the closed span", OF(WINDOW_COUNT, 3), "0 4 10", "10-10"},
    {"three in one more", OF(WINDOW_COUNT, 3), "0 4 11", ""},
    {"three until the first leaves", OF(WINDOW_COUNT, 3), "0 4 6", "6-10"},
    {"equal times are several events", OF(WINDOW_COUNT, 3), "7 7 7", "7-17"},
    {"within the gap", OF(WINDOW_COUNT, 2), "0 5 25 30", "5-35"},
    {"beyond the gap", OF(WINDOW_COUNT, 2), "0 5 25 31", "5-10 31-35"},
    {"two values", OF(WINDOW_DISTINCT, 2), "0:1 1:1 2:1 8:2 9:2", "8-12"},
    {"one value often", OF(WINDOW_DISTINCT, 2), "0:1 1:1 2:1", ""},
    {"the oldest value comes again", OF(WINDOW_DISTINCT, 2), "0:1 5:2 9:1", "5-15"},
    {"three of four values", OF(WINDOW_DISTINCT, 3), "0:1 2:2 4:3 6:4 8:1", "4-14"},
    {"all steps in any order", OF(WINDOW_ALL, 3), "3:2 5:0 7:1", "7-13"},
    {"a step too far back", OF(WINDOW_ALL, 3), "3:2 5:0 14:1", ""},
    {"a step again", OF(WINDOW_ALL, 2), "0:0 8:0 12:1", "12-18"},
    {"or: the one", OF(WINDOW_ALL, 3, .expr = either, .n_expr = 5), "3:0", "3-13"},
    {"or: the others", OF(WINDOW_ALL, 3, .expr = either, .n_expr = 5), "3:1 9:2", "9-13"},
    {"or: neither", OF(WINDOW_ALL, 3, .expr = either, .n_expr = 5), "3:1 14:2", ""},
    {"in order", OF(WINDOW_ORDERED, 3), "1:0 3:1 5:2", "5-11"},
    {"not in order", OF(WINDOW_ORDERED, 3), "1:0 3:2 5:1", ""},
    {"in order the second time", OF(WINDOW_ORDERED, 2), "1:1 2:0 9:1", "9-12"},
    {"the latest chain counts", OF(WINDOW_ORDERED, 2), "1:0 4:1 6:0 8:1", "4-16"},
    {"equal times are in order", OF(WINDOW_ORDERED, 3), "4:2 4:1 4:0", "4-14"},
    {"unless strict", OF(WINDOW_ORDERED, 2, .strict = true), "4:1 4:0", ""},
    {"strict, and later", OF(WINDOW_ORDERED, 2, .strict = true), "4:1 4:0 5:1", "5-14"},
    {"strict: the earlier of two", OF(WINDOW_ORDERED, 2, .strict = true), "3:0 5:0 5:1", "5-13"},
    {"ordered within the timespan", OF(WINDOW_ORDERED, 2), "0:0 10:1", "10-10"},
    {"ordered beyond it", OF(WINDOW_ORDERED, 2), "0:0 11:1", ""},
};

static void rules_hold_as_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(held); i++) {
        struct element e[LIST_MAX];
        struct buf b;
        buf_init(&b, 1000);
        struct window w = complete(held[i].w);
        spans_of(&w, e, read_elements(held[i].elements, e), &b);
        check_str(held[i].name, buf_str(&b).n ? buf_str(&b) : S(""), str_of(held[i].spans));
        buf_release(&b);
    }
}

/* ---- what thinning keeps: by hand ---- */

static const struct {
    const char *name;
    struct window w;
    const char *elements;
    const char *kept; /* a digit each */
} thinned[] = {
    {"count: both ends", OF(WINDOW_COUNT, 2), "0 1 2 3 4 5", "110011"},
    {"count: each cell", OF(WINDOW_COUNT, 1), "0 1 9 10 15 19", "101101"},
    {"count: few stay", OF(WINDOW_COUNT, 3), "0 1 2 3 4 5", "111111"},
    {"values: first and last of each", OF(WINDOW_DISTINCT, 2), "0:1 1:1 2:1 3:2 4:2 5:2", "101101"},
    {"values: the first n, the last n", OF(WINDOW_DISTINCT, 1), "0:1 1:2 2:3", "101"},
    {"steps: first and last of each", OF(WINDOW_ALL, 2), "0:0 1:1 2:0 3:1 4:0", "11011"},
    {"ordered: every time", OF(WINDOW_ORDERED, 2), "0:0 1:1 2:0 3:1 4:0", "11111"},
    {"ordered: one event a time and step", OF(WINDOW_ORDERED, 2), "0:0 0:0 0:0 1:1", "1011"},
    {"crowded: by slots of two", OF(WINDOW_ORDERED, 2, .pairs_max = 4),
     "0:0 1:0 2:0 3:0 4:0 4:0 5:0 6:1", "11111011"},
    {"crowded: by slots of four", OF(WINDOW_ORDERED, 2, .pairs_max = 2),
     "0:0 1:0 2:0 3:0 4:0 5:0 6:0 7:0", "10011001"},
};

static void thinning_keeps_as_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(thinned); i++) {
        struct element e[LIST_MAX];
        struct err err = {0};
        bool keep[LIST_MAX];
        char shown[LIST_MAX + 1];
        size_t n = read_elements(thinned[i].elements, e);
        struct window w = complete(thinned[i].w);
        assert_true(window_thin(&w, e, n, keep, &err));
        for (size_t k = 0; k < n; k++)
            shown[k] = keep[k] ? '1' : '0';
        check_str(thinned[i].name, str_n(shown, n), str_of(thinned[i].kept));
    }
}

/* ---- random sets ---- */

static uint32_t below(uint64_t *s, uint32_t n)
{
    *s = *s * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*s >> 33) % n);
}

static bool expr_is_true(const uint32_t *expr, uint32_t *at, uint64_t there)
{
    uint32_t node = expr[(*at)++], op = node >> 16, n = node & 0xFFFF;
    if (op == WINDOW_STEP)
        return there >> n & 1;
    bool all = true, any = false;
    for (uint32_t i = 0; i < n; i++) {
        bool one = expr_is_true(expr, at, there);
        all = all && one;
        any = any || one;
    }
    return op == WINDOW_AND ? all : any;
}

/* The definition at one moment, times told apart exactly. */
static bool holds_at(const struct window *w, const struct element *e, size_t n, int64_t t)
{
    uint32_t count = 0, values = 0, done = 0, at = 0;
    uint64_t there = 0;
    int64_t stepped = INT64_MIN;
    for (size_t i = 0; i < n; i++) {
        if (e[i].time_ms < t - w->timespan_ms || e[i].time_ms > t)
            continue;
        count++;
        values += !(there >> e[i].what & 1);
        there |= (uint64_t)1 << e[i].what;
    }
    /* Elements of one time are ordered by step, so equal times are in order by themselves. */
    for (size_t i = 0; i < n && done < w->n; i++) {
        bool inside = e[i].time_ms >= t - w->timespan_ms && e[i].time_ms <= t;
        if (inside && e[i].what == done && !(w->strict && e[i].time_ms == stepped)) {
            done++;
            stepped = e[i].time_ms;
        }
    }
    switch (w->kind) {
    case WINDOW_COUNT:
        return count >= w->n;
    case WINDOW_DISTINCT:
        return values >= w->n;
    case WINDOW_ALL:
        return w->expr ? expr_is_true(w->expr, &at, there) : values >= w->n;
    case WINDOW_ORDERED:
        break;
    }
    return done >= w->n;
}

#define LATEST 300 /* of the times in random sets, the timespan left out */

static void try_every_moment(const struct window *w, const struct element *e, size_t n,
                             struct buf *out)
{
    struct span s[LATEST];
    size_t spans = 0;
    for (int64_t t = 0; t < LATEST + 100; t++) {
        if (!holds_at(w, e, n, t))
            continue;
        if (spans && t - s[spans - 1].until_ms <= (w->gap_ms > 1 ? w->gap_ms : 1))
            s[spans - 1].until_ms = t;
        else
            s[spans++] = (struct span){t, t};
    }
    for (size_t i = 0; i < spans; i++)
        buf_putf(out, "%s%lld-%lld", i ? " " : "", (long long)s[i].first_ms,
                 (long long)s[i].until_ms);
}

static size_t random_set(const struct window *w, uint64_t *s, struct element *e)
{
    size_t n = below(s, LIST_MAX) + 1;
    uint32_t centre = below(s, LATEST - 60), kinds = w->n + below(s, 3);
    bool flood = below(s, 2);
    if (w->kind == WINDOW_ORDERED || w->kind == WINDOW_ALL)
        kinds = w->n;
    for (size_t i = 0; i < n; i++)
        e[i] = (struct element){flood ? centre + below(s, 60) : below(s, LATEST),
                                w->kind == WINDOW_COUNT ? 0 : below(s, kinds),
                                {1, below(s, 1000)}};
    return window_sort(e, n);
}

static struct window random_window(uint64_t *s)
{
    static const int64_t gaps[] = {1, 20, 50, 100};
    struct window w = {.kind = (enum window_kind)below(s, 4),
                       .n = 1 + below(s, 4),
                       .timespan_ms = 10 + below(s, 40),
                       .gap_ms = gaps[below(s, 4)],
                       .bucket_cells = 1 + below(s, 3),
                       .pairs_max = WINDOW_PAIRS_MAX,
                       .strict = below(s, 2)};
    w.cell_ms = below(s, 2) ? w.timespan_ms : 1 + below(s, (uint32_t)w.timespan_ms);
    if (w.kind == WINDOW_ALL && below(s, 2)) {
        w.n = 3;
        w.expr = either;
        w.n_expr = COUNT(either);
    }
    return w;
}

static void check_same(uint64_t seed, struct buf *got, struct buf *want)
{
    if (got->n != want->n || (got->n && memcmp(got->p, want->p, got->n) != 0))
        fail_msg("seed %llu: %s, not %s", (unsigned long long)seed, buf_z(got), buf_z(want));
    buf_release(got);
    buf_release(want);
}

static void random_sets_hold_as_defined(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4000; seed++) {
        uint64_t s = seed;
        struct window w = random_window(&s);
        struct element e[LIST_MAX];
        size_t n = random_set(&w, &s, e);
        struct buf got, want;
        buf_init(&got, 10000);
        buf_init(&want, 10000);
        spans_of(&w, e, n, &got);
        try_every_moment(&w, e, n, &want);
        check_same(seed, &got, &want);
    }
}

/* Leaves what thinning keeps; returns how many. */
static size_t thin(const struct window *w, struct element *e, size_t n)
{
    bool keep[2 * LIST_MAX];
    struct err err = {0};
    size_t kept = 0;
    assert_true(window_thin(w, e, n, keep, &err));
    for (size_t i = 0; i < n; i++)
        if (keep[i])
            e[kept++] = e[i];
    return kept;
}

static size_t join_sets(struct element *to, const struct element *a, size_t n,
                        const struct element *b, size_t m)
{
    memcpy(to, a, n * sizeof *to);
    memcpy(to + n, b, m * sizeof *to);
    return window_sort(to, n + m);
}

/* Crowded cells among them. The rule holds over the thinned parts as over the whole; thinning the
 * parts first makes no difference; and it keeps less and less of what it kept, never more. */
static void thinning_cannot_be_seen(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4000; seed++) {
        uint64_t s = seed;
        struct window w = random_window(&s);
        struct element a[LIST_MAX], b[LIST_MAX], whole[2 * LIST_MAX], parts[2 * LIST_MAX];
        struct buf got, want;
        w.pairs_max = below(&s, 2) ? 6 : WINDOW_PAIRS_MAX;
        size_t n_a = random_set(&w, &s, a), n_b = random_set(&w, &s, b);
        size_t n_whole = join_sets(whole, a, n_a, b, n_b);
        n_a = thin(&w, a, n_a);
        n_b = thin(&w, b, n_b);
        size_t n_parts = join_sets(parts, a, n_a, b, n_b);
        buf_init(&got, 10000);
        buf_init(&want, 10000);
        spans_of(&w, parts, n_parts, &got);
        spans_of(&w, whole, n_whole, &want);
        check_same(seed, &got, &want);
        n_whole = thin(&w, whole, n_whole);
        n_parts = thin(&w, parts, n_parts);
        assert_int_equal(n_parts, n_whole);
        assert_memory_equal(parts, whole, n_whole * sizeof *whole);
        assert_int_equal(thin(&w, whole, n_whole), n_whole);
    }
}

static bool covers(const struct vec *spans, const struct span *s)
{
    for (size_t i = 0; i < spans->n; i++) {
        const struct span *one = vec_at(spans, i);
        if (one->first_ms <= s->first_ms && one->until_ms >= s->until_ms)
            return true;
    }
    return false;
}

/* Who floods a cell cannot hide in it what would hold with times told apart. */
static void a_crowded_cell_loses_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4000; seed++) {
        uint64_t s = seed;
        struct err err = {0};
        struct window w = random_window(&s);
        struct element e[LIST_MAX];
        struct vec exact, rough;
        w.kind = WINDOW_ORDERED;
        w.n = 2 + below(&s, 3);
        w.expr = NULL;
        size_t n = random_set(&w, &s, e);
        vec_init(&exact, sizeof(struct span), SIZE_MAX);
        vec_init(&rough, sizeof(struct span), SIZE_MAX);
        assert_true(window_held(&w, e, n, &exact, &err));
        w.pairs_max = 4;
        assert_true(window_held(&w, e, n, &rough, &err));
        for (size_t i = 0; i < exact.n; i++)
            if (!covers(&rough, vec_at(&exact, i)))
                fail_msg("seed %llu: an episode is lost", (unsigned long long)seed);
        vec_release(&exact);
        vec_release(&rough);
    }
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct element e[LIST_MAX];
    size_t n = read_elements("0:0 1:1 2:0 3:1 40:0 41:1", e), done = 0;
    for (size_t kind = 0; kind < 4; kind++)
        for (size_t at = 1; at < 100; at++) {
            struct window w = OF((enum window_kind)kind, 2);
            w = complete(w);
            struct err err = {0};
            struct vec spans;
            bool keep[LIST_MAX];
            vec_init(&spans, sizeof(struct span), SIZE_MAX);
            alloc_fail_at(at);
            bool ok = window_held(&w, e, n, &spans, &err) && window_thin(&w, e, n, keep, &err);
            alloc_works();
            vec_release(&spans);
            done += ok;
            if (ok)
                break;
            assert_int_equal(err.kind, ERR_SYSTEM);
        }
    assert_int_equal(done, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_uuids_or_hashes),
        cmocka_unit_test(uuids_are_told_from_what_is_nearly_one),
        cmocka_unit_test(ids_are_ordered),
        cmocka_unit_test(sorting_drops_what_is_there_twice),
        cmocka_unit_test(cells_and_buckets),
        cmocka_unit_test(rules_hold_as_by_hand),
        cmocka_unit_test(thinning_keeps_as_by_hand),
        cmocka_unit_test(random_sets_hold_as_defined),
        cmocka_unit_test(thinning_cannot_be_seen),
        cmocka_unit_test(a_crowded_cell_loses_nothing),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
