/* What the commands below `rules` are asked for alike: which rules, and how they are configured. */
#ifndef TW_CLI_RULES_H
#define TW_CLI_RULES_H

#include "cli/options.h"

#define RULES_OPTIONS_MAX 4 /* of a command's own; rules explain has the most, 3 */

struct rules_asked {
    struct vec rules;   /* of const char *: paths */
    struct vec rest;    /* of const char *: arguments, where they are not rules */
    const char *config; /* NULL: none */
};

/* A command's words for --help, printed above the options, and what is special about it. */
struct rules_usage {
    const char *text;
    bool arguments; /* arguments are not rules: they go to rest */
    const struct option *more;
    size_t n_more; /* at most RULES_OPTIONS_MAX */
};

/* Reads the arguments, all borrowed from argv. False when there is nothing left to do: help was
 * printed, or a complaint; *code is then the exit code. Release it in either case. */
TW_MUST_USE bool rules_asked_read(struct rules_asked *a, const struct rules_usage *usage, int argc,
                                  char **argv, int *code);
void rules_asked_release(struct rules_asked *a);

#endif
