/* Cases for states. */
#include "tests/unit/support/state_case.h"

#include <stdlib.h>

#include "base/sha256.h"

#define FAR_S       (400 * 86400)
#define PAGE_SETS   12   /* buckets of some 100 KB: more than the 1 MB of a page */
#define PAGE_MEMBER 4000 /* elements of each */

struct state_key state_case_key(const char *salt, const char *name)
{
    struct state_key key;
    unsigned char sum[SHA256_BYTES];
    struct sha256 h;
    sha256_init(&h);
    sha256_add_part(&h, str_of(salt));
    sha256_add_part(&h, str_of(name));
    sha256_end(&h, sum);
    memcpy(key.bytes, sum, sizeof key.bytes);
    return key;
}

/* ---- small steps; each says what went wrong and returns false ---- */

static struct element at(int64_t t)
{
    return (struct element){t, 0, {7, (uint64_t)t}};
}

static bool said(struct buf *why, const char *what, const struct err *e)
{
    buf_putf(why, "%s: %s", what, e->text);
    return false;
}

static int64_t far_s(const struct state_trial *t)
{
    return t->now_s + FAR_S;
}

static bool add(const struct state_trial *t, struct state_key key, int64_t bucket,
                const struct element *list, size_t n, struct buf *why)
{
    struct err e = {0};
    struct state_add a = {key, bucket, list, n, far_s(t)};
    return t->port.add(t->port.self, &a, 1, &e) || said(why, "add", &e);
}

static bool drop(const struct state_trial *t, struct state_key key, int64_t bucket,
                 const struct element *list, size_t n, struct buf *why)
{
    struct err e = {0};
    struct state_drop d = {key, bucket, list, n};
    return t->port.drop(t->port.self, &d, 1, &e) || said(why, "drop", &e);
}

/* The buckets from..to hold exactly the n elements of `want`, which are sorted. */
static bool holds(const struct state_trial *t, struct state_key key, int64_t from, int64_t to,
                  const struct element *want, size_t n, struct buf *why)
{
    struct err e = {0};
    struct vec got;
    vec_init(&got, sizeof(struct element), SIZE_MAX);
    struct state_read r = {key, from, to, &got};
    bool ok = t->port.read(t->port.self, &r, 1, &e) || said(why, "read", &e);
    size_t all = got.n;
    got.n = window_sort(got.p, got.n);
    if (ok && all != got.n)
        buf_putf(why, "an element came twice; ");
    bool same = ok && all == n;
    for (size_t i = 0; same && i < n; i++)
        same = element_cmp(vec_at(&got, i), want + i) == 0;
    if (ok && !same)
        buf_putf(why, "buckets %lld to %lld hold %zu elements, not the %zu that they must",
                 (long long)from, (long long)to, all, n);
    vec_release(&got);
    return same;
}

static bool swaps(const struct state_trial *t, struct state_key key, struct str blob,
                  uint64_t version, bool conflict, struct buf *why)
{
    struct err e = {0};
    struct state_swap w = {key, blob, version, far_s(t), !conflict};
    if (!t->port.swap(t->port.self, &w, 1, &e))
        return said(why, "swap", &e);
    if (w.conflict != conflict)
        buf_putf(why, "a swap at version %llu %s", (unsigned long long)version,
                 conflict ? "went through" : "was refused");
    return w.conflict == conflict;
}

static bool has_claims(const struct state_trial *t, struct state_key key, struct str blob,
                       uint64_t version, struct buf *why)
{
    struct err e = {0};
    struct state_claims c = {.key = key, .version = 99};
    buf_init(&c.blob, 1u << 20);
    bool ok = t->port.claims(t->port.self, &c, 1, &e) || said(why, "claims", &e);
    if (ok && (c.version != version || c.blob.n != blob.n ||
               (blob.n && memcmp(c.blob.p, blob.p, blob.n) != 0))) {
        buf_putf(why, "%zu bytes of claims at version %llu, not %zu at %llu", c.blob.n,
                 (unsigned long long)c.version, blob.n, (unsigned long long)version);
        ok = false;
    }
    buf_release(&c.blob);
    return ok;
}

