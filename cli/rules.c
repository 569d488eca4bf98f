/* trailwarden rules: the subcommand table, the options that all of them have, and the two short
 * ones, check and list. */
#include "cli/rules.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "cli/command.h"
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

/* ---- options -----------------------------------------------------------------------------------
 */

bool rules_asked_read(struct rules_asked *a, const struct rules_usage *usage, int argc, char **argv,
                      int *code)
{
    struct err e = {0};
    bool help = false;
    const struct option common[] = {
        {"rules", 'r', OPTION_LIST, &a->rules, "PATH", "rule file or folder; repeatable"},
        {"config", 0, OPTION_TEXT, &a->config, "FILE", "placeholders that rules use"},
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

/* ---- check -------------------------------------------------------------------------------------
 */

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

static int list(const struct rules_asked *a, bool jsonl)
{
    struct err e = {0};
    struct loaded rules;
    bool loaded = rules_load(&a->rules, a->config, &rules, &e);
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
    struct err e;
    const char *format = NULL;
    const struct option more = {"format", 0, OPTION_TEXT, &format, "FORMAT", "text or jsonl"};
    const struct rules_usage usage = {
        .text = "usage: trailwarden rules list [options] [PATH ...]    (default: the shipped "
                "rules)\n",
        .more = &more,
        .n_more = 1,
    };
    struct rules_asked a;
    int code;
    if (rules_asked_read(&a, &usage, argc, argv, &code)) {
        if (format && strcmp(format, "text") != 0 && strcmp(format, "jsonl") != 0) {
            err_set(&e, ERR_USAGE, "--format %.40s is not available; there are text and jsonl",
                    format);
            code = fail(&e);
        } else {
            bool terminal = isatty(STDOUT_FILENO) == 1;
            code = list(&a, format ? strcmp(format, "jsonl") == 0 : !terminal);
        }
    }
    rules_asked_release(&a);
    return code;
}
