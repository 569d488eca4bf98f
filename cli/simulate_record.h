/* A step as the record that its log would have of it. */
#ifndef TW_CLI_SIMULATE_RECORD_H
#define TW_CLI_SIMULATE_RECORD_H

#include "cli/simulate_names.h"
#include "cli/simulate_scenario.h"

#define SIMULATE_RECORD_MAX (256u << 10) /* CloudTrail's own limit of an event */
#define SIMULATE_HOME       "eu-west-1"  /* where the simulated account is at home */

/* Which log has it: who acts says so. */
enum record_log { RECORD_CLOUDTRAIL, RECORD_OKTA, RECORD_FLOW, RECORD_GITHUB, RECORD_KUBERNETES };

/* The step's repeat names->n at names->time_ms. */
struct deed {
    struct simulate_names *names;
    struct step *step;
    struct str event_id; /* a UUID */
};

/* Where it is told: the step's region, else us-east-1 for services that are everywhere. */
struct str record_region(const struct step *s);

enum record_log record_log(const struct step *s);

/* Appends the record, and begins the session of who it `starts`: JSON of the shape of CloudTrail's
 * record contents, version 1.11, or what cli/simulate_sources.h says. ERR_INPUT with the step's
 * line. */
TW_MUST_USE bool record_put(struct buf *out, const struct deed *d, struct err *e);

/* Appends the ARN of who acts, as records show it. */
TW_MUST_USE bool record_put_actor(struct buf *out, const struct simulate_names *names,
                                  const struct actor *a, struct err *e);

#endif
