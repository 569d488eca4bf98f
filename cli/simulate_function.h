/* A simulation's objects through a deployed function, by calls of it. */
#ifndef TW_CLI_SIMULATE_FUNCTION_H
#define TW_CLI_SIMULATE_FUNCTION_H

#include "cli/simulate_invoke.h"

struct function_asked {
    const char *bucket; /* where the objects go; the function has to be allowed to read it */
    const char *name;
    const char *folder; /* where the objects lie */
};

/* Asks the function for its self-test: whether it is there and may be called, before anything is
 * written. */
TW_MUST_USE bool simulate_ask_function(const char *name, struct err *e);

/* Puts the objects into the bucket, then calls the function for each, one behind the other. It
 * goes by its own clock, state and rules, and tells whom it always tells. */
TW_MUST_USE bool simulate_invoke_function(const struct function_asked *a, const struct vec *objects,
                                          struct found *f, struct err *e);

#endif
