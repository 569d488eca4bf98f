/* Inflating. A small object meets libdeflate first; whatever that refuses (broken data, more output
 * than one piece may hold) goes through zlib, which hands on what can be read in front of the fault
 * and knows the reason. */
#include "handlers/inflate.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <zlib.h>

#define GZIP_FIRST  '\x1f' /* RFC 1952, 2.3.1 */
#define GZIP_SECOND '\x8b'
/* Header 10 bytes, an empty deflate block 2, trailer 8: no member is shorter. */
#define GZIP_MEMBER_MIN 20
/* windowBits of inflateInit2: a window of 32 KiB, gzip framing (zlib manual). */
#define ZLIB_GZIP (15 + 16)

struct inflate_codec {
    struct libdeflate_decompressor *whole;
    z_stream stream;
    bool stream_ready;
    char *piece; /* INFLATE_PIECE_BYTES */
    char *out;   /* out_cap */
    size_t out_cap;
};

void inflate_init(struct inflate *in, bytes_fn take, void *to)
{
    *in = (struct inflate){.take = take, .to = to};
    buf_init(&in->held, INFLATE_WHOLE_MAX);
}

void inflate_release(struct inflate *in)
{
    struct inflate_codec *c = in->codec;
    if (c) {
        libdeflate_free_decompressor(c->whole);
        if (c->stream_ready)
            inflateEnd(&c->stream);
        free(c->piece);
        free(c->out);
        free(c);
    }
    buf_release(&in->held);
    in->codec = NULL;
}

void inflate_begin(struct inflate *in)
{
    buf_reset(&in->held);
    in->mode = INFLATE_START;
    in->in_member = false;
    in->members = 0;
    in->bytes_in = 0;
    in->bytes_out = 0;
}

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "no memory to inflate with");
}

static struct inflate_codec *codec_get(struct inflate *in)
{
    if (!in->codec)
        in->codec = calloc(1, sizeof *in->codec);
    return in->codec;
}

/* Plain text is what it is: no limit, nobody pays for more than was stored. */
static bool pass_on(struct inflate *in, struct str bytes, struct err *e)
{
    in->bytes_out += bytes.n;
    return bytes.n == 0 || in->take(in->to, bytes, e);
}

/* A bomb ends before the bytes above the limit are handed on. */
static bool hand_on(struct inflate *in, struct str bytes, struct err *e)
{
    in->bytes_out += bytes.n;
    if (in->bytes_out > INFLATE_BYTES_MAX)
        return err_set(e, ERR_LIMIT,
                       "inflates to more than %llu bytes: refused as a decompression bomb",
                       INFLATE_BYTES_MAX);
    return bytes.n == 0 || in->take(in->to, bytes, e);
}

/* ---- streaming ---- */

static bool stream_ready(struct inflate *in, struct err *e)
{
    struct inflate_codec *c = codec_get(in);
    if (!c)
        return no_memory(e);
    if (!c->piece)
        c->piece = malloc(INFLATE_PIECE_BYTES);
    if (c->piece && !c->stream_ready)
        c->stream_ready = inflateInit2(&c->stream, ZLIB_GZIP) == Z_OK;
    return c->piece && c->stream_ready ? true : no_memory(e);
}

static bool stream_broken(const struct inflate *in, int status, struct err *e)
{
    const char *reason = in->codec->stream.msg;
    if (status == Z_MEM_ERROR)
        return no_memory(e);
    if (status == Z_NEED_DICT)
        reason = "it wants a preset dictionary";
    return err_set(e, ERR_INPUT, "broken gzip data after %llu inflated bytes: %s",
                   (unsigned long long)in->bytes_out, reason ? reason : "no valid deflate data");
}

/* Between members: the next byte must begin another one. */
static bool member_begins(struct inflate *in, struct str bytes, struct err *e)
{
    if (bytes.p[0] != GZIP_FIRST)
        return err_set(e, ERR_INPUT, "garbage behind the gzip data, which ends after %llu bytes",
                       (unsigned long long)(in->bytes_in - bytes.n));
    inflateReset(&in->codec->stream);
    in->in_member = true;
    return true;
}

/* One call of zlib; *bytes loses what it took in. */
static bool stream_step(struct inflate *in, struct str *bytes, struct err *e)
{
    z_stream *z = &in->codec->stream;
    unsigned want = bytes->n > UINT32_MAX ? UINT32_MAX : (unsigned)bytes->n;
    z->next_in = (z_const Bytef *)bytes->p;
    z->avail_in = want;
    z->next_out = (Bytef *)in->codec->piece;
    z->avail_out = INFLATE_PIECE_BYTES;
    int status = inflate(z, Z_NO_FLUSH);
    *bytes = str_skip(*bytes, want - z->avail_in);
    if (!hand_on(in, str_n(in->codec->piece, INFLATE_PIECE_BYTES - z->avail_out), e))
        return false;
    if (status == Z_STREAM_END) {
        in->in_member = false;
        in->members++;
        return true;
    }
    return status == Z_OK || status == Z_BUF_ERROR ? true : stream_broken(in, status, e);
}

