/* Rules in S3: read at the start, looked at again every few minutes, so that rules change without a
 * new package.
 *
 * One listing tells whether anything changed: key and ETag of each object. What changed is
 * fetched whole, into a folder of its own below /tmp, loaded as any folder of rules, and the folder
 * removed. Who puts many files should put a compiled bundle instead: one object, and one moment. */
#ifndef TW_RUNTIME_RULES_REMOTE_H
#define TW_RUNTIME_RULES_REMOTE_H

#include "aws/client.h"
#include "base/log.h"
#include "base/sha256.h"
#include "engine/ruleset.h"

#define RULES_REMOTE_FILES_MAX 4096        /* SigmaHQ has some 3,500 files in all */
#define RULES_REMOTE_BYTES_MAX (64u << 20) /* of all of them; the shipped ones have under 1 MB */
#define RULES_REMOTE_MS        8000        /* for all calls; Lambda's start may take ten seconds */

/* All strings are borrowed. */
struct rules_remote {
    struct aws_client *client;
    const struct aws_world *world;
    struct str place;                 /* s3://bucket/prefix */
    struct str bucket, prefix;        /* of it; the prefix is empty or ends in a slash */
    int64_t every_ms;                 /* 0: only once */
    int64_t next_ms;                  /* when to look again, world->mono_ms */
    bool seen;                        /* something was fetched: */
    unsigned char what[SHA256_BYTES]; /* digest of that listing */
    size_t refused;                   /* rules, of those that run */
};

/* True when TRAILWARDEN_RULES names a place in S3. */
bool rules_remote_is(struct str place);

/* Reads the place; nothing is called yet. ERR_USAGE when it is none. */
TW_MUST_USE bool rules_remote_init(struct rules_remote *r, struct aws_client *client,
                                   const struct aws_world *world, struct str place, int64_t every_s,
                                   struct err *e);

/* Whether it is time to look again. */
bool rules_remote_is_due(const struct rules_remote *r);

/* Looks, and loads what is new into *out; NULL when nothing is. The client's deadline is changed.
 * False, with *out NULL, when what is there cannot be had, is too much, or is no better than what
 * runs: not one rule of it loads, or (but for the first time) more rules are refused than before.
 * Needs s3:ListBucket and s3:GetObject on the prefix. */
TW_MUST_USE bool rules_remote_load(struct rules_remote *r, const char *config,
                                   const struct log *log, struct ruleset **out, struct err *e);

#endif
