/* The stories of a run's or a state's incidents: all that their identities did while they lasted,
 * call by call, not only what rules held for.
 *
 * Incidents are known when all is read, so the log is read once more for their steps: whoever
 * acted in a record is looked up among the incidents' identities (their names, keys and users, as
 * lineages join them), and the call is a step when it lies within INCIDENT_GAP_MS of the incident.
 * Of services, whole accounts and strangers only what alerts name is told, for their other calls
 * are other people's; and of a machine's flows, most of which are its everyday work.
 *
 * Bounded: the gravest incidents, and of all steps together the first STORY_STEPS_MAX by: named by
 * an alert; not only reading; near in time to the incident; the event's id. So what is kept does
 * not depend on the order in which it came (promise P1), and what was left out is counted. Pure. */
#ifndef TW_RESPOND_STORY_H
#define TW_RESPOND_STORY_H

#include "respond/incident_make.h"
#include "respond/story_step.h"

/* Incidents of one page, the gravest. */
#define STORIES_MAX 20
/* A browser opens a page of so many rows within 4 s (docs/bench.md). */
#define STORY_STEPS_MAX 20000u
/* Bytes of all steps with their records. */
#define STORY_BYTES_MAX (64u << 20)
/* Identities of 20 incidents, under all their names. */
#define STORY_DOERS_MAX (STORIES_MAX * 4u * INCIDENT_ACTORS_MAX)
/* Events that were steps at any time, 24 bytes each; further ones are counted. */
#define STORY_KNOWN_MAX (1u << 21)
/* Files that steps came from are named with their hashes; the rest are counted. */
#define STORY_FILES_MAX      10000u
#define STORY_FILE_TEXTS_MAX (16u << 20)

/* How much is kept; for who has less room than the limits above. */
struct story_bounds {
    size_t steps, bytes, known;
};

/* A log object that was read. */
struct story_file {
    struct str name;
    char sha256[SHA256_HEX + 1]; /* of its stored bytes; empty when it could not be read whole */
    uint64_t records;
};

struct story {
    struct incident incident;
    int64_t from_ms, until_ms; /* times within which calls are steps */
    uint32_t first, n;         /* its steps, in stories.steps; after stories_end */
    uint64_t cut;              /* steps that found no room */
    /* Put in by whoever knows; borrowed. JSON, or absent: nothing is known. */
    struct str containment; /* an array, each as contain_put_state makes it */
    struct str marks;       /* an array of what persons said of its identities (handlers/marks.h) */
    struct str advice;      /* what the identities may keep */
};

/* What decides whether a step stays, in the order that is told above. */
struct story_weight {
    struct id128 event;
    uint64_t distance; /* ms to the incident */
    uint32_t story;
    bool evidence, reads;
};

struct stories {
    struct vec list;     /* struct story *, the gravest first */
    struct vec doers;    /* who did what: sorted by node */
    struct vec evidence; /* events that alerts name: sorted by event */
    struct vec steps;    /* struct story_step *; after stories_end by story, time, event */
    struct lineage_map known;
    struct vec files; /* struct story_file; after stories_end by name */
    struct arena texts;
    size_t bytes;      /* of the steps */
    uint64_t records;  /* that were looked at */
    int64_t newest_ms; /* of them; INT64_MIN: none tells a time */
    uint64_t copies;   /* records that were there before */
    uint64_t lost;     /* beyond STORY_KNOWN_MAX, or without memory */
    uint64_t files_cut;
    uint64_t passed_over; /* objects of other days, which were not read */
    /* Why the logs were not read to their end, as the rest of a sentence; a constant. NULL: they
     * were. */
    const char *stopped;
    struct story_bounds bounds;
    bool full;                   /* a step found no room */
    struct story_weight dropped; /* the weightiest that found none */
    uint32_t file;               /* the present one; LINEAGE_NONE: it found no room */
    uint32_t incidents_cut;      /* beyond STORIES_MAX */
};

void stories_init(struct stories *s);
/* Keeps less. Right behind stories_init; no bound may be above its limit. */
void stories_bound(struct stories *s, const struct story_bounds *b);
void stories_release(struct stories *s);

/* Takes the n incidents of x, which incidents_group or incidents_order made ready; x and the groups
 * are borrowed. */
TW_MUST_USE bool stories_take(struct stories *s, struct incidents *x,
                              const struct incident_group *groups, size_t n, struct err *e);

/* All incidents are in: records may be looked at. */
void stories_ready(struct stories *s);

/* The records from now on are of this object; its hash and number are told at its end. */
void stories_file(struct stories *s, struct str name);
void stories_file_end(struct stories *s, const unsigned char *sha256, uint64_t records);

/* Looks at one record: a step of each incident that its actor belongs to. */
void stories_see(struct stories *s, struct event *ev, const struct facts *f);

/* Adds what alerts keep of events whose records were not read. Before stories_end. */
void stories_recall(struct stories *s);

/* All records are in: drops what is too much, and puts the steps in order. */
void stories_end(struct stories *s);

static inline struct story *stories_at(const struct stories *s, size_t i)
{
    return *(struct story *const *)vec_at(&s->list, i);
}

static inline const struct story_step *story_step_at(const struct stories *s, size_t i)
{
    return *(const struct story_step *const *)vec_at(&s->steps, i);
}

/* Calls fn with each signal (as position in the incident's) that the step is evidence of. */
typedef void (*story_signal_fn)(void *to, uint32_t signal);
void story_each_signal(const struct stories *s, const struct story_step *step, story_signal_fn fn,
                       void *to);

#endif
