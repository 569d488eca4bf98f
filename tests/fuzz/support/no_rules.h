/* For fuzzers of readers, which need rules to read events by. */
#ifndef TW_TESTS_FUZZ_SUPPORT_NO_RULES_H
#define TW_TESTS_FUZZ_SUPPORT_NO_RULES_H

#include <stdlib.h>

#include "engine/builder.h"

#endif
