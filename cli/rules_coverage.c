/* trailwarden rules coverage: the techniques of ATT&CK that the rules see. */
#include <string.h>

#include "adapters/output.h"
#include "cli/command.h"
#include "cli/rules.h"
#include "respond/coverage.h"

static bool put(const struct ruleset *rs, bool markdown, const char *path, struct err *e)
{
    struct coverage *c;
    struct output to = {.fd = -1};
    if (!coverage_new(rs, &c, e))
        return false;
    bool ok = output_open(&to, path, e);
    if (ok && markdown)
        coverage_put_markdown(c, &to.pending);
    else if (ok)
        coverage_put_navigator(c, &to.pending);
    ok = ok && output_put(&to, e) && output_commit(&to, e);
    output_release(&to);
    coverage_free(c);
    return ok;
}

static int coverage(const struct rules_asked *a, bool markdown, const char *path)
{
    struct err e = {0};
    struct loaded rules;
    bool ok = rules_load(&a->rules, a->config, &rules, &e);
    diags_print(stderr, &rules.diags);
    ok = ok && put(rules.rules, markdown, path, &e);
    int code = EXIT_DONE;
    if (!ok)
        code = fail(&e);
    else if (diags_count(&rules.diags, DIAG_REFUSED))
        code = EXIT_UNREADABLE;
    loaded_release(&rules);
    return code;
}

int rules_coverage(int argc, char **argv)
{
    const char *format = NULL, *path = NULL;
    const struct option more[] = {
        {"format", 0, OPTION_TEXT, &format, "FORMAT", "navigator (default) or markdown"},
        {"output", 'o', OPTION_TEXT, &path, "FILE", "default: standard output"},
    };
    const struct rules_usage usage = {
        .text = "usage: trailwarden rules coverage [options] [PATH ...]    (default: the shipped "
                "rules)\n\n"
                "navigator is a layer for https://mitre-attack.github.io/attack-navigator/\n",
        .more = more,
        .n_more = sizeof more / sizeof *more,
    };
    struct rules_asked a;
    struct err e = {0};
    int code;
    if (rules_asked_read(&a, &usage, argc, argv, &code)) {
        bool markdown = format && strcmp(format, "markdown") == 0;
        if (format && !markdown && strcmp(format, "navigator") != 0) {
            err_set(&e, ERR_USAGE,
                    "--format %.40s is not available; there are navigator and markdown", format);
            code = fail(&e);
        } else {
            code = coverage(&a, markdown, path);
        }
    }
    rules_asked_release(&a);
    return code;
}
