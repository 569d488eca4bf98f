/* Lists in records, for the extractors of Falco's fields. Inner part of engine/falco_field.h. */
#ifndef TW_ENGINE_FALCO_LISTS_H
#define TW_ENGINE_FALCO_LISTS_H

#include "base/vec.h"
#include "engine/falco_slots.h"

/* Steps over the members of a JSON array. */
struct falco_members {
    const char *p, *end; /* p is behind the bracket or a comma; NULL when there is no more */
};

/* The members of a slot's first value, none when it is no array; or of a raw JSON text. */
struct falco_members falco_members_of(const struct event *ev, uint32_t slot);
struct falco_members falco_members_in(struct str raw);
/* The next member's JSON text; false at the end. */
bool falco_members_next(struct falco_members *l, struct str *member);

/* The text of a raw JSON string, "" for anything else. Until the next record. */
struct str falco_raw_text(struct event *ev, struct str raw);

/* Texts being gathered for a field that is a list. */
struct falco_texts {
    struct vec list; /* struct str */
};

void falco_texts_init(struct falco_texts *t);
/* An absent text is left out. */
void falco_texts_add(struct falco_texts *t, struct str text);
/* Gives the texts as the field's value and releases t; false when there are none. */
bool falco_texts_give(struct event *ev, struct falco_texts *t, struct falco_value *out);

#endif
