/* trailwarden rules: the subcommand table, and the options that all of them have. */
#include "cli/rules.h"

#include <string.h>

#include "cli/command.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"check", rules_check, "load rules and say what is wrong with them"},
    {"compile", rules_compile, "make one file of them that starts at once"},
    {"list", rules_list, "print the rules that load"},
    {"test", rules_test, "run the test cases beside the rules"},
    {"explain", rules_explain, "say why a rule did or did not match an event"},
    {"coverage", rules_coverage, "show which techniques of ATT&CK the rules see"},
};

static void usage(FILE *to)
{
    fprintf(to, "usage: trailwarden rules COMMAND [options] ...\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].help);
    fprintf(to, "\ntrailwarden rules COMMAND --help tells more.\n");
}

int rules_command(int argc, char **argv)
{
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        usage(stdout);
        return EXIT_DONE;
    }
    for (size_t i = 0; argc >= 2 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (argc >= 2)
        fprintf(stderr, "trailwarden: there is no command \"rules %.40s\"\n\n", argv[1]);
    usage(stderr);
    return EXIT_USAGE;
}

/* ---- options ---- */

bool rules_asked_read(struct rules_asked *a, const struct rules_usage *usage, int argc, char **argv,
                      int *code)
{
    struct err e = {0};
    bool help = false;
    const struct option common[] = {
        {"rules", 'r', OPTION_LIST, &a->rules, "PATH", "rule file or folder; repeatable"},
        {"config", 0, OPTION_TEXT, &a->config, "FILE", "placeholders and filters for the rules"},
        {"help", 'h', OPTION_FLAG, &help, NULL, "print this"},
    };
    struct option options[sizeof common / sizeof *common + RULES_OPTIONS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < usage->n_more; i++)
        options[n++] = usage->more[i];
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        options[n++] = common[i];
    *a = (struct rules_asked){0};
    vec_init(&a->rules, sizeof(const char *), ARGUMENTS_MAX);
    vec_init(&a->rest, sizeof(const char *), ARGUMENTS_MAX);
    bool ok = options_read(options, n, argc, argv, usage->arguments ? &a->rest : &a->rules, &e);
    *code = ok ? EXIT_DONE : fail(&e);
    if (ok && help) {
        puts(usage->text);
        options_help(stdout, options, n);
    }
    return ok && !help;
}

void rules_asked_release(struct rules_asked *a)
{
    vec_release(&a->rules);
    vec_release(&a->rest);
}
