/* SHA-256 (FIPS 180-4), for ids and hashes of the pure layers; aws/ signs with OpenSSL's. */
#ifndef TW_BASE_SHA256_H
#define TW_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define SHA256_BYTES 32
#define SHA256_HEX   (2 * SHA256_BYTES)

struct sha256 {
    uint32_t h[8];
    uint64_t n; /* bytes taken in */
    unsigned char block[64];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, struct str bytes);
/* Adds the length (8 bytes, big-endian) and then the bytes, so that ("ab","c") and ("a","bc")
 * differ; an absent str adds a length of all ones. */
void sha256_add_part(struct sha256 *s, struct str part);
void sha256_end(struct sha256 *s, unsigned char out[SHA256_BYTES]);

/* HMAC (RFC 2104) of the message under the key. */
void hmac_sha256(struct str key, struct str message, unsigned char out[SHA256_BYTES]);

#endif
