/* respond/export: what is no incident, texts that are cut, and an incident with next to nothing in
 * it. The forms themselves are checked by tests/conformance/test_exports.py. */
#include "respond/export.h"

#include <stdlib.h>

#include "respond/export_parts.h"
#include "tests/unit/support/check.h"

static void refuses(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "[]", "{}", "{\"id\":7}", "{\"id\":\"x\""};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct err e = {0};
        struct buf b;
        buf_init(&b, 10000);
        check_false(texts[i], export_put(&b, EXPORT_OCSF, str_of(texts[i]), &e));
        check_int(texts[i], e.kind, ERR_INPUT);
        buf_release(&b);
    }
}

/* No account, no region, no resource, no signal: still what each form requires. */
static void tells_little(void **state)
{
    (void)state;
    static const struct str bare = S("{\"id\":\"0a\",\"title\":\"t\",\"level\":\"high\"}");
    static const struct {
        enum export_format format;
        const char *has;
    } cases[] = {
        {EXPORT_OCSF, "\"class_uid\": 2004"},
        {EXPORT_ASFF, "\"AWS::::Account:000000000000\""},
        {EXPORT_FLOW, "\"scope\": \"incident\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = {0};
        struct buf b;
        json_error_t why;
        buf_init(&b, 100000);
        check_true(cases[i].has, export_put(&b, cases[i].format, bare, &e));
        json_t *j = json_loadb(b.p, b.n, 0, &why);
        char *text = json_dumps(j, 0);
        check_true(cases[i].has, str_find(str_of(text), str_of(cases[i].has), 0) != SIZE_MAX);
        free(text);
        json_decref(j);
        buf_release(&b);
    }
}

static void cuts_in_front_of_characters(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t max;
        const char *cut;
    } cases[] = {
        {"abc", 3, "abc"},
        {"abcd", 3, "abc"},
        {"ab\xc3\xa4", 3, "ab"},
        {"\xf0\x9f\x98\x80", 3, ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        json_t *j = export_upto(cases[i].text, cases[i].max);
        check_str(cases[i].text, str_of(json_string_value(j)), str_of(cases[i].cut));
        json_decref(j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses),
        cmocka_unit_test(tells_little),
        cmocka_unit_test(cuts_in_front_of_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
