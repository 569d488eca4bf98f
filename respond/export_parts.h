/* What the exports share: reading the incident's JSON, and values they all write. */
#ifndef TW_RESPOND_EXPORT_PARTS_H
#define TW_RESPOND_EXPORT_PARTS_H

#include <jansson.h>
#include <stdint.h>

#include "base/str.h"

/* The member's text; "" when there is none. NUL-terminated, of the object. */
const char *export_text(const json_t *object, const char *member);
/* Milliseconds of a member that is a time; 0 when it is none. */
int64_t export_ms(const json_t *object, const char *member);
/* The first text of a list; "" when it is empty. */
const char *export_first(const json_t *object, const char *list);
/* The object of the list whose "id" this is; NULL when there is none. */
const json_t *export_find(const json_t *object, const char *list, const char *id);
/* 0 informational to 4 critical. */
int export_level(const json_t *object);
/* A copy of at most max bytes, cut in front of a character. */
json_t *export_upto(const char *text, size_t max);

json_t *export_ocsf(const json_t *incident);
json_t *export_asff(const json_t *incident);
json_t *export_flow(const json_t *incident);

#endif
