/* What alerts' events tell of whom, where from and what about, kept small: texts once, events as
 * rows of numbers. Evidence of an alert is known by its id only, and told when all is read. */
#ifndef TW_RESPOND_INCIDENT_SEEN_H
#define TW_RESPOND_INCIDENT_SEEN_H

#include "base/arena.h"
#include "base/vec.h"
#include "respond/facts.h"
#include "respond/lineage_graph.h"

/* Events kept, 72 bytes each; more are counted and missing in their incidents. */
#define SEEN_EVENTS_MAX  (1u << 21)
#define SEEN_TARGETS_MAX (1u << 22)
#define SEEN_TEXTS_MAX   (1u << 20)
#define SEEN_BYTES_MAX   (256u << 20)
/* Names of one call's targets that are kept; a batch of hundreds is one deed. */
#define SEEN_TARGETS_PER_EVENT 16
/* Bytes of a target's name (S3 keys, the longest, have 1,024), of a user agent, and of words like
 * regions, calls and addresses (IAM's longest action has 64). What is longer is cut: an incident
 * that mentions 400 of each a hundred times must still fit one line of output. */
#define SEEN_TEXT_MAX  1024
#define SEEN_AGENT_MAX 512
#define SEEN_WORD_MAX  128

/* Numbers of texts; SEEN_NONE: absent. */
#define SEEN_NONE UINT32_MAX

/* Texts that are looked at before one is hashed: a log repeats few of them often. */
#define SEEN_LATELY 256 /* a power of two */

struct seen {
    struct id128 event;
    int64_t time_ms;     /* INT64_MIN: it tells none */
    uint32_t actor, key; /* in the graph; LINEAGE_NONE */
    uint32_t ip, agent, source, name, account, region;
    uint32_t first_target, n_targets;
};

/* What a call was about. type is a word: "user", "bucket", "arn". */
struct seen_target {
    const char *type;
    uint32_t name;
};

struct seen_events {
    struct vec list;    /* struct seen */
    struct vec targets; /* struct seen_target */
    struct vec texts;   /* struct str */
    struct lineage_map event_at, text_at;
    uint32_t lately[SEEN_LATELY]; /* number of a text, by its quick_hash */
    struct arena bytes;
    uint64_t cut;
};

void seen_init(struct seen_events *s);
void seen_release(struct seen_events *s);

/* The id by which evidence is looked up. */
struct id128 seen_id(struct str evidence);
/* The same when id128_of's is known. */
struct id128 seen_id_of(struct str evidence, struct id128 event);

/* Keeps an event (its seen_id) of which actor and key are known. One that is there already stays as
 * it is. */
void seen_add(struct seen_events *s, struct event *ev, const struct facts *f, struct id128 id,
              uint32_t actor, uint32_t key);

/* What of an event is texts. */
struct seen_words {
    struct str ip, agent, source, name, account, region;
};

/* Keeps an event that was seen elsewhere: its id, time, actor and key as `as` has them. NULL when
 * it is there already, or there is no room. Its targets follow at once. */
struct seen *seen_put(struct seen_events *s, const struct seen *as, const struct seen_words *words);

/* Adds a target to the event that was put last. */
void seen_put_target(struct seen_events *s, struct seen *to, const char *type, struct str name);

/* Calls fn with each name of what the present event is about, secrets taken out, at most
 * SEEN_TARGETS_PER_EVENT. Names are borrowed from the event. */
typedef void (*seen_target_fn)(void *to, const char *type, struct str name);
void seen_each_target(struct event *ev, seen_target_fn fn, void *to);

/* The type that is spelt so, as a constant; NULL for any other word. */
const char *seen_target_type(struct str word);

/* The event of that evidence; NULL when it was not kept. */
const struct seen *seen_find(const struct seen_events *s, struct id128 event);

/* A text by its number; absent for SEEN_NONE. */
struct str seen_text(const struct seen_events *s, uint32_t text);

static inline const struct seen_target *seen_target(const struct seen_events *s, uint32_t i)
{
    return vec_at(&s->targets, i);
}

#endif
