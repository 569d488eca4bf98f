/* base/inflater: streams made bit by bit, with what RFC 1951 says of them, and zlib's word on every
 * one of them and on what zlib itself compresses, at every split of input and room. */
#include "base/inflater.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/buf.h"
#include "tests/unit/support/check.h"

#define ROOM 70000 /* a window and then some */

/* ---- reading ---- */

struct outcome {
    enum inflater_end end;
    size_t used, made;
    const char *fault;
    unsigned char out[ROOM];
};

static struct inflater inflater; /* kept between streams, as programs do */

/* Reads a stream in pieces of `in_step` bytes, into room of `out_step` at a time. */
static void read_ours(struct str data, size_t in_step, size_t out_step, struct outcome *o)
{
    const unsigned char *in = (const unsigned char *)data.p, *end = in + data.n;
    struct inflater_io io = {.in = in, .in_end = in, .out = o->out, .out_end = o->out};
    io.window = o->out;
    inflater_begin(&inflater);
    do {
        size_t left = (size_t)(end - io.in), room = (size_t)(o->out + ROOM - io.out);
        io.in_end = io.in + (left < in_step ? left : in_step);
        io.out_end = io.out + (room < out_step ? room : out_step);
        o->end = inflater_run(&inflater, &io);
    } while ((o->end == INFLATER_MORE && io.in < end) ||
             (o->end == INFLATER_FULL && io.out < o->out + ROOM));
    o->used = (size_t)(io.in - in);
    o->made = (size_t)(io.out - o->out);
    o->fault = inflater.fault;
}

static void read_zlib(struct str data, struct outcome *o)
{
    z_stream z = {.next_in = (z_const Bytef *)data.p,
                  .avail_in = (uInt)data.n,
                  .next_out = o->out,
                  .avail_out = ROOM};
    assert_int_equal(inflateInit2(&z, -15), Z_OK);
    int status = inflate(&z, Z_SYNC_FLUSH);
    o->end = status == Z_STREAM_END   ? INFLATER_DONE
             : status == Z_DATA_ERROR ? INFLATER_BROKEN
             : z.avail_out            ? INFLATER_MORE
                                      : INFLATER_FULL;
    o->used = data.n - z.avail_in;
    o->made = ROOM - z.avail_out;
    o->fault = z.msg;
    inflateEnd(&z);
}

static void check_equal(const char *name, const struct outcome *a, const struct outcome *b)
{
    if (a->end != b->end || a->made != b->made)
        print_error("%s: end %d and %d, %zu and %zu bytes, %s and %s\n", name, (int)a->end,
                    (int)b->end, a->made, b->made, a->fault, b->fault);
    check_int(name, a->end, b->end);
    check_int(name, (int64_t)a->made, (int64_t)b->made);
    check_true(name, memcmp(a->out, b->out, a->made) == 0);
    if (a->end == INFLATER_DONE)
        check_int(name, (int64_t)a->used, (int64_t)b->used);
    if (a->end == INFLATER_BROKEN)
        check_str(name, str_of(a->fault), str_of(b->fault));
}

static void check_as_zlib(const char *name, struct str data, size_t in_step, size_t out_step)
{
    static struct outcome ours, theirs;
    read_ours(data, in_step, out_step, &ours);
    read_zlib(data, &theirs);
    check_equal(name, &ours, &theirs);
}

/* ---- streams made by hand ---- */

/* Bits as RFC 1951 writes them, blanks between them for the reader: of numbers the lowest first, of
 * codes the highest. The last byte is filled with zeros. */
static void put_bits(struct buf *b, const char *bits)
{
    unsigned n = 0;
    unsigned char byte = 0;
    for (; *bits; bits++) {
        if (*bits == ' ')
            continue;
        byte = (unsigned char)(byte | (*bits == '1') << n);
        if (++n % 8 == 0) {
            buf_putc(b, (char)byte);
            n = 0;
            byte = 0;
        }
    }
    if (n)
        buf_putc(b, (char)byte);
}

/* Last block, dynamic. Lengths of the code of code lengths come in the order 16 17 18 0 8 7 9 6 10
 * 5 11 4 12 3 13 2 14 1 15. */
#define DYNAMIC "1 01 "
#define COUNTS  "00000 00000 0111 " /* 257, 1, 18 */
/* Codes of code lengths: 18 is 0, 1 is 10, 0 is 110, 16 is 111. */
#define LENGTHS "110 000 100 110 000 000 000 000 000 000 000 000 000 000 000 000 000 010 "
/* 138, then n zeros: 0 and seven bits, n - 11. */
#define ZEROS_138 "0 1111111 "
#define ZEROS_118 "0 1101011 " /* 107 + 11 */

struct stream {
    const char *name;
    const char *bits;
    enum inflater_end end;
    const char *says; /* the text, or the fault */
};

