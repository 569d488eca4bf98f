/* Going over JSON text many bytes at a time: where a string ends, and where a container does.
 * engine/json.h stands on this.
 *
 * A container is skipped in blocks of 64 bytes. Of each block four sets of positions are wanted, as
 * the bits of 64-bit numbers (struct scan_masks); finding them is all that differs between the
 * variants, one for each kind of vector instructions and one in plain C. The rest is arithmetic on
 * these numbers:
 *
 *     text       {"a":"x\"}"},
 *     quote      .1.1.1..1.1..     without those behind a backslash: .1.1.1....1..
 *     in string  .11..11111...     bit i: an odd number of quotes up to and with i
 *     open       1............     brackets outside strings; only these are looked at one by one
 *     close      ...........1.
 *
 * All variants give the same answer for any bytes, down to the position of a fault. */
#ifndef TW_ENGINE_SCANNER_H
#define TW_ENGINE_SCANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#ifdef __ARM_NEON
#include <arm_neon.h>
#endif

#define SCAN_BLOCK 64

/* How a scan ended. */
enum scan_end {
    SCAN_WHOLE, /* behind the closing bracket */
    SCAN_MORE,  /* the bytes ended first */
    SCAN_BAD    /* brackets that do not pair, or nested deeper than JSON_DEPTH_MAX */
};

/* Moves *p, which stands on an opening bracket, behind its partner. On SCAN_MORE *p is end, on
 * SCAN_BAD it is on the bracket that is wrong. */
enum scan_end scan_container(const char **p, const char *end);

/* One way of doing it; scan_container takes the best that the processor has. */
struct scan_variant {
    const char *name;
    bool (*runs)(void); /* whether this processor can */
    enum scan_end (*container)(const char **p, const char *end);
};
/* All that were compiled in, the best last; the first is plain C and runs anywhere. For tests. */
const struct scan_variant *scan_variants(size_t *n);

/* The next quote or backslash at or after p, or end. Strings are short, most of them shorter than
 * 32 bytes: 16 bytes at a time, which every x86-64 and every ARMv8 has, inline. */
static inline const char *scan_quote(const char *p, const char *end)
{
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
    for (; end - p >= 16; p += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash));
        unsigned mask = (unsigned)_mm_movemask_epi8(hit);
        if (mask)
            return p + __builtin_ctz(mask);
    }
#elif defined(__ARM_NEON)
    const uint8x16_t quote = vdupq_n_u8('"'), slash = vdupq_n_u8('\\');
    for (; end - p >= 16; p += 16) {
        uint8x16_t x = vld1q_u8((const uint8_t *)p);
        uint8x16_t hit = vorrq_u8(vceqq_u8(x, quote), vceqq_u8(x, slash));
        /* Four bits for each byte: the top and low halves of 16-bit pairs, narrowed. */
        uint64_t mask =
            vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(hit), 4)), 0);
        if (mask)
            return p + __builtin_ctzll(mask) / 4;
    }
#endif
    while (p < end && *p != '"' && *p != '\\')
        p++;
    return p;
}

#endif
