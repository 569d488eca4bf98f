/* Behaviour over time: gathers the hits of one delivery and settles them with what is remembered.
 *
 * The protocol (docs/design.md; promise P1), for all keys of a delivery side by side:
 *   learn    of first_seen rules: when accounts and keys were first seen, what is on record already
 *   add      its elements, thinned, to their buckets
 *   read     only then, those buckets and all within a timespan of its elements. Two deliveries
 *            that write before they read cannot both miss each other
 *   find     the spans at which the rule holds, over what was read and its own
 *   claim    them by compare-and-set: a new episode gets one alert, leased to this delivery
 *   publish  what is leased to it, and, when the object has come before, whatever it touched
 *   told     lets the caller act on what was published
 *   mark     what was published
 *   settle   only when nothing that it touched is left untold may the object be acknowledged
 * Chained correlations are fed the moments at which their inputs hold and go through the same steps
 * after them; superfluous elements are dropped last, when all moments are on record. */
#ifndef TW_HANDLERS_WINDOWS_H
#define TW_HANDLERS_WINDOWS_H

#include "engine/claims.h"
#include "engine/event.h"
#include "handlers/state.h"
#include "respond/facts.h"
#include "respond/lineage.h"

/* Keys gathered at once, for a Lambda of 128 MB: an entry takes some 600 bytes, its description at
 * most 4 KB. When they are full, what is there is settled early; sets do not mind. Elements are
 * thinned first (thin.c), which makes room enough in a flood of few keys. */
#define WINDOWS_ENTRIES_MAX 4096
/* Elements gathered at once, 32 bytes each: 2 MB. */
#define WINDOWS_ELEMENTS_MAX (1u << 16)
/* Bytes of what is written of their first events: 1,024 of them at their longest. */
#define WINDOWS_DESCRIBED_MAX (4u << 20)
/* Members of an array that count as values of one event, and keys that one event is put under. */
#define WINDOWS_VALUES_MAX 64
/* Times that a lost compare-and-set is tried again; six workers on one key need about as many. */
#define WINDOWS_SWAPS_MAX 64
/* Looks at claims that others are to tell, before the object is handed back. */
#define WINDOWS_LOOKS_MAX 3
/* Values of one key that a first_seen rule remembers: an attacker who changes his user agent with
 * every call fills no more than this. */
#define WINDOWS_FIRST_SEEN_MAX 1000
/* Evidence of one alert: events at either end. INTERFACES' number. */
#define WINDOWS_EVIDENCE_MAX 100

/* Who did events of one alert, as told: with so many identities a message of an incident is full.
 * Of more, the earliest and the latest. */
#define WINDOWS_DOERS_MAX 256

/* One alert or update that is to be told. Borrowed for the call. */
struct window_alert {
    const struct rs_window *window;
    char id[2 * CLAIM_ID_BYTES + 1];
    uint32_t updates;
    const struct str *key_names, *key_values;
    size_t n_keys;
    bool timed; /* the records tell times */
    int64_t first_ms, last_ms;
    uint64_t count;
    bool estimated;           /* count is */
    const struct str *events; /* ids, ascending in time: the first and the last */
    const int64_t *times;     /* of those */
    size_t n_events;
    const struct lineage_doer *doers; /* as those of struct alert, ascending in time */
    size_t n_doers;
    struct str details;       /* of the first event as describe wrote them, of an update perhaps of
                                 the first that called for it; absent when nobody knows */
    const struct str *joined; /* ids of told alerts that turned out to be the same episode */
    size_t n_joined;
};

struct windows_calls {
    void *to;
    /* Writes what is worth telling of this event as one of rule's, at most CLAIM_DETAILS_MAX bytes;
     * the buffer has that maximum, and what does not fit is not told. */
    void (*describe)(void *to, struct event *ev, uint32_t rule, const struct facts *f,
                     struct buf *out);
    /* Publishes; true only when it is confirmed. */
    bool (*tell)(void *to, const struct window_alert *a, struct err *e);
    /* Alerts were told and are not noted as told yet: what hangs on them (their incidents) may be
     * done now. When it fails they stay untold, and come again under their ids. May be NULL. */
    bool (*told)(void *to, struct err *e);
};

struct windows_config {
    const struct ruleset *rules;
    enum level min_level; /* windows of rules below it tell nothing */
    bool mute;            /* --learn: fill the state, tell nothing */
    bool archive; /* `scan`: now is the newest event's time, and no event is too old or too new */
    bool whole;   /* the delivery is all there is: its episodes are told as they are, with exact
                     counts; nothing is claimed (first_seen alone notes what it learned) */
    bool deeds;   /* who did what lies beside events where strangers meet, and is told */
    size_t entries_max, elements_max;
    size_t described_max; /* 0: WINDOWS_DESCRIBED_MAX */
    uint32_t pairs_max;   /* 0: WINDOW_PAIRS_MAX; tests take less */
    int64_t memory_ms;    /* events older than this, or in the future by more than an hour, are
                             evaluated with their delivery alone */
};

/* One delivery of one object. */
struct delivery {
    int64_t now_ms;                      /* wall clock; of an archive 0: its events tell */
    int64_t lease_ms;                    /* until after the deadline, before a redelivery */
    unsigned char owner[CLAIM_ID_BYTES]; /* of this delivery alone */
    bool again;                          /* it came before, or that is not known */
    bool learn;           /* it is to be learned from: however old, its events are placed, and */
    int64_t told_from_ms; /* episodes that begin before this are not told */
};

struct windows_counts {
    uint64_t no_key; /* hits without a value for a field of a correlation's key */
    uint64_t stray;  /* hits too old or too far in the future, or without a time */
    uint64_t capped; /* new values not remembered: WINDOWS_FIRST_SEEN_MAX */
    uint64_t told;   /* alerts and updates published */
    uint64_t conflicts;
    uint64_t early; /* times that a delivery was settled before its end: too many keys */
};

struct windows;

/* All borrowed. NULL, with e, without memory. */
struct windows *windows_new(const struct windows_config *cfg, const struct port_state *state,
                            struct windows_calls calls, struct err *e);
void windows_free(struct windows *w);

/* Begins a delivery; what was gathered before is forgotten. */
void windows_begin(struct windows *w, const struct delivery *d);
/* Takes the hits of one event, read into ev. May settle early, and fails then as windows_settle. */
TW_MUST_USE bool windows_add(struct windows *w, struct event *ev, const struct facts *f,
                             const uint32_t *hits, size_t n, struct err *e);
/* Goes through the protocol. ERR_RETRY when another delivery has still to tell what this one
 * touched, or the state did not answer; else what the state or `tell` said. On failure the object
 * must come again. */
TW_MUST_USE bool windows_settle(struct windows *w, struct err *e);

/* What now is: of an archive, the newest event's time so far. */
int64_t windows_now_ms(const struct windows *w);

const struct windows_counts *windows_counts(const struct windows *w);

/* Whether rule's hits matter: it tells at this level, or feeds a correlation. */
bool windows_wants(const struct windows *w, uint32_t rule);

/* What the moments of a chained correlation are to the window that `in` feeds: that input, or,
 * where values are counted, those that their key (its parts) has. */
uint64_t windows_what(const struct ruleset *rs, const struct rs_input *in, const struct str *parts);

/* The evaluator's form of a window. */
struct window window_of(const struct ruleset *rs, const struct rs_window *w);

#endif
