/* What is written of an alert so that its incident can be told later, by somebody who saw none of
 * its events: a few of them, those that say something new of who, where from and what about.
 *
 * The text is one JSON object of at most RECALL_TEXT_MAX bytes. Of an event only that is written
 * which differs from the event before it (null: it has none of it); times are milliseconds:
 *
 * {"rule":"<id>","updates":0,"first":1773755061000,"last":1773755100000,"count":12,"estimated":true,
 *  "events":[{"id":"<32 hex>","time":1773755061000,"actor":"<32 hex>","key":"<32 hex>",
 *    "ip":"198.51.100.7","agent":"aws-cli/2.15.0","source":"iam.amazonaws.com","name":"CreateUser",
 *    "account":"111122223333","region":"us-east-1","about":["user","support"]}, ...]}
 *
 * Without "first" and "last" the alert has no time; about are pairs of type and name. Nodes are
 * named by their ids (respond/lineage.h), events as seen_id makes them. */
#ifndef TW_RESPOND_INCIDENT_RECALL_H
#define TW_RESPOND_INCIDENT_RECALL_H

#include "base/arena.h"
#include "base/buf.h"
#include "respond/alert.h"
#include "respond/incident_seen.h"

/* A hundred of them and a record's own must fit an item of DynamoDB (400 KB). */
#define RECALL_TEXT_MAX 2048
/* Events of one text: a short one takes 100 bytes. */
#define RECALL_EVENTS_MAX 16
/* Events that a text is chosen from: two alerts' evidence. */
#define RECALL_CHOICE_MAX 400

struct recalled_target {
    const char *type; /* a constant of seen_target_type */
    struct str name;
};

struct recalled_event {
    struct id128 event;
    int64_t time_ms;         /* INT64_MIN: it tells none */
    struct id128 actor, key; /* nodes; key 0: none told */
    struct seen_words words;
    const struct recalled_target *targets;
    size_t n_targets;
};

/* All borrowed. */
struct recalled {
    struct str rule; /* id */
    uint32_t updates;
    bool timed, estimated;
    int64_t first_ms, last_ms;
    uint64_t count;
    const struct recalled_event *events;
    size_t n_events;
};

/* Writes it into out, which is emptied first and has a maximum of RECALL_TEXT_MAX: events are left
 * out and strings cut until it fits. False without memory, and out is then empty. a holds what is
 * needed meanwhile. */
TW_MUST_USE bool recall_put(struct buf *out, const struct recalled *r, struct arena *a);

/* Reads it back; false when it is none of ours, or a is full. Borrowed from text and a. */
bool recall_read(struct str text, struct arena *a, struct recalled *out);

/* Writes one text of two of the same alert: what the one with more updates (of equal ones, the
 * greater count) says of it, the earliest and the latest of their times, and the events of both.
 * One that cannot be read does not count. */
TW_MUST_USE bool recall_join(struct buf *out, struct str x, struct str y, struct arena *a);

#endif
