/* Words of Falco's condition language, taken one by one from the front of a text. Inner part of
 * engine/falco_condition.h.
 *
 * Each falco_take_* takes what it names, and is false, with nothing taken, when something else
 * stands there. What it gives lies in the text or in the arena. A false with `failed` is final. */
#ifndef TW_ENGINE_FALCO_SCAN_H
#define TW_ENGINE_FALCO_SCAN_H

#include "engine/falco_condition.h"

struct falco_scan {
    struct str text;
    size_t at;
    unsigned depth;
    struct arena *a;
    struct err *e;
    bool failed; /* e says why; everything returns from here on */
};

/* Notes why the text is no condition, and where; the first reason stands. Always NULL. */
void *falco_fail(struct falco_scan *p, const char *why);

/* Zeroed bytes of the arena; NULL (failed) when it is full. */
void *falco_make(struct falco_scan *p, size_t n);

/* One step deeper, as Falco counts them; false (failed) at the limit. Pair with p->depth--. */
bool falco_deeper(struct falco_scan *p);

bool falco_take_blanks(struct falco_scan *p);
bool falco_take(struct falco_scan *p, const char *word);
bool falco_take_identifier(struct falco_scan *p, struct str *out); /* [a-zA-Z][a-zA-Z0-9_]* */
bool falco_take_field_name(struct falco_scan *p, struct str *out); /* with one dot at least */
bool falco_take_number(struct falco_scan *p, struct str *out);
/* The name of a transformer whose opening parenthesis follows it directly. */
bool falco_take_call(struct falco_scan *p, struct str *out);
/* `not` and at least one blank. */
bool falco_take_not(struct falco_scan *p);

/* A quoted string. The closing quote is the first whose previous byte is no backslash: a value that
 * ends in a backslash cannot be written. */
bool falco_take_quoted(struct falco_scan *p, struct str *out);
bool falco_take_value(struct falco_scan *p, struct str *out);    /* quoted or bare */
bool falco_take_argument(struct falco_scan *p, struct str *out); /* of a field: quoted or bare */

/* Whether a list, or the name of one, begins here. */
bool falco_list_follows(const struct falco_scan *p);

/* ---- operators (falco_operator.c) ---- */

/* What may stand on the right side. */
enum falco_op_kind { FALCO_OF_NUMBERS, FALCO_OF_TEXTS, FALCO_OF_LISTS };

bool falco_take_op(struct falco_scan *p, enum falco_op_kind kind, enum falco_op *op);
/* oneof, anyof or allof with a list behind it. */
bool falco_take_modifier(struct falco_scan *p, enum falco_modifier *out);

#endif
