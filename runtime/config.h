/* The function's settings, out of its environment. */
#ifndef TW_RUNTIME_CONFIG_H
#define TW_RUNTIME_CONFIG_H

#include "base/buf.h"
#include "base/err.h"
#include "engine/ruleset.h"
#include "handlers/said.h"
#include "respond/contain_plan.h"

/* Looks up a variable; NULL when it is not set. */
struct environment {
    void *self;
    const char *(*get)(void *self, const char *name);
};

/* All strings are borrowed from the environment. */
struct runtime_config {
    struct buf rules;        /* TRAILWARDEN_RULES, a file or folder, or s3://bucket/prefix/; default
                                $LAMBDA_TASK_ROOT/rules */
    struct buf packaged;     /* $LAMBDA_TASK_ROOT/rules; empty: there is no such variable */
    int64_t rules_every_s;   /* TRAILWARDEN_RULES_REFRESH: how often S3 is looked at; 0: once */
    struct str topic;        /* TRAILWARDEN_TOPIC_ARN; required */
    struct str fifo_topic;   /* TRAILWARDEN_FIFO_TOPIC_ARN, told beside it; absent: none */
    struct str table;        /* TRAILWARDEN_TABLE; absent: windows see one invocation only */
    const char *config_file; /* TRAILWARDEN_CONFIG; NULL: none */
    struct str buckets;      /* TRAILWARDEN_BUCKETS, comma separated; absent: any */
    struct str
        github_secret;    /* TRAILWARDEN_GITHUB_SECRET, of webhooks; absent: none is asked for */
    struct log_said said; /* TRAILWARDEN_SOURCE, in source_name's words, TRAILWARDEN_FLOW_FORMAT */
    enum level min_level; /* TRAILWARDEN_MIN_LEVEL; default low */
    enum contain_mode containment; /* TRAILWARDEN_CONTAINMENT; default off. Anything else needs
                                      TRAILWARDEN_BUCKETS and TRAILWARDEN_TABLE */
    struct str metrics; /* the name that metrics go under, AWS_LAMBDA_FUNCTION_NAME; absent with
                           TRAILWARDEN_METRICS=off (default on) */
    struct str reports; /* TRAILWARDEN_REPORTS, bucket or bucket/prefix/; absent: none are made */
    const char *geoip, *asn; /* TRAILWARDEN_GEOIP, TRAILWARDEN_ASN: files of adapters/geo.h; NULL:
                                none */
};

/* An empty variable counts as not set. ERR_USAGE, naming the variable, when one is missing or holds
 * what this version does not know. */
TW_MUST_USE bool runtime_config_read(struct runtime_config *out, struct environment env,
                                     struct err *e);
void runtime_config_release(struct runtime_config *c);

#endif
