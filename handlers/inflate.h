/* Stored bytes in, text out: gzip (handlers/gunzip.h) is told from plain text by its first two
 * bytes. */
#ifndef TW_HANDLERS_INFLATE_H
#define TW_HANDLERS_INFLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "handlers/ports.h"

/* A decompression bomb ends here (promise P4). CloudTrail splits its objects far below: the largest
 * public ones are some 50 MB inflated. gzip reaches 1030 times at best, so this is 1 MB stored. */
#define INFLATE_BYTES_MAX (1ull << 30)

enum inflate_mode {
    INFLATE_START, /* too few bytes to tell */
    INFLATE_PLAIN,
    INFLATE_GZIP
};

struct gunzip;

/* One object after another; for one thread. Must not be moved. */
struct inflate {
    bytes_fn take;
    void *to;
    struct gunzip *gunzip; /* made when first needed, kept for the next object */
    enum inflate_mode mode;
    char head[2]; /* the first bytes, and how many */
    unsigned n_head;
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
