/* What one delivery has gathered: for each window and key its elements. Inner part of windows. */
#ifndef TW_HANDLERS_ENTRIES_H
#define TW_HANDLERS_ENTRIES_H

#include "base/arena.h"
#include "handlers/known.h"
#include "handlers/windows.h"

#define ENTRY_PARTS_MAX  16   /* fields of a key; the largest known has 4 */
#define ENTRY_PART_BYTES 1024 /* of a key's value; a longer one ends with its SHA-256 */

/* What tells entries apart. */
struct entry_name {
    uint32_t window;
    bool stray;              /* evaluated with this delivery alone, without state */
    bool untimed;            /* its one event has no time */
    struct id128 event;      /* that event */
    struct str account;      /* of the events; not part of the name */
    const struct str *parts; /* at most 2 * ENTRY_PARTS_MAX */
    size_t n_parts;
};

/* What was written of the first of some events that are close to each other: an episode's first
 * event is the first of such a crowd, so that only those need to be kept. */
struct glimpse {
    struct element first;
    int64_t until_ms; /* the last of the crowd; the next begins further away than the gap */
    char *text;
    size_t n;
};

struct entry {
    uint32_t window;
    bool stray, untimed;
    struct id128 event; /* untimed: that one */
    uint64_t hash;      /* of its name, in this process alone */
    struct state_key key;
    struct str account;
    const struct str *parts; /* as shown */
    size_t n_parts;
    struct vec elements; /* struct element; sorted once settled */
    bool thinned;        /* some were superfluous, and are gone (thin.c) */
    struct vec deeds;    /* struct element: who did those (handlers/deeds.h); then what was read */
    struct vec doers;    /* struct lineage_doer: the same as it is told; chained, of all inputs */
    struct vec evidence; /* struct element: of a chained window, the events behind its moments */
    struct vec glimpses; /* struct glimpse, ascending */
    bool known;          /* first_seen: all of it is on record, and nothing left to be told */
    bool learned;        /* first_seen: the two times are known */
    int64_t account_ms;  /* when the account was first seen */
    int64_t key_ms;      /* when the key was */
    struct vec all;      /* struct element: own and read, sorted */
    struct vec met;      /* struct element: deeds that were read */
    struct vec spans;    /* struct span */
};

struct entries {
    struct vec list;       /* struct entry * */
    uint32_t *index;       /* hash table: position in list + 1, or 0 */
    struct entry **latest; /* by window: the one that was asked for last, or NULL */
    size_t n_windows;
    size_t n_index; /* a power of two, at least twice the entries */
    /* It is full at `max`. Chained windows add theirs beyond it while what there is is settled: at
     * most one for each window over an entry. */
    size_t max;
    size_t elements, elements_max;
    size_t described, described_max; /* bytes of glimpses */
    struct arena memory;             /* of the entries and their keys */
    struct vec odd; /* struct odd_id: ids that are no UUIDs, to be named as they are */
};

struct odd_id {
    struct id128 id;
    struct str text;
};

/* A tuple of values and its hash (windows_what): of those that came lately it is not worked out
 * once more. */
#define WINDOWS_LATELY       256
#define WINDOWS_LATELY_BYTES 112 /* of a tuple; a longer one is hashed each time */
struct what_lately {
    uint64_t what;
    size_t n; /* bytes of text; 0: none */
    /* Each value behind a byte that is its length. */
    char text[WINDOWS_LATELY_BYTES];
};

/* What windows.c and settling share. */
struct windows {
    struct windows_config cfg;
    struct port_state state;
    struct windows_calls calls;
    struct delivery delivery;
    struct windows_counts counts;
    struct entries entries;
    struct buf description;
    bool *shared;  /* by window: who did what is kept */
    bool *matters; /* by window: it tells, or others build on it */
    bool *wanted;  /* by rule: windows_wants */
    struct lineage_names names;
    struct what_lately lately[WINDOWS_LATELY];
    struct known known; /* of first_seen, from one delivery to the next; nothing when whole */
};

/* A value as keys have it: one that is too long is its beginning and its SHA-256, in `room`. */
struct str entry_part(struct str s, char room[ENTRY_PART_BYTES]);

/* Whether the rule's window tells anything: it has one, it is not muted, its level is told. */
bool windows_tells(const struct windows *w, const struct rs_rule *r);

TW_MUST_USE bool entries_init(struct entries *es, const struct windows_config *cfg, struct err *e);
void entries_release(struct entries *es);
void entries_clear(struct entries *es);
bool entries_full(const struct entries *es);

static inline struct entry *entries_at(const struct entries *es, size_t i)
{
    return *(struct entry **)vec_at(&es->list, i);
}

/* The entry of that name, made when there is none. NULL, with e, without memory. */
struct entry *entries_get(struct entries *es, const struct ruleset *rs,
                          const struct entry_name *name, struct err *e);

/* Adds an element; `evidence` is its event's id as text, absent when it is no event. */
TW_MUST_USE bool entry_add(struct entries *es, struct entry *en, const struct element *el,
                           struct str evidence, struct err *e);

/* Notes who did an event at that time. */
TW_MUST_USE bool entry_add_deed(struct entries *es, struct entry *en, int64_t time_ms,
                                struct id128 actor, struct err *e);

/* The glimpse of the crowd that el is in, crowds that it brings within gap_ms joined; made when
 * there is none. *news: el comes first in it, so describe it. Borrowed until the next call; NULL,
 * with e, without memory. */
struct glimpse *entry_glimpse(struct entries *es, struct entry *en, int64_t gap_ms,
                              const struct element *el, bool *news, struct err *e);
/* How close events are that can only begin one episode together: in a window that has no length
 * those within its gap, else those within its length. */
static inline int64_t glimpse_gap(const struct rs_window *w)
{
    return w->timespan_ms ? w->timespan_ms : w->gap_ms;
}

/* Makes el, with its text, the first of g. */
TW_MUST_USE bool glimpse_set(struct entries *es, struct glimpse *g, const struct element *el,
                             struct str text, struct err *e);

/* Puts the odd ids in order; then appends an event's id as its log has it. */
void entries_sort_ids(struct entries *es);
void entries_put_id(const struct entries *es, struct buf *b, struct id128 id);

#endif
