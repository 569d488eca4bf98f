/* base/buf: what is built, the maximum, and memory that is out. */
#include "base/buf.h"

#include "tests/unit/support/alloc.h"
#include "tests/unit/support/check.h"

static void test_puts(void **state)
{
    (void)state;
    struct buf b;
    struct err e = {0};
    buf_init(&b, 1000);
    check_str("empty is present", buf_str(&b), S(""));
    buf_put(&b, S("a\0b"));
    buf_put(&b, STR_ABSENT);
    buf_putz(&b, "-z-");
    buf_putc(&b, 'c');
    buf_put_u64(&b, 0);
    buf_putc(&b, ' ');
    buf_put_u64(&b, UINT64_MAX);
    buf_putc(&b, ' ');
    buf_put_i64(&b, INT64_MIN);
    buf_putc(&b, ' ');
    buf_put_i64(&b, INT64_MAX);
    buf_putf(&b, " %s=%d ", "n", -5);
    buf_put_hex(&b, "\x00\x7f\x80\xff", 4);
    check_str("all", buf_str(&b),
              S("a\0b-z-c0 18446744073709551615 -9223372036854775808 9223372036854775807"
                " n=-5 007f80ff"));
    check_true("ok", buf_ok(&b, "text", &e));
    check_size("NUL is not counted", strlen(buf_z(&b) + 4), b.n - 4);
    buf_reset(&b);
    check_str("reset", buf_str(&b), S(""));
    check_str("empty text", str_of(buf_z(&b)), S(""));
    buf_release(&b);
    buf_putz(&b, "again");
    check_str("usable after release", buf_str(&b), S("again"));
    buf_release(&b);
}

static void test_maximum(void **state)
{
    (void)state;
    static const size_t maxima[] = {0, 1, 255, 256, 257, 511, 1000, 4096};
    for (size_t i = 0; i < COUNT(maxima); i++) {
        struct buf b;
        struct err e = {0};
        buf_init(&b, maxima[i]);
        for (size_t n = 0; n < maxima[i]; n++)
            buf_putc(&b, 'x');
        check_true("full fits", buf_ok(&b, "text", &e));
        check_size("NUL fits beyond it", strlen(buf_z(&b)), maxima[i]);
        buf_put(&b, S(""));
        check_true("nothing more fits as well", buf_ok(&b, "text", &e));
        buf_putc(&b, 'y');
        check_false("one more does not", buf_ok(&b, "the test's text", &e));
        check_int("kind", e.kind, ERR_LIMIT);
        check_true("named", str_starts(str_of(e.text), S("the test's text does not fit in ")));
        check_true("no text", buf_z(&b) == NULL);
        check_true("no room", buf_room(&b, 0) == NULL);
        check_size("keeps what it has", buf_str(&b).n, maxima[i]);
        buf_reset(&b);
        check_true("reset clears", buf_ok(&b, "text", &e));
        buf_release(&b);
    }
}

/* Once failed, a later put that would fit is not let in: no text with a hole. */
static void test_no_hole(void **state)
{
    (void)state;
    struct buf b;
    struct err e;
    buf_init(&b, 8);
    buf_putz(&b, "123456");
    buf_putz(&b, "789");
    buf_putz(&b, "x");
    buf_putf(&b, "%d", 1);
    check_str("ends before the failed put", buf_str(&b), S("123456"));
    check_false("failed", buf_ok(&b, "text", &e));
    buf_release(&b);
}

/* Texts around the size of the formatter's first try (512 bytes) and the maximum. */
static void test_formatted(void **state)
{
    (void)state;
    char text[1200];
    for (size_t n = 505; n < 1030; n++) {
        struct buf b;
        struct err e;
        memset(text, 'f', n);
        text[n] = '\0';
        buf_init(&b, 1024);
        buf_putc(&b, '>');
        buf_putf(&b, "%s", text);
        check_int("fits", buf_ok(&b, "text", &e), n <= 1023);
        check_size("length", b.n, n <= 1023 ? n + 1 : 1);
        if (n <= 1023)
            check_str("text", str_skip(buf_str(&b), 1), str_n(text, n));
        buf_release(&b);
    }
}

static void test_room(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 300);
    char *p = buf_room(&b, 300);
    assert_non_null(p);
    memset(p, 'r', 300);
    buf_added(&b, 300);
    check_size("NUL has its place", strlen(buf_z(&b)), 300);
    check_true("no 301st", buf_room(&b, 1) == NULL);
    check_true("failed", b.failed);
    buf_reset(&b);
    check_true("more than the maximum", buf_room(&b, SIZE_MAX) == NULL);
    buf_release(&b);
    buf_init(&b, SIZE_MAX);
    buf_putz(&b, "no maximum");
    check_str("any size", buf_str(&b), S("no maximum"));
    check_true("size cannot wrap", buf_room(&b, SIZE_MAX - 4) == NULL);
    buf_release(&b);
}

static void test_cut_and_drop(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    buf_drop_front(&b, 1);
    buf_cut(&b, 0);
    check_str("of nothing", buf_str(&b), S(""));
    buf_putz(&b, "abcdef");
    buf_cut(&b, 9);
    check_str("cut beyond", buf_str(&b), S("abcdef"));
    buf_cut(&b, 5);
    check_str("cut", buf_str(&b), S("abcde"));
    buf_drop_front(&b, 2);
    check_str("drop", buf_str(&b), S("cde"));
    buf_drop_front(&b, 0);
    check_str("drop none", buf_str(&b), S("cde"));
    buf_drop_front(&b, 7);
    check_str("drop beyond", buf_str(&b), S(""));
    buf_release(&b);
}

static void test_memory_out(void **state)
{
    (void)state;
    for (size_t fail_at = 1; fail_at < 6; fail_at++) {
        struct buf b;
        struct err e;
        buf_init(&b, 100000);
        alloc_fail_at(fail_at);
        for (size_t i = 0; i < 2000; i++)
            buf_putz(&b, "0123456789");
        alloc_works();
        check_false("failed", buf_ok(&b, "text", &e));
        check_size("whole pieces", buf_str(&b).n % 10, 0);
        check_true("no text", buf_z(&b) == NULL);
        buf_reset(&b);
        buf_putz(&b, "memory is back");
        check_str("usable again", buf_str(&b), S("memory is back"));
        buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_puts),       cmocka_unit_test(test_maximum),
        cmocka_unit_test(test_no_hole),    cmocka_unit_test(test_formatted),
        cmocka_unit_test(test_room),       cmocka_unit_test(test_cut_and_drop),
        cmocka_unit_test(test_memory_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
