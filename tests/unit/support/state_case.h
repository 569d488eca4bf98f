/* What handlers/state.h asks of every state, as one table of cases: run on SQLite by unit tests, on
 * DynamoDB by tests/conformance/state_driver.c. */
#ifndef TW_TESTS_UNIT_SUPPORT_STATE_CASE_H
#define TW_TESTS_UNIT_SUPPORT_STATE_CASE_H

#include "base/buf.h"
#include "handlers/state.h"

struct state_trial {
    struct port_state port;
    const char *salt; /* keys are made from it and the case's name: cases do not meet */
    int64_t now_s;    /* what the port takes for the present; 0: nothing ever expires */
};

struct state_case {
    const char *name;
    /* True when all was as it must be; else `why` says what was not. */
    bool (*run)(const struct state_trial *t, struct buf *why);
};

/* The table; returns how many. */
size_t state_cases(const struct state_case **list);

/* SHA-256 of the texts, so that keys of different cases and runs differ. */
struct state_key state_case_key(const char *salt, const char *name);

#endif
