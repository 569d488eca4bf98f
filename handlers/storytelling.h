/* The story of an incident, for who asks the function for it:
 *
 *   {"trailwarden":{"action":"story","incident":"<32 hex>"}}
 *   {"ok":true,"incident":"<32 hex>","report":"s3://bucket/prefix/story-<32 hex>.html","steps":41}
 *
 * The page is that of `trailwarden story` without logs: what the alerts kept of their events. The
 * function reads no log again, which could take longer than it may run. */
#ifndef TW_HANDLERS_STORYTELLING_H
#define TW_HANDLERS_STORYTELLING_H

#include "handlers/ports.h"
#include "handlers/teller.h"

/* Bytes of one page: 1,600 steps of a KB, the incident's JSON and the viewer; a Lambda of 128 MB.
 */
#define STORYTELLING_PAGE_MAX (24u << 20)

/* Obeys the order, of which "incident" is read. ERR_USAGE when it names none, ERR_MISSING when the
 * state knows it not (any more); else what the state or the port said. */
TW_MUST_USE bool storytelling_order(struct teller *t, const struct ruleset *rules,
                                    const struct port_reports *reports, struct str order,
                                    struct buf *answer, struct err *e);

#endif
