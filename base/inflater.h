/* DEFLATE data (RFC 1951) in, in pieces of any size; what it says out, into room of any size.
 *
 * Made for logs on their way through little memory: as fast as decoders that want the whole input
 * and the whole output at once, but it stops at any bit and goes on from there. How: away from the
 * edges of input and room (inflater_fast.c) a symbol is one look into a table that tells value,
 * length and extra bits together, bits are read eight bytes at a time, and matches are copied
 * sixteen at a time; at the edges (inflater.c) the same tables are read bit by bit.
 *
 * It takes and refuses what zlib does, and gives zlib's sentences for what it refuses
 * (tests/fuzz/fuzz_inflate.c holds it to that). */
#ifndef TW_BASE_INFLATER_H
#define TW_BASE_INFLATER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/inflater_code.h"

/* How far back a match may reach (RFC 1951, 2). */
#define INFLATER_WINDOW_BYTES 32768u

enum inflater_end {
    INFLATER_MORE,  /* all input is taken, more is needed */
    INFLATER_FULL,  /* all room is used, and more may come without further input */
    INFLATER_DONE,  /* the last block has ended; `in` stands behind its last byte */
    INFLATER_BROKEN /* see the fault; all in front of it is in the room */
};

/* What to read and where to write. inflater_run moves in and out. */
struct inflater_io {
    const unsigned char *in, *in_end;
    unsigned char *out, *out_end;
    /* The oldest byte in front of `out` that was written: the last INFLATER_WINDOW_BYTES, or all if
     * it was less, must lie there as they were, wherever the caller moves them between calls. Bytes
     * from out to out_end may be written over even where nothing is put. */
    const unsigned char *window;
};

/* What comes next in the data. */
enum inflater_state {
    INFLATER_BLOCK,
    INFLATER_STORED_LENGTH,
    INFLATER_STORED,
    INFLATER_COUNTS,
    INFLATER_LENGTH_CODE,
    INFLATER_LENGTHS,
    INFLATER_SYMBOL,
    INFLATER_DISTANCE,
    INFLATER_COPY
};

/* One stream after another; for one thread. Holds no pointers to what it read. */
struct inflater {
    uint64_t bits;   /* taken and not used yet, the next one lowest */
    unsigned n_bits; /* how many of them are valid */
    enum inflater_state state;
    bool last;              /* this block is the last */
    bool fixed;             /* the tables are those of fixed codes */
    unsigned length;        /* left to copy, of a match or of a stored block */
    unsigned distance;      /* of the match */
    unsigned n_symbols;     /* code lengths to come of literals and lengths */
    unsigned n_distances;   /* and of distances */
    unsigned n_length_code; /* and of the code in which they come */
    unsigned n_read;        /* code lengths read */
    const char *fault;      /* a literal */
    uint8_t lengths[CODE_SYMBOLS_MAX + CODE_DISTANCES_MAX];
    uint32_t symbols[CODE_SYMBOL_TABLE];
    uint32_t distances[CODE_DISTANCE_TABLE]; /* first of all the code of the code lengths */
};

/* Prepares for a stream; all zeros, or an inflater used before. */
void inflater_begin(struct inflater *f);

/* Goes on as far as input and room allow. After INFLATER_DONE or INFLATER_BROKEN begin anew. */
TW_MUST_USE enum inflater_end inflater_run(struct inflater *f, struct inflater_io *io);

#endif
