/* engine/sigma_match.c: what a value of a rule means against a value of an event. Expectations are
 * the Sigma specification 2.1's and pySigma's, and docs/sigma.md's where those leave room. */
#include "tests/unit/support/sigma_case.h"

#include "engine/sigma_match.h"

struct value_case {
    const char *search;
    const char *event;
    bool holds;
};

static const struct value_case strings[] = {
    {"{f: abc}", "{\"f\":\"abc\"}", true},
    {"{f: aBc}", "{\"f\":\"AbC\"}", true}, /* case does not count */
    {"{f: abc}", "{\"f\":\"abcd\"}", false},
    {"{f: abc}", "{\"f\":\"xabc\"}", false},
    {"{f: abc}", "{\"F\":\"abc\"}", false}, /* but in names it does */
    {"{f: abc}", "{}", false},
    {"{f: abc}", "{\"f\":null}", false},
    {"{f: 'ab*'}", "{\"f\":\"ABcd\"}", true},
    {"{f: 'ab*'}", "{\"f\":\"ab\"}", true},
    {"{f: '*cd'}", "{\"f\":\"abCD\"}", true},
    {"{f: '*b*'}", "{\"f\":\"abc\"}", true},
    {"{f: 'a?c'}", "{\"f\":\"abc\"}", true},
    {"{f: 'a?c'}", "{\"f\":\"ac\"}", false},
    {"{f: 'a?c'}", "{\"f\":\"a\\u00e9c\"}", true}, /* one character, two bytes */
    {"{f: '*a?c'}", "{\"f\":\"xaabc\"}", true},    /* wants backtracking */
    {"{f: 'a*b*c'}", "{\"f\":\"a1b2b3c\"}", true},
    {"{f: 'a*b*c'}", "{\"f\":\"a1c2b3\"}", false},
    {"{f: 'a\\*c'}", "{\"f\":\"a*c\"}", true},
    {"{f: 'a\\*c'}", "{\"f\":\"abc\"}", false},
    {"{f: 'a\\?c'}", "{\"f\":\"a?c\"}", true},
    {"{f: 'a\\?c'}", "{\"f\":\"abc\"}", false},
    {"{f: 'a\\\\*'}", "{\"f\":\"a\\\\bc\"}", true}, /* \\* is a backslash, then a wildcard */
    {"{f: 'a\\bc'}", "{\"f\":\"a\\\\bc\"}", true},  /* a lone backslash is one */
    {"{f: 'a\\\\bc'}", "{\"f\":\"a\\\\bc\"}", true},
    {"{f: 'a\\'}", "{\"f\":\"a\\\\\"}", true},
    {"{f: 'a\\\\\\b'}", "{\"f\":\"a\\\\\\\\b\"}", true},   /* three are two */
    {"{f: 'a\\\\\\\\b'}", "{\"f\":\"a\\\\\\\\b\"}", true}, /* four are two */
    {"{f: 'a/b'}", "{\"f\":\"a\\/b\"}", true},             /* escaped in JSON */
    {"{f: \"t\\u00e9\"}", "{\"f\":\"T\\u00e9\"}", true},
    {"{f: \"t\\u00c9\"}", "{\"f\":\"t\\u00e9\"}", false}, /* only ASCII is folded */
    {"{f: ''}", "{\"f\":\"\"}", true},
    {"{f: ''}", "{\"f\":\"x\"}", false},
    {"{f: ''}", "{}", false},
    {"{f: ''}", "{\"f\":null}", false},
    {"{f: '*'}", "{\"f\":\"\"}", true},
    {"{f: '*'}", "{\"f\":null}", false},
    {"{f: '*'}", "{}", false},
    {"{f: [a, b]}", "{\"f\":\"b\"}", true},
    {"{f: [a, b]}", "{\"f\":\"c\"}", false},
};

