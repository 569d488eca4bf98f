/* engine/claims.c. The answers follow from the rules in engine/claims.h, by hand. */
#include "engine/claims.h"

#include <stdlib.h>

#include "tests/unit/support/alloc.h"
#include "tests/unit/support/check.h"

#define LEASE 1000
#define MAX   (64u << 20)

static const unsigned char seed[CLAIM_ID_BYTES] = "0123456789abcde";

/* "count >= 1" with a timespan of 10 and a gap of 100. */
static const struct window one = {.kind = WINDOW_COUNT,
                                  .n = 1,
                                  .timespan_ms = 10,
                                  .gap_ms = 100,
                                  .cell_ms = 10,
                                  .bucket_cells = 1};

struct claims_case {
    struct arena memory;
    struct claims claims;
};

static void begin(struct claims_case *c)
{
    arena_init(&c->memory, MAX);
    claims_init(&c->claims, &c->memory);
}

static void end(struct claims_case *c)
{
    claims_release(&c->claims);
    arena_release(&c->memory);
}

static int set_up(void **state)
{
    struct claims_case *c = calloc(1, sizeof *c);
    if (c)
        begin(c);
    *state = c;
    return c ? 0 : -1;
}

static int tear_down(void **state)
{
    end(*state);
    free(*state);
    return 0;
}

/* The delivery called `name`. */
static struct claiming delivery(char name, int64_t now_ms)
{
    struct claiming by = {.now_ms = now_ms, .lease_ms = LEASE, .seed = seed};
    memset(by.owner, name, sizeof by.owner);
    return by;
}

/* Claims the moments of n events at the times from first on, `step` apart. */
static void claim_events(struct claims_case *c, const struct claiming *by, int64_t first,
                         int64_t step, size_t n)
{
    struct err e = {0};
    struct element events[300];
    struct vec spans;
    vec_init(&spans, sizeof(struct span), COUNT(events));
    assert_true(n <= COUNT(events));
    for (size_t i = 0; i < n; i++) {
        int64_t t = first + (int64_t)i * step;
        events[i] = (struct element){t, 0, {7, (uint64_t)t}};
    }
    if (!window_held(&one, events, n, &spans, &e) ||
        !claims_claim(&c->claims, &one, spans.p, spans.n, events, n, by, &e))
        fail_msg("%s", e.text);
    vec_release(&spans);
}

static void claim_event(struct claims_case *c, const struct claiming *by, int64_t t)
{
    claim_events(c, by, t, 1, 1);
}

/* Marks everything that is due as told. */
static void tell_all(struct claims_case *c)
{
    for (size_t i = 0; i < c->claims.list.n; i++) {
        const struct claim *cl = claims_at(&c->claims, i);
        for (uint32_t k = 0; k < cl->n_alerts; k++)
            claims_mark(&c->claims, cl->alerts[k].id, cl->alerts[k].due);
    }
}

static bool is_owner(const struct claim_alert *a, char name)
{
    return a->owner[0] == (unsigned char)name;
}

/* ---- episodes ---- */

static const struct {
    const char *name;
    int64_t times[4];
    size_t n;
    struct span want[4];
    size_t n_want;
} merges[] = {
    {"one", {500}, 1, {{500, 510}}, 1},
    {"the gap joins", {500, 610}, 2, {{500, 620}}, 1},
    {"one more parts", {500, 611}, 2, {{500, 510}, {611, 621}}, 2},
    {"backwards", {610, 500}, 2, {{500, 620}}, 1},
    {"a bridge", {500, 700, 605}, 3, {{500, 710}}, 1},
    {"twice", {500, 500}, 2, {{500, 510}}, 1},
    {"ascending by first", {900, 100, 500}, 3, {{100, 110}, {500, 510}, {900, 910}}, 3},
};

static void near_claims_become_one(void **state)
{
    (void)state;
    struct claiming by = delivery('a', 1);
    for (size_t i = 0; i < COUNT(merges); i++) {
        struct claims_case c;
        begin(&c);
        for (size_t k = 0; k < merges[i].n; k++)
            claim_event(&c, &by, merges[i].times[k]);
        check_size(merges[i].name, c.claims.list.n, merges[i].n_want);
        for (size_t k = 0; k < merges[i].n_want; k++) {
            check_int(merges[i].name, claims_at(&c.claims, k)->first_ms,
                      merges[i].want[k].first_ms);
            check_int(merges[i].name, claims_at(&c.claims, k)->until_ms,
                      merges[i].want[k].until_ms);
        }
        end(&c);
    }
}

