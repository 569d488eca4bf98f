/* One run of `trailwarden scan`: objects in, results out, everything counted. */
#ifndef TW_CLI_SCAN_H
#define TW_CLI_SCAN_H

#include "adapters/once.h"
#include "adapters/output.h"
#include "engine/event.h"
#include "handlers/inflate.h"
#include "handlers/ports.h"
#include "handlers/records.h"
#include "respond/alert.h"

enum scan_emit { EMIT_MATCHES, EMIT_ALERTS };
enum scan_format { FORMAT_TEXT, FORMAT_JSONL, FORMAT_CSV };

#define LEVELS (LEVEL_CRITICAL + 1)

/* Alerts of one run that are gathered at once; an alert takes 2 KB, with 200 events as evidence
 * 20 KB, so this is 160 MB at worst. Above it they are told early, in parts. */
#define SCAN_ALERTS_MAX 8192
/* Bad records of one object that are named one by one; the rest are counted. */
#define SCAN_BAD_NAMED_MAX 10

struct scan_options {
    enum scan_emit emit;
    enum scan_format format;
    bool colour;
    enum level min_level;
    bool has_from, has_to;
    int64_t from_ms, to_ms; /* event times, both included */
    bool first_match;
};

struct scan_counts {
    uint64_t objects, failed; /* failed are among the objects */
    uint64_t stored_bytes, text_bytes;
    uint64_t records, bad, digests;
    uint64_t out_of_time; /* records before from or after to */
    uint64_t copies;      /* matches of events that were told before */
    uint64_t told;        /* matches or alerts written */
    uint64_t hits[LEVELS];
};

struct scan {
    const struct ruleset *rules;
    struct scan_options options;
    struct output *out; /* borrowed */
    struct event ev;
    struct inflate inflate;
    struct records records;
    struct alerts alerts;
    struct once *once;
    struct buf output_line; /* of Falco rules */
    uint64_t *rule_hits;    /* by rule */
    bool ended;             /* telling failed: that ends the run, unlike a fault of an object */
    bool worst_told;
    enum level worst; /* of what was told */
    struct scan_counts counts;
    struct str object;                                     /* the present one, as results name it */
    void (*tick)(void *to, const struct scan_counts *now); /* often; for a progress line */
    void *tick_to;
};

/* rules and out are borrowed. False when memory is out; release in either case. */
TW_MUST_USE bool scan_init(struct scan *s, const struct ruleset *rules,
                           const struct scan_options *options, struct output *out, struct err *e);
void scan_release(struct scan *s);

/* Reads one object, named as results name it. A fault of the object is told on standard error and
 * counted, and the run goes on; false ends the run: results cannot be written, memory is out, or it
 * was interrupted. */
TW_MUST_USE bool scan_object(struct scan *s, const struct port_objects *port,
                             const struct object_ref *ref, struct str name, struct err *e);

/* All is read: tells the alerts. */
TW_MUST_USE bool scan_finish(struct scan *s, struct err *e);

/* Prints the summary on standard error. */
void scan_summary(const struct scan *s, size_t rules_refused, int64_t took_ms);

#endif