static const struct value_case numbers[] = {
    {"{f: 22}", "{\"f\":22}", true},
    {"{f: 22}", "{\"f\":\"22\"}", true},
    {"{f: '22'}", "{\"f\":22}", true},
    {"{f: '22'}", "{\"f\":22.0}", true},
    {"{f: '22'}", "{\"f\":\"22\"}", true},
    {"{f: '22'}", "{\"f\":\"22.0\"}", false}, /* two texts are compared as texts */
    {"{f: 22.0}", "{\"f\":22}", true},
    {"{f: 22}", "{\"f\":2.2e1}", true},
    {"{f: 22}", "{\"f\":23}", false},
    {"{f: 22}", "{\"f\":\"22a\"}", false},
    {"{f: 22}", "{\"f\":\" 22\"}", false},
    {"{f: 22}", "{\"f\":\"\"}", false},
    {"{f: 0}", "{\"f\":null}", false},
    {"{f: 0}", "{\"f\":false}", false},
    {"{f: -1}", "{\"f\":-1}", true},
    {"{f: 012345678901}", "{\"f\":\"012345678901\"}", true},      /* an account id without quotes */
    {"{f: 9007199254740993}", "{\"f\":9007199254740992}", false}, /* 2^53: doubles are equal */
    {"{f: 9007199254740993}", "{\"f\":9007199254740993}", true},
    {"{f: '2*'}", "{\"f\":22}", true},
    {"{f|contains: 2}", "{\"f\":\"a2b\"}", true},
    {"{f: 0x10}", "{\"f\":16}", true},
    {"{f: 10}", "{\"f\":\"0x0a\"}", false},
    {"{f: nan}", "{\"f\":\"nan\"}", true},
};

static const struct value_case others[] = {
    {"{f: true}", "{\"f\":true}", true},
    {"{f: true}", "{\"f\":false}", false},
    {"{f: true}", "{\"f\":\"true\"}", true},
    {"{f: 'true'}", "{\"f\":true}", true},
    {"{f: 'True'}", "{\"f\":true}", true},
    {"{f: false}", "{\"f\":\"False\"}", true},
    {"{f: false}", "{}", false},
    {"{f: 'yes'}", "{\"f\":true}", false},
    {"{f: null}", "{}", true},
    {"{f: null}", "{\"f\":null}", true},
    {"{f: null}", "{\"f\":\"\"}", false},
    {"{f: null}", "{\"f\":\"null\"}", false},
    {"{f: null}", "{\"f\":[]}", false},
    {"{f: null}", "{\"f\":{}}", false},
    {"{f: null}", "{\"f\":[1,null]}", true},
    {"{f: }", "{}", true},
    {"{f.g: null}", "{\"f\":{}}", true},
    {"{f.g: null}", "{\"f\":\"x\"}", true},
    {"{f: 'null'}", "{\"f\":null}", false},
    {"{f|exists: true}", "{\"f\":null}", true},
    {"{f|exists: true}", "{\"f\":[]}", true},
    {"{f|exists: true}", "{}", false},
    {"{f|exists: false}", "{}", true},
    {"{f|exists: false}", "{\"f\":\"\"}", false},
};

static const struct value_case structures[] = {
    {"{a.b: x}", "{\"a\":{\"b\":\"x\"}}", true},
    {"{a.b: x}", "{\"a.b\":\"x\"}", true}, /* a key with a dot */
    {"{a.b.c: x}", "{\"a\":{\"b.c\":\"x\"}}", true},
    {"{a: x}", "{\"a\":[\"y\",\"x\"]}", true}, /* any member */
    {"{a: x}", "{\"a\":[\"y\"]}", false},
    {"{a: x}", "{\"a\":[]}", false},
    {"{a.b: x}", "{\"a\":[{\"b\":\"y\"},{\"b\":\"x\"}]}", true},
    {"{a.b.c: 22}", "{\"a\":{\"b\":[{\"c\":[21]},{\"c\":[22]}]}}", true},
    {"{a.b: x, a.c: y}", "{\"a\":[{\"b\":\"x\"},{\"c\":\"y\"}]}", true}, /* no one element binds */
    {"{a|contains: 'x'}", "{\"a\":[\"yxy\"]}", true},
    {"{a|contains: ','}", "{\"a\":[\"x\",\"y\"]}", false}, /* the joined text is no value */
    {"{a|contains: '['}", "{\"a\":[\"x\"]}", false},
    {"{a|contains: '\"b\":\"x\"'}", "{\"a\":{\"b\":\"x\"}}", true},
    {"{a|contains: '\"b\":{\"c\":[1,2]}'}", "{\"a\": { \"b\" : {\"c\": [1, 2]} } }", true},
    {"{a: '{\"b\":1}'}", "{\"a\":{ \"b\" : 1}}", true}, /* its compact JSON text */
    {"{a|contains: 's3://x/y'}", "{\"a\":{\"b\":\"s3:\\/\\/x\\/y\"}}", true},
    {"{a|contains|all: ['\"b\"', '\"c\"']}", "{\"a\":{\"b\":1,\"c\":2}}", true},
    {"{a|contains: b}", "{\"a\":[{\"b\":1}]}", true},
    {"{a|exists: true}", "{\"a\":{}}", true},
    {"{a.b|exists: true}", "{\"a\":[{},{\"b\":null}]}", true},
    {"{a|re: 'b.:1'}", "{\"a\":{\"b\":1}}", true},
};

