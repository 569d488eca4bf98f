/* Base64 as CloudWatch Logs writes it. */
#ifndef TW_HANDLERS_BASE64_H
#define TW_HANDLERS_BASE64_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* Decodes the standard alphabet (RFC 4648, section 4), padding required, nothing else between. The
 * bytes lie in a. ERR_INPUT, naming the position, for any other text; ERR_LIMIT when a is full. */
TW_MUST_USE bool base64_decode(struct arena *a, struct str text, struct str *out, struct err *e);

#endif
