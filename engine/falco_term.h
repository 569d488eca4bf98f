/* What Falco's fields, transformers and tests mean, and its output line. Terms and tests are made
 * by engine/falco_compile.c. */
#ifndef TW_ENGINE_FALCO_TERM_H
#define TW_ENGINE_FALCO_TERM_H

#include "base/buf.h"
#include "engine/event.h"

/* rs_term.type: one of these, and FALCO_LIST_FLAG when it yields a list of them. Falco compares
 * only what has the same type; all but texts are unsigned numbers of 64 bits. */
enum falco_type { FALCO_STRING, FALCO_U64, FALCO_ABSTIME, FALCO_RELTIME, FALCO_BOOL };
#define FALCO_LIST_FLAG   0x100
#define FALCO_PADDED_FLAG 0x200 /* printed with at least nine digits */

/* rs_term.fn of Falco terms. */
enum falco_fn {
    FALCO_FN_PLAIN,   /* a: slot. A JSON string's text; another present value is "" */
    FALCO_FN_JSON,    /* a: slot. A JSON string's text, another value's JSON text */
    FALCO_FN_FIELD,   /* a: row of engine/falco_field.c; b: index argument, or RS_NONE; args: slots
                       */
    FALCO_FN_TEXT,    /* a, b: rs_text */
    FALCO_FN_LIST,    /* args: terms */
    FALCO_FN_TOLOWER, /* this and the next four: a is a term */
    FALCO_FN_TOUPPER,
    FALCO_FN_B64,
    FALCO_FN_BASENAME,
    FALCO_FN_LEN,
    FALCO_FN_JOIN,   /* a: term of the separator, b: term of the list */
    FALCO_FN_CONCAT, /* args: terms */
    FALCO_FN_GETOPT  /* a: term of the words, b: term of the option string; args: one option's
                        character, or none */
};

/* What a term yields. Absence is the false of the function that gives it. */
struct falco_value {
    uint16_t type;           /* as rs_term.type */
    uint64_t number;         /* of all scalars but strings */
    struct str text;         /* of a scalar string */
    const struct str *items; /* n, of a list of strings; in the event's scratch */
    size_t n;
};

static inline bool falco_is_list(const struct falco_value *v)
{
    return v->type & FALCO_LIST_FLAG;
}

static inline bool falco_is_text(const struct falco_value *v)
{
    return (v->type & 0xff) == FALCO_STRING;
}

/* The term's value for this event; false when it yields nothing. Texts live until the next record.
 */
TW_MUST_USE bool falco_term(struct event *ev, uint32_t term, struct falco_value *out);

/* The text in upper or lower case, ASCII alone, in the event's scratch; absent when that is full.
 */
struct str falco_fold_case(struct event *ev, struct str s, bool upper);

/* rs_pred.op is enum falco_op, rs_pred.flags enum falco_modifier. rs_value: text, and for number
 * terms bits[0]. Whether test `p` (of dialect Falco) holds. Not remembered here: ask event_pred. */
bool falco_pred(struct event *ev, const struct rs_pred *p);

/* Appends the rule's output for this event, formatted as Falco does, without time and priority:
 * absent values are <NA>. */
void falco_put_output(struct buf *b, struct event *ev, const struct rs_rule *r);

/* fnmatch(3) with no flags, or FNM_CASEFOLD, over bytes of the C locale: `*` crosses slashes, [!x],
 * backslash escapes. At most |pattern| * |s| steps. */
bool falco_glob(struct str pattern, struct str s, bool fold);
/* Falco's pmatch: all parts of path, between slashes, match the leading parts of s. */
bool falco_path_prefix(struct str path, struct str s);

#endif
