/* Numbers as bytes, big-endian: what the state's items are made of. */
#ifndef TW_BASE_WIRE_H
#define TW_BASE_WIRE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* Appends the lowest `bytes` bytes of v, 1 to 8 of them. */
void wire_put(struct buf *b, uint64_t v, unsigned bytes);

/* Takes such a number off the front of *s; false, with nothing taken, when s is shorter. */
bool wire_take(struct str *s, uint64_t *v, unsigned bytes);

/* Copies n bytes off the front of *s. */
bool wire_take_bytes(struct str *s, void *to, size_t n);

/* Takes n bytes off the front of *s as a string, borrowed from it. */
bool wire_take_str(struct str *s, struct str *out, size_t n);

#endif