/* ---- cases ---- */

static bool adding_is_a_union(const struct state_trial *t, struct buf *why)
{
    struct state_key key = state_case_key(t->salt, __func__);
    struct element all[] = {at(1), at(2), at(3), at(4)}, late[] = {at(4), at(2), at(3)};
    return holds(t, key, -5, 5, NULL, 0, why) && add(t, key, 0, all, 3, why) &&
           holds(t, key, 0, 0, all, 3, why) && add(t, key, 0, all, 3, why) &&
           holds(t, key, 0, 0, all, 3, why) && add(t, key, 0, late, 3, why) &&
           holds(t, key, 0, 0, all, 4, why);
}

static bool elements_keep_their_values(const struct state_trial *t, struct buf *why)
{
    struct state_key key = state_case_key(t->salt, __func__);
    struct element list[] = {
        {-(1LL << 47), 0, {0, 0}},
        {-1, UINT64_MAX, {UINT64_MAX, UINT64_MAX}},
        {0, 0, {0, 0}},
        {0, 0, {0, 1}},
        {0, 0, {1, 0}},
        {0, 1, {0, 0}},
        {0, 255, {0, 0}},
        {0, 256, {0, 0}},
        {1773756000000, 0x8000000000000000u, {0x0123456789abcdefu, 0xfedcba9876543210u}},
        {(1LL << 47) - 1, 0, {0, 0}},
    };
    size_t n = sizeof list / sizeof *list;
    return add(t, key, 0, list, n, why) && holds(t, key, 0, 0, list, n, why) &&
           drop(t, key, 0, list + 1, n - 2, why) && drop(t, key, 0, list, 1, why) &&
           holds(t, key, 0, 0, list + n - 1, 1, why);
}

static bool ranges_include_their_ends(const struct state_trial *t, struct buf *why)
{
    struct state_key key = state_case_key(t->salt, __func__), other = key;
    const int64_t buckets[] = {-(1LL << 40), -11, -10, -9, -1, 0, 1, 9, 10, 1LL << 40};
    struct element e[10];
    other.bytes[0] ^= 1;
    for (size_t i = 0; i < 10; i++) {
        e[i] = at(buckets[i]);
        if (!add(t, key, buckets[i], e + i, 1, why) || !add(t, other, buckets[i], e, 1, why))
            return false;
    }
    return holds(t, key, -10, 9, e + 2, 6, why) && holds(t, key, -10, -10, e + 2, 1, why) &&
           holds(t, key, -9, 0, e + 3, 3, why) && holds(t, key, 2, 8, NULL, 0, why) &&
           holds(t, key, -(1LL << 50), 1LL << 50, e, 10, why);
}

#define BATCH 50 /* more than go out side by side */

static bool batches_are_done_whole(const struct state_trial *t, struct buf *why)
{
    struct err e = {0};
    struct state_key key = state_case_key(t->salt, __func__);
    struct state_add adds[BATCH];
    struct state_read reads[BATCH];
    struct element own[BATCH];
    struct vec got[2];
    for (size_t i = 0; i < 2; i++)
        vec_init(got + i, sizeof(struct element), SIZE_MAX);
    for (size_t i = 0; i < BATCH; i++) {
        own[i] = at((int64_t)i);
        adds[i] = (struct state_add){key, (int64_t)i, own + i, 1, far_s(t)};
        reads[i] = (struct state_read){key, (int64_t)i, (int64_t)i, got + i % 2};
    }
    bool ok = (t->port.add(t->port.self, adds, BATCH, &e) &&
               t->port.read(t->port.self, reads, BATCH, &e)) ||
              said(why, "batch", &e);
    if (ok && (got[0].n != BATCH / 2 || got[1].n != BATCH / 2)) {
        buf_putf(why, "%zu and %zu elements came", got[0].n, got[1].n);
        ok = false;
    }
    for (size_t i = 0; ok && i < BATCH; i++)
        if (((const struct element *)vec_at(got + i % 2, 0))->time_ms % 2 != (int64_t)i % 2) {
            buf_putz(why, "an element came to the wrong reader");
            ok = false;
        }
    for (size_t i = 0; i < 2; i++)
        vec_release(got + i);
    return ok && holds(t, key, 0, BATCH, own, BATCH, why);
}

