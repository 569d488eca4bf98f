/* What Sigma's tests mean. Made by engine/sigma*.c, evaluated by sigma_match.c. */
#ifndef TW_ENGINE_SIGMA_MATCH_H
#define TW_ENGINE_SIGMA_MATCH_H

#include "engine/event.h"

/* rs_term.fn of Sigma terms. */
enum sigma_term {
    SIGMA_FIELD, /* a: slot of kind SLOT_FAN */
    SIGMA_ANY    /* every string of the record (keywords) */
};

/* Whether test number `pred` (of dialect Sigma) holds. Not remembered here: ask event_pred. */
bool sigma_pred(struct event *ev, const struct rs_pred *p);

#endif
