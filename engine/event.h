/* One log record, read once: the values of the slots that the rules name, as spans of its bytes. */
#ifndef TW_ENGINE_EVENT_H
#define TW_ENGINE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "engine/json.h"
#include "engine/keys.h"
#include "engine/ruleset.h"

/* Values kept of one record. A record of 256 KB (CloudTrail's largest) has fewer; one of 4 MB that
 * is all array members is cut here and counted, so that an event takes at most 4 MB beside its
 * bytes. */
#define EVENT_VALUES_MAX  65536
#define EVENT_SCRATCH_MAX (16u << 20) /* unescaped and compacted texts of one record */

struct value {
    struct str raw;  /* in the record; of a string, what lies between the quotes */
    struct str text; /* event_text's memory; absent until asked */
    uint8_t type;    /* enum json_type */
    bool escaped;    /* a string with a backslash in it */
    uint32_t next;   /* next value of the same slot, as position + 1; 0 is none */
};

/* What engine/regex_need.h says of one regular expression. */
struct regex_needed {
    bool known;
    struct str text;
};

#define EVENT_ASN_MAX 10 /* digits of a 32-bit number */

/* What is known of the caller's address. It is asked for once for each run of records with the same
 * address. */
struct event_geo {
    struct geo found;              /* of `address` */
    char address[GEO_ADDRESS_MAX]; /* n_address bytes */
    size_t n_address;
    char asn[EVENT_ASN_MAX]; /* found.asn in digits */
    size_t n_asn;
};

/* What one reader saw that its owner should tell about. */
struct event_counts {
    uint64_t values_cut;   /* records with more values than EVENT_VALUES_MAX */
    uint64_t scratch_full; /* texts not made because EVENT_SCRATCH_MAX was reached */
    uint64_t regex_limit;  /* regular expressions that met the match limit, or found no memory */
};

/* The columns of a record that is a line of values with a blank between them ("-": none). Borrowed
 * from whoever began the record. */
struct event_columns {
    const struct str *names; /* n */
    const bool *numbers;     /* n: its values are decimal numbers */
    size_t n;                /* 0: the record is JSON */
};

/* One reader: it keeps its memory from record to record. For one thread. */
struct event {
    const struct ruleset *rules;
    struct key_table keys;
    struct str record;            /* the present record, from { to }; or a line */
    struct event_columns columns; /* of a line */
    enum source source;           /* of the present record */
    bool source_known;            /* by the record's own fields, or because it is forced */
    bool source_forced;           /* event_force_source */
    enum source forced;           /* when it is */
    uint64_t number;              /* of this reader, from 1 (Falco's evt.num) */
    struct value *values;         /* n_values */
    uint32_t n_values, cap_values;
    uint32_t *slot_first; /* by slot: position + 1 in values, or 0 */
    uint32_t *slot_last;
    uint32_t *touched; /* slots to clear for the next record */
    uint32_t n_touched;
    uint32_t epoch;       /* tells this reading from earlier ones in the three tables below */
    uint32_t *step_seen;  /* by step: epoch in which a SLOT_POINT step was met */
    uint32_t *pred_known; /* by pred: 2 * epoch + result */
    uint32_t *rule_seen;  /* by rule: epoch in which it became a candidate */
    uint32_t *slot_index; /* by slot: its place in rules->index.slots, or RS_NONE */
    uint32_t *always;     /* rules->index.always, those of one source together */
    uint32_t always_from[SOURCES + 1]; /* where each source's begin */
    uint32_t *hits;                    /* room for n_rules */
    struct arena scratch;
    void **regexes;             /* by regex: pcre2_code, compiled when it is first asked for */
    struct regex_needed *needs; /* by regular expression */
    void *match_data;           /* pcre2_match_data */
    void *match_context;
    bool first_match;         /* Falco's default: only the first rule of the source */
    struct port_geo geo_port; /* of event_set_geo */
    struct event_geo geo;
    struct event_counts counts;
};

TW_MUST_USE bool event_init(struct event *ev, const struct ruleset *rs, struct err *e);
void event_release(struct event *ev);

/* From the next record on, addresses are looked up in this port, which is borrowed; until then
 * nothing is known of any. */
void event_set_geo(struct event *ev, struct port_geo port);

/* Reads the record (a JSON object) that starts at bytes.p; the bytes must stay until the next read.
 * JSON_OK: *used bytes belong to it. JSON_MORE: it does not end in bytes. JSON_BAD: e says where.
 */
