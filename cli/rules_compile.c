/* trailwarden rules compile: rules into one file that is used as it lies. */
#include "adapters/output.h"
#include "adapters/rules.h"
#include "cli/command.h"
#include "cli/rules.h"
#include "engine/bundle.h"

static bool write_bundle(const char *path, const struct buf *bundle, struct err *e)
{
    struct output o;
    bool ok = output_open(&o, path, e);
    if (ok) {
        o.pending.max = bundle->n; /* one result of any size */
        buf_put(&o.pending, buf_str(bundle));
        ok = output_put(&o, e) && output_commit(&o, e);
        output_release(&o);
    }
    return ok;
}

static int compile(const struct rules_asked *a, const char *path, bool scan)
{
    struct err e = {0};
    struct loaded rules;
    struct buf bundle;
    int code = EXIT_DONE;
    buf_init(&bundle, BUNDLE_MAX);
    bool ok = rules_load_compiled(&a->rules, a->config, !scan, &bundle, &rules, &e);
    diags_print(stderr, &rules.diags);
    if (ok && rules.rules->n_rules == 0)
        ok = err_set(&e, ERR_USAGE, "there is not one rule to compile");
    if (ok && write_bundle(path, &bundle, &e)) {
        size_t refused = diags_count(&rules.diags, DIAG_REFUSED);
        printf("%s: %u rules of %zu files, %zu bytes, %zu refused\n", path, rules.rules->n_rules,
               rules.files, bundle.n, refused);
        code = refused ? EXIT_UNREADABLE : EXIT_DONE;
    } else {
        code = fail(&e);
    }
    loaded_release(&rules);
    buf_release(&bundle);
    return code;
}

int rules_compile(int argc, char **argv)
{
    const char *path = NULL;
    bool scan = false;
    const struct option more[] = {
        {"output", 'o', OPTION_TEXT, &path, "FILE", "where to (default: " BUNDLE_FILE ")"},
        {"scan", 0, OPTION_FLAG, &scan, NULL,
         "keep what only scan can evaluate; the function refuses such a file"},
    };
    const struct rules_usage usage = {
        .text = "usage: trailwarden rules compile [options] [PATH ...]    (default: the shipped "
                "rules)\n\n"
                "Makes one file of the rules, placeholders and filters of the configuration\n"
                "included, that --rules and TRAILWARDEN_RULES take in place of the rules.\n",
        .more = more,
        .n_more = sizeof more / sizeof *more,
    };
    struct rules_asked a;
    int code;
    if (rules_asked_read(&a, &usage, argc, argv, &code))
        code = compile(&a, path ? path : BUNDLE_FILE, scan);
    rules_asked_release(&a);
    return code;
}
