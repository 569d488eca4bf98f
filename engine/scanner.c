/* Skipping containers in blocks. What a block holds is found by one of the variants at the end of
 * this file; bytes that fill no block, and blocks in which a backslash stands outside a string
 * (which no JSON has), are gone through one by one. */
#include "engine/scanner.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "engine/json.h" /* JSON_DEPTH_MAX */

/* Positions in a block: bit i is its byte i. */
struct scan_masks {
    uint64_t quote, slash;
    uint64_t bracket; /* of any kind */
};

/* Where a scan stands. */
struct scan {
    const char *at;
    uint64_t open[JSON_DEPTH_MAX / 64]; /* a bit for each depth: a brace, not a square bracket */
    unsigned depth;
    uint64_t in_string; /* all ones inside a string, else zero */
    bool in_escape;     /* inside a string, behind its backslash */
};

/* What a step comes to. */
enum scan_step { STEP_ON, STEP_WHOLE, STEP_BAD };

static enum scan_step open_bracket(struct scan *s, bool brace)
{
    if (s->depth == JSON_DEPTH_MAX)
        return STEP_BAD;
    uint64_t bit = 1ull << s->depth % 64;
    s->open[s->depth / 64] = (s->open[s->depth / 64] & ~bit) | (brace ? bit : 0);
    s->depth++;
    return STEP_ON;
}

static enum scan_step close_bracket(struct scan *s, bool brace)
{
    s->depth--;
    if (((s->open[s->depth / 64] >> s->depth % 64) & 1) != brace)
        return STEP_BAD;
    return s->depth == 0 ? STEP_WHOLE : STEP_ON;
}

/* '{' and '[' differ in one bit, as '}' and ']' do, and these have another bit besides. */
static inline enum scan_step take_bracket(struct scan *s, char c)
{
    bool brace = c & 0x20;
    return (c & ~0x20) == '[' ? open_bracket(s, brace) : close_bracket(s, brace);
}

static bool is_bracket(char c)
{
    return (c & ~0x20) == '[' || (c & ~0x20) == ']';
}

/* ---- byte by byte ---- */

static void take_string_byte(struct scan *s, char c)
{
    if (s->in_escape)
        s->in_escape = false;
    else if (c == '\\')
        s->in_escape = true;
    else if (c == '"')
        s->in_string = 0;
}

/* Takes the bytes up to `end`; s->at stays on a wrong bracket, and goes behind the last one. */
static enum scan_step take_bytes(struct scan *s, const char *end)
{
    for (; s->at < end; s->at++) {
        char c = *s->at;
        enum scan_step step = STEP_ON;
        if (s->in_string)
            take_string_byte(s, c);
        else if (c == '"')
            s->in_string = ~0ull;
        else if (is_bracket(c))
            step = take_bracket(s, c);
        if (step == STEP_ON)
            continue;
        s->at += step == STEP_WHOLE;
        return step;
    }
    return STEP_ON;
}

/* ---- block by block ---- */

/* The positions behind a backslash that escapes. */
static inline uint64_t escaped_by(uint64_t slash, bool *in_escape)
{
    uint64_t escaped = *in_escape;
    slash &= ~escaped;
    *in_escape = false;
    while (slash) {
        uint64_t first = slash & (0 - slash), next = first << 1;
        *in_escape = next == 0;
        escaped |= next;
        slash &= ~(first | next);
    }
    return escaped;
}

/* Bit i: the parity of the bits up to and with i. */
static inline uint64_t parity_up_to(uint64_t x)
{
    for (unsigned by = 1; by < SCAN_BLOCK; by *= 2)
        x ^= x << by;
    return x;
}

/* Takes the block at s->at. */
static inline enum scan_step take_block(struct scan *s, const struct scan_masks *m)
{
    bool in_escape = s->in_escape;
    uint64_t quote = m->quote;
    if (m->slash | in_escape)
        quote &= ~escaped_by(m->slash, &in_escape);
    uint64_t in = parity_up_to(quote) ^ s->in_string;
    if (m->slash & ~in)
        return take_bytes(s, s->at + SCAN_BLOCK);
    for (uint64_t left = m->bracket & ~in; left; left &= left - 1) {
        const char *at = s->at + __builtin_ctzll(left);
        enum scan_step step = take_bracket(s, *at);
        if (step == STEP_ON)
            continue;
        s->at = at + (step == STEP_WHOLE);
        return step;
    }
    s->in_string = 0 - (in >> (SCAN_BLOCK - 1));
    s->in_escape = in_escape;
    s->at += SCAN_BLOCK;
    return STEP_ON;
}

static inline bool has_block(const struct scan *s, const char *end)
{
    return end - s->at >= SCAN_BLOCK;
}

/* Ends a scan: what is left is less than a block, unless the last step ended it. */
static enum scan_end scan_rest(struct scan *s, enum scan_step step, const char **p, const char *end)
{
    if (step == STEP_ON)
        step = take_bytes(s, end);
    *p = s->at;
    return step == STEP_WHOLE ? SCAN_WHOLE : step == STEP_BAD ? SCAN_BAD : SCAN_MORE;
}

/* ---- the variants ---- */

static bool runs_anywhere(void)
{
    return true;
}

