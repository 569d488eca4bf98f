/* The policy that a report recommends: for who began each of the gravest incidents, what he was
 * seen to need before its first alert (respond/advice.h). */
#ifndef TW_CLI_ADVISING_H
#define TW_CLI_ADVISING_H

#include "adapters/once.h"
#include "respond/advice_put.h"
#include "respond/story.h"

/* Stories that get advice: each looks at every record of the logs. */
#define ADVISING_MAX 3
/* Days that logs are to cover, as `trailwarden policy` wants by default: two of each weekday. */
#define ADVISING_DAYS 14
/* Bytes of one advice: 4,000 actions with 64 resources at worst, of which few pages are made. */
#define ADVISING_JSON_MAX (32u << 20)

struct advised {
    struct advice advice;
    struct story *story;
    struct str since_by; /* the title of the rule whose alert was the first; the rules' */
    struct buf json;
};

struct advising {
    struct advised list[ADVISING_MAX];
    size_t n;
    struct once *once; /* events that were counted */
    bool failed;       /* memory or a limit: nothing is advised */
};

/* For the first stories that a user or role began. Release in either case. */
void advising_begin(struct advising *g, const struct stories *s);
void advising_release(struct advising *g);

/* Looks at a record; each event counts once. */
void advising_see(struct advising *g, struct event *ev, const struct facts *f);

/* All is read: sets the stories' advice, which is borrowed from g. */
void advising_end(struct advising *g);

#endif
