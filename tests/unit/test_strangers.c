/* handlers/strangers: which windows gather events of several people, also through chains. */
#include "handlers/strangers.h"

#include "tests/unit/support/alert_case.h"

#define ID(n) "6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a0" n
#define RULE(n, name)                                                                              \
    "title: t" n "\nid: " ID(                                                                      \
        n) "\nauthor: a\ndescription: d\nlevel: low\n"                                             \
           "logsource: {product: aws, service: cloudtrail}\ndetection:\n  s: {eventName: " name    \
           "}\n  condition: s\n"
#define MANY(n, of, key, level)                                                                    \
    "---\ntitle: t" n "\nid: " ID(n) "\nauthor: a\ndescription: d\nlevel: " level                  \
                                     "\ncorrelation:\n  type: event_count\n  rules: [" ID(         \
                                         of) "]\n  group-by: [" key                                \
                                             "]\n  timespan: 1m\n  condition: {gte: 2}\n"

static const char rules[] =
    RULE("1", "A") MANY("2", "1", "userIdentity.arn", "high") "---\n" RULE("3", "B")
        MANY("4", "3", "sourceIPAddress", "high") "---\n" RULE("5", "C")
            MANY("6", "5", "userIdentity.arn, awsRegion", "high");

static uint32_t rule_of(const struct ruleset *rs, const char *id)
{
    for (uint32_t i = 0; i < rs->n_rules; i++)
        if (str_eqz(rs_str(rs, rs->rules[i].id), id))
            return i;
    fail_msg("there is no rule %s", id);
    return 0;
}

static bool meet(const struct ruleset *rs, const char *id, enum level min_level)
{
    return strangers_meet(rs, rs->windows + rs->rules[rule_of(rs, id)].window, min_level);
}

static void looks_at_keys(void **state)
{
    struct alert_case c;
    (void)state;
    alert_case_init(&c, "r.yml", rules);
    check_false("one person's", meet(c.rules, ID("2"), LEVEL_LOW));
    check_true("an address's", meet(c.rules, ID("4"), LEVEL_LOW));
    check_false("one person's in a region", meet(c.rules, ID("6"), LEVEL_LOW));
    check_false("too low to be told", meet(c.rules, ID("4"), LEVEL_CRITICAL));
    check_true("its rule", strangers_meet_over(c.rules, rule_of(c.rules, ID("3")), LEVEL_LOW));
    check_false("the person's", strangers_meet_over(c.rules, rule_of(c.rules, ID("1")), LEVEL_LOW));
    alert_case_release(&c);
}

/* The outer correlation forgets whom the inner one was about. */
static const char chained[] = RULE("1", "A") "---\ntitle: t2\nid: " ID(
    "2") "\nname: inner\nauthor: a\ndescription: d\nlevel: low\n"
         "correlation:\n  type: event_count\n  rules: [" ID(
             "1") "]\n"
                  "  group-by: [userIdentity.arn, sourceIPAddress]\n  timespan: 1m\n  condition: "
                  "{gte: 2}\n"
                  "---\ntitle: t3\nid: " ID("3") "\nauthor: a\ndescription: d\nlevel: high\n"
                                                 "correlation:\n  type: event_count\n  rules: "
                                                 "[inner]\n  group-by: [sourceIPAddress]\n"
                                                 "  timespan: 1m\n  condition: {gte: 2}\n";

static void looks_through_chains(void **state)
{
    struct alert_case c;
    (void)state;
    alert_case_init(&c, "r.yml", chained);
    check_true("the outer", meet(c.rules, ID("3"), LEVEL_HIGH));
    check_true("its rule", strangers_meet_over(c.rules, rule_of(c.rules, ID("1")), LEVEL_HIGH));
    check_true("the inner, for the outer", meet(c.rules, ID("2"), LEVEL_HIGH));
    check_false("too low to be told", meet(c.rules, ID("2"), LEVEL_CRITICAL));
    alert_case_release(&c);
}

/* A value is new by one event, which is of whoever did it. */
static const char first_seen[] = RULE("1", "A") "---\ntitle: t2\nid: " ID(
    "2") "\nname: fresh\nauthor: a\ndescription: d\nlevel: high\n"
         "correlation:\n  type: first_seen\n  rules: [" ID(
             "1") "]\n"
                  "  group-by: [recipientAccountId]\n  fields: [sourceIPAddress]\n"
                  "  history: 30d\n";

static void leaves_new_values_alone(void **state)
{
    struct alert_case c;
    (void)state;
    alert_case_init(&c, "r.yml", first_seen);
    check_false("a new value", meet(c.rules, ID("2"), LEVEL_LOW));
    alert_case_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_at_keys),
        cmocka_unit_test(looks_through_chains),
        cmocka_unit_test(leaves_new_values_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
