/* What one delivery has gathered: for each window and key its elements. Inner part of windows. */
#ifndef TW_HANDLERS_ENTRIES_H
#define TW_HANDLERS_ENTRIES_H

#include "base/arena.h"
#include "handlers/windows.h"

#define ENTRY_PARTS_MAX    16   /* fields of a key; the largest known has 4 */
#define ENTRY_PART_BYTES   1024 /* of a key's value that are shown; all of it is hashed */
#define ENTRY_EVIDENCE_MAX 1024 /* events behind a chained window's moments that are named */

/* What tells entries apart. */
struct entry_name {
    uint32_t window;
    bool stray;         /* evaluated with this delivery alone, without state */
    bool untimed;       /* its one event has no time */
    struct id128 event; /* that event */
    struct str account; /* of the events; not part of the name */
    const struct str *parts;
    size_t n_parts;
};

struct entry {
    uint32_t window;
    bool stray, untimed, described;
    struct state_key key;
    struct str account;
    const struct str *parts; /* as shown */
    size_t n_parts;
    struct vec elements; /* struct element; sorted once settled */
    struct vec evidence; /* struct element: of a chained window, the events behind its moments */
    struct element first;
    char *details; /* of the event `first` */
    size_t n_details;
    bool mute;        /* learning: a new claim gets no alert */
    struct vec all;   /* struct element: own and read, sorted */
    struct vec spans; /* struct span */
};

struct entries {
    struct vec list; /* struct entry * */
    uint32_t *index; /* hash table: position in list + 1, or 0 */
    size_t n_index;  /* a power of two, at least twice max */
    size_t max, elements, elements_max;
    struct arena memory; /* of the entries and their keys */
    struct vec odd;      /* struct odd_id: ids that are no UUIDs, to be named as they are */
};

struct odd_id {
    struct id128 id;
    struct str text;
};

/* What windows.c and settle.c share. */
struct windows {
    struct windows_config cfg;
    struct port_state state;
    struct windows_calls calls;
    struct delivery delivery;
    struct windows_counts counts;
    struct entries entries;
    struct buf description;
};

/* Whether the rule's window tells anything: it has one, it is not muted, its level is told. */
bool windows_tells(const struct windows *w, const struct rs_rule *r);

TW_MUST_USE bool entries_init(struct entries *es, size_t max, size_t elements_max, struct err *e);
void entries_release(struct entries *es);
void entries_clear(struct entries *es);
bool entries_full(const struct entries *es);

static inline struct entry *entries_at(const struct entries *es, size_t i)
{
    return *(struct entry **)vec_at(&es->list, i);
}

/* The entry of that name, made when there is none (*fresh). NULL, with e, without memory. */
struct entry *entries_get(struct entries *es, const struct ruleset *rs,
                          const struct entry_name *name, bool *fresh, struct err *e);

/* Adds an element; `evidence` is its event's id as text, absent when it is no event. */
TW_MUST_USE bool entry_add(struct entries *es, struct entry *en, const struct element *el,
                           struct str evidence, struct err *e);
TW_MUST_USE bool entry_set_details(struct entry *en, struct str details, struct err *e);

/* Puts the odd ids in order; then appends an event's id as its log has it. */
void entries_sort_ids(struct entries *es);
void entries_put_id(const struct entries *es, struct buf *b, struct id128 id);

#endif
