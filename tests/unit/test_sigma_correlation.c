/* engine/sigma_correlation*.c, sigma_single.c: from documents to windows, and what is refused. What
 * the keys mean: Sigma's correlation specification 2.1 and docs/correlations.md. */
#include "tests/unit/support/sigma_case.h"

#include "engine/window.h"

#define AWS "logsource: {product: aws, service: cloudtrail}\n"
#define A                                                                                          \
    "title: Alpha\nid: 5b8d5a4f-1111-4222-8333-00000000000a\nname: a\n" AWS                        \
    "detection: {sel: {x: 1}, condition: sel}\n---\n"
#define B                                                                                          \
    "title: Beta\nid: 5b8d5a4f-1111-4222-8333-00000000000b\nname: b\n" AWS                         \
    "detection: {sel: {y: 1}, condition: sel}\n---\n"
#define C_OF(body)  "title: C\nid: 5b8d5a4f-1111-4222-8333-00000000000c\ncorrelation: {" body "}\n"
#define COUNT_OF(b) C_OF("type: event_count, rules: a, group-by: u, timespan: 10m, " b)
#define BOTH        "rules: [a, b], group-by: u, timespan: 10m"

/* ---- loading ---- */

/* Loads files named "0.yml", "1.yml", ... */
static void load(struct sigma_case *c, const char *const *files, size_t n, bool durable)
{
    struct err e = {0};
    arena_init(&c->memory, 64u << 20);
    diags_init(&c->diags);
    assert_true(rule_config_parse(S("c.yml"), S(""), &c->config, &e));
    struct builder *b = builder_new();
    struct sigma *s = sigma_new(b, &c->config, &c->diags);
    if (durable)
        sigma_durable(s);
    for (size_t i = 0; i < n; i++) {
        const char name[] = {(char)('0' + i), '.', 'y', 'm', 'l', '\0'};
        const struct yaml **docs;
        size_t n_docs;
        if (!yaml_parse(str_of(files[i]), &c->memory, &docs, &n_docs, &e))
            fail_msg("%s in:\n%s", e.text, files[i]);
        assert_true(sigma_add(s, str_of(name), docs, n_docs, &e));
    }
    assert_true(sigma_finish(s, &e));
    assert_true(builder_freeze(b, &c->rules, &e));
    sigma_free(s);
    builder_free(b);
}

static void check_said(const char *name, const struct sigma_case *c, const char *expected)
{
    struct buf said;
    buf_init(&said, 1 << 20);
    sigma_case_said(c, &said);
    const char *text = buf_z(&said);
    text = text ? text : "";
    if (*expected ? strstr(text, expected) == NULL : *text != '\0')
        fail_msg("%s: expected: %s\nsaid: %s", name, expected, text);
    buf_release(&said);
}

/* The rule with a title; NULL when it is not loaded. */
static const struct rs_rule *rule_of(const struct ruleset *rs, const char *title)
{
    for (uint32_t i = 0; i < rs->n_rules; i++)
        if (str_eqz(rs_str(rs, rs->rules[i].title), title))
            return rs->rules + i;
    return NULL;
}

static const struct rs_window *window_of_rule(const struct ruleset *rs, const char *title)
{
    const struct rs_rule *r = rule_of(rs, title);
    if (!r || r->window == RS_NONE)
        fail_msg("no window of %s", title);
    return rs->windows + r->window;
}

/* Input number i of a window. */
static const struct rs_input *input_of(const struct ruleset *rs, const struct rs_window *w,
                                       uint32_t i)
{
    uint32_t window = (uint32_t)(w - rs->windows);
    for (uint32_t k = 0; k < rs->n_inputs; k++)
        if (rs->inputs[k].window == window && rs->inputs[k].step == i)
            return rs->inputs + k;
    fail_msg("no input %u", i);
    return NULL;
}

/* ---- windows ---- */

struct window_case {
    const char *name;
    const char *yaml;
    uint32_t type, flags, n, n_steps, cells;
    int64_t timespan_s, gap_s;
};

