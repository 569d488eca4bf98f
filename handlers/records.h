/* Inflated bytes in, in pieces of any size; records out, one at a time, read where they lie.
 *
 * Accepted, told apart by content:
 *     {"Records":[{...},{...}]}     CloudTrail's objects; Records may stand behind other keys
 *     [{...},{...}]                 a bare list
 *     {...}\n{...}                  JSON lines, also objects over several lines, also a single one
 *     {"digestStartTime":...}       CloudTrail's digests: skipped, counted
 *     {} , {"Records":[]}           nothing, and no error
 * several of them in a row too, each after blanks, the first after a UTF-8 byte order mark.
 *
 * A bad record is named, counted and skipped, and the rest goes on (promise P2): broken JSON, a
 * list member that is no object, a record larger than RECORD_BYTES_MAX. In JSON lines a line that
 * begins with { starts afresh. The object as a whole fails when it is none of the above, when
 * nothing in it could be read, or when it ends inside a record or list: what came before has then
 * been delivered.
 *
 * The result does not depend on how the bytes are cut into pieces. Memory: one window of at most
 * RECORD_BYTES_MAX, no allocation per record. */
#ifndef TW_HANDLERS_RECORDS_H
#define TW_HANDLERS_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "engine/event.h"
#include "handlers/skip.h"

/* CloudTrail's largest event is 256 KB ("maximum event size", CloudTrail quotas); what others have
 * re-encoded or enriched may be larger. */
#define RECORD_BYTES_MAX (4u << 20)
/* How often a record of JSON lines that does not end where it should may be read again from a later
 * line. Each such try reads at most RECORD_BYTES_MAX in vain, so this bounds a hostile file to
 * 1 GiB of scanning, some two seconds. */
#define RECORDS_RESYNC_MAX 256

/* Where a record is: its number in the object, from 1, bad ones included, and the offset of its
 * first byte in the inflated text. */
struct record_place {
    uint64_t number;
    uint64_t offset;
};

struct records_sink {
    void *to;
    /* One record, already read into the struct event given to records_init; valid for the call.
     * False (with e) ends the reading. */
    bool (*record)(void *to, struct event *ev, const struct record_place *at, struct err *e);
    /* One bad record and why; the sentence may hold no bytes of the log but escaped ones. */
    void (*bad)(void *to, const struct record_place *at, const char *why);
};

struct records_counts {
    uint64_t records; /* read and delivered */
    uint64_t bad;     /* named and skipped, oversized ones included */
    uint64_t oversized;
    uint64_t digests;
    uint64_t no_data, skipped_data; /* lines of flow logs that tell of no flow: none was seen, or
                                       AWS could not record what was */
};

enum records_state { RECORDS_TOP, RECORDS_LIST, RECORDS_KEYS, RECORDS_SKIP };

/* One object after another; for one thread. */
struct records {
    struct event *ev; /* borrowed */
    struct records_sink sink;
    struct records_counts counts; /* of the present object */
    struct buf window;            /* the beginning of a value that has not ended yet */
    size_t wanted;                /* bytes in the window before it is worth another look */
    uint64_t offset;              /* of the first byte not consumed */
    enum records_state state;
    enum records_state after_skip;
    struct skip skip;
    unsigned resyncs;
    bool in_object;    /* the list is a member of {"Records":...} */
    bool behind_value; /* in a list: a comma or the end must come */
    bool shape_known;  /* a list, a digest or an empty object was seen */
    bool started;      /* something other than blanks was seen */
    char first_bad[ERR_TEXT_MAX];
};

void records_init(struct records *r, struct event *ev, struct records_sink sink);
void records_release(struct records *r);
/* Forgets the present object; keeps memory. Call before each. */
void records_begin(struct records *r);

/* Takes the next piece; self is the struct records (the shape of bytes_fn). ERR_INPUT for text that
 * is no log, ERR_SYSTEM without memory, or what the sink said. */
TW_MUST_USE bool records_take(void *self, struct str piece, struct err *e);
/* The object ends here. ERR_INPUT when it is empty, cut off, or nothing in it could be read. */
TW_MUST_USE bool records_end(struct records *r, struct err *e);

#endif
