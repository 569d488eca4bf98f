/* A test's record in the making: a base, and the changes that a test makes to it. */
#ifndef TW_CLI_TESTRECORD_H
#define TW_CLI_TESTRECORD_H

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "engine/yaml.h"

#define TESTRECORD_STEPS_MAX 64       /* of a dotted path */
#define TESTRECORD_EVENT     SIZE_MAX /* no repeat: "${n}" is left as it is */

/* ERR_INPUT "line N: what detail"; detail may be empty. Returns false. */
bool testrecord_wrong(struct err *e, unsigned line, const char *what, struct str detail);

/* The node as JSON, the caller's to json_decref. ERR_INPUT when it is no map. */
TW_MUST_USE bool testrecord_make(const struct yaml *y, json_t **out, struct err *e);
/* Puts each value of the map `set` at its dotted path, in the order written; a number steps into a
 * list, or to its end; maps on the way that are not there are made. "${n}" in any text of a value
 * becomes the decimal number n, unless that is TESTRECORD_EVENT. */
TW_MUST_USE bool testrecord_set(json_t *record, const struct yaml *set, size_t n, struct err *e);
/* Takes out what stands at the dotted paths of the list; ERR_INPUT when there is nothing. */
TW_MUST_USE bool testrecord_unset(json_t *record, const struct yaml *unset, struct err *e);
/* The record's compact text, in a. */
TW_MUST_USE bool testrecord_text(const json_t *record, struct arena *a, struct str *out,
                                 struct err *e);

#endif