static const struct window_case windows[] = {
    {"gte", A COUNT_OF("condition: {gte: 5}"), WINDOW_TYPE_EVENT_COUNT, 0, 5, 1, 6, 600, 3600},
    {"gt is one more", A COUNT_OF("condition: {gt: 5}"), WINDOW_TYPE_EVENT_COUNT, 0, 6, 1, 6, 600,
     3600},
    {"a bucket holds 4 KB", A COUNT_OF("condition: {gte: 20}"), WINDOW_TYPE_EVENT_COUNT, 0, 20, 1,
     3, 600, 3600},
    {"a bucket holds one cell", A COUNT_OF("condition: {gte: 1000}"), WINDOW_TYPE_EVENT_COUNT, 0,
     1000, 1, 1, 600, 3600},
    {"a timespan beyond the hour is its own gap",
     A C_OF("type: event_count, rules: a, group-by: u, timespan: 1d, condition: {gte: 5}"),
     WINDOW_TYPE_EVENT_COUNT, 0, 5, 1, 1, 86400, 86400},
    {"gap", A COUNT_OF("gap: 1w, condition: {gte: 5}"), WINDOW_TYPE_EVENT_COUNT, 0, 5, 1, 6, 600,
     604800},
    {"a month as pySigma has it",
     A C_OF("type: event_count, rules: a, group-by: u, timespan: 1M, condition: {gte: 5}"),
     WINDOW_TYPE_EVENT_COUNT, 0, 5, 1, 1, 2629746, 2629746},
    {"a year as pySigma has it",
     A C_OF("type: event_count, rules: a, group-by: u, timespan: 1y, condition: {gte: 5}"),
     WINDOW_TYPE_EVENT_COUNT, 0, 5, 1, 1, 31556952, 31556952},
    {"value_count",
     A C_OF("type: value_count, rules: a, group-by: u, timespan: 10m, "
            "condition: {field: [v, w], gte: 3}"),
     WINDOW_TYPE_VALUE_COUNT, 0, 3, 1, 4, 600, 3600},
    {"temporal is all", A B C_OF("type: temporal, " BOTH), WINDOW_TYPE_TEMPORAL, 0, 2, 2, 4, 600,
     3600},
    {"temporal, some", A B C_OF("type: temporal, " BOTH ", condition: {gte: 1}"),
     WINDOW_TYPE_TEMPORAL, 0, 1, 2, 4, 600, 3600},
    {"ordered", A B C_OF("type: temporal_ordered, " BOTH), WINDOW_TYPE_ORDERED, 0, 2, 2, 4, 600,
     3600},
    {"ordered, all said", A B C_OF("type: temporal_ordered, " BOTH ", condition: {gt: 1}"),
     WINDOW_TYPE_ORDERED, 0, 2, 2, 4, 600, 3600},
    {"strict", A B C_OF("type: temporal_ordered, ties: strict, " BOTH), WINDOW_TYPE_ORDERED,
     WINDOW_STRICT, 2, 2, 4, 600, 3600},
    {"lt", A COUNT_OF("condition: {lt: 5}"), WINDOW_TYPE_EVENT_COUNT, WINDOW_SCAN_ONLY, 1, 1, 6,
     600, 3600},
    {"range", A COUNT_OF("condition: {gte: 101, lte: 200}"), WINDOW_TYPE_EVENT_COUNT,
     WINDOW_SCAN_ONLY, 101, 1, 1, 600, 3600},
    {"sum",
     A C_OF("type: value_sum, rules: a, group-by: u, timespan: 10m, "
            "condition: {field: v, gt: -1.5}"),
     WINDOW_TYPE_SUM, WINDOW_SCAN_ONLY, 1, 1, 4, 600, 3600},
};

static void check_window(const struct window_case *k)
{
    struct sigma_case c;
    load(&c, &k->yaml, 1, false);
    check_said(k->name, &c, "");
    const struct rs_window *w = window_of_rule(c.rules, "C");
    check_int(k->name, w->type, k->type);
    check_int(k->name, w->flags, k->flags);
    check_int(k->name, w->n, k->n);
    check_int(k->name, w->n_steps, k->n_steps);
    check_int(k->name, w->bucket_cells, k->cells);
    check_int(k->name, w->timespan_ms, k->timespan_s * 1000);
    check_int(k->name, w->cell_ms, k->timespan_s * 1000);
    check_int(k->name, w->gap_ms, k->gap_s * 1000);
    check_str(k->name, rs_list_str(c.rules, w->key_names, 0), S("u"));
    check_int(k->name, w->depth, 0);
    sigma_case_release(&c);
}

static void test_windows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(windows); i++)
        check_window(windows + i);
}

