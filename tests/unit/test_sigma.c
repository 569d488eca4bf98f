/* engine/sigma.c: files of several documents, filters, what is skipped. */
#include "tests/unit/support/alloc.h"
#include "tests/unit/support/sigma_case.h"

#define AWS    "logsource: {product: aws, service: cloudtrail}\n"
#define RULE_A "title: A\nid: 5b8d5a4f-1111-4222-8333-00000000000a\nname: rule_a\n" AWS
#define RULE_B "title: B\nid: 5b8d5a4f-1111-4222-8333-00000000000b\n" AWS
#define IS_A   "detection: {sel: {a: 1}, condition: sel}\n"
#define IS_B   "detection: {sel: {b: 1}, condition: sel}\n"

struct file_case {
    const char *name;
    const char *yaml;
    const char *event;
    size_t hits;
    const char *said; /* contained in what is said; "" is: nothing is said */
};

static const struct file_case documents[] = {
    {"two rules", RULE_A IS_A "---\n" RULE_B IS_B, "{\"a\":1,\"b\":1}", 2, ""},
    {"an empty document between", RULE_A IS_A "---\n---\n" RULE_B IS_B "---\n", "{\"b\":1}", 1, ""},
    {"three hyphens inside a text", "description: |\n  a\n  --- b\n" RULE_A IS_A, "{\"a\":1}", 1,
     ""},
    {"one bad, one good", RULE_A "---\n" RULE_B IS_B, "{\"b\":1}", 1,
     "refused 1: 5b8d5a4f-1111-4222-8333-00000000000a: there is no detection"},
    {"an id twice", RULE_A IS_A "---\n" RULE_A IS_B, "{\"a\":1,\"b\":1}", 2,
     "this id is also that of a rule in t.yml, line 1"},
    {"a correlation, which never holds for an event",
     RULE_A IS_A "---\ntitle: C\ncorrelation: {type: event_count, rules: A, group-by: u, "
                 "timespan: 1m, condition: {gte: 2}}\n",
     "{\"a\":1}", 1, ""},
    {"nothing known", "title: X\nfoo: bar\n" AWS, "{}", 0, "there is no detection"},
};

static const struct file_case collections[] = {
    {"global", "action: global\n" RULE_A "---\n" IS_A "---\ntitle: other\n" IS_B,
     "{\"a\":1,\"b\":1}", 2,
     "3: 5b8d5a4f-1111-4222-8333-00000000000a: this id is also that of a rule in t.yml, line 7"},
    {"global, maps are merged",
     "action: global\ntitle: G\n" AWS
     "detection: {filter: {c: 1}, condition: sel and not filter}\n---\n"
     "detection: {sel: {a: 1}}\n---\ndetection: {sel: {b: 1}}\n",
     "{\"a\":1,\"b\":1}", 2, ""},
    {"global, the filter counts",
     "action: global\ntitle: G\n" AWS
     "detection: {filter: {c: 1}, condition: sel and not filter}\n---\n"
     "detection: {sel: {a: 1}}\n",
     "{\"a\":1,\"c\":1}", 0, ""},
    {"what global says wins",
     "action: global\ntitle: G\n" AWS "detection: {sel: {a: 2}}\n---\n" IS_A, "{\"a\":2}", 1, ""},
    {"reset", "action: global\ntitle: G\n" AWS "---\n" IS_A "---\naction: reset\n---\n" IS_B,
     "{\"a\":1,\"b\":1}", 1, "refused 9: : there is no title"},
    {"repeat", "title: R\n" AWS IS_A "---\naction: repeat\ntitle: S\ndetection: {sel: {b: 1}}\n",
     "{\"a\":1,\"b\":1}", 2, ""},
    {"repeat, what it says wins",
     "title: R\n" AWS IS_A "---\naction: repeat\ndetection: {sel: {a: 2}}\n", "{\"a\":2}", 1, ""},
    {"repeat a global", "action: global\ntitle: G\n" AWS "---\naction: repeat\n" IS_A, "{\"a\":1}",
     1, ""},
    {"nothing to repeat", "action: repeat\n" RULE_A IS_A, "{\"a\":1}", 0,
     "refused 1: 5b8d5a4f-1111-4222-8333-00000000000a: there is nothing to repeat"},
    {"unknown action", "action: once\n" RULE_A IS_A, "{\"a\":1}", 0,
     "refused 1: 5b8d5a4f-1111-4222-8333-00000000000a: action 'once' is none of"},
};

