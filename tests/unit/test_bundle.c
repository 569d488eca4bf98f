/* engine/bundle.c: what is written is read back as it was, and nothing else is taken for it. */
#include "engine/bundle.h"

#include <stdlib.h>

#include "engine/event.h"
#include "engine/falco_term.h"
#include "engine/loader.h"
#include "tests/unit/support/check.h"

static const char rules[] =
    "title: A user was made\nname: made\nid: 11111111-2222-4333-8444-555555555555\n"
    "logsource: {product: aws, service: cloudtrail}\n"
    "detection: {s: {eventName|re: '^Create(User|Role)$'}, condition: s}\nlevel: low\n"
    "---\n"
    "title: Many were made\nid: 11111111-2222-4333-8444-555555555556\n"
    "correlation: {type: event_count, rules: [made], group-by: [userIdentity.arn],\n"
    "  timespan: 1h, condition: {gte: 2}}\nlevel: high\n";

static void count_release(void *bytes, size_t n)
{
    (void)n;
    ++*(unsigned *)((char *)bytes - 16);
}

/* Bytes aligned as bundle_open wants them, and a count of their releases in front. */
struct room {
    unsigned *released;
    char *bytes;
};

static struct room room_of(const struct buf *b, size_t n)
{
    struct room r;
    char *p = aligned_alloc(16, 16 + (n + 15) / 16 * 16 + 16);
    assert_non_null(p);
    r.released = (unsigned *)(void *)p;
    *r.released = 0;
    r.bytes = p + 16;
    memcpy(r.bytes, b->p, n);
    return r;
}

static const char falco[] = "- rule: One\n  desc: d\n  priority: INFO\n  source: aws_cloudtrail\n"
                            "  condition: tolower(ct.name) = x\n  output: a %ct.user\n";

static struct ruleset *load(const char *text)
{
    struct diags diags;
    struct ruleset *rs;
    struct err e;
    diags_init(&diags);
    struct loader *l = loader_new(NULL, &diags);
    assert_true(loader_add(l, S("a.yml"), str_of(text), &e));
    assert_true(loader_finish(l, &rs, &e));
    check_size("diags", diags.list.n, 0);
    loader_free(l);
    diags_release(&diags);
    return rs;
}

static void make_of(const char *text, struct ruleset **rs, struct buf *b)
{
    const struct bundle_facts facts = {.n_files = 1, .durable = true, .config = {7, [31] = 9}};
    struct err e;
    *rs = load(text);
    buf_init(b, 1u << 20);
    assert_true(bundle_put(*rs, &facts, b, &e));
}

static void make(struct ruleset **rs, struct buf *b)
{
    make_of(rules, rs, b);
}

static void reads_back_what_was_written(void **state)
{
    struct ruleset *rs, *back;
    struct bundle_facts facts;
    struct buf b;
    struct err e;
    size_t n;
    (void)state;
    make(&rs, &b);
    struct room room = room_of(&b, b.n);
    assert_true(bundle_is(buf_str(&b)));
    assert_true(bundle_open(room.bytes, b.n, count_release, &facts, &back, &e));
    assert_true(bundle_check(back, &e));
    assert_true(bundle_check(rs, &e)); /* of no bundle: nothing to check */
    check_int("files", facts.n_files, 1);
    assert_true(facts.durable);
    check_int("config", facts.config[0] + facts.config[31], 16);
    assert_memory_equal(back->hash, rs->hash, sizeof rs->hash);
    const struct rs_table *tables = ruleset_tables(&n);
    for (size_t i = 0; i < n; i++) {
        const void *x, *y;
        uint32_t nx, ny;
        memcpy(&x, (const char *)rs + tables[i].rows, sizeof x);
        memcpy(&y, (const char *)back + tables[i].rows, sizeof y);
        memcpy(&nx, (const char *)rs + tables[i].n, sizeof nx);
        memcpy(&ny, (const char *)back + tables[i].n, sizeof ny);
        check_int("rows", ny, nx);
        if (nx)
            assert_memory_equal(x, y, nx * tables[i].row);
    }
    struct event ev;
    size_t used, hits;
    assert_true(event_init(&ev, back, &e));
    assert_int_equal(event_read(&ev, S("{\"eventName\":\"CreateRole\"}"), &used, &e), JSON_OK);
    const uint32_t *hit = event_match(&ev, &hits);
    check_size("hits", hits, 1);
    check_str("hit", rs_str(back, back->rules[*hit].title), S("A user was made"));
    event_release(&ev);
    ruleset_free(back);
    check_int("released", *room.released, 1);
    free(room.bytes - 16);
    buf_release(&b);
    ruleset_free(rs);
}

