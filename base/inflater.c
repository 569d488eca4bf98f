/* DEFLATE state by state. Each step takes what its state needs and moves to the next, or stops for
 * want of input or room and has then taken nothing but bits to look at.
 *
 * Of bits that were taken too early the whole bytes are given back when the caller gets the word
 * for another reason than want of input. They came in this call: what an earlier one left was part
 * of something unfinished, and is used up by now. */
#include "base/inflater.h"

#include <string.h>

#include "base/inflater_fast.h"

enum step { STEP_ON, STEP_MORE, STEP_FULL, STEP_DONE, STEP_BROKEN };

/* Order in which the lengths of the code of code lengths come (RFC 1951, 3.2.7). */
static const uint8_t length_order[CODE_LENGTHS_MAX] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                       11, 4,  12, 3, 13, 2, 14, 1, 15};

void inflater_begin(struct inflater *f)
{
    f->bits = 0;
    f->n_bits = 0;
    f->state = INFLATER_BLOCK;
    f->last = false;
    f->fault = NULL;
}

static enum step broken(struct inflater *f, const char *fault)
{
    f->fault = fault;
    return STEP_BROKEN;
}

/* ---- bits ---- */

/* Whether n bits (at most 48) are there; takes what it can. */
static inline bool need(struct inflater *f, struct inflater_io *io, unsigned n)
{
    if (f->n_bits >= n)
        return true;
    if (io->in_end - io->in >= 8) {
        inflater_refill(&f->bits, &f->n_bits, &io->in);
        return true;
    }
    for (; io->in < io->in_end && f->n_bits < 56; f->n_bits += 8)
        f->bits |= (uint64_t)*io->in++ << f->n_bits;
    return f->n_bits >= n;
}

static inline unsigned peek(const struct inflater *f, unsigned n)
{
    return (unsigned)(f->bits & (((uint64_t)1 << n) - 1));
}

static inline unsigned take(struct inflater *f, unsigned n)
{
    unsigned v = peek(f, n);
    f->bits >>= n;
    f->n_bits -= n;
    return v;
}

/* The entry of the code at hand; *n: its bits and those of its extra. False when not all of them
 * are there: a code is told from no more bits than it has. */
static bool find_code(struct inflater *f, struct inflater_io *io, const uint32_t *table,
                      unsigned main_bits, uint32_t *entry, unsigned *n)
{
    unsigned before = 0;
    (void)need(f, io, CODE_BITS_MAX + 13); /* 13 extra bits at most */
    *entry = table[peek(f, main_bits)];
    if (*entry & CODE_MORE) {
        before = main_bits;
        *entry =
            table[code_value(*entry) + (f->bits >> main_bits & ((1u << code_bits(*entry)) - 1))];
    }
    *n = before + code_take(*entry);
    return f->n_bits >= *n;
}

/* What stands behind the code, of n bits in all: extra bits. */
static unsigned take_value(struct inflater *f, uint32_t entry, unsigned n)
{
    unsigned extra = code_take(entry) - code_bits(entry);
    return code_value(entry) + (take(f, n) >> (n - extra));
}

/* ---- blocks ---- */

static enum step begin_fixed(struct inflater *f)
{
    uint8_t *l = f->lengths;
    if (!f->fixed) { /* 3.2.6 */
        memset(l, 8, 144);
        memset(l + 144, 9, 112);
        memset(l + 256, 7, 24);
        memset(l + 280, 8, 8);
        memset(l + CODE_SYMBOLS_MAX, 5, CODE_DISTANCES_MAX);
        (void)code_build(CODE_OF_SYMBOLS, f->symbols, l, CODE_SYMBOLS_MAX);
        (void)code_build(CODE_OF_DISTANCES, f->distances, l + CODE_SYMBOLS_MAX, CODE_DISTANCES_MAX);
        f->fixed = true;
    }
    f->state = INFLATER_SYMBOL;
    return STEP_ON;
}

