/* Bytes as a gzip member: what CloudTrail's objects are, for whoever writes some (simulations). */
#ifndef TW_HANDLERS_DEFLATE_H
#define TW_HANDLERS_DEFLATE_H

#include "base/buf.h"
#include "base/err.h"

/* Appends bytes compressed (RFC 1952, level 6, no name, no time), at most out's maximum: ERR_LIMIT.
 * The same bytes give the same bytes with the same libdeflate. */
TW_MUST_USE bool gzip_put(struct buf *out, struct str bytes, struct err *e);

#endif
