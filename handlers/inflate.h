/* Stored bytes in, text out: gzip is told from plain text by its first two bytes.
 *
 * Small objects are inflated whole with libdeflate, which is about twice as fast as zlib but has no
 * streaming interface; larger ones pass through zlib in bounded pieces. Both give the same bytes.
 */
#ifndef TW_HANDLERS_INFLATE_H
#define TW_HANDLERS_INFLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "handlers/ports.h"

/* Stored bytes kept back until it is known whether the object is small. A CloudTrail object holds
 * five minutes of one region; 99 of 100 are below 1 MiB compressed. */
#define INFLATE_WHOLE_MAX (1u << 20)
/* What a small object may inflate to in one piece; above, it is streamed too. CloudTrail compresses
 * 10 to 15 times. Half of what it could be, so that memory stays small (docs/bench.md). */
#define INFLATE_WHOLE_OUT_MAX (8u << 20)
/* One piece of a streamed object. */
#define INFLATE_PIECE_BYTES (256u << 10)
/* A decompression bomb ends here (promise P4). CloudTrail splits its objects far below: the largest
 * public ones are some 50 MB inflated. gzip reaches 1030 times at best, so this is 1 MB stored. */
#define INFLATE_BYTES_MAX (1ull << 30)

struct inflate_codec; /* the libraries' states; made when first needed, kept for the next object */

enum inflate_mode {
    INFLATE_START, /* too few bytes to tell */
    INFLATE_PLAIN,
    INFLATE_SMALL, /* gzip, kept in `held` as long as it fits */
    INFLATE_STREAM /* gzip, too large for that */
};

/* One object after another; for one thread. */
struct inflate {
    bytes_fn take;
    void *to;
    struct inflate_codec *codec;
    struct buf held;
    enum inflate_mode mode;
    bool in_member;   /* streaming: inside a gzip member */
    uint64_t members; /* ended so far */
    uint64_t bytes_in;
    uint64_t bytes_out;
};

/* take (with to) gets the inflated bytes; when it fails, so does the call that led to it. */
void inflate_init(struct inflate *in, bytes_fn take, void *to);
void inflate_release(struct inflate *in);
/* Forgets the present object; keeps memory. Call before each. */
void inflate_begin(struct inflate *in);

/* Takes the next piece; self is the struct inflate (the shape of bytes_fn). ERR_INPUT for what is
 * no gzip data behind gzip's first bytes, ERR_LIMIT for a bomb, ERR_SYSTEM without memory, or what
 * take said. All that could be inflated in front of the fault has been handed on. */
TW_MUST_USE bool inflate_take(void *self, struct str piece, struct err *e);
/* The object ends here. ERR_INPUT when it is cut off; else as above. */
TW_MUST_USE bool inflate_end(struct inflate *in, struct err *e);

#endif
