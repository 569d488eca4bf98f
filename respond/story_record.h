/* What a record of another log than CloudTrail says of a step: what it was about, and whether it
 * failed. A file of its own, for names of jansson and of engine/json.h do not go together. */
#ifndef TW_RESPOND_STORY_RECORD_H
#define TW_RESPOND_STORY_RECORD_H

#include "base/arena.h"
#include "engine/ruleset.h"

/* Whom to tell. type is a constant, name lies in memory. */
struct story_record_told {
    struct arena *memory;
    void (*target)(void *to, const char *type, struct str name);
    void *to;
};

/* Tells the targets that the record (the event as JSON, secrets taken out) names, and returns its
 * error as it is to be told, where its core field says `error`: Okta gives reasons of successes,
 * too, and none of some failures; a flow's refusal is its action. */
struct str story_record_read(enum source source, struct str record, struct str error,
                             const struct story_record_told *told);

#endif
