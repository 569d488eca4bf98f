/* base/str: comparing, searching, cutting; the difference between absent and empty. */
#include "base/str.h"

#include <limits.h>

#include "tests/unit/support/check.h"

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

static void test_equality(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct str a, b;
        bool eq, eq_fold;
        int cmp; /* sign only */
    } cases[] = {
        {"equal", {"abc", 3}, {"abc", 3}, true, true, 0},
        {"case differs", {"aBc", 3}, {"AbC", 3}, false, true, 1},
        {"prefix is shorter", {"ab", 2}, {"abc", 3}, false, false, -1},
        {"empty and empty", {"", 0}, {"x", 0}, true, true, 0},
        {"absent and empty", {NULL, 0}, {"", 0}, false, false, -1},
        {"empty and absent", {"", 0}, {NULL, 0}, false, false, 1},
        {"absent and absent", {NULL, 0}, {NULL, 0}, false, false, 0},
        {"NUL inside", {"a\0b", 3}, {"a\0c", 3}, false, false, -1},
        {"bytes are unsigned", {"\x7f", 1}, {"\x80", 1}, false, false, -1},
        {"only A-Z fold", {"[", 1}, {"{", 1}, false, false, -1},
        {"at sign and backtick", {"@", 1}, {"`", 1}, false, false, -1},
        {"no Latin-1 fold", {"\xC9", 1}, {"\xE9", 1}, false, false, -1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        check_int(cases[i].name, str_eq(cases[i].a, cases[i].b), cases[i].eq);
        check_int(cases[i].name, str_eq_fold(cases[i].a, cases[i].b), cases[i].eq_fold);
        check_int(cases[i].name, sign(str_cmp(cases[i].a, cases[i].b)), cases[i].cmp);
        check_int(cases[i].name, sign(str_cmp(cases[i].b, cases[i].a)), -cases[i].cmp);
    }
    check_true("str_eqz", str_eqz(S("abc"), "abc"));
    check_false("str_eqz with NULL", str_eqz(S(""), NULL));
}

