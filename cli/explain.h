/* What a rule compiled to, and how each of its tests came out for one event. */
#ifndef TW_CLI_EXPLAIN_H
#define TW_CLI_EXPLAIN_H

#include "base/arena.h"
#include "base/buf.h"
#include "engine/event.h"

#define EXPLAIN_LINES_MAX  2000 /* nodes printed of one rule; public rules have at most 600 */
#define EXPLAIN_VALUES_MAX 10   /* values of a test, or of an event's field, that are printed */
#define EXPLAIN_VALUE_MAX  120  /* bytes of one such value */

/* Appends the rule's program as a tree, one node a line, each begun with "yes" or "no " for this
 * event; a test shows what it asks and what the event has:
 *
 * no   all of
 * yes    eventSource is "cloudtrail.amazonaws.com"; the event has "cloudtrail.amazonaws.com"
 * no     eventName is "StopLogging" or "DeleteTrail"; the event has "DescribeTrails"
 */
void explain_put(struct buf *b, struct event *ev, uint32_t rule);

/* One test, without its result: engine/sigma_match.h's and engine/falco_term.h's. */
void explain_put_sigma(struct buf *b, struct event *ev, const struct rs_pred *p);
void explain_put_falco(struct buf *b, struct event *ev, const struct rs_pred *p);
/* A value as it is printed: quoted, escaped, cut. */
void explain_put_value(struct buf *b, struct str value);
/* The same for one that an event has at this path, without its secrets, as alerts show it
 * (respond/redact.h; promise P5). What a is filled with is not needed behind the call. */
void explain_put_found(struct buf *b, struct str path, struct str value, struct arena *a);

#endif