static const struct value_case keywords[] = {
    {"[bcd]", "{\"a\":{\"b\":[\"x\",\"aBCDe\"]}}", true}, /* anywhere in any string */
    {"[bcd]", "{\"bcd\":\"x\"}", false},                  /* keys are no values */
    {"[bcd, x]", "{\"a\":\"x\"}", true},
    {"bcd", "{\"a\":\"abcde\"}", true},
    {"['b*d']", "{\"a\":\"abcde\"}", true},
    {"{'|all': [b, d]}", "{\"a\":\"b\",\"c\":\"d\"}", true},
    {"{'|all': [b, d]}", "{\"a\":\"b\"}", false},
    {"{'|re': 'b[cx]d'}", "{\"a\":\"abcde\"}", true},
    {"{'|re': 'B[cx]d'}", "{\"a\":\"abcde\"}", false},
    {"{'|cased': bcd}", "{\"a\":\"BCD\"}", false},
    {"[22]", "{\"a\":\"x22y\"}", true},
    {"['x/y']", "{\"a\":\"x\\/y\"}", true},
    {"[a, {f: 1}]", "{\"f\":1}", true}, /* keywords and maps in one list */
    {"[q, {f: 1}]", "{\"g\":\"q\"}", true},
    {"[q, {f: 1}]", "{\"g\":1}", false},
    {"[{f: 1, g: 2}, {f: 3}]", "{\"f\":3}", true},
    {"[{f: 1, g: 2}, {f: 3}]", "{\"f\":1}", false},
};

static void check(const struct value_case *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (sigma_case_holds(list[i].search, list[i].event, NULL) != list[i].holds)
            fail_msg("%s on %s should be %d", list[i].search, list[i].event, list[i].holds);
}

#define CHECK(list) check(list, COUNT(list))

static void test_strings(void **state)
{
    (void)state;
    CHECK(strings);
}

static void test_numbers(void **state)
{
    (void)state;
    CHECK(numbers);
}

static void test_bools_null_exists(void **state)
{
    (void)state;
    CHECK(others);
}

static void test_objects_and_arrays(void **state)
{
    (void)state;
    CHECK(structures);
}

static void test_keywords(void **state)
{
    (void)state;
    CHECK(keywords);
}

static void test_number_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is;
        double value;
    } list[] = {
        {"0", true, 0},      {"-0.5", true, -0.5}, {"+7", true, 7},   {"1e3", true, 1000},
        {"1.", true, 1},     {".5", true, 0.5},    {".", false, 0},   {"1e", false, 0},
        {"0x10", false, 0},  {"inf", false, 0},    {"nan", false, 0}, {"1 ", false, 0},
        {"1e999", false, 0}, {"", false, 0},       {"--1", false, 0}, {"1.2.3", false, 0},
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        double x = -1;
        assert_int_equal(sigma_number(str_of(list[i].text), &x), list[i].is);
        if (list[i].is)
            assert_true(x >= list[i].value && x <= list[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),           cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_bools_null_exists), cmocka_unit_test(test_objects_and_arrays),
        cmocka_unit_test(test_keywords),          cmocka_unit_test(test_number_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
