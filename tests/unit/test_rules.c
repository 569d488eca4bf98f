/* adapters/rules.c: what is loaded from which files, and whose fault a failure is. */
#include "adapters/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/support/check.h"

#define RULE(letter)                                                                               \
    "title: " letter "\nlogsource: {product: aws, service: cloudtrail}\n"                          \
    "detection: {s: {eventName: " letter "}, condition: s}\n"

static const struct {
    const char *name, *text;
} files[] = {
    {"a.yml", RULE("A")},
    {"b.yaml", RULE("B")},
    {"a.test.yml", "tests: []\n"},
    {"c.txt", RULE("C")},
    {"no.yml", "title: Broken\ndetection: 7\n"},
    {"expand.yml", "title: Expand\nlogsource: {product: aws, service: cloudtrail}\n"
                   "detection: {s: {userName|expand: '%admins%'}, condition: s}\n"},
    {"sum.yml", RULE("S") "name: s\n---\ntitle: Sum\ncorrelation: {type: value_sum, rules: s, "
                          "timespan: 1m, condition: {field: n, gte: 5}}\n"},
    {"config", "placeholders: {admins: [alice]}\n"},
    {"wrong", "placeholders: 7\n"},
};

static int set_up(void **state)
{
    static char root[] = "/tmp/trailwarden-test-XXXXXX";
    *state = root;
    if (!mkdtemp(root) || chdir(root) != 0)
        return -1;
    for (size_t i = 0; i < COUNT(files); i++) {
        FILE *f = fopen(files[i].name, "w");
        if (!f)
            return -1;
        fputs(files[i].text, f);
        fclose(f);
    }
    return 0;
}

static int tear_down(void **state)
{
    for (size_t i = 0; i < COUNT(files); i++)
        unlink(files[i].name);
    return chdir("/") != 0 || rmdir(*state) != 0;
}

static const struct {
    const char *name, *roots[3], *config;
    bool durable;
    size_t n_files, n_rules, refused;
    const char *sentence; /* of the failure; NULL: there is none */
} cases[] = {
    {"a folder", {"."}, "config", false, 5, 5, 1, NULL},
    {"only what scan can evaluate is missing", {"."}, "config", true, 5, 4, 2, NULL},
    {"without a configuration", {"."}, NULL, false, 5, 4, 2, NULL},
    {"a file by any name", {"c.txt"}, NULL, false, 1, 1, 0, NULL},
    {"two roots", {"b.yaml", "a.yml"}, NULL, false, 2, 2, 0, NULL},
    {"no rule that loads is no failure", {"no.yml"}, NULL, false, 1, 0, 1, NULL},
    {"no such root", {"a.yml", "none.yml"}, NULL, false, 0, 0, 0, "none.yml: No such file"},
    {"no such configuration", {"a.yml"}, "none", false, 0, 0, 0, "none: No such file"},
    {"a wrong configuration", {"a.yml"}, "wrong", false, 0, 0, 0, "wrong:1: "},
};

static void loads(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *name = cases[i].name;
        struct rule_files from = {
            .roots = cases[i].roots, .config = cases[i].config, .durable = cases[i].durable};
        struct diags diags;
        struct ruleset *rules;
        struct err e = {0};
        size_t n_files;
        while (from.roots[from.n_roots])
            from.n_roots++;
        diags_init(&diags);
        const bool ok = rule_files_load(&from, &diags, &rules, &n_files, &e);
        check_int(name, ok, cases[i].sentence == NULL);
        check_int(name, e.kind, ok ? ERR_NONE : ERR_USAGE);
        check_int(name, rules != NULL, ok);
        check_size(name, n_files, cases[i].n_files);
        check_size(name, diags_count(&diags, DIAG_REFUSED), cases[i].refused);
        if (ok)
            check_size(name, rules->n_rules, cases[i].n_rules);
        else
            check_true(e.text, str_find(str_of(e.text), str_of(cases[i].sentence), 0) != SIZE_MAX);
        ruleset_free(rules);
        diags_release(&diags);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
