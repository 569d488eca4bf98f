/* engine/sigma_doc.c: keys, metadata, log sources, merging. */
#include "engine/sigma_doc.h"
#include "tests/unit/support/sigma_case.h"

#define DETECTION "detection: {s: {f: 1}, condition: s}\n"
#define AWS       "logsource: {product: aws, service: cloudtrail}\n"

static void test_what_is_said(void **state)
{
    (void)state;
    static const char *const list[][2] = {
        {"title: t\n" AWS DETECTION, ""},
        {"title: t\nlogsource: {product: aws}\n" DETECTION, ""},
        {"title: t\nlogsource: {product: aws, definition: {x: y}}\n" DETECTION, ""},
        {"title: t\nx-own: {a: [1]}\nreferences:\nfalsepositives:\ntags:\n" AWS DETECTION, ""},
        {"title: t\nlevel: High\n" AWS DETECTION, ""},
        {AWS DETECTION, "refused 1: : there is no title"},
        {"title: ''\n" AWS DETECTION, "there is no title"},
        {"title: [t]\n" AWS DETECTION, "'title' is no text"},
        {"title: t\n" DETECTION, "refused 1: t: there is no logsource"},
        {"title: t\nlogsource: aws\n" DETECTION, "refused 2: t: 'logsource' is no map"},
        {"title: t\nlogsource: {definition: x}\n" DETECTION, "no product, category or service"},
        {"title: t\nlogsource: {product: [aws]}\n" DETECTION, "'product' is no text"},
        {"title: t\n" AWS, "refused 1: t: there is no detection"},
        {"title: t\nlogsource: {product: windows, category: process_creation}\n" DETECTION,
         "skipped 2: t: its log source is not read here (product 'windows', category "
         "'process_creation', service '')"},
        {"title: t\nlogsource: {product: aws, service: route53}\n" DETECTION, "skipped 2: t: "},
        {"title: t\nlogsource: {product: aws, category: c}\n" DETECTION, "skipped 2: t: "},
        {"title: t\nlogsource: {service: cloudtrail}\n" DETECTION, "skipped 2: t: "},
        {"title: t\nlevel: urgent\n" AWS DETECTION, "refused 2: t: level 'urgent' is none of"},
        {"title: t\nlevel: [low]\n" AWS DETECTION, "'level' is no text"},
        {"title: t\nstatus: new\n" AWS DETECTION, "2: t: status 'new' is none of"},
        {"title: t\nid: abc\n" AWS DETECTION, "2: abc: id 'abc' is no UUID"},
        {"title: t\nid: 5b8d5a4f-1111-4222-8333-0123456789ab\n" AWS DETECTION, ""},
        {"title: t\nid: 5b8d5a4f-1111-4222-8333-0123456789aG\n" AWS DETECTION, "is no UUID"},
        {"title: t\nsigma-version: 3\n" AWS DETECTION, "sigma-version 3 is not read"},
        {"title: t\nsigma-version: 2.1\n" AWS DETECTION, ""},
        {"title: t\nlvel: low\n" AWS DETECTION, "2: t: key 'lvel' is ignored: is 'level' meant?"},
        {"title: t\nLevel: low\n" AWS DETECTION, "is 'level' meant?"},
        {"title: t\nlevle: low\n" AWS DETECTION, "is 'level' meant?"},
        {"title: t\nlevels: low\n" AWS DETECTION, "is 'level' meant?"},
        {"title: t\nlebel: low\n" AWS DETECTION, "is 'level' meant?"},
        {"title: t\nlevvls: low\n" AWS DETECTION, ""}, /* two steps: somebody's own key */
        {"title: t\nlevel: low\nlvel: x\n" AWS DETECTION, ""},
        {"title: t\ntitle: u\n" AWS DETECTION, "refused 2: t: key 'title' is given twice"},
        {"title: t\n" AWS "detection:\n  s: {f: 1}\n  s: {f: 2}\n  condition: s\n",
         "refused 5: t: key 's' is given twice in one map"},
        {"title: t\n" AWS "detection: {s: [{f: 1, f: 2}], condition: s}\n", "key 'f' is given"},
        {"title: t\ntags: [a, {b: c}]\n" AWS DETECTION, "a member of 'tags' is no text"},
    };
    for (size_t i = 0; i < COUNT(list); i++)
        sigma_case_expect(list[i][0], list[i][1]);
}

