/* What the modifiers base64, base64offset, wide and utf16 make of a value. */
#include "engine/sigma_parts.h"

#include "base/base64.h"
#include "base/escape.h"

#define REPLACEMENT 0xFFFDu

/* With `offset` unknown bytes in front, the first characters (0, 2 or 3) hold some of their bits;
 * so do the last (0, 3 or 2, padding among them) of the unknown bytes behind. */
void sigma_put_base64_offset(struct buf *b, struct str bytes, unsigned offset)
{
    static const size_t front[] = {0, 2, 3}, back[] = {0, 3, 2};
    struct buf padded, coded;
    buf_init(&padded, bytes.n + 2);
    buf_init(&coded, (bytes.n + 2) * 2 + 4);
    buf_put(&padded, str_n("\0\0", offset));
    buf_put(&padded, bytes);
    buf_put_base64(&coded, buf_str(&padded));
    struct str s = buf_str(&coded);
    size_t cut = back[(bytes.n + offset) % 3];
    if (padded.failed || coded.failed)
        b->failed = true;
    else if (s.n > cut)
        buf_put(b, str_slice(s, front[offset], s.n - cut));
    buf_release(&padded);
    buf_release(&coded);
}

static void put_unit(struct buf *b, uint32_t unit, bool big_endian)
{
    char high = (char)(unit >> 8), low = (char)(unit & 0xFF);
    buf_putc(b, big_endian ? high : low);
    buf_putc(b, big_endian ? low : high);
}

void sigma_put_utf16(struct buf *b, struct str text, bool big_endian)
{
    while (text.n) {
        int32_t taken = utf8_take(&text);
        uint32_t c = taken < 0 ? REPLACEMENT : (uint32_t)taken;
        if (c >= 0x10000) {
            c -= 0x10000;
            put_unit(b, 0xD800 | c >> 10, big_endian);
            c = 0xDC00 | (c & 0x3FF);
        }
        put_unit(b, c, big_endian);
    }
}
