/* engine/falco.c, falco_read.c and falco_text.c: how items of files are put together. Marked U:
 * Falco's own unit tests say so; X: the real engine was run on it. */
#include "tests/unit/support/falco_case.h"

/* A rule named `name` whose output is its name. */
#define RULE(name, condition)                                                                      \
    "- rule: " name "\n  desc: d\n  priority: WARNING\n  source: aws_cloudtrail\n  output: " name  \
    "\n  condition: " condition "\n"
#define LIST(name, items)      "- list: " name "\n  items: " items "\n"
#define MACRO(name, condition) "- macro: " name "\n  condition: " condition "\n"

#define EVENT                                                                                      \
    "{\"eventName\":\"b\",\"awsRegion\":\"eu\",\"eventSource\":\"curl 127.0.0.1\","                \
    "\"userAgent\":\"toupper( x.y)\",\"errorCode\":\"see a, b now\"}"

struct load_case {
    const char *name;
    const char *files[4];
    const char *said;    /* NULL: not asked */
    const char *outputs; /* of the hits for EVENT */
};

static const struct load_case cases[] = {
    {"an empty document is fine", {"---\n---\n" RULE("r", "ct.name = b")}, "", "r\n"},
    {"a null item is skipped", {"- ~\n" RULE("r", "ct.name = b")}, "", "r\n"},
    {"of duplicate keys the first wins (X)",
     {RULE("r", "ct.name = b") "  condition: ct.name = c\n"},
     "",
     "r\n"},
    {"anchors and aliases",
     {"- macro: m\n  condition: &c ct.name = b\n- rule: r\n  desc: d\n  priority: info\n"
      "  source: aws_cloudtrail\n  output: r\n  condition: *c\n" RULE("s", "m")},
     "",
     "r\ns\n"},
    {"an unknown item and an unknown key are warned about (X)",
     {"- what: x\n" RULE("r", "ct.name = b") "  colour: red\n"},
     "1.yaml:1: an item that is no rule, macro, list or required version is ignored\n"
     "1.yaml:8: r: the key 'colour' is unknown and ignored\n",
     "r\n"},
    {"a disabled rule", {RULE("r", "ct.name = b") "  enabled: No\n"}, "", ""},
    {"a quoted yes", {RULE("r", "ct.name = b") "  enabled: 'yes'\n"}, "", "r\n"},
    {"a rule item of only enabled toggles an earlier one",
     {RULE("r", "ct.name = b") "- rule: r\n  enabled: false\n"},
     "1.yaml:7: r: a rule of only 'enabled' is deprecated: use 'override'\n",
     ""},
    {"scalars are raw text (X)",
     {LIST("l", "[0x10, 1.0, true, 'b']") RULE("r", "ct.name in (l)")},
     "",
     "r\n"},
    /* sources */
    {"an unknown source drops the rule (X)",
     {RULE("r", "ct.name = b") "- rule: g\n  desc: d\n  priority: INFO\n  source: gcp\n"
                               "  output: \"%gcp.x\"\n  condition: gcp.x = (\n"},
     "1.yaml:7: g: the source gcp is unknown: the rule is dropped\n",
     "r\n"},
    {"rules of a source that no log has are skipped, their conditions not compiled",
     {MACRO("m", "proc.name = x") "- rule: k\n  desc: d\n  priority: INFO\n  source: syscall\n"
                                  "  output: \"%proc.name\"\n  condition: m\n"
                                  "- rule: l\n  desc: d\n  priority: INFO\n  source: syscall\n"
                                  "  output: x\n  condition: m and not\n" RULE("r", "ct.name = b")},
     "skipped 1.yaml:3: 2 rules of the source syscall are skipped: no log has its events\n",
     "r\n"},
    {"the default source is syscall",
     {"- rule: k\n  desc: d\n  priority: INFO\n  output: x\n  condition: evt.type = open\n"},
     "skipped 1.yaml:1: 1 rule of the source syscall is skipped: no log has its events\n",
     ""},
    /* lists */
    {"a list used before it is defined (X)",
     {RULE("r", "ct.name in (l)") LIST("l", "[a, b]")},
     "",
     "r\n"},
    {"a list of one item after an equal sign (X)",
     {LIST("l", "[b]") RULE("r", "ct.name = l")},
     "",
     "r\n"},
    {"a list's name without parentheses", {LIST("l", "[b]") RULE("r", "ct.name in l")}, "", "r\n"},
    {"names expand inside quotes (X)",
     {LIST("appr", "[a, b]") RULE("r", "ct.error = \"see appr now\"")},
     "",
     "r\n"},
    {"an item with a comma becomes two values (X)",
     {LIST("l", "['a,b']") RULE("r", "ct.name in (l)")},
     "",
     "r\n"},
    {"an item with a blank is quoted",
     {LIST("l", "['curl 127.0.0.1']") RULE("r", "ct.src in (l)")},
     "",
     "r\n"},
    {"an empty list takes a comma along (X)",
     {LIST("l", "[]") RULE("r", "ct.name in (b, l)") RULE("s", "ct.name in (l, b)")},
     "",
     "r\ns\n"},
    {"an empty list alone", {LIST("l", "[]") RULE("r", "not ct.name in (l)")}, "", "r\n"},
    {"an unknown list's name is a text (X)", {RULE("r", "ct.name in (b)")}, "", "r\n"},
    {"lists in lists, one level (X)",
     {LIST("C", "[b]") LIST("B", "[C]") LIST("A", "[B]") RULE("r", "ct.name in (A)")},
     NULL,
     ""},
    {"lists in lists, in the order that resolves",
     {LIST("A", "[B]") LIST("B", "[C]") LIST("C", "[b]") RULE("r", "ct.name in (A)")},
     "",
     "r\n"},
    {"a list is appended to (deprecated)",
     {LIST("l", "[a]") LIST("l", "[b]") "  append: true\n" RULE("r", "ct.name in (l)")},
     "1.yaml:3: l: 'append' is deprecated: use an 'append' under 'override'\n",
     "r\n"},
    {"a list is appended to in another file",
     {LIST("l", "[a]") RULE("r", "ct.name in (l)"),
      LIST("l", "[b]") "  override: {items: append}\n"},
     "",
     "r\n"},
    {"a misspelt override redefines, with only a warning (U)",
     {LIST("l", "[a, b]")
          LIST("l", "[c]") "  overide: {items: append}\n" RULE("r", "ct.name in (l)")},
     "1.yaml:5: l: the key 'overide' is unknown and ignored\n",
     ""},
    {"what nobody uses is warned about",
     {LIST("l", "[a]") MACRO("m", "ct.name = b") RULE("r", "ct.name = b")},
     "1.yaml:3: m: no rule and no macro uses this macro\n"
     "1.yaml:1: l: no rule and no macro uses this list\n",
     "r\n"},
    /* macros */
    {"a macro keeps its grouping (X)",
     {MACRO("m", "ct.name = b or ct.name = c") RULE("r", "not m")},
     "",
     ""},
    {"a rule may use a later macro (X)", {RULE("r", "m") MACRO("m", "ct.name = b")}, "", "r\n"},
    {"append is text: precedence changes (X)",
     {MACRO("m", "ct.name = x and ct.region = eu")
          MACRO("m", "or ct.name = b") "  override: {condition: append}\n" RULE("r", "m")},
     "",
     "r\n"},
    {"a redefined macro sees what stands before its last definition",
     {MACRO("m", "ct.name = x") MACRO("n", "ct.name = b") MACRO("m", "n") RULE("r", "m")},
     "",
     "r\n"},
    {"override replace of a missing macro is a definition (U)",
     {MACRO("m", "ct.name = b") "  override: {condition: replace}\n" RULE("r", "m")},
     "",
     "r\n"},
    /* rules */
    {"a redefined rule keeps its place (X)",
     {RULE("r", "ct.name = b") RULE("s", "ct.name = b") "- rule: r\n  desc: d\n  priority: INFO\n  "
                                                        "source: aws_cloudtrail\n  output: again\n"
                                                        "  condition: ct.name = b\n"},
     "",
     "again\ns\n"},
    {"append to a condition (deprecated), enabled beside it is ignored (U)",
     {RULE("r", "ct.name = x") "  enabled: false\n",
      "- rule: r\n  append: true\n  condition: or ct.name = b\n  enabled: true\n"},
     "2.yaml:1: r: 'append' is deprecated: use an 'append' under 'override'\n",
     ""},
    {"append and replace in one block (U)",
     {RULE("r", "ct.name = b") "  enabled: false\n",
      "- rule: r\n  output: and %ct.name\n  enabled: true\n"
      "  override: {output: append, enabled: replace}\n"},
     "",
     "r and b\n"},
    {"a full definition's output is trimmed, an appended one is not (X)",
     {"- rule: r\n  desc: d\n  priority: INFO\n  source: aws_cloudtrail\n  output: '  x '\n"
      "  condition: ct.name = b\n- rule: r\n  output: ' y '\n  override: {output: append}\n"},
     "",
     "x  y \n"},
    /* exceptions */
    {"a tuple of fields",
     {RULE("r", "ct.name = b") "  exceptions:\n    - name: e\n      fields: [ct.name, ct.region]\n"
                               "      values:\n        - [b, eu]\n"},
     "",
     ""},
    {"a tuple that does not hold",
     {RULE("r", "ct.name = b") "  exceptions:\n    - name: e\n      fields: [ct.name, ct.region]\n"
                               "      values:\n        - [b, us]\n        - [c, eu]\n"},
     "",
     "r\n"},
    {"operators, lists in tuples, parentheses added",
     {RULE("r", "ct.name = b") "  exceptions:\n    - name: e\n      fields: [ct.name, ct.region]\n"
                               "      comps: [in, startswith]\n"
                               "      values:\n        - [[a, b], e]\n        - [x, y]\n"},
     "",
     ""},
    {"a single field: one list for all values",
     {RULE("r", "ct.name = b") "  exceptions:\n    - name: e\n      fields: ct.name\n"
                               "      values: [a, b]\n"},
     "",
     ""},
    {"a single field with a modifier",
     {RULE("r", "ct.name = b") "  exceptions:\n    - name: e\n      fields: ct.src\n"
                               "      comps: startswith anyof\n      values: [wget, curl]\n"},
     "",
     ""},
    {"a value with blanks is quoted (U)",
     {RULE("r", "ct.name = b") "  exceptions:\n    - name: e\n      fields: [ct.src]\n"
                               "      comps: [contains]\n      values:\n"
                               "        - [\"curl 127.0.0.1\"]\n"},
     "",
     ""},
    {"a transformer with a blank is a text (U)",
     {RULE("r", "ct.name = b") "  exceptions:\n    - name: e\n      fields: [ct.useragent]\n"
                               "      values:\n        - [\"toupper( x.y)\"]\n"},
     "1.yaml:6: r: condition: \"toupper( x.y)\" is compared as text, though it looks like a "
     "transformer\n",
     ""},
    {"a transformer without one is a transformer (U)",
     {RULE("r", "ct.name = b") "  exceptions:\n    - name: e\n      fields: [ct.name]\n"
                               "      values:\n        - [\"tolower(ct.name)\"]\n"},
     "",
     ""},
    {"a list's name works as a value (X)",
     {LIST("l", "[a, b]") RULE(
         "r",
         "ct.name = b") "  exceptions:\n    - name: e\n      fields: [ct.name]\n      comps: [in]\n"
                        "      values:\n        - [l]\n"},
     "",
     ""},
    {"exceptions without values vanish",
     {RULE("r", "ct.name = b or ct.name = c") "  exceptions:\n    - name: e\n"
                                              "      fields: [ct.region]\n"},
     "",
     "r\n"},
    {"values are appended to an exception by its name",
     {RULE("r", "ct.name = b") "  exceptions:\n    - name: e\n      fields: [ct.region]\n",
      "- rule: r\n  exceptions:\n    - name: e\n      values:\n        - [eu]\n"
      "  override: {exceptions: append}\n"},
     "",
     ""},
    {"an exception appended without values is warned about",
     {RULE("r", "ct.name = b") "  exceptions:\n    - name: e\n      fields: [ct.region]\n",
      "- rule: r\n  exceptions:\n    - name: e\n  override: {exceptions: append}\n"},
     "2.yaml:3: r: exception 'e' is appended without values\n",
     "r\n"},
    /* a bad file is refused whole, what stood before stays */
    {"a bad file",
     {RULE("r", "ct.name = b"), RULE("s", "ct.name = b") RULE("t", "ct.nam = b")},
     "refused 2.yaml:12: t: condition: there is no field ct.nam\n",
     "r\n"},
    {"its redefinitions do not stay either",
     {LIST("l", "[b]") RULE("r", "ct.name in (l)"), LIST("l", "[c]") RULE("t", "ct.nam = b")},
     "refused 2.yaml:8: t: condition: there is no field ct.nam\n",
     "r\n"},
    {"a file that breaks a rule of another",
     {LIST("l", "[b]") RULE("r", "ct.name in (l)"), LIST("l", "['(']")},
     "refused 2.yaml:0: r: with this file 1.yaml:8 fails: condition: expected a comma or ) in the "
     "list at byte 14, before \"( )\"\n",
     "r\n"},
    {"a disabled rule must be right too",
     {RULE("r", "ct.nam = b") "  enabled: false\n"},
     "refused 1.yaml:6: r: condition: there is no field ct.nam\n",
     ""},
    {"an unknown field with skip-if-unknown-filter",
     {RULE("r", "ct.nam = b") "  skip-if-unknown-filter: true\n" RULE("s", "ct.name = b")},
     "1.yaml:6: r: the rule is left out: condition: there is no field ct.nam\n",
     "s\n"},
    /* versions */
    {"versions that are met",
     {"- required_engine_version: 15\n- required_engine_version: 0.31.0\n"
      "- required_plugin_versions:\n  - name: cloudtrail\n    version: 0.10.0\n"
      "  - name: k8saudit\n    version: 0.7.0\n    alternatives:\n      - name: k8saudit-eks\n"
      "        version: 0.4.0\n  - name: gcpaudit\n    version: 0.1.0\n    alternatives:\n"
      "      - name: json\n        version: 0.7.4\n" RULE("r", "ct.name = b")},
     "",
     "r\n"},
};

