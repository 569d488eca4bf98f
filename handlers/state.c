/* Keys. */
#include "handlers/state.h"

#include "base/sha256.h"

struct state_key state_key_of(const struct str *parts, size_t n)
{
    unsigned char raw[SHA256_BYTES];
    struct state_key key;
    struct sha256 h;
    sha256_init(&h);
    for (size_t i = 0; i < n; i++)
        sha256_add_part(&h, parts[i]);
    sha256_end(&h, raw);
    memcpy(key.bytes, raw, sizeof key.bytes);
    return key;
}
