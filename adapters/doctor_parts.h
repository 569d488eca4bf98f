/* What the parts of the doctor share: one call and its answer, a finding, and what was learned on
 * the way. */
#ifndef TW_ADAPTERS_DOCTOR_PARTS_H
#define TW_ADAPTERS_DOCTOR_PARTS_H

#include <jansson.h>

#include "adapters/doctor.h"
#include "aws/client.h"
#include "base/vec.h"

#define DOCTOR_TEXT_MAX   2048
#define DOCTOR_ARN_MAX    512
#define DOCTOR_ANSWER_MAX (4u << 20) /* a function's settings and a page of 100 have far less */
#define DOCTOR_PAGES_MAX  20         /* of subscriptions, 100 each */
#define DOCTOR_LIST_MAX   2000       /* subscriptions, and targets of a bucket's notifications */

/* A text out of an answer, owned by the list that it is in. */
struct doctor_text {
    char *p;
};

struct doctor {
    struct aws_client *client;
    const struct aws_world *world;
    const struct doctor_asked *asked;
    doctor_fn tell;
    void *to;
    bool ended; /* `tell` said so, or memory is out: nothing more is looked at */
    struct err why;
    /* What the function says, or was asked for; empty: not known. */
    struct buf table, topic, buckets;
    struct buf function_arn, queue_arn, dead_arn;
    int64_t timeout_s; /* the function's; 0: not known */
};

struct doctor_call {
    enum aws_service service;
    const char *action;
    const char *method; /* NULL: POST */
    const char *target; /* x-amz-target, of JSON services; NULL: none */
    struct str region, bucket, path, query, body;
    const char *todo; /* what to do when there is no such thing */
};

/* Makes the call and reads the whole answer; false when it failed, which is then a finding of
 * `check`: fail when what it asks about is not there, warn when the call is refused, fail else. */
TW_MUST_USE bool doctor_ask(struct doctor *d, const char *check, const struct doctor_call *call,
                            struct aws_reply *reply);
/* The same for an answer in JSON, the caller's to json_decref; NULL for false. */
json_t *doctor_json(struct doctor *d, const char *check, const struct doctor_call *call);

/* Tells a finding; todo is NULL when there is nothing to do. */
void doctor_say(struct doctor *d, const char *check, enum doctor_verdict verdict, const char *todo,
                const char *fmt, ...) TW_PRINTF(5, 6);

/* ok with that text when it holds, else the verdict, the other text and what to do. */
void doctor_expect(struct doctor *d, const char *check, bool holds, const char *good,
                   enum doctor_verdict verdict, const char *bad, const char *todo);

/* A string member; "" when it is none. */
const char *doctor_text_of(const json_t *object, const char *member);
/* Part i of an ARN (arn:partition:service:region:account:rest), the fifth with all behind it. */
struct str doctor_arn_part(struct str arn, size_t i);

/* ---- the checks, in their order ---- */

void doctor_check_caller(struct doctor *d);   /* caller, clock */
void doctor_check_function(struct doctor *d); /* function, settings, self-test */
void doctor_check_queue(struct doctor *d);    /* queue, mapping, redrive, dead-letters */
void doctor_check_table(struct doctor *d);    /* table, table-ttl, table-backups */
void doctor_check_topic(struct doctor *d);    /* alerts */
void doctor_check_bucket(struct doctor *d, struct str bucket); /* trail*, notifications */

/* ---- what several need ---- */

/* Calls `each` for each subscription of a topic: its endpoint and ARN ("PendingConfirmation" when
 * nobody has confirmed it). False when it could not be asked, which was told. */
TW_MUST_USE bool doctor_subscriptions(struct doctor *d, const char *check, struct str topic,
                                      void (*each)(void *to, struct str endpoint, struct str arn),
                                      void *to);

#endif