static void an_id_depends_on_seed_and_first_moment(void **state)
{
    (void)state;
    static const unsigned char other[CLAIM_ID_BYTES] = "other";
    struct claims_case a, b, c, d;
    struct claiming by = delivery('a', 1), twin = delivery('b', 9), strange = by;
    strange.seed = other;
    begin(&a), begin(&b), begin(&c), begin(&d);
    claim_event(&a, &by, 500);
    claim_event(&b, &twin, 500);
    claim_event(&c, &by, 501);
    claim_event(&d, &strange, 500);
    const unsigned char *id = claims_at(&a.claims, 0)->alerts[0].id;
    assert_memory_equal(id, claims_at(&b.claims, 0)->alerts[0].id, CLAIM_ID_BYTES);
    assert_memory_not_equal(id, claims_at(&c.claims, 0)->alerts[0].id, CLAIM_ID_BYTES);
    assert_memory_not_equal(id, claims_at(&d.claims, 0)->alerts[0].id, CLAIM_ID_BYTES);
    end(&a), end(&b), end(&c), end(&d);
}

static void an_earlier_event_moves_the_claim_and_not_the_id(void **state)
{
    struct claims_case *c = *state;
    struct claiming by = delivery('a', 1);
    unsigned char id[CLAIM_ID_BYTES];
    claim_event(c, &by, 500);
    memcpy(id, claims_at(&c->claims, 0)->alerts[0].id, sizeof id);
    claim_event(c, &by, 450);
    assert_int_equal(claims_at(&c->claims, 0)->first_ms, 450);
    assert_int_equal(claims_at(&c->claims, 0)->n_alerts, 1);
    assert_memory_equal(id, claims_at(&c->claims, 0)->alerts[0].id, sizeof id);
}

static void mute_claims_have_no_alert(void **state)
{
    struct claims_case *c = *state;
    struct claiming by = delivery('a', 1);
    by.mute = true;
    claim_event(c, &by, 500);
    assert_int_equal(claims_at(&c->claims, 0)->n_alerts, 0);
    by.mute = false; /* what is known stays known */
    claim_event(c, &by, 550);
    assert_int_equal(claims_at(&c->claims, 0)->n_alerts, 0);
}

/* ---- who tells ---- */

static void leases(void **state)
{
    struct claims_case *c = *state;
    struct claiming a = delivery('a', 100), b = delivery('b', 100 + LEASE), late = b, again = b;
    struct span s = {500, 510}, apart = {900, 910};
    late.now_ms++;
    again.again = true;
    claim_event(c, &a, 500);
    const struct claim *cl = claims_at(&c->claims, 0);
    assert_true(is_owner(cl->alerts, 'a'));
    assert_true(claims_is_mine(cl, cl->alerts, &s, 1, &a));
    assert_false(claims_is_mine(cl, cl->alerts, &s, 1, &b));
    assert_true(claims_is_mine(cl, cl->alerts, &s, 1, &again));
    assert_false(claims_is_mine(cl, cl->alerts, &apart, 1, &again));
    claim_event(c, &b, 500);
    assert_true(is_owner(claims_at(&c->claims, 0)->alerts, 'a')); /* to its last millisecond */
    claim_event(c, &late, 900);                                   /* whatever it touches itself */
    assert_true(is_owner(claims_at(&c->claims, 0)->alerts, 'b'));
    assert_int_equal(claims_at(&c->claims, 0)->alerts[0].lease_ms, late.now_ms + LEASE);
    tell_all(c);
    cl = claims_at(&c->claims, 0);
    assert_false(claims_is_mine(cl, cl->alerts, &s, 1, &late));
}

/* An archive whose records tell no time, or times before 1970, has its clock at 0 or before. */
static void a_new_alert_is_leased_at_any_time(void **state)
{
    (void)state;
    static const int64_t clocks[] = {0, -5, INT64_MIN + 1, 1700000000000};
    for (size_t i = 0; i < COUNT(clocks); i++) {
        struct claims_case c;
        struct claiming by = delivery('a', clocks[i]);
        begin(&c);
        claim_event(&c, &by, 500);
        assert_true(is_owner(claims_at(&c.claims, 0)->alerts, 'a'));
        end(&c);
    }
}

