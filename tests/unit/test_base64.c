/* base/base64: the vectors of RFC 4648, section 10, and what is refused. */
#include "base/base64.h"

#include "tests/unit/support/check.h"

static void decodes(void **state)
{
    static const struct {
        const char *text, *want; /* want NULL: refused */
    } cases[] = {
        {"", ""},
        {"Zg==", "f"},
        {"Zm8=", "fo"},
        {"Zm9v", "foo"},
        {"Zm9vYg==", "foob"},
        {"Zm9vYmE=", "fooba"},
        {"Zm9vYmFy", "foobar"},
        {"+/+/", "\xfb\xff\xbf"},
        {"Zg", NULL},       /* no padding */
        {"Zg=", NULL},      /* half of it */
        {"Z===", NULL},     /* too much */
        {"Zm9v\n", NULL},   /* a line end */
        {"Zm9-", NULL},     /* the other alphabet */
        {"Zg==Zg==", NULL}, /* padding inside */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena a;
        struct str out;
        struct err e = {0};
        arena_init(&a, 1000);
        bool ok = base64_decode(&a, str_of(cases[i].text), &out, &e);
        check_int(cases[i].text, ok, cases[i].want != NULL);
        if (ok)
            check_str(cases[i].text, out, str_of(cases[i].want));
        else
            check_int(cases[i].text, e.kind, ERR_INPUT);
        arena_release(&a);
    }
}

static void keeps_to_the_arena(void **state)
{
    (void)state;
    struct arena a;
    struct str out;
    struct err e = {0};
    arena_init(&a, 64);
    char text[400];
    memset(text, 'A', sizeof text);
    assert_false(base64_decode(&a, str_n(text, sizeof text), &out, &e));
    assert_int_equal(e.kind, ERR_LIMIT);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(keeps_to_the_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