static enum scan_end container_plain(const char **p, const char *end)
{
    struct scan s = {.at = *p};
    return scan_rest(&s, STEP_ON, p, end);
}

#if defined(__x86_64__)

static inline struct scan_masks masks_sse2(const char *p)
{
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
    const __m128i bit = _mm_set1_epi8(0x20);
    const __m128i opening = _mm_set1_epi8('{'), closing = _mm_set1_epi8('}');
    struct scan_masks m = {0};
    for (unsigned i = 0; i < SCAN_BLOCK; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        __m128i y = _mm_or_si128(x, bit);
        __m128i bracket = _mm_or_si128(_mm_cmpeq_epi8(y, opening), _mm_cmpeq_epi8(y, closing));
        m.quote |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, quote)) << i;
        m.slash |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, slash)) << i;
        m.bracket |= (uint64_t)(unsigned)_mm_movemask_epi8(bracket) << i;
    }
    return m;
}

static enum scan_end container_sse2(const char **p, const char *end)
{
    struct scan s = {.at = *p};
    enum scan_step step = STEP_ON;
    while (step == STEP_ON && has_block(&s, end)) {
        struct scan_masks m = masks_sse2(s.at);
        step = take_block(&s, &m);
    }
    return scan_rest(&s, step, p, end);
}

__attribute__((target("avx2"))) static inline struct scan_masks masks_avx2(const char *p)
{
    const __m256i quote = _mm256_set1_epi8('"'), slash = _mm256_set1_epi8('\\');
    const __m256i bit = _mm256_set1_epi8(0x20);
    const __m256i opening = _mm256_set1_epi8('{'), closing = _mm256_set1_epi8('}');
    struct scan_masks m = {0};
    for (unsigned i = 0; i < SCAN_BLOCK; i += 32) {
        __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
        __m256i y = _mm256_or_si256(x, bit);
        __m256i bracket =
            _mm256_or_si256(_mm256_cmpeq_epi8(y, opening), _mm256_cmpeq_epi8(y, closing));
        m.quote |= (uint64_t)(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(x, quote)) << i;
        m.slash |= (uint64_t)(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(x, slash)) << i;
        m.bracket |= (uint64_t)(unsigned)_mm256_movemask_epi8(bracket) << i;
    }
    return m;
}

__attribute__((target("avx2"))) static enum scan_end container_avx2(const char **p, const char *end)
{
    struct scan s = {.at = *p};
    enum scan_step step = STEP_ON;
    while (step == STEP_ON && has_block(&s, end)) {
        struct scan_masks m = masks_avx2(s.at);
        step = take_block(&s, &m);
    }
    return scan_rest(&s, step, p, end);
}

/* Reads a number that the compiler's library fills in before main. */
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

#endif
#ifdef __ARM_NEON

/* The bits of 64 bytes that are all ones or all zeros: each is cut down to the bit of its place in
 * its eight, and eights are added up by pairs, three times. */
static inline uint64_t bits_neon(const uint8x16_t hit[4])
{
    const uint8x16_t places = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t low = vpaddq_u8(vandq_u8(hit[0], places), vandq_u8(hit[1], places));
    uint8x16_t high = vpaddq_u8(vandq_u8(hit[2], places), vandq_u8(hit[3], places));
    uint8x16_t sums = vpaddq_u8(low, high);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sums, sums)), 0);
}

static inline struct scan_masks masks_neon(const char *p)
{
    uint8x16_t quote[4], slash[4], bracket[4];
    for (unsigned i = 0; i < 4; i++) {
        uint8x16_t x = vld1q_u8((const uint8_t *)p + 16 * i);
        uint8x16_t y = vorrq_u8(x, vdupq_n_u8(0x20));
        quote[i] = vceqq_u8(x, vdupq_n_u8('"'));
        slash[i] = vceqq_u8(x, vdupq_n_u8('\\'));
        bracket[i] = vorrq_u8(vceqq_u8(y, vdupq_n_u8('{')), vceqq_u8(y, vdupq_n_u8('}')));
    }
    return (struct scan_masks){bits_neon(quote), bits_neon(slash), bits_neon(bracket)};
}

static enum scan_end container_neon(const char **p, const char *end)
{
    struct scan s = {.at = *p};
    enum scan_step step = STEP_ON;
    while (step == STEP_ON && has_block(&s, end)) {
        struct scan_masks m = masks_neon(s.at);
        step = take_block(&s, &m);
    }
    return scan_rest(&s, step, p, end);
}

#endif

const struct scan_variant *scan_variants(size_t *n)
{
    static const struct scan_variant variants[] = {
        {"plain", runs_anywhere, container_plain},
#if defined(__x86_64__)
        {"sse2", runs_anywhere, container_sse2},
        {"avx2", has_avx2, container_avx2},
#endif
#ifdef __ARM_NEON
        {"neon", runs_anywhere, container_neon},
#endif
    };
    *n = sizeof variants / sizeof *variants;
    return variants;
}

enum scan_end scan_container(const char **p, const char *end)
{
#if defined(__x86_64__)
    return has_avx2() ? container_avx2(p, end) : container_sse2(p, end);
#elif defined(__ARM_NEON)
    return container_neon(p, end);
#else
    return container_plain(p, end);
#endif
}
