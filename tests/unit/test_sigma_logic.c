/* engine/sigma_logic.c: the map around searches and condition. */
#include "tests/unit/support/sigma_case.h"

static void test_what_is_said(void **state)
{
    (void)state;
    static const char *const list[][2] = {
        {"{s: {f: 1}, condition: s}", ""},
        {"[a]", "the detection is no map"},
        {"{s: {f: 1}}", "there is no condition"},
        {"{condition: s}", "there is no search identifier"},
        {"{s: {f: 1}, timeframe: 5m, condition: s}", "'timeframe' went with the aggregations"},
        {"{s: {f: 1}, t: {f: 2}, condition: s}", "3: t: search 't' is not used by the condition"},
        {"{s: {f: 1}, _t: {f: 2}, condition: s}", ""},
        {"{s: {f: 1}, t: {f: 2}, condition: 1 of them}", ""},
        {"{s: {f: 1}, t: {f|no: 2}, condition: s}", "search 't': 'f|no'"}, /* unused, but read */
        {"{[s]: {f: 1}, condition: s}", "a search identifier is no text"},
    };
    for (size_t i = 0; i < COUNT(list); i++)
        sigma_case_expect_detection(list[i][0], list[i][1]);
}

static void test_too_many_searches(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_putc(&b, '{');
    for (int i = 0; i < 257; i++)
        buf_putf(&b, "s%d: {f: 1}, ", i);
    buf_putz(&b, "condition: 1 of them}");
    sigma_case_expect_detection(buf_z(&b), "more than 256 search identifiers");
    buf_release(&b);
}

/* A search that no condition uses makes no test. */
static void test_unused_makes_nothing(void **state)
{
    (void)state;
    struct sigma_case c;
    struct buf rule;
    sigma_case_rule(&rule, "{s: {f: 1}, t: {g: 2}, condition: s or s}");
    sigma_case_load(&c, buf_z(&rule), NULL);
    assert_int_equal(c.rules->n_preds, 1);
    sigma_case_release(&c);
    buf_release(&rule);
}

/* A refused rule leaves no test behind. */
static void test_refused_makes_nothing(void **state)
{
    (void)state;
    struct sigma_case c;
    struct buf rule;
    sigma_case_rule(&rule, "{s: {f: 1}, t: {g|no: 2}, condition: s or t}");
    sigma_case_load(&c, buf_z(&rule), NULL);
    assert_int_equal(c.rules->n_rules, 0);
    assert_int_equal(c.rules->n_preds, 0);
    sigma_case_release(&c);
    buf_release(&rule);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_said),
        cmocka_unit_test(test_too_many_searches),
        cmocka_unit_test(test_unused_makes_nothing),
        cmocka_unit_test(test_refused_makes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
