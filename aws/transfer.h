/* One HTTP transfer on one handle of libcurl: how it is set up, what arrives, what its end means.
 * The inner part of http.c, which decides whether transfers go one by one or side by side. */
#ifndef TW_AWS_TRANSFER_H
#define TW_AWS_TRANSFER_H

#include <curl/curl.h>

#include "aws/http.h"

/* What all transfers of one struct http share. */
struct wire {
    const struct aws_world *world;
    const char *ca_file; /* whom to trust; NULL: the built-in roots (aws/roots.h) */
};

/* Not to be moved between begin and end: libcurl knows its address. */
struct transfer {
    struct wire *wire;
    CURL *curl;                  /* kept from one to the next */
    CURLM *multi;                /* that it is in, with its connections; NULL: in none */
    struct http_request request; /* of which libcurl still needs body, take and to */
    struct http_reply *reply;
    struct curl_slist *headers;
    bool failed;   /* a callback has written the reason to e */
    bool built_in; /* it trusts the built-in roots */
    bool again;    /* they did not vouch for the certificate; the next transfer trusts the bundle */
    bool ended;    /* libcurl is done with it, with this result: */
    CURLcode code;
    bool holds;      /* the body is kept here, not handed to take: */
    bool paused;     /* there was no room for more of it */
    struct buf held; /* what came and was not taken yet, from held_at on */
    size_t held_at;
    struct err e; /* once it has failed */
    char why[CURL_ERROR_SIZE];
};

/* Makes t->curl ready to perform; the reply is started afresh. False, with t->e, when the request
 * cannot be sent. Either way transfer_end must follow. t->curl's private pointer is t. */
TW_MUST_USE bool transfer_begin(struct transfer *t, struct wire *wire,
                                const struct http_request *request, struct http_reply *reply);

/* From now on, at most HTTP_HELD_MAX bytes of a body wait in t->held; more is left to the network.
 */
void transfer_hold(struct transfer *t);
/* Hands a slice of what is held to take; false when there is none, or take said no. */
TW_MUST_USE bool transfer_hand_over(struct transfer *t);
/* All is handed over: what comes from now on goes to take as it comes, some of it perhaps at once.
 */
void transfer_flow(struct transfer *t);

/* libcurl is done, with that result: true when a whole answer came, else t->e says why. After a
 * failed begin the code does not matter. ERR_RETRY with again: nothing was sent yet. */
TW_MUST_USE bool transfer_end(struct transfer *t, CURLcode code);

/* Gives back the handle; takes one that was never used (zeros). */
void transfer_release(struct transfer *t);

#endif
