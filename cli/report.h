/* The attack story of incidents, made of the logs they were found in: reads the logs once more for
 * the steps (respond/story.h), and writes the page. */
#ifndef TW_CLI_REPORT_H
#define TW_CLI_REPORT_H

#include "adapters/output.h"
#include "cli/logs.h"
#include "cli/progress.h"
#include "handlers/advising.h"
#include "handlers/rereading.h"
#include "respond/veil.h"

struct report {
    struct stories stories;
    const struct ruleset *rules;
    struct rereading reading;
    struct progress progress;
    bool redact; /* for sharing (respond/veil.h); to be set before report_take */
    struct veil veil;
    struct advising advising; /* not with redact: a policy is made of names */
};

/* rules and geo are borrowed. Release in either case. */
TW_MUST_USE bool report_init(struct report *r, const struct ruleset *rules,
                             const struct log_said *said, struct port_geo geo, struct err *e);
void report_release(struct report *r);

/* Takes the n incidents of x; as stories_take. With `redact`, x's own names are gone. */
TW_MUST_USE bool report_take(struct report *r, struct incidents *x,
                             const struct incident_group *groups, size_t n, struct err *e);

/* Reads the logs for their steps, with a line of progress. What cannot be read is counted. When
 * somebody interrupts (cli/command.h), the stories are what was read until then, and say so; false
 * only as logs_walk. */
TW_MUST_USE bool report_read(struct report *r, const struct logs *logs, struct err *e);

/* Writes the page into an output that is open. */
TW_MUST_USE bool report_put(const struct report *r, struct output *out, struct err *e);

/* Writes the page to a file that appears when it is whole; NULL: standard output. */
TW_MUST_USE bool report_write(const struct report *r, const char *path, struct err *e);

#endif
