/* A simulation's objects through the function: one notification each, in the order of delivery, and
 * what it answers. Who is called is one of three: the handler in this program, bootstrap with a
 * Runtime API of our own, or a function of Lambda's. */
#ifndef TW_CLI_SIMULATE_INVOKE_H
#define TW_CLI_SIMULATE_INVOKE_H

#include "cli/simulate_found.h"

/* An object of the folder, as it was delivered. */
struct delivered {
    struct str key;
    int64_t at_ms;
};

/* Who is called. */
struct invoker {
    void *self;
    struct str bucket; /* that notifications name */
    bool uploaded;     /* the objects lie there, under simulate_put_key's keys */
    bool silent;       /* it writes nothing on the terminal: progress is shown */
    /* Serves one notification and appends the answer, or says why the function failed (else why is
     * of kind ERR_NONE). False, with e, when nothing more can be served. */
    bool (*serve)(void *self, const struct delivered *d, struct str payload, struct buf *answer,
                  struct err *why, struct err *e);
};

/* Calls it for each object (struct delivered), in their order, and takes the answers into f, which
 * was begun. Delays are told by the deliveries' times, not waited for. */
TW_MUST_USE bool simulate_invoke(const struct invoker *by, const struct vec *objects,
                                 struct found *f, struct err *e);

/* The handler in this program: objects come from the folder, the state lasts for the run, the clock
 * shows each delivery's time, and nothing leaves the machine. rules are those that may run in
 * Lambda. */
TW_MUST_USE bool simulate_invoke_here(const struct ruleset *rules, const char *folder,
                                      const struct vec *objects, struct found *f, struct err *e);

#endif
