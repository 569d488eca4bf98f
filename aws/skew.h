/* Whether our clock or the server's is wrong, and by how much. Pure. A request signed more than 5
 * minutes off is refused (S3: 15), in words that also mean a wrong secret: only the answer's Date
 * tells which it was. Method: the AWS SDKs' clock skew correction. */
#ifndef TW_AWS_SKEW_H
#define TW_AWS_SKEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define SKEW_RETRY_MS      (4 * 60 * 1000LL)  /* less than this would not have been refused */
#define SKEW_ROUND_TRIP_MS (15 * 60 * 1000LL) /* a slower answer's Date proves nothing */

/* Reads an HTTP Date ("Sun, 06 Nov 1994 08:49:37 GMT", RFC 9110 5.6.7, the form servers must send)
 * as milliseconds since 1970; false for anything else. */
bool skew_parse_date(struct str date, int64_t *ms);

/* How far the server's clock is ahead of ours: Date minus the middle of the round trip, both times
 * of our own uncorrected clock. False when the answer cannot tell: no readable Date, an Age (it
 * comes from a cache), or a round trip too long. */
bool skew_measure(struct str date, struct str age, int64_t sent_ms, int64_t received_ms,
                  int64_t *skew_ms);

/* True when a call signed with `signed_with` ms of correction was refused because of the clock: the
 * measured skew differs by at least SKEW_RETRY_MS. */
bool skew_explains(int64_t measured_ms, int64_t signed_with_ms);

#endif
