/* base/escape: promise P7, a byte of an event reaches a place only through the escaper for it. */
#include "base/escape.h"

#include <jansson.h>

#include "tests/unit/support/check.h"

#define BAD "\xEF\xBF\xBD" /* U+FFFD */

/* Every code point comes back from its own encoding; surrogates do not. */
static void test_utf8_round_trip(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 0x110100; c++) {
        struct buf b;
        buf_init(&b, 4);
        buf_put_utf8(&b, c);
        struct str s = buf_str(&b);
        bool scalar = c < 0xD800 || (c > 0xDFFF && c < 0x110000);
        size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        check_size("length", s.n, n);
        check_int("code point", utf8_take(&s), scalar ? (int64_t)c : -1);
        check_size("taken", n - s.n, scalar ? n : 1);
        buf_release(&b);
    }
}

/* The sequences of Unicode's table 3-7 (the same as RFC 3629 section 4), all first and second
 * bytes. */
static void test_utf8_table(void **state)
{
    (void)state;
    for (unsigned first = 0x80; first < 0x100; first++)
        for (unsigned second = 0; second < 0x100; second++) {
            char bytes[4] = {(char)first, (char)second, (char)0x80, (char)0xBF};
            struct str s = str_n(bytes, 4);
            unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
            unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
            bool valid = first >= 0xC2 && first <= 0xF4 && second >= low && second <= high;
            size_t n = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
            check_int("valid", utf8_take(&s) >= 0, valid);
            check_size("taken", 4 - s.n, valid ? n : 1);
        }
}

