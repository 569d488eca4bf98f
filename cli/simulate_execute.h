/* A scenario's harmless steps against a real account, a sandbox, and their removal. */
#ifndef TW_CLI_SIMULATE_EXECUTE_H
#define TW_CLI_SIMULATE_EXECUTE_H

#include "base/str.h"

struct execution_asked {
    const char *scenario; /* its name */
    struct str yaml;      /* and text */
    const char *account;  /* --account: the sandbox, by its id; NULL: refused */
    const char *confirm;  /* --confirm: the same, instead of typing it; NULL: a person is asked */
    const char *journal;  /* --journal; NULL: RUN.journal, in the working directory */
    const char *format;
};

/* Executes it and removes what it made, whatever comes between; an exit code. Needs
 * interrupt_watch. */
int simulate_execute(const struct execution_asked *a);

/* Removes what a journal names; an exit code. */
int simulate_clean_up(const char *journal);

#endif
