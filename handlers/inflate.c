/* Telling gzip from plain text, and how much one may become. */
#include "handlers/inflate.h"

#include "handlers/gunzip.h"

#define GZIP_FIRST  '\x1f' /* RFC 1952, 2.3.1 */
#define GZIP_SECOND '\x8b'
#define HEAD_BYTES  2 /* that decide */

/* bytes_fn of the gunzip. A bomb ends before the bytes above the limit are handed on. */
static bool hand_on(void *self, struct str text, struct err *e)
{
    struct inflate *in = self;
    in->bytes_out += text.n;
    if (in->bytes_out > INFLATE_BYTES_MAX)
        return err_set(e, ERR_LIMIT,
                       "inflates to more than %llu bytes: refused as a decompression bomb",
                       INFLATE_BYTES_MAX);
    return in->take(in->to, text, e);
}

/* Plain text is what it is: no limit, nobody pays for more than was stored. */
static bool pass_on(struct inflate *in, struct str text, struct err *e)
{
    in->bytes_out += text.n;
    return text.n == 0 || in->take(in->to, text, e);
}

void inflate_init(struct inflate *in, bytes_fn take, void *to)
{
    *in = (struct inflate){.take = take, .to = to};
    inflate_begin(in);
}

void inflate_release(struct inflate *in)
{
    gunzip_free(in->gunzip);
    in->gunzip = NULL;
}

void inflate_begin(struct inflate *in)
{
    in->mode = INFLATE_START;
    in->n_head = 0;
    in->bytes_out = 0;
}

static bool begin_gzip(struct inflate *in, struct err *e)
{
    if (!in->gunzip)
        in->gunzip = gunzip_new(hand_on, in);
    if (!in->gunzip)
        return err_set(e, ERR_SYSTEM, "no memory to inflate with");
    gunzip_begin(in->gunzip);
    in->mode = INFLATE_GZIP;
    return true;
}

/* The first two bytes decide; until both are there they are kept. */
static bool begin(struct inflate *in, struct str *piece, struct err *e)
{
    while (in->n_head < HEAD_BYTES && piece->n) {
        in->head[in->n_head++] = *piece->p;
        *piece = str_skip(*piece, 1);
    }
    if (in->n_head < HEAD_BYTES)
        return true;
    struct str head = str_n(in->head, HEAD_BYTES);
    if (head.p[0] == GZIP_FIRST && head.p[1] == GZIP_SECOND)
        return begin_gzip(in, e) && gunzip_take(in->gunzip, head, e);
    in->mode = INFLATE_PLAIN;
    return pass_on(in, head, e);
}

bool inflate_take(void *self, struct str piece, struct err *e)
{
    struct inflate *in = self;
    if (in->mode == INFLATE_START && !begin(in, &piece, e))
        return false;
    return in->mode == INFLATE_GZIP ? gunzip_take(in->gunzip, piece, e) : pass_on(in, piece, e);
}

bool inflate_end(struct inflate *in, struct err *e)
{
    if (in->mode == INFLATE_GZIP)
        return gunzip_end(in->gunzip, e);
    return in->mode == INFLATE_PLAIN || pass_on(in, str_n(in->head, in->n_head), e);
}
