/* engine/config.c: the placeholders of the configuration file. */
#include "engine/config.h"

#include "engine/yaml.h"
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

static void test_filters(void **state)
{
    (void)state;
    struct rule_config c;
    struct err e = {0};
    assert_true(rule_config_parse(S("c.yml"),
                                  S("filters:\n  - {title: a, filter: {rules: any}}\n"
                                    "  - {title: b, filter: {rules: any}}\n"),
                                  &c, &e));
    check_size("filters", c.n_filters, 2);
    check_str("second", yaml_text(yaml_get(c.filters[1], "title")), S("b"));
    check_str("their file", c.file, S("c.yml"));
    rule_config_release(&c);
}

static void test_behind(void **state)
{
    (void)state;
    struct rule_config front, behind;
    struct err e = {0};
    assert_true(rule_config_parse(S("f.yml"), S("placeholders: {a: mine, none: []}"), &front, &e));
    assert_true(rule_config_parse(S("b.yml"), S("placeholders: {a: theirs, b: theirs, none: x}"),
                                  &behind, &e));
    front.behind = &behind;
    check_str("the front's comes first", rule_config_find(&front, S("a"))->values[0], S("mine"));
    check_str("then what is behind", rule_config_find(&front, S("b"))->values[0], S("theirs"));
    check_size("nothing is something", rule_config_find(&front, S("none"))->n, 0);
    assert_null(rule_config_find(&front, S("c")));
    assert_null(rule_config_find(NULL, S("a")));
    check_str("one slip", rule_config_near(&front, S("onne"))->name, S("none"));
    assert_null(rule_config_near(&front, S("nothing")));
    assert_null(rule_config_near(&front, S("c"))); /* too short to be like another */
    assert_null(rule_config_near(NULL, S("none")));
    rule_config_release(&front);
    rule_config_release(&behind);
}

static void test_nothing(void **state)
{
    (void)state;
    static const char *const list[] = {"", "# only a comment\n", "---\n", "placeholders: {}\n",
                                       "containment: {mode: off}\n"};
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
        {"filters: {a: b}", "c.yml:1: 'filters' wants a list of Sigma filters"},
        {"filters:\n  - filter: {rules: any}\n  - title: x",
         "c.yml:3: a member of 'filters' has no 'filter': it is no Sigma filter"},
        {"filters: []\nfilters: []", "c.yml:2: key 'filters' is given twice"},
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
        cmocka_unit_test(test_placeholders), cmocka_unit_test(test_filters),
        cmocka_unit_test(test_behind),       cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