static const struct stream streams[] = {
    {"nothing at all", "", INFLATER_MORE, ""},
    {"two bits", "10", INFLATER_MORE, ""},
    {"fixed, empty", "1 10 0000000", INFLATER_DONE, ""},
    {"fixed, a", "1 10 10010001 0000000", INFLATER_DONE, "a"},
    {"fixed, two blocks", "0 10 10010001 0000000 1 10 10010010 0000000", INFLATER_DONE, "ab"},
    {"fixed, a byte of nine bits", "1 10 110010000 0000000", INFLATER_DONE, "\x90"},
    {"fixed, aaaa by distance 1", "1 10 10010001 0000001 00000 0000000", INFLATER_DONE, "aaaa"},
    {"fixed, length 258 by symbol 284 and its extra bits",
     "1 10 10010001 11000100 11111 00000 0000000", INFLATER_DONE, NULL},
    {"fixed, length 258 by symbol 285", "1 10 10010001 11000101 00000 0000000", INFLATER_DONE,
     NULL},
    {"symbol 286", "1 10 11000110", INFLATER_BROKEN, "invalid literal/length code"},
    {"symbol 287", "1 10 10010001 11000111", INFLATER_BROKEN, "invalid literal/length code"},
    {"distance 30", "1 10 10010001 0000001 11110", INFLATER_BROKEN, "invalid distance code"},
    {"distance 31", "1 10 10010001 0000001 11111", INFLATER_BROKEN, "invalid distance code"},
    {"one byte too far", "1 10 10010001 0000001 00001", INFLATER_BROKEN,
     "invalid distance too far back"},
    {"a match first of all", "1 10 0000001 00000", INFLATER_BROKEN,
     "invalid distance too far back"},
    {"block type 3", "1 11", INFLATER_BROKEN, "invalid block type"},
    {"stored, empty", "1 00 00000 0000000000000000 1111111111111111", INFLATER_DONE, ""},
    {"stored, a", "1 00 00000 1000000000000000 0111111111111111 10000110", INFLATER_DONE, "a"},
    {"stored, padding is not looked at", "1 00 11111 1000000000000000 0111111111111111 10000110",
     INFLATER_DONE, "a"},
    {"stored, length and complement differ", "1 00 00000 1000000000000000 1111111111111111",
     INFLATER_BROKEN, "invalid stored block lengths"},
    {"stored, cut off", "1 00 00000 0100000000000000 1011111111111111 10000110", INFLATER_MORE,
     "a"},
    {"stored behind fixed",
     "0 10 10010001 0000000 1 00 000 1000000000000000 0111111111111111 "
     "01000110",
     INFLATER_DONE, "ab"},
    {"287 symbols", DYNAMIC "01111 00000 0000", INFLATER_BROKEN,
     "too many length or distance symbols"},
    {"31 distances", DYNAMIC "00000 01111 0000", INFLATER_BROKEN,
     "too many length or distance symbols"},
    {"no code of code lengths", DYNAMIC "00000 00000 0000 000 000 000 000", INFLATER_MORE, ""},
    {"no code of code lengths, and bits behind it: lengths of zero",
     DYNAMIC "00000 00000 0000 000 000 000 000 "
             "000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
             "000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
             "000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
             "00000000000000000000000000",
     INFLATER_BROKEN, "invalid code -- missing end-of-block"},
    {"a code of code lengths with one member", DYNAMIC "00000 00000 0000 000 000 100 000",
     INFLATER_BROKEN, "invalid code lengths set"},
    {"too many codes of code lengths", DYNAMIC "00000 00000 0000 100 100 100 000", INFLATER_BROKEN,
     "invalid code lengths set"},
    {"the length before, and there is none", DYNAMIC COUNTS LENGTHS "111 00", INFLATER_BROKEN,
     "invalid bit length repeat"},
    {"zeros beyond the last", DYNAMIC COUNTS LENGTHS ZEROS_138 ZEROS_138, INFLATER_BROKEN,
     "invalid bit length repeat"},
    {"no end of block", DYNAMIC COUNTS LENGTHS "10 10 " ZEROS_138 ZEROS_118, INFLATER_BROKEN,
     "invalid code -- missing end-of-block"},
    {"only the end of block, no distance", DYNAMIC COUNTS LENGTHS ZEROS_138 ZEROS_118 "10 110 0",
     INFLATER_DONE, ""},
    {"the code that only the end of block leaves",
     DYNAMIC COUNTS LENGTHS ZEROS_138 ZEROS_118 "10 110 1", INFLATER_BROKEN,
     "invalid literal/length code"},
    {"one literal, the end, one distance",
     DYNAMIC COUNTS LENGTHS "0 0110101 10 " ZEROS_138 "0 1001000 10 10 0 0 1", INFLATER_DONE, "aa"},
    {"three codes of one bit", DYNAMIC COUNTS LENGTHS "10 10 " ZEROS_138 "0 1001011 10 10",
     INFLATER_BROKEN, "invalid literal/lengths set"},
};