static void settled_when_all_that_was_touched_is_told(void **state)
{
    struct claims_case *c = *state;
    struct claiming by = delivery('a', 1);
    struct span first = {500, 510}, second = {900, 910}, nothing = {700, 710};
    claim_event(c, &by, 500);
    claim_event(c, &by, 900);
    claims_mark(&c->claims, claims_at(&c->claims, 0)->alerts[0].id, 1);
    assert_true(claims_settled(&c->claims, &first, 1));
    assert_false(claims_settled(&c->claims, &second, 1));
    assert_true(claims_settled(&c->claims, &nothing, 1));
}

static void a_mark_never_goes_back(void **state)
{
    struct claims_case *c = *state;
    struct claiming by = delivery('a', 1);
    claim_event(c, &by, 500);
    struct claim_alert *alert = claims_at(&c->claims, 0)->alerts;
    alert->due = 3;
    claims_mark(&c->claims, alert->id, 2);
    claims_mark(&c->claims, alert->id, 1);
    assert_int_equal(alert->told, 2);
}

/* ---- updates ---- */

/* Events come one by one, each told at once: an update when the count gets one digit more. */
static void a_digit_more_is_an_update(void **state)
{
    struct claims_case *c = *state;
    struct claiming by = delivery('a', 1);
    for (int i = 1; i <= 64; i++) {
        claim_event(c, &by, 500 + i);
        const struct claim_alert *a = claims_at(&c->claims, 0)->alerts;
        check_int("due", a->due, i < 10 ? 1 : 2);
        tell_all(c);
    }
    assert_int_equal(sketch_count(&claims_at(&c->claims, 0)->events), 64);
}

/* Whoever finds the news tells them, though the teller before has still time on his lease. */
static void an_update_belongs_to_its_finder(void **state)
{
    struct claims_case *c = *state;
    struct claiming a = delivery('a', 1), b = delivery('b', 2);
    claim_event(c, &a, 500);
    tell_all(c);
    claim_events(c, &b, 501, 1, 20);
    const struct claim_alert *alert = claims_at(&c->claims, 0)->alerts;
    assert_int_equal(alert->due, 2);
    assert_true(is_owner(alert, 'b'));
    assert_int_equal(alert->lease_ms, 2 + LEASE);
}

/* a tells of one event; meanwhile b has put twenty there: that is news until somebody tells it. */
static void growth_while_a_message_is_under_way_is_not_lost(void **state)
{
    struct claims_case *c = *state;
    struct claiming a = delivery('a', 1), b = delivery('b', 2);
    struct span s = {500, 510};
    claim_event(c, &a, 500);
    claim_events(c, &b, 501, 1, 20);
    assert_int_equal(claims_at(&c->claims, 0)->alerts[0].due, 1);
    tell_all(c);
    assert_false(claims_settled(&c->claims, &s, 1));
    claim_event(c, &a, 500);
    assert_int_equal(claims_at(&c->claims, 0)->alerts[0].due, 2);
    tell_all(c);
    assert_true(claims_settled(&c->claims, &s, 1));
}

/* Who takes an alert over tells the count as it is then. */
static void a_new_teller_tells_all_there_is(void **state)
{
    struct claims_case *c = *state;
    struct claiming a = delivery('a', 1), b = delivery('b', 2 + LEASE);
    struct span s = {500, 510};
    claim_event(c, &a, 500);
    claim_events(c, &b, 501, 1, 20);
    assert_true(is_owner(claims_at(&c->claims, 0)->alerts, 'b'));
    tell_all(c);
    assert_true(claims_settled(&c->claims, &s, 1));
}

static const struct {
    const char *name;
    bool first_told, second_told;
    uint32_t due; /* of the first alert, once the claims are one */
} joins[] = {
    {"both told: news", true, true, 2},
    {"the second is under way: news", true, false, 2},
    {"the first is under way: its teller says it, or the next", false, true, 1},
    {"both under way", false, false, 1},
};

static void told_claims_that_join_are_news(void **state)
{
    (void)state;
    struct claiming by = delivery('a', 1);
    for (size_t i = 0; i < COUNT(joins); i++) {
        struct claims_case c;
        begin(&c);
        claim_event(&c, &by, 500);
        claim_event(&c, &by, 700);
        if (joins[i].first_told)
            claims_mark(&c.claims, claims_at(&c.claims, 0)->alerts[0].id, 1);
        if (joins[i].second_told)
            claims_mark(&c.claims, claims_at(&c.claims, 1)->alerts[0].id, 1);
        claim_event(&c, &by, 605);
        const struct claim *cl = claims_at(&c.claims, 0);
        check_size(joins[i].name, c.claims.list.n, 1);
        check_int(joins[i].name, cl->n_alerts, 2);
        check_int(joins[i].name, cl->alerts[0].due, joins[i].due);
        check_int(joins[i].name, cl->alerts[1].due, 1);
        end(&c);
    }
}

