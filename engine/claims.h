/* What has been told about one (rule, key): its episodes as far as they are known, the alerts made
 * for them, and which delivery is to tell each. One item of state, changed by compare-and-set only.
 * Pure: time and owner come from outside.
 *
 * A claim is a span of moments at which the rule holds; claims no further apart than the rule's gap
 * become one and keep all their alerts. A new claim gets one alert, whose id is made from the
 * rule's hash, the key and the claim's first moment. An alert that is due and not told is leased to
 * one delivery at a time; who finds an expired lease takes it over, the id stays. So an alert is
 * told at least once, always under one id (promise P3). */
#ifndef TW_ENGINE_CLAIMS_H
#define TW_ENGINE_CLAIMS_H

#include "base/arena.h"
#include "engine/window.h"

#define CLAIM_ID_BYTES 16
#define CLAIMS_MAX     64 /* claims of one key; beyond it the two oldest are joined, never dropped */
#define CLAIM_ALERTS_MAX                                                                           \
    16 /* alerts of one claim; beyond it told ones are forgotten, oldest first */
#define SKETCH_MAX        64 /* events of one claim that are kept; its count is exact up to here */
#define CLAIM_DETAILS_MAX 4096
/* Of all claims of one key together; whoever tells what has none shows what it knows itself. */
#define CLAIMS_DETAILS_MAX (128u << 10)
/* An item of DynamoDB holds 400 KB; 64 claims of 1.6 KB sketch and 16 alerts of 48 bytes are 160
 * KB, and few are ever at their limit. What is left is for alerts that wait to be told. */
#define CLAIMS_BYTES_MAX (380u << 10)

/* The claimed events with the least hashes: a set of its own, whatever order they come in. Up to
 * SKETCH_MAX they are all of them; beyond, their number is estimated from the largest hash kept
 * (k-th minimum value, relative error about 1 / sqrt(k) = 12 %). */
struct sketch_event {
    int64_t time_ms;
    struct id128 event;
};
struct sketch {
    uint32_t n;
    bool more;                            /* events were left out */
    struct sketch_event list[SKETCH_MAX]; /* ordered by hash of the event */
};

/* Adds an event; one that is there already changes nothing. */
void sketch_add(struct sketch *s, struct id128 event, int64_t time_ms);
void sketch_join(struct sketch *s, const struct sketch *other);
/* Sets keep[i] for those of the n elements whose events a sketch of them all would keep, and for
 * one event more, so that it finds that there are others. Leaves the rest of keep as it is. */
void sketch_choose(const struct element *e, size_t n, bool *keep);
/* How many events were added; exact while !more. */
uint64_t sketch_count(const struct sketch *s);

struct claim_alert {
    unsigned char id[CLAIM_ID_BYTES];
    unsigned char owner[CLAIM_ID_BYTES]; /* the delivery that is to tell it */
    int64_t lease_ms;                    /* till when, wall clock */
    uint32_t due;  /* messages that must be told: 1 is the alert itself, n + 1 its n-th update */
    uint32_t told; /* the newest that was told; 0: none */
};

struct claim {
    int64_t first_ms, until_ms; /* moments */
    int64_t last_ms;            /* the latest event */
    /* What the newest message of the first alert says, or will once its teller has told it: digits
     * of the count, and how many alerts are this claim's. More of either is news. */
    uint32_t magnitude, mentioned;
    uint32_t n_alerts;
    struct claim_alert *alerts; /* the first is the episode's own, the others joined it */
    struct sketch events;
    struct str details; /* what the first teller knows of the first event, for whoever takes over */
};

/* Everything lies in the arena. */
struct claims {
    struct arena *memory;
    struct vec list; /* struct claim *, ascending by first_ms, no two within the gap */
    size_t max;      /* CLAIMS_MAX from init on; more for claims that are never encoded */
};

void claims_init(struct claims *c, struct arena *memory);
void claims_release(struct claims *c);

static inline struct claim *claims_at(const struct claims *c, size_t i)
{
    return *(struct claim **)vec_at(&c->list, i);
}

/* The wire form: a byte of version, then numbers big-endian. Absent or empty is no claims.
 * ERR_INPUT when it is none of ours. */
TW_MUST_USE bool claims_decode(struct claims *c, struct str blob, struct err *e);
void claims_encode(const struct claims *c, struct buf *out);

/* One delivery's part. */
struct claiming {
    int64_t now_ms;
    int64_t lease_ms; /* length of a lease */
    unsigned char owner[CLAIM_ID_BYTES];
    bool again; /* the object came before: what it touches and is untold, it tells itself */
    bool mute;  /* new claims get no alert (learning, or nobody wants to be told) */
    const unsigned char *seed; /* CLAIM_ID_BYTES: rule's hash and key, from which ids are made */
    struct str details;        /* of the earliest of the delivery's own events */
};

/* The id of the alert whose episode first holds at first_ms. */
void claims_id(unsigned char id[CLAIM_ID_BYTES], const unsigned char *seed, int64_t first_ms);

/* Claims the n spans, whose events are the n_events sorted elements (an event belongs to the spans
 * that it lies in or in front of by at most the timespan). Merges, makes alerts, calls for updates
 * (when the count has one digit more than what was told, or an episode that was told has joined
 * another), takes over expired leases. Doing it again changes nothing but what others did. */
TW_MUST_USE bool claims_claim(struct claims *c, const struct window *w, const struct span *spans,
                              size_t n, const struct element *events, size_t n_events,
                              const struct claiming *by, struct err *e);

/* Whether this delivery is to tell alert a of claim cl, its spans being given. */
bool claims_is_mine(const struct claim *cl, const struct claim_alert *a, const struct span *spans,
                    size_t n, const struct claiming *by);

/* Notes that message number `told` of alert id was told. */
void claims_mark(struct claims *c, const unsigned char id[CLAIM_ID_BYTES], uint32_t told);

/* Whether every claim that one of the spans touches is told, with no news left to call for: the
 * object may be acknowledged. */
bool claims_settled(const struct claims *c, const struct span *spans, size_t n);

/* Drops claims that are told and whose memory ended before `horizon_ms` (now less the memory, less
 * the gap and two buckets). */
void claims_expire(struct claims *c, int64_t horizon_ms);

#endif
