/* base/err: sentences and kinds. */
#include "base/err.h"

#include "tests/unit/support/check.h"

static void test_set_and_wrap(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(e.kind, ERR_NONE);
    check_false("set", err_set(&e, ERR_INPUT, "bad %s %d", "record", 7));
    check_str("sentence", str_of(e.text), S("bad record 7"));
    check_int("kind", e.kind, ERR_INPUT);
    check_false("wrap", err_wrap(&e, "object %s", "k"));
    check_str("wrapped", str_of(e.text), S("object k: bad record 7"));
    check_int("kind stays", e.kind, ERR_INPUT);
    check_false("set again", err_set(&e, ERR_DENIED, "no"));
    check_str("set replaces", str_of(e.text), S("no"));
    check_int("kind replaced", e.kind, ERR_DENIED);
}

static void test_nobody_wants_it(void **state)
{
    (void)state;
    check_false("set", err_set(NULL, ERR_LIMIT, "x"));
    check_false("wrap", err_wrap(NULL, "x"));
}

/* A sentence is cut at ERR_TEXT_MAX - 1 bytes, and what is cut is its end, not the context. */
static void test_cut(void **state)
{
    (void)state;
    struct err e = {0};
    char lots[2 * ERR_TEXT_MAX];
    memset(lots, 'x', sizeof lots);
    lots[sizeof lots - 1] = '\0';
    check_false("set", err_set(&e, ERR_LIMIT, "%s", lots));
    check_size("length", strlen(e.text), ERR_TEXT_MAX - 1);
    check_false("wrap", err_wrap(&e, "rules/a.yml:3"));
    check_size("length stays", strlen(e.text), ERR_TEXT_MAX - 1);
    check_true("context in front", str_starts(str_of(e.text), S("rules/a.yml:3: xxx")));
    check_false("wrap in a long one", err_wrap(&e, "%s", lots));
    check_size("length of a long one", strlen(e.text), ERR_TEXT_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_and_wrap),
        cmocka_unit_test(test_nobody_wants_it),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
