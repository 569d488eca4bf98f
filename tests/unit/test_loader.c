/* engine/loader.c and match.c: dialects told apart, the rules' hash, tests made once, first match.
 */
#include "engine/loader.h"

#include "engine/event.h"
#include "tests/unit/support/check.h"

static const char sigma_rule[] =
    "title: A user was made\nid: 11111111-2222-4333-8444-555555555555\nstatus: test\n"
    "logsource: {product: aws, service: cloudtrail}\n"
    "detection: {made: {eventName: CreateUser}, condition: made}\nlevel: low\n";
static const char falco_rules[] =
    "- rule: Any user\n  desc: d\n  condition: ct.name=CreateUser\n  output: o\n  priority: ERROR\n"
    "  source: aws_cloudtrail\n"
    "- rule: The same\n  desc: d\n  condition: ct.name in (CreateUser, DeleteUser)\n  output: o\n"
    "  priority: INFO\n  source: aws_cloudtrail\n";
static const char record[] = "{\"eventName\":\"CreateUser\"}";

struct file {
    const char *name, *text;
};

static struct ruleset *load(const struct file *files, size_t n, struct diags *diags)
{
    struct loader *l = loader_new(NULL, diags);
    struct ruleset *rs;
    struct err e;
    assert_non_null(l);
    for (size_t i = 0; i < n; i++)
        assert_true(loader_add(l, str_of(files[i].name), str_of(files[i].text), &e));
    assert_true(loader_finish(l, &rs, &e));
    loader_free(l);
    return rs;
}

static void tells_dialects_apart(void **state)
{
    static const struct file files[] = {{"a.yml", sigma_rule}, {"b.yaml", falco_rules}};
    struct diags diags;
    (void)state;
    diags_init(&diags);
    struct ruleset *rs = load(files, 2, &diags);
    check_size("diags", diags.list.n, 0);
    check_int("rules", rs->n_rules, 3);
    check_int("first", rs->rules[0].dialect, DIALECT_SIGMA);
    check_int("second", rs->rules[1].dialect, DIALECT_FALCO);
    check_str("title", rs_str(rs, rs->rules[1].title), S("Any user"));
    check_int("level", rs->rules[2].level, LEVEL_INFORMATIONAL);
    ruleset_free(rs);
    diags_release(&diags);
}

