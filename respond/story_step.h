/* One call as a story keeps it, with its record: a block of its own, so that it can be dropped when
 * a graver one needs the room. */
#ifndef TW_RESPOND_STORY_STEP_H
#define TW_RESPOND_STORY_STEP_H

#include "respond/facts.h"
#include "respond/lineage.h"

/* What a call did to what it was about. */
enum story_access {
    ACCESS_READ,
    ACCESS_CHANGE,
    ACCESS_SHARE, /* opened to others: policies of buckets and keys, attributes of snapshots */
    ACCESS_DELETE,
    ACCESS_KINDS
};

/* "read", "changed", "shared", "deleted" */
const char *story_access_name(enum story_access access);

/* By the call's name: AWS's verbs are few, and what shares is a list. source as facts tell it; of
 * other logs than CloudTrail respond/story_other.h says it. */
enum story_access story_access_of(struct str source, struct str name);

/* Texts of a step. Absent: the record has none. */
enum story_text {
    STEP_ID,
    STEP_SOURCE,
    STEP_NAME,
    STEP_ERROR,
    STEP_IP,
    STEP_AGENT,
    STEP_ACCOUNT,
    STEP_REGION,
    STEP_COUNTRY, /* two letters */
    STEP_ORG,     /* whose network the address is */
    STEP_KEY,     /* access key id that signed */
    STEP_MFA,     /* "true", "false" */
    STEP_RAW,     /* the record, secrets taken out */
    STEP_TEXTS
};

/* Names of one call's targets; more are in the record. */
#define STEP_TARGETS_MAX 8
/* Bytes of a record that is kept. CloudTrail's are 1.5 KB on average and 256 KB at most; longer
 * ones are told without it. */
#define STEP_RAW_MAX (64u << 10)
/* Bytes of any other text. */
#define STEP_TEXT_MAX 1024

struct story_target {
    const char *type; /* a constant */
    struct str name;
};

struct story_step {
    struct id128 event; /* as seen_id makes it */
    int64_t time_ms;    /* INT64_MIN: it tells none */
    uint32_t story;     /* whose, as position */
    uint32_t actor;     /* in the incident's actors */
    uint32_t file;      /* in the story's files */
    bool evidence;      /* an alert of the incident names it */
    bool recalled;      /* the record was not read: an alert's note of it is all there is */
    enum story_access access;
    uint32_t asn;
    struct str text[STEP_TEXTS];
    struct story_target targets[STEP_TARGETS_MAX];
    size_t n_targets;
    size_t bytes; /* of the block */
};

/* A step of the present event, its place (story, actor, file, evidence) left 0; NULL when memory is
 * out. Given back with free(). */
struct story_step *story_step_new(struct event *ev, const struct facts *f);

struct seen_events;
struct seen;

/* A step of what is kept of an alert's event whose record was not read, signed with `key`; it does
 * not tell whether the call succeeded. NULL when memory is out. */
struct story_step *story_step_recall(const struct seen_events *seen, const struct seen *of,
                                     struct str key);

/* Whether the call was refused or failed. */
static inline bool story_step_failed(const struct story_step *s)
{
    return s->text[STEP_ERROR].n > 0;
}

#endif
