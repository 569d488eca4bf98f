/* SHA-256: padding (FIPS 180-4, section 5.1.1) around base/sha256_blocks.h. */
#include "base/sha256.h"

#include "base/sha256_blocks.h"

void sha256_init(struct sha256 *s)
{
    *s = (struct sha256){.h = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                               0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void sha256_add(struct sha256 *s, struct str bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    size_t n = bytes.n, held = (size_t)(s->n % 64);
    if (n == 0)
        return;
    s->n += n;
    if (held) {
        size_t fill = 64 - held < n ? 64 - held : n;
        memcpy(s->block + held, p, fill);
        p += fill;
        n -= fill;
        if (held + fill < 64)
            return;
        sha256_blocks_best()(s->h, s->block, 1);
    }
    if (n >= 64)
        sha256_blocks_best()(s->h, p, n / 64);
    if (n % 64)
        memcpy(s->block, p + n / 64 * 64, n % 64);
}

static void put_be64(unsigned char out[8], uint64_t v)
{
    for (unsigned i = 0; i < 8; i++)
        out[i] = (unsigned char)(v >> (56 - 8 * i));
}

void sha256_add_part(struct sha256 *s, struct str part)
{
    unsigned char len[8];
    put_be64(len, part.p ? (uint64_t)part.n : UINT64_MAX);
    sha256_add(s, str_n((const char *)len, sizeof len));
    sha256_add(s, part);
}

void sha256_end(struct sha256 *s, unsigned char out[SHA256_BYTES])
{
    sha256_blocks *take = sha256_blocks_best();
    size_t held = (size_t)(s->n % 64);
    s->block[held++] = 0x80;
    if (held > 56) {
        memset(s->block + held, 0, 64 - held);
        take(s->h, s->block, 1);
        held = 0;
    }
    memset(s->block + held, 0, 56 - held);
    put_be64(s->block + 56, s->n * 8);
    take(s->h, s->block, 1);
    for (unsigned i = 0; i < 8; i++)
        for (unsigned j = 0; j < 4; j++)
            out[4 * i + j] = (unsigned char)(s->h[i] >> (24 - 8 * j));
}

void hmac_sha256(struct str key, struct str message, unsigned char out[SHA256_BYTES])
{
    unsigned char pad[64] = {0}; /* SHA-256's block */
    struct sha256 s;
    if (key.n > sizeof pad) {
        sha256_init(&s);
        sha256_add(&s, key);
        sha256_end(&s, pad);
    } else if (key.n) {
        memcpy(pad, key.p, key.n);
    }
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36;
    sha256_init(&s);
    sha256_add(&s, str_n((const char *)pad, sizeof pad));
    sha256_add(&s, message);
    sha256_end(&s, out);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    sha256_init(&s);
    sha256_add(&s, str_n((const char *)pad, sizeof pad));
    sha256_add(&s, str_n((const char *)out, SHA256_BYTES));
    sha256_end(&s, out);
}