static void check_refused(const char *name, const struct buf *b, size_t n, const char *says)
{
    struct room room = room_of(b, n);
    struct bundle_facts facts;
    struct ruleset *rs;
    struct err e = {0};
    const bool opened = bundle_open(room.bytes, n, count_release, &facts, &rs, &e);
    if (opened && bundle_check(rs, &e))
        fail_msg("%s: it was taken", name);
    check_int(name, e.kind, ERR_INPUT);
    if (says && !strstr(e.text, says))
        fail_msg("%s: \"%s\" does not say \"%s\"", name, e.text, says);
    check_int("released", *room.released, 0);
    if (opened)
        ruleset_free(rs);
    free(room.bytes - 16);
}

static void refuses_what_is_cut_off(void **state)
{
    struct ruleset *rs;
    struct buf b;
    (void)state;
    make(&rs, &b);
    for (size_t n = 0; n < b.n; n += n < 64 ? 1 : 37)
        check_refused("cut off", &b, n, n < 8 ? "no compiled rules" : NULL);
    buf_put(&b, str_n("0123456789abcdef", 16));
    check_refused("with more behind it", &b, b.n, "instead of");
    buf_release(&b);
    ruleset_free(rs);
}

static void refuses_every_other_byte(void **state)
{
    struct ruleset *rs;
    struct buf b;
    (void)state;
    make(&rs, &b);
    for (size_t i = 0; i < b.n; i++)
        for (unsigned bit = 0; bit < 8; bit += 7) {
            b.p[i] = (char)(b.p[i] ^ 1 << bit);
            check_refused("damaged", &b, b.n, NULL);
            b.p[i] = (char)(b.p[i] ^ 1 << bit);
        }
    b.p[b.n - 20] ^= 1;
    check_refused("damaged text", &b, b.n, "damaged");
    b.p[b.n - 20] ^= 1;
    b.p[32] ^= 1; /* the engine's hash lies behind magic, length and sums */
    check_refused("another engine", &b, b.n, "another version");
    buf_release(&b);
    ruleset_free(rs);
}

/* ---- right sums, wrong numbers ---- */

/* A word of a table's row, and what stands there instead. */
struct wrong {
    const char *name;
    size_t table; /* offset in struct ruleset of the pointer to its rows */
    size_t at;    /* offset of the word */
    uint32_t word;
    const char *says; /* NULL: the number is another, but good */
};

#define TABLE(t) offsetof(struct ruleset, t)
#define BAD(table, type, member, word, says)                                                       \
    {                                                                                              \
#table "." #member, TABLE(table), offsetof(type, member), word, says                       \
    }

