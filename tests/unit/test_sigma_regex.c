/* engine/sigma_regex.c: what of regular expressions Sigma rules may use: what RE2 takes too. */
#include "engine/sigma_parts.h"
#include "tests/unit/support/check.h"

static void test_taken(void **state)
{
    (void)state;
    static const char *const list[] = {
        "",
        "abc",
        "a.b",
        "^a$",
        "a*b+c?",
        "a{2}",
        "a{2,}",
        "a{2,5}?",
        "a{",
        "a{,3}",
        "a*?",
        "a+?",
        "(a|b)",
        "(?:a|b)c",
        "(?i)a",
        "(?i:a)b",
        "(?s-m:a)",
        "(?P<x>a)",
        "(?<x>a)",
        "[abc]",
        "[^a-z]",
        "[]a]",
        "[a\\]]",
        "[[:alpha:]x]",
        "[\\d\\s-]",
        "\\d\\D\\w\\W\\s\\S",
        "\\bx\\B",
        "\\Aa\\z",
        "\\x41",
        "\\.\\*\\\\\\/",
        "\\n\\r\\t",
        "\\Qa(?=*\\E",
        "\\Qa(?=",
        "caf\u00e9",
        "(?:\u00e9)+",
        "a{1000}",
        "[(?=]",
        "\\(?=",
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        struct err e = {0};
        if (!sigma_regex_check(str_of(list[i]), &e))
            fail_msg("%s: %s", list[i], e.text);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const list[][2] = {
        {"a(?=b)", "character 2: lookaround"},
        {"a(?!b)", "lookaround"},
        {"(?<=a)b", "lookaround"},
        {"(?<!a)b", "lookaround"},
        {"(?>a)", "atomic"},
        {"(?|a)", "lookaround, atomic"},
        {"(?#x)", "comments"},
        {"(?R)", "recursion"},
        {"(?1)", "recursion"},
        {"(?P=x)", "lookaround"},
        {"(?x)a b", "lookaround"},
        {"(?)", "lookaround"},
        {"(?C1)", "lookaround"},
        {"(*ACCEPT)", "verbs"},
        {"(a)\\1", "character 4: back references"},
        {"\\k<x>", "escape"},
        {"\\g1", "escape"},
        {"\\K", "escape"},
        {"\\R", "escape"},
        {"\\X", "escape"},
        {"\\h", "escape"},
        {"\\Z", "escape"},
        {"\\pL", "escape"},
        {"[\\pL]", "escape"},
        {"[\\b]", "escape"},
        {"a\\", "backslash stands at the end"},
        {"\\x4", "two hexadecimal digits"},
        {"\\x{41}", "two hexadecimal digits"},
        {"a++", "possessive"},
        {"a?+", "possessive"},
        {"a{2}+", "possessive"},
        {"a{1001}", "over 1000"},
        {"a{1,2000}", "over 1000"},
        {"a{99999999999999999999}", "over 1000"},
        {"\u00e9+", "beyond ASCII"},
        {"[\u00e9]", "only ASCII"},
        {"[abc", "does not end"},
        {"[[:](?=x)[:]]+(?=y)", "lookaround"},
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        struct err e = {0};
        check_false(list[i][0], sigma_regex_check(str_of(list[i][0]), &e));
        if (!strstr(e.text, list[i][1]))
            fail_msg("%s: %s", list[i][0], e.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