#define FILTER(rules, condition)                                                                   \
    "---\ntitle: F\nlogsource: {product: aws}\nfilter:\n  rules: " rules                           \
    "\n  sel: {u: x}\n  condition: " condition "\n"

static const struct file_case filters[] = {
    {"by id, holds", RULE_A IS_A FILTER("[5b8d5a4f-1111-4222-8333-00000000000a]", "not sel"),
     "{\"a\":1}", 1, ""},
    {"by id, excludes", RULE_A IS_A FILTER("[5b8d5a4f-1111-4222-8333-00000000000a]", "not sel"),
     "{\"a\":1,\"u\":\"x\"}", 0, ""},
    {"by name", RULE_A IS_A FILTER("[rule_a]", "not sel"), "{\"a\":1,\"u\":\"x\"}", 0, ""},
    {"by title", RULE_A IS_A FILTER("[A]", "not sel"), "{\"a\":1,\"u\":\"x\"}", 0, ""},
    {"a scalar names one rule", RULE_A IS_A FILTER("A", "not sel"), "{\"a\":1,\"u\":\"x\"}", 0, ""},
    {"any", RULE_A IS_A "---\n" RULE_B IS_B FILTER("any", "not sel"),
     "{\"a\":1,\"b\":1,\"u\":\"x\"}", 0, ""},
    {"only the named", RULE_A IS_A "---\n" RULE_B IS_B FILTER("[B]", "not sel"),
     "{\"a\":1,\"b\":1,\"u\":\"x\"}", 1, ""},
    {"before the rule",
     "title: F\nlogsource: {product: aws}\nfilter: {rules: any, sel: {u: x}, condition: not sel}\n"
     "---\n" RULE_A IS_A,
     "{\"a\":1,\"u\":\"x\"}", 0, ""},
    {"without not: it restricts", RULE_A IS_A FILTER("[A]", "sel"), "{\"a\":1,\"u\":\"x\"}", 1,
     "the filter's condition has no 'not'"},
    {"without not: others are silent", RULE_A IS_A FILTER("[A]", "sel"), "{\"a\":1}", 0,
     "the filter's condition has no 'not'"},
    {"a rule's pattern does not see the filter's searches",
     RULE_A "detection: {sel: {a: 1}, condition: all of sel*}\n" FILTER("[A]", "not sel"),
     "{\"a\":1}", 1, ""},
    {"an unknown rule", RULE_A IS_A FILTER("[A, Z]", "not sel"), "{\"a\":1}", 1,
     "the filter names a rule that is not loaded: 'Z'"},
    {"two filters", RULE_A IS_A FILTER("[A]", "not sel") FILTER("any", "not sel"),
     "{\"a\":1,\"u\":\"x\"}", 0, ""},
    {"a narrower log source",
     "title: A\nlogsource: {product: aws}\n" IS_A "---\ntitle: F\n" AWS
     "filter: {rules: any, sel: {u: x}, condition: not sel}\n",
     "{\"a\":1,\"u\":\"x\"}", 1, ""},
    {"of another source",
     RULE_A IS_A "---\ntitle: F\nlogsource: {product: windows}\n"
                 "filter: {rules: any, sel: {u: x}, condition: not sel}\n",
     "{\"a\":1,\"u\":\"x\"}", 1, "skipped 8: F: its log source is not read here"},
    {"no rules", RULE_A IS_A "---\ntitle: F\n" AWS "filter: {sel: {u: x}, condition: not sel}\n",
     "{\"a\":1}", 1, "the filter names no rules"},
    {"no rules in the list", RULE_A IS_A FILTER("[]", "not sel"), "{\"a\":1}", 1,
     "the filter's 'rules' is empty"},
    {"rules is a map", RULE_A IS_A FILTER("{a: b}", "not sel"), "{\"a\":1}", 1,
     "holds what is no text"},
    {"no condition", RULE_A IS_A "---\ntitle: F\n" AWS "filter: {rules: any, sel: {u: x}}\n",
     "{\"a\":1}", 1, "there is no condition"},
    {"no map", RULE_A IS_A "---\ntitle: F\n" AWS "filter: x\n", "{\"a\":1}", 1,
     "'filter' is no map"},
    {"no log source", RULE_A IS_A "---\ntitle: F\nfilter: {rules: any}\n", "{\"a\":1}", 1,
     "there is no logsource"},
};

