/* An allocator that fails at call n, for tests of what happens when memory is out. */
#ifndef TW_TESTS_UNIT_SUPPORT_ALLOC_H
#define TW_TESTS_UNIT_SUPPORT_ALLOC_H

#include <stddef.h>

/* From now on the call number n (1 is the next one) to malloc, calloc or realloc made by our own
 * code returns NULL, and so does every later one, until alloc_works. Calls from inside shared
 * libraries are not touched: the linker wraps only what is linked into the test. */
void alloc_fail_at(size_t n);
void alloc_works(void);
/* Calls counted since alloc_fail_at or alloc_works. */
size_t alloc_calls(void);

#endif
