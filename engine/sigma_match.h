/* What Sigma's tests mean. Made by engine/sigma*.c, evaluated by sigma_match.c. */
#ifndef TW_ENGINE_SIGMA_MATCH_H
#define TW_ENGINE_SIGMA_MATCH_H

#include "engine/event.h"

/* rs_term.fn of Sigma terms. */
enum sigma_term {
    SIGMA_FIELD, /* a: slot of kind SLOT_FAN; b: enum sigma_part */
    SIGMA_ANY    /* every string of the record, at any depth, keys not among them (keywords) */
};

/* rs_term.b of SIGMA_FIELD: the value itself, or a part of the time that it names, as the number
 * that is written there (no time zone is converted; week is ISO 8601's). */
enum sigma_part {
    SIGMA_WHOLE,
    SIGMA_MINUTE,
    SIGMA_HOUR,
    SIGMA_DAY,
    SIGMA_WEEK,
    SIGMA_MONTH,
    SIGMA_YEAR
};

/* rs_pred.op. A value of the field is a JSON value at its path or a member of an array there; the
 * array itself is none. Negation is the program's affair (NODE_NOT). */
enum sigma_op {
    SIGMA_IS,         /* some value of the field is like one of `values` */
    SIGMA_NULL,       /* there is no value, or one that is JSON null */
    SIGMA_EXISTS,     /* there is something, be it JSON null or an empty array */
    SIGMA_REF_EQUALS, /* some value of `term` and some value of `right` have equal text, */
    SIGMA_REF_PREFIX, /* begins with it, */
    SIGMA_REF_SUFFIX, /* ends with it, */
    SIGMA_REF_CONTAINS
};

/* rs_value.kind. Texts: of a string what it says, of a number, true and false what is written, of
 * an object its compact JSON; JSON null has none. */
enum sigma_value {
    /* text and flags: as enum pattern_kind, in its order */
    SIGMA_EXACT,
    SIGMA_PREFIX,
    SIGMA_SUFFIX,
    SIGMA_CONTAINS,
    SIGMA_GLOB,
    SIGMA_REGEX,  /* regex: searched for in the text */
    SIGMA_NUMBER, /* number and text, with a JSON number or a string that is one */
    SIGMA_LT,
    SIGMA_LTE,
    SIGMA_GT,
    SIGMA_GTE,
    SIGMA_CIDR /* bits: the network; number: length of its prefix; flags: SIGMA_IPV6 */
};

/* rs_value.flags, and rs_pred.flags of the SIGMA_REF_ tests */
#define SIGMA_CASED   1u /* A-Z and a-z differ; without it the text is in lower case */
#define SIGMA_NUMERIC 2u /* an exact text that is also a number: equal to 22 and 22.0 alike */
#define SIGMA_IPV6    4u

/* Pairs of values that one SIGMA_REF_ test compares in one event; CloudTrail's arrays have some
 * hundred members at most. Past it the test ends without a match and the event counts as cut. */
#define SIGMA_REF_PAIRS_MAX 1000000

/* Whether test `p` (of dialect Sigma) holds. Not remembered here: ask event_pred. */
bool sigma_pred(struct event *ev, const struct rs_pred *p);

/* Reads a decimal number: sign, digits, fraction, exponent, nothing else and at most 64 bytes. */
bool sigma_number(struct str s, double *out);
/* Whether two numbers, given as value and text, are equal. Beyond 2^53, where doubles have gaps,
 * their texts must be. */
bool sigma_number_equal(double a, struct str a_text, double b, struct str b_text);

#endif
