/* Alerts: what people are told about the hits of one rule by one identity. */
#ifndef TW_RESPOND_ALERT_H
#define TW_RESPOND_ALERT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"
#include "respond/facts.h"

#define EVIDENCE_KEPT 100 /* ids of the first events and of the last ones; INTERFACES' number */
#define ALERT_ID_HEX  32

/* One event as evidence. An id over EVIDENCE_ID_MAX (eventIDs are UUIDs: 36) is kept as its
 * SHA-256. */
#define EVIDENCE_ID_MAX 64
struct evidence {
    int64_t time_ms; /* INT64_MIN: the record tells no time */
    uint32_t n;
    char id[EVIDENCE_ID_MAX];
};

/* A field that the rule's author finds worth showing, with its value in the first event. */
struct shown {
    struct str name;
    struct str value;
};
#define SHOWN_MAX            32   /* fields of one alert; public rules name at most 10 */
#define SHOWN_BYTES_MAX      2048 /* of one value; a policy document is often 1 to 2 KB */
#define ALERT_TEXT_BYTES_MAX 4096 /* of any other string of the first event; longer is cut */

/* One rule and one (account, identity). What it tells depends on the set of its events alone, not
 * on their order; the first event is the one with the least (time, id). */
struct alert {
    uint32_t rule;
    char id[ALERT_ID_HEX + 1]; /* from rule, account, identity, and the first event's id */
    uint64_t count;            /* events; the caller leaves out those it has seen before */
    bool timed; /* whether any event has a time; if not, first and last mean nothing */
    int64_t first_ms, last_ms;
    struct facts first; /* of the first event; strings in memory, as the next three */
    struct str output;  /* of a Falco rule */
    const struct shown *shown;
    size_t n_shown;
    void *memory;
    unsigned char key[SHA256_BYTES]; /* of rule, account, identity */
    struct evidence latest;          /* what was added last */
    struct vec early;                /* struct evidence, ascending: the first EVIDENCE_KEPT */
    struct vec late;                 /* the last EVIDENCE_KEPT of the others, ascending */
};

/* Gets each alert of a set that is emptied; false ends that. The alert is borrowed for the call. */
typedef bool (*alert_fn)(void *to, const struct ruleset *rs, const struct alert *a, struct err *e);

/* Most alerts held at once for one object in Lambda: an alert takes 1 to 20 KB (evidence of 200
 * events is 15 KB), so a full set stays under 20 MB. */
#define ALERTS_PER_OBJECT_MAX 1024

struct alerts {
    const struct ruleset *rs;
    alert_fn tell;
    void *to;
    size_t max;
    struct vec list; /* of struct alert * */
    uint32_t *index; /* hash table: position in list + 1, or 0 */
    size_t n_index;  /* a power of two, at least twice max */
    struct buf text; /* what becomes an alert's memory */
    struct buf scratch;
};

/* An empty set of at most max alerts. When one more is needed, those that are there are told. */
TW_MUST_USE bool alerts_init(struct alerts *s, const struct ruleset *rs, size_t max, alert_fn tell,
                             void *to, struct err *e);
/* What was not told is gone. */
void alerts_release(struct alerts *s);

/* Empties the set; nothing is told. */
void alerts_clear(struct alerts *s);

/* Takes one hit of rule in the event that f was read from. Rules with the same id share alerts, and
 * one event of theirs counts once when their hits come one after another. False when memory is
 * out, or with what tell said. */
TW_MUST_USE bool alerts_add(struct alerts *s, struct event *ev, uint32_t rule,
                            const struct facts *f, struct err *e);

/* Tells all, ordered by (first event's time, rule id, account, identity), and empties the set. */
TW_MUST_USE bool alerts_flush(struct alerts *s, struct err *e);

#endif
