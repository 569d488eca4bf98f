/* The operating system's random bytes. Pure layers (engine, respond, handlers) do not include this:
 * chance comes to them through a port. */
#ifndef TW_BASE_RANDOM_H
#define TW_BASE_RANDOM_H

#include <stddef.h>

#include "base/err.h"

/* Fills n bytes (getrandom(2)). ERR_SYSTEM when the kernel has none. */
TW_MUST_USE bool random_fill(void *bytes, size_t n, struct err *e);

#endif