static void reads_what_is_made_by_hand(void **state)
{
    (void)state;
    static struct outcome o;
    for (size_t i = 0; i < COUNT(streams); i++) {
        const struct stream *s = &streams[i];
        struct buf b;
        buf_init(&b, 4096);
        put_bits(&b, s->bits);
        read_ours(buf_str(&b), SIZE_MAX, SIZE_MAX, &o);
        check_int(s->name, o.end, s->end);
        if (s->says && o.end == INFLATER_BROKEN)
            check_str(s->name, str_of(o.fault), str_of(s->says));
        else if (s->says)
            check_str(s->name, str_n((const char *)o.out, o.made), str_of(s->says));
        check_as_zlib(s->name, buf_str(&b), SIZE_MAX, SIZE_MAX);
        check_as_zlib(s->name, buf_str(&b), 1, SIZE_MAX);
        check_as_zlib(s->name, buf_str(&b), 1, 1);
        buf_release(&b);
    }
}

/* ---- streams made by zlib ---- */

static uint64_t next_random(uint64_t *x)
{
    *x = *x * 6364136223846793005u + 1442695040888963407u;
    return *x >> 33;
}

/* Text in which every distance and length comes: copies of what stands somewhere before, between
 * runs of few or many different bytes. */
static void put_text(struct buf *b, size_t n, uint64_t seed)
{
    uint64_t x = seed;
    unsigned letters = 1u << next_random(&x) % 9;
    while (b->n < n) {
        size_t run = 1 + next_random(&x) % (next_random(&x) % 8 ? 12 : 300);
        size_t back = b->n ? 1 + next_random(&x) % (next_random(&x) % 2 ? b->n : 1 + b->n / 64) : 0;
        bool again = back && next_random(&x) % 2;
        for (size_t i = 0; i < run; i++)
            buf_putc(b, again ? b->p[b->n - back] : (char)(next_random(&x) % letters + 32));
    }
    buf_cut(b, n);
}

static void put_deflated(struct buf *b, struct str text, int level, int strategy)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, -15, 8, strategy), Z_OK);
    size_t bound = deflateBound(&z, text.n) + 64;
    char *room = buf_room(b, bound);
    assert_non_null(room);
    z.next_in = (z_const Bytef *)text.p;
    z.avail_in = (uInt)text.n;
    z.next_out = (Bytef *)room;
    z.avail_out = (uInt)bound;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    buf_added(b, z.total_out);
    deflateEnd(&z);
}

/* One stream: whole, cut at steps of all sizes, cut off, and with bytes that differ. */
static void check_stream(struct buf *b, uint64_t *x)
{
    static const size_t steps[] = {1, 2, 3, 7, 13, 24, 25, 31, 64, 293, 294, 1000, SIZE_MAX};
    buf_putz(b, "behind");
    for (size_t i = 0; i < COUNT(steps); i++) {
        check_as_zlib("input in steps", buf_str(b), steps[i], SIZE_MAX);
        check_as_zlib("room in steps", buf_str(b), SIZE_MAX, steps[i]);
        check_as_zlib("both", buf_str(b), steps[i], steps[COUNT(steps) - 1 - i]);
    }
    for (unsigned i = 0; i < 20; i++) {
        size_t at = next_random(x) % b->n;
        char was = b->p[at];
        check_as_zlib("cut off", str_slice(buf_str(b), 0, at), 1 + next_random(x) % 400, SIZE_MAX);
        b->p[at] = (char)(was ^ (1 << next_random(x) % 8));
        check_as_zlib("a bit turned", buf_str(b), 1 + next_random(x) % 400,
                      1 + next_random(x) % 400);
        b->p[at] = was;
    }
}

static void reads_as_zlib_does(void **state)
{
    static const int strategies[] = {Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED};
    (void)state;
    uint64_t x = 7;
    for (uint64_t seed = 0; seed < 120; seed++) {
        struct buf text, b;
        buf_init(&text, ROOM);
        buf_init(&b, 4 * ROOM);
        put_text(&text, seed % 10 ? next_random(&x) % 3000 : ROOM - next_random(&x) % 3, seed);
        put_deflated(&b, buf_str(&text), (int)(seed % 10), strategies[seed / 2 % 4]);
        check_stream(&b, &x);
        buf_release(&text);
        buf_release(&b);
    }
}

/* Every place at which one input can be cut in two. */
static void goes_on_at_any_byte(void **state)
{
    (void)state;
    static struct outcome whole, ours;
    struct buf text, b;
    buf_init(&text, ROOM);
    buf_init(&b, 4 * ROOM);
    put_text(&text, 6000, 3);
    put_deflated(&b, buf_str(&text), 6, Z_DEFAULT_STRATEGY);
    read_zlib(buf_str(&b), &whole);
    for (size_t cut = 1; cut < b.n; cut++) {
        read_ours(buf_str(&b), cut, SIZE_MAX, &ours);
        check_equal("cut in two or more", &ours, &whole);
        read_ours(buf_str(&b), SIZE_MAX, cut, &ours);
        check_equal("room in two or more", &ours, &whole);
    }
    buf_release(&text);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_made_by_hand),
        cmocka_unit_test(reads_as_zlib_does),
        cmocka_unit_test(goes_on_at_any_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