static bool stream_take(struct inflate *in, struct str bytes, struct err *e)
{
    if (!stream_ready(in, e))
        return false;
    bool more_out = false; /* a full piece may leave output behind inside zlib */
    while (bytes.n || more_out) {
        if (!in->in_member && !member_begins(in, bytes, e))
            return false;
        if (!stream_step(in, &bytes, e))
            return false;
        more_out = in->in_member && in->codec->stream.avail_out == 0;
    }
    return true;
}

/* ---- small objects ---- */

/* The length the last member says it has (its last four bytes, little-endian, modulo 2^32), as the
 * size to try. A lie costs one vain try. */
static size_t told_length(struct str gz)
{
    size_t n = 0;
    for (size_t i = 0; i < 4; i++)
        n = n << 8 | (unsigned char)gz.p[gz.n - 1 - i];
    return n;
}

static bool out_ready(struct inflate *in, size_t need, struct err *e)
{
    struct inflate_codec *c = codec_get(in);
    if (!c)
        return no_memory(e);
    if (!c->whole)
        c->whole = libdeflate_alloc_decompressor();
    if (c->out_cap < need) {
        free(c->out);
        c->out = malloc(need);
        c->out_cap = c->out ? need : 0;
    }
    return c->whole && c->out ? true : no_memory(e);
}

/* Inflates members while libdeflate takes them; *gz keeps what it did not. */
static bool whole_members(struct inflate *in, struct str *gz, struct err *e)
{
    while (gz->n >= GZIP_MEMBER_MIN) {
        size_t need = told_length(*gz) + 1; /* never zero */
        if (need > INFLATE_WHOLE_OUT_MAX)
            return true;
        if (!out_ready(in, need, e))
            return false;
        struct inflate_codec *c = in->codec;
        size_t used = 0;
        size_t made = 0;
        if (libdeflate_gzip_decompress_ex(c->whole, gz->p, gz->n, c->out, c->out_cap, &used,
                                          &made) != LIBDEFLATE_SUCCESS)
            return true;
        *gz = str_skip(*gz, used);
        in->members++;
        if (!hand_on(in, str_n(c->out, made), e))
            return false;
    }
    return true;
}

static bool cut_off(const struct inflate *in, struct err *e)
{
    return err_set(e, ERR_INPUT, "gzip data cut off: it ends inside a member after %llu bytes",
                   (unsigned long long)in->bytes_in);
}

bool inflate_end(struct inflate *in, struct err *e)
{
    if (in->mode == INFLATE_START)
        return pass_on(in, buf_str(&in->held), e);
    if (in->mode == INFLATE_PLAIN)
        return true;
    if (in->mode == INFLATE_SMALL) {
        struct str gz = buf_str(&in->held);
        if (!whole_members(in, &gz, e) || !stream_take(in, gz, e))
            return false;
    }
    return in->in_member ? cut_off(in, e) : true;
}

/* ---- telling apart ---- */

static bool is_gzip(struct str head)
{
    return head.p[0] == GZIP_FIRST && head.p[1] == GZIP_SECOND;
}

/* Keeps a gzip object back, or starts to stream it when it has become too large for that. */
static bool small_take(struct inflate *in, struct str piece, struct err *e)
{
    if (piece.n <= INFLATE_WHOLE_MAX - in->held.n) {
        buf_put(&in->held, piece);
        return in->held.failed ? no_memory(e) : true;
    }
    in->mode = INFLATE_STREAM;
    if (!stream_take(in, buf_str(&in->held), e))
        return false;
    buf_reset(&in->held);
    return stream_take(in, piece, e);
}

/* The first two bytes decide; until both are there they are held. */
static bool start_take(struct inflate *in, struct str piece, struct err *e)
{
    while (in->held.n < 2 && piece.n) {
        buf_putc(&in->held, *piece.p);
        piece = str_skip(piece, 1);
    }
    if (in->held.failed)
        return no_memory(e);
    if (in->held.n < 2)
        return true;
    if (is_gzip(buf_str(&in->held))) {
        in->mode = INFLATE_SMALL;
        return small_take(in, piece, e);
    }
    in->mode = INFLATE_PLAIN;
    return pass_on(in, buf_str(&in->held), e) && pass_on(in, piece, e);
}

bool inflate_take(void *self, struct str piece, struct err *e)
{
    struct inflate *in = self;
    in->bytes_in += piece.n;
    switch (in->mode) {
    case INFLATE_START:
        return start_take(in, piece, e);
    case INFLATE_PLAIN:
        return pass_on(in, piece, e);
    case INFLATE_SMALL:
        return small_take(in, piece, e);
    default:
        return stream_take(in, piece, e);
    }
}
