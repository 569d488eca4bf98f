/* One HTTP request and its answer, over libcurl: keep-alive, verified TLS, bounded in time and
 * memory. It knows nothing of AWS. Not for threads: one struct http each. */
#ifndef TW_AWS_HTTP_H
#define TW_AWS_HTTP_H

#include <stdint.h>

#include "aws/header.h"
#include "aws/world.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define HTTP_HEAD_MAX    32768 /* response headers; AWS sends under 4 KiB */
#define HTTP_CONNECT_MS  3000  /* name lookup, TCP and TLS; a healthy endpoint takes under 300 */
#define HTTP_STALL_MS    10000 /* a transfer that moves no byte for so long is given up */
#define HTTP_NO_LIMIT_MS INT64_MAX
#define HTTP_LANES       16 /* requests side by side; a batch of 100 to DynamoDB takes 7 rounds */
#define HTTP_AHEAD       2  /* requests begun ahead: the one whose answer is read, and the next */
/* Of a body that was begun ahead, what is kept until it is asked for; the rest waits in the
 * network. The largest of 4,094 objects of real trails has 83,136 bytes. */
#define HTTP_HELD_MAX 262144
/* A request, and one that is sent while its body arrives: an object with more alerts than are held
 * at once has some told before its end. */
#define HTTP_NESTED_MAX 2
#define HTTP_POLL_MS    1000 /* libcurl's own time-outs are looked at as often at least */

struct http;

/* Takes a piece of a body as it arrives, borrowed for the call; false (with e) ends the transfer.
 * The same shape as bytes_fn of handlers/ports.h. */
typedef bool (*http_take)(void *to, struct str piece, struct err *e);

struct http_request {
    const char *method; /* "GET", "POST", "PUT" */
    const char *url;    /* sent as it is: no dot segments are removed */
    const struct header *headers;
    size_t n_headers;
    struct str body;    /* absent: none. Borrowed until the answer is there */
    int64_t connect_ms; /* at most this to connect; 0 is HTTP_CONNECT_MS */
    int64_t total_ms;   /* for everything; HTTP_NO_LIMIT_MS: only stalls end it */
    bool direct;        /* never through a proxy */
    bool fresh;         /* over a new connection: no kept one can die in the middle of it */
    http_take take;     /* gets the body when the status is 2xx; NULL: it goes to reply->body */
    void *to;
};

/* An answer. Prepared and released by the caller; every call to http_send starts it afresh. */
struct http_reply {
    int status;        /* 0: no answer */
    struct buf head;   /* the header lines of the final answer, each ended by CR LF */
    struct buf body;   /* bounded: a longer body is ERR_LIMIT */
    uint64_t taken;    /* bytes handed to take */
    bool take_refused; /* take said false */
};

void http_reply_init(struct http_reply *r, size_t body_max);
void http_reply_release(struct http_reply *r);
/* The value of a header of the answer, absent when there is none; borrowed from r. */
struct str http_reply_header(const struct http_reply *r, const char *name);

/* Opens nothing yet. world is kept and must outlive it. NULL with e when memory is out. */
struct http *http_new(const struct aws_world *world, struct err *e);
void http_free(struct http *h);

/* Sends and reads the whole answer, whatever its status. A kept connection that turns out to be
 * dead before any byte of an answer came is replaced, and the request sent once more: a Lambda
 * function is frozen between invocations, and its connections die meanwhile.
 *
 * `take` may send other requests, HTTP_NESTED_MAX deep, each level on connections of its own.
 *
 * TLS is 1.2 or later, verified against the first of: $AWS_CA_BUNDLE, $SSL_CERT_FILE (both as
 * files, an unreadable one is ERR_USAGE), the roots of AWS's own certificates, which are built in
 * (aws/roots.h). From the first certificate that those do not vouch for (another partition, a proxy
 * that reads along), it is the system's bundle that counts, where Amazon Linux 2023, Debian or
 * Alpine keeps it: http_send tries again at once, http_wait says ERR_RETRY. https
 * goes through $HTTPS_PROXY (or $https_proxy) unless $NO_PROXY (or $no_proxy) names the host; http,
 * which is only spoken to emulators and metadata services, never does. Other proxy variables are
 * ignored.
 *
 * ERR_RETRY: could not connect, timed out, cut off in the middle. ERR_LIMIT: the answer is too
 * long. ERR_SYSTEM: TLS could not be set up or the certificate is not trusted. ERR_USAGE: no such
 * URL. What take said, when it said false. */
TW_MUST_USE bool http_send(struct http *h, const struct http_request *request,
                           struct http_reply *reply, struct err *e);

/* Side by side: http_start sends a request in a free lane (0 to HTTP_LANES - 1) and returns at
 * once; http_wait gives the lane of one that has ended, *ok and e as http_send, or HTTP_LANES when
 * none has within most_ms. Until then the request's body, take and to, and the reply, must stay.
 * Connections are kept from one batch to the next; a dead one is replaced as above. */
TW_MUST_USE bool http_start(struct http *h, size_t lane, const struct http_request *request,
                            struct http_reply *reply, struct err *e);
size_t http_wait(struct http *h, int64_t most_ms, bool *ok, struct err *e);

/* Ahead: http_begin sends a request in a free slot (0 to HTTP_AHEAD - 1) and returns at once. While
 * other requests are waited for, and with each piece of their bodies that `take` has dealt with,
 * its answer arrives, too; HTTP_HELD_MAX bytes of a body are kept. http_finish hands them to the
 * request's `take`, then the rest as it comes; it returns as http_send does, but says ERR_RETRY
 * where the bundle is to decide. The request's body, take and to, and the reply, must stay. Neither
 * may be called from within a `take`. */
TW_MUST_USE bool http_begin(struct http *h, size_t slot, const struct http_request *request,
                            struct http_reply *reply, struct err *e);
TW_MUST_USE bool http_finish(struct http *h, size_t slot, struct err *e);
/* Breaks it off, if one is under way in that slot. */
void http_drop(struct http *h, size_t slot);

#endif
