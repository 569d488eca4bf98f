/* What the extractors of Falco's fields have in common: reading slots, giving values, and the rows
 * of their tables. Inner part of engine/falco_field.h. */
#ifndef TW_ENGINE_FALCO_SLOTS_H
#define TW_ENGINE_FALCO_SLOTS_H

#include "base/buf.h"
#include "engine/falco_field.h"

#define FALCO_TEXT_MAX                                                                             \
    (4u << 20) /* of a text that an extractor builds; a record has at most 4 MB */

/* Each gives a value and returns true; a text that is absent is no value. */
bool falco_give(struct str text, struct falco_value *out);
bool falco_give_number(uint64_t n, struct falco_value *out);
/* What b holds, moved to the event's scratch; b is released. */
bool falco_give_built(struct event *ev, struct buf *b, struct falco_value *out);

/* A slot's first value, as the cloudtrail plugin reads: any that is no string is "". False when
 * there is none. */
bool falco_plain(struct event *ev, uint32_t slot, struct str *out);
/* The same, and false too when it is no string. */
bool falco_only_string(struct event *ev, uint32_t slot, struct str *out);

/* Rows of struct falco_field. */
#define FALCO_ROW_PATH(p)                                                                          \
    (const char *const[])                                                                          \
    {                                                                                              \
        p, NULL                                                                                    \
    }
#define FALCO_ROW_PLAIN(name, path)                                                                \
    {                                                                                              \
        name, FALCO_STRING, FALCO_ARG_NONE, FALCO_FN_PLAIN, FALCO_ROW_PATH(path), NULL             \
    }
#define FALCO_ROW_TEXT(name, paths, fn)                                                            \
    {                                                                                              \
        name, FALCO_STRING, FALCO_ARG_NONE, FALCO_FN_FIELD, paths, fn                              \
    }
#define FALCO_ROW_NUMBER(name, type, paths, fn)                                                    \
    {                                                                                              \
        name, type, FALCO_ARG_NONE, FALCO_FN_FIELD, paths, fn                                      \
    }

/* The tables: evt.* and json.* are of every source. *n gets their rows. */
const struct falco_field *falco_common_fields(size_t *n);
const struct falco_field *falco_ct_fields(size_t *n);
const struct falco_field *falco_okta_fields(size_t *n);
const struct falco_field *falco_github_fields(size_t *n);
const struct falco_field *falco_ka_fields(size_t *n);

/* evt.plugininfo, a field of every source that shows what the cloudtrail plugin says of its own. */
extern const char *const falco_ct_info_paths[];
falco_extract falco_ct_plugininfo;

#endif