static bool reads_go_over_pages(const struct state_trial *t, struct buf *why)
{
    struct state_key key = state_case_key(t->salt, __func__);
    size_t n = PAGE_SETS * PAGE_MEMBER;
    struct element *list = calloc(n, sizeof *list);
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < n; i++)
        list[i] = at((int64_t)i - (int64_t)n / 2);
    for (size_t i = 0; ok && i < PAGE_SETS; i++)
        ok = add(t, key, (int64_t)i - PAGE_SETS / 2, list + i * PAGE_MEMBER, PAGE_MEMBER, why);
    ok = ok && holds(t, key, -PAGE_SETS, PAGE_SETS, list, n, why);
    free(list);
    return ok;
}

static bool full_buckets_take_no_more(const struct state_trial *t, struct buf *why)
{
    struct state_key key = state_case_key(t->salt, __func__);
    const size_t piece = 5000, n = 2 * piece;
    struct element *list = calloc(n, sizeof *list), one = at(-1);
    struct state_add more = {key, 0, &one, 1, far_s(t)};
    struct err e = {0};
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < n; i++)
        list[i] = at((int64_t)i);
    ok = ok && add(t, key, 0, list, piece, why) && add(t, key, 0, list + piece, piece, why);
    if (ok && (t->port.add(t->port.self, &more, 1, &e) || e.kind != ERR_LIMIT)) {
        buf_putf(why, "10,000 elements and one more: %s", e.kind ? e.text : "taken");
        ok = false;
    }
    ok = ok && drop(t, key, 0, list, piece, why) && add(t, key, 0, &one, 1, why) &&
         drop(t, key, 0, &one, 1, why) && holds(t, key, 0, 0, list + piece, piece, why);
    free(list);
    return ok;
}

static bool dropping_what_is_not_there_does_nothing(const struct state_trial *t, struct buf *why)
{
    struct state_key key = state_case_key(t->salt, __func__);
    struct element list[] = {at(1), at(2), at(3)};
    return drop(t, key, 0, list, 3, why) && holds(t, key, -1, 1, NULL, 0, why) &&
           add(t, key, 0, list, 2, why) && drop(t, key, 0, list + 2, 1, why) &&
           drop(t, key, 1, list, 3, why) && holds(t, key, 0, 1, list, 2, why) &&
           drop(t, key, 0, list, 3, why) && holds(t, key, 0, 1, NULL, 0, why) &&
           drop(t, key, 0, list, 3, why) && add(t, key, 0, list, 3, why) &&
           holds(t, key, 0, 0, list, 3, why);
}

static bool claims_have_versions(const struct state_trial *t, struct buf *why)
{
    struct state_key key = state_case_key(t->salt, __func__), other = key;
    struct str zeros = str_n("\0\xff\0", 3);
    other.bytes[15] ^= 1;
    return has_claims(t, key, S(""), 0, why) && swaps(t, key, S("early"), 1, true, why) &&
           has_claims(t, key, S(""), 0, why) && swaps(t, key, S("one"), 0, false, why) &&
           swaps(t, key, S("late"), 0, true, why) && has_claims(t, key, S("one"), 1, why) &&
           swaps(t, key, zeros, 1, false, why) && swaps(t, key, S("late"), 1, true, why) &&
           swaps(t, key, S("ahead"), 3, true, why) && has_claims(t, key, zeros, 2, why) &&
           swaps(t, key, S(""), 2, false, why) && has_claims(t, key, S(""), 3, why) &&
           has_claims(t, other, S(""), 0, why) && swaps(t, other, S("o"), 0, false, why) &&
           has_claims(t, key, S(""), 3, why);
}