static void test_loading(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        print_message("           %s\n", cases[i].name);
        falco_case_expect(cases[i].files, cases[i].said, EVENT, cases[i].outputs);
    }
}

static const struct {
    const char *priority, *printed;
    int level; /* -1: refused */
} priorities[] = {
    {"EMERGENCY", "Emergency", LEVEL_CRITICAL},
    {"Alert", "Alert", LEVEL_CRITICAL},
    {"critical", "Critical", LEVEL_CRITICAL},
    {"error", "Error", LEVEL_HIGH},
    {"Warning", "Warning", LEVEL_MEDIUM},
    {"notice", "Notice", LEVEL_LOW},
    {"INFO", "Informational", LEVEL_INFORMATIONAL},
    {"informational", "Informational", LEVEL_INFORMATIONAL},
    {"debug", "Debug", LEVEL_INFORMATIONAL},
    {"warn", "", -1},
    {"4", "", -1},
};

static void test_priorities(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(priorities); i++) {
        struct falco_case c;
        struct buf file;
        buf_init(&file, 4096);
        buf_putf(&file,
                 "- rule: r\n  desc: why\n  source: aws_cloudtrail\n  condition: ct.name = b\n"
                 "  output: x\n  tags: [b, a, b]\n  priority: %s\n",
                 priorities[i].priority);
        falco_case_load(&c, (const char *const[]){buf_z(&file), NULL});
        check_size(priorities[i].priority, c.rules->n_rules, priorities[i].level >= 0);
        if (c.rules->n_rules) {
            const struct rs_rule *r = c.rules->rules;
            check_int(priorities[i].priority, r->level, priorities[i].level);
            check_str("printed", rs_str(c.rules, r->priority), str_of(priorities[i].printed));
            check_str("id", rs_str(c.rules, r->id), S("r"));
            check_str("title", rs_str(c.rules, r->title), S("r"));
            check_str("description", rs_str(c.rules, r->description), S("why"));
            check_size("tags, each once", r->tags.n, 2);
            check_str("sorted", rs_list_str(c.rules, r->tags, 0), S("a"));
            check_int("line", r->line, 1);
        }
        buf_release(&file);
        falco_case_release(&c);
    }
}

