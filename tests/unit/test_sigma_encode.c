/* engine/sigma_encode.c. Vectors: RFC 4648 section 10, Python's base64 and codecs modules. */
#include "base/base64.h"
#include "engine/sigma_parts.h"
#include "tests/unit/support/check.h"

static void test_base64(void **state)
{
    (void)state;
    static const char *const list[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff", "+/8="},
    };
    struct buf b;
    buf_init(&b, 100);
    for (size_t i = 0; i < COUNT(list); i++) {
        buf_reset(&b);
        buf_put_base64(&b, str_of(list[i][0]));
        check_str(list[i][0], buf_str(&b), str_of(list[i][1]));
    }
    buf_release(&b);
}

/* Whatever stands before and behind, the coded whole contains the form of its offset. */
static void test_offsets(void **state)
{
    (void)state;
    static const char *const texts[] = {"foo", "foob", "fooba", "foobar", "/bin/sh", "ab"};
    struct buf whole, coded, form;
    buf_init(&whole, 100);
    buf_init(&coded, 200);
    buf_init(&form, 200);
    for (size_t i = 0; i < COUNT(texts); i++)
        for (unsigned front = 0; front < 6; front++)
            for (unsigned back = 0; back < 6; back++) {
                buf_reset(&whole);
                buf_reset(&coded);
                buf_reset(&form);
                buf_put(&whole, str_n("\xff\x00\x55\xaa\x01\xfe", front));
                buf_putz(&whole, texts[i]);
                buf_put(&whole, str_n("\xfe\x01\xaa\x55\x00\xff", back));
                buf_put_base64(&coded, buf_str(&whole));
                sigma_put_base64_offset(&form, str_of(texts[i]), front % 3);
                check_true(texts[i], form.n > 0);
                check_true(texts[i], str_find(buf_str(&coded), buf_str(&form), 0) != SIZE_MAX);
            }
    buf_release(&whole);
    buf_release(&coded);
    buf_release(&form);
}

static void test_offset_forms(void **state)
{
    (void)state;
    static const char *const want[] = {"Zm9v", "Zvb", "mb2"};
    struct buf b;
    buf_init(&b, 100);
    for (unsigned i = 0; i < 3; i++) {
        buf_reset(&b);
        sigma_put_base64_offset(&b, S("foo"), i);
        check_str("foo", buf_str(&b), str_of(want[i]));
    }
    buf_release(&b);
}

static void test_utf16(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    sigma_put_utf16(&b, S("a\u00e9\U0001F600"), false);
    check_str("little", buf_str(&b), S("a\0\xe9\0\x3d\xd8\x00\xde"));
    buf_reset(&b);
    sigma_put_utf16(&b, S("a\u00e9\U0001F600"), true);
    check_str("big", buf_str(&b), S("\0a\0\xe9\xd8\x3d\xde\x00"));
    buf_reset(&b);
    sigma_put_utf16(&b, S("\xff"), true);
    check_str("no UTF-8", buf_str(&b), S("\xff\xfd"));
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_offsets),
        cmocka_unit_test(test_offset_forms),
        cmocka_unit_test(test_utf16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
