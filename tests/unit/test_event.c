/* engine/event.c with builder*.c and index.c: which values a record gives a slot, and which rules
 * are looked at. Paths and answers are written out by hand. */
#include "engine/event.h"

#include "engine/builder.h"
#include "engine/index.h"
#include "tests/unit/support/check.h"

/* The values of a slot as text, "a|b"; the array itself as "[]". */
static void join_values(struct event *ev, uint32_t slot, struct buf *out)
{
    buf_reset(out);
    for (struct value *v = event_first(ev, slot); v; v = event_next(ev, v)) {
        if (out->n)
            buf_putc(out, '|');
        if (v->type == JSON_ARRAY)
            buf_putz(out, "[]");
        else
            buf_put(out, event_text(ev, v));
    }
}

/* ---- fields that no record holds ---- */

/* Knows two addresses, and counts the questions. */
static void find(void *self, struct str address, struct geo *out)
{
    ++*(unsigned *)self;
    if (str_eqz(address, "198.51.100.7"))
        *out = (struct geo){S("DE"), 64500, S("Example \"Net\"")};
    if (str_eqz(address, "2001:db8::1"))
        *out = (struct geo){.asn = UINT32_MAX};
}

static void knows_where(void **state)
{
    static const struct {
        const char *record, *country, *asn, *as_org;
        unsigned asked; /* so far */
    } cases[] = {
        {"{\"sourceIPAddress\":\"198.51.100.7\"}", "DE", "64500", "Example \"Net\"", 1},
        {"{\"sourceIPAddress\":\"198.51.100.\\u0037\"}", "DE", "64500", "Example \"Net\"", 1},
        {"{\"sourceIPAddress\":\"2001:db8::1\"}", "", "4294967295", "", 2},
        {"{\"sourceIPAddress\":\"AWS Internal\"}", "", "", "", 3},
        {"{\"sourceIPAddress\":\"\"}", "", "", "", 3},
        {"{\"sourceIPAddress\":[\"198.51.100.7\"]}", "DE", "64500", "Example \"Net\"", 4},
        {"{\"sourceIPAddress\":7}", "", "", "", 4},
        {"{}", "", "", "", 4},
        /* a record cannot claim a country */
        {"{\"trailwarden.country\":\"FR\",\"trailwarden\":{\"country\":\"FR\",\"asn\":1}}", "", "",
         "", 4},
        {"{\"sourceIPAddress\":\"198.51.100.7198.51.100.7198.51.100.7198.51.100.7\"}", "", "", "",
         4},
    };
    (void)state;
    static const char *const paths[] = {"trailwarden.country", "trailwarden.asn",
                                        "trailwarden.as_org"};
    struct builder *b = builder_new();
    uint32_t slots[COUNT(paths)];
    for (size_t f = 0; f < COUNT(paths); f++)
        slots[f] = builder_slot_fan(b, str_of(paths[f]));
    struct ruleset *rs;
    struct err e;
    struct event ev;
    struct buf got;
    size_t used;
    unsigned asked = 0;
    buf_init(&got, 4096);
    assert_true(builder_freeze(b, &rs, &e));
    assert_true(rs->names_own);
    assert_true(event_init(&ev, rs, &e));
    event_set_geo(&ev, (struct port_geo){&asked, find});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const expected[] = {cases[i].country, cases[i].asn, cases[i].as_org};
        assert_int_equal(event_read(&ev, str_of(cases[i].record), &used, &e), JSON_OK);
        for (size_t f = 0; f < COUNT(paths); f++) {
            join_values(&ev, slots[f], &got);
            check_str(cases[i].record, buf_str(&got), str_of(expected[f]));
        }
        if (asked != cases[i].asked)
            fail_msg("%s: asked %u times", cases[i].record, asked);
    }
    /* another port knows nothing of what this one said */
    assert_int_equal(event_read(&ev, str_of(cases[0].record), &used, &e), JSON_OK);
    event_set_geo(&ev, (struct port_geo){0});
    assert_int_equal(event_read(&ev, str_of(cases[0].record), &used, &e), JSON_OK);
    assert_null(event_first(&ev, slots[OWN_COUNTRY]));
    assert_false(str_present(event_geo(&ev)->country));
    buf_release(&got);
    event_release(&ev);
    ruleset_free(rs);
    builder_free(b);
}

