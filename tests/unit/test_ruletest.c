/* cli/testcase.c: what a file of test cases comes to. Expected records are written by hand. */
#include "cli/testcase.h"

#include "tests/unit/support/check.h"

#define BASE                                                                                       \
    "base: {a: {b: 1, c: [x, y]}, d: \"2\", e: null}\ntests:\n  - name: t\n    expect: match\n"

static void makes_records(void **state)
{
    static const struct {
        const char *name, *yaml, *record;
    } cases[] = {
        {"the base", BASE, "{\"a\":{\"b\":1,\"c\":[\"x\",\"y\"]},\"d\":\"2\",\"e\":null}"},
        {"set", BASE "    set: {d: 3, a.b: \"q\"}\n",
         "{\"a\":{\"b\":\"q\",\"c\":[\"x\",\"y\"]},\"d\":3,\"e\":null}"},
        {"set makes objects", BASE "    set: {e.f.g: true}\n",
         "{\"a\":{\"b\":1,\"c\":[\"x\",\"y\"]},\"d\":\"2\",\"e\":{\"f\":{\"g\":true}}}"},
        {"set in lists", BASE "    set: {a.c.0: z, a.c.2: {k: 1}}\n",
         "{\"a\":{\"b\":1,\"c\":[\"z\",\"y\",{\"k\":1}]},\"d\":\"2\",\"e\":null}"},
        {"unset", BASE "    unset: [d, a.c.0, e]\n", "{\"a\":{\"b\":1,\"c\":[\"y\"]}}"},
        {"set, then unset", BASE "    set: {a: {z: 1}}\n    unset: [d]\n",
         "{\"a\":{\"z\":1},\"e\":null}"},
        {"another event", BASE "    event: {q: 1.50}\n    unset: [q]\n", "{}"},
        {"no base", "tests: [{name: t, expect: no-match, event: {q: [1]}}]", "{\"q\":[1]}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena a;
        struct testcase *list;
        struct err e = {0};
        size_t n = 0;
        arena_init(&a, 1u << 24);
        if (!testcases_read(str_of(cases[i].yaml), &a, &list, &n, &e))
            fail_msg("%s: %s", cases[i].name, e.text);
        assert_int_equal(n, 1);
        check_str(cases[i].name, list[0].records[0], str_of(cases[i].record));
        check_str(cases[i].name, list[0].name, S("t"));
        arena_release(&a);
    }
}

static void refuses(void **state)
{
    static const struct {
        const char *yaml, *text;
    } cases[] = {
        {"tests: [", "line 2"},
        {"x: 1", "no list of tests"},
        {"tests: []", "no list of tests"},
        {"- a", "no list of tests"},
        {"tests: [1]", "a test must be a map"},
        {"tests: [{expect: match, event: {}}]", "needs a name"},
        {"tests: [{name: t, event: {}}]", "expect must be match or no-match"},
        {"tests: [{name: t, event: {}, expect: maybe}]", "not maybe"},
        {"tests: [{name: t, expect: match}]", "without base a test needs an event"},
        {"tests: [{name: t, expect: match, event: [1]}]", "no map"},
        {"tests: [{name: t, expect: match, event: {}, sett: {}}]", "unknown key sett"},
        {"bass: {}\ntests: [{name: t, expect: match, event: {}}]", "unknown key bass"},
        {"tests: [{name: t, expect: match, event: {}, set: [a]}]", "set must be a map"},
        {"tests: [{name: t, expect: match, event: {}, unset: a}]", "unset a list"},
        {"tests: [{name: t, expect: match, event: {}, unset: [a.b]}]", "nothing to unset at a.b"},
        {"tests: [{name: t, expect: match, event: {a: [1]}, set: {a.5: 1}}]", "cannot set a.5"},
        {"tests: [{name: t, expect: match, event: {a: [1]}, set: {a.x.y: 1}}]", "cannot set a.x.y"},
        {"tests: [{name: t, expect: match, event: {}}]\n---\nx: 1", "one document"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena a;
        struct testcase *list;
        struct err e = {0};
        size_t n = 0;
        arena_init(&a, 1u << 24);
        if (testcases_read(str_of(cases[i].yaml), &a, &list, &n, &e))
            fail_msg("taken: %s", cases[i].yaml);
        if (!strstr(e.text, cases[i].text))
            fail_msg("%s: %s", cases[i].yaml, e.text);
        arena_release(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_records),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