/* The joined claims' first alert was told by b, from claims as they were before a joined them. */
static void a_join_while_a_message_is_under_way_is_not_lost(void **state)
{
    struct claims_case *c = *state;
    struct claiming a = delivery('a', 1), b = delivery('b', 1);
    struct span s = {500, 710};
    claim_event(c, &b, 500);
    claim_event(c, &b, 700);
    claim_event(c, &a, 605);
    tell_all(c);
    assert_false(claims_settled(&c->claims, &s, 1));
    claim_event(c, &a, 605);
    assert_int_equal(claims_at(&c->claims, 0)->alerts[0].due, 2);
    assert_true(is_owner(claims_at(&c->claims, 0)->alerts, 'a'));
}

static void details_stay_until_all_is_told(void **state)
{
    struct claims_case *c = *state;
    struct claiming a = delivery('a', 1), b = delivery('b', 1);
    a.details = S("of a");
    b.details = S("of b");
    claim_event(c, &a, 500);
    claim_event(c, &b, 501);
    assert_true(str_eqz(claims_at(&c->claims, 0)->details, "of a"));
    tell_all(c);
    assert_false(str_present(claims_at(&c->claims, 0)->details));
}

/* ---- limits ---- */

/* 300 episodes in one delivery: the oldest are one from then on, and nobody is told so. */
static void beyond_the_maximum_the_oldest_are_joined(void **state)
{
    struct claims_case *c = *state;
    struct claiming by = delivery('a', 1);
    claim_events(c, &by, 1000, 1000, 300);
    assert_int_equal(c->claims.list.n, CLAIMS_MAX);
    const struct claim *oldest = claims_at(&c->claims, 0);
    assert_int_equal(oldest->first_ms, 1000);
    assert_int_equal(oldest->until_ms, 1000 * (300 - CLAIMS_MAX + 1) + 10);
    assert_int_equal(oldest->n_alerts, 300 - CLAIMS_MAX + 1); /* none is told yet, so all stay */
    tell_all(c);
    claim_event(c, &by, 400000);
    oldest = claims_at(&c->claims, 0);
    assert_int_equal(oldest->n_alerts, CLAIM_ALERTS_MAX);
    assert_int_equal(oldest->alerts[0].due, 1);
}

/* A delivery that is all there is keeps no item, and no maximum. */
/* Nobody could be told for long, and every message is as long as it may be: the item must still
 * take the next delivery, or its key would be silent for ever. */
static void an_outage_leaves_room(void **state)
{
    static char longest[CLAIM_DETAILS_MAX];
    struct claims_case *c = *state;
    struct err e = {0};
    struct buf b;
    struct claiming by = delivery('a', 1);
    memset(longest, 'x', sizeof longest);
    by.details = str_n(longest, sizeof longest);
    buf_init(&b, CLAIMS_BYTES_MAX);
    for (int64_t i = 0; i < 1000; i++)
        claim_events(c, &by, 1000 * i, 1, SKETCH_MAX + 1);
    claims_encode(&c->claims, &b);
    if (!buf_ok(&b, "claims", &e))
        fail_msg("%s", e.text);
    check_str("the first keeps its details", claims_at(&c->claims, 0)->details, by.details);
    buf_release(&b);
}

static void without_a_maximum_all_episodes_stay(void **state)
{
    struct claims_case *c = *state;
    struct claiming by = delivery('a', 1);
    c->claims.max = SIZE_MAX;
    claim_events(c, &by, 1000, 1000, 300);
    assert_int_equal(c->claims.list.n, 300);
}

static const struct {
    const char *name;
    int64_t horizon;
    bool told;
    size_t left;
} expiries[] = {
    {"told and over", 511, true, 1},
    {"told, at its last moment", 510, true, 2},
    {"not told", 1000, false, 2},
    {"all", 1000, true, 0},
};

static void claims_expire_when_told(void **state)
{
    (void)state;
    struct claiming by = delivery('a', 1);
    for (size_t i = 0; i < COUNT(expiries); i++) {
        struct claims_case c;
        begin(&c);
        claim_event(&c, &by, 500);
        claim_event(&c, &by, 900);
        if (expiries[i].told)
            tell_all(&c);
        claims_expire(&c.claims, expiries[i].horizon);
        check_size(expiries[i].name, c.claims.list.n, expiries[i].left);
        end(&c);
    }
}

