/* respond/contain_config: what the owner allows, and what he cannot say by mistake. */
#include "respond/contain_config.h"

#include "tests/unit/support/check.h"

#define MINUTE_MS (60 * 1000LL)
#define HOUR_MS   (60 * MINUTE_MS)

static bool parse(const char *yaml, struct contain_config *c, struct err *e)
{
    *e = (struct err){0};
    return contain_config_parse(S("c.yml"), str_of(yaml), c, e);
}

static void allows_nothing_by_default(void **state)
{
    (void)state;
    static const char *const files[] = {
        "",
        "# nothing\n",
        "placeholders: {a: b}\n",
        "containment:\n",
        "containment: {}\n",
        "containment: {auto: {}, strategies: {}, limits: }\n",
    };
    for (size_t i = 0; i < COUNT(files); i++) {
        struct contain_config c;
        struct err e;
        check_true(files[i], parse(files[i], &c, &e));
        check_false(files[i], contain_config_allows(&c, S("any"), LEVEL_CRITICAL));
        check_size(files[i], c.user.n + c.role.n + c.n_accounts + c.n_break_glass, 0);
        check_false(files[i], c.inline_policies || c.scp_tag);
        check_int(files[i], c.workload, CONTAIN_WORKLOAD_ASK);
        check_int(files[i], c.max_hour, 10);
        check_int(files[i], c.max_account_hour, 5);
        check_int(files[i], c.attempts, 3);
        check_int(files[i], c.cooldown_ms, 15 * MINUTE_MS);
        check_int(files[i], c.event_age_ms, HOUR_MS);
        check_int(files[i], c.approval_ms, 24 * HOUR_MS);
        check_int(files[i], c.release_ms, 0);
        contain_config_release(&c);
    }
}

static const char all[] = "containment:\n"
                          "  strategies:\n" /* in front of what they depend on */
                          "    user: [deny-inline, keys-off, console-off]\n"
                          "    role: fence\n"
                          "  inline_policies: true\n"
                          "  fence: {cidrs: [192.0.2.0/24, '2001:db8::/32'], endpoints: vpce-0a}\n"
                          "  auto: {rules: [r1, r2], level: medium}\n"
                          "  scp_tag: true\n"
                          "  accounts:\n"
                          "    111122223333:\n"
                          "    '012345678901': {role: ops/responder, external_id: 'a:b/c'}\n"
                          "  break_glass: ['arn:aws:iam::111122223333:user/glass', AIDAGLASS]\n"
                          "  responders: arn:aws:iam::111122223333:role/team/responder\n"
                          "  workload: never\n"
                          "  limits: {hour: 20, account_hour: 2, attempts: 1, cooldown: 90s,\n"
                          "           event_age: 2h, approval: 1d}\n"
                          "  release_after: 8h\n";

static void reads_all(void **state)
{
    (void)state;
    struct contain_config c;
    struct err e;
    assert_true(parse(all, &c, &e));
    check_size("user", c.user.n, 3);
    check_int("first", c.user.list[0], CONTAIN_DENY_INLINE);
    check_int("last", c.user.list[2], CONTAIN_CONSOLE_OFF);
    check_size("role", c.role.n, 1);
    check_int("role", c.role.list[0], CONTAIN_FENCE);
    check_true("opt-in", c.inline_policies);
    check_size("networks", c.fence.n_cidrs, 2);
    check_str("endpoint", c.fence.endpoints[0], S("vpce-0a"));
    check_true("tag", c.scp_tag);
    check_str("leading zero", c.accounts[1].id, S("012345678901"));
    const struct contain_account *a = contain_config_account(&c, S("012345678901"));
    assert_non_null(a);
    check_str("role", a->role, S("ops/responder"));
    check_str("external id", a->external_id, S("a:b/c"));
    check_str("without", contain_config_account(&c, S("111122223333"))->role, STR_ABSENT);
    assert_null(contain_config_account(&c, S("999999999999")));
    assert_null(contain_config_account(&c, S("")));
    check_size("break-glass", c.n_break_glass, 2);
    check_str("responder", c.responders[0], S("arn:aws:iam::111122223333:role/team/responder"));
    check_int("workload", c.workload, CONTAIN_WORKLOAD_NEVER);
    check_int("hour", c.max_hour, 20);
    check_int("account", c.max_account_hour, 2);
    check_int("attempts", c.attempts, 1);
    check_int("cooldown", c.cooldown_ms, 90 * 1000);
    check_int("age", c.event_age_ms, 2 * HOUR_MS);
    check_int("approval", c.approval_ms, 24 * HOUR_MS);
    check_int("release", c.release_ms, 8 * HOUR_MS);
    check_true("both", contain_config_allows(&c, S("r2"), LEVEL_MEDIUM));
    check_false("level", contain_config_allows(&c, S("r2"), LEVEL_LOW));
    check_false("rule", contain_config_allows(&c, S("r3"), LEVEL_CRITICAL));
    check_false("no rule", contain_config_allows(&c, STR_ABSENT, LEVEL_CRITICAL));
    contain_config_release(&c);
}

