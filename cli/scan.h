/* One run of `trailwarden scan`: objects in, results out, everything counted. */
#ifndef TW_CLI_SCAN_H
#define TW_CLI_SCAN_H

#include "adapters/once.h"
#include "adapters/output.h"
#include "cli/gathered.h"
#include "cli/scan_lines.h"
#include "handlers/alerting.h"
#include "handlers/object.h"
#include "handlers/teller.h"
#include "handlers/windows.h"
#include "respond/export.h"
#include "respond/incident.h"

enum scan_emit { EMIT_MATCHES, EMIT_ALERTS, EMIT_INCIDENTS };

#define LEVELS (LEVEL_CRITICAL + 1)

/* What is gathered over a run before its alerts are made: keys of 1 KB, elements of 32 bytes, and
 * what is written of the first events: 0.3, 0.5 and 1 GB at worst. Above any of them, alerts are
 * told in parts. */
#define SCAN_ENTRIES_MAX   (1u << 18)
#define SCAN_ELEMENTS_MAX  (1u << 24)
#define SCAN_DESCRIBED_MAX (1u << 30)
/* Hits after which a run with a lasting state settles, where incidents are written: what an alert
 * tells of its events is known until then (RECALLING_EVENTS_MAX). */
#define SCAN_HITS_MAX 16384
/* Days that a state remembers: docs/design.md, expiry. Of an archive every event is placed. */
#define SCAN_MEMORY_MS 1296000000LL

struct scan_options {
    enum scan_emit emit;
    enum scan_format format;
    enum export_format export; /* of FORMAT_EXPORT */
    bool colour;
    enum level min_level;
    bool has_from, has_to;
    int64_t from_ms, to_ms; /* event times, both included */
    bool first_match;
    struct log_said said;
    bool learn;          /* fill the state, tell nothing */
    bool report;         /* gather incidents whatever is told: for scan_group */
    struct port_geo geo; /* where addresses are; its find may be NULL */
};

/* Whether flows that no rule holds for are nothing to the run (they link nobody, see
 * lineage_links). Where a time is asked for they are something: those that lie out of it are
 * counted. */
static inline bool scan_sifts(const struct scan_options *o)
{
    return !o->has_from && !o->has_to;
}

struct scan_counts {
    uint64_t objects, failed; /* failed are among the objects */
    uint64_t stored_bytes, text_bytes;
    uint64_t records, bad, digests;
    uint64_t no_data, skipped_data; /* of handlers/records.h */
    uint64_t out_of_time;           /* records before from or after to */
    uint64_t copies;                /* matches of events that were told before */
    uint64_t told;                  /* matches, alerts or incidents written */
    uint64_t hits[LEVELS];
};

struct scan {
    const struct ruleset *rules;
    struct scan_options options;
    struct output *out; /* borrowed */
    bool durable;       /* the state outlives the run */
    struct object_reader reader;
    struct windows *windows;
    struct delivery delivery; /* the whole run */
    struct alerting alerting;
    struct gathered gathered;
    struct incidents incidents; /* of EMIT_INCIDENTS or a report, of this run alone */
    bool grouped;               /* the incidents are: nothing is added any more */
    struct teller *teller; /* of EMIT_INCIDENTS, or learning, and a state that lasts; or NULL */
    size_t unsettled;      /* hits since the teller settled */
    struct buf text;       /* of one alert or incident */
    struct buf json;       /* of one incident, to be exported */
    struct once *once;
    struct lines_maker lines;
    struct line_heads line_heads;
    uint64_t *rule_hits; /* by rule */
    bool worst_told;
    enum level worst; /* of what was told */
    struct scan_counts counts;
    struct str object;                                     /* the present one, as results name it */
    void (*tick)(void *to, const struct scan_counts *now); /* often; for a progress line */
    void *tick_to;
};

/* What windows remember; `durable`: also after the run, which is then one delivery of many. */
struct scan_state {
    struct port_state port;
    bool durable;
};

/* rules, state and out are borrowed. False when memory is out; release in either case. */
TW_MUST_USE bool scan_init(struct scan *s, const struct ruleset *rules,
                           const struct scan_options *options, const struct scan_state *state,
                           struct output *out, struct err *e);
void scan_release(struct scan *s);

/* Reads one object, named as results name it. A fault of the object is told on standard error and
 * counted, and the run goes on; false ends the run: results cannot be written, memory is out, or it
 * was interrupted. */
TW_MUST_USE bool scan_object(struct scan *s, const struct port_objects *port,
                             const struct object_ref *ref, struct str name, struct err *e);

/* What a record is to a run. */
enum scan_use {
    SCAN_NOTHING,
    SCAN_OUT_OF_TIME, /* before from or after to */
    SCAN_LINK,        /* tells who is behind which identity */
    SCAN_HIT,         /* rules hold that are told or counted */
    SCAN_LINES        /* rules hold that are told, by lines that need nothing of the run */
};

/* The two halves of reading a record. Judging only reads s, and may be done by several threads,
 * each with an event of its own; hits are the event's, until the next record. Taking is for one
 * thread, in the order of the records. False ends the run. */
enum scan_use scan_judge(const struct scan *s, struct event *ev, const uint32_t **hits, size_t *n);
TW_MUST_USE bool scan_take(struct scan *s, struct event *ev, enum scan_use use,
                           const uint32_t *hits, size_t n, struct err *e);

/* What is told of a record of SCAN_LINES, in the same two halves: made by any thread with a maker
 * of its own, and taken in the order of the records. False, and nothing is put, when it is too much
 * at once: scan_take tells it line by line. */
TW_MUST_USE bool scan_put_lines(const struct scan *s, struct event *ev, struct str object,
                                const uint32_t *hits, size_t n, struct lines_maker *maker,
                                struct buf *out);
TW_MUST_USE bool scan_take_lines(struct scan *s, struct str made, struct err *e);

/* Prints "trailwarden: <object>: <sentence>" on standard error. */
void scan_say(const struct scan *s, const char *sentence);

/* All is read: settles the windows and tells the alerts, or the incidents they make. */
TW_MUST_USE bool scan_finish(struct scan *s, struct err *e);

/* Of a run with `report`, after scan_finish: makes the incidents of what it told, s->incidents. */
TW_MUST_USE bool scan_group(struct scan *s, struct err *e);

/* Prints the summary on standard error. */
void scan_summary(const struct scan *s, size_t rules_refused, int64_t took_ms);

#endif
