/* What `trailwarden backfill` decides about each key of an archive. Pure. */
#ifndef TW_CLI_BACKFILL_H
#define TW_CLI_BACKFILL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* An object of a day may hold events of the day before, and an event may lie in an object of the
 * day after: CloudTrail delivers within minutes on average, and sometimes after hours. */
#define BACKFILL_LATE_MS 21600000LL

/* Days since 1970, both included, that objects may be of; INT64_MIN and INT64_MAX: any. */
struct backfill_days {
    int64_t from, to;
};

/* The days of the objects in which events of that time can be. */
int64_t backfill_first_day(int64_t from_ms);
int64_t backfill_last_day(int64_t to_ms);

enum backfill_verdict {
    BACKFILL_TAKE,
    BACKFILL_LEAVE /* a folder's marker, an empty object, a digest, another day */
};

/* Judges an object by its key, as CloudTrail makes keys:
 *   [prefix/]AWSLogs/[o-id/]111122223333/CloudTrail/eu-west-1/2026/03/17/<name>.json.gz
 * A key that has no /YYYY/MM/DD/ in it is of every day. *jump (emptied first) gets the text behind
 * which, in the order of keys, the next one can be that is worth looking at; it stays empty when
 * that may be the very next. */
enum backfill_verdict backfill_judge(const struct backfill_days *days, struct str key,
                                     uint64_t bytes, struct buf *jump);

/* Appends the notification of an object, as S3 would send it (docs/envelopes.md):
 *   {"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":
 *     {"name":"logs"},"object":{"key":"AWSLogs/..","size":812}},"trailwarden":{"learn":true}}]}
 * the last member only when it is to be learned from. */
void backfill_put_message(struct buf *b, struct str bucket, struct str key, uint64_t bytes,
                          bool learn);

#endif
