/* The one way to call AWS: signs, sends, paces and repeats. It alone holds the credentials (promise
 * P5). Not for threads: one client each. main calls curl_global_init before the first one is made.
 */
#ifndef TW_AWS_CLIENT_H
#define TW_AWS_CLIENT_H

#include "aws/fault.h"
#include "aws/pace.h"
#include "aws/request.h"
#include "aws/world.h"

#define AWS_ATTEMPTS_MAX 5 /* the first and four repeats, of every kind together */
/* X-Ray's has about 90 bytes; with what others add (Lineage, baggage) some 300. */
#define TRACE_HEADER_MAX 1024

struct aws_client;

struct aws_options {
    const char *profile; /* asked for on a command line; NULL: as the environment says */
    const char *region;  /* the same */
};

/* Reads and opens nothing yet. world and the options' strings are borrowed for the client's life;
 * options may be NULL. NULL with e when memory is out. */
struct aws_client *aws_client_new(const struct aws_world *world, const struct aws_options *options,
                                  struct err *e);
/* Closes connections and wipes secrets; takes NULL. */
void aws_client_free(struct aws_client *c);

/* All calls from now on end before this moment of world->mono_ms (on Lambda: the invocation's
 * deadline less a margin); PACE_NO_DEADLINE, the initial value, is none. */
void aws_client_set_deadline(struct aws_client *c, int64_t deadline_ms);

/* From now on calls carry this X-Ray header, unsigned, as AWS's own SDKs send it on Lambda; absent:
 * none. Borrowed until the next call of this. What cannot be a header's value (over
 * TRACE_HEADER_MAX bytes, or other than visible ASCII) is not sent. */
void aws_client_set_trace(struct aws_client *c, struct str trace_id);

/* Attempts so far that repeated a call: throttled, timed out, broken, or cured. */
uint64_t aws_client_repeats(const struct aws_client *c);

/* The region that calls go to when they name none; borrowed from the client. ERR_USAGE: none. */
TW_MUST_USE bool aws_client_region(struct aws_client *c, struct str *region, struct err *e);

/* What a call brought. */
struct aws_reply {
    struct http_reply http; /* of the last attempt */
    struct fault fault;     /* filled when an answer came and its status was not 2xx */
    int attempts;
    bool unassumed; /* it was not sent: the role to sign as could not be had; fault says why */
};

void aws_reply_init(struct aws_reply *r, size_t body_max);
void aws_reply_release(struct aws_reply *r);

/* Makes the call; true when the status is 2xx. Each attempt is signed anew, at its own time.
 *  - Throttling, 5xx, 429, timeouts and broken connections are repeated after a random wait, while
 *    the deadline allows, but never once r->take has been given a byte: the caller decides then.
 *  - A refusal that a wrong clock explains (skew.h) corrects the clock and is repeated once.
 *  - Expired session credentials are fetched anew and the call repeated once.
 *  - What is made once is not repeated when the first may have been done (5xx, no answer).
 *  - A role to sign as is assumed first and kept (assumed.h); only one of 15 minutes.
 *  - A bucket in another region is asked there, once, and the region remembered; a redirect that
 *    leads nowhere new is not repeated.
 * The error's kind is the fault's (fault.h), or that of send.h, chain.h; ERR_RETRY when the
 * deadline left no time. reply must be initialised; after false, reply->http.status is 0 if no
 * answer came. */
TW_MUST_USE bool aws_call(struct aws_client *c, const struct aws_request *request,
                          struct aws_reply *reply, struct err *e);

/* The same call in two steps: aws_begin signs and sends it in a free slot (0 to AWS_AHEAD - 1) and
 * returns; aws_finish gives its answer, as aws_call does, and makes the repeats that it needs.
 * Meanwhile the client makes other calls, and the beginning of the answer arrives beside them
 * (HTTP_HELD_MAX of http.h). request and what it points to, and reply, must stay until then. What
 * fails in aws_begin is told by aws_finish. Neither may be called from within a `take`. */
#define AWS_AHEAD HTTP_AHEAD
void aws_begin(struct aws_client *c, size_t slot, const struct aws_request *request,
               struct aws_reply *reply);
TW_MUST_USE bool aws_finish(struct aws_client *c, size_t slot, struct err *e);
/* Breaks it off, if one is under way in that slot. */
void aws_drop(struct aws_client *c, size_t slot);

/* Many calls, HTTP_LANES of them side by side over kept-alive connections; each is signed, paced
 * and repeated as by aws_call. What is to be called is asked for piece by piece, so that memory
 * holds no more than the calls under way. */
struct aws_many {
    void *to;
    size_t n;          /* calls, numbered from 0 */
    size_t answer_max; /* bytes of an answer */
    /* Describes call i. What *out points to must stay until take(i); the calls under way have
     * different lanes, so one set of buffers a lane is enough. False ends everything. */
    bool (*make)(void *to, size_t i, size_t lane, struct aws_request *out, struct err *e);
    /* How it went: ERR_NONE (2xx), or ERR_CONFLICT, a condition that did not hold. *more: make is
     * to be asked for i again, in the same lane (the next page). False ends everything. */
    bool (*take)(void *to, size_t i, size_t lane, const struct aws_reply *reply, enum err_kind how,
                 bool *more, struct err *e);
};

/* Makes them, in any order. Any other failure of a call, of make or of take ends everything: what
 * is under way is still waited for, but not repeated, and nothing more is sent. */
TW_MUST_USE bool aws_call_many(struct aws_client *c, const struct aws_many *m, struct err *e);

#endif