static enum step read_block(struct inflater *f, struct inflater_io *io)
{
    if (f->last)
        return STEP_DONE;
    if (!need(f, io, 3))
        return STEP_MORE;
    f->last = take(f, 1);
    switch (take(f, 2)) {
    case 0:
        f->state = INFLATER_STORED_LENGTH;
        return STEP_ON;
    case 1:
        return begin_fixed(f);
    case 2:
        f->state = INFLATER_COUNTS;
        return STEP_ON;
    default:
        return broken(f, "invalid block type");
    }
}

/* ---- stored ---- */

/* Gives back the whole bytes among the bits at hand. */
static void give_back(struct inflater *f, struct inflater_io *io, const unsigned char *first)
{
    size_t n = f->n_bits / 8;
    if (n > (size_t)(io->in - first))
        n = (size_t)(io->in - first);
    io->in -= n;
    f->n_bits -= 8 * (unsigned)n;
    f->bits &= ((uint64_t)1 << f->n_bits) - 1;
}

static enum step read_stored_length(struct inflater *f, struct inflater_io *io)
{
    unsigned skipped = f->n_bits % 8; /* to the next byte */
    if (!need(f, io, skipped + 32))
        return STEP_MORE;
    take(f, skipped);
    f->length = take(f, 16);
    if (take(f, 16) != (f->length ^ 0xffff))
        return broken(f, "invalid stored block lengths");
    f->state = INFLATER_STORED;
    return STEP_ON;
}

static enum step copy_stored(struct inflater *f, struct inflater_io *io)
{
    while (f->length && f->n_bits && io->out < io->out_end) { /* whole bytes, taken early */
        *io->out++ = (unsigned char)take(f, 8);
        f->length--;
    }
    size_t n = f->length;
    if (n && f->n_bits)
        return STEP_FULL;
    if (n > (size_t)(io->in_end - io->in))
        n = (size_t)(io->in_end - io->in);
    if (n > (size_t)(io->out_end - io->out))
        n = (size_t)(io->out_end - io->out);
    if (n) {
        f->bits = 0; /* what is above n_bits was of these bytes */
        memcpy(io->out, io->in, n);
    }
    io->in += n;
    io->out += n;
    f->length -= (unsigned)n;
    if (f->length)
        return io->in == io->in_end ? STEP_MORE : STEP_FULL;
    f->state = INFLATER_BLOCK;
    return STEP_ON;
}

/* ---- dynamic codes (3.2.7) ---- */

static enum step read_counts(struct inflater *f, struct inflater_io *io)
{
    if (!need(f, io, 14))
        return STEP_MORE;
    f->n_symbols = take(f, 5) + 257;
    f->n_distances = take(f, 5) + 1;
    f->n_length_code = take(f, 4) + 4;
    f->n_read = 0;
    f->fixed = false;
    if (f->n_symbols > 286 || f->n_distances > 30)
        return broken(f, "too many length or distance symbols");
    memset(f->lengths, 0, CODE_LENGTHS_MAX);
    f->state = INFLATER_LENGTH_CODE;
    return STEP_ON;
}

static enum step read_length_code(struct inflater *f, struct inflater_io *io)
{
    for (; f->n_read < f->n_length_code; f->n_read++) {
        if (!need(f, io, 3))
            return STEP_MORE;
        f->lengths[length_order[f->n_read]] = (uint8_t)take(f, 3);
    }
    if (!code_build(CODE_OF_LENGTHS, f->distances, f->lengths, CODE_LENGTHS_MAX))
        return broken(f, "invalid code lengths set");
    f->n_read = 0;
    f->state = INFLATER_LENGTHS;
    return STEP_ON;
}

/* The length before comes again, three to six times, or zero does. False when there is none
 * before, or they become too many. */
static bool repeat_length(struct inflater *f, unsigned how, unsigned extra)
{
    unsigned n = extra + (how == 18 ? 11 : 3);
    if ((how == 16 && f->n_read == 0) || f->n_read + n > f->n_symbols + f->n_distances)
        return false;
    memset(f->lengths + f->n_read, how == 16 ? f->lengths[f->n_read - 1] : 0, n);
    f->n_read += n;
    return true;
}

