/* Everything that can block, fail or cost money, as the few calls the handlers need.
 * Production (adapters/), tests and fuzzers are equal implementations of them. */
#ifndef TW_HANDLERS_PORTS_H
#define TW_HANDLERS_PORTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "engine/geo.h"
#include "handlers/iam.h"
#include "handlers/state.h"
#include "respond/message.h"

/* One log object. In S3: bucket and key, the key decoded; on disk: bucket absent, key the path.
 * version and region are absent when not known. All borrowed from whoever made the reference. */
struct object_ref {
    struct str bucket;
    struct str key;
    struct str version;
    struct str region;
    uint64_t bytes; /* stored; 0: not known */
};

/* Takes one piece of an object as it arrives; false (with e) ends the reading. The piece is
 * borrowed for the call only. */
typedef bool (*bytes_fn)(void *to, struct str piece, struct err *e);

/* Reads log objects. */
struct port_objects {
    void *self;
    /* Hands the whole stored object, in order and in pieces, to take. Fails with ERR_MISSING (no
     * such bucket, key or file), ERR_DENIED, ERR_RETRY (gave up before the deadline), ERR_LIMIT, or
     * with what take said. After a failure pieces may already have been taken: the caller throws
     * away what it made of them. An implementation that retries after pieces were handed over goes
     * on behind the last byte taken (a ranged read of the same object version) or fails. */
    bool (*read)(void *self, const struct object_ref *ref, bytes_fn take, void *to, struct err *e);
    /* Says which object is read after the next one that is, so that it can be on its way meanwhile;
     * its texts are borrowed until then. Another read than that gives it up, as NULL does: nothing
     * more is read. The function itself may be NULL. */
    void (*announce)(void *self, const struct object_ref *ref);
};

/* Gets the key of each object of a listing; false (with e) ends it. */
typedef bool (*key_fn)(void *to, struct str key, struct err *e);

/* Lists log objects. */
struct port_listing {
    void *self;
    /* Hands over the keys that begin with prefix (may be empty), in order, of objects that are not
     * empty. Fails as reading them does, or with what each said. */
    bool (*list)(void *self, struct str bucket, struct str prefix, key_fn each, void *to,
                 struct err *e);
};

/* Tells people. */
struct port_alerts {
    void *self;
    /* Sends one message; true only when the other side has confirmed it (promise P2). */
    bool (*publish)(void *self, const struct message *m, struct err *e);
};

/* Keeps reports. */
struct port_reports {
    void *self;
    /* Stores one under a name of letters, digits, - and ., in the place of what is there, and
     * appends where it lies ("s3://bucket/prefix/name") to where; true only when it is confirmed.
     */
    bool (*put)(void *self, struct str name, struct str page, struct buf *where, struct err *e);
};

/* Time comes in through here, so that the handlers stay repeatable. */
struct port_clock {
    void *self;
    /* Milliseconds since 1970. */
    int64_t (*now_ms)(void *self);
    /* Milliseconds until this invocation must have answered; INT64_MAX when there is no deadline.
     */
    int64_t (*left_ms)(void *self);
};

/* Chance comes in through here: the names that deliveries lease alerts under. */
struct port_random {
    void *self;
    bool (*fill)(void *self, void *bytes, size_t n, struct err *e);
};

struct ports {
    struct port_objects objects;
    struct port_alerts alerts;
    struct port_clock clock;
    struct port_random random;
    struct port_state state;
    struct port_geo geo;         /* its find may be NULL */
    struct port_iam iam;         /* its call may be NULL: nobody is contained */
    struct port_listing listing; /* its list may be NULL: logs are read only when they are named */
    struct port_reports reports; /* its put may be NULL: there is no place for any */
};

#endif
