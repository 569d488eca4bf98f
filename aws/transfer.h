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
    CURL *curl;                  /* kept from one to the next, with its connections */
    struct http_request request; /* of which libcurl still needs body, take and to */
    struct http_reply *reply;
    struct curl_slist *headers;
    bool failed;   /* a callback has written the reason to e */
    bool built_in; /* it trusts the built-in roots */
    bool again;    /* they did not vouch for the certificate; the next transfer trusts the bundle */
    struct err e;  /* once it has failed */
    char why[CURL_ERROR_SIZE];
};

/* Makes t->curl ready to perform; the reply is started afresh. False, with t->e, when the request
 * cannot be sent. Either way transfer_end must follow. */
TW_MUST_USE bool transfer_begin(struct transfer *t, struct wire *wire,
                                const struct http_request *request, struct http_reply *reply);

/* libcurl is done, with that result: true when a whole answer came, else t->e says why. After a
 * failed begin the code does not matter. ERR_RETRY with again: nothing was sent yet. */
TW_MUST_USE bool transfer_end(struct transfer *t, CURLcode code);

/* Gives back the handle; takes one that was never used (zeros). */
void transfer_release(struct transfer *t);

#endif
