/* Incidents of one lineage as the state remembers them: records, each a stretch of time in which
 * the lineage's alerts lie no further apart than INCIDENT_GAP_MS. They lie in the item of the
 * lineage's root (handlers/lineages.h) and change by compare-and-set only. Pure: time and owner
 * come from outside.
 *
 * A record has SIGNALS, one for each alert and who did its earliest event. It MAKES an incident
 * once a signal is main and at least INCIDENT_LEVEL (and one as grave as people want to hear of);
 * its id is then made as respond/incident.c makes it, of the earliest signal there is. Records that
 * come to lie within the gap of each other, or whose lineages join, become one. Of two incidents
 * the older one's id survives; the other is JOINED, and the survivor's next message says so.
 *
 * What is due and what is told is counted as engine/claims.h does: `due` goes up only when all is
 * told and there is news, a message is leased to one delivery at a time, who finds an expired lease
 * takes it over. So an incident is told at least once and always under one id.
 *
 * Everything is a union of sets, a minimum or a maximum: doing it again, or with what another did
 * already, changes nothing. */
#ifndef TW_RESPOND_INCIDENT_RECORD_H
#define TW_RESPOND_INCIDENT_RECORD_H

#include "base/arena.h"
#include "respond/incident.h"
#include "respond/incident_recall.h"

/* Records of one lineage; beyond it those with nothing left to tell are forgotten, oldest first. */
#define RECORDS_MAX 32
/* Signals of one record: as many as an incident tells. The gravest are kept, then the earliest. */
#define RECORD_SIGNALS_MAX INCIDENT_SIGNALS_MAX
/* Different actors of one record whose number is known, 16 bytes each; more are no news. */
#define RECORD_ACTORS_MAX 64
/* Incidents that joined one; beyond it those that were mentioned are forgotten, oldest first. */
#define RECORD_JOINED_MAX 15
/* Texts of one item; beyond it those of the least grave signals go. Of 32 records with 100 signals
 * of 64 bytes and 64 actors (240 KB) few are ever full: an item of DynamoDB holds 400 KB. */
#define RECORDS_TEXT_MAX  (128u << 10)
#define RECORDS_BYTES_MAX (370u << 10)

struct record_signal {
    unsigned char alert[INCIDENT_ID_BYTES];
    struct id128 actor;        /* node of who did the alert's earliest event in this lineage */
    bool main;                 /* its latest event is of this lineage */
    uint8_t level;             /* enum level */
    uint32_t tactics;          /* as record_tactics tells */
    int64_t first_ms, last_ms; /* INT64_MIN, both: the records tell no time */
    struct str text;           /* respond/incident_recall.h; absent: it was let go */
};

/* What a message says, or will once its teller has told it. More of any is news. */
struct record_said {
    uint8_t level;
    uint32_t tactics, actors, joined;
};

struct incident_record {
    int64_t first_ms, last_ms;     /* INT64_MIN, both: of the alerts without a time */
    struct record_signal *signals; /* by first_ms, then alert, then actor */
    uint32_t n_signals;
    uint32_t left_out; /* signals that found no room; one that is delivered again counts again */
    /* Of all signals, also of those left out. */
    uint8_t level;      /* of the gravest */
    uint8_t main_level; /* of the gravest main one, plus 1; 0: there is none */
    uint32_t tactics;
    struct id128 *actors; /* ascending */
    uint32_t n_actors;
    /* The incident, when it is made. */
    bool made;
    unsigned char id[INCIDENT_ID_BYTES];
    unsigned char owner[INCIDENT_ID_BYTES]; /* the delivery that is to tell it */
    int64_t lease_ms;                       /* till when, wall clock */
    uint32_t due;  /* messages that must be told: 1 is the first, n + 1 the n-th update */
    uint32_t told; /* the newest that was told; 0: none */
    struct record_said said;
    unsigned char (*joined)[INCIDENT_ID_BYTES]; /* in the order in which they came */
    uint32_t n_joined;
};

/* The records of one lineage. Everything lies in the arena. */
struct book {
    struct arena *memory;
    struct vec list; /* struct incident_record *, ascending by first_ms, no two within the gap */
};

void book_init(struct book *r, struct arena *memory);
void book_release(struct book *r);

static inline struct incident_record *book_at(const struct book *r, size_t i)
{
    return *(struct incident_record **)vec_at(&r->list, i);
}

/* The wire form, a part of the root's item: the number of records, then theirs, big-endian. Reading
 * takes it off the front of *from. ERR_INPUT when it is none of ours. */
TW_MUST_USE bool book_decode(struct book *r, struct str *from, struct err *e);
void book_encode(const struct book *r, struct buf *out);

/* The tactics of a rule as a set of bits: ATT&CK's tactics for enterprise in the order of their
 * numbers. */
uint32_t record_tactics(const struct ruleset *rs, const struct rs_rule *r);

/* The id of the incident whose earliest signal is of that alert and that actor: 16 bytes that
 * respond/incident.c prints as hex. */
void record_id(unsigned char id[INCIDENT_ID_BYTES], const unsigned char alert[INCIDENT_ID_BYTES],
               struct id128 actor);

/* Puts a signal into the record that it belongs to, or makes one; its strings are copied. One that
 * is there already takes in what the new one knows. */
TW_MUST_USE bool book_place(struct book *r, const struct record_signal *s, struct err *e);

/* Takes in the records of another lineage, which stay as they are. */
TW_MUST_USE bool book_merge(struct book *r, const struct book *other, struct err *e);

/* One delivery's part. */
struct record_telling {
    int64_t now_ms;
    int64_t lease_ms; /* length of a lease */
    unsigned char owner[INCIDENT_ID_BYTES];
    bool again; /* the object came before: what it touches and is untold, it tells itself */
    enum level min_level; /* incidents below it are not made */
    /* What the delivery touched: the records of these spans and, when it wrote links, all: those
     * that its links joined may have got nothing but one more actor. */
    const struct span *spans;
    size_t n_spans;
    bool linked;
};

/* Makes the incidents that are to be made, calls for messages where there is news in what was
 * touched, takes over expired leases. Doing it again changes nothing but what others did. */
void book_claim(struct book *r, const struct record_telling *by);

/* Whether this delivery is to tell the record's next message. */
bool record_is_mine(const struct incident_record *i, const struct record_telling *by);

/* Notes that message number `told` of incident id was told; of one that has joined another by now
 * nothing is noted, since the other's next message names it. */
void book_mark(struct book *r, const unsigned char id[INCIDENT_ID_BYTES], uint32_t told);

/* Whether all that the delivery touched is told, with no news left to call for. */
bool book_settled(const struct book *r, const struct record_telling *by);

/* Drops records with nothing left to tell that ended before horizon_ms. */
void book_expire(struct book *r, int64_t horizon_ms);

/* The record that has the incident's id, its own or one that joined; NULL when there is none. */
struct incident_record *book_find(const struct book *r, const unsigned char id[INCIDENT_ID_BYTES]);

/* A copy in the arena; NULL when it is full. */
struct incident_record *record_copy(const struct incident_record *from, struct arena *a);

/* The oldest incident of the lineage: lineages that join live on under the one whose is older.
 * NULL when there is none. */
const struct incident_record *book_oldest(const struct book *r);

#endif