static void test_metadata(void **state)
{
    (void)state;
    struct sigma_case c;
    sigma_case_load(&c,
                    "title: A title\nid: 5b8d5a4f-1111-4222-8333-0123456789ab\nname: a_name\n"
                    "status: test\ndescription: |\n  Two\n  lines\nauthor: [A, B]\nlevel: high\n"
                    "tags: [attack.t1, attack.t2]\nreferences: one\nfalsepositives: [x]\n"
                    "fields: [userAgent]\nrunbook: Look.\n" AWS DETECTION,
                    NULL);
    assert_int_equal(c.rules->n_rules, 1);
    const struct ruleset *rs = c.rules;
    const struct rs_rule *r = rs->rules;
    check_str("id", rs_str(rs, r->id), S("5b8d5a4f-1111-4222-8333-0123456789ab"));
    check_str("title", rs_str(rs, r->title), S("A title"));
    check_str("description", rs_str(rs, r->description), S("Two\nlines\n"));
    check_str("runbook", rs_str(rs, r->runbook), S("Look."));
    check_str("author", rs_str(rs, r->author), S("A, B"));
    check_str("status", rs_str(rs, r->status), S("test"));
    check_str("file", rs_str(rs, r->file), S("t.yml"));
    check_int("level", r->level, LEVEL_HIGH);
    check_int("dialect", r->dialect, DIALECT_SIGMA);
    check_int("tags", r->tags.n, 2);
    check_str("tag", rs_list_str(rs, r->tags, 1), S("attack.t2"));
    check_str("reference", rs_list_str(rs, r->references, 0), S("one"));
    check_str("false positive", rs_list_str(rs, r->falsepositives, 0), S("x"));
    check_int("fields", r->fields.n, 2);
    const struct rs_slot *slot = rs->slots + rs->numbers[r->fields.first];
    check_str("field", rs_str(rs, slot->path), S("userAgent"));
    sigma_case_release(&c);
}

static void test_defaults(void **state)
{
    (void)state;
    struct sigma_case c;
    sigma_case_load(&c, "title: A title\n" AWS DETECTION, NULL);
    const struct rs_rule *r = c.rules->rules;
    check_int("level", r->level, LEVEL_MEDIUM);
    check_str("id", rs_str(c.rules, r->id), S("A title"));
    check_str("author", rs_str(c.rules, r->author), STR_ABSENT);
    check_int("tags", r->tags.n, 0);
    sigma_case_release(&c);
}

static void test_sources(void **state)
{
    (void)state;
    const struct sigma_source aws = {S("aws"), STR_ABSENT, STR_ABSENT};
    const struct sigma_source trail = {S("AWS"), STR_ABSENT, S("cloudtrail")};
    const struct sigma_source category = {STR_ABSENT, S("c"), STR_ABSENT};
    const struct sigma_source nothing = {STR_ABSENT, STR_ABSENT, STR_ABSENT};
    assert_true(sigma_source_holds(&aws, &trail));
    assert_false(sigma_source_holds(&trail, &aws));
    assert_true(sigma_source_holds(&trail, &trail));
    assert_true(sigma_source_holds(&nothing, &trail));
    assert_false(sigma_source_holds(&category, &trail));
    const struct {
        const char *product, *category, *service;
        int source; /* -1: none of ours */
        bool open;
    } cases[] = {
        {"aws", NULL, NULL, SOURCE_CLOUDTRAIL, true},
        {"AWS", NULL, "CloudTrail", SOURCE_CLOUDTRAIL, true},
        {"aws", NULL, "vpcflow", SOURCE_VPCFLOW, true},
        {"aws", NULL, "guardduty", -1, false},
        {"okta", NULL, "okta", SOURCE_OKTA, true},
        {"okta", NULL, NULL, SOURCE_OKTA, true},
        {"github", NULL, "audit", SOURCE_GITHUB, true},
        {"kubernetes", "application", "audit", SOURCE_K8S_AUDIT, true},
        {"kubernetes", NULL, "audit", SOURCE_K8S_AUDIT, true},
        {NULL, NULL, "audit", -1, true},
        {NULL, "c", NULL, -1, false},
        {NULL, NULL, NULL, -1, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct sigma_source s = {str_of(cases[i].product), str_of(cases[i].category),
                                       str_of(cases[i].service)};
        enum source found;
        assert_int_equal(sigma_source_find(&s, &found), cases[i].source >= 0);
        if (cases[i].source >= 0)
            assert_int_equal((int)found, cases[i].source);
        assert_int_equal(sigma_source_is_open_to_ours(&s), cases[i].open);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_said),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
