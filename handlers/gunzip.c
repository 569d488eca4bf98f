/* Members, one state for each part of them (RFC 1952, 2.3). Text is made behind a window of what
 * was made before it; when a piece is full it is summed and handed on, and its end becomes the
 * window in front of the next. */
#include "handlers/gunzip.h"

#include <libdeflate.h>
#include <stdlib.h>

#include "base/inflater.h"

#define FIRST   0x1f
#define SECOND  0x8b
#define DEFLATE 8

/* FLG: what follows the fixed part of the header. */
#define HAS_SUM     0x02
#define HAS_EXTRA   0x04
#define HAS_NAME    0x08
#define HAS_COMMENT 0x10
#define RESERVED    0xe0

enum part {
    PART_BETWEEN, /* a member may begin, or the object end */
    PART_HEAD,
    PART_EXTRA_LENGTH,
    PART_EXTRA,
    PART_NAME,
    PART_COMMENT,
    PART_SUM,
    PART_DATA,
    PART_TRAILER
};

/* Bytes of the parts that are of fixed length. */
#define HEAD_BYTES    10 /* ID1 ID2 CM FLG MTIME(4) XFL OS */
#define TRAILER_BYTES 8  /* CRC32(4) ISIZE(4) */

struct gunzip {
    bytes_fn give;
    void *to;
    enum part part;
    unsigned char field[HEAD_BYTES]; /* of a part of fixed length: what is there of it */
    unsigned n_field;
    unsigned flags;
    unsigned n_extra; /* bytes of the extra field to come */
    uint32_t head_sum;
    uint32_t sum;   /* CRC-32 of the member's text, up to `summed` */
    uint32_t total; /* its bytes, modulo 2^32, up to `summed` */
    uint64_t bytes_in;
    uint64_t bytes_out;             /* made so far */
    unsigned char *out;             /* behind the text */
    const unsigned char *given;     /* handed on up to here */
    const unsigned char *summed;    /* counted in sum up to here */
    const unsigned char *reachable; /* where the member begins, as far back as a match may reach */
    struct inflater inflater;
    unsigned char text[INFLATER_WINDOW_BYTES + GUNZIP_PIECE_BYTES];
};

struct gunzip *gunzip_new(bytes_fn give, void *to)
{
    struct gunzip *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->give = give;
    g->to = to;
    gunzip_begin(g);
    return g;
}

void gunzip_free(struct gunzip *g)
{
    free(g);
}

void gunzip_begin(struct gunzip *g)
{
    g->part = PART_BETWEEN;
    g->bytes_in = 0;
    g->bytes_out = 0;
    g->out = g->text + INFLATER_WINDOW_BYTES;
    g->given = g->out;
}

/* ---- text ---- */

static void sum_up(struct gunzip *g)
{
    size_t n = (size_t)(g->out - g->summed);
    g->sum = libdeflate_crc32(g->sum, g->summed, n);
    g->total += (uint32_t)n;
    g->summed = g->out;
}

static bool hand_on(struct gunzip *g, struct err *e)
{
    struct str piece = str_n((const char *)g->given, (size_t)(g->out - g->given));
    g->given = g->out;
    return piece.n == 0 || g->give(g->to, piece, e);
}

/* Moves the end of the piece to where the window in front of the next one is. */
static void begin_piece(struct gunzip *g)
{
    unsigned char *start = g->text + INFLATER_WINDOW_BYTES;
    size_t by = (size_t)(g->out - start);
    size_t behind = (size_t)(g->reachable - g->text);
    memmove(g->text, g->out - INFLATER_WINDOW_BYTES, INFLATER_WINDOW_BYTES);
    g->reachable = behind > by ? g->reachable - by : g->text;
    g->out = start;
    g->given = start;
    g->summed = start;
}

/* What was read in front of a fault is handed on first. */
static bool fault(struct gunzip *g, const char *why, struct err *e)
{
    return hand_on(g, e) && err_set(e, ERR_INPUT, "broken gzip data after %llu inflated bytes: %s",
                                    (unsigned long long)g->bytes_out, why);
}

/* ---- header ---- */

/* Collects a part of n bytes; false while it is not whole. */
static bool collect(struct gunzip *g, struct str *bytes, unsigned n)
{
    while (g->n_field < n && bytes->n) {
        g->field[g->n_field++] = (unsigned char)*bytes->p;
        *bytes = str_skip(*bytes, 1);
    }
    return g->n_field == n;
}

static uint32_t little(const unsigned char *p, unsigned n)
{
    uint32_t v = 0;
    while (n--)
        v = v << 8 | p[n];
    return v;
}

/* Starts a part; the field that the last one collected counts in the header's sum. */
static void begin_part(struct gunzip *g, enum part part)
{
    g->head_sum = libdeflate_crc32(g->head_sum, g->field, g->n_field);
    g->n_field = 0;
    g->part = part;
}

static bool begin_member(struct gunzip *g, struct str bytes, struct err *e)
{
    if ((unsigned char)bytes.p[0] != FIRST)
        return hand_on(g, e) &&
               err_set(e, ERR_INPUT, "garbage behind the gzip data, which ends after %llu bytes",
                       (unsigned long long)(g->bytes_in - bytes.n));
    g->n_field = 0;
    g->head_sum = 0;
    g->part = PART_HEAD;
    return true;
}

