/* The story of an incident, for who asks the function for it:
 *
 *   {"trailwarden":{"action":"story","incident":"<32 hex>"}}
 *   {"ok":true,"incident":"<32 hex>","report":"s3://bucket/prefix/story-<32 hex>.html","steps":41,
 *    "read":{"objects":0,"failed":0,"passed_over":0,"whole":true}}
 *
 * The page is that of `trailwarden story` without logs: what the alerts kept of their events, what
 * is contained and whom a person marked. With "from" the logs that it names are read again for
 * every call and its record:
 *
 *   "from":"s3://bucket/AWSLogs/111122223333/"           or a list of up to STORYTELLING_FROM_MAX
 *
 * An address that ends in .gz or .json is one object, anything else is what keys begin with. Of
 * those in CloudTrail's order, objects of days without a step are passed over, but for those of
 * ADVISING_DAYS before: they are read last, for the policy that the page recommends
 * (handlers/advising.h); not with "advice":false. Reading stops when a third of the time that was
 * left at its beginning is left, or HANDLE_MARGIN_MS and a second; the page says so, and "whole" is
 * false. */
#ifndef TW_HANDLERS_STORYTELLING_H
#define TW_HANDLERS_STORYTELLING_H

#include "handlers/ports.h"
#include "handlers/teller.h"

/* Bytes of one page: the steps and their records, escaped, the incident's JSON and the viewer. */
#define STORYTELLING_PAGE_MAX (24u << 20)
/* What is kept of the logs: the page is to be made within the memory that reading an object takes
 * (docs/bench.md). A step with its record takes 2 KB. */
#define STORYTELLING_STEPS_MAX 2000u
#define STORYTELLING_BYTES_MAX (1u << 20)
#define STORYTELLING_KNOWN_MAX (1u << 16)
/* Bytes of what is read of containment, and of what the page says of it; when it is more, the page
 * does not say what was contained. */
#define STORYTELLING_ABOUT_MAX (2u << 20)
/* Addresses of one order. */
#define STORYTELLING_FROM_MAX 100

/* All borrowed. */
struct storytelling {
    const struct ruleset *rules;
    const struct ports *ports; /* state, objects, listing, clock, geo, reports */
    /* Whether logs may be read from a bucket (handle_config.buckets). */
    bool (*may_read)(void *to, struct str bucket);
    void *to;
    const struct log_said *said;
};

/* Obeys the order, of which "incident" and "from" are read. ERR_USAGE when it names no incident, or
 * when "from" is no address in S3; ERR_DENIED for a bucket that may not be read; ERR_MISSING
 * when the state knows the incident not (any more); else what the state or a port said. Objects
 * that cannot be read are counted, and named by the page. */
TW_MUST_USE bool storytelling_order(struct teller *t, const struct storytelling *with,
                                    struct str order, struct buf *answer, struct err *e);

#endif
