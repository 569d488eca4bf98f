/* A simulation's objects through the real function: bootstrap itself, fed by a Runtime API of our
 * own on loopback, with the objects in S3. What it would publish is taken in by the same server and
 * goes nowhere. */
#ifndef TW_CLI_SIMULATE_BOOTSTRAP_H
#define TW_CLI_SIMULATE_BOOTSTRAP_H

#include "cli/simulate_invoke.h"

struct bootstrap_asked {
    const char *bucket;  /* where the objects go, under simulated/ */
    const char *program; /* --bootstrap; NULL: beside this program */
    const char *rules;   /* a folder or bundle */
    const char *folder;  /* where the objects lie */
};

/* Puts each object (struct delivered) into the bucket, then runs bootstrap with one notification
 * each, one behind the other: delays are told by the deliveries' times, not waited for. The
 * environment decides the rest, as on Lambda: AWS_ENDPOINT_URL, TRAILWARDEN_TABLE (without one
 * there are no incidents). */
TW_MUST_USE bool bootstrap_make(struct invoked *v, const struct bootstrap_asked *a,
                                const struct vec *objects, struct err *e);

#endif
