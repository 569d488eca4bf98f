/* The failing allocator: the linker's --wrap leads malloc, calloc and realloc here. */
#include "tests/unit/support/alloc.h"

#include <stdbool.h>
#include <stdint.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t n);

/* State that a wrapped allocator cannot be handed; a test program has one thread that uses it. */
static size_t calls;
static size_t first_failing = SIZE_MAX;

void alloc_fail_at(size_t n)
{
    calls = 0;
    first_failing = n;
}

void alloc_works(void)
{
    alloc_fail_at(SIZE_MAX);
}

size_t alloc_calls(void)
{
    return calls;
}

static bool fails_now(void)
{
    return ++calls >= first_failing;
}

void *__wrap_malloc(size_t n)
{
    return fails_now() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails_now() ? NULL : __real_realloc(p, n);
}