TW_MUST_USE enum json_status event_read(struct event *ev, struct str bytes, size_t *used,
                                        struct err *e);

/* From the next record on, records that are JSON are taken to be of this source, whatever they
 * hold; lines of values stay what event_begin says. */
void event_force_source(struct event *ev, enum source source);

/* A record that is no JSON but a line of values: begins one of the source `source`, whose bytes are
 * `record`, and puts a value into it; raw must stay until the next record. A slot gets at
 * most one value; RS_NONE, what no rule names, is left out. */
void event_begin(struct event *ev, enum source source, struct str record,
                 struct event_columns columns);
void event_put(struct event *ev, uint32_t slot, enum json_type type, struct str raw);
/* Ends it: what is known of its address is added. */
void event_end(struct event *ev);
/* A record that nobody wants to read counts as one. */
static inline void event_pass(struct event *ev)
{
    ev->number++;
}

/* The slot for a member of a record's top, RS_NONE when no rule names it. */
uint32_t event_member_slot(const struct event *ev, struct str name);
/* The present record as JSON: of a line, an object with a member for each column that has a value
 * (engine/event_json.c); to be read again as such, it comes to the same. Until the next record;
 * empty when the scratch is full (counted). */
struct str event_json(struct event *ev);

/* Appends what was read of the present record to out: the values of the slots that are true in
 * `slots`, by slot (NULL: all), and with_json what event_json says; at most EVENT_KEPT_MAX bytes of
 * a record, and of what stands for it as JSON, of n. */
void event_keep(struct event *ev, const bool *slots, bool with_json, struct buf *out);
#define EVENT_KEPT_HEAD  32
#define EVENT_KEPT_VALUE 16
/* The record twice: a line as JSON too, or values of our own, which are shorter than it. */
#define EVENT_KEPT_MAX(n) (2 * (n) + EVENT_KEPT_HEAD + EVENT_VALUES_MAX * EVENT_KEPT_VALUE)
/* Makes what event_keep appended, of an event with the same rules, the present record, its number
 * what it was. Slots that were not asked for are empty, and event_json is if it was not kept. The
 * bytes must stay until the next record. */
void event_restore(struct event *ev, struct str kept);

/* Marks the slots that are read of an event after it was matched: core and tie fields, what rules
 * show, keys and values of windows. Falco's outputs name others. */
void event_mark_told(const struct ruleset *rs, bool *slots);

/* The first value of a slot in this record, and the next after one; NULL when there is none.
 * A SLOT_FAN slot that ends at an array has the array itself (JSON_ARRAY) and then each member;
 * a SLOT_POINT slot has at most one value. */
struct value *event_first(const struct event *ev, uint32_t slot);
struct value *event_next(const struct event *ev, const struct value *v);

/* A value as text: a string's content unescaped, a number, true or false as written, a container in
 * compact form, null as "null". Until the next record. Absent only when the scratch is full
 * (counted). */
struct str event_text(struct event *ev, struct value *v);

/* Text of a core field's first string value (outside of CloudTrail also a number's); absent when
 * there is none. */
struct str event_core(struct event *ev, enum core_field f);

/* Text of a tie field's first string value; absent when there is none. */
struct str event_tie(struct event *ev, enum tie_field f);

/* When it happened, in milliseconds since 1970: RFC 3339, and outside of CloudTrail also seconds or
 * milliseconds as a number. False when the record does not say. */
bool event_time(struct event *ev, int64_t *ms);

/* What is known of the present record's caller by its address (CORE_IP). Texts are borrowed
 * from the port. */
const struct geo *event_geo(struct event *ev);

/* Runs compiled regular expression `regex` over s, unanchored unless its options say so. A met
 * match limit counts in ev->counts and is no match. */
bool event_regex(struct event *ev, uint32_t regex, struct str s);

/* Evaluates the rules of the event's source. Returns the numbers of those that hold, ascending,
 * borrowed until the next record; *n how many. Muted rules are among them. Once a record: a second
 * call finds no candidates any more. */
const uint32_t *event_match(struct event *ev, size_t *n);

/* Whether one node or test holds in this event (tests are remembered). */
bool event_node(struct event *ev, uint32_t node);
bool event_pred(struct event *ev, uint32_t pred);

#endif