/* ---- sketches ---- */

static struct id128 random_id(uint64_t *s)
{
    uint64_t half[2];
    for (size_t i = 0; i < 2; i++) {
        *s = *s * 6364136223846793005u + 1442695040888963407u;
        half[i] = *s ^ *s >> 29;
    }
    return (struct id128){(half[0] & ~(uint64_t)0xF000) | 0x4000, half[1]};
}

static void a_sketch_is_exact_to_its_maximum(void **state)
{
    (void)state;
    struct sketch s = {0};
    uint64_t seed_of = 1;
    for (uint64_t i = 1; i <= SKETCH_MAX; i++) {
        struct id128 id = random_id(&seed_of);
        sketch_add(&s, id, 1);
        sketch_add(&s, id, 1);
        assert_int_equal(sketch_count(&s), i);
    }
    assert_false(s.more);
    sketch_add(&s, random_id(&seed_of), 1);
    assert_true(s.more);
}

/* Whatever comes first, and in whatever parts, the set is the same. */
static void a_sketch_is_a_set(void **state)
{
    (void)state;
    struct id128 ids[500];
    struct sketch all = {0}, back = {0}, odd = {0}, even = {0};
    uint64_t seed_of = 2;
    for (size_t i = 0; i < COUNT(ids); i++)
        ids[i] = random_id(&seed_of);
    for (size_t i = 0; i < COUNT(ids); i++) {
        sketch_add(&all, ids[i], (int64_t)i);
        sketch_add(&back, ids[COUNT(ids) - 1 - i], (int64_t)(COUNT(ids) - 1 - i));
        sketch_add(i % 2 ? &odd : &even, ids[i], (int64_t)i);
    }
    sketch_join(&odd, &even);
    assert_memory_equal(&all, &back, sizeof all);
    assert_memory_equal(&all, &odd, sizeof all);
}

/* The error of k smallest hashes is about 1 / sqrt(k - 2), 12.7 % of 64; over 200 sets its root
 * mean square lies well within a fifth of that. */
static void an_estimate_is_off_by_an_eighth(void **state)
{
    (void)state;
    uint64_t seed_of = 3;
    double sum = 0;
    for (int set = 0; set < 200; set++) {
        struct sketch s = {0};
        for (int i = 0; i < 3000; i++)
            sketch_add(&s, random_id(&seed_of), i);
        double off = ((double)sketch_count(&s) - 3000) / 3000;
        sum += off * off;
    }
    double square = sum / 200; /* 0.127 squared is 0.0161 */
    assert_true(square > 0.0161 * 0.64 && square < 0.0161 * 1.44);
}

static void more_than_the_maximum_is_never_told_as_less(void **state)
{
    (void)state;
    struct sketch s = {0};
    uint64_t seed_of = 4;
    for (int i = 0; i < SKETCH_MAX + 1; i++)
        sketch_add(&s, random_id(&seed_of), i);
    assert_true(sketch_count(&s) > SKETCH_MAX);
}

/* ---- the wire form ---- */

static void fill(struct claims_case *c)
{
    struct claiming by = delivery('a', 1);
    by.details = S("{\"event\":{}}");
    begin(c);
    claim_events(c, &by, 100, 1, 100); /* more than a sketch holds */
    claim_event(c, &by, 5000);
    tell_all(c);
    claim_event(c, &by, 5200);
    claim_event(c, &by, 5105); /* joins the two before */
    by.mute = true;
    claim_event(c, &by, 9000);
    by.mute = false;
    claim_event(c, &by, -9000);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct err e = {0};
    struct claims_case c, d;
    struct buf first, second;
    fill(&c);
    begin(&d);
    buf_init(&first, CLAIMS_BYTES_MAX);
    buf_init(&second, CLAIMS_BYTES_MAX);
    claims_encode(&c.claims, &first);
    assert_true(claims_decode(&d.claims, buf_str(&first), &e));
    claims_encode(&d.claims, &second);
    assert_int_equal(first.n, second.n);
    assert_memory_equal(first.p, second.p, first.n);
    assert_int_equal(d.claims.list.n, c.claims.list.n);
    for (size_t i = 0; i < c.claims.list.n; i++) {
        const struct claim *x = claims_at(&c.claims, i), *y = claims_at(&d.claims, i);
        assert_int_equal(x->first_ms, y->first_ms);
        assert_int_equal(x->until_ms, y->until_ms);
        assert_int_equal(x->last_ms, y->last_ms);
        assert_int_equal(x->magnitude, y->magnitude);
        assert_int_equal(x->mentioned, y->mentioned);
        assert_int_equal(x->n_alerts, y->n_alerts);
        for (uint32_t k = 0; k < x->n_alerts; k++)
            assert_memory_equal(x->alerts + k, y->alerts + k, sizeof *x->alerts);
        assert_memory_equal(&x->events, &y->events, sizeof x->events);
        check_str("details", y->details, x->details);
    }
    buf_release(&first);
    buf_release(&second);
    end(&c);
    end(&d);
}

