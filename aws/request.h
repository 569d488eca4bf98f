/* One call to AWS, before anything is decided about where it goes and who signs it. */
#ifndef TW_AWS_REQUEST_H
#define TW_AWS_REQUEST_H

#include "aws/credentials.h"
#include "aws/endpoint.h"
#include "aws/header.h"
#include "aws/http.h"

#define AWS_HEADERS_MAX 16 /* headers a caller may add; the longest of ours adds 3 */

/* A role to sign as, in whatever account. */
struct aws_role {
    struct str arn;
    struct str external_id; /* absent: none */
};

/* All borrowed for the call. */
struct aws_request {
    enum aws_service service;
    const char *action; /* "GetObject", for sentences */
    struct str region;  /* absent: the client's */
    struct str bucket;  /* S3 only */
    const char *method;
    /* S3: the key with a slash in front, before any encoding. Else the path as sent; absent: "/".
     */
    struct str path;
    struct str query; /* percent-encoded, "a=b&c=d"; absent: none */
    const struct header
        *headers; /* content-type, x-amz-target, range, ...; no host, no x-amz-date */
    size_t n_headers;
    struct str body;                /* absent: none */
    const struct aws_role *as;      /* sign as that role; NULL: as the client itself */
    const struct credentials *with; /* or with these; NULL: no. For no side-by-side calls */
    bool once;      /* made twice it does harm: not repeated unless it was surely refused */
    http_take take; /* gets the body of a 2xx answer as it arrives; NULL: it goes to the reply */
    void *to;
};

#endif