static void test_parts_of_a_window(void **state)
{
    (void)state;
    static const char *const yaml =
        A B C_OF("type: value_count, rules: [a, b], group-by: [who, r], timespan: 1m, "
                 "aliases: {who: {a: user.arn, Beta: role.arn}}, condition: {field: v, gte: 2}");
    struct sigma_case c;
    load(&c, &yaml, 1, false);
    check_said("parts", &c, "");
    const struct ruleset *rs = c.rules;
    const struct rs_rule *r = rule_of(rs, "C");
    const struct rs_window *w = window_of_rule(rs, "C");
    static const char *const who[] = {"user.arn", "role.arn"};
    assert_int_equal(rs->nodes[r->program].op, NODE_FALSE);
    assert_int_equal(w->rule, r - rs->rules);
    assert_memory_equal(w->hash, r->hash, RS_HASH_BYTES);
    for (uint32_t i = 0; i < 2; i++) {
        const struct rs_input *in = input_of(rs, w, i);
        const uint32_t *keys = rs->numbers + in->keys.first;
        assert_int_equal(in->keys.n, 2);
        assert_int_equal(in->child, RS_NONE);
        check_str("rule", rs_str(rs, rs->rules[in->rule].title), i ? S("Beta") : S("Alpha"));
        check_str("alias", rs_str(rs, rs->slots[keys[0]].path), str_of(who[i]));
        check_str("field", rs_str(rs, rs->slots[keys[1]].path), S("r"));
        assert_int_equal(in->values.n, 1);
        check_str("value", rs_str(rs, rs->slots[rs->numbers[in->values.first]].path), S("v"));
        assert_int_equal(rs->rules[in->rule].feeds.n, 1);
    }
    static const char *const shown[] = {"user.arn", "r", "role.arn", "v", "x", "y"};
    assert_int_equal(r->fields.n, COUNT(shown));
    for (uint32_t i = 0; i < r->fields.n; i++)
        check_str("shown", rs_str(rs, rs->slots[rs->numbers[r->fields.first + i]].path),
                  str_of(shown[i]));
    sigma_case_release(&c);
}

/* A cell has an hour at least and an eighth of the timespan, unless it has a thousand elements or
 * counts events. */
static void test_cells(void **state)
{
    static const struct {
        const char *name, *yaml;
        int64_t cell_min;
    } cases[] = {
        {"a day", A B C_OF("type: temporal_ordered, rules: [a, b], group-by: u, timespan: 24h"),
         180},
        {"a week", A B C_OF("type: temporal, rules: [a, b], group-by: u, timespan: 7d"), 1260},
        {"hours", A B C_OF("type: temporal, rules: [a, b], group-by: u, timespan: 3h"), 60},
        {"under two", A B C_OF("type: temporal, rules: [a, b], group-by: u, timespan: 90m"), 90},
        {"values",
         A C_OF("type: value_count, rules: a, group-by: u, timespan: 8h, "
                "condition: {field: v, gte: 10}"),
         60},
        {"many values",
         A C_OF("type: value_count, rules: a, group-by: u, timespan: 8h, "
                "condition: {field: v, gte: 200}"),
         240},
        {"a thousand",
         A C_OF("type: value_count, rules: a, group-by: u, timespan: 8h, "
                "condition: {field: v, gte: 1000}"),
         480},
        {"events",
         A C_OF("type: event_count, rules: a, group-by: u, timespan: 8h, condition: {gte: 5}"),
         480},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sigma_case c;
        load(&c, &cases[i].yaml, 1, false);
        check_said(cases[i].name, &c, "");
        const struct rs_window *w = window_of_rule(c.rules, "C");
        check_int(cases[i].name, w->cell_ms, cases[i].cell_min * 60000);
        check_int(cases[i].name, w->bucket_cells, 1);
        sigma_case_release(&c);
    }
}

static void test_first_seen(void **state)
{
    (void)state;
    static const char *const yaml = A C_OF("type: first_seen, rules: a, group-by: u, "
                                           "fields: [f, g], history: 90d, learn: 2d");
    struct sigma_case c;
    load(&c, &yaml, 1, true);
    check_said("first_seen", &c, "");
    const struct rs_window *w = window_of_rule(c.rules, "C");
    assert_int_equal(w->type, WINDOW_TYPE_FIRST_SEEN);
    assert_int_equal(w->n, 1);
    assert_int_equal(w->timespan_ms, 0);
    assert_int_equal(w->history_ms, 90ll * 86400000);
    assert_int_equal(w->gap_ms, w->history_ms);
    assert_int_equal(w->learn_ms, 2ll * 86400000);
    assert_int_equal(w->bucket_cells, 1);
    assert_int_equal(w->flags, 0);
    assert_int_equal(w->key_names.n, 1);
    assert_int_equal(input_of(c.rules, w, 0)->values.n, 2);
    sigma_case_release(&c);
}

