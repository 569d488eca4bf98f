/* Serving invocations: the loop of the function, with everything it needs at hand. */
#ifndef TW_RUNTIME_SERVE_H
#define TW_RUNTIME_SERVE_H

#include "adapters/state_memory.h"
#include "aws/client.h"
#include "base/log.h"
#include "handlers/handle.h"
#include "runtime/rapi.h"

/* The present invocation's deadline, as the clock port tells it. */
struct deadline {
    int64_t at_ms; /* since 1970; 0: none */
};

/* port_clock over the wall clock and the deadline, which is borrowed. */
struct port_clock deadline_clock(struct deadline *d);

/* All borrowed. */
struct server {
    struct rapi *rapi;
    struct handler *handler; /* NULL: make gives it when the first event is there */
    /* Makes the handler, which its owner keeps; false with e: this invocation fails. */
    bool (*make)(void *to, struct handler **handler, struct err *e);
    struct aws_client *client;   /* its deadline is set for each invocation; NULL: none (tests) */
    struct state_memory *memory; /* emptied before each invocation; NULL: the state is elsewhere */
    struct deadline *deadline;
    struct log *log;
    struct str metrics; /* the name they go under, the function's; absent: none are told */
    bool warm;          /* an invocation was served */
    /* Called before each invocation: may put another handler in place. False: it should have and
     * could not, which it has told; that is counted. NULL: none. */
    bool (*refresh)(void *to, struct handler **handler);
    void *to; /* for both */
    uint64_t refresh_failed;
    uint64_t repeats; /* that earlier invocations have told */
};

/* Serves until SIGTERM (true) or until the Runtime API is broken (false, with e). A failing
 * invocation is reported, logged, and the next one served. */
TW_MUST_USE bool serve(struct server *s, struct err *e);

/* The handler's notes become log lines; to is the struct log. */
void serve_note(void *to, enum handle_note what, const char *sentence);
/* So do the objects that are done. */
void serve_done(void *to, const struct handled_object *o);

#endif