static enum step build_codes(struct inflater *f)
{
    if (f->lengths[256] == 0)
        return broken(f, "invalid code -- missing end-of-block");
    if (!code_build(CODE_OF_SYMBOLS, f->symbols, f->lengths, f->n_symbols))
        return broken(f, "invalid literal/lengths set");
    if (!code_build(CODE_OF_DISTANCES, f->distances, f->lengths + f->n_symbols, f->n_distances))
        return broken(f, "invalid distances set");
    f->state = INFLATER_SYMBOL;
    return STEP_ON;
}

static enum step read_lengths(struct inflater *f, struct inflater_io *io)
{
    while (f->n_read < f->n_symbols + f->n_distances) {
        uint32_t entry;
        unsigned n;
        if (!find_code(f, io, f->distances, CODE_LENGTH_BITS, &entry, &n))
            return STEP_MORE;
        unsigned extra = take(f, n) >> code_bits(entry);
        if (code_value(entry) < 16)
            f->lengths[f->n_read++] = (uint8_t)code_value(entry);
        else if (!repeat_length(f, code_value(entry), extra))
            return broken(f, "invalid bit length repeat");
    }
    return build_codes(f);
}

/* ---- symbols ---- */

static enum step read_symbol(struct inflater *f, struct inflater_io *io)
{
    uint32_t entry;
    unsigned n;
    if (inflater_may_be_fast(io))
        return inflater_fast(f, io) ? STEP_ON : STEP_BROKEN;
    if (io->out == io->out_end)
        return STEP_FULL;
    if (!find_code(f, io, f->symbols, CODE_SYMBOL_BITS, &entry, &n))
        return STEP_MORE;
    if (entry & CODE_INVALID)
        return broken(f, "invalid literal/length code");
    unsigned value = take_value(f, entry, n);
    if (entry & CODE_LITERAL) {
        *io->out++ = (unsigned char)value;
    } else if (entry & CODE_END) {
        f->state = INFLATER_BLOCK;
    } else {
        f->length = value;
        f->state = INFLATER_DISTANCE;
    }
    return STEP_ON;
}

static enum step read_distance(struct inflater *f, struct inflater_io *io)
{
    uint32_t entry;
    unsigned n;
    if (!find_code(f, io, f->distances, CODE_DISTANCE_BITS, &entry, &n))
        return STEP_MORE;
    if (entry & CODE_INVALID)
        return broken(f, "invalid distance code");
    f->distance = take_value(f, entry, n);
    if (f->distance > (size_t)(io->out - io->window))
        return broken(f, "invalid distance too far back");
    f->state = INFLATER_COPY;
    return STEP_ON;
}

static enum step copy(struct inflater *f, struct inflater_io *io)
{
    const unsigned char *from = io->out - f->distance;
    for (; f->length && io->out < io->out_end; f->length--)
        *io->out++ = *from++;
    if (f->length)
        return STEP_FULL;
    f->state = INFLATER_SYMBOL;
    return STEP_ON;
}

/* ---- all ---- */

static enum step step(struct inflater *f, struct inflater_io *io)
{
    switch (f->state) {
    case INFLATER_BLOCK:
        return read_block(f, io);
    case INFLATER_STORED_LENGTH:
        return read_stored_length(f, io);
    case INFLATER_STORED:
        return copy_stored(f, io);
    case INFLATER_COUNTS:
        return read_counts(f, io);
    case INFLATER_LENGTH_CODE:
        return read_length_code(f, io);
    case INFLATER_LENGTHS:
        return read_lengths(f, io);
    case INFLATER_SYMBOL:
        return read_symbol(f, io);
    case INFLATER_DISTANCE:
        return read_distance(f, io);
    default:
        return copy(f, io);
    }
}

enum inflater_end inflater_run(struct inflater *f, struct inflater_io *io)
{
    const unsigned char *first = io->in;
    enum step s;
    do
        s = step(f, io);
    while (s == STEP_ON);
    switch (s) {
    case STEP_MORE:
        f->bits &= ((uint64_t)1 << f->n_bits) - 1; /* more may come from elsewhere */
        return INFLATER_MORE;
    case STEP_FULL:
        give_back(f, io, first);
        return INFLATER_FULL;
    case STEP_DONE:
        give_back(f, io, first);
        return INFLATER_DONE;
    default:
        return INFLATER_BROKEN;
    }
}
