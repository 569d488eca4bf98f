/* The part of the inflater that runs where neither input nor room can end within a symbol. */
#ifndef TW_BASE_INFLATER_FAST_H
#define TW_BASE_INFLATER_FAST_H

#include <stdbool.h>

#include "base/inflater.h"

/* What a turn of the fast loop may take in: its three loads take at most seven bytes each and look
 * at eight. */
#define INFLATER_FAST_IN 24
/* What it may put, or write over: three literals and a match, copied 32 bytes too far at most. */
#define INFLATER_FAST_OUT (3 + 258 + 32)

/* Goes on with symbols while there is input and room for a turn. The state is INFLATER_SYMBOL, and
 * stays it unless the block ends (INFLATER_BLOCK). False when the data is broken, with f->fault. */
TW_MUST_USE bool inflater_fast(struct inflater *f, struct inflater_io *io);

static inline bool inflater_may_be_fast(const struct inflater_io *io)
{
    return io->in_end - io->in >= INFLATER_FAST_IN && io->out_end - io->out >= INFLATER_FAST_OUT;
}

/* Takes bits until there are at least 56: eight bytes are looked at, and as many counted as fit.
 * What is above n_bits is there too early, and comes again by itself. */
static inline void inflater_refill(uint64_t *bits, unsigned *n_bits, const unsigned char **in)
{
    uint64_t eight;
    __builtin_memcpy(&eight, *in, sizeof eight);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    eight = __builtin_bswap64(eight);
#endif
    *bits |= eight << *n_bits;
    *in += (63 - *n_bits) >> 3;
    *n_bits |= 56;
}

#endif
