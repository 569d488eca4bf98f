/* handlers/inflate and the gunzip in it: the same bytes however they are cut, and each fault its
 * sentence. The input is made here with zlib's own deflate. */
#include "handlers/inflate.h"

#include <stdlib.h>
#include <zlib.h>

#include "handlers/gunzip.h"
#include "tests/unit/support/check.h"

#define OUT_MAX (64u << 20)

/* Appends a gzip member of text at a level. */
static void put_gzip(struct buf *b, struct str text, int level)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t bound = deflateBound(&z, text.n);
    char *room = buf_room(b, bound);
    assert_non_null(room);
    z.next_in = (Bytef *)(uintptr_t)text.p;
    z.avail_in = (uInt)text.n;
    z.next_out = (Bytef *)room;
    z.avail_out = (uInt)bound;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    buf_added(b, z.total_out);
    deflateEnd(&z);
}

static bool take(void *to, struct str piece, struct err *e)
{
    buf_put(to, piece);
    return buf_ok(to, "output", e);
}

/* Inflates in, in pieces of n bytes (0: whole), to out. */
static bool run(struct inflate *in, struct str bytes, size_t n, struct buf *out, struct err *e)
{
    in->take = take;
    in->to = out;
    inflate_begin(in);
    while (bytes.n) {
        struct str piece = str_slice(bytes, 0, n ? n : bytes.n);
        if (!inflate_take(in, piece, e))
            return false;
        bytes = str_skip(bytes, piece.n);
    }
    return inflate_end(in, e);
}

/* Text that compresses about tenfold, as logs do. */
static void put_log(struct buf *b, size_t n)
{
    for (uint64_t i = 0; b->n < n; i++)
        buf_putf(b, "{\"eventName\":\"RunInstances\",\"n\":%llu},",
                 (unsigned long long)(i * 2654435761u % 1000003));
    buf_cut(b, n);
}

/* Bytes that do not compress. */
static void put_noise(struct buf *b, size_t n)
{
    uint64_t x = 1;
    for (size_t i = 0; i < n; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        buf_putc(b, (char)(x >> 56));
    }
}

struct fixture {
    struct buf text, gz, out;
    struct inflate in;
};

static void setup(struct fixture *f)
{
    buf_init(&f->text, OUT_MAX);
    buf_init(&f->gz, OUT_MAX);
    buf_init(&f->out, OUT_MAX);
    inflate_init(&f->in, take, &f->out);
}

static void teardown(struct fixture *f)
{
    inflate_release(&f->in);
    buf_release(&f->text);
    buf_release(&f->gz);
    buf_release(&f->out);
}

/* Checks that gz gives text, however it is cut. */
static void check_inflates(struct fixture *f, const char *name)
{
    static const size_t pieces[] = {0, 1000, 65536, 262144};
    for (size_t i = 0; i < COUNT(pieces); i++) {
        struct err e = {0};
        buf_reset(&f->out);
        bool ok = run(&f->in, buf_str(&f->gz), pieces[i], &f->out, &e);
        if (!ok)
            print_error("%s: %s\n", name, e.text);
        check_true(name, ok);
        check_true(name, str_eq(buf_str(&f->out), buf_str(&f->text)));
    }
}

static void gives_the_same_bytes(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    buf_putz(&f.text, "x");
    put_gzip(&f.gz, buf_str(&f.text), 6);
    check_inflates(&f, "one byte");

    buf_reset(&f.text);
    buf_reset(&f.gz);
    put_gzip(&f.gz, S(""), 6);
    check_inflates(&f, "nothing");

    put_log(&f.text, 3u << 20);
    buf_reset(&f.gz);
    put_gzip(&f.gz, buf_str(&f.text), 6);
    check_inflates(&f, "small");

    buf_reset(&f.text);
    buf_reset(&f.gz);
    put_noise(&f.text, 2u << 20);
    put_gzip(&f.gz, buf_str(&f.text), 6);
    check_inflates(&f, "large when stored");

    buf_reset(&f.text);
    buf_reset(&f.gz);
    for (size_t i = 0; i < (8u << 20) + 5; i++)
        buf_putc(&f.text, 'a');
    put_gzip(&f.gz, buf_str(&f.text), 6);
    check_inflates(&f, "large when inflated");
    teardown(&f);
}

static void joins_members(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    for (size_t n = 1; n < 200000; n = n * 7 + 3) { /* later ones are larger than the first */
        struct buf part;
        buf_init(&part, OUT_MAX);
        put_log(&part, n);
        buf_put(&f.text, buf_str(&part));
        put_gzip(&f.gz, buf_str(&part), 1);
        buf_release(&part);
    }
    check_inflates(&f, "growing members");
    put_gzip(&f.gz, S("x"), 1);
    buf_putc(&f.text, 'x');
    check_inflates(&f, "a last member that is smaller than the one before");
    teardown(&f);
}

