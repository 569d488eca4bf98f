/* engine/json.c: known answers from RFC 8259 and from CloudTrail's habits. */
#include "engine/json.h"

#include "tests/unit/support/check.h"

static void assert_str(struct str got, const char *want)
{
    assert_int_equal(got.n, strlen(want));
    assert_memory_equal(got.p, want, got.n);
}

static void skips_one_value(void **state)
{
    static const struct {
        const char *text;
        enum json_status status;
        size_t used; /* of JSON_OK */
    } cases[] = {
        {"{}", JSON_OK, 2},
        {"{} x", JSON_OK, 2},
        {"[1,[2,{\"a\":[]}]],", JSON_OK, 16},
        {"{\"a\":\"}\"}", JSON_OK, 9},
        {"{\"a\\\"}\":1}", JSON_OK, 10},
        {"\"a\\\\\" ", JSON_OK, 5},
        {"true,", JSON_OK, 4},
        {"null}", JSON_OK, 4},
        {"-1.5e+10]", JSON_OK, 8},
        {"0,", JSON_OK, 1},
        {"", JSON_MORE, 0},
        {"{", JSON_MORE, 0},
        {"{\"a", JSON_MORE, 0},
        {"\"a\\", JSON_MORE, 0},
        {"tru", JSON_MORE, 0},
        {"12", JSON_MORE, 0},
        {"1.", JSON_MORE, 0},
        {"[}", JSON_BAD, 0},
        {"{]", JSON_BAD, 0},
        {"[{]}", JSON_BAD, 0},
        {"01,", JSON_BAD, 0},
        {"-,", JSON_BAD, 0},
        {"1.,", JSON_BAD, 0},
        {"1e,", JSON_BAD, 0},
        {"+1,", JSON_BAD, 0},
        {"trux", JSON_BAD, 0},
        {"'a'", JSON_BAD, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *p = cases[i].text;
        enum json_status st = json_skip(&p, p + strlen(p));
        if (st != cases[i].status)
            fail_msg("%s: status %d", cases[i].text, st);
        if (st == JSON_OK)
            assert_int_equal(p - cases[i].text, cases[i].used);
    }
}

/* Where a fault is noticed does not depend on where the bytes end: a record is judged with as much
 * of the text as has come (handlers/records.h), and the sentence names the byte. */
static void notices_a_fault_at_one_place(void **state)
{
    static const struct {
        const char *text;
        size_t at;
    } cases[] = {
        {"071.08,", 1}, {"-00,", 2}, {"-x,", 1},      {"1.x", 2},
        {"1e+x", 3},    {"trux", 3}, {"[[1,2]}}", 6},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t n = strlen(cases[i].text);
        for (size_t end = 1; end <= n; end++) {
            const char *p = cases[i].text;
            enum json_status st = json_skip(&p, p + end);
            check_int(cases[i].text, st, end > cases[i].at ? JSON_BAD : JSON_MORE);
            if (st == JSON_BAD)
                check_size(cases[i].text, (size_t)(p - cases[i].text), cases[i].at);
        }
    }
}

static void finds_a_quote_at_every_offset(void **state)
{
    char text[80];
    (void)state;
    for (size_t n = 0; n < 70; n++) {
        bool escaped;
        memset(text, 'a', sizeof text);
        text[0] = '"';
        text[n + 1] = '"';
        const char *p = text;
        assert_int_equal(json_skip_string(&p, text + sizeof text, &escaped), JSON_OK);
        assert_int_equal(p - text, n + 2);
        assert_false(escaped);
        p = text;
        assert_int_equal(json_skip_string(&p, text + n + 1, &escaped), JSON_MORE);
        text[n + 1] = '\\';
        text[n + 2] = '"';
        text[n + 3] = '"';
        p = text;
        assert_int_equal(json_skip_string(&p, text + sizeof text, &escaped), JSON_OK);
        assert_int_equal(p - text, n + 4);
        assert_true(escaped);
    }
}

static void bounds_depth(void **state)
{
    char text[2 * JSON_DEPTH_MAX + 4] = "";
    (void)state;
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    const char *p = text;
    assert_int_equal(json_skip(&p, text + 2 * JSON_DEPTH_MAX), JSON_OK);
    memset(text, '[', JSON_DEPTH_MAX + 1);
    p = text;
    assert_int_equal(json_skip(&p, text + JSON_DEPTH_MAX + 1), JSON_BAD);
}

static void resolves_escapes(void **state)
{
    static const struct {
        const char *raw, *text;
    } cases[] = {
        {"plain", "plain"},
        {"a\\nb\\tc\\\"d\\\\e\\/f", "a\nb\tc\"d\\e/f"},
        {"\\u0041\\u00e9\\u20ac", "A\xc3\xa9\xe2\x82\xac"},
        {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"},
        {"\\ud83d", "\xef\xbf\xbd"},
        {"\\ud83dx", "\xef\xbf\xbdx"},
        {"\\ud83d\\u0041", "\xef\xbf\xbd"
                           "A"},
        {"\\ude00", "\xef\xbf\xbd"},
        {"\\u12", "\xef\xbf\xbd"
                  "12"},
        {"\\q", "\xef\xbf\xbd"},
        {"\\", "\xef\xbf\xbd"},
        {"\xff\\n", "\xff\n"},
    };
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_str(json_text(str_of(cases[i].raw), &a), cases[i].text);
    assert_int_equal(json_text(S("\\u0000"), &a).n, 1);
    struct arena small;
    arena_init(&small, 8);
    assert_false(str_present(json_text(S("a long text \\n"), &small)));
    arena_release(&small);
    arena_release(&a);
}

static void compacts(void **state)
{
    static const struct {
        const char *value, *text;
    } cases[] = {
        {"{ \"b\" : [ 1 , 2.0 ] ,\n\t\"a\" : null }", "{\"b\":[1,2.0],\"a\":null}"},
        {"{\"a\":\"x \\/ y\"}", "{\"a\":\"x / y\"}"},
        {"\"\\u003c\\u0000\\u001f\\\"\\\\\\b\"", "\"<\\u0000\\u001f\\\"\\\\\\b\""},
        {"[1E5, -0.10]", "[1E5,-0.10]"},
        {"\"unterminated", "\"unterminated\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b;
        buf_init(&b, 4096);
        json_put_compact(&b, str_of(cases[i].value));
        assert_str(buf_str(&b), cases[i].text);
        buf_release(&b);
    }
}

static bool join(void *to, struct str raw, bool escaped)
{
    struct buf *b = to;
    buf_put(b, raw);
    buf_putc(b, escaped ? '!' : ';');
    return str_eq(raw, S("stop"));
}

static void visits_strings_but_not_keys(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 4096);
    assert_false(
        json_each_string(S("{\"k\":\"v\",\"l\" : [\"m\\n\",{\"n\":1,\"o\":\"p\"}]}"), join, &b));
    assert_str(buf_str(&b), "v;m\\n!p;");
    buf_reset(&b);
    assert_true(json_each_string(S("[\"a\",\"stop\",\"b\"]"), join, &b));
    assert_str(buf_str(&b), "a;stop;");
    buf_release(&b);
}

static void finds_members(void **state)
{
    struct str v = S("{ \"a\" : 1, \"b\\u0063\" : [ {\"x\":\"y\"} , 7 ], \"a\" : 2 }");
    (void)state;
    assert_str(json_member(v, S("a")), "1");
    assert_str(json_element(json_member(v, S("bc")), 1), "7");
    assert_str(json_member(json_element(json_member(v, S("bc")), 0), S("x")), "\"y\"");
    assert_false(str_present(json_member(v, S("z"))));
    assert_false(str_present(json_element(json_member(v, S("bc")), 2)));
    assert_false(str_present(json_member(S("[1]"), S("a"))));
    assert_false(str_present(json_member(STR_ABSENT, S("a"))));
    assert_false(str_present(json_element(S("{"), 0)));
}

/* Members in their order, and where an object is none or breaks off. */
static void members_one_after_the_other(void **state)
{
    (void)state;
    static const struct {
        const char *object, *pairs;
    } cases[] = {
        {"{}", ""},
        {"[1]", ""},
        {"", ""},
        {" { \"a\" : 1 , \"b\":[2,{\"c\":3}]}", "a=1 b=[2,{\"c\":3}] "},
        {"{\"x\\\"y\":\"\",\"a\":null}", "x\\\"y=\"\" a=null "},
        {"{\"a\":1,\"b\"", "a=1 "},
        {"{\"a\":1 \"b\":2}", "a=1 "},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str key, value;
        struct buf b;
        size_t at = 0;
        buf_init(&b, 200);
        while (str_present(value = json_object_next(str_of(cases[i].object), &at, &key))) {
            buf_put(&b, key);
            buf_putc(&b, '=');
            buf_put(&b, value);
            buf_putc(&b, ' ');
        }
        assert_str(buf_str(&b), cases[i].pairs);
        buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_one_after_the_other),
        cmocka_unit_test(skips_one_value),
        cmocka_unit_test(notices_a_fault_at_one_place),
        cmocka_unit_test(finds_a_quote_at_every_offset),
        cmocka_unit_test(bounds_depth),
        cmocka_unit_test(resolves_escapes),
        cmocka_unit_test(compacts),
        cmocka_unit_test(visits_strings_but_not_keys),
        cmocka_unit_test(finds_members),
    };
    return cmocka_run_group_tests_name("engine/json", tests, NULL, NULL);
}
