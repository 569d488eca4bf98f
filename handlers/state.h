/* What windows remember between deliveries, as the few calls the protocol needs. DynamoDB, SQLite
 * and a table in memory are equal implementations; so are the ports of the tests that crash,
 * conflict and repeat at every call.
 *
 * For each key there are buckets, each a set of elements, and one claims item with a version. */
#ifndef TW_HANDLERS_STATE_H
#define TW_HANDLERS_STATE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"
#include "engine/window.h"

#define STATE_KEY_BYTES 16

/* Hash of a window and the values of its key. */
struct state_key {
    unsigned char bytes[STATE_KEY_BYTES];
};

/* The key of what is no window: a hash of its parts, each with its length. */
struct state_key state_key_of(const struct str *parts, size_t n);

/* Adds elements to one bucket: a union, idempotent and commutative. n > 0, no two equal. */
struct state_add {
    struct state_key key;
    int64_t bucket;
    const struct element *elements;
    size_t n;
    int64_t expires_s; /* when it may be forgotten, seconds since 1970; the later of two wins */
};

/* Reads the buckets from..to, both included, strongly consistent: whatever was added before the
 * call, by anybody, is there. Elements are appended to out, in any order; expired ones may be. */
struct state_read {
    struct state_key key;
    int64_t from, to;
    struct vec *out; /* struct element */
};

/* Removes elements that thinning found superfluous; those that are not there do not matter. */
struct state_drop {
    struct state_key key;
    int64_t bucket;
    const struct element *elements;
    size_t n;
};

/* The claims item: its bytes (empty when there is none) and its version (0 when there is none). */
struct state_claims {
    struct state_key key;
    struct buf blob; /* prepared by the caller */
    uint64_t version;
};

/* Writes the claims item if its version is still `version`; it then is one more. Else conflict. */
struct state_swap {
    struct state_key key;
    struct str blob;
    uint64_t version;
    int64_t expires_s;
    bool conflict; /* out */
};

/* Each call takes n requests, which may go out together; false means that some of them may have
 * been done and some not: ERR_RETRY, ERR_DENIED, ERR_LIMIT (an item is full), ERR_SYSTEM. */
struct port_state {
    void *self;
    bool (*add)(void *self, const struct state_add *list, size_t n, struct err *e);
    bool (*read)(void *self, const struct state_read *list, size_t n, struct err *e);
    bool (*drop)(void *self, const struct state_drop *list, size_t n, struct err *e);
    bool (*claims)(void *self, struct state_claims *list, size_t n, struct err *e);
    bool (*swap)(void *self, struct state_swap *list, size_t n, struct err *e);
    /* Waits about so long before another look; the deadline of the invocation is the port's care.
     */
    void (*pause)(void *self, int64_t ms);
};

#endif
