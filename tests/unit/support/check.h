/* What every unit test includes: cmocka with the headers it wants before it, and comparisons that
 * name the case of a table that failed. */
#ifndef TW_TESTS_UNIT_SUPPORT_CHECK_H
#define TW_TESTS_UNIT_SUPPORT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

/* Number of elements of an array. */
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Each ends the test, naming the case and both values, when got is not want. Absent equals absent
 * here, and nothing else. */
void check_str(const char *name, struct str got, struct str want);
void check_int(const char *name, int64_t got, int64_t want);
void check_size(const char *name, size_t got, size_t want);
void check_true(const char *name, bool got);
void check_false(const char *name, bool got);

#endif
