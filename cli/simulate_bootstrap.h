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
    const char *config;  /* --config; NULL: as the environment says */
    const char *folder;  /* where the objects lie */
};

/* Puts the objects into the bucket, then runs bootstrap with one notification each, one behind the
 * other. The environment decides the rest, as on Lambda: AWS_ENDPOINT_URL, TRAILWARDEN_TABLE
 * (without one there are no incidents). */
TW_MUST_USE bool simulate_invoke_bootstrap(const struct bootstrap_asked *a,
                                           const struct vec *objects, struct found *f,
                                           struct err *e);

#endif
