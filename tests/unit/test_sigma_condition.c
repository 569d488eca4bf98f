/* engine/sigma_condition.c: the grammar of the specification's section "Condition". */
#include "engine/sigma_parts.h"
#include "tests/unit/support/sigma_case.h"

/* Searches that hold exactly when the event has the key they are named after. */
static const char searches[] =
    "a: {a: 1}, b: {b: 1}, c: {c: 1}, sel_1: {s1: 1}, sel_2: {s2: 1}, other-x: {x: 1}, _h: {h: 1}";

static bool holds(const char *condition, const char *event)
{
    struct sigma_case c;
    struct buf detection, rule;
    buf_init(&detection, 4096);
    buf_putf(&detection, "{%s, condition: %s}", searches, condition);
    sigma_case_rule(&rule, buf_z(&detection));
    sigma_case_load(&c, buf_z(&rule), NULL);
    if (c.rules->n_rules != 1)
        fail_msg("%s is refused: %s", condition, ((struct diag *)vec_at(&c.diags.list, 0))->text.p);
    bool hit = sigma_case_hits(&c, event) == 1;
    sigma_case_release(&c);
    buf_release(&detection);
    buf_release(&rule);
    return hit;
}

static void test_truth(void **state)
{
    (void)state;
    static const struct {
        const char *condition, *event;
        bool holds;
    } list[] = {
        {"a", "{\"a\":1}", true},
        {"a", "{}", false},
        {"not a", "{}", true},
        {"not not a", "{\"a\":1}", true},
        {"a and b", "{\"a\":1}", false},
        {"a and b", "{\"a\":1,\"b\":1}", true},
        {"a or b", "{\"b\":1}", true},
        {"a or b and c", "{\"a\":1}", true}, /* and binds more than or */
        {"(a or b) and c", "{\"a\":1}", false},
        {"not a and b", "{\"b\":1}", true}, /* not binds more than and */
        {"not (a and b)", "{\"b\":1}", true},
        {"a and not b", "{\"a\":1,\"b\":1}", false},
        {"a AND NOT b", "{\"a\":1}", true},
        {"1 of sel_*", "{\"s2\":1}", true},
        {"1 OF sel_*", "{\"a\":1}", false},
        {"any of sel_*", "{\"s1\":1}", true},
        {"all of sel_*", "{\"s1\":1}", false},
        {"all of sel_*", "{\"s1\":1,\"s2\":1}", true},
        {"1 of *_1", "{\"s1\":1}", true},
        {"1 of s*_2", "{\"s2\":1}", true},
        {"1 of a", "{\"a\":1}", true},
        {"not 1 of sel_*", "{\"s1\":1}", false},
        {"not 1 of sel_*", "{}", true},
        {"a and not 1 of sel_*", "{\"a\":1}", true},
        {"1 of them", "{\"x\":1}", true},
        {"1 of them", "{\"h\":1}", false}, /* _h is not among them */
        {"1 of *", "{\"h\":1}", false},
        {"1 of _*", "{\"h\":1}", true},
        {"_h", "{\"h\":1}", true},
        {"all of them", "{\"a\":1,\"b\":1,\"c\":1,\"s1\":1,\"s2\":1,\"x\":1}", true},
        {"all of them", "{\"a\":1,\"b\":1,\"c\":1,\"s1\":1,\"s2\":1}", false},
        {"other-x", "{\"x\":1}", true},
        {"((a))", "{\"a\":1}", true},
        {"(a)and(b)", "{\"a\":1,\"b\":1}", true},
        {"[a, b]", "{\"b\":1}", true}, /* several conditions: any of them */
        {"[a, not b]", "{\"b\":1}", false},
    };
    for (size_t i = 0; i < COUNT(list); i++)
        if (holds(list[i].condition, list[i].event) != list[i].holds)
            fail_msg("%s on %s should be %d", list[i].condition, list[i].event, list[i].holds);
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const list[][2] = {
        {"''", "the condition is empty or no text"},
        {"", "the condition is empty or no text"},
        {"{x: y}", "the condition is empty or no text"},
        {"[]", "the list of conditions is empty"},
        {"[a, []]", "the condition is empty or no text"},
        {"d", "condition, character 1: there is no search identifier 'd'"},
        {"a b", "character 3: 'and' or 'or' is expected, not 'b'"},
        {"a and", "the condition ends where a search identifier is expected"},
        {"a and or b", "character 7: a search identifier is expected, not 'or'"},
        {"(a", "the condition ends where ')' is expected"},
        {"a)", "'and' or 'or' is expected, not ')'"},
        {"()", "a search identifier is expected, not ')'"},
        {"not", "ends where a search identifier"},
        {"a & b", "'and' or 'or' is expected, not '&'"},
        {"sel_*", "'1 of' or 'all of' is missing before the pattern 'sel_*'"},
        {"2 of sel_*", "only 1, any and all may stand before 'of': '2'"},
        {"1 of", "ends where a name, a pattern or 'them' is expected"},
        {"1 of (a)", "a name, a pattern or 'them' is expected, not '('"},
        {"1 of nothing*", "no search identifier fits 'nothing*'"},
        {"A", "there is no search identifier 'A'"},
        {"'a | count() by b > 5'", "aggregation"},
        {"'a | near b'", "aggregation"},
        {"a and \u00e9", "not '\u00e9'"},
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        struct buf detection;
        buf_init(&detection, 4096);
        buf_putf(&detection, "{%s, condition: %s}", searches, list[i][0]);
        sigma_case_expect_detection(buf_z(&detection), list[i][1]);
        buf_release(&detection);
    }
}

static void repeated(struct buf *b, const char *piece, unsigned n, const char *end)
{
    buf_init(b, 1 << 20);
    buf_putz(b, "{a: {a: 1}, condition: ");
    for (unsigned i = 0; i < n; i++)
        buf_putz(b, piece);
    buf_putz(b, end);
}

static void test_limits(void **state)
{
    (void)state;
    struct buf b;
    repeated(&b, "not ", SIGMA_CONDITION_DEPTH_MAX, "a}");
    sigma_case_expect_detection(buf_z(&b), "");
    buf_release(&b);
    repeated(&b, "not ", SIGMA_CONDITION_DEPTH_MAX + 1, "a}");
    sigma_case_expect_detection(buf_z(&b), "nests deeper than 64");
    buf_release(&b);
    repeated(&b, "(", 5000, "a}");
    sigma_case_expect_detection(buf_z(&b), "nests deeper than 64");
    buf_release(&b);
    repeated(&b, "a or ", 4000, "a}");
    sigma_case_expect_detection(buf_z(&b), "the condition is longer than 16384 bytes");
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truth),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
