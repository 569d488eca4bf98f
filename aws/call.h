/* One call under way: its attempts and what becomes of each. The inner part of client.c, which
 * makes calls one by one or begins them ahead, and of many.c, which makes them side by side. */
#ifndef TW_AWS_CALL_H
#define TW_AWS_CALL_H

#include "aws/assumed.h"
#include "aws/chain.h"
#include "aws/client.h"
#include "aws/send.h"

#define BUCKETS_MAX 16 /* remembered regions; an organisation's trails use a bucket or a few */

struct known_bucket {
    char name[S3_BUCKET_MAX];
    char region[REGION_MAX];
    size_t name_n, region_n;
};

struct call {
    struct aws_client *c;
    const struct aws_request *request;
    struct aws_reply *reply;
    enum send_way way; /* see struct send */
    size_t lane;
    bool sent;               /* the last attempt was */
    struct err why;          /* of the last attempt */
    char region[REGION_MAX]; /* that it went to */
    size_t region_n;
    int64_t signed_with_ms;
    int64_t sent_ms;
    int64_t received_ms;
    bool skew_tried, refresh_tried, redirect_tried;
};

struct aws_client {
    struct aws_world world;
    struct aws_options options;
    struct http *http;
    struct chain *chain;
    struct assumed assumed;
    struct sigv4_cache key;
    int64_t deadline_ms;
    int64_t skew_ms;
    struct str trace_id; /* absent: none */
    uint64_t repeats;
    struct known_bucket buckets[BUCKETS_MAX]; /* a ring */
    size_t n_buckets;                         /* ever remembered */
    struct call begun[AWS_AHEAD];             /* ahead */
};

/* Signs and sends once more, counting attempts; false when nothing was sent or, one by one, no
 * answer came: k->why says what happened. */
TW_MUST_USE bool call_send(struct call *k);

/* The answer is there: true when its status is 2xx; else k->why says what it was. */
TW_MUST_USE bool call_judge(struct call *k);

/* No whole answer came. */
void call_lost(struct call *k);

/* What is to be done after a failure: true when another attempt should be made, after *wait_ms
 * (0: at once); what can be cured has been cured. */
TW_MUST_USE bool call_again(struct call *k, int64_t *wait_ms);

/* Puts service and action in front of k->why where fault_explain has not. */
void call_name(struct call *k);

#endif
