/* Reading one log object: stored bytes are inflated, told to be JSON or a flow log, cut into
 * records, and each record is read into an event. What the function and the laptop do alike stands
 * here once. */
#ifndef TW_HANDLERS_OBJECT_H
#define TW_HANDLERS_OBJECT_H

#include "handlers/flowlog.h"
#include "handlers/inflate.h"
#include "handlers/ports.h"
#include "handlers/records.h"
#include "handlers/said.h"

/* Bad records of one object that are named one by one; the rest are counted. */
#define OBJECT_BAD_NAMED_MAX 10

/* What an object is read for. Each may end the reading with false and e. */
struct object_calls {
    void *to;
    /* Before a piece of so many stored bytes is taken: deadlines, interruptions, progress. */
    bool (*piece)(void *to, size_t bytes, struct err *e);
    /* One record, read into the reader's event. */
    bool (*record)(void *to, struct event *ev, struct err *e);
    /* A record was skipped; the sentence says which and why, and is fit to print. */
    void (*bad)(void *to, const char *sentence);
};

/* Why reading ended early. */
enum object_fault {
    OBJECT_WHOLE,   /* it did not */
    OBJECT_STOPPED, /* piece or record said so */
    OBJECT_CONTENT, /* what is in the object: it will be no better next time */
    OBJECT_SOURCE   /* it could not be fetched, or memory is out */
};

/* What the present object's text is. */
enum object_text { OBJECT_UNTOLD, OBJECT_JSON, OBJECT_FLOWS };

/* One object after another; for one thread. */
struct object_reader {
    struct event ev;
    struct inflate inflate;
    struct records records; /* with the counts of the present object */
    struct flowlog flows;
    enum object_text text;
    struct buf head; /* the text's beginning, while it does not show what it is */
    struct object_calls calls;
    uint64_t stored_bytes, text_bytes; /* of the present object */
    enum object_fault fault;           /* of the last reading */
};

/* Release in either case. said may be NULL: nothing is. ERR_USAGE when the format that it names is
 * none; ERR_SYSTEM when memory is out. */
TW_MUST_USE bool object_reader_init(struct object_reader *o, const struct ruleset *rules,
                                    const struct log_said *said, struct object_calls calls,
                                    struct err *e);
/* From now on, flows that no rule holds for are counted and not called for. False when memory is
 * out. */
TW_MUST_USE bool object_reader_sift_flows(struct object_reader *o, struct err *e);
void object_reader_release(struct object_reader *o);

/* Reads the whole object. What stands in front of a fault of its content has been delivered. On
 * false o->fault tells what kind of end it was; the counts in o are set in either case. */
TW_MUST_USE bool object_read(struct object_reader *o, const struct port_objects *port,
                             const struct object_ref *ref, struct err *e);

/* The same for text at hand, not compressed: the records of a payload. */
TW_MUST_USE bool object_read_text(struct object_reader *o, struct str text, struct err *e);

#endif