static void test_bounds(void **state)
{
    (void)state;
    static const char *const yaml =
        A C_OF("type: value_percentile, rules: a, group-by: u, timespan: 1m, "
               "condition: {field: v, percentile: 95, gt: 1.5, lte: 2.5}");
    struct sigma_case c;
    load(&c, &yaml, 1, false);
    check_said("bounds", &c, "");
    const struct rs_window *w = window_of_rule(c.rules, "C");
    assert_int_equal(w->bounded, 1u << BOUND_GT | 1u << BOUND_LTE);
    assert_true(w->bounds[BOUND_GT] == 1.5 && w->bounds[BOUND_LTE] == 2.5);
    assert_true(w->percentile == 95);
    sigma_case_release(&c);
}

/* ---- conditions over names ---- */

#define STEP(n) WINDOW_NODE(WINDOW_STEP, n)
#define AND(n)  WINDOW_NODE(WINDOW_AND, n)
#define OR(n)   WINDOW_NODE(WINDOW_OR, n)
#define ID_B    "5b8d5a4f-1111-4222-8333-00000000000b"

struct expr_case {
    const char *condition;
    size_t n;
    uint32_t expr[8];
};

static const struct expr_case exprs[] = {
    {"rules: [b, a, d], condition: a and (b or d)", 5, {AND(2), STEP(1), OR(2), STEP(0), STEP(2)}},
    {"condition: a and (b or d)", 5, {AND(2), STEP(0), OR(2), STEP(1), STEP(2)}},
    {"condition: a or b and d", 5, {OR(2), STEP(0), AND(2), STEP(1), STEP(2)}},
    {"condition: a AND b and d", 4, {AND(3), STEP(0), STEP(1), STEP(2)}},
    {"condition: d", 1, {STEP(0)}},
    {"condition: a or " ID_B, 3, {OR(2), STEP(0), STEP(1)}},
    {"condition: (a and b) or (a and d)",
     7,
     {OR(2), AND(2), STEP(0), STEP(1), AND(2), STEP(0), STEP(2)}},
};

static void check_expr(const struct expr_case *k)
{
    struct sigma_case c;
    struct buf yaml;
    buf_init(&yaml, 1 << 16);
    buf_putz(&yaml, A B "title: D\nname: d\n" AWS "detection: {sel: {z: 1}, condition: sel}\n---\n"
                        "title: C\ncorrelation: {type: temporal, group-by: u, timespan: 1m, ");
    buf_putz(&yaml, k->condition);
    buf_putz(&yaml, "}\n");
    const char *text = buf_z(&yaml);
    load(&c, &text, 1, true);
    check_said(k->condition, &c, "");
    const struct rs_window *w = window_of_rule(c.rules, "C");
    check_size(k->condition, w->expr.n, k->n);
    for (size_t i = 0; i < k->n; i++)
        check_int(k->condition, c.rules->numbers[w->expr.first + i], k->expr[i]);
    sigma_case_release(&c);
    buf_release(&yaml);
}

static void test_conditions_over_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(exprs); i++)
        check_expr(exprs + i);
}

/* ---- references ---- */

#define OTHER_A                                                                                    \
    "title: Alpha\nid: 5b8d5a4f-1111-4222-8333-0000000000aa\nname: a\n" AWS                        \
    "detection: {sel: {x: 2}, condition: sel}\n"
#define COPY_A                                                                                     \
    "title: Alpha\nid: 5b8d5a4f-1111-4222-8333-0000000000aa\nname: a\n" AWS                        \
    "detection: {sel: {x: 1}, condition: sel}\n"
#define NAMES(r)                                                                                   \
    C_OF("type: event_count, rules: " r ", group-by: u, timespan: 1m, condition: {gte: 2}")

struct reference_case {
    const char *name;
    const char *files[2];
    const char *said;
    int rule; /* that is taken: its number, in the order of files; -1: the correlation is refused */
};