static const struct wrong wrongs[] = {
    BAD(rules, struct rs_rule, title.at, 0x7fffffff, "rule 0"),
    BAD(rules, struct rs_rule, title.at, 0, NULL),
    BAD(rules, struct rs_rule, tags.n, 1000, "rule 0"),
    BAD(rules, struct rs_rule, program, 1000, "rule 0"),
    BAD(rules, struct rs_rule, window, 1000, "rule 0"),
    BAD(rules, struct rs_rule, level, 9, "rule 0"),
    BAD(nodes, struct rs_node, op, 9, "node 0"),
    BAD(nodes, struct rs_node, a, 1000, "node 0"),
    BAD(nodes, struct rs_node, op, NODE_NOT, "node 0"), /* of itself */
    BAD(preds, struct rs_pred, term, 1000, "test 0"),
    BAD(preds, struct rs_pred, values.n, 1000, "test 0"),
    BAD(preds, struct rs_pred, dialect, 2, "test 0"),
    BAD(preds, struct rs_pred, dialect, 9 << 8, "test 0"), /* op */
    BAD(values, struct rs_value, regex, 1000, "value 0"),
    BAD(values, struct rs_value, kind, 12, "test 0"),
    BAD(terms, struct rs_term, fn, 2, "test 0"), /* Falco's: Sigma has two */
    BAD(terms, struct rs_term, a, 100000, "test 0"),
    BAD(slots, struct rs_slot, kind, 3, "slot 0"),
    BAD(steps, struct rs_step, kids.first, 3, "steps"),
    BAD(steps, struct rs_step, slot, 100000, "step 0"),
    BAD(regexes, struct rs_regex, options, 0x40000000, "regular expression 0"),
    BAD(windows, struct rs_window, n, 0, "window 0"),
    BAD(windows, struct rs_window, bucket_cells, 0, "window 0"),
    BAD(windows, struct rs_window, cell_ms, 0, "window 0"),
    BAD(windows, struct rs_window, key_names.n, 17, "input 0"),
    BAD(windows, struct rs_window, expr.n, 1000000, "window 0"),
    BAD(inputs, struct rs_input, child, 0, "input 0"),
    BAD(inputs, struct rs_input, step, 1, "input 0"),
    BAD(inputs, struct rs_input, keys.n, 2, "input 0"),
    {"index.always", TABLE(index.always), 0, 1000, "rule of no index 0"},
};

static const struct wrong falco_wrongs[] = {
    BAD(preds, struct rs_pred, dialect, DIALECT_FALCO | 200u << 8, "test 0"), /* op */
    BAD(terms, struct rs_term, fn, 200, "term 0"),
    BAD(terms, struct rs_term, args.n, 100, "term 0"),           /* a field of other paths */
    BAD(terms, struct rs_term, fn, FALCO_FN_BASENAME, "term 0"), /* of no earlier term */
    BAD(terms, struct rs_term, a, 100000, "term 0"),
    BAD(outputs, struct rs_output, width, 4097, "output 0"),
    BAD(outputs, struct rs_output, term, 1000, "output 0"),
};

/* Offset in the bundle of row 0 of a table. */
static size_t place_of(const struct ruleset *rs, size_t table)
{
    const void *rows;
    memcpy(&rows, (const char *)rs + table, sizeof rows);
    return (size_t)((const char *)rows - (const char *)rs->bytes);
}

static void check_wrong(const struct buf *b, const struct wrong *w)
{
    struct room room = room_of(b, b->n);
    struct bundle_facts facts;
    struct ruleset *rs;
    struct err e = {0};
    assert_true(bundle_open(room.bytes, b->n, count_release, &facts, &rs, &e));
    memcpy(room.bytes + place_of(rs, w->table) + w->at, &w->word, sizeof w->word);
    if (bundle_check(rs, &e))
        fail_msg("%s: taken with wrong sums", w->name);
    bundle_seal(room.bytes, b->n);
    const bool taken = bundle_check(rs, &e);
    if (taken != !w->says)
        fail_msg("%s: it was %s", w->name, taken ? "taken" : e.text);
    if (!taken && !strstr(e.text, w->says))
        fail_msg("%s: \"%s\" does not say \"%s\"", w->name, e.text, w->says);
    ruleset_free(rs);
    free(room.bytes - 16);
}

static void refuses_numbers_that_lead_nowhere(void **state)
{
    struct ruleset *rs;
    struct buf b;
    (void)state;
    make(&rs, &b);
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++)
        check_wrong(&b, wrongs + i);
    buf_release(&b);
    ruleset_free(rs);
    make_of(falco, &rs, &b);
    for (size_t i = 0; i < sizeof falco_wrongs / sizeof *falco_wrongs; i++)
        check_wrong(&b, falco_wrongs + i);
    buf_release(&b);
    ruleset_free(rs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_was_written),
        cmocka_unit_test(refuses_what_is_cut_off),
        cmocka_unit_test(refuses_every_other_byte),
        cmocka_unit_test(refuses_numbers_that_lead_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
