/* The subcommands and what they share: exit codes, complaints, rules. */
#ifndef TW_CLI_COMMAND_H
#define TW_CLI_COMMAND_H

#include <stdio.h>

#include "base/err.h"
#include "base/vec.h"
#include "engine/diag.h"
#include "engine/ruleset.h"

/* Precedence when several apply: FAILED, USAGE, REFUSED, FOUND, UNREADABLE. */
enum {
    EXIT_DONE = 0,
    EXIT_UNREADABLE = 1, /* done, but something was unreadable or refused; a rule's test failed */
    EXIT_USAGE = 2,      /* wrong usage; a rule that does not load, where that matters */
    EXIT_FOUND = 3,      /* --fail-on */
    EXIT_FAILED = 4,
    EXIT_REFUSED = 5, /* containment: a rail or a person said no; advice: the logs do not suffice */
    EXIT_INTERRUPTED = 130
};

/* Each gets its own name as argv[0] and returns an exit code. */
int scan_command(int argc, char **argv);
int incidents_command(int argc, char **argv);
int story_command(int argc, char **argv);
int identities_command(int argc, char **argv);
int contain_command(int argc, char **argv);
int contained_command(int argc, char **argv);
int release_command(int argc, char **argv);
int rules_command(int argc, char **argv);
int policy_command(int argc, char **argv);
int simulate_command(int argc, char **argv);
int invoke_command(int argc, char **argv);
int backfill_command(int argc, char **argv);
int doctor_command(int argc, char **argv);
int version_command(int argc, char **argv);
int rules_check(int argc, char **argv);
int rules_compile(int argc, char **argv);
int rules_list(int argc, char **argv);
int rules_test(int argc, char **argv);
int rules_explain(int argc, char **argv);
int rules_coverage(int argc, char **argv);

/* Prints "trailwarden: sentence" on standard error. */
void complain(const struct err *e);
/* Complains and gives the exit code that fits the kind. */
int fail(const struct err *e);

/* ---- interruption ---- */

/* From now on SIGINT and SIGTERM only raise a flag, once; a second one ends the process. */
void interrupt_watch(void);
bool interrupted(void);

/* ---- rules ---- */

/* Rules that were read, and what there was to say about them. */
struct loaded {
    struct diags diags;
    struct ruleset *rules; /* NULL: none were frozen */
    size_t files;
};

/* Reads the rule files under paths (of const char *; empty: the shipped rules) with the
 * configuration file (NULL: none), as rule_files_load of adapters/rules.h; refusals are diags, and
 * a warning when there was no rule file. Release it in either case. */
TW_MUST_USE bool rules_load(const struct vec *paths, const char *config, struct loaded *out,
                            struct err *e);
/* The same, but compiled rules are refused. */
TW_MUST_USE bool rules_load_sources(const struct vec *paths, const char *config, struct loaded *out,
                                    struct err *e);
/* The same for windows that must be right whatever the order of arrival: what only `scan` can
 * evaluate is refused, as in the Lambda function. */
TW_MUST_USE bool rules_load_durable(const struct vec *paths, const char *config, struct loaded *out,
                                    struct err *e);
/* Of sources only, with what loader_lints of engine/loader.h warns about. */
TW_MUST_USE bool rules_load_linted(const struct vec *paths, const char *config, struct loaded *out,
                                   struct err *e);
/* The rules' sources and, appended to bundle, what they are compiled to (engine/bundle.h): for
 * everybody if `durable`, else for `scan` alone. */
TW_MUST_USE bool rules_load_compiled(const struct vec *paths, const char *config, bool durable,
                                     struct buf *bundle, struct loaded *out, struct err *e);
void loaded_release(struct loaded *l);

/* Loads the rules, with the configuration file or TRAILWARDEN_CONFIG's, prints what there is to say
 * of them, and gives what run says of asked with them: an exit code. */
int with_rules(const struct vec *paths, const char *config,
               int (*run)(const void *asked, const struct ruleset *rules), const void *asked);

/* Prints "file:line: rule: sentence [refused]" (or warning, skipped), one a line, free of control
 * characters. */
void diags_print(FILE *to, const struct diags *d);

/* The path of the shipped rules: ../share/trailwarden/rules beside the executable, else those of
 * the source tree. */
TW_MUST_USE bool rules_shipped(struct buf *path, struct err *e);

#endif