static void check_file(const struct file_case *f)
{
    struct sigma_case c;
    struct buf said;
    buf_init(&said, 1 << 20);
    sigma_case_load(&c, f->yaml, NULL);
    sigma_case_said(&c, &said);
    const char *text = buf_z(&said) ? buf_z(&said) : "";
    if (*f->said ? !strstr(text, f->said) : *text != '\0')
        fail_msg("%s: expected '%s', said: %s", f->name, f->said, text);
    check_size(f->name, sigma_case_hits(&c, f->event), f->hits);
    sigma_case_release(&c);
    buf_release(&said);
}

static void test_documents(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(documents); i++)
        check_file(documents + i);
}

static void test_collections(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(collections); i++)
        check_file(collections + i);
}

static void test_filters(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(filters); i++)
        check_file(filters + i);
}

/* Loads a file with the allocator failing from call n on; true when that was never reached. */
static bool loads_with(size_t n)
{
    static const char yaml[] = RULE_A
        "detection:\n  sel: {a: [x, y*], b|expand: '%p%', c|re: z+, d|windash: -q}\n"
        "  words: [one, two]\n  condition: sel or words\nfields: [e]\ntags: [t]\n"
        "---\ntitle: F\n" AWS "filter: {rules: any, no: {u|base64offset|contains: abc},\n"
        "  condition: not no}\n---\ntitle: C\ncorrelation: {type: temporal, rules: [A, rule_a],\n"
        "  group-by: k, aliases: {k: {A: u}}, timespan: 1m, condition: A and rule_a}\n"
        "---\ntitle: D\ncorrelation: {type: value_sum, rules: A, timespan: 1m,\n"
        "  condition: {field: v, gt: 2}}\n---\ntitle: B\n" AWS IS_B
        "trailwarden: {group-by: [u], gap: 4h}\n";
    static const struct str values[] = {{"v", 1}};
    bool asked = false;
    const struct placeholder p = {{"p", 1}, values, 1, 1, &asked};
    const struct rule_config config = {.placeholders = &p, .n_placeholders = 1};
    const struct yaml **docs;
    size_t n_docs;
    struct err e = {0};
    struct arena memory;
    struct diags diags;
    arena_init(&memory, 1 << 20);
    diags_init(&diags);
    assert_true(yaml_parse(str_of(yaml), &memory, &docs, &n_docs, &e));
    struct builder *b = builder_new();
    assert_non_null(b);
    alloc_fail_at(n);
    struct sigma *s = sigma_new(b, &config, &diags);
    bool ok = s && sigma_add(s, S("t.yml"), docs, n_docs, &e) && sigma_finish(s, &e);
    size_t calls = alloc_calls();
    alloc_works();
    if (s && !ok)
        assert_true(e.text[0] != '\0');
    sigma_free(s);
    builder_free(b);
    diags_release(&diags);
    arena_release(&memory);
    return calls < n;
}

static void test_without_memory(void **state)
{
    (void)state;
    size_t n = 1;
    while (!loads_with(n))
        n++;
    assert_true(n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_collections),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
