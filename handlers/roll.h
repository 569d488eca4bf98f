/* Whose logs come: for one account, each region and when its last log and its last digest were
 * announced. The wire form of the item that remembers it; pure. */
#ifndef TW_HANDLERS_ROLL_H
#define TW_HANDLERS_ROLL_H

#include "base/buf.h"
#include "base/err.h"
#include "handlers/logkey.h"

/* AWS has 37 regions in 2025; who may write keys into the bucket must not fill the table. */
#define ROLL_REGIONS_MAX 64
/* Of the wire form: version, number; of each region its name and two times. */
#define ROLL_BYTES_MAX (2 + ROLL_REGIONS_MAX * (1 + LOGKEY_REGION_MAX + 16))
/* What has not been heard of for so long is closed, or nobody cares: seven days. */
#define ROLL_FORGET_MS (7 * 86400000LL)

struct roll_region {
    char name[LOGKEY_REGION_MAX];
    size_t name_n;
    int64_t log_ms, digest_ms; /* 0: none yet */
};

struct roll {
    struct roll_region list[ROLL_REGIONS_MAX];
    size_t n;
};

/* Reads the wire form; of no bytes, the empty roll. ERR_INPUT when it is none of this version. */
TW_MUST_USE bool roll_decode(struct roll *r, struct str bytes, struct err *e);
void roll_encode(const struct roll *r, struct buf *out);

/* An object with that key was announced. True when this is worth writing: a region that was not
 * there, or a time step_ms or more after the one on record. When the roll is full, the region
 * longest unheard makes room. */
bool roll_see(struct roll *r, const struct logkey *k, int64_t at_ms, int64_t step_ms);

/* When the region was last heard of. */
int64_t roll_last_ms(const struct roll_region *g);

/* Whether it can be judged, and is silent: CloudTrail writes a digest each hour even where nothing
 * happens (CloudTrail User Guide, "Validating CloudTrail log file integrity"), so a region that has
 * had one must be heard of again within limit_ms. One that never had one may simply be quiet. */
bool roll_is_watched(const struct roll_region *g, int64_t now_ms);
bool roll_is_silent(const struct roll_region *g, int64_t now_ms, int64_t limit_ms);

#endif
