/* What a first_seen rule has learned of an account, or of a key: one item of the state. Pure.
 *
 *   bytes  1  version, 1
 *          8  oldest: when it was first seen
 *          8  renewed: when the item was last written
 *   and for each value of the key that is remembered (none of an account)
 *          8  hash of the rule, the key and the value
 *          4  hours since 1970 when a use was last noted
 * Numbers are big-endian, times milliseconds since 1970, two's complement. */
#ifndef TW_HANDLERS_LEARNED_H
#define TW_HANDLERS_LEARNED_H

#include "handlers/windows.h"

#define LEARNED_BYTES_MAX (17 + 12 * WINDOWS_FIRST_SEEN_MAX)

struct learned_value {
    uint64_t hash;
    int64_t used_h;
};

struct learned {
    int64_t oldest_ms;  /* INT64_MAX: never */
    int64_t renewed_ms; /* INT64_MIN: never */
    struct vec values;  /* struct learned_value, at most WINDOWS_FIRST_SEEN_MAX */
    bool changed;       /* since it was decoded */
};

void learned_init(struct learned *l);
void learned_release(struct learned *l);

/* An empty blob is an item that is not there: nothing was learned. ERR_INPUT when it is none of
 * ours, ERR_SYSTEM without memory. */
TW_MUST_USE bool learned_decode(struct learned *l, struct str blob, struct err *e);
void learned_encode(const struct learned *l, struct buf *out);

/* Notes that it was seen at first_ms. Written again at now_ms at the latest when that is more than
 * slack_ms after the last time, for an item that nobody writes expires. */
void learned_see(struct learned *l, int64_t first_ms, int64_t now_ms, int64_t slack_ms);

/* A use of a value. A set: noting it again changes nothing but the hour, and that only when it is
 * more than slack_ms later. */
struct learned_use {
    uint64_t hash;
    int64_t used_ms;
    int64_t slack_ms;
    int64_t forgotten_ms; /* values last used before it make room when there is none */
};
/* *kept: it is remembered; not when there is no room. ERR_SYSTEM without memory. */
TW_MUST_USE bool learned_note(struct learned *l, const struct learned_use *u, bool *kept,
                              struct err *e);

#endif
