/* Command-line options: a table says what there is, one function reads them. */
#ifndef TW_CLI_OPTIONS_H
#define TW_CLI_OPTIONS_H

#include <stdio.h>

#include "base/err.h"
#include "base/vec.h"

#define ARGUMENTS_MAX                                                                              \
    65536 /* paths and repeated options; a shell's expansion of a large folder                     \
           */

enum option_kind {
    OPTION_FLAG, /* to: bool */
    OPTION_TEXT, /* to: const char *; given twice, it is an error */
    OPTION_LIST  /* to: struct vec of const char * */
};

struct option {
    const char *name; /* without the dashes */
    char letter;      /* 0: it has none */
    enum option_kind kind;
    void *to;
    const char *argument; /* for the help: "PATH" */
    const char *help;
};

/* Reads argv[1..]: --name value, --name=value, -l value, -lvalue; after -- all is arguments. rest
 * (of const char *) gets what is no option. All borrowed from argv. ERR_USAGE names the option. */
TW_MUST_USE bool options_read(const struct option *options, size_t n, int argc, char **argv,
                              struct vec *rest, struct err *e);

/* Prints the table. */
void options_help(FILE *to, const struct option *options, size_t n);

#endif
