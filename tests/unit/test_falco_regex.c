/* engine/falco_regex.c: RE2's POSIX syntax in PCRE2's. Source: RE2's syntax page and parse.cc. */
#include "tests/unit/support/check.h"

#include "engine/falco_regex.h"

static const struct {
    const char *pattern, *pcre;
} translated[] = {
    {"abc", "abc"},
    {"a.b*", "a.b*"},
    {"^(a|b)+$", "^(a|b)+$"},
    {"a{2,3}", "a{2,3}"},
    {"a{2,}", "a{2,}"},
    {"a{,3}", "a\\x7b\\x2c3\\x7d"}, /* no repetition: literal */
    {"a{x", "a\\x7bx"},
    {"\\.\\*", "\\x{2e}\\x{2a}"},
    {"\\n\\x41\\x{20ac}\\101", "\\x{a}\\x{41}\\x{20ac}\\x{41}"},
    {"[abc]", "[abc]"},
    {"[^a-z]", "[^a-z]"},
    {"[]a]", "[\\x5da]"},
    {"[a-]", "[a\\x2d]"},
    {"[-a]", "[\\x2da]"},
    {"[[:digit:][:^alpha:]x]", "[[:digit:][:^alpha:]x]"},
    {"[\\]\\n]", "[\\x{5d}\\x{a}]"},
    {"\xc3\xa9", "\xc3\xa9"},
    {"#a b", "\\x23a\\x20b"},
    {"", ""},
};

static const struct {
    const char *pattern, *why;
} refused[] = {
    {"(?i)a", "know no (?...)"},
    {"(?:a)", "know no (?...)"},
    {"(*ACCEPT)", "know no (?...)"},
    {"\\d", "an escape that POSIX"},
    {"\\w", "an escape that POSIX"},
    {"\\s", "an escape that POSIX"},
    {"\\bx", "an escape that POSIX"},
    {"\\Ax", "an escape that POSIX"},
    {"\\pL", "an escape that POSIX"},
    {"(a)\\1", "an escape that POSIX"},
    {"[\\d]", "an escape that POSIX"},
    {"\\", "a backslash ends the pattern"},
    {"\\x4", "an escape that POSIX"},
    {"\\x{110000}", "an escape that POSIX"},
    {"[abc", "no closing bracket"},
    {"[[:nothing:]]", "no such character class"},
    {"[a-b-c]", "must be its first or last"},
    {"a**", "a repetition of a repetition"},
    {"a+?", "a repetition of a repetition"},
    {"a++", "a repetition of a repetition"},
    {"a{2}{3}", "a repetition of a repetition"},
    {"a{1001}", "a count over 1000"},
    {"a{3,2}", "in the wrong order"},
};

static void test_translated(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(translated); i++) {
        struct buf b;
        struct err e = {0};
        buf_init(&b, FALCO_REGEX_MAX);
        if (!falco_regex(str_of(translated[i].pattern), &b, &e))
            fail_msg("%s: %s", translated[i].pattern, e.text);
        check_str(translated[i].pattern, b.n ? buf_str(&b) : S(""), str_of(translated[i].pcre));
        buf_release(&b);
    }
}

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct buf b;
        struct err e = {0};
        buf_init(&b, FALCO_REGEX_MAX);
        check_false(refused[i].pattern, falco_regex(str_of(refused[i].pattern), &b, &e));
        if (!strstr(e.text, refused[i].why))
            fail_msg("%s: expected: %s\nsaid: %s", refused[i].pattern, refused[i].why, e.text);
        buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_translated),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