static bool claims_may_be_large(const struct state_trial *t, struct buf *why)
{
    struct state_key key = state_case_key(t->salt, __func__);
    struct buf blob;
    buf_init(&blob, 1u << 20);
    for (unsigned i = 0; i < 380u << 10; i++) /* CLAIMS_BYTES_MAX */
        buf_putc(&blob, (char)(unsigned char)(i * 7));
    bool ok =
        swaps(t, key, buf_str(&blob), 0, false, why) && has_claims(t, key, buf_str(&blob), 1, why);
    buf_release(&blob);
    return ok;
}

static bool each_swap_of_a_batch_has_its_answer(const struct state_trial *t, struct buf *why)
{
    struct err e = {0};
    struct state_swap list[BATCH];
    for (size_t i = 0; i < BATCH; i++) {
        list[i] =
            (struct state_swap){state_case_key(t->salt, __func__), S("b"), 0, far_s(t), false};
        list[i].key.bytes[0] = (unsigned char)i;
        if (i % 3 == 0 && !swaps(t, list[i].key, S("a"), 0, false, why))
            return false;
    }
    if (!t->port.swap(t->port.self, list, BATCH, &e))
        return said(why, "swap", &e);
    for (size_t i = 0; i < BATCH; i++)
        if (list[i].conflict != (i % 3 == 0) ||
            !has_claims(t, list[i].key, i % 3 ? S("b") : S("a"), 1, why)) {
            buf_putf(why, "; swap %zu of a batch", i);
            return false;
        }
    return true;
}

/* The reader looks at the time himself: DynamoDB deletes days later. */
static bool what_has_expired_is_not_there(const struct state_trial *t, struct buf *why)
{
    struct state_key key = state_case_key(t->salt, __func__);
    struct element old = at(1), young = at(2);
    struct state_add a = {key, 0, &old, 1, t->now_s - 86400};
    struct err e = {0};
    if (t->now_s == 0)
        return true;
    if (!t->port.add(t->port.self, &a, 1, &e))
        return said(why, "add", &e);
    struct element both[] = {old, young};
    return holds(t, key, -1, 1, NULL, 0, why) && add(t, key, 1, &young, 1, why) &&
           holds(t, key, -1, 1, &young, 1, why) && add(t, key, 0, &young, 1, why) &&
           holds(t, key, 0, 0, both, 2, why);
}

static bool an_add_never_shortens_a_life(const struct state_trial *t, struct buf *why)
{
    struct state_key key = state_case_key(t->salt, __func__);
    struct element list[] = {at(1), at(2)};
    struct state_add a = {key, 0, list + 1, 1, t->now_s - 86400};
    struct err e = {0};
    if (!add(t, key, 0, list, 1, why))
        return false;
    if (!t->port.add(t->port.self, &a, 1, &e))
        return said(why, "add", &e);
    return holds(t, key, 0, 0, list, 2, why);
}

#define CASE(f)                                                                                    \
    {                                                                                              \
#f, f                                                                                      \
    }

size_t state_cases(const struct state_case **list)
{
    static const struct state_case cases[] = {
        CASE(adding_is_a_union),
        CASE(elements_keep_their_values),
        CASE(ranges_include_their_ends),
        CASE(batches_are_done_whole),
        CASE(reads_go_over_pages),
        CASE(full_buckets_take_no_more),
        CASE(dropping_what_is_not_there_does_nothing),
        CASE(claims_have_versions),
        CASE(claims_may_be_large),
        CASE(each_swap_of_a_batch_has_its_answer),
        CASE(what_has_expired_is_not_there),
        CASE(an_add_never_shortens_a_life),
    };
    *list = cases;
    return sizeof cases / sizeof *cases;
}