static void test_utf8_cut_off(void **state)
{
    (void)state;
    static const char *const whole[] = {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    for (size_t i = 0; i < COUNT(whole); i++)
        for (size_t n = 1; n < strlen(whole[i]); n++) {
            struct str s = str_n(whole[i], n);
            check_int(whole[i], utf8_take(&s), -1);
            check_size(whole[i], s.n, n - 1);
        }
}

enum place { JSON, TERMINAL, SENTENCE, CSV, PERCENT, PERCENT_PATH, FORM, XML };

static void put_in(enum place place, struct buf *b, struct str s)
{
    switch (place) {
    case JSON:
        buf_put_json(b, s);
        break;
    case TERMINAL:
        buf_put_terminal(b, s);
        break;
    case SENTENCE:
        buf_put_sentence(b, s);
        break;
    case CSV:
        buf_put_csv(b, s);
        break;
    case PERCENT:
    case PERCENT_PATH:
        buf_put_percent(b, s, place == PERCENT_PATH);
        break;
    case FORM:
        buf_put_form(b, s);
        break;
    case XML:
        buf_put_xmlchars(b, s);
        break;
    }
}

static void test_places(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum place place;
        struct str in;
        const char *out;
    } cases[] = {
        {"json absent", JSON, {NULL, 0}, "null"},
        {"json empty", JSON, {"", 0}, "\"\""},
        {"json quote and backslash", JSON, {"a\"b\\c/", 6}, "\"a\\\"b\\\\c/\""},
        {"json short escapes", JSON, {"\b\f\n\r\t", 5}, "\"\\b\\f\\n\\r\\t\""},
        {"json controls", JSON, {"\0\x01\x1f\x7f", 4}, "\"\\u0000\\u0001\\u001f\\u007f\""},
        {"json script separators", JSON, {"\xE2\x80\xA8\xE2\x80\xA9", 6}, "\"\\u2028\\u2029\""},
        {"json what SQS refuses",
         JSON,
         {"\xEF\xBF\xBE\xEF\xBF\xBF\xEF\xBF\xBD", 9},
         "\"\\ufffe\\uffff" BAD "\""},
        {"json other text as it is",
         JSON,
         {"\xC3\xA9\xF0\x9F\x98\x80", 6},
         "\"\xC3\xA9\xF0\x9F\x98\x80\""},
        {"json bad bytes", JSON, {"a\xFFz\xC3", 4}, "\"a" BAD "z" BAD "\""},
        {"json overlong slash", JSON, {"\xC0\xAF", 2}, "\"" BAD BAD "\""},
        {"json surrogate half", JSON, {"\xED\xA0\x80", 3}, "\"" BAD BAD BAD "\""},

        {"terminal plain", TERMINAL, {"a \"b\" \\", 7}, "a \"b\" \\"},
        {"terminal absent", TERMINAL, {NULL, 0}, ""},
        {"terminal escape sequence", TERMINAL, {"\x1b[2J", 4}, "\\x1B[2J"},
        {"terminal new line", TERMINAL, {"a\nERROR x\r", 10}, "a\\x0AERROR x\\x0D"},
        {"terminal NUL and DEL", TERMINAL, {"\0\x7f", 2}, "\\x00\\x7F"},
        {"terminal C1",
         TERMINAL,
         {"\xC2\x9B"
          "31m",
          5},
         "\\x9B31m"},
        {"terminal bare C1 byte", TERMINAL, {"\x9B", 1}, BAD},
        {"terminal right-to-left override", TERMINAL, {"\xE2\x80\xAE", 3}, "\\u{202E}"},
        {"terminal isolate", TERMINAL, {"\xE2\x81\xA6", 3}, "\\u{2066}"},
        {"terminal line separator", TERMINAL, {"\xE2\x80\xA8", 3}, "\\u{2028}"},
        {"terminal no-break space stays", TERMINAL, {"\xC2\xA0", 2}, "\xC2\xA0"},
        {"terminal what looks escaped", TERMINAL, {"\\x1B", 4}, "\\\\x1B"},
        {"terminal what looks escaped twice", TERMINAL, {"\\\\x1B", 5}, "\\\\\\\\x1B"},
        {"terminal what looks like a code point", TERMINAL, {"\\u{202E}", 8}, "\\\\u{202E}"},
        {"terminal backslash before a control", TERMINAL, {"\\\x1B", 2}, "\\\\\\x1B"},
        {"terminal backslash before an override", TERMINAL, {"\\\xE2\x80\xAE", 4}, "\\\\\\u{202E}"},
        {"terminal backslash before others",
         TERMINAL,
         {"\\d\\\"\\u0041\\", 11},
         "\\d\\\"\\u0041\\"},
        {"terminal backslash before a bad byte", TERMINAL, {"\\\xFF", 2}, "\\" BAD},
        {"sentence keeps what is escaped", SENTENCE, {"\\x1B \\\\", 7}, "\\x1B \\\\"},
        {"sentence escapes the rest", SENTENCE, {"\x1b\xE2\x80\xAE\xFF", 5}, "\\x1B\\u{202E}" BAD},

        {"csv plain", CSV, {"a b", 3}, "a b"},
        {"csv absent", CSV, {NULL, 0}, ""},
        {"csv comma", CSV, {"a,b", 3}, "\"a,b\""},
        {"csv quote", CSV, {"a\"b", 3}, "\"a\"\"b\""},
        {"csv new line", CSV, {"a\nb", 3}, "\"a\nb\""},
        {"csv formula", CSV, {"=1+1", 4}, "'=1+1"},
        {"csv formula in quotes", CSV, {"=HYPERLINK(\"x\",1)", 17}, "\"'=HYPERLINK(\"\"x\"\",1)\""},
        {"csv at", CSV, {"@A1", 3}, "'@A1"},
        {"csv plus", CSV, {"+1", 2}, "'+1"},
        {"csv minus", CSV, {"-1", 2}, "'-1"},
        {"csv tab", CSV, {"\t=1", 3}, "'\t=1"},
        {"csv carriage return", CSV, {"\r=1", 3}, "\"'\r=1\""},
        {"csv equals inside", CSV, {"a=1", 3}, "a=1"},
        {"csv NUL and bad bytes", CSV, {"a\0\xFF", 3}, "a" BAD BAD},

        {"percent unreserved", PERCENT, {"AZaz09-._~", 10}, "AZaz09-._~"},
        {"percent slash", PERCENT, {"a/b", 3}, "a%2Fb"},
        {"percent slash kept", PERCENT_PATH, {"a/b", 3}, "a/b"},
        {"percent reserved", PERCENT, {" +%=&?#:*", 9}, "%20%2B%25%3D%26%3F%23%3A%2A"},
        {"percent bytes", PERCENT, {"\xC3\xA9\xFF\0", 4}, "%C3%A9%FF%00"},
        {"percent absent", PERCENT, {NULL, 0}, ""},

        {"form blanks", FORM, {" a  b ", 6}, "+a++b+"},
        {"form reserved", FORM, {"a+b=c&*/\n", 9}, "a%2Bb%3Dc%26%2A%2F%0A"},
        {"form empty", FORM, {"", 0}, ""},
        {"form absent", FORM, {NULL, 0}, ""},

        {"xml allowed", XML, {"\t\n\r <&>\x7f", 8}, "\t\n\r <&>\x7f"},
        {"xml controls", XML, {"\0\x01\x0b\x1f", 4}, BAD BAD BAD BAD},
        {"xml U+FFFE and U+FFFF", XML, {"\xEF\xBF\xBE\xEF\xBF\xBF", 6}, BAD BAD},
        {"xml last of the first plane", XML, {"\xEF\xBF\xBD", 3}, BAD},
        {"xml last of all", XML, {"\xF4\x8F\xBF\xBF", 4}, "\xF4\x8F\xBF\xBF"},
        {"xml bad bytes", XML, {"\xFF", 1}, BAD},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b;
        buf_init(&b, 1000);
        put_in(cases[i].place, &b, cases[i].in);
        check_str(cases[i].name, buf_str(&b), str_of(cases[i].out));
        buf_release(&b);
    }
}

/* jansson reads back each code point that we write as JSON. */
static void test_json_is_read_back(void **state)
{
    (void)state;
    for (uint32_t from = 0; from < 0x110000; from += 0x400) {
        if (from >= 0xD800 && from < 0xE000)
            continue;
        struct buf text, json;
        buf_init(&text, 4096);
        buf_init(&json, 10000);
        for (uint32_t c = from; c < from + 0x400; c++)
            buf_put_utf8(&text, c);
        buf_put_json(&json, buf_str(&text));
        json_error_t error;
        json_t *v = json_loadb(json.p, json.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
        assert_non_null(v);
        check_str("read back", str_n(json_string_value(v), json_string_length(v)), buf_str(&text));
        json_decref(v);
        buf_release(&text);
        buf_release(&json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8_round_trip),   cmocka_unit_test(test_utf8_table),
        cmocka_unit_test(test_utf8_cut_off),      cmocka_unit_test(test_places),
        cmocka_unit_test(test_json_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
