/* trailwarden rules check: loads rules and says what is wrong with them, also with those that load.
 */
#include <unistd.h>

#include "adapters/files.h"
#include "cli/command.h"
#include "cli/rules.h"

/* ---- tests beside the rules ---- */

/* "rules/impact/x" of rules/impact/x.yml. */
static struct str stem_of(struct str file)
{
    struct str yml = S(".yml"), yaml = S(".yaml");
    size_t n = str_ends(file, yml) ? yml.n : str_ends(file, yaml) ? yaml.n : 0;
    return str_slice(file, 0, file.n - n);
}

/* "rules/impact" of rules/impact/x.yml; empty: the working directory. */
static struct str folder_of(struct str file)
{
    size_t n = file.n;
    while (n > 0 && file.p[n - 1] != '/')
        n--;
    return str_slice(file, 0, n ? n - 1 : 0);
}

static bool has_tests(struct str file)
{
    static const char *const endings[] = {".test.yml", ".test.yaml"};
    struct buf path;
    bool found = false;
    buf_init(&path, FILES_PATH_MAX);
    for (size_t i = 0; i < sizeof endings / sizeof *endings && !found; i++) {
        buf_reset(&path);
        buf_put(&path, stem_of(file));
        buf_putz(&path, endings[i]);
        found = buf_z(&path) && access(buf_z(&path), F_OK) == 0;
    }
    buf_release(&path);
    return found;
}

/* Whether some file of the folder has tests. Rules of a file, and files of a folder, follow each
 * other (the walk's order). */
static bool folder_has_tests(const struct ruleset *rs, struct str folder)
{
    struct str last = STR_ABSENT;
    for (uint32_t i = 0; i < rs->n_rules; i++) {
        struct str file = rs_str(rs, rs->rules[i].file);
        if (!str_eq(folder_of(file), folder) || str_eq(file, last))
            continue;
        if (has_tests(file))
            return true;
        last = file;
    }
    return false;
}

/* Warns about rule files without tests: in folders where others have some, or (all) anywhere. */
static void lint_tests(const struct ruleset *rs, bool all, struct diags *diags)
{
    struct str last = STR_ABSENT, folder = STR_ABSENT;
    bool wanted = all;
    for (uint32_t i = 0; i < rs->n_rules; i++) {
        const struct rs_rule *r = &rs->rules[i];
        struct str file = rs_str(rs, r->file);
        if (str_eq(file, last) || r->dialect != DIALECT_SIGMA)
            continue;
        last = file;
        if (!str_eq(folder, folder_of(file))) {
            folder = folder_of(file);
            wanted = all || folder_has_tests(rs, folder);
        }
        if (wanted && !has_tests(file))
            diag_add(diags, DIAG_WARNING, file, r->line, rs_str(rs, r->id),
                     "it has no tests: there is no %.*s.test.yml", (int)stem_of(file).n, file.p);
    }
}

/* ---- the command ---- */

static int check(const struct rules_asked *a, bool strict)
{
    struct err e = {0};
    struct loaded rules;
    int code = EXIT_DONE;
    bool loaded = rules_load_linted(&a->rules, a->config, &rules, &e);
    if (loaded)
        lint_tests(rules.rules, strict, &rules.diags);
    diags_print(stderr, &rules.diags);
    if (loaded) {
        size_t refused = diags_count(&rules.diags, DIAG_REFUSED);
        size_t warnings = diags_count(&rules.diags, DIAG_WARNING);
        printf("%u rules in %zu files loaded, %zu refused, %zu skipped, %zu warnings\n",
               rules.rules->n_rules, rules.files, refused, diags_count(&rules.diags, DIAG_SKIPPED),
               warnings);
        code = refused ? EXIT_USAGE : strict && warnings ? EXIT_UNREADABLE : EXIT_DONE;
    } else {
        code = fail(&e);
    }
    loaded_release(&rules);
    return code;
}

int rules_check(int argc, char **argv)
{
    bool strict = false;
    const struct option more = {
        "strict", 0,    OPTION_FLAG,
        &strict,  NULL, "a warning fails the check; rules without tests are warned about anywhere"};
    const struct rules_usage usage = {
        .text = "usage: trailwarden rules check [options] [PATH ...]    (default: the shipped "
                "rules)\n\n"
                "Exit 2 when a rule does not load, with --strict 1 when there is a warning.\n",
        .more = &more,
        .n_more = 1,
    };
    struct rules_asked a;
    int code;
    if (rules_asked_read(&a, &usage, argc, argv, &code))
        code = check(&a, strict);
    rules_asked_release(&a);
    return code;
}
