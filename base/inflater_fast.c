/* The loop that does nearly all of the work. One turn: up to three literals, or up to two and a
 * match. The entry of the next symbol is looked up before the match is copied, so that the one need
 * not wait for the other. With BMI2, which shifts by a variable in one step, it is compiled a
 * second time. */
#include "base/inflater_fast.h"

#include <string.h>

#if defined(__x86_64__)
#define HAS_BMI2 1
#endif

#define INLINE __attribute__((always_inline)) static inline

INLINE void copy16(unsigned char *to, const unsigned char *from)
{
    unsigned char sixteen[16];
    memcpy(sixteen, from, sizeof sixteen);
    memcpy(to, sixteen, sizeof sixteen);
}

INLINE void copy8(unsigned char *to, const unsigned char *from)
{
    uint64_t eight;
    memcpy(&eight, from, sizeof eight);
    memcpy(to, &eight, sizeof eight);
}

/* Copies a match, and up to 31 bytes behind it. A match may overlap what it makes: whole steps are
 * right while they are not longer than the distance. */
INLINE void copy_match(unsigned char *to, unsigned distance, unsigned length)
{
    const unsigned char *from = to - distance;
    unsigned char *end = to + length;
    if (distance >= 16) {
        copy16(to, from);
        copy16(to + 16, from + 16);
        for (to += 32, from += 32; to < end; to += 16, from += 16)
            copy16(to, from);
    } else if (distance >= 8) {
        for (; to < end; to += 8, from += 8)
            copy8(to, from);
    } else if (distance == 1) {
        for (unsigned char byte = *from; to < end; to += 16)
            memset(to, byte, 16);
    } else {
        /* Of each step the first `distance` bytes are right; the next one mends the rest. */
        for (; to < end; to += distance, from += distance)
            copy8(to, from);
    }
}

/* The value of a length or distance: its least, and the extra bits behind the code. */
INLINE unsigned full_value(uint32_t entry, uint64_t bits)
{
    uint64_t code_and_extra = bits & (((uint64_t)1 << code_take(entry)) - 1);
    return code_value(entry) + (unsigned)(code_and_extra >> code_bits(entry));
}

/* Bits behind the present code. */
#define TAKE(entry) (bits >>= (entry)&63, n_bits -= code_take(entry))
#define LOOK()      (f->symbols[bits & ((1u << CODE_SYMBOL_BITS) - 1)])

INLINE bool run(struct inflater *f, struct inflater_io *io)
{
    uint64_t bits = f->bits, before;
    unsigned n_bits = f->n_bits;
    const unsigned char *in = io->in;
    const unsigned char *const in_limit = io->in_end - INFLATER_FAST_IN;
    unsigned char *out = io->out;
    unsigned char *const out_limit = io->out_end - INFLATER_FAST_OUT;
    uint32_t entry;
    f->fault = NULL;
    inflater_refill(&bits, &n_bits, &in);
    entry = LOOK();
    do {
        /* 56 bits at least: two literals of 11 and a length of 20 leave enough. */
        before = bits;
        TAKE(entry);
        if (entry & CODE_LITERAL) {
            *out++ = (unsigned char)(entry >> 16);
            entry = LOOK();
            before = bits;
            TAKE(entry);
            if (entry & CODE_LITERAL) {
                *out++ = (unsigned char)(entry >> 16);
                entry = LOOK();
                before = bits;
                TAKE(entry);
                if (entry & CODE_LITERAL) {
                    *out++ = (unsigned char)(entry >> 16);
                    inflater_refill(&bits, &n_bits, &in);
                    entry = LOOK();
                    continue;
                }
            }
        }
        if (entry & CODE_SPECIAL) {
            if (entry & CODE_MORE) {
                entry = f->symbols[code_value(entry) + (bits & ((1u << code_bits(entry)) - 1))];
                before = bits;
                TAKE(entry);
            }
            if (entry & CODE_LITERAL) {
                *out++ = (unsigned char)(entry >> 16);
                inflater_refill(&bits, &n_bits, &in);
                entry = LOOK();
                continue;
            }
            if (entry & CODE_END) {
                f->state = INFLATER_BLOCK;
                break;
            }
            if (entry & CODE_INVALID) {
                f->fault = "invalid literal/length code";
                break;
            }
        }
        unsigned length = full_value(entry, before);
        inflater_refill(&bits, &n_bits, &in);
        entry = f->distances[bits & ((1u << CODE_DISTANCE_BITS) - 1)];
        if (entry & CODE_MORE) {
            TAKE(entry);
            entry = f->distances[code_value(entry) + (bits & ((1u << code_bits(entry)) - 1))];
        }
        unsigned distance = full_value(entry, bits);
        TAKE(entry);
        if (entry & CODE_INVALID) {
            f->fault = "invalid distance code";
            break;
        }
        if (distance > (size_t)(out - io->window)) {
            f->fault = "invalid distance too far back";
            break;
        }
        inflater_refill(&bits, &n_bits, &in);
        entry = LOOK();
        copy_match(out, distance, length);
        out += length;
    } while (in <= in_limit && out <= out_limit);
    f->bits = bits;
    f->n_bits = n_bits;
    io->in = in;
    io->out = out;
    return !f->fault;
}

static bool run_plain(struct inflater *f, struct inflater_io *io)
{
    return run(f, io);
}

#ifdef HAS_BMI2
__attribute__((target("bmi,bmi2"))) static bool run_bmi2(struct inflater *f, struct inflater_io *io)
{
    return run(f, io);
}
#endif

bool inflater_fast(struct inflater *f, struct inflater_io *io)
{
#ifdef HAS_BMI2
    if (__builtin_cpu_supports("bmi2"))
        return run_bmi2(f, io);
#endif
    return run_plain(f, io);
}
