/* engine/lint.c: which rules mean the same. */
#include "engine/lint.h"

#include "engine/loader.h"
#include "tests/unit/support/check.h"

#define DETECTION(title, detection)                                                                \
    "title: " title "\nlogsource: {product: aws, service: cloudtrail}\ndetection: {" detection "}" \
    "\n"
#define A    DETECTION("A", "s: {eventName: X, eventSource: y}, condition: s")
#define NEXT "---\n"
#define WINDOW(title, rest)                                                                        \
    NEXT "title: " title "\ncorrelation: {rules: [p, q], group-by: [userIdentity.arn], "           \
         "timespan: 5m, " rest "}\n"
#define BASES                                                                                      \
    "name: p\n" DETECTION("P", "s: {eventName: P}, condition: s") NEXT                             \
        "name: q\n" DETECTION("Q", "s: {eventName: Q}, condition: s")

static const struct {
    const char *name, *yaml, *want; /* want: "line: text\n" */
} cases[] = {
    {"another order, other searches",
     A NEXT DETECTION("B", "a: {eventSource: Y}, b: {eventName: x}, condition: b and a"),
     "5: it means what 'A' means (t.yml:1)\n"},
    {"values in another order",
     DETECTION("A", "s: {eventName: [X, Y]}, condition: s")
         NEXT DETECTION("B", "s: {eventName: [Y, X]}, condition: s"),
     "5: it means what 'A' means (t.yml:1)\n"},
    {"deeper",
     DETECTION("A", "s: {a: 1, b: 2}, t: {c: 3}, condition: s and t")
         NEXT DETECTION("B", "s: {a: 1}, t: {b: 2, c: 3}, condition: s and t and s"),
     "5: it means what 'A' means (t.yml:1)\n"},
    {"another value", A NEXT DETECTION("B", "s: {eventName: Z, eventSource: y}, condition: s"), ""},
    {"another field", A NEXT DETECTION("B", "s: {eventName: X, awsRegion: y}, condition: s"), ""},
    {"or, not and",
     A NEXT DETECTION("B", "a: {eventSource: Y}, b: {eventName: x}, condition: b or a"), ""},
    {"its denial", A NEXT DETECTION("B", "s: {eventName: X, eventSource: y}, condition: not s"),
     ""},
    {"one is not told", /* S is told, for `generate`; P and Q are not */
     BASES WINDOW("S", "type: temporal") NEXT DETECTION("B", "s: {eventName: P}, condition: s"),
     ""},
    {"correlations", BASES WINDOW("S", "type: temporal") WINDOW("T", "type: temporal"),
     "14: it means what 'S' means (t.yml:11)\n"},
    {"of another type", BASES WINDOW("S", "type: temporal") WINDOW("T", "type: temporal_ordered"),
     ""},
    {"of another bound",
     BASES WINDOW("S", "type: event_count, condition: {gte: 3}")
         WINDOW("T", "type: event_count, condition: {gte: 4}"),
     ""},
};

static void tells_rules_of_one_meaning(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = {0};
        struct diags diags;
        struct ruleset *rs = NULL;
        struct buf out;
        buf_init(&out, 4096);
        diags_init(&diags);
        struct loader *l = loader_new(NULL, &diags);
        assert_non_null(l);
        assert_true(loader_add(l, S("t.yml"), str_of(cases[i].yaml), &e) &&
                    loader_finish(l, &rs, &e));
        loader_free(l);
        check_size(cases[i].name, diags.list.n, 0);
        assert_true(lint_meanings(rs, &diags, &e));
        for (size_t k = 0; k < diags.list.n; k++) {
            const struct diag *d = vec_at(&diags.list, k);
            buf_putf(&out, "%u: %.*s\n", d->line, (int)d->text.n, d->text.p);
        }
        check_str(cases[i].name, buf_str(&out), str_of(cases[i].want));
        buf_release(&out);
        ruleset_free(rs);
        diags_release(&diags);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tells_rules_of_one_meaning)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
