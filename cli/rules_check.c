/* trailwarden rules check: loads rules and says what is wrong with them. */
#include "cli/command.h"
#include "cli/rules.h"

static int check(const struct rules_asked *a)
{
    struct err e = {0};
    struct loaded rules;
    int code = EXIT_DONE;
    bool loaded = rules_load(&a->rules, a->config, &rules, &e);
    diags_print(stderr, &rules.diags);
    if (loaded) {
        size_t refused = diags_count(&rules.diags, DIAG_REFUSED);
        printf("%u rules in %zu files loaded, %zu refused, %zu skipped, %zu warnings\n",
               rules.rules->n_rules, rules.files, refused, diags_count(&rules.diags, DIAG_SKIPPED),
               diags_count(&rules.diags, DIAG_WARNING));
        code = refused ? EXIT_USAGE : EXIT_DONE;
    } else {
        code = fail(&e);
    }
    loaded_release(&rules);
    return code;
}

int rules_check(int argc, char **argv)
{
    static const struct rules_usage usage = {
        .text = "usage: trailwarden rules check [options] [PATH ...]    (default: the shipped "
                "rules)\n\n"
                "Exit 2 when a rule does not load.\n",
    };
    struct rules_asked a;
    int code;
    if (rules_asked_read(&a, &usage, argc, argv, &code))
        code = check(&a);
    rules_asked_release(&a);
    return code;
}