#define C "containment:\n  "

static void refuses_what_is_wrong(void **state)
{
    (void)state;
    static const char *const list[][2] = {
        {"containment: [a]", "c.yml:1: 'containment' wants a map"},
        {"containment: yes", "'containment' wants a map, not 'yes'"},
        {C "brakeglass: []", "c.yml:2: unknown key 'brakeglass'"},
        {C "workload: never\n  workload: never", "c.yml:3: key 'workload' is given twice"},
        {C "auto: [r]", "'auto' wants a map"},
        {C "auto: {rule: r}", "unknown key 'rule'"},
        {C "auto: {rules: [r, {}]}", "'rules' wants ids of rules"},
        {C "auto: {rules: }", "'rules' wants ids of rules"},
        {C "auto: {level: High}", "'level' wants informational, low, medium, high or critical"},
        {C "strategies: {user: [deny_all]}", "the name of a strategy is wanted, not 'deny_all'"},
        {C "strategies: {user: []}", "at least one strategy"},
        {C "strategies: {user: [deny-all, deny-all]}", "strategy 'deny-all': it is given twice"},
        {C "strategies: {user: deny-session}", "this cannot be done to a user"},
        {C "strategies: {role: keys-off}", "this cannot be done to a role"},
        {C "strategies: {user: delete-user}", "this is only done by command"},
        {C "strategies: {user: rotate-key}", "this is only done by command"},
        {C "strategies: {user: deny-inline}", "say 'inline_policies: true'"},
        {C "strategies: {role: trust-cut}", "say 'inline_policies: true'"},
        {C "strategies:\n    role:\n    - deny-all\n    - revoke-older",
         "c.yml:5: strategy 'revoke-older'"},
        {C "inline_policies: false\n  strategies: {role: deny-session}", "inline_policies: true"},
        {C "inline_policies: 'true'", "true or false is wanted"},
        {C "inline_policies: true\n  strategies: {user: fence}", "this wants 'fence' with 'cidrs'"},
        {C "fence: {endpoints: vpce-0a}", "'fence' wants 'cidrs'"},
        {C "fence: {cidrs: []}", "'fence' wants 'cidrs'"},
        {C "fence: {cidrs: 0.0.0.0/0}", "'cidrs' wants networks"},
        {C "fence: {cidrs: '::/0'}", "'cidrs' wants networks"},
        {C "fence: {cidrs: [office]}", "'cidrs' wants networks like 192.0.2.0/24, not 'office'"},
        {C "fence: {cidrs: 192.0.2.1/24}", "'cidrs' wants networks"},
        {C "fence: {cidrs: 192.0.2.0/24, endpoints: '*'}", "'endpoints' wants ids"},
        {C "fence: {cidrs: 192.0.2.0/24, endpoints: vpce-}", "'endpoints' wants ids"},
        {C "accounts: [111122223333]", "'accounts' wants a map"},
        {C "accounts: {}", "'accounts' wants a map"},
        {C "accounts: {1111: }", "an account of twelve digits is wanted, not '1111'"},
        {C "accounts: {'*': }", "an account of twelve digits"},
        {C "accounts: {111122223333: x}", "an account wants a map"},
        {C "accounts: {111122223333: {roll: x}}", "unknown key 'roll'"},
        {C "accounts: {111122223333: {role: 'arn:aws:iam::1:role/x'}}", "'role' wants the name"},
        {C "accounts: {111122223333: {role: /x}}", "'role' wants the name"},
        {C "accounts: {111122223333: {role: }}", "'role' wants the name"},
        {C "accounts: {111122223333: {role: x, external_id: 'a b'}}", "'external_id' is none"},
        {C "accounts:\n    111122223333:\n    '111122223333':",
         "c.yml:4: an account is given twice"},
        {C "break_glass: ['arn:aws:iam::111122223333:user/*']", "the ARN or the unique id"},
        {C "break_glass: ['arn:aws:iam::111122223333:root']", "the ARN or the unique id"},
        {C "break_glass: ['arn:aws:sts::111122223333:assumed-role/dev/alice']",
         "the ARN or the unique id"},
        {C "break_glass: [glass]", "the ARN or the unique id"},
        {C "break_glass: [AIDA]", "the ARN or the unique id"},
        {C "break_glass: [AKIAGLASS]", "the ARN or the unique id"},
        {C "break_glass: [aidaglass]", "the ARN or the unique id"},
        {C "break_glass: [{tag: break-glass}]", "the ARN or the unique id"},
        {C "responders: ['arn:aws:iam::111122223333:group/x']", "the ARN or the unique id"},
        {C "workload: auto", "'workload' wants approval or never, not 'auto'"},
        {C "scp_tag: ir-contained", "true or false is wanted"},
        {C "limits: {hour: 0}", "a number from 1 to 1000"},
        {C "limits: {hour: -1}", "a number from 1 to 1000"},
        {C "limits: {account_hour: 1001}", "a number from 1 to 1000"},
        {C "limits: {attempts: 11}", "a number from 1 to 10"},
        {C "limits: {attempts: three}", "a number from 1 to 10"},
        {C "limits: {cooldown: 15}", "'cooldown' wants 1m to 1d, not '15'"},
        {C "limits: {cooldown: 59s}", "'cooldown' wants"},
        {C "limits: {event_age: 2d}", "'event_age' wants"},
        {C "limits: {event_age: 1w}", "'event_age' wants"},
        {C "limits: {event_age: m}", "'event_age' wants"},
        {C "limits: {event_age: 99999999999999999999h}", "'event_age' wants"},
        {C "limits: {approval: 15d}", "'approval' wants"},
        {C "limits: {day: 3}", "unknown key 'day'"},
        {C "release_after: 5m", "'release_after' wants 15m to 30d"},
        {C "release_after: never", "'release_after' wants"},
        {"a: [", "c.yml: line "},
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        struct contain_config c;
        struct err e;
        check_false(list[i][0], parse(list[i][0], &c, &e));
        check_int(list[i][0], e.kind, ERR_USAGE);
        if (!strstr(e.text, list[i][1]))
            fail_msg("%s: %s", list[i][0], e.text);
        check_int("the defaults again", c.max_hour, 10);
    }
}

