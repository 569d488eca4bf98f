/* Falco's fields: what each is called, takes, yields, and where in a record it lies. */
#ifndef TW_ENGINE_FALCO_FIELD_H
#define TW_ENGINE_FALCO_FIELD_H

#include "engine/falco_term.h"

enum falco_arg { FALCO_ARG_NONE, FALCO_ARG_KEY, FALCO_ARG_INDEX };

struct falco_field;
/* Fills out for this event; slots are those of the row's paths, in order. False: no value. */
typedef bool falco_extract(struct event *ev, const uint32_t *slots, uint32_t index,
                           struct falco_value *out);

struct falco_field {
    const char *name;
    uint16_t type;            /* enum falco_type, FALCO_LIST_FLAG */
    uint8_t arg;              /* enum falco_arg: KEY must be there, INDEX may */
    uint8_t fn;               /* FALCO_FN_PLAIN, FALCO_FN_JSON or FALCO_FN_FIELD */
    const char *const *paths; /* from the record's root, steps parted by '/'; NULL ends */
    falco_extract *extract; /* of FALCO_FN_FIELD; NULL: it counts earlier events, which a rule here
                               cannot: a rule that names it is left out, with a warning */
};

/* The row of a field (exact name) in rules of the source; false when it has none of that name. */
bool falco_field_find(enum source source, struct str name, uint32_t *row);
const struct falco_field *falco_field_at(uint32_t row);
/* Whether any row has the number: to be asked of one that comes out of a file. */
bool falco_field_is(uint32_t row);

#endif