static void refuses_other_content(void **state)
{
    static const struct {
        const char *text;
        enum diag_kind kind;
        const char *says;
    } cases[] = {
        {"", DIAG_WARNING, "no rule in it"},
        {"# nothing\n---\n---\n", DIAG_WARNING, "no rule in it"},
        {"just text", DIAG_REFUSED, "neither a Sigma rule"},
        {"a: 1\n---\n- b\n", DIAG_REFUSED, "mixes documents"},
        {"a: [", DIAG_REFUSED, "line 2"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct file file = {"x.yml", cases[i].text};
        struct diags diags;
        diags_init(&diags);
        struct ruleset *rs = load(&file, 1, &diags);
        check_size(cases[i].text, diags.list.n, 1);
        const struct diag *d = vec_at(&diags.list, 0);
        check_int(cases[i].text, d->kind, cases[i].kind);
        check_str(cases[i].text, d->file, S("x.yml"));
        if (str_find(d->text, str_of(cases[i].says), 0) == SIZE_MAX)
            fail_msg("%s: says \"%.*s\"", cases[i].text, (int)d->text.n, d->text.p);
        ruleset_free(rs);
        diags_release(&diags);
    }
}

static void hashes_contents_only(void **state)
{
    static const struct file files[] = {{"a.yml", sigma_rule}, {"b.yaml", falco_rules}},
                             moved[] = {{"z/2.yaml", falco_rules}, {"z/1.yml", sigma_rule}};
    struct diags diags;
    (void)state;
    diags_init(&diags);
    struct ruleset *one = load(files, 2, &diags), *two = load(moved, 2, &diags),
                   *less = load(files, 1, &diags);
    assert_memory_equal(one->hash, two->hash, SHA256_BYTES);
    assert_memory_not_equal(one->hash, less->hash, SHA256_BYTES);
    ruleset_free(one);
    ruleset_free(two);
    ruleset_free(less);
    diags_release(&diags);
}

static void matches_all_or_first(void **state)
{
    static const struct file files[] = {{"b.yaml", falco_rules}, {"a.yml", sigma_rule}};
    struct diags diags;
    struct event ev;
    struct err e;
    size_t used, n;
    (void)state;
    diags_init(&diags);
    struct ruleset *rs = load(files, 2, &diags);
    assert_true(event_init(&ev, rs, &e));
    assert_int_equal(event_read(&ev, str_of(record), &used, &e), JSON_OK);
    const uint32_t *hits = event_match(&ev, &n);
    check_size("all", n, 3);
    for (size_t i = 0; i < n; i++)
        check_size("ascending", hits[i], i);
    ev.first_match = true; /* Falco's way, and Falco's rules only: Sigma's are not shadowed */
    assert_int_equal(event_read(&ev, str_of(record), &used, &e), JSON_OK);
    hits = event_match(&ev, &n);
    size_t sigma = 0, falco = 0;
    for (size_t i = 0; i < n; i++) {
        bool is_sigma = rs->rules[hits[i]].dialect == DIALECT_SIGMA;
        sigma += is_sigma;
        falco += !is_sigma;
    }
    check_size("sigma", sigma, 1);
    check_size("falco", falco, 1);
    assert_int_equal(event_read(&ev, S("{\"eventName\":\"Other\"}"), &used, &e), JSON_OK);
    event_match(&ev, &n);
    check_size("none", n, 0);
    event_release(&ev);
    ruleset_free(rs);
    diags_release(&diags);
}

/* Rules, filters and placeholders of several files, and what the owner's file says of them. */
static void takes_placeholders(void **state)
{
    static const char rule[] =
        "title: Not ours\nlogsource: {product: aws, service: cloudtrail}\n"
        "detection:\n  s: {eventName: CreateUser}\n  ours: {userAgent|expand: '%tools%'}\n"
        "  condition: s and not ours\n";
    static const char defaults[] = "placeholders: {tools: [], more: x}\n";
    static const struct {
        const char *name, *config, *defaults, *record;
        size_t hits, diags;
    } cases[] = {
        {"nothing defines it", NULL, "", "{\"eventName\":\"CreateUser\"}", 0, 2},
        {"no values", NULL, defaults, "{\"eventName\":\"CreateUser\",\"userAgent\":\"aws\"}", 1, 0},
        {"the owner's values", "placeholders: {tools: aws}", defaults,
         "{\"eventName\":\"CreateUser\",\"userAgent\":\"aws\"}", 0, 0},
        {"others", "placeholders: {tools: aws}", defaults,
         "{\"eventName\":\"CreateUser\",\"userAgent\":\"curl\"}", 1, 0},
        {"the owner's filter",
         "filters: [{title: f, logsource: {product: aws}, filter: {rules: any, me: {a: b}, "
         "condition: not me}}]",
         defaults, "{\"eventName\":\"CreateUser\",\"a\":\"b\"}", 0, 0},
        {"what it lets through",
         "filters: [{title: f, logsource: {product: aws}, filter: {rules: any, me: {a: b}, "
         "condition: not me}}]",
         defaults, "{\"eventName\":\"CreateUser\",\"a\":\"c\"}", 1, 0},
        {"a broken filter is named, the rule stays",
         "filters: [{title: f, logsource: {product: aws}, filter: {rules: any, me: {a: b}}}]",
         defaults, "{\"eventName\":\"CreateUser\",\"a\":\"b\"}", 1, 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rule_config config;
        struct diags diags;
        struct ruleset *rs = NULL;
        struct event ev;
        struct err e = {0};
        size_t used, n;
        diags_init(&diags);
        assert_true(rule_config_parse(S("c.yml"), str_of(cases[i].config ? cases[i].config : ""),
                                      &config, &e));
        struct loader *l = loader_new(&config, &diags);
        assert_non_null(l);
        check_false(cases[i].name, loader_has_placeholders(l));
        assert_true(loader_add(l, S("a.yml"), str_of(rule), &e));
        assert_true(loader_add(l, S("p.yml"), str_of(cases[i].defaults), &e));
        check_int(cases[i].name, loader_has_placeholders(l), cases[i].defaults == defaults);
        assert_true(loader_finish(l, &rs, &e));
        loader_free(l);
        check_size(cases[i].name, diags.list.n, cases[i].diags);
        assert_true(event_init(&ev, rs, &e));
        assert_int_equal(event_read(&ev, str_of(cases[i].record), &used, &e), JSON_OK);
        (void)event_match(&ev, &n);
        check_size(cases[i].name, n, cases[i].hits);
        event_release(&ev);
        ruleset_free(rs);
        rule_config_release(&config);
        diags_release(&diags);
    }
}

static void refuses_placeholders_given_twice(void **state)
{
    static const struct file files[] = {
        {"a.yml", "placeholders: {a: x}\n---\nplaceholders: {b: x}\n"},
        {"b.yml", "placeholders:\n  c: x\n  b: y\n"},
        {"c.yml", "placeholders: 7\n"},
        {"d.yml", "placeholders: {d: x}\nmore: y\n"},
    };
    static const struct {
        const char *file;
        unsigned line;
        const char *text;
    } want[] = {
        {"b.yml", 3, "another file of rules gives placeholder 'b' too"},
        {"c.yml", 1, "'placeholders' wants a map of names to values"},
        {"d.yml", 2, "unknown key 'more'"},
    };
    struct diags diags;
    (void)state;
    diags_init(&diags);
    struct ruleset *rs = load(files, COUNT(files), &diags);
    check_size("diags", diags.list.n, COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++) {
        const struct diag *d = vec_at(&diags.list, i);
        check_str("file", d->file, str_of(want[i].file));
        check_int(want[i].file, d->line, want[i].line);
        check_str(want[i].file, d->text, str_of(want[i].text));
        check_int(want[i].file, d->kind, DIAG_REFUSED);
    }
    check_int("rules", rs->n_rules, 0);
    ruleset_free(rs);
    diags_release(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_dialects_apart), cmocka_unit_test(refuses_other_content),
        cmocka_unit_test(hashes_contents_only), cmocka_unit_test(matches_all_or_first),
        cmocka_unit_test(takes_placeholders),   cmocka_unit_test(refuses_placeholders_given_twice),
    };
    return cmocka_run_group_tests_name("engine/loader", tests, NULL, NULL);
}
