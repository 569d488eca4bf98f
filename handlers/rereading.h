/* The second reading of logs, for the steps of incidents that are known: what the function and the
 * laptop do alike. Each object is hashed as it is stored, and each of its records is shown to the
 * stories (respond/story.h). */
#ifndef TW_HANDLERS_REREADING_H
#define TW_HANDLERS_REREADING_H

#include "base/sha256.h"
#include "handlers/object.h"
#include "respond/story.h"

struct rereading_calls {
    void *to;
    /* Before each piece, and behind each object: false, with e, ends the reading. */
    bool (*going)(void *to, struct err *e);
    /* Gets each record as the stories do; may be NULL. */
    void (*see)(void *to, struct event *ev, const struct facts *f);
};

struct rereading {
    struct stories *stories; /* borrowed */
    struct rereading_calls calls;
    struct object_reader reader;
    struct str object;                          /* the present one */
    struct sha256 hash;                         /* of its stored bytes */
    uint64_t objects;                           /* that were begun */
    uint64_t failed, bad;                       /* objects and records that could not be read */
    uint64_t stored_bytes, text_bytes, records; /* of all objects so far */
};

/* All borrowed. False when memory is out; release in either case. */
TW_MUST_USE bool rereading_init(struct rereading *r, struct stories *s, const struct ruleset *rules,
                                const struct log_said *said, struct port_geo geo,
                                struct rereading_calls calls, struct err *e);
void rereading_release(struct rereading *r);

/* Reads one object, named as the story is to name it. What cannot be read is counted, and told by
 * the stories' files; false only as calls.going says. */
TW_MUST_USE bool rereading_object(struct rereading *r, const struct port_objects *port,
                                  const struct object_ref *ref, struct str name, struct err *e);

#endif