static const struct reference_case references[] = {
    {"by name", {A B, NAMES("b")}, "", 1},
    {"by id", {A B, NAMES(ID_B)}, "", 1},
    {"by title", {A B, NAMES("Beta")}, "", 1},
    {"before its rule", {NAMES("b"), A B}, "", 1},
    {"case counts",
     {A, NAMES("alpha")},
     "there is no rule with this id, name or title: 'alpha'",
     -1},
    {"the same file first", {OTHER_A, A NAMES("a")}, "", 1},
    {"the same file first, by title too", {OTHER_A, A NAMES("Alpha")}, "", 1},
    {"a name before a title",
     {"title: b\n" AWS "detection: {sel: {x: 3}, condition: sel}\n---\n" B, NAMES("b")},
     "",
     1},
    {"copies are one",
     {A COPY_A, NAMES("a")},
     "3: 5b8d5a4f-1111-4222-8333-00000000000c: 'a' is there more than once, always alike: that of "
     "0.yml, line 1 is taken",
     0},
    {"two that differ",
     {A OTHER_A, NAMES("a")},
     "'a' can mean what is in 0.yml, line 1, or in 0.yml, line 7, and they differ",
     -1},
    {"one of another log source",
     {"title: W\nlogsource: {product: windows}\ndetection: {sel: {x: 3}, condition: sel}\n",
      NAMES("W")},
     "it builds on 'W' of 0.yml, line 1, which is skipped",
     -1},
    {"a refused one",
     {"title: R\n" AWS "detection: {sel: {x: 3}, condition: other}\n", NAMES("R")},
     "it builds on 'R' of 0.yml, line 1, which is refused",
     -1},
    {"itself", {A, NAMES("C")}, "the correlation names itself: 'C'", -1},
    {"a filter",
     {"title: F\nlogsource: {product: aws}\nfilter: {rules: any, s: {x: 1}, condition: not s}\n",
      NAMES("F")},
     "a filter is no rule: 'F'",
     -1},
};

static void check_reference(const struct reference_case *k)
{
    struct sigma_case c;
    load(&c, k->files, 2, true);
    check_said(k->name, &c, k->said);
    if (k->rule < 0)
        check_true(k->name, rule_of(c.rules, "C") == NULL);
    else
        check_int(k->name, input_of(c.rules, window_of_rule(c.rules, "C"), 0)->rule, k->rule);
    sigma_case_release(&c);
}

static void test_references(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(references); i++)
        check_reference(references + i);
}

/* ---- muting ---- */

struct mute_case {
    const char *name;
    const char *files[2];
    const char *muted; /* titles, of those whose first letters are in it */
};

#define WITH(g) COUNT_OF("generate: " g ", condition: {gte: 2}")
#define SECOND(g)                                                                                  \
    "---\ntitle: D\n" g                                                                            \
    "correlation: {type: event_count, rules: a, group-by: u, timespan: 1m, condition: {gte: 2}}\n"
#define PARENT(extra)                                                                              \
    "---\ntitle: P\n" extra                                                                        \
    "correlation: {type: temporal, rules: [C, b], group-by: u, timespan: 1m}\n"

static const struct mute_case mutes[] = {
    {"by default", {A B, COUNT_OF("condition: {gte: 2}")}, "A"},
    {"generate: false", {A B, WITH("false")}, "A"},
    {"generate: true inside", {A B, WITH("true")}, ""},
    {"generate: true at the top", {A B, "generate: true\n" COUNT_OF("condition: {gte: 2}")}, ""},
    {"muted for all when one says so", {A B, WITH("true") SECOND("")}, "A"},
    {"nobody says so", {A B, WITH("true") SECOND("generate: true\n")}, ""},
    {"copies of the same id",
     {A "title: Another\nid: 5b8d5a4f-1111-4222-8333-00000000000a\n" AWS
        "detection: {sel: {x: 7}, condition: sel}\n",
      COUNT_OF("condition: {gte: 2}")},
     "A"},
    {"a refused correlation mutes nothing", {A B, COUNT_OF("condition: {gte: 0}")}, ""},
    {"a correlation is muted like a rule", {A B, WITH("true") PARENT("")}, "CB"},
    {"a correlation that stays", {A B, WITH("true") PARENT("generate: true\n")}, ""},
};

static void test_muting(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mutes); i++) {
        struct sigma_case c;
        load(&c, mutes[i].files, 2, true);
        for (uint32_t r = 0; r < c.rules->n_rules; r++) {
            struct str title = rs_str(c.rules, c.rules->rules[r].title);
            check_int(mutes[i].name, c.rules->rules[r].muted,
                      strchr(mutes[i].muted, title.p[0]) != NULL);
        }
        sigma_case_release(&c);
    }
}

/* ---- chains ---- */

static void test_chains(void **state)
{
    (void)state;
    static const char *const yaml =
        "title: P\ncorrelation: {type: temporal_ordered, rules: [C, b], group-by: [ip, who], "
        "timespan: 1h, aliases: {who: {C: u, b: user}}}\n---\n" A B C_OF(
            "type: event_count, rules: a, group-by: [u, ip], timespan: 1m, condition: {gte: 2}");
    struct sigma_case c;
    load(&c, &yaml, 1, true);
    check_said("chain", &c, "");
    const struct rs_window *parent = window_of_rule(c.rules, "P");
    const struct rs_window *child = window_of_rule(c.rules, "C");
    const struct rs_input *in = input_of(c.rules, parent, 0);
    assert_int_equal(parent->depth, 1);
    assert_int_equal(child->depth, 0);
    assert_int_equal(in->child, child - c.rules->windows);
    assert_int_equal(in->rule, child->rule);
    assert_int_equal(in->keys.n, 2);
    assert_int_equal(c.rules->numbers[in->keys.first], 1);
    assert_int_equal(c.rules->numbers[in->keys.first + 1], 0);
    assert_int_equal(child->feeds.n, 1);
    assert_int_equal(input_of(c.rules, parent, 1)->child, RS_NONE);
    sigma_case_release(&c);
}

