/* Small reads of JSON values: members of arrays in order, members of objects as text. */
#ifndef TW_HANDLERS_MEMBERS_H
#define TW_HANDLERS_MEMBERS_H

#include <stdbool.h>

#include "base/arena.h"
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

/* The text of a raw string value, unescaped in a when needed. Absent when it is no string, or when
 * a is full. */
struct str member_string(struct str value, struct arena *a);
/* The text of object's member; absent when there is none or it is no string. */
struct str member_text(struct str object, const char *key, struct arena *a);

#endif
