/* Form decoding: never longer than its input, and what the encoder writes comes back. */
#include <stdlib.h>

#include "base/escape.h"
#include "handlers/urldecode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_n((const char *)data, size);
    struct buf encoded, decoded;
    struct err e;
    buf_init(&encoded, 4 * size + 1);
    buf_init(&decoded, size + 1);
    if (urldecode_form(&decoded, text, &e) && decoded.n > size)
        abort();
    buf_reset(&decoded);
    buf_put_percent(&encoded, text, false);
    if (!urldecode_form(&decoded, buf_str(&encoded), &e) ||
        !str_eq(buf_str(&decoded), str_n(size ? text.p : "", size)))
        abort();
    buf_release(&encoded);
    buf_release(&decoded);
    return 0;
}