static void test_near(void **state)
{
    static const struct {
        const char *a, *b;
        bool near;
    } cases[] = {
        {"admins", "admins", true},  {"admins", "Admin", true},
        {"admins", "dmins", true},   {"admins", "adfins", true},
        {"admins", "admisn", true},  {"admins", "damins", true},
        {"admins", "dmin", false},   {"admins", "dmaisn", false},
        {"admins", "adnimx", false}, {"", "a", true},
        {"", "ab", false},           {"ab", "ba", true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        check_int(cases[i].b, str_is_near(str_of(cases[i].a), str_of(cases[i].b)), cases[i].near);
        check_int(cases[i].b, str_is_near(str_of(cases[i].b), str_of(cases[i].a)), cases[i].near);
    }
}

static void test_ends(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct str s, part;
        bool starts, ends;
    } cases[] = {
        {"whole", {"abc", 3}, {"abc", 3}, true, true},
        {"front", {"abc", 3}, {"ab", 2}, true, false},
        {"back", {"abc", 3}, {"bc", 2}, false, true},
        {"longer", {"bc", 2}, {"abc", 3}, false, false},
        {"empty part", {"abc", 3}, {"", 0}, true, true},
        {"empty part of empty", {"", 0}, {"", 0}, true, true},
        {"absent part", {"abc", 3}, {NULL, 0}, false, false},
        {"empty part of absent", {NULL, 0}, {"", 0}, false, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        check_int(cases[i].name, str_starts(cases[i].s, cases[i].part), cases[i].starts);
        check_int(cases[i].name, str_ends(cases[i].s, cases[i].part), cases[i].ends);
    }
}

static void test_find(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct str s, needle;
        size_t from, want;
    } cases[] = {
        {"at the front", {"abcabc", 6}, {"abc", 3}, 0, 0},
        {"from one on", {"abcabc", 6}, {"abc", 3}, 1, 3},
        {"at the very end", {"abcabc", 6}, {"abc", 3}, 3, 3},
        {"past the last", {"abcabc", 6}, {"abc", 3}, 4, SIZE_MAX},
        {"false start", {"aab", 3}, {"ab", 2}, 0, 1},
        {"not there", {"abc", 3}, {"x", 1}, 0, SIZE_MAX},
        {"would need one byte more", {"ab", 2}, {"abc", 3}, 0, SIZE_MAX},
        {"empty needle", {"abc", 3}, {"", 0}, 2, 2},
        {"empty needle at the end", {"abc", 3}, {"", 0}, 3, 3},
        {"from beyond the end", {"abc", 3}, {"", 0}, 4, SIZE_MAX},
        {"NUL in the needle", {"a\0b", 3}, {"\0b", 2}, 0, 1},
        {"absent", {NULL, 0}, {"", 0}, 0, SIZE_MAX},
        {"absent needle", {"abc", 3}, {NULL, 0}, 0, SIZE_MAX},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_size(cases[i].name, str_find(cases[i].s, cases[i].needle, cases[i].from),
                   cases[i].want);
    check_size("byte", str_find_byte(S("a,b,c"), ',', 0), 1);
    check_size("byte from", str_find_byte(S("a,b,c"), ',', 2), 3);
    check_size("byte not there", str_find_byte(S("a,b,c"), ';', 0), SIZE_MAX);
    check_size("byte from the end", str_find_byte(S("a,"), ',', 2), SIZE_MAX);
    check_size("byte in absent", str_find_byte(STR_ABSENT, ',', 0), SIZE_MAX);
}

static void test_parts(void **state)
{
    (void)state;
    check_str("skip", str_skip(S("abc"), 2), S("c"));
    check_str("skip all", str_skip(S("abc"), 3), S(""));
    check_str("skip more than all", str_skip(S("abc"), 4), S(""));
    check_str("skip in absent", str_skip(STR_ABSENT, 1), STR_ABSENT);
    check_str("slice", str_slice(S("abcdef"), 1, 3), S("bc"));
    check_str("slice past the end", str_slice(S("abc"), 1, SIZE_MAX), S("bc"));
    check_str("slice backwards", str_slice(S("abc"), 2, 1), S(""));
    check_str("slice beyond", str_slice(S("abc"), 7, 9), S(""));
    check_str("slice of absent", str_slice(STR_ABSENT, 0, 1), STR_ABSENT);
    check_str("trim", str_trim(S(" \t\r\na b\n ")), S("a b"));
    check_str("trim blanks only", str_trim(S(" \t")), S(""));
    check_str("trim keeps a form feed", str_trim(S("\fa")), S("\fa"));
    check_str("trim absent", str_trim(STR_ABSENT), STR_ABSENT);
}

static void test_cut(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        const char *pieces[4];
    } cases[] = {
        {"three", "a,b,c", {"a", "b", "c"}},         {"no separator", "abc", {"abc"}},
        {"empty text is one empty piece", "", {""}}, {"separator at the end", "a,", {"a", ""}},
        {"separator alone", ",", {"", ""}},          {"two in a row", "a,,b", {"a", "", "b"}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str rest = str_of(cases[i].text);
        size_t n = 0;
        for (; str_present(rest); n++)
            check_str(cases[i].name, str_cut(&rest, ','), str_of(cases[i].pieces[n]));
        check_true(cases[i].name, cases[i].pieces[n] == NULL);
    }
    struct str none = STR_ABSENT;
    check_str("piece of absent", str_cut(&none, ','), STR_ABSENT);
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        unsigned long long want;
    } cases[] = {
        {"0", true, 0},
        {"007", true, 7},
        {"18446744073709551615", true, ULLONG_MAX},
        {"18446744073709551616", false, 0},
        {"18446744073709551620", false, 0},
        {"99999999999999999999", false, 0},
        {"184467440737095516150", false, 0},
        {"", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x1", false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        unsigned long long v = 0;
        check_int(cases[i].text, str_u64(str_of(cases[i].text), &v), cases[i].ok);
        check_true(cases[i].text, v == cases[i].want);
    }
    unsigned long long v = 0;
    check_false("absent", str_u64(STR_ABSENT, &v));
}

static void test_bytes(void **state)
{
    (void)state;
    static const char digits[] = "0123456789abcdef";
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        char lower = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : byte;
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        const char *at = byte ? strchr(digits, lower) : NULL;
        check_int("byte_lower", byte_lower(byte), lower);
        check_int("byte_is_alpha", byte_is_alpha(byte), letter);
        check_int("byte_is_digit", byte_is_digit(byte), c >= '0' && c <= '9');
        check_int("byte_hex", byte_hex(byte), at ? at - digits : -1);
    }
}

static void test_hex(void **state)
{
    (void)state;
    char out[] = "........";
    bytes_hex(out, "\x00\x9a\xff", 3);
    check_str("bytes_hex", str_of(out), S("009aff.."));
    bytes_hex(out, NULL, 0);
    check_str("bytes_hex of none", str_of(out), S("009aff.."));
}

static void test_decimal(void **state)
{
    static const struct {
        const char *text;
        bool is;
    } cases[] = {
        {"0", true},      {"-1.5e+10", true}, {"+7", true},  {".5", true},  {"5.", true},
        {"1E3", true},    {"", false},        {".", false},  {"-", false},  {"1e", false},
        {"1.2.3", false}, {"0x1", false},     {" 1", false}, {"e3", false}, {"1_0", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_int(cases[i].text, str_is_decimal(str_of(cases[i].text)), cases[i].is);
    check_false("absent", str_is_decimal(STR_ABSENT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimal), cmocka_unit_test(test_equality),
        cmocka_unit_test(test_ends),    cmocka_unit_test(test_find),
        cmocka_unit_test(test_parts),   cmocka_unit_test(test_cut),
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_hex),     cmocka_unit_test(test_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