static void test_values_of_a_chain(void **state)
{
    (void)state;
    static const char *const yaml =
        "title: P\ncorrelation: {type: value_count, rules: [C, b], group-by: u, timespan: 1h, "
        "condition: {field: what, gte: 2}, aliases: {what: {C: ip, b: user}}}\n---\n" A B C_OF(
            "type: event_count, rules: a, group-by: [u, ip], timespan: 1m, condition: {gte: 2}");
    struct sigma_case c;
    load(&c, &yaml, 1, true);
    check_said("values of a chain", &c, "");
    const struct rs_window *parent = window_of_rule(c.rules, "P");
    const struct rs_input *chained = input_of(c.rules, parent, 0),
                          *plain = input_of(c.rules, parent, 1);
    assert_int_equal(chained->values.n, 1);
    assert_int_equal(c.rules->numbers[chained->values.first], 1);
    check_str("of the child's key", rs_value_name(c.rules, chained, 0), S("ip"));
    check_str("of events", rs_value_name(c.rules, plain, 0), S("user"));
    sigma_case_release(&c);
}

/* Correlations c0 (over rule a) to cN, each over the one before it, the last first. */
static void put_tower(struct buf *out, int levels)
{
    buf_init(out, 1 << 20);
    for (int i = levels; i >= 0; i--) {
        buf_putf(out, "title: c%d\ncorrelation: {type: event_count, rules: ", i);
        buf_putf(out, i ? "c%d" : "a", i - 1);
        buf_putz(out, ", group-by: u, timespan: 1m, condition: {gte: 2}}\n---\n");
    }
    buf_putz(out, A);
}

static void test_height(void **state)
{
    (void)state;
    static const char *const tops[] = {"c8", "c9"};
    for (int i = 0; i < 2; i++) {
        struct sigma_case c;
        struct buf tower;
        put_tower(&tower, 8 + i);
        const char *text = buf_z(&tower);
        load(&c, &text, 1, true);
        check_said(tops[i], &c,
                   i ? "refused 1: c9: more than 8 correlations build on each other" : "");
        assert_int_equal(window_of_rule(c.rules, "c8")->depth, 8);
        assert_true((rule_of(c.rules, tops[i]) == NULL) == (i == 1));
        sigma_case_release(&c);
        buf_release(&tower);
    }
}

/* ---- hashes ---- */

struct hash_case {
    const char *name;
    const char *files[2];
    bool rule_changed, window_changed; /* Alpha, C */
};

#define FILTER                                                                                     \
    "---\ntitle: F\nlogsource: {product: aws}\nfilter: {rules: any, s: {q: 1}, condition: not "    \
    "s}\n"

static const struct hash_case hashes[] = {
    {"the same", {A B, NAMES("a")}, false, false},
    {"metadata",
     {"level: low\ntags: [t]\nauthor: me\n" A B, "level: high\n" NAMES("a")},
     false,
     false},
    {"another file", {B "# nothing\n" A, NAMES("a")}, false, false},
    {"another detection", {OTHER_A, NAMES("a")}, true, true},
    {"a filter", {A B FILTER, NAMES("a")}, true, true},
    {"another threshold",
     {A B, C_OF("type: event_count, rules: a, group-by: u, timespan: 1m, condition: {gte: 3}")},
     false,
     true},
    {"another name for the same", {A B, NAMES("Alpha")}, false, true},
    {"a window of its own", {"trailwarden: {gap: 4h}\n" A B, NAMES("a")}, false, false},
};

static void hashes_of(const struct hash_case *k, unsigned char rule[RS_HASH_BYTES],
                      unsigned char window[RS_HASH_BYTES])
{
    struct sigma_case c;
    load(&c, k->files, 2, true);
    memcpy(rule, rule_of(c.rules, "Alpha")->hash, RS_HASH_BYTES);
    memcpy(window, window_of_rule(c.rules, "C")->hash, RS_HASH_BYTES);
    sigma_case_release(&c);
}

