/* Base64, as CloudWatch Logs and DynamoDB write it. */
#ifndef TW_BASE_BASE64_H
#define TW_BASE_BASE64_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* Appends bytes in the standard alphabet, padded. */
void buf_put_base64(struct buf *b, struct str bytes);

/* Decodes the standard alphabet (RFC 4648, section 4), padding required, nothing else between. The
 * bytes lie in a. ERR_INPUT, naming the position, for any other text; ERR_LIMIT when a is full. */
TW_MUST_USE bool base64_decode(struct arena *a, struct str text, struct str *out, struct err *e);

#endif
