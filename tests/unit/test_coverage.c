/* respond/coverage.c: rules under the techniques of their tags. The tables of ATT&CK are facts of
 * its version 18.1 (github.com/mitre/cti); the layer's members are those of Navigator's format 4.5
 * (github.com/mitre-attack/attack-navigator, layers/spec/v4.5/layerformat.md). */
#include "respond/coverage.h"

#include <jansson.h>

#include "engine/loader.h"
#include "respond/mitre.h"
#include "tests/unit/support/check.h"

#define RULE(title, level, tags)                                                                   \
    "title: " title "\nlevel: " level "\ntags: [" tags "]\n"                                       \
    "logsource: {product: aws, service: cloudtrail}\n"                                             \
    "detection: {s: {eventName: X}, condition: s}\n---\n"

static const char rules[] = RULE("'A | b'", "low", "attack.impact, attack.t1485.001")
    RULE("B <i>", "critical", "attack.impact, attack.t1485, attack.t1485.001")
        RULE("C", "high", "attack.persistence, attack.t1648")
            RULE("D", "medium", "attack.defense-impairment, attack.t1562.008")
                RULE("E", "medium", "attack.execution, attack.t1610")
                    RULE("F", "medium", "attack.execution, attack.t9999")
                        RULE("G", "medium", "cve.2021-44228");

/* Text of one of the two, to be released. */
static void put(struct buf *b, void (*how)(const struct coverage *, struct buf *))
{
    struct diags diags;
    struct ruleset *rs = NULL;
    struct coverage *coverage;
    struct err e = {0};
    struct loader *l;
    diags_init(&diags);
    l = loader_new(NULL, &diags);
    assert_non_null(l);
    assert_true(loader_add(l, S("a.yml"), str_of(rules), &e) && loader_finish(l, &rs, &e));
    loader_free(l);
    buf_init(b, COVERAGE_BYTES_MAX);
    assert_true(coverage_new(rs, &coverage, &e));
    how(coverage, b);
    assert_true(buf_ok(b, "coverage", &e));
    coverage_free(coverage);
    ruleset_free(rs);
    diags_release(&diags);
}

static void layer_scores_techniques(void **state)
{
    static const struct {
        const char *technique, *tactic;
        int score; /* -1: not in the layer */
        const char *comment;
    } cases[] = {
        {"T1485.001", "impact", 2, "critical: B <i>\nlow: A | b"},
        {"T1485", "impact", 2, "critical: B <i>\nlow: A | b"}, /* its part is its own */
        {"T1648", "execution", 1, "high: C"}, /* ATT&CK does not have it under persistence */
        {"T1562.008", "defense-evasion", 1, "medium: D"}, /* version 19's tactic */
        {"T1562", "defense-evasion", 1, "medium: D"},
        {"T1078.004", "initial-access", 0, ""},
        {"T1610", "execution", 1, "medium: E"}, /* of containers; a rule names it */
        {"T1613", "discovery", -1, NULL},       /* of containers; none does */
        {"T9999", "execution", -1, NULL},
    };
    struct buf b;
    json_error_t why;
    (void)state;
    put(&b, coverage_put_navigator);
    json_t *layer = json_loadb(b.p, b.n, JSON_REJECT_DUPLICATES, &why);
    assert_non_null(layer);
    json_t *list = json_object_get(layer, "techniques");
    for (size_t i = 0; i < COUNT(cases); i++) {
        int score = -1;
        const char *comment = NULL;
        json_t *t;
        size_t k;
        json_array_foreach(list, k, t)
        {
            if (strcmp(json_string_value(json_object_get(t, "techniqueID")), cases[i].technique) ||
                strcmp(json_string_value(json_object_get(t, "tactic")), cases[i].tactic))
                continue;
            assert_int_equal(score, -1);
            score = (int)json_integer_value(json_object_get(t, "score"));
            comment = json_string_value(json_object_get(t, "comment"));
        }
        check_int(cases[i].technique, score, cases[i].score);
        if (score >= 0)
            check_str(cases[i].technique, str_of(comment), str_of(cases[i].comment));
    }
    json_decref(layer);
    buf_release(&b);
}

static void page_has_a_row_for_each(void **state)
{
    static const char *const lines[] = {
        "\n| Impact | 18 | 2 |\n",
        "\n| Execution | 6 | 1 |\n",
        "\n## Impact\n\n| technique | name | rules |\n",
        "\n| T1485 | Data Destruction | B \\<i\\> (critical) |\n",
        "\n| T1485.001 | Lifecycle-Triggered Deletion | B \\<i\\> (critical); A \\| b (low) |\n",
        "\n| T1562 | Impair Defenses | see its parts |\n",
        "\n| T1610 | Deploy Container (of another platform) | E (medium) |\n",
        "\n| T1531 | Account Access Removal | **none** |\n",
        "\n- F (medium): TA0002 T9999\n",
        "\n- G (medium): no tag of ATT&CK\n",
    };
    struct buf b;
    (void)state;
    put(&b, coverage_put_markdown);
    for (size_t i = 0; i < COUNT(lines); i++)
        if (str_find(buf_str(&b), str_of(lines[i]), 0) == SIZE_MAX)
            fail_msg("missing: %s\nin: %s", lines[i], buf_z(&b));
    assert_true(str_find(buf_str(&b), S("T1613"), 0) == SIZE_MAX);
    buf_release(&b);
}

/* As many as github.com/mitre/cti has at 18.1 with the platform IaaS: by tactic, counted there. */
static void matrix_is_whole(void **state)
{
    static const struct {
        const char *tactic;
        int n;
    } counts[] = {
        {"initial-access", 5},   {"execution", 6},
        {"persistence", 15},     {"privilege-escalation", 10},
        {"defense-evasion", 26}, {"credential-access", 19},
        {"discovery", 18},       {"lateral-movement", 6},
        {"collection", 6},       {"exfiltration", 3},
        {"impact", 18},          {"command-and-control", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(counts); i++) {
        struct mitre_walk w = {0};
        struct mitre_cell cell;
        int n = 0;
        while (mitre_next(&w, &cell))
            n += cell.iaas && str_eqz(cell.tactic_slug, counts[i].tactic);
        check_int(counts[i].tactic, n, counts[i].n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layer_scores_techniques),
        cmocka_unit_test(page_has_a_row_for_each),
        cmocka_unit_test(matrix_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