static void passes_plain_text(void **state)
{
    static const char *const texts[] = {"",     "{",     "{}",      "{\"Records\":[]}",
                                        "\x1f", "\x1fx", "\x8b\x1f"};
    (void)state;
    struct fixture f;
    setup(&f);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct err e = {0};
        for (size_t piece = 0; piece < 3; piece++) {
            buf_reset(&f.out);
            check_true(texts[i], run(&f.in, str_of(texts[i]), piece, &f.out, &e));
            check_str(texts[i], buf_str(&f.out), str_of(texts[i]));
        }
    }
    teardown(&f);
}

/* A fault, made in a member of 100,000 bytes of log. */
struct fault {
    const char *name;
    size_t cut;       /* bytes taken off the end */
    size_t flip;      /* position of a byte that is inverted, from the end; 0: none */
    const char *tail; /* put behind */
    const char *want; /* in the sentence */
};

static void names_faults(void **state)
{
    static const struct fault faults[] = {
        {"no trailer", 8, 0, "", "cut off"},
        {"half a trailer", 4, 0, "", "cut off"},
        {"cut in the data", 500, 0, "", "cut off"},
        {"wrong length", 0, 1, "", "incorrect length check"},
        {"wrong checksum", 0, 5, "", "incorrect data check"},
        {"garbage behind", 0, 0, "garbage", "garbage behind the gzip data"},
        {"zero bytes behind", 0, 0, "\0\0\0", NULL},
        {"half a header behind", 0, 0, "\x1f\x8b", "cut off"},
        {"wrong second byte behind", 0, 0, "\x1f\x8c", "incorrect header check"},
    };
    (void)state;
    struct fixture f;
    setup(&f);
    put_log(&f.text, 100000);
    for (size_t i = 0; i < COUNT(faults); i++) {
        static const size_t pieces[] = {0, 1, 4096};
        buf_reset(&f.gz);
        put_gzip(&f.gz, buf_str(&f.text), 6);
        if (faults[i].flip)
            f.gz.p[f.gz.n - faults[i].flip] = (char)~f.gz.p[f.gz.n - faults[i].flip];
        buf_cut(&f.gz, f.gz.n - faults[i].cut);
        buf_putz(&f.gz, faults[i].tail);
        for (size_t p = 0; p < COUNT(pieces); p++) {
            struct err e = {0};
            buf_reset(&f.out);
            bool ok = run(&f.in, buf_str(&f.gz), pieces[p], &f.out, &e);
            check_int(faults[i].name, ok, faults[i].want == NULL);
            if (!ok) {
                check_int(faults[i].name, e.kind, ERR_INPUT);
                if (!strstr(e.text, faults[i].want))
                    print_error("%s: %s\n", faults[i].name, e.text);
                check_true(faults[i].name, strstr(e.text, faults[i].want) != NULL);
            }
            check_true("what was readable came through", f.out.n > 90000);
        }
    }
    teardown(&f);
}

static bool count_bytes(void *to, struct str piece, struct err *e)
{
    (void)e;
    *(uint64_t *)to += piece.n;
    return true;
}

/* 1 GiB and one byte of zeros: about 1 MB stored. */
static void ends_a_bomb(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    char *zeros = calloc(1, 1u << 20);
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    for (size_t i = 0; i <= 1024; i++) {
        char *room = buf_room(&f.gz, 1u << 20);
        z.next_in = (Bytef *)zeros;
        z.avail_in = i == 1024 ? 1 : 1u << 20;
        z.next_out = (Bytef *)room;
        z.avail_out = 1u << 20;
        deflate(&z, i == 1024 ? Z_FINISH : Z_NO_FLUSH);
        buf_added(&f.gz, (1u << 20) - z.avail_out);
    }
    deflateEnd(&z);
    free(zeros);
    uint64_t seen = 0;
    struct err e = {0};
    inflate_release(&f.in);
    inflate_init(&f.in, count_bytes, &seen);
    inflate_begin(&f.in);
    bool ok = inflate_take(&f.in, buf_str(&f.gz), &e) && inflate_end(&f.in, &e);
    assert_false(ok);
    assert_int_equal(e.kind, ERR_LIMIT);
    assert_true(seen <= INFLATE_BYTES_MAX);
    assert_true(seen > INFLATE_BYTES_MAX - GUNZIP_PIECE_BYTES);
    teardown(&f);
}

static bool refuse(void *to, struct str piece, struct err *e)
{
    (void)to;
    (void)piece;
    return err_set(e, ERR_RETRY, "not now");
}

static void passes_up_what_the_taker_said(void **state)
{
    (void)state;
    struct fixture f;
    struct err e = {0};
    setup(&f);
    put_gzip(&f.gz, S("hello"), 6);
    f.in.take = refuse;
    inflate_begin(&f.in);
    assert_true(inflate_take(&f.in, buf_str(&f.gz), &e));
    assert_false(inflate_end(&f.in, &e));
    assert_int_equal(e.kind, ERR_RETRY);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_same_bytes), cmocka_unit_test(joins_members),
        cmocka_unit_test(passes_plain_text),    cmocka_unit_test(names_faults),
        cmocka_unit_test(ends_a_bomb),          cmocka_unit_test(passes_up_what_the_taker_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
