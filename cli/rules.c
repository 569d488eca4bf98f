/* trailwarden rules: the subcommand table, and the two short ones, check and list. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "cli/command.h"
#include "cli/options.h"
#include "respond/match.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"check", rules_check, "load rules and say what is wrong with them"},
    {"list", rules_list, "print the rules that load"},
    {"test", rules_test, "run the test cases beside the rules"},
    {"explain", rules_explain, "say why a rule did or did not match an event"},
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

/* ---- check -------------------------------------------------------------------------------------
 */

static int check(const struct vec *paths, const char *config)
{
    struct err e = {0};
    struct loaded rules;
    int code = EXIT_DONE;
    bool loaded = rules_load(paths, config, &rules, &e);
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
    struct err e = {0};
    struct vec paths;
    const char *config = NULL;
    bool help = false;
    const struct option options[] = {
        {"rules", 'r', OPTION_LIST, &paths, "PATH", "the same as naming the path itself"},
        {"config", 0, OPTION_TEXT, &config, "FILE", "placeholders that rules use"},
        {"help", 'h', OPTION_FLAG, &help, NULL, "print this"},
    };
    const size_t n = sizeof options / sizeof *options;
    vec_init(&paths, sizeof(const char *), ARGUMENTS_MAX);
    int code = EXIT_DONE;
    if (!options_read(options, n, argc, argv, &paths, &e)) {
        code = fail(&e);
    } else if (help) {
        puts("usage: trailwarden rules check [options] [PATH ...]    (default: the shipped "
             "rules)\n\n"
             "Exit 2 when a rule does not load.\n");
        options_help(stdout, options, n);
    } else {
        code = check(&paths, config);
    }
    vec_release(&paths);
    return code;
}

/* ---- list --------------------------------------------------------------------------------------
 */

static void put_rule(struct buf *b, const struct ruleset *rs, uint32_t rule, bool jsonl)
{
    const struct rs_rule *r = &rs->rules[rule];
    if (jsonl) {
        rule_put_json(b, rs, rule, STR_ABSENT, &limits_none);
        buf_putc(b, '\n');
        return;
    }
    buf_putf(b, "%-13s ", level_name((enum level)r->level));
    buf_put_terminal(b, rs_str(rs, r->title));
    buf_putz(b, "  ");
    buf_put_terminal(b, rs_str(rs, r->id));
    buf_putz(b, "  ");
    buf_put_terminal(b, rs_str(rs, r->file));
    buf_putc(b, '\n');
}

static int list(const struct vec *paths, const char *config, bool jsonl)
{
    struct err e = {0};
    struct loaded rules;
    bool loaded = rules_load(paths, config, &rules, &e);
    diags_print(stderr, &rules.diags);
    int code = loaded ? EXIT_DONE : fail(&e);
    if (loaded && diags_count(&rules.diags, DIAG_REFUSED))
        code = EXIT_UNREADABLE;
    struct buf line;
    buf_init(&line, 1u << 20);
    for (uint32_t i = 0; loaded && i < rules.rules->n_rules; i++) {
        buf_reset(&line);
        put_rule(&line, rules.rules, i, jsonl);
        struct str s = buf_str(&line);
        fwrite(s.p, 1, s.n, stdout);
    }
    buf_release(&line);
    loaded_release(&rules);
    return code;
}

int rules_list(int argc, char **argv)
{
    struct err e = {0};
    struct vec paths;
    const char *config = NULL;
    const char *format = NULL;
    bool help = false;
    const struct option options[] = {
        {"rules", 'r', OPTION_LIST, &paths, "PATH", "the same as naming the path itself"},
        {"config", 0, OPTION_TEXT, &config, "FILE", "placeholders that rules use"},
        {"format", 0, OPTION_TEXT, &format, "FORMAT", "text or jsonl"},
        {"help", 'h', OPTION_FLAG, &help, NULL, "print this"},
    };
    const size_t n = sizeof options / sizeof *options;
    vec_init(&paths, sizeof(const char *), ARGUMENTS_MAX);
    int code = EXIT_DONE;
    if (!options_read(options, n, argc, argv, &paths, &e)) {
        code = fail(&e);
    } else if (help) {
        puts(
            "usage: trailwarden rules list [options] [PATH ...]    (default: the shipped rules)\n");
        options_help(stdout, options, n);
    } else if (format && strcmp(format, "text") != 0 && strcmp(format, "jsonl") != 0) {
        err_set(&e, ERR_USAGE, "--format %.40s is not available; there are text and jsonl", format);
        code = fail(&e);
    } else {
        bool terminal = isatty(STDOUT_FILENO) == 1;
        code = list(&paths, config, format ? strcmp(format, "jsonl") == 0 : !terminal);
    }
    vec_release(&paths);
    return code;
}
