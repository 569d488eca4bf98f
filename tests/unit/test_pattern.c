/* engine/pattern.c: the written form, its kinds, and matching. */
#include "engine/pattern.h"
#include "tests/unit/support/check.h"

static void test_sigma_escapes(void **state)
{
    (void)state;
    /* value of a rule, pattern; the specification's section on escaping */
    static const char *const list[][2] = {
        {"abc", "abc"},
        {"a*b?c", "a*b?c"},
        {"a\\*b", "a\\*b"},
        {"a\\?b", "a\\?b"},
        {"a\\b", "a\\\\b"},
        {"a\\\\b", "a\\\\b"},
        {"a\\", "a\\\\"},
        {"a\\\\", "a\\\\"},
        {"\\\\*", "\\\\*"},
        {"\\\\\\*", "\\\\\\*"},
        {"\\\\\\", "\\\\\\\\"},
        {"\\\\\\\\", "\\\\\\\\"},
        {"", ""},
    };
    struct buf b;
    buf_init(&b, 100);
    for (size_t i = 0; i < COUNT(list); i++) {
        buf_reset(&b);
        pattern_put_sigma(&b, str_of(list[i][0]));
        check_str(list[i][0], buf_str(&b), str_of(list[i][1]));
    }
    buf_release(&b);
}

static void test_literal(void **state)
{
    (void)state;
    struct buf b, text;
    buf_init(&b, 100);
    buf_init(&text, 100);
    pattern_put_literal(&b, S("a*\\?\0b"));
    check_str("escaped", buf_str(&b), S("a\\*\\\\\\?\0b"));
    assert_false(pattern_has_wildcard(buf_str(&b)));
    assert_int_equal(pattern_compile(buf_str(&b), false, &text), PATTERN_EXACT);
    check_str("and back", buf_str(&text), S("a*\\?\0b"));
    buf_release(&b);
    buf_release(&text);
}

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        enum pattern_kind kind;
        const char *text;
    } list[] = {
        {"AbC", PATTERN_EXACT, "abc"},        {"", PATTERN_EXACT, ""},
        {"ab*", PATTERN_PREFIX, "ab"},        {"*ab", PATTERN_SUFFIX, "ab"},
        {"*ab*", PATTERN_CONTAINS, "ab"},     {"*", PATTERN_PREFIX, ""},
        {"***", PATTERN_PREFIX, ""},          {"**ab**", PATTERN_CONTAINS, "ab"},
        {"a*b", PATTERN_GLOB, "a*b"},         {"a**b*", PATTERN_GLOB, "a*b*"},
        {"a?", PATTERN_GLOB, "a?"},           {"ab\\*", PATTERN_EXACT, "ab*"},
        {"ab\\\\*", PATTERN_PREFIX, "ab\\"},  {"\\*ab", PATTERN_EXACT, "*ab"},
        {"a\\*B*c", PATTERN_GLOB, "a\\*b*c"}, {"*\\**", PATTERN_CONTAINS, "*"},
    };
    struct buf text;
    buf_init(&text, 100);
    for (size_t i = 0; i < COUNT(list); i++) {
        check_int(list[i].pattern, pattern_compile(str_of(list[i].pattern), true, &text),
                  list[i].kind);
        check_str(list[i].pattern, buf_str(&text), str_of(list[i].text));
    }
    buf_release(&text);
}

static void test_open_ends(void **state)
{
    (void)state;
    assert_true(pattern_starts_open(S("*a")));
    assert_false(pattern_starts_open(S("\\*a")));
    assert_true(pattern_ends_open(S("a*")));
    assert_true(pattern_ends_open(S("a\\\\*")));
    assert_false(pattern_ends_open(S("a\\*")));
    assert_false(pattern_ends_open(S("")));
}

static bool matches(const char *pattern, struct str s, bool fold)
{
    struct buf text;
    buf_init(&text, 1000);
    enum pattern_kind kind = pattern_compile(str_of(pattern), fold, &text);
    bool m = pattern_match(kind, buf_str(&text), s, fold);
    buf_release(&text);
    return m;
}

static void test_matching(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *s;
        bool fold, matches;
    } list[] = {
        {"abc", "ABC", true, true},
        {"abc", "ABC", false, false},
        {"ABC", "ABC", false, true},
        {"*a?c", "xaabc", true, true},
        {"*ab*ab*cd", "ababab_cd", true, true},
        {"*ab*ab*cd", "ab_cd", true, false},
        {"a*", "a", true, true},
        {"*a", "", true, false},
        {"*", "", true, true},
        {"?", "", true, false},
        {"?", "\u20ac", true, true},
        {"??", "\u20ac", true, false},
        {"*??", "\u20ac", true, false},
        {"?*", "\u20ac", true, true},
        {"*?", "\u20ac", true, true},
        {"?", "\x80", true, true}, /* no UTF-8: a byte */
        {"??", "\x80\xFF", true, true},
        {"a\\*c*x", "a*cdx", true, true},
        {"a\\*c*x", "abcdx", true, false},
        {"*b*", "ABC", true, true},
        {"*BC*", "abc", false, false},
        {"*bc*", "abc", false, true},
        {"*abc*", "ab", true, false},
        {"*aab*", "aaab", true, true},
        {"a*a", "a", true, false},
        {"a*a", "aa", true, true},
    };
    for (size_t i = 0; i < COUNT(list); i++)
        check_int(list[i].pattern, matches(list[i].pattern, str_of(list[i].s), list[i].fold),
                  list[i].matches);
    assert_false(matches("*", STR_ABSENT, true));
}

/* The slow way: every split is tried. */
static bool slow(const char *p, const char *s)
{
    if (*p == '\0')
        return *s == '\0';
    if (*p == '*')
        return slow(p + 1, s) || (*s && slow(p, s + 1));
    return *s && (*p == '?' || *p == *s) && slow(p + 1, s + 1);
}

/* All patterns of up to 5 characters of "ab*?" against all strings of up to 5 of "ab". */
static void test_against_slow_matcher(void **state)
{
    (void)state;
    for (unsigned pn = 0; pn < 1u << 10; pn++)
        for (unsigned length = 0; length <= 5; length++) {
            char p[6] = "";
            for (unsigned i = 0; i < length; i++)
                p[i] = "ab*?"[pn >> 2 * i & 3];
            for (unsigned sn = 0; sn < 64; sn++) {
                char s[7] = "";
                for (unsigned i = 0; i < 5 && sn >> i > 1; i++)
                    s[i] = "ab"[sn >> i & 1];
                if (matches(p, str_of(s), true) != slow(p, s))
                    fail_msg("%s on %s", p, s);
            }
        }
}

/* A pattern that would make a recursive matcher take ages. */
static void test_bounded_time(void **state)
{
    (void)state;
    static char s[100000];
    memset(s, 'a', sizeof s);
    assert_false(matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", str_n(s, sizeof s), true));
    assert_false(matches("*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab*c", str_n(s, sizeof s), true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sigma_escapes), cmocka_unit_test(test_literal),
        cmocka_unit_test(test_kinds),         cmocka_unit_test(test_open_ends),
        cmocka_unit_test(test_matching),      cmocka_unit_test(test_against_slow_matcher),
        cmocka_unit_test(test_bounded_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
