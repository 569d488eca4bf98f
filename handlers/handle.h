/* One invocation, from payload to answer: the one place where the order of steps is written.
 *
 *     payload -> work -> for each object: read (the next is on its way meanwhile: ports.h,
 * announce), inflate, cut, match -> windows: add, claim, publish (handlers/windows.h) ->
 * containment: record, act (handlers/contain.h) -> incidents: link, place, publish
 * (handlers/teller.h) -> windows: mark, settle -> containment: check -> watch: note -> answer
 *
 * What it keeps of promise P2: an object counts as done only when its windows are settled: its
 * events are on record and all alerts and incidents that they touch are published. What could be
 * read in front of a fault of its content is settled before the object is failed; of an object
 * whose reading broke off for another reason nothing is (but when it has more keys than fit at
 * once), it comes again whole.
 *
 * An invocation leases the alerts that it is to publish under a random name of its own, until five
 * seconds after its deadline. An SQS message that was received before takes over what it touches; a
 * payload that tells no count is taken for new: should its first bearer have died, the next finds
 * the lease expired. */
#ifndef TW_HANDLERS_HANDLE_H
#define TW_HANDLERS_HANDLE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "engine/ruleset.h"
#include "handlers/logkey.h"
#include "handlers/ports.h"
#include "handlers/said.h"
#include "respond/contain_plan.h"

/* No new work, and no further piece of the present object, in the last half second: what is left is
 * handed back while there is time to say so. Lambda kills the process at the deadline. */
#define HANDLE_MARGIN_MS 500
/* Of an object that is to be learned from, what begins later than this before now is told all the
 * same: who may write to the queue could else hide an attack by naming its object first. What is
 * older has been told when it was new. */
#define HANDLE_LEARN_AGE_MS 86400000LL
/* An answer: at most 10,000 message ids of 36 bytes. Lambda allows 6 MiB. */
#define HANDLE_ANSWER_MAX (1u << 20)

/* All borrowed for as long as the handler lives. */
struct handle_config {
    const struct ruleset *rules;
    enum level min_level; /* alerts of rules below it are not made */
    struct str buckets;   /* TRAILWARDEN_BUCKETS: names, comma separated; absent or empty: any */
    struct str github_secret; /* TRAILWARDEN_GITHUB_SECRET; absent or empty: webhooks of anybody */
    struct log_said said;     /* TRAILWARDEN_SOURCE, TRAILWARDEN_FLOW_FORMAT */
    struct str version;       /* for the self-test */
    bool incidents;           /* the state lasts: what belongs together is told as incidents, too */
    bool watch; /* the state lasts: whose logs come is noted there (handlers/watch.h) */
    enum contain_mode containment; /* other than off: the state lasts, and buckets are named */
    const struct contain_config *contain; /* needed when it is not off */
};

enum handle_note {
    HANDLE_CONTAINMENT, /* a step of containment that failed or was put off */
    HANDLE_SILENCE,     /* logs of a region that stay away, or that this could not be noted */
    HANDLE_FAILED,      /* an object, message or payload; it will come again, or fail loudly */
    HANDLE_BAD_RECORD   /* counted and skipped */
};

/* One object as it was read; borrowed for the call. */
struct handled_object {
    const char *name; /* s3://bucket/key, fit to print; "the payload" for records inside it */
    struct logkey at; /* of its key; account and region absent when that does not tell them */
    uint64_t bytes, records, bad, hits, alerts; /* alerts: told because of it, updates too */
};

/* Gets one sentence, fit to print, for each thing that goes wrong. */
struct handle_notes {
    void *to;
    void (*note)(void *to, enum handle_note what, const char *sentence);
    /* Gets each object that is done with; what failed has its sentence. May be NULL. */
    void (*done)(void *to, const struct handled_object *o);
};

/* Alerts of one invocation whose lag is told; an embedded metric takes so many values
 * (runtime/emf.h). Of more, the last is the longest of the rest. */
#define HANDLE_LAGS_MAX 100
#define HANDLE_LEVELS   (LEVEL_CRITICAL + 1)

/* What one invocation saw; for the summary line. */
struct handle_counts {
    uint64_t objects; /* inline records of one message count as one object */
    uint64_t failed;  /* objects, and parts of the payload that could not be understood */
    uint64_t ignored; /* test events, digests by key, other S3 events */
    uint64_t learned; /* among the objects: those that were marked as to be learned from */
    uint64_t bytes;   /* stored bytes read */
    uint64_t records, bad, oversized; /* oversized are among the bad */
    uint64_t digests;
    uint64_t no_data, skipped_data;  /* lines of flow logs, of handlers/records.h */
    uint64_t hits;                   /* of rules that may tell */
    uint64_t hits_of[HANDLE_LEVELS]; /* the same, by the rule's level */
    int64_t lag_ms[HANDLE_LAGS_MAX]; /* from an alert's last event to when it was published */
    size_t n_lags;
    uint64_t alerts, incidents;                       /* published, updates too */
    uint64_t unplaced, links_cut;                     /* of handlers/lineages.h */
    uint64_t notices, contained, not_contained;       /* of handlers/contain.h: messages, principals
                                                         contained, or only in part or not at all */
    uint64_t no_key, stray, capped, conflicts, early; /* of handlers/windows.h */
    uint64_t watched, silent;                         /* of handlers/watch.h: regions */
    uint64_t regex_limit, values_cut, scratch_full;   /* of engine/event.h */
};

struct handler;

/* Ready to serve invocations one after another. NULL, with e, without memory. */
struct handler *handler_new(const struct handle_config *cfg, const struct ports *ports,
                            struct handle_notes notes, struct err *e);
void handler_free(struct handler *h);

/* Serves one payload. answer, prepared by the caller with HANDLE_ANSWER_MAX, gets the JSON to
 * answer with:
 *     an SQS batch    {"batchItemFailures":[{"itemIdentifier":"<message id>"}]}
 *     self-test       {"ok":true,"version":"0.1.0","rules":31,"hash":"<hex>"}
 *     watch           {"ok":true,"watched":40,"silent":1}
 *     an order        {"ok":true,"action":"contain","done":true,"principals":[...]}
 *                     (docs/envelopes.md)
 *     anything else   {"ok":true,"objects":1,"records":20,"bad":0,"hits":2,"alerts":1,
 *                     "incidents":1}
 * False, with the first reason, when the payload is no batch and any part of it failed, or when it
 * could not be read at all. counts is set in either case. */
TW_MUST_USE bool handler_run(struct handler *h, struct str payload, struct buf *answer,
                             struct handle_counts *counts, struct err *e);

#endif