static void put_doubling_macros(struct buf *file)
{
    buf_putz(file, MACRO("m0", "ct.name = b"));
    for (size_t i = 1; i < 40; i++)
        buf_putf(file, MACRO("m%zu", "m%zu and m%zu"), i, i - 1, i - 1);
    buf_putz(file, RULE("r", "m39"));
}

static void put_nested_macros(struct buf *file)
{
    buf_putz(file, MACRO("m0", "ct.name = b"));
    for (size_t i = 1; i < 3000; i++)
        buf_putf(file, MACRO("m%zu", "not m%zu"), i, i - 1);
    buf_putz(file, RULE("r", "m2999"));
}

static void put_doubling_lists(struct buf *file)
{
    for (size_t i = 0; i < 40; i++)
        buf_putf(file, LIST("l%zu", "['l%zu,l%zu']"), i, i + 1, i + 1);
    buf_putz(file, RULE("r", "ct.name in (l0)"));
}

static const struct {
    const char *name;
    void (*put)(struct buf *file);
    const char *said;
} bombs[] = {
    {"macros that double", put_doubling_macros, "more than 100000 tests"},
    {"macros that nest", put_nested_macros, "macros are nested more than 1024 deep"},
    {"lists that double", put_doubling_lists, "has over 1048576 bytes once its lists"},
};

/* Each ends at a named limit. */
static void test_bombs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bombs); i++) {
        struct falco_case c;
        struct buf file, said;
        buf_init(&file, 4 << 20);
        buf_init(&said, 1 << 20);
        bombs[i].put(&file);
        falco_case_load(&c, (const char *const[]){buf_z(&file), NULL});
        falco_case_said(&c, &said);
        check_true(bombs[i].name, strstr(buf_z(&said), bombs[i].said) != NULL);
        falco_case_release(&c);
        buf_release(&file);
        buf_release(&said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loading),
        cmocka_unit_test(test_priorities),
        cmocka_unit_test(test_bombs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
