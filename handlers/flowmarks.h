/* Where the fields of a flow log end, 64 bytes at a time. */
#ifndef TW_HANDLERS_FLOWMARKS_H
#define TW_HANDLERS_FLOWMARKS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#ifdef __ARM_NEON
#include <arm_neon.h>
#endif

#define FLOW_BLOCK 64

#ifdef __ARM_NEON
static inline uint64_t flow_marks_gather(const uint8x16_t hits[4])
{
    uint8x16_t half = vpaddq_u8(vpaddq_u8(hits[0], hits[1]), vpaddq_u8(hits[2], hits[3]));
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(half, half)), 0);
}
#endif

/* Bit i is set when byte i of the block is a blank or a line feed, and when it is the latter. */
struct flow_marks {
    uint64_t ends, feeds;
};

static inline struct flow_marks flow_marks_block(const char *p)
{
    struct flow_marks m = {0, 0};
#if defined(__SSE2__)
    const __m128i blank = _mm_set1_epi8(' '), feed = _mm_set1_epi8('\n');
    for (unsigned i = 0; i < FLOW_BLOCK; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        __m128i is_feed = _mm_cmpeq_epi8(x, feed);
        __m128i is_end = _mm_or_si128(_mm_cmpeq_epi8(x, blank), is_feed);
        m.ends |= (uint64_t)(unsigned)_mm_movemask_epi8(is_end) << i;
        m.feeds |= (uint64_t)(unsigned)_mm_movemask_epi8(is_feed) << i;
    }
#elif defined(__ARM_NEON)
    static const uint8_t weights[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t blank = vdupq_n_u8(' '), feed = vdupq_n_u8('\n'), weigh = vld1q_u8(weights);
    uint8x16_t ends[4], feeds[4];
    for (unsigned i = 0; i < 4; i++) {
        uint8x16_t x = vld1q_u8((const uint8_t *)p + 16 * i), is_feed = vceqq_u8(x, feed);
        feeds[i] = vandq_u8(is_feed, weigh);
        ends[i] = vandq_u8(vorrq_u8(vceqq_u8(x, blank), is_feed), weigh);
    }
    m.ends = flow_marks_gather(ends);
    m.feeds = flow_marks_gather(feeds);
#else
    for (unsigned i = 0; i < FLOW_BLOCK; i++) {
        m.ends |= (uint64_t)(p[i] == ' ' || p[i] == '\n') << i;
        m.feeds |= (uint64_t)(p[i] == '\n') << i;
    }
#endif
    return m;
}

/* The same for what is left of a text, n bytes at p, fewer than a block. */
static inline struct flow_marks flow_marks_rest(const char *p, size_t n)
{
    char padded[FLOW_BLOCK] = {0};
    memcpy(padded, p, n);
    return flow_marks_block(padded);
}

#endif