static void test_hashes(void **state)
{
    (void)state;
    unsigned char rule[2][RS_HASH_BYTES], window[2][RS_HASH_BYTES];
    hashes_of(hashes, rule[0], window[0]);
    for (size_t i = 0; i < COUNT(hashes); i++) {
        hashes_of(hashes + i, rule[1], window[1]);
        check_int(hashes[i].name, memcmp(rule[0], rule[1], RS_HASH_BYTES) != 0,
                  hashes[i].rule_changed);
        check_int(hashes[i].name, memcmp(window[0], window[1], RS_HASH_BYTES) != 0,
                  hashes[i].window_changed);
    }
}

/* ---- a detection's own window ---- */

static void test_single(void **state)
{
    (void)state;
    static const char *const yaml =
        "trailwarden: {group-by: [u, ip], gap: 4h}\n" A "trailwarden: {gap: 2h}\n" B
        "title: D\n" AWS "detection: {sel: {z: 1}, condition: sel}\n";
    struct sigma_case c;
    load(&c, &yaml, 1, true);
    check_said("single", &c, "");
    const struct rs_window *keyed = window_of_rule(c.rules, "Alpha");
    const struct rs_window *gap = window_of_rule(c.rules, "Beta");
    const struct rs_window *usual = window_of_rule(c.rules, "D");
    assert_int_equal(keyed->type, WINDOW_TYPE_SINGLE);
    assert_int_equal(keyed->flags, 0);
    assert_int_equal(keyed->gap_ms, 4 * 3600000);
    assert_int_equal(keyed->key_names.n, 2);
    assert_int_equal(input_of(c.rules, keyed, 0)->rule, keyed->rule);
    assert_int_equal(input_of(c.rules, keyed, 0)->keys.n, 2);
    assert_memory_not_equal(keyed->hash, rule_of(c.rules, "Alpha")->hash, RS_HASH_BYTES);
    assert_int_equal(gap->flags, WINDOW_IDENTITY);
    assert_int_equal(gap->gap_ms, 2 * 3600000);
    assert_int_equal(usual->flags, WINDOW_IDENTITY);
    assert_int_equal(usual->gap_ms, 3600000);
    assert_int_equal(c.rules->n_inputs, 1);
    sigma_case_release(&c);
}

/* ---- what is said ---- */

struct said_case {
    const char *name;
    const char *yaml;
    const char *said;
};

#define TEMPORAL(r, more) C_OF("type: temporal, rules: " r ", group-by: u, timespan: 1m" more)
#define SUM(cond)         C_OF("type: value_sum, rules: a, group-by: u, timespan: 1m, condition: " cond)
#define SEEN(more)        C_OF("type: first_seen, rules: a, group-by: u" more)

static const struct said_case said[] = {
    {"no group-by", A C_OF("type: event_count, rules: a, timespan: 1m, condition: {gte: 2}"),
     "without 'group-by' the events of all accounts and identities are one group"},
    {"one event, two steps",
     A "title: E\nname: e\n" AWS
       "detection: {sel: {x: 1}, condition: sel}\n---\n" TEMPORAL("[a, e]", ""),
     "one event meets both 'a' and 'e'"},
    {"one event, two keys",
     A "title: E\nname: e\n" AWS "detection: {sel: {x: 1}, condition: sel}\n---\n" C_OF(
         "type: temporal, rules: [a, e], group-by: k, timespan: 1m, aliases: {k: {a: p, e: q}}"),
     ""},
    {"named twice",
     A C_OF("type: event_count, rules: [a, Alpha], group-by: u, timespan: 1m, condition: {gte: 2}"),
     "'Alpha' is named twice"},
    {"an alias for nothing", A COUNT_OF("condition: {gte: 2}, aliases: {k: {a: p}}"),
     "alias 'k' is not used"},
    {"a ring",
     A "title: X\ncorrelation: {type: temporal, rules: [Y, a], group-by: u, timespan: 1m}\n---\n"
       "title: Y\ncorrelation: {type: temporal, rules: [X, a], group-by: u, timespan: 1m}\n",
     "X: the correlation is part of a ring, or built on one: 'X', which names 'Y', which names "
     "'X', which names 'Y', and so on"},
    {"another log source",
     A "title: C\nlogsource: {product: windows}\ncorrelation: {type: temporal, rules: a, group-by: "
       "u, timespan: 1m}\n",
     "skipped 7: C: its log source is not read here"},
    {"generate, two ways", A "generate: false\n" COUNT_OF("generate: true, condition: {gte: 2}"),
     "'generate' is told twice, and not alike"},
    {"key of the child",
     A B "title: P\ncorrelation: {type: temporal, rules: [C, b], group-by: ip, timespan: "
         "1m}\n---\n" COUNT_OF("condition: {gte: 2}"),
     "'ip' is no part of the key of correlation 'C', and nothing else is known of it"},
    {"values that are no part of the child's key",
     A B "title: P\ncorrelation: {type: value_count, rules: C, group-by: u, timespan: 1m, "
         "condition: {field: ip, gte: 2}}\n---\n" COUNT_OF("condition: {gte: 2}"),
     "'ip' is no part of the key of correlation 'C', and nothing else is known of it"},
    {"sums of a child",
     A B "title: P\ncorrelation: {type: value_sum, rules: C, group-by: u, timespan: 1m, "
         "condition: {field: u, gte: 2}}\n---\n" COUNT_OF("condition: {gte: 2}"),
     "type value_sum reads fields of events, and 'C' is a correlation"},
    {"on top of first_seen",
     A B "title: P\ncorrelation: {type: temporal, rules: [C, b], group-by: u, timespan: "
         "1m}\n---\n" SEEN(", fields: f, history: 1d"),
     "nothing is built on it"},
    {"a field too deep",
     A C_OF(
         "type: event_count, rules: a, timespan: 1m, condition: {gte: 2}, group-by: "
         "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a."
         "a."
         "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"),
     "has more than 64 steps"},
    {"sum of nothing", A SUM("{gt: 1}"), "the condition of type value_sum has no 'field'"},
    {"sum of two", A SUM("{field: [v, w], gt: 1}"), "type value_sum takes one field"},
    {"an empty range", A SUM("{field: v, gt: 1, lt: 1}"), "no number meets the condition"},
    {"a filter of correlations", A COUNT_OF("condition: {gte: 2}") FILTER, ""},
};

