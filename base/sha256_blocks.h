/* The compression function of SHA-256, FIPS 180-4 section 6.2.2, in plain C and with the
 * instructions that processors have for it. Inner part of base/sha256. */
#ifndef TW_BASE_SHA256_BLOCKS_H
#define TW_BASE_SHA256_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

/* Takes n blocks of 64 bytes into the state h. */
typedef void sha256_blocks(uint32_t h[8], const unsigned char *blocks, size_t n);

sha256_blocks sha256_blocks_plain;

/* The one that this processor runs fastest. */
sha256_blocks *sha256_blocks_best(void);

#endif
