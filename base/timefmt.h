/* Points in time: milliseconds since 1970-01-01T00:00:00Z, and their text. No clock is read here.
 */
#ifndef TW_BASE_TIMEFMT_H
#define TW_BASE_TIMEFMT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* Reads RFC 3339: YYYY-MM-DDThh:mm:ss[.fraction](Z|+hh:mm|-hh:mm), also a blank for the T, and a
 * bare date (its midnight, UTC). Digits beyond milliseconds are cut. False for anything else, for a
 * day the month has not, or a leap second. */
bool time_parse(struct str s, int64_t *ms);

/* Writes YYYY-MM-DDThh:mm:ss[.mmm]Z, with the fraction only when it is not zero. */
void time_put(struct buf *b, int64_t ms);

/* Broken-down UTC, for formats of others (SigV4 dates, HTTP dates, object keys). */
struct time_parts {
    int year, month, day, hour, minute, second, ms; /* month and day from 1 */
    int weekday;                                    /* 0 is Sunday */
};

struct time_parts time_split(int64_t ms);
/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar. */
int64_t time_days(int year, int month, int day);

#endif
