/* Plain C; SHA-NI of x86-64 (Intel SDM volume 2: SHA256RNDS2, SHA256MSG1, SHA256MSG2); the
 * cryptographic extension of ARMv8 (ACLE: vsha256hq_u32 and its kin). */
#include "base/sha256_blocks.h"

#include <stdbool.h>

#if defined(__x86_64__)
#include <immintrin.h>
#include <sys/platform/x86.h>
#elif defined(__aarch64__) && !defined(__clang__) /* clang 14 hides them from single functions */
#define HAS_ARM_SHA2 1
#include <arm_neon.h>
#include <sys/auxv.h>
#endif

_Alignas(16) static const uint32_t k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* ---- plain C ---- */

static uint32_t ror(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* One round. The eight words do not move: the caller names them in turn. */
static inline void round_of(const uint32_t v[7], uint32_t *d, uint32_t *h, uint32_t kw)
{
    uint32_t a = v[0], b = v[1], c = v[2], e = v[4], f = v[5], g = v[6];
    uint32_t t1 = *h + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + ((e & f) ^ (~e & g)) + kw;
    *d += t1;
    *h = t1 + (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
}

#define ROUND(a, b, c, d, e, f, g, h, t)                                                           \
    round_of((const uint32_t[7]){a, b, c, d, e, f, g}, &(d), &(h), k[t] + w[t])

static void one_block(uint32_t state[8], const unsigned char *block)
{
    uint32_t w[64];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (unsigned t = 0; t < 16; t++)
        w[t] = be32(block + 4 * t);
    for (unsigned t = 16; t < 64; t++) {
        uint32_t s0 = ror(w[t - 15], 7) ^ ror(w[t - 15], 18) ^ w[t - 15] >> 3;
        uint32_t s1 = ror(w[t - 2], 17) ^ ror(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    for (unsigned t = 0; t < 64; t += 8) {
        ROUND(a, b, c, d, e, f, g, h, t);
        ROUND(h, a, b, c, d, e, f, g, t + 1);
        ROUND(g, h, a, b, c, d, e, f, t + 2);
        ROUND(f, g, h, a, b, c, d, e, t + 3);
        ROUND(e, f, g, h, a, b, c, d, t + 4);
        ROUND(d, e, f, g, h, a, b, c, t + 5);
        ROUND(c, d, e, f, g, h, a, b, t + 6);
        ROUND(b, c, d, e, f, g, h, a, t + 7);
    }
    const uint32_t add[8] = {a, b, c, d, e, f, g, h};
    for (unsigned i = 0; i < 8; i++)
        state[i] += add[i];
}

void sha256_blocks_plain(uint32_t h[8], const unsigned char *blocks, size_t n)
{
    for (; n; n--, blocks += 64)
        one_block(h, blocks);
}

/* ---- x86-64 ---- */

#if defined(__x86_64__)

/* Words t..t+3 of the schedule from the sixteen before them: m0 has t-16.., m3 has t-4... */
__attribute__((target("sha,sse4.1,ssse3"))) static inline __m128i next_words(__m128i m0, __m128i m1,
                                                                             __m128i m2, __m128i m3)
{
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(m0, m1), _mm_alignr_epi8(m3, m2, 4));
    return _mm_sha256msg2_epu32(sum, m3);
}

__attribute__((target("sha,sse4.1,ssse3"))) static void
blocks_sha_ni(uint32_t h[8], const unsigned char *blocks, size_t n)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    /* The instruction wants the words as (A,B,E,F) and (C,D,G,H), the first highest. */
    __m128i lo = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)h), 0xb1);
    __m128i hi = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(h + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(lo, hi, 8), cdgh = _mm_blend_epi16(hi, lo, 0xf0);
    for (; n; n--, blocks += 64) {
        const __m128i abef_was = abef, cdgh_was = cdgh;
        __m128i m[4];
        for (unsigned i = 0; i < 4; i++)
            m[i] = _mm_shuffle_epi8(
                _mm_loadu_si128((const __m128i *)(const void *)(blocks + 16 * i)), big_endian);
        for (unsigned t = 0; t < 16; t++) {
            const __m128i words = m[0];
            const __m128i kw =
                _mm_add_epi32(words, _mm_load_si128((const __m128i *)(const void *)(k + 4 * t)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, kw);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(kw, 0x0e));
            const __m128i next = t < 12 ? next_words(m[0], m[1], m[2], m[3]) : words;
            m[0] = m[1];
            m[1] = m[2];
            m[2] = m[3];
            m[3] = next;
        }
        abef = _mm_add_epi32(abef, abef_was);
        cdgh = _mm_add_epi32(cdgh, cdgh_was);
    }
    lo = _mm_shuffle_epi32(abef, 0x1b); /* F,E,B,A */
    hi = _mm_shuffle_epi32(cdgh, 0xb1); /* G,H,C,D the other way round */
    _mm_storeu_si128((__m128i *)(void *)h, _mm_blend_epi16(lo, hi, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(h + 4), _mm_alignr_epi8(hi, lo, 8));
}

/* The C library looked once; asking it costs no CPUID. */
sha256_blocks *sha256_blocks_best(void)
{
    bool has = CPU_FEATURE_ACTIVE(SHA) && CPU_FEATURE_ACTIVE(SSE4_1) && CPU_FEATURE_ACTIVE(SSSE3);
    return has ? blocks_sha_ni : sha256_blocks_plain;
}

/* ---- ARMv8 ---- */

#elif defined(HAS_ARM_SHA2)

__attribute__((target("+crypto"))) static void blocks_sha2(uint32_t h[8],
                                                           const unsigned char *blocks, size_t n)
{
    uint32x4_t abcd = vld1q_u32(h), efgh = vld1q_u32(h + 4);
    for (; n; n--, blocks += 64) {
        const uint32x4_t abcd_was = abcd, efgh_was = efgh;
        uint32x4_t m[4];
        for (unsigned i = 0; i < 4; i++)
            m[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(blocks + 16 * i)));
        for (unsigned t = 0; t < 16; t++) {
            const uint32x4_t words = m[0], kw = vaddq_u32(words, vld1q_u32(k + 4 * t));
            const uint32x4_t before = abcd;
            abcd = vsha256hq_u32(abcd, efgh, kw);
            efgh = vsha256h2q_u32(efgh, before, kw);
            const uint32x4_t next =
                t < 12 ? vsha256su1q_u32(vsha256su0q_u32(m[0], m[1]), m[2], m[3]) : words;
            m[0] = m[1];
            m[1] = m[2];
            m[2] = m[3];
            m[3] = next;
        }
        abcd = vaddq_u32(abcd, abcd_was);
        efgh = vaddq_u32(efgh, efgh_was);
    }
    vst1q_u32(h, abcd);
    vst1q_u32(h + 4, efgh);
}

sha256_blocks *sha256_blocks_best(void)
{
    return getauxval(AT_HWCAP) & HWCAP_SHA2 ? blocks_sha2 : sha256_blocks_plain;
}

#else

sha256_blocks *sha256_blocks_best(void)
{
    return sha256_blocks_plain;
}

#endif
