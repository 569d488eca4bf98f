/* engine/config.c: the placeholders of the configuration file. */
#include "engine/config.h"
#include "tests/unit/support/check.h"

static void test_placeholders(void **state)
{
    (void)state;
    struct rule_config c;
    struct err e = {0};
    assert_true(rule_config_parse(
        S("c.yml"), S("placeholders:\n  admins: [alice, 'bob*']\n  one: o\n  n: [22, true]\n"), &c,
        &e));
    const struct placeholder *p = rule_config_find(&c, S("admins"));
    assert_non_null(p);
    check_size("values", p->n, 2);
    check_str("first", p->values[0], S("alice"));
    check_str("second", p->values[1], S("bob*"));
    check_size("a scalar is one value", rule_config_find(&c, S("one"))->n, 1);
    check_str("numbers are texts", rule_config_find(&c, S("n"))->values[0], S("22"));
    assert_null(rule_config_find(&c, S("Admins")));
    assert_null(rule_config_find(&c, S("")));
    rule_config_release(&c);
}

static void test_nothing(void **state)
{
    (void)state;
    static const char *const list[] = {"", "# only a comment\n", "---\n", "placeholders: {}\n"};
    for (size_t i = 0; i < COUNT(list); i++) {
        struct rule_config c;
        struct err e = {0};
        check_true(list[i], rule_config_parse(S("c.yml"), str_of(list[i]), &c, &e));
        check_size(list[i], c.n_placeholders, 0);
        rule_config_release(&c);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const list[][2] = {
        {"[a]", "c.yml:1: the configuration is no map"},
        {"text", "c.yml:1: the configuration is no map"},
        {"a: b", "c.yml:1: unknown key 'a'"},
        {"placeholders: {a: b}\nmore: c", "c.yml:2: unknown key 'more'"},
        {"placeholders: {a: b}\nplaceholders: {c: d}",
         "c.yml:2: key 'placeholders' is given twice"},
        {"placeholders: [a]", "'placeholders' wants a map"},
        {"placeholders:", "'placeholders' wants a map"},
        {"placeholders:\n  a: 1\n  a: 2", "c.yml:3: placeholder 'a' is given twice"},
        {"placeholders:\n  a: []", "c.yml:2: placeholder 'a' has no values"},
        {"placeholders:\n  a: {b: c}", "c.yml:2: placeholder 'a' wants a text or a list"},
        {"placeholders:\n  a: [b, [c]]", "placeholder 'a' wants a text or a list"},
        {"placeholders:\n  a:\n", "placeholder 'a' wants a text or a list"},
        {"placeholders:\n  '': x", "a placeholder has no name"},
        {"a: b\n---\nc: d", "c.yml:3: the configuration is more than one document"},
        {"a: [", "c.yml: line "},
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        struct rule_config c;
        struct err e = {0};
        check_false(list[i][0], rule_config_parse(S("c.yml"), str_of(list[i][0]), &c, &e));
        check_int(list[i][0], e.kind, ERR_USAGE);
        if (!strstr(e.text, list[i][1]))
            fail_msg("%s: %s", list[i][0], e.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_placeholders),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
