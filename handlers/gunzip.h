/* gzip (RFC 1952) in, in pieces of any size; text out, in pieces that lie in one stretch of memory.
 * Any number of members stand one behind the other; what else stands behind a member is an error.
 */
#ifndef TW_HANDLERS_GUNZIP_H
#define TW_HANDLERS_GUNZIP_H

#include <stdbool.h>

#include "base/err.h"
#include "handlers/ports.h"

/* Most that is handed on at once. Measured: smaller ones cost the reader more records that a border
 * cuts, larger ones do not stay in the processor's second-level cache. */
#define GUNZIP_PIECE_BYTES (256u << 10)

/* One object after another; for one thread. */
struct gunzip;

/* give (with to) gets the text; when it fails, so does the call that led to it. NULL without
 * memory. */
struct gunzip *gunzip_new(bytes_fn give, void *to);
void gunzip_free(struct gunzip *g);
/* Forgets the present object. Call before each. */
void gunzip_begin(struct gunzip *g);

/* Takes the next piece. Text is handed on when a piece of it is full, not with each call. ERR_INPUT
 * for what is no gzip, all text in front of it then having been handed on; or what give said. */
TW_MUST_USE bool gunzip_take(struct gunzip *g, struct str bytes, struct err *e);
/* The object ends here: hands on the rest. ERR_INPUT when it ends inside a member; or what give
 * said. */
TW_MUST_USE bool gunzip_end(struct gunzip *g, struct err *e);

#endif
