/* The inflater beside zlib: the same bytes, the same end, the same sentence, the same place behind
 * the data. The first byte says what the rest is (raw DEFLATE, gzip, or text that zlib compresses
 * first and a few bits of which are then turned), the next two how input and room are cut. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/inflater.h"
#include "handlers/inflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_MAX (1u << 20) /* of one input: what comes behind is not compared */
#define ROOM    40000      /* a window, and what is made at once at most */

struct outcome {
    uint64_t hash;
    size_t made, used;
    enum inflater_end end;
    const char *fault;
};

static void mix(struct outcome *o, const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n && o->made + i < OUT_MAX; i++)
        o->hash = (o->hash ^ p[i]) * 1099511628211u; /* FNV-1a */
    o->made += n;
}

/* The room slides: only the window in front of it stays where it was. */
static void read_ours(const uint8_t *data, size_t size, size_t in_step, size_t out_step,
                      struct outcome *o)
{
    static struct inflater f;
    static unsigned char room[INFLATER_WINDOW_BYTES + ROOM];
    struct inflater_io io = {.in = data, .out = room, .window = room};
    inflater_begin(&f);
    do {
        size_t left = size - (size_t)(io.in - data), kept = (size_t)(io.out - room);
        if (kept > INFLATER_WINDOW_BYTES) {
            memmove(room, io.out - INFLATER_WINDOW_BYTES, INFLATER_WINDOW_BYTES);
            io.out = room + INFLATER_WINDOW_BYTES;
        }
        unsigned char *from = io.out;
        io.in_end = io.in + (left < in_step ? left : in_step);
        io.out_end = from + (out_step < ROOM ? out_step : ROOM);
        o->end = inflater_run(&f, &io);
        mix(o, from, (size_t)(io.out - from));
    } while (o->made < OUT_MAX &&
             (o->end == INFLATER_FULL || (o->end == INFLATER_MORE && io.in < data + size)));
    o->used = (size_t)(io.in - data);
    o->fault = f.fault;
}

static void read_zlib(const uint8_t *data, size_t size, int window, struct outcome *o)
{
    static unsigned char room[OUT_MAX];
    z_stream z = {.next_in = (z_const Bytef *)data, .avail_in = (uInt)size};
    if (inflateInit2(&z, window) != Z_OK)
        abort();
    z.next_out = room;
    z.avail_out = OUT_MAX;
    int status = inflate(&z, Z_SYNC_FLUSH);
    mix(o, room, OUT_MAX - z.avail_out);
    o->end = status == Z_STREAM_END   ? INFLATER_DONE
             : status == Z_DATA_ERROR ? INFLATER_BROKEN
             : z.avail_out            ? INFLATER_MORE
                                      : INFLATER_FULL;
    o->used = size - z.avail_in;
    o->fault = z.msg;
    inflateEnd(&z);
}

static void compare_raw(const uint8_t *data, size_t size, size_t in_step, size_t out_step)
{
    struct outcome ours = {0}, theirs = {0};
    read_ours(data, size, in_step, out_step, &ours);
    read_zlib(data, size, -15, &theirs);
    if (ours.made >= OUT_MAX || theirs.made >= OUT_MAX)
        return;
    if (ours.end != theirs.end || ours.made != theirs.made || ours.hash != theirs.hash)
        abort();
    if (ours.end == INFLATER_DONE && ours.used != theirs.used)
        abort();
    if (ours.end == INFLATER_BROKEN && strcmp(ours.fault, theirs.fault) != 0)
        abort();
}

/* ---- gzip ---- */

static bool take(void *to, struct str text, struct err *e)
{
    struct outcome *o = to;
    mix(o, (const unsigned char *)text.p, text.n);
    return o->made < OUT_MAX || err_set(e, ERR_LIMIT, "enough");
}

/* The first member alone: what may stand behind it is ours to say. */
static void compare_gzip(const uint8_t *data, size_t size, size_t step)
{
    struct outcome ours = {0}, theirs = {0};
    struct inflate in;
    struct err e = {0};
    if (size < 2 || data[0] != 0x1f || data[1] != 0x8b)
        return;
    read_zlib(data, size, 15 + 16, &theirs);
    if (theirs.end == INFLATER_DONE)
        size = theirs.used;
    inflate_init(&in, take, &ours);
    bool ok = true;
    for (size_t at = 0; ok && at < size; at += step)
        ok = inflate_take(&in, str_n((const char *)data + at, size - at < step ? size - at : step),
                          &e);
    ok = ok && inflate_end(&in, &e);
    inflate_release(&in);
    if (ours.made >= OUT_MAX || theirs.made >= OUT_MAX)
        return;
    if (ok != (theirs.end == INFLATER_DONE) || ours.made != theirs.made || ours.hash != theirs.hash)
        abort();
    if (theirs.end == INFLATER_BROKEN && !strstr(e.text, theirs.fault))
        abort();
}

/* ---- text ---- */

static void compare_text(const uint8_t *data, size_t size, int how, size_t in_step, size_t out_step)
{
    z_stream z = {.next_in = (z_const Bytef *)data, .avail_in = (uInt)size};
    int strategy = how / 10 % 5;
    if (deflateInit2(&z, how % 10, Z_DEFLATED, how & 1 ? -15 : 15 + 16, 8, strategy) != Z_OK)
        abort();
    size_t bound = deflateBound(&z, size) + 64;
    unsigned char *stored = malloc(bound);
    if (!stored)
        abort();
    z.next_out = stored;
    z.avail_out = (uInt)bound;
    deflate(&z, Z_FINISH);
    size_t n = z.total_out;
    deflateEnd(&z);
    if (how & 64)
        stored[in_step * 31 % n] ^= (unsigned char)(1 << out_step % 8);
    if (how & 1)
        compare_raw(stored, n, in_step, out_step);
    else
        compare_gzip(stored, n, in_step);
    free(stored);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    size_t in_step = data[1] ? data[1] : SIZE_MAX / 64;
    size_t out_step = data[2] ? data[2] * 3u : ROOM;
    int how = data[0];
    data += 3;
    size -= 3;
    if (how < 64)
        compare_raw(data, size, in_step, out_step);
    else if (how < 100)
        compare_gzip(data, size, in_step);
    else
        compare_text(data, size, how, in_step, out_step);
    return 0;
}