/* Says what is wrong with the head, as soon as it can be seen. */
static const char *head_fault(const struct gunzip *g)
{
    if (g->n_field >= 2 && (g->field[0] != FIRST || g->field[1] != SECOND))
        return "incorrect header check";
    if (g->n_field >= 4 && g->field[2] != DEFLATE)
        return "unknown compression method";
    if (g->n_field >= 4 && g->field[3] & RESERVED)
        return "unknown header flags set";
    return NULL;
}

static bool take_head(struct gunzip *g, struct str *bytes, struct err *e)
{
    bool whole = collect(g, bytes, HEAD_BYTES);
    const char *why = head_fault(g);
    if (why)
        return fault(g, why, e);
    if (whole) {
        g->flags = g->field[3];
        begin_part(g, PART_EXTRA_LENGTH);
    }
    return true;
}

static void take_extra_length(struct gunzip *g, struct str *bytes)
{
    bool there = g->flags & HAS_EXTRA;
    if (there && !collect(g, bytes, 2))
        return;
    g->n_extra = there ? little(g->field, 2) : 0;
    begin_part(g, PART_EXTRA);
}

static void skip_head(struct gunzip *g, struct str *bytes, size_t n)
{
    g->head_sum = libdeflate_crc32(g->head_sum, bytes->p, n);
    *bytes = str_skip(*bytes, n);
}

static void take_extra(struct gunzip *g, struct str *bytes)
{
    size_t n = bytes->n < g->n_extra ? bytes->n : g->n_extra;
    skip_head(g, bytes, n);
    g->n_extra -= (unsigned)n;
    if (g->n_extra == 0)
        begin_part(g, PART_NAME);
}

/* A text that ends with a zero byte, where the flag says that there is one. */
static void take_text(struct gunzip *g, struct str *bytes, unsigned flag, enum part next)
{
    size_t end = g->flags & flag ? str_find_byte(*bytes, '\0', 0) : 0;
    if (end == SIZE_MAX) {
        skip_head(g, bytes, bytes->n);
        return;
    }
    if (g->flags & flag)
        skip_head(g, bytes, end + 1);
    begin_part(g, next);
}

static bool take_sum(struct gunzip *g, struct str *bytes, struct err *e)
{
    if (g->flags & HAS_SUM) {
        if (!collect(g, bytes, 2))
            return true;
        if (little(g->field, 2) != (g->head_sum & 0xffff))
            return fault(g, "header crc mismatch", e);
    }
    begin_part(g, PART_DATA);
    inflater_begin(&g->inflater);
    g->sum = 0;
    g->total = 0;
    g->summed = g->out;
    g->reachable = g->out;
    return true;
}

/* ---- data ---- */

/* As much as there is input for; the room is what `out` leaves of the piece. */
static enum inflater_end inflate_on(struct gunzip *g, struct str *bytes)
{
    const unsigned char *in = (const unsigned char *)bytes->p;
    struct inflater_io io = {.in = in,
                             .in_end = in + bytes->n,
                             .out = g->out,
                             .out_end = g->text + sizeof g->text,
                             .window = g->reachable};
    enum inflater_end end = inflater_run(&g->inflater, &io);
    *bytes = str_skip(*bytes, (size_t)(io.in - in));
    g->bytes_out += (uint64_t)(io.out - g->out);
    g->out = io.out;
    return end;
}

static bool take_data(struct gunzip *g, struct str *bytes, struct err *e)
{
    enum inflater_end end;
    while ((end = inflate_on(g, bytes)) == INFLATER_FULL) {
        sum_up(g);
        if (!hand_on(g, e))
            return false;
        begin_piece(g);
    }
    if (end == INFLATER_BROKEN)
        return fault(g, g->inflater.fault, e);
    if (end == INFLATER_DONE) {
        sum_up(g);
        begin_part(g, PART_TRAILER);
    }
    return true;
}

static bool take_trailer(struct gunzip *g, struct str *bytes, struct err *e)
{
    bool whole = collect(g, bytes, TRAILER_BYTES);
    if (g->n_field >= 4 && little(g->field, 4) != g->sum)
        return fault(g, "incorrect data check", e);
    if (!whole)
        return true;
    if (little(g->field + 4, 4) != g->total)
        return fault(g, "incorrect length check", e);
    g->part = PART_BETWEEN;
    return true;
}

/* ---- all ---- */

static bool step(struct gunzip *g, struct str *bytes, struct err *e)
{
    switch (g->part) {
    case PART_BETWEEN:
        return begin_member(g, *bytes, e);
    case PART_HEAD:
        return take_head(g, bytes, e);
    case PART_EXTRA_LENGTH:
        take_extra_length(g, bytes);
        return true;
    case PART_EXTRA:
        take_extra(g, bytes);
        return true;
    case PART_NAME:
        take_text(g, bytes, HAS_NAME, PART_COMMENT);
        return true;
    case PART_COMMENT:
        take_text(g, bytes, HAS_COMMENT, PART_SUM);
        return true;
    case PART_SUM:
        return take_sum(g, bytes, e);
    case PART_DATA:
        return take_data(g, bytes, e);
    default:
        return take_trailer(g, bytes, e);
    }
}

bool gunzip_take(struct gunzip *g, struct str bytes, struct err *e)
{
    g->bytes_in += bytes.n;
    while (bytes.n)
        if (!step(g, &bytes, e))
            return false;
    return true;
}

bool gunzip_end(struct gunzip *g, struct err *e)
{
    if (!hand_on(g, e))
        return false;
    if (g->part == PART_BETWEEN)
        return true;
    return err_set(e, ERR_INPUT, "gzip data cut off: it ends inside a member after %llu bytes",
                   (unsigned long long)g->bytes_in);
}
