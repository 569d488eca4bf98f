/* A walk over the members of a JSON array that tells where it broke off. */
#ifndef TW_HANDLERS_MEMBERS_H
#define TW_HANDLERS_MEMBERS_H

#include <stdbool.h>

#include "base/str.h"

/* A walk over an array. */
struct members {
    const char *p;
    const char *end;
    bool broken; /* the walk ended at something that is no JSON */
};

/* Starts at an array's raw value; of anything else the walk is empty and not broken. */
struct members members_of(struct str array);
/* The next member's raw value; false at the end. */
bool members_next(struct members *m, struct str *value);

#endif
