/* engine/sigma_item.c: which shapes a detection may have. What the values mean:
 * test_sigma_match.c. */
#include "tests/unit/support/sigma_case.h"

static void test_refusals(void **state)
{
    (void)state;
    static const char *const list[][2] = {
        {"{}", "search 's': a detection is an empty map"},
        {"[]", "search 's': a detection is an empty list"},
        {"", "search 's': a detection has nothing in it"},
        {"{f: []}", "'f' has an empty list of values"},
        {"{f: {g: h}}", "'f': a value is a map"},
        {"{f: [a, [b]]}", "'f': a value is a list within a list"},
        {"{f: [a, null]}", "'f': null cannot stand in a list of values"},
        {"{f: [a, ~]}", "'f': null cannot stand in a list of values"},
        {"[a, null]", "'keywords': null cannot stand among keywords"},
        {"{'': a}", "a field's name is empty; keywords are a list"},
        {"{'|all': [a, null]}", "null cannot stand among keywords"},
        {"{[a]: b}", "a field's name is no text"},
        {"[{f: a}, {}]", "a detection is an empty map"},
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        struct buf detection;
        buf_init(&detection, 4096);
        buf_putf(&detection, "{s: %s, condition: s}", list[i][0]);
        sigma_case_expect_detection(buf_z(&detection), list[i][1]);
        buf_release(&detection);
    }
}

static void test_lines(void **state)
{
    (void)state;
    sigma_case_expect("title: t\nlogsource: {product: aws}\ndetection:\n  s:\n    f: a\n"
                      "    g|re:\n      - ok\n      - '(?=x)'\n  condition: s\n",
                      "refused 8: t: search 's': regular expression");
    sigma_case_expect("title: t\nlogsource: {product: aws}\ndetection:\n  s:\n    f: a\n"
                      "    g|nope: b\n  condition: s\n",
                      "refused 6: t: search 's'");
    sigma_case_expect("title: t\nlogsource: {product: aws}\ndetection:\n  s:\n    f: a\n"
                      "  condition: s and\n",
                      "refused 6: t: the condition ends");
    sigma_case_expect("title: t\nlogsource: {product: aws}\ndetection:\n  s:\n"
                      "    f|re: 'a(b'\n  condition: s\n",
                      "refused 5: t: ");
}

/* Tests whose right side is a plain text lead to the index; others must not. */
static bool is_indexed(const char *search)
{
    struct sigma_case c;
    struct buf detection, rule;
    buf_init(&detection, 4096);
    buf_putf(&detection, "{s: %s, condition: s}", search);
    sigma_case_rule(&rule, buf_z(&detection));
    sigma_case_load(&c, buf_z(&rule), NULL);
    assert_int_equal(c.rules->n_preds, 1);
    bool indexed = c.rules->preds[0].index_slot != RS_NONE;
    sigma_case_release(&c);
    buf_release(&detection);
    buf_release(&rule);
    return indexed;
}

static void test_index(void **state)
{
    (void)state;
    static const char *const plain[] = {"{f: ABC}",    "{f: [a, b]}",     "{f|cased: abc}",
                                        "{f: 'a\\*'}", "{f|base64: foo}", "{f: 22}",
                                        "{f: '22'}",   "{f: [a, '1', 0]}"};
    static const char *const others[] = {
        "{f: 'a*'}",   "{f: [a, 'b*']}",  "{f: 22.5}",      "{f: '022'}",         "{f: true}",
        "{f: 'true'}", "{f|contains: a}", "{f: ''}",        "{f: '{\"a\":1}'}",   "{f|re: a}",
        "[abc]",       "{f|cased: Abc}",  "{f: [a, '-1']}", "{f|cidr: 10.0.0.1}", "{f|gt: 3}",
    };
    for (size_t i = 0; i < COUNT(plain); i++)
        check_true(plain[i], is_indexed(plain[i]));
    for (size_t i = 0; i < COUNT(others); i++)
        check_false(others[i], is_indexed(others[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
