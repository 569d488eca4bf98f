/* adapters/state_memory.c: what handlers/state.h asks of a state. */
#include "adapters/state_memory.h"

#include "tests/unit/support/alloc.h"
#include "tests/unit/support/check.h"

static const struct state_key alpha = {"alpha"}, beta = {"beta"};

static struct element at(int64_t t)
{
    return (struct element){t, 0, {1, (uint64_t)t}};
}

static void add(struct port_state *p, struct state_key key, int64_t bucket, int64_t first, size_t n)
{
    struct err e = {0};
    struct element list[100];
    assert_true(n <= COUNT(list));
    for (size_t i = 0; i < n; i++)
        list[i] = at(first + (int64_t)(n - 1 - i)); /* in no order */
    struct state_add a = {key, bucket, list, n, 0};
    if (!p->add(p->self, &a, 1, &e))
        fail_msg("%s", e.text);
}

/* The times of what the buckets from..to hold. */
static void expect(struct port_state *p, struct state_key key, int64_t from, int64_t to,
                   const char *times)
{
    struct err e = {0};
    struct vec got;
    struct buf text;
    vec_init(&got, sizeof(struct element), SIZE_MAX);
    buf_init(&text, 10000);
    struct state_read r = {key, from, to, &got};
    assert_true(p->read(p->self, &r, 1, &e));
    got.n = window_sort(got.p, got.n);
    for (size_t i = 0; i < got.n; i++)
        buf_putf(&text, "%s%lld", i ? " " : "",
                 (long long)((const struct element *)vec_at(&got, i))->time_ms);
    check_str("times", text.n ? buf_str(&text) : S(""), str_of(times));
    vec_release(&got);
    buf_release(&text);
}

static void buckets_are_sets(void **state)
{
    (void)state;
    struct state_memory *s = state_memory_new();
    struct port_state p = state_memory_port(s);
    expect(&p, alpha, -10, 10, "");
    add(&p, alpha, 0, 1, 3);
    add(&p, alpha, 0, 2, 3);
    add(&p, alpha, -1, -5, 1);
    add(&p, alpha, 2, 50, 1);
    add(&p, beta, 0, 9, 1);
    expect(&p, alpha, -1, 1, "-5 1 2 3 4");
    expect(&p, alpha, 0, 0, "1 2 3 4");
    expect(&p, beta, -100, 100, "9");
    assert_int_equal(state_memory_buckets(s), 4);
    assert_int_equal(state_memory_fullest(s), 4);
    state_memory_clear(s);
    expect(&p, alpha, -1, 1, "");
    assert_int_equal(state_memory_buckets(s), 0);
    state_memory_free(s);
}

static void dropping_what_is_not_there_does_not_matter(void **state)
{
    (void)state;
    struct state_memory *s = state_memory_new();
    struct port_state p = state_memory_port(s);
    struct err e = {0};
    struct element gone[] = {at(2), at(7), at(3)};
    struct state_drop drops[] = {{alpha, 0, gone, COUNT(gone)}, {beta, 5, gone, 1}};
    add(&p, alpha, 0, 1, 4);
    assert_true(p.drop(p.self, drops, 2, &e));
    assert_true(p.drop(p.self, drops, 2, &e));
    expect(&p, alpha, 0, 0, "1 4");
    assert_int_equal(state_memory_buckets(s), 1);
    state_memory_free(s);
}

/* Writes the claims at a version; gives whether it was the right one. */
static bool swap(struct port_state *p, struct state_key key, const char *blob, uint64_t version)
{
    struct err e = {0};
    struct state_swap w = {key, str_of(blob), version, 0, false};
    assert_true(p->swap(p->self, &w, 1, &e));
    return !w.conflict;
}

static void expect_claims(struct port_state *p, struct state_key key, const char *blob,
                          uint64_t version)
{
    struct err e = {0};
    struct state_claims c = {.key = key, .version = 99};
    buf_init(&c.blob, 100);
    assert_true(p->claims(p->self, &c, 1, &e));
    check_str("blob", c.blob.n ? buf_str(&c.blob) : S(""), str_of(blob));
    assert_int_equal(c.version, version);
    buf_release(&c.blob);
}

static void claims_have_versions(void **state)
{
    (void)state;
    struct state_memory *s = state_memory_new();
    struct port_state p = state_memory_port(s);
    expect_claims(&p, alpha, "", 0);
    assert_false(swap(&p, alpha, "wrong", 1));
    expect_claims(&p, alpha, "", 0);
    assert_true(swap(&p, alpha, "one", 0));
    assert_false(swap(&p, alpha, "late", 0));
    assert_true(swap(&p, alpha, "two", 1));
    assert_true(swap(&p, beta, "other", 0));
    expect_claims(&p, alpha, "two", 2);
    expect_claims(&p, beta, "other", 1);
    assert_int_equal(state_memory_buckets(s), 0); /* claims are none */
    state_memory_free(s);
}

static void it_grows(void **state)
{
    (void)state;
    struct state_memory *s = state_memory_new();
    struct port_state p = state_memory_port(s);
    for (int64_t b = -5000; b < 5000; b++)
        add(&p, alpha, b, b, 1);
    assert_int_equal(state_memory_buckets(s), 10000);
    expect(&p, alpha, -2, 2, "-2 -1 0 1 2");
    expect(&p, alpha, 4998, 6000, "4998 4999");
    state_memory_free(s);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    bool ok = false;
    for (size_t n = 1; !ok && n < 1000; n++) {
        struct err e = {0};
        struct element el = at(1);
        struct state_add a = {alpha, 0, &el, 1, 0};
        struct state_swap w = {alpha, S("blob"), 0, 0, false};
        alloc_fail_at(n);
        struct state_memory *s = state_memory_new();
        if (s) {
            struct port_state p = state_memory_port(s);
            ok = true;
            for (a.bucket = 0; ok && a.bucket < 40; a.bucket++)
                ok = p.add(p.self, &a, 1, &e);
            ok = ok && p.swap(p.self, &w, 1, &e);
            assert_true(ok || e.kind == ERR_SYSTEM);
        }
        alloc_works();
        state_memory_free(s);
    }
    assert_true(ok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_are_sets),
        cmocka_unit_test(dropping_what_is_not_there_does_not_matter),
        cmocka_unit_test(claims_have_versions),
        cmocka_unit_test(it_grows),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
