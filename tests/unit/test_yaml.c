/* engine/yaml.c: kinds, lines, the core schema, anchors and limits. */
#include "engine/yaml.h"

#include "base/buf.h"
#include "tests/unit/support/check.h"

static struct arena memory;

static const struct yaml *parse_one(const char *text)
{
    const struct yaml **docs;
    size_t n;
    struct err e = {0};
    if (!yaml_parse(str_of(text), &memory, &docs, &n, &e))
        fail_msg("%s: %s", text, e.text);
    assert_int_equal(n, 1);
    return docs[0];
}

static void keeps_lines_and_quoting(void **state)
{
    (void)state;
    const struct yaml *y = parse_one("title: A\nlist:\n  - '1'\n  - 1\nmap:\n  a: |\n    x\n");
    assert_int_equal(y->kind, YAML_MAP);
    assert_int_equal(y->n, 3);
    const struct yaml *list = yaml_get(y, "list");
    assert_int_equal(list->kind, YAML_SEQ);
    assert_int_equal(list->items[0]->line, 3);
    assert_false(list->items[0]->plain);
    assert_true(list->items[1]->plain);
    assert_int_equal(list->items[1]->column, 5);
    assert_null(yaml_get(y, "nothing"));
    assert_true(str_eqz(yaml_text(yaml_get(y, "title")), "A"));
}

static void follows_the_core_schema(void **state)
{
    static const struct {
        const char *text;
        char kind; /* n null, b bool, f number, s string */
        double number;
    } cases[] = {
        {"~", 'n', 0},          {"null", 'n', 0},    {"''", 's', 0},    {"'null'", 's', 0},
        {"true", 'b', 1},       {"False", 'b', 0},   {"yes", 's', 0},   {"'true'", 's', 0},
        {"12", 'f', 12},        {"-3.5", 'f', -3.5}, {"0x1F", 'f', 31}, {"0o17", 'f', 15},
        {"1e3", 'f', 1000},     {".5", 'f', .5},     {"+7", 'f', 7},    {"1_000", 's', 0},
        {"1.2.3", 's', 0},      {"'12'", 's', 0},    {"0x", 's', 0},    {"e3", 's', 0},
        {"2026-03-01", 's', 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct yaml *y = parse_one(cases[i].text);
        bool truth = false;
        double number = 0;
        char kind = yaml_is_null(y)           ? 'n'
                    : yaml_bool(y, &truth)    ? 'b'
                    : yaml_number(y, &number) ? 'f'
                                              : 's';
        if (kind != cases[i].kind)
            fail_msg("%s is read as %c", cases[i].text, kind);
        assert_true(kind != 'f' || number == cases[i].number);
        assert_true(kind != 'b' || truth == (cases[i].number > 0));
    }
}

static void becomes_json(void **state)
{
    static const struct {
        const char *yaml, *json;
    } cases[] = {
        {"{a: 1, b: ['1', true, ~, 0x10, .5, 1.50]}",
         "{\"a\":1,\"b\":[\"1\",true,null,16,0.5,1.50]}"},
        {"a: \"x\\ny\"\nb: {}\nc: []\n", "{\"a\":\"x\\ny\",\"b\":{},\"c\":[]}"},
        {"007", "7"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b;
        struct err e;
        buf_init(&b, 4096);
        assert_true(yaml_put_json(&b, parse_one(cases[i].yaml), &e));
        assert_string_equal(buf_z(&b), cases[i].json);
        buf_release(&b);
    }
    struct buf b;
    struct err e;
    buf_init(&b, 4096);
    assert_false(yaml_put_json(&b, parse_one("[.inf]"), &e));
    assert_false(yaml_put_json(&b, parse_one("{[a]: 1}"), &e));
    buf_release(&b);
}

static void resolves_aliases(void **state)
{
    (void)state;
    const struct yaml *y = parse_one("a: &x [1, 2]\nb: *x\nc: &x 3\nd: *x\n");
    assert_ptr_equal(yaml_get(y, "a"), yaml_get(y, "b"));
    assert_true(str_eqz(yaml_text(yaml_get(y, "d")), "3"));
}

static void reads_documents(void **state)
{
    const struct yaml **docs;
    size_t n;
    struct err e;
    (void)state;
    assert_true(yaml_parse(S("a: 1\n---\n---\n- x\n...\n"), &memory, &docs, &n, &e));
    assert_int_equal(n, 3);
    assert_int_equal(docs[0]->kind, YAML_MAP);
    assert_true(yaml_is_null(docs[1]));
    assert_int_equal(docs[2]->kind, YAML_SEQ);
    assert_true(yaml_parse(S(""), &memory, &docs, &n, &e));
    assert_int_equal(n, 0);
    assert_true(yaml_parse(S("# only a comment\n"), &memory, &docs, &n, &e));
    assert_int_equal(n, 0);
}

static void refuses_with_the_place(void **state)
{
    static const struct {
        const char *text;
        enum err_kind kind;
        const char *says;
    } cases[] = {
        {"a: [1, 2", ERR_INPUT, "line 2"},
        {"a: 1\n b: 2\n", ERR_INPUT, "line 2"},
        {"a: *nobody\n", ERR_INPUT, "alias *nobody has no anchor before it"},
        {"a: &x [*x]\n", ERR_INPUT, "alias *x stands inside its own anchor"},
        {"a: \"\xff\xfe\"\n", ERR_INPUT, "line 1"},
        {"\ta: 1\n", ERR_INPUT, "line 1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct yaml **docs;
        size_t n;
        struct err e = {0};
        assert_false(yaml_parse(str_of(cases[i].text), &memory, &docs, &n, &e));
        assert_int_equal(e.kind, cases[i].kind);
        if (!strstr(e.text, cases[i].says))
            fail_msg("%s: says \"%s\"", cases[i].text, e.text);
    }
}

static void ends_alias_bombs_and_depth(void **state)
{
    struct buf b;
    const struct yaml **docs;
    size_t n;
    struct err e = {0};
    (void)state;
    buf_init(&b, 1 << 16);
    buf_putz(&b, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 9; i++) {
        buf_putf(&b, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            buf_putf(&b, "*a%d,", i - 1);
        buf_putz(&b, "]\n");
    }
    assert_false(yaml_parse(buf_str(&b), &memory, &docs, &n, &e));
    assert_int_equal(e.kind, ERR_LIMIT);
    buf_reset(&b);
    for (int i = 0; i < 2 * YAML_DEPTH_MAX; i++)
        buf_putc(&b, '[');
    assert_false(yaml_parse(buf_str(&b), &memory, &docs, &n, &e));
    assert_int_equal(e.kind, ERR_LIMIT);
    buf_release(&b);
}

static int open_memory(void **state)
{
    (void)state;
    arena_init(&memory, 64 << 20);
    return 0;
}

static int close_memory(void **state)
{
    (void)state;
    arena_release(&memory);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_lines_and_quoting),
        cmocka_unit_test(follows_the_core_schema),
        cmocka_unit_test(becomes_json),
        cmocka_unit_test(resolves_aliases),
        cmocka_unit_test(reads_documents),
        cmocka_unit_test(refuses_with_the_place),
        cmocka_unit_test(ends_alias_bombs_and_depth),
    };
    return cmocka_run_group_tests_name("engine/yaml", tests, open_memory, close_memory);
}