/* Cut anywhere, or with a byte more, or of another version, it is none. */
static void broken_claims_are_refused(void **state)
{
    (void)state;
    struct claims_case c;
    struct buf b;
    fill(&c);
    buf_init(&b, CLAIMS_BYTES_MAX);
    claims_encode(&c.claims, &b);
    size_t whole = b.n;
    buf_putc(&b, 0);
    for (size_t n = 1; n <= b.n; n++) {
        struct claims_case d;
        struct err e = {0};
        begin(&d);
        assert_true(claims_decode(&d.claims, str_n(b.p, n), &e) == (n == whole));
        assert_int_equal(e.kind, n == whole ? ERR_NONE : ERR_INPUT);
        end(&d);
    }
    b.p[0] = 99;
    struct err e = {0};
    assert_false(claims_decode(&c.claims, str_n(b.p, whole), &e));
    check_str("text", str_of(e.text), S("the state holds claims of another version"));
    buf_release(&b);
    end(&c);
}

/* Whatever bytes stand there, reading them ends and does no harm. */
static void changed_bytes_do_no_harm(void **state)
{
    (void)state;
    struct claims_case c;
    struct buf b;
    fill(&c);
    buf_init(&b, CLAIMS_BYTES_MAX);
    claims_encode(&c.claims, &b);
    for (size_t i = 0; i < b.n; i++) {
        struct claims_case d;
        struct err e = {0};
        b.p[i] = (char)~b.p[i];
        begin(&d);
        if (!claims_decode(&d.claims, buf_str(&b), &e))
            assert_true(e.kind == ERR_INPUT || e.kind == ERR_SYSTEM);
        end(&d);
        b.p[i] = (char)~b.p[i];
    }
    buf_release(&b);
    end(&c);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t at = 1;; at++) {
        struct err e = {0};
        struct claims_case c;
        struct claiming by = delivery('a', 1);
        struct element event = {500, 0, {7, 1}};
        struct span s = {500, 510};
        by.details = S("details");
        begin(&c);
        alloc_fail_at(at);
        bool ok = claims_claim(&c.claims, &one, &s, 1, &event, 1, &by, &e);
        alloc_works();
        end(&c);
        if (ok)
            break;
        assert_int_equal(e.kind, ERR_SYSTEM);
        assert_true(at < 100);
    }
}

/* A test whose state is a case without claims. */
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(near_claims_become_one),
        cmocka_unit_test(an_id_depends_on_seed_and_first_moment),
        CASE(an_earlier_event_moves_the_claim_and_not_the_id),
        CASE(mute_claims_have_no_alert),
        CASE(leases),
        cmocka_unit_test(a_new_alert_is_leased_at_any_time),
        CASE(settled_when_all_that_was_touched_is_told),
        CASE(a_mark_never_goes_back),
        CASE(a_digit_more_is_an_update),
        CASE(an_update_belongs_to_its_finder),
        CASE(growth_while_a_message_is_under_way_is_not_lost),
        CASE(a_new_teller_tells_all_there_is),
        cmocka_unit_test(told_claims_that_join_are_news),
        CASE(a_join_while_a_message_is_under_way_is_not_lost),
        CASE(details_stay_until_all_is_told),
        CASE(beyond_the_maximum_the_oldest_are_joined),
        CASE(an_outage_leaves_room),
        CASE(without_a_maximum_all_episodes_stay),
        cmocka_unit_test(claims_expire_when_told),
        cmocka_unit_test(a_sketch_is_exact_to_its_maximum),
        cmocka_unit_test(a_sketch_is_a_set),
        cmocka_unit_test(an_estimate_is_off_by_an_eighth),
        cmocka_unit_test(more_than_the_maximum_is_never_told_as_less),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(broken_claims_are_refused),
        cmocka_unit_test(changed_bytes_do_no_harm),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