/* Rules that name no such field cost no question; who wants to know can still ask. */
static void asks_only_when_named(void **state)
{
    (void)state;
    struct builder *b = builder_new();
    struct ruleset *rs;
    struct err e;
    struct event ev;
    size_t used;
    unsigned asked = 0;
    (void)builder_slot_fan(b, S("sourceIPAddress"));
    assert_true(builder_freeze(b, &rs, &e));
    assert_false(rs->names_own);
    assert_true(event_init(&ev, rs, &e));
    event_set_geo(&ev, (struct port_geo){&asked, find});
    assert_int_equal(event_read(&ev, S("{\"sourceIPAddress\":\"198.51.100.7\"}"), &used, &e),
                     JSON_OK);
    assert_int_equal(asked, 0);
    check_str("country", event_geo(&ev)->country, S("DE"));
    assert_int_equal(asked, 1);
    event_release(&ev);
    ruleset_free(rs);
    builder_free(b);
}

static void fans_out(void **state)
{
    static const struct {
        const char *path, *record, *values;
    } cases[] = {
        {"a", "{\"a\":\"x\"}", "x"},
        {"a", "{\"b\":1}", ""},
        {"a.b", "{\"a\":{\"b\":7.50}}", "7.50"},
        {"a.b", "{\"a\":[{\"b\":1},{\"c\":0},{\"b\":2}]}", "1|2"},
        {"a.b", "{\"a\":[[{\"b\":1}],[[{\"b\":2}]]]}", "1|2"},
        {"a", "{\"a\":[\"x\",[\"y\"],{\"z\":1}]}", "[]|x|[]|y|{\"z\":1}"},
        {"a", "{\"a\":[]}", "[]"},
        {"a", "{\"a\":null}", "null"},
        {"a", "{ \"a\" : { \"k\" : [ 1, 2 ] } }", "{\"k\":[1,2]}"},
        {"a.b", "{\"a.b\":1}", "1"},
        {"a.b.c", "{\"a\":{\"b.c\":1}}", "1"},
        {"a.b.c", "{\"a.b.c\":2,\"a\":{\"b\":{\"c\":3}}}", "2|3"},
        {"a.b.c", "{\"a.b\":{\"c\":1}}", ""},
        {"a", "{\"a\":1,\"a\":2}", "1|2"},
        {"a.b", "{\"a\":{\"b\":1},\"a\":{\"b\":2}}", "1|2"},
        {"a", "{\"\\u0061\":\"\\u0062\\n\"}", "b\n"},
        {"A", "{\"a\":1}", ""},
        {"a.b", "{\"a\":\"b\"}", ""},
        {"a..b", "{\"a\":{\"\":{\"b\":1}}}", "1"},
        {"a.0", "{\"a\":[5]}", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct builder *b = builder_new();
        uint32_t slot = builder_slot_fan(b, str_of(cases[i].path));
        struct ruleset *rs;
        struct err e;
        struct event ev;
        struct buf got;
        size_t used;
        buf_init(&got, 4096);
        assert_true(builder_freeze(b, &rs, &e));
        assert_true(event_init(&ev, rs, &e));
        assert_int_equal(event_read(&ev, str_of(cases[i].record), &used, &e), JSON_OK);
        assert_int_equal(used, strlen(cases[i].record));
        join_values(&ev, slot, &got);
        if (!str_eqz(buf_str(&got), cases[i].values))
            fail_msg("%s in %s: got %s", cases[i].path, cases[i].record, buf_z(&got));
        buf_release(&got);
        event_release(&ev);
        ruleset_free(rs);
        builder_free(b);
    }
}

static void points(void **state)
{
    static const struct {
        const char *steps[3];
        size_t n;
        const char *record, *values;
    } cases[] = {
        {{"a"}, 1, "{\"a\":\"x\"}", "x"},
        {{"a", "b"}, 2, "{\"a\":[{\"b\":1}]}", ""},
        {{"a", "0", "b"}, 3, "{\"a\":[{\"b\":1},{\"b\":2}]}", "1"},
        {{"a", "01", "b"}, 3, "{\"a\":[{\"b\":1},{\"b\":2}]}", "2"},
        {{"a", "+1"}, 2, "{\"a\":[1,2]}", "2"},
        {{"a", "1"}, 2, "{\"a\":{\"1\":\"key\"}}", "key"},
        {{"a", "2"}, 2, "{\"a\":[1,2]}", ""},
        {{"a"}, 1, "{\"a\":[1,2]}", "[]"},
        {{"a"}, 1, "{\"a\":1,\"a\":2}", "1"},
        {{"a", "x"}, 2, "{\"a\":{\"y\":1},\"a\":{\"x\":2}}", ""},
        {{"a.b"}, 1, "{\"a.b\":1}", "1"},
        {{""}, 1, "{\"\":1}", "1"},
        {{0}, 0, "{\"a\": 1}", "{\"a\":1}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct builder *b = builder_new();
        struct str steps[3];
        for (size_t k = 0; k < cases[i].n; k++)
            steps[k] = str_of(cases[i].steps[k]);
        uint32_t slot = builder_slot_point(b, steps, cases[i].n);
        struct ruleset *rs;
        struct err e;
        struct event ev;
        struct buf got;
        size_t used;
        buf_init(&got, 4096);
        assert_true(builder_freeze(b, &rs, &e));
        assert_true(event_init(&ev, rs, &e));
        for (int round = 0; round < 2; round++) { /* the second must not remember the first */
            assert_int_equal(event_read(&ev, str_of(cases[i].record), &used, &e), JSON_OK);
            join_values(&ev, slot, &got);
            if (!str_eqz(buf_str(&got), cases[i].values))
                fail_msg("case %zu, %s: got %s", i, cases[i].record, buf_z(&got));
        }
        assert_int_equal(ev.number, 2);
        buf_release(&got);
        event_release(&ev);
        ruleset_free(rs);
        builder_free(b);
    }
}

static struct ruleset *core_only(void)
{
    struct builder *b = builder_new();
    struct ruleset *rs;
    struct err e;
    assert_true(builder_freeze(b, &rs, &e));
    builder_free(b);
    return rs;
}

static void tells_more_from_bad(void **state)
{
    static const char whole[] =
        "{\"eventName\":\"A\\\"b\",\"userIdentity\":{\"arn\":[1,{\"x\":null}]},"
        "\"z\":[true,-1.5e3,{}]}";
    static const struct {
        const char *record, *says;
    } bad[] = {
        {"[]", "no JSON object"},
        {"{\"a\" 1}", "colon"},
        {"{\"a\":1 \"b\":2}", "comma"},
        {"{a:1}", "key"},
        {"{\"a\":1,}", "key"},
        {"{\"a\":tru}", "malformed"},
        {"{\"userIdentity\":{\"arn\":[1 2]}}", "comma"},
        {"{\"a\":[}", "malformed"},
    };
    struct ruleset *rs = core_only();
    struct event ev;
    struct err e = {0};
    size_t used;
    (void)state;
    assert_true(event_init(&ev, rs, &e));
    for (size_t n = 0; n < sizeof whole - 1; n++)
        assert_int_equal(event_read(&ev, str_n(whole, n), &used, &e), JSON_MORE);
    assert_int_equal(event_read(&ev, str_of(whole), &used, &e), JSON_OK);
    assert_true(str_eqz(event_core(&ev, CORE_NAME), "A\"b"));
    assert_false(str_present(event_core(&ev, CORE_ARN)));
    assert_int_equal(ev.number, 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(event_read(&ev, str_of(bad[i].record), &used, &e), JSON_BAD);
        if (!strstr(e.text, bad[i].says))
            fail_msg("%s: says \"%s\"", bad[i].record, e.text);
    }
    event_release(&ev);
    ruleset_free(rs);
}

/* A line between two records of a forced source keeps its own, and they theirs. */
static void forces_the_source_of_json(void **state)
{
    static const char record[] = "{\"eventName\":\"A\",\"eventVersion\":\"1.08\"}";
    struct ruleset *rs = core_only();
    struct event ev;
    struct err e = {0};
    size_t used;
    (void)state;
    assert_true(event_init(&ev, rs, &e));
    assert_int_equal(event_read(&ev, S("{\"a\":1}"), &used, &e), JSON_OK);
    assert_false(ev.source_known);
    event_force_source(&ev, SOURCE_OKTA);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(event_read(&ev, str_of(record), &used, &e), JSON_OK);
        assert_int_equal(ev.source, SOURCE_OKTA);
        assert_true(ev.source_known);
        event_begin(&ev, SOURCE_VPCFLOW, S("-"), (struct event_columns){0});
        event_end(&ev);
        assert_int_equal(ev.source, SOURCE_VPCFLOW);
    }
    event_release(&ev);
    ruleset_free(rs);
}

static void survives_floods(void **state)
{
    struct ruleset *rs = core_only();
    struct event ev;
    struct err e = {0};
    struct buf b;
    size_t used;
    (void)state;
    assert_true(event_init(&ev, rs, &e));
    buf_init(&b, 4 << 20);
    buf_putz(&b, "{\"eventName\":[");
    for (int i = 0; i < 2 * EVENT_VALUES_MAX; i++)
        buf_putz(&b, i ? ",1" : "1");
    buf_putz(&b, "]}");
    assert_int_equal(event_read(&ev, buf_str(&b), &used, &e), JSON_OK);
    assert_int_equal(ev.n_values, EVENT_VALUES_MAX);
    assert_true(ev.counts.values_cut > 0);
    buf_reset(&b);
    for (int i = 0; i < 2 * JSON_DEPTH_MAX; i++)
        buf_putz(&b, "{\"userIdentity\":");
    assert_int_equal(event_read(&ev, buf_str(&b), &used, &e), JSON_BAD);
    buf_reset(&b);
    buf_putz(&b, "{\"eventName\":");
    for (int i = 0; i < 2 * JSON_DEPTH_MAX; i++)
        buf_putc(&b, '[');
    assert_int_equal(event_read(&ev, buf_str(&b), &used, &e), JSON_BAD);
    buf_release(&b);
    event_release(&ev);
    ruleset_free(rs);
}

/* A rule over invented tests: index_slot and values are all that index.c looks at. */
static uint32_t make_test(struct builder *b, const char *path, const char *const *values, size_t n)
{
    struct rs_value list[8] = {{0}};
    for (size_t i = 0; i < n; i++)
        list[i].text = builder_text(b, str_of(values[i]));
    struct rs_pred p = {.values = builder_values(b, list, n), .right = RS_NONE};
    p.index_slot = path ? builder_slot_fan(b, str_of(path)) : RS_NONE;
    return builder_node_pred(b, builder_pred(b, p));
}

static bool finds(const struct ruleset *rs, uint32_t slot, const char *value, uint32_t rule)
{
    const struct rs_index *ix = &rs->index;
    for (uint32_t s = 0; s < ix->n_slots; s++) {
        const struct rs_index_entry *found =
            ix->slots[s].slot == slot ? index_find(ix, ix->slots + s, str_of(value)) : NULL;
        for (uint32_t i = 0; found && i < found->rules.n; i++)
            if (ix->rules[found->rules.first + i] == rule)
                return true;
    }
    return false;
}

static bool is_always(const struct ruleset *rs, uint32_t rule)
{
    for (uint32_t i = 0; i < rs->index.n_always; i++)
        if (rs->index.always[i] == rule)
            return true;
    return false;
}

/* Numbers in the spellings of JSON (RFC 8259, 6) and some that are none. */
static void spells_numbers_as_the_index(void **state)
{
    static const struct {
        const char *text, *digits;
    } cases[] = {
        {"443.0", "443"},  {"0443", "443"},
        {"4.43e2", "443"}, {"44300E-2", "443"},
        {"-0", "0"},       {"-0.0", "0"},
        {"1e3", "1000"},   {"999999999999999.0", "999999999999999"},
        {"443", NULL}, /* is spelled so */
        {"0", NULL},       {"-443", NULL},
        {"443.5", NULL},   {"1e15", NULL},
        {"1e400", NULL},   {"10.0.0.1", NULL},
        {"", NULL},        {"eni-0a1b", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char digits[INDEX_NUMBER_MAX];
        struct str got = index_number(str_of(cases[i].text), digits);
        bool right = cases[i].digits ? str_eq(got, str_of(cases[i].digits)) : !str_present(got);
        if (!right)
            fail_msg("%s becomes '%.*s'", cases[i].text, (int)got.n, got.n ? got.p : "");
    }
    assert_true(index_is_number(S("0")));
    assert_true(index_is_number(S("999999999999999")));
    assert_false(index_is_number(S("1000000000000000")));
    assert_false(index_is_number(S("00")));
    assert_false(index_is_number(S("4e2")));
}

static void indexes_what_a_rule_needs(void **state)
{
    static const char *const iam[] = {"iam.amazonaws.com"}, *const create[] = {"createuser"},
                             *const drop[] = {"DeleteUser", "deletetrail"};
    struct builder *b = builder_new();
    struct ruleset *rs;
    struct err e;
    (void)state;
    uint32_t by_source = make_test(b, "eventSource", iam, 1);
    uint32_t by_create = make_test(b, "eventName", create, 1);
    uint32_t by_drop = make_test(b, "eventName", drop, 2);
    uint32_t unknown = make_test(b, NULL, NULL, 0);
    uint32_t name = builder_slot_fan(b, S("eventName")),
             source = builder_slot_fan(b, S("eventSource"));
    uint32_t and_both[] = {by_source, by_create}, or_both[] = {by_create, by_drop};
    uint32_t or_unknown[] = {by_create, unknown}, and_not[] = {by_source, 0};
    and_not[1] = builder_node_not(b, by_create);
    uint32_t programs[] = {
        builder_node_and(b, and_both, 2),  builder_node_or(b, or_both, 2),
        builder_node_or(b, or_unknown, 2), builder_node_and(b, and_not, 2),
        builder_node_not(b, by_create),    builder_node_const(b, true),
    };
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        struct rs_rule r = {.program = programs[i]};
        assert_int_equal(builder_rule(b, &r), i);
    }
    assert_true(builder_freeze(b, &rs, &e));
    /* 0: eventName is asked for three values in all, eventSource for one: the name is rarer */
    assert_true(finds(rs, name, "CreateUser", 0));
    assert_false(finds(rs, source, "iam.amazonaws.com", 0));
    /* 1: either name leads to it, in any case of letters */
    assert_true(finds(rs, name, "createUSER", 1));
    assert_true(finds(rs, name, "deleteuser", 1));
    assert_true(finds(rs, name, "DeleteTrail", 1));
    assert_false(finds(rs, name, "DeleteTrai", 1));
    /* 3: what is negated is no need */
    assert_true(finds(rs, source, "IAM.amazonaws.com", 3));
    assert_false(finds(rs, name, "CreateUser", 3));
    for (uint32_t r = 0; r < 6; r++)
        assert_int_equal(is_always(rs, r), r == 2 || r >= 4);
    ruleset_free(rs);
    builder_free(b);
}

static void equal_parts_are_one(void **state)
{
    static const char *const x[] = {"x", "y"};
    struct builder *b = builder_new();
    (void)state;
    assert_int_equal(make_test(b, "a.b", x, 2), make_test(b, "a.b", x, 2));
    assert_int_not_equal(make_test(b, "a.b", x, 2), make_test(b, "a.b", x, 1));
    assert_int_not_equal(make_test(b, "a.b", x, 2), make_test(b, "a.c", x, 2));
    assert_int_equal(builder_text(b, S("hello")).at, builder_text(b, S("hello")).at);
    assert_int_equal(builder_text(b, STR_ABSENT).at, RS_NONE);
    uint32_t one, two;
    struct err e;
    assert_true(builder_regex(b, S("a+b"), 0, &one, &e));
    assert_true(builder_regex(b, S("a+b"), 0, &two, &e));
    assert_int_equal(one, two);
    assert_false(builder_regex(b, S("a(b"), 0, &two, &e));
    assert_int_equal(e.kind, ERR_INPUT);
    builder_free(b);
}

static void refuses_endless_paths(void **state)
{
    struct builder *b = builder_new();
    struct ruleset *rs;
    struct err e = {0};
    char path[2 * FIELD_STEPS_MAX + 2];
    (void)state;
    memset(path, '.', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    builder_slot_fan(b, str_of(path));
    assert_false(builder_freeze(b, &rs, &e));
    assert_int_equal(e.kind, ERR_LIMIT);
    builder_free(b);
}

/* Two names of one position, one name of another; in an object they are three keys. */
static void points_of_one_position(void **state)
{
    static const struct {
        const char *record, *values[3]; /* of /a/1/b, /a/01/b, /a/+1 */
    } cases[] = {
        {"{\"a\":[0,{\"b\":[1]},2],\"c\":3}", {"[]", "[]", "{\"b\":[1]}"}},
        {"{\"a\":[0,1]}", {"", "", "1"}},
        {"{\"a\":[0]}", {"", "", ""}},
        {"{\"a\":{\"1\":{\"b\":2},\"01\":{\"b\":3},\"+1\":4}}", {"2", "3", "4"}},
        {"{\"a\":[0,{\"b\":1}],\"a\":[0,{\"b\":2}]}", {"1", "1", "{\"b\":1}"}},
    };
    static const struct {
        struct str steps[3];
        size_t n;
    } paths[] = {{{{"a", 1}, {"1", 1}, {"b", 1}}, 3},
                 {{{"a", 1}, {"01", 2}, {"b", 1}}, 3},
                 {{{"a", 1}, {"+1", 2}}, 2}};
    struct builder *b = builder_new();
    struct ruleset *rs;
    struct event ev;
    struct err e;
    struct buf got;
    uint32_t slots[COUNT(paths)];
    size_t used;
    (void)state;
    for (size_t k = 0; k < COUNT(paths); k++)
        slots[k] = builder_slot_point(b, paths[k].steps, paths[k].n);
    buf_init(&got, 4096);
    assert_true(builder_freeze(b, &rs, &e));
    assert_true(event_init(&ev, rs, &e));
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(event_read(&ev, str_of(cases[i].record), &used, &e), JSON_OK);
        assert_int_equal(used, strlen(cases[i].record));
        for (size_t k = 0; k < COUNT(paths); k++) {
            join_values(&ev, slots[k], &got);
            check_str(cases[i].record, buf_str(&got), str_of(cases[i].values[k]));
        }
    }
    buf_release(&got);
    event_release(&ev);
    ruleset_free(rs);
    builder_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_where),
        cmocka_unit_test(asks_only_when_named),
        cmocka_unit_test(fans_out),
        cmocka_unit_test(points),
        cmocka_unit_test(points_of_one_position),
        cmocka_unit_test(tells_more_from_bad),
        cmocka_unit_test(forces_the_source_of_json),
        cmocka_unit_test(survives_floods),
        cmocka_unit_test(spells_numbers_as_the_index),
        cmocka_unit_test(indexes_what_a_rule_needs),
        cmocka_unit_test(equal_parts_are_one),
        cmocka_unit_test(refuses_endless_paths),
    };
    return cmocka_run_group_tests_name("engine/event", tests, NULL, NULL);
}
