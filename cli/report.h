/* The attack story of incidents, made of the logs they were found in: reads the logs once more for
 * the steps (respond/story.h), and writes the page. */
#ifndef TW_CLI_REPORT_H
#define TW_CLI_REPORT_H

#include "cli/logs.h"
#include "handlers/object.h"
#include "respond/story.h"

struct report {
    struct stories stories;
    const struct ruleset *rules;
    struct object_reader reader;
    struct str object;    /* the present one */
    struct sha256 hash;   /* of its stored bytes */
    uint64_t failed, bad; /* objects and records that could not be read */
};

/* rules and geo are borrowed. Release in either case. */
TW_MUST_USE bool report_init(struct report *r, const struct ruleset *rules, struct port_geo geo,
                             struct err *e);
void report_release(struct report *r);

/* The incidents are in r->stories: reads the logs for their steps. What cannot be read is counted;
 * false only when reading was interrupted, or as logs_walk. */
TW_MUST_USE bool report_read(struct report *r, const struct logs *logs, struct err *e);

/* Writes the page to a file that appears when it is whole; NULL: standard output. */
TW_MUST_USE bool report_write(const struct report *r, const char *path, struct err *e);

#endif
