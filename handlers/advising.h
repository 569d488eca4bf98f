/* The policies that a story recommends: for who began each of the gravest incidents, what he was
 * seen to need before its first alert (respond/advice.h). The same on the laptop and in the
 * function, which has less room. */
#ifndef TW_HANDLERS_ADVISING_H
#define TW_HANDLERS_ADVISING_H

#include "respond/advice_put.h"
#include "respond/lineage_map.h"
#include "respond/story.h"

/* Stories that get advice: each looks at every record of the logs. */
#define ADVISING_MAX 3
/* Days that logs are to cover, as `trailwarden policy` wants by default: two of each weekday. */
#define ADVISING_DAYS 14

struct advising_bounds {
    size_t events; /* uses that are told from their copies, up to 48 bytes each */
    struct advice_bounds advice;
    size_t json; /* bytes of one advice as JSON */
};

/* Of a laptop: 48 MiB of events; an advice with all of its 4,000 actions on 64 resources. */
extern const struct advising_bounds advising_laptop;
/* Of a function of 128 MB: 1.5 MiB of events, and 2 MiB of the rest. */
extern const struct advising_bounds advising_function;

struct advised {
    struct advice advice;
    struct story *story;
    struct str since_by; /* the title of the rule whose alert was the first; the rules' */
    struct buf json;
};

struct advising {
    struct advising_bounds bounds;
    struct advised list[ADVISING_MAX];
    size_t n;
    struct lineage_map known; /* events that were counted */
    bool cut;    /* set by whoever did not read all that was asked for: nothing is recommended */
    bool rough;  /* more events than could be told from their copies */
    bool failed; /* memory or a limit: nothing is advised */
};

/* For the first stories that a user or role began; s is borrowed. A zeroed one advises nothing.
 * Release in either case. */
void advising_begin(struct advising *g, const struct stories *s, const struct advising_bounds *b);
void advising_release(struct advising *g);

/* Looks at a record; each event counts once. */
void advising_see(struct advising *g, struct event *ev, const struct facts *f);

/* All is read: sets the stories' advice, which is borrowed from g. */
void advising_end(struct advising *g);

#endif