/* Each network of 17 bytes takes 20, the rest of the document 169, of a user's 2,048. */
static void measures_the_fence(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        bool fits;
    } cases[] = {{1, true}, {93, true}, {94, false}, {1000, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct contain_config c;
        struct err e;
        struct buf b;
        buf_init(&b, 65536);
        buf_putz(&b, "containment: {fence: {cidrs: [");
        for (size_t k = 0; k < cases[i].n; k++)
            buf_putf(&b, "198.51.100.%u/32,", 100 + (unsigned)k % 100);
        buf_putz(&b, "]}}");
        check_true("fits", parse(buf_z(&b), &c, &e) == cases[i].fits);
        contain_config_release(&c);
        buf_release(&b);
    }
}

static void knows_strategies(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CONTAIN_STRATEGIES; i++) {
        enum contain_strategy s = (enum contain_strategy)i, back;
        check_true(contain_strategy_name(s),
                   contain_strategy_parse(str_of(contain_strategy_name(s)), &back));
        check_int(contain_strategy_name(s), back, s);
        for (unsigned kind = 0; kind < SUBJECT_KINDS; kind++) {
            bool can = kind == SUBJECT_USER || kind == SUBJECT_ROLE || kind == SUBJECT_FEDERATED ||
                       kind == SUBJECT_KEY;
            if (!can)
                check_false(contain_strategy_name(s),
                            contain_strategy_fits(s, (enum subject_kind)kind));
        }
        check_true("a federated user is his issuer",
                   contain_strategy_fits(s, SUBJECT_USER) ==
                       contain_strategy_fits(s, SUBJECT_FEDERATED));
    }
    enum contain_strategy none;
    check_false("none", contain_strategy_parse(S("deny"), &none));
    check_false("absent", contain_strategy_parse(STR_ABSENT, &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allows_nothing_by_default), cmocka_unit_test(reads_all),
        cmocka_unit_test(refuses_what_is_wrong),     cmocka_unit_test(measures_the_fence),
        cmocka_unit_test(knows_strategies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