static void test_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(said); i++) {
        struct sigma_case c;
        load(&c, &said[i].yaml, 1, false);
        check_said(said[i].name, &c, said[i].said);
        sigma_case_release(&c);
    }
}

/* What only `scan` can evaluate: loaded for it, refused where state lasts, with the reason. */
static const struct said_case scan_only[] = {
    {"upper bound", A COUNT_OF("condition: {gte: 2, lt: 9}"),
     "refused 7: 5b8d5a4f-1111-4222-8333-00000000000c: only `scan` can evaluate it: an event that "
     "comes late can end what 'lt' asks for"},
    {"eq", A COUNT_OF("condition: {eq: 2}"), "can end what 'eq' asks for"},
    {"neq", A COUNT_OF("condition: {neq: 2}"), "can end what 'neq' asks for"},
    {"sum", A SUM("{field: v, gte: 2}"),
     "an event that comes late can change a value_sum in either direction"},
    {"steps", A B TEMPORAL("[a, b]", ", condition: {lte: 1}"), "can end what 'lte' asks for"},
};

static void test_scan_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(scan_only); i++) {
        struct sigma_case c;
        load(&c, &scan_only[i].yaml, 1, true);
        check_said(scan_only[i].name, &c, scan_only[i].said);
        check_false(scan_only[i].name, c.rules->rules[0].muted);
        sigma_case_release(&c);
        load(&c, &scan_only[i].yaml, 1, false);
        check_said(scan_only[i].name, &c, "");
        check_int(scan_only[i].name, window_of_rule(c.rules, "C")->flags, WINDOW_SCAN_ONLY);
        sigma_case_release(&c);
    }
}

static void test_scan_only_is_inherited(void **state)
{
    (void)state;
    static const char *const yaml =
        A B COUNT_OF("condition: {lt: 2}") "---\ntitle: P\ncorrelation: {type: temporal, "
                                           "rules: [C, b], group-by: u, timespan: 1m}\n";
    struct sigma_case c;
    load(&c, &yaml, 1, false);
    check_int("inherited", window_of_rule(c.rules, "P")->flags, WINDOW_SCAN_ONLY);
    sigma_case_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),    cmocka_unit_test(test_parts_of_a_window),
        cmocka_unit_test(test_cells),      cmocka_unit_test(test_first_seen),
        cmocka_unit_test(test_bounds),     cmocka_unit_test(test_conditions_over_names),
        cmocka_unit_test(test_references), cmocka_unit_test(test_muting),
        cmocka_unit_test(test_chains),     cmocka_unit_test(test_values_of_a_chain),
        cmocka_unit_test(test_height),     cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_single),     cmocka_unit_test(test_said),
        cmocka_unit_test(test_scan_only),  cmocka_unit_test(test_scan_only_is_inherited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
