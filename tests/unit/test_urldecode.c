/* handlers/urldecode: keys as S3 writes them. The encoded forms are those that S3 sent for keys
 * with these characters (Amazon S3 User Guide; boto3 reads them back with unquote_plus). */
#include "handlers/urldecode.h"

#include "tests/unit/support/check.h"

static void decodes(void **state)
{
    static const struct {
        const char *name, *text, *want; /* want NULL: refused */
    } cases[] = {
        {"plain", "AWSLogs/1/a.json.gz", "AWSLogs/1/a.json.gz"},
        {"empty", "", ""},
        {"plus is a blank", "a+b", "a b"},
        {"%2B is a plus", "a%2Bb", "a+b"},
        {"%20 is a blank", "a%20b", "a b"},
        {"%25 is a percent, once", "a%2520b", "a%20b"},
        {"equals", "date%3D2026-03-17/a", "date=2026-03-17/a"},
        {"lower-case digits", "%c3%bc", "\xC3\xBC"},
        {"UTF-8", "%E2%82%AC", "\xE2\x82\xAC"},
        {"UTF-8 not encoded", "\xC3\xBC", "\xC3\xBC"},
        {"no UTF-8", "%FF", "\xFF"},
        {"dots and slashes", "..%2F%2f..", "..//.."},
        {"reserved", "%23%3F%26", "#?&"},
        {"cut after %", "a%", NULL},
        {"cut after one digit", "a%2", NULL},
        {"no digits", "a%zzb", NULL},
        {"second is no digit", "a%2gb", NULL},
        {"a sign is no digit", "%+1", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf out;
        struct err e = {0};
        buf_init(&out, 100);
        bool ok = urldecode_form(&out, str_of(cases[i].text), &e);
        check_int(cases[i].name, ok, cases[i].want != NULL);
        if (ok)
            check_str(cases[i].name, buf_str(&out), str_of(cases[i].want));
        else
            check_int(cases[i].name, e.kind, ERR_INPUT);
        buf_release(&out);
    }
}

static void names_the_position(void **state)
{
    (void)state;
    struct buf out;
    struct err e = {0};
    buf_init(&out, 100);
    assert_false(urldecode_form(&out, S("ab%4"), &e));
    assert_non_null(strstr(e.text, "byte 3"));
    buf_release(&out);
}

static void keeps_nul_and_bounds(void **state)
{
    (void)state;
    struct buf out;
    struct err e = {0};
    buf_init(&out, 3);
    assert_true(urldecode_form(&out, S("%00a%00"), &e));
    check_str("NUL", buf_str(&out), str_n("\0a\0", 3));
    assert_false(urldecode_form(&out, S("b"), &e));
    check_int("full", e.kind, ERR_LIMIT);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(names_the_position),
        cmocka_unit_test(keeps_nul_and_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
