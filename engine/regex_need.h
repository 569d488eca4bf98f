/* What a text must contain for a regular expression to match it: found by reading the expression,
 * looked for before it is run. Most values lack it, and looking for bytes costs a hundredth of
 * running PCRE2. */
#ifndef TW_ENGINE_REGEX_NEED_H
#define TW_ENGINE_REGEX_NEED_H

#include <stdint.h>

#include "base/str.h"

/* The longest piece of the pattern (borrowed from it) whose bytes every match contains; absent when
 * there is none, or the pattern has something that is not understood here. options: PCRE2_*. */
struct str regex_need(struct str pattern, uint32_t options);

#endif
