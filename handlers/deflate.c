/* Writing gzip. */
#include "handlers/deflate.h"

#include <libdeflate.h>

#define LEVEL 6 /* gzip's own default */

bool gzip_put(struct buf *out, struct str bytes, struct err *e)
{
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(LEVEL);
    if (!c)
        return err_set(e, ERR_SYSTEM, "no memory to compress");
    size_t bound = libdeflate_gzip_compress_bound(c, bytes.n);
    char *to = buf_room(out, bound);
    size_t n = to ? libdeflate_gzip_compress(c, bytes.p, bytes.n, to, bound) : 0;
    libdeflate_free_compressor(c);
    if (n)
        buf_added(out, n);
    return n || err_set(e, ERR_LIMIT, "%zu bytes do not fit when compressed", bytes.n);
}
