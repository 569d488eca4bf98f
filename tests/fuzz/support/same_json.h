/* JSON read by a library that is not ours. Apart from the fuzzers, for engine/json.h and jansson
 * have names in common. */
#ifndef TW_TESTS_FUZZ_SUPPORT_SAME_JSON_H
#define TW_TESTS_FUZZ_SUPPORT_SAME_JSON_H

#include <stdbool.h>

#include "base/str.h"

/* Whether both are one JSON array or object, the same but for how it is written. */
bool same_json(struct str a, struct str b);

/* Whether s is one JSON value of any type. */
bool is_json(struct str s);

#endif
