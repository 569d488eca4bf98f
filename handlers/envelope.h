/* What a Lambda function is called with: a payload in, a list of work out.
 *
 * Read with the span reader of engine/json.h, not with jansson: payloads carry whole CloudTrail
 * records, and those must survive what a strict tree refuses (a lone surrogate in a user agent, an
 * integer over 64 bits) and keep their numbers as written.
 *
 * docs/envelopes.md shows one sample of each payload. */
#ifndef TW_HANDLERS_ENVELOPE_H
#define TW_HANDLERS_ENVELOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "handlers/ports.h"

/* Objects and records of one payload. Lambda's event is at most 6 MB and the shortest S3 event
 * record has 150 bytes, so nothing real is above 40,000. */
#define ENVELOPE_ITEMS_MAX 65536
/* SQS messages of one batch: 10,000 is Lambda's largest BatchSize. */
#define ENVELOPE_GROUPS_MAX 10000
/* Messages inside messages: SQS around SNS around EventBridge is three deep. */
#define ENVELOPE_DEPTH_MAX 4
/* A CloudWatch Logs subscription, inflated. A call carries 6 MB of base64; real ones stay near
 * 1 MB. */
#define ENVELOPE_LOGS_MAX (32u << 20)
/* All texts unescaped from one payload: 6 MB at each depth, and CloudWatch's logs twice. */
#define ENVELOPE_BYTES_MAX (96u << 20)
/* Amazon S3 User Guide, "Creating object key names": 1,024 bytes of UTF-8. */
#define OBJECT_KEY_MAX 1024

enum work_kind {
    WORK_OBJECT, /* a log object to be read */
    WORK_RECORD  /* a record that came inside the payload */
};

struct work_item {
    enum work_kind kind;
    struct object_ref ref; /* WORK_OBJECT */
    struct str record;     /* WORK_RECORD: JSON text */
    bool learn;            /* WORK_OBJECT: of an archive, to learn from (docs/envelopes.md) */
    bool simulated;        /* WORK_OBJECT: of a simulation, whose findings are answered */
    size_t group;          /* position in groups */
};

/* What succeeds or fails together: one SQS message, or the whole payload. */
struct work_group {
    struct str message_id; /* absent when the payload is no SQS batch */
    bool again;            /* it may have come before: only SQS can say that it did not */
    enum err_kind kind;    /* ERR_NONE while nothing is wrong with it */
    struct str why;        /* the first failure's sentence */
    uint64_t failures;
};

/* Borrows the payload, and holds what was unescaped from it. */
struct work {
    struct arena arena;
    struct vec items;         /* struct work_item, in the payload's order */
    struct vec groups;        /* struct work_group */
    struct vec digests;       /* struct object_ref: those that were ignored, in no order */
    bool sqs;                 /* answer with batchItemFailures */
    struct str action;        /* of {"trailwarden":{"action":...}}, else absent */
    struct str order;         /* and the whole of what "trailwarden" says, JSON */
    struct str github_secret; /* set before reading: webhooks must be signed with it; absent: any */
    uint64_t ignored;         /* test events, other S3 events, digests, empty objects, folders */
};

void work_init(struct work *w);
void work_release(struct work *w);

static inline struct work_item *work_item_at(const struct work *w, size_t i)
{
    return vec_at(&w->items, i);
}

static inline struct work_group *work_group_at(const struct work *w, size_t i)
{
    return vec_at(&w->groups, i);
}

/* Notes a failure of the group; the first sentence is kept. */
void work_fail(struct work *w, size_t group, const struct err *why);

/* Reads a payload into w, which must be fresh. What is wrong with one part (an unknown payload, a
 * broken message of a batch, an S3 record without a key) is noted at its group, and the other parts
 * are read; an SNS confirmation is such a failure, its URL is never followed. False only when
 * nothing can be made of the payload at all: no JSON object (ERR_INPUT), too much of anything
 * (ERR_LIMIT), no memory (ERR_SYSTEM). */
TW_MUST_USE bool envelope_read(struct work *w, struct str payload, struct err *e);

#endif
