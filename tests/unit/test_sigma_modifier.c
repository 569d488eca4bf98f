/* engine/sigma_modifier.c: every modifier of Sigma 2.1. */
#include "tests/unit/support/sigma_case.h"

struct modifier_case {
    const char *search;
    const char *event;
    bool holds;
};

static const struct modifier_case cases[] = {
    /* contains, startswith, endswith */
    {"{f|contains: b}", "{\"f\":\"aBc\"}", true},
    {"{f|contains: [x, b]}", "{\"f\":\"abc\"}", true},
    {"{f|contains|all: [a, c]}", "{\"f\":\"abc\"}", true},
    {"{f|contains|all: [a, x]}", "{\"f\":\"abc\"}", false},
    {"{f|all|contains: [a, c]}", "{\"f\":\"abc\"}", true},
    {"{f|contains|all: [a, c]}", "{\"f\":[\"a\",\"c\"]}", true},
    {"{f|contains: '*'}", "{\"f\":\"\"}", true},
    {"{f|contains: '*'}", "{\"f\":false}", true},
    {"{f|contains: '*'}", "{}", false},
    {"{f|contains: '*b'}", "{\"f\":\"abc\"}", true},
    {"{f|contains: '\\*'}", "{\"f\":\"a*c\"}", true},
    {"{f|contains: '\\*'}", "{\"f\":\"abc\"}", false},
    {"{f|contains: 'a\\'}", "{\"f\":\"xa\\\\y\"}", true}, /* no escape of what is added */
    {"{f|startswith: ab}", "{\"f\":\"abc\"}", true},
    {"{f|startswith: bc}", "{\"f\":\"abc\"}", false},
    {"{f|startswith: 'a?c'}", "{\"f\":\"abcd\"}", true},
    {"{f|endswith: bc}", "{\"f\":\"aBC\"}", true},
    {"{f|endswith: ab}", "{\"f\":\"abc\"}", false},
    {"{f|cased: abc}", "{\"f\":\"abc\"}", true},
    {"{f|cased: abc}", "{\"f\":\"Abc\"}", false},
    {"{f|cased: Abc}", "{\"f\":\"Abc\"}", true},
    {"{f|contains|cased: B}", "{\"f\":\"abc\"}", false},
    {"{f|cased|contains: B}", "{\"f\":\"aBc\"}", true},
    /* neq: not the whole item, so an absent field fits */
    {"{f|neq: a}", "{\"f\":\"b\"}", true},
    {"{f|neq: a}", "{\"f\":\"A\"}", false},
    {"{f|neq: a}", "{}", true},
    {"{f|neq: [a, b]}", "{\"f\":\"b\"}", false},
    {"{f|neq: [a, b]}", "{\"f\":\"c\"}", true},
    {"{f|contains|all|neq: [a, b]}", "{\"f\":\"ab\"}", false},
    {"{f|contains|all|neq: [a, b]}", "{\"f\":\"a\"}", true},
    {"{f|neq: a}", "{\"f\":[\"a\",\"b\"]}", false},
    {"{f|neq: null}", "{}", false},
    {"{f|neq: null}", "{\"f\":\"x\"}", true},
    /* regular expressions: searched for, with case */
    {"{f|re: 'b+c'}", "{\"f\":\"abbc\"}", true},
    {"{f|re: '^b'}", "{\"f\":\"abc\"}", false},
    {"{f|re: B}", "{\"f\":\"abc\"}", false},
    {"{f|re|i: B}", "{\"f\":\"abc\"}", true},
    {"{f|re|ignorecase: B}", "{\"f\":\"abc\"}", true},
    {"{f|re: '^b'}", "{\"f\":\"a\\nb\"}", false},
    {"{f|re|m: '^b'}", "{\"f\":\"a\\nb\"}", true},
    {"{f|re|multiline: '^b'}", "{\"f\":\"a\\nb\"}", true},
    {"{f|re: 'a.b'}", "{\"f\":\"a\\nb\"}", false},
    {"{f|re|s: 'a.b'}", "{\"f\":\"a\\nb\"}", true},
    {"{f|re|dotall: 'a.b'}", "{\"f\":\"a\\nb\"}", true},
    {"{f|re|i|m: '^B$'}", "{\"f\":\"a\\nb\"}", true},
    {"{f|re: [x, b]}", "{\"f\":\"b\"}", true},
    {"{f|re|all: [a, b]}", "{\"f\":\"ba\"}", true},
    {"{f|re|neq: a}", "{\"f\":\"b\"}", true},
    {"{f|re: 'a\\*'}", "{\"f\":\"a*\"}", true}, /* Sigma's own escapes are not applied */
    {"{f|re: '^22$'}", "{\"f\":22}", true},
    {"{f|re: '.*'}", "{\"f\":null}", false},
    {"{f|re|startswith: 'b|c'}", "{\"f\":\"ab\"}", false},
    {"{f|re|startswith: 'b|c'}", "{\"f\":\"cb\"}", true},
    {"{f|re|endswith: 'b|c'}", "{\"f\":\"ba\"}", false},
    {"{f|re|contains: b}", "{\"f\":\"abc\"}", true},
    /* networks */
    {"{f|cidr: 10.0.0.0/8}", "{\"f\":\"10.1.2.3\"}", true},
    {"{f|cidr: 10.0.0.0/8}", "{\"f\":\"11.1.2.3\"}", false},
    {"{f|cidr: 10.0.0.0/8}", "{\"f\":\"ec2.amazonaws.com\"}", false},
    {"{f|cidr: 10.0.0.0/8}", "{\"f\":\"AWS Internal\"}", false},
    {"{f|cidr: ['10.0.0.0/8', '2001:db8::/32']}", "{\"f\":\"2001:db8::1\"}", true},
    {"{f|cidr: 10.0.0.0/8}", "{\"f\":[\"x\",\"10.0.0.1\"]}", true},
    {"{f|cidr|neq: 10.0.0.0/8}", "{\"f\":\"AWS Internal\"}", true},
    /* order */
    {"{f|gt: 10}", "{\"f\":11}", true},
    {"{f|gt: 10}", "{\"f\":10}", false},
    {"{f|gte: 10}", "{\"f\":\"10\"}", true},
    {"{f|gte: 10}", "{\"f\":22.5}", true},
    {"{f|lt: 10}", "{\"f\":-3}", true},
    {"{f|lt: 10}", "{\"f\":\"x\"}", false},
    {"{f|lt: 10}", "{}", false},
    {"{f|lte: 10.5}", "{\"f\":10.5}", true},
    {"{f|lte: '10'}", "{\"f\":10}", true},
    {"{f|gt: 10}", "{\"f\":[1,20]}", true},
    /* fieldref */
    {"{f|fieldref: g}", "{\"f\":\"a\",\"g\":\"A\"}", true},
    {"{f|fieldref: g}", "{\"f\":\"a\",\"g\":\"b\"}", false},
    {"{f|fieldref|cased: g}", "{\"f\":\"a\",\"g\":\"A\"}", false},
    {"{f|fieldref: g}", "{}", false},
    {"{f|fieldref: g}", "{\"f\":\"a\"}", false},
    {"{f|fieldref: g}", "{\"f\":null,\"g\":null}", false},
    {"{f|fieldref: g}", "{\"f\":22,\"g\":\"22\"}", true},
    {"{f|fieldref|neq: g}", "{\"f\":\"a\",\"g\":\"a\"}", false},
    {"{f|fieldref|neq: g}", "{\"f\":\"a\",\"g\":\"b\"}", true},
    {"{f|fieldref|neq: g}", "{\"f\":\"a\"}", true},
    {"{f|fieldref|endswith: u.n}", "{\"f\":\"arn:user/bob\",\"u\":{\"n\":\"bob\"}}", true},
    {"{f|fieldref|startswith: g}", "{\"f\":\"abc\",\"g\":\"ab\"}", true},
    {"{f|fieldref|startswith: g}", "{\"f\":\"ab\",\"g\":\"abc\"}", false},
    {"{f|fieldref|contains: g}", "{\"f\":\"abc\",\"g\":\"B\"}", true},
    {"{f|contains|fieldref: g}", "{\"f\":\"abc\",\"g\":\"b\"}", true},
    {"{f|fieldref: [g, h]}", "{\"f\":\"a\",\"h\":\"a\"}", true},
    {"{f|fieldref|all: [g, h]}", "{\"f\":\"a\",\"h\":\"a\"}", false},
    {"{f|fieldref: g}", "{\"f\":[\"x\",\"y\"],\"g\":[\"z\",\"y\"]}", true},
    /* encodings; base64 of "foo" and of UTF-16 "foo" by coreutils' base64 */
    {"{f|base64: foo}", "{\"f\":\"Zm9v\"}", true},
    {"{f|base64|contains: foo}", "{\"f\":\"x Zm9v y\"}", true},
    {"{f|base64offset|contains: foo}", "{\"f\":\"Zm9v\"}", true},
    {"{f|base64offset|contains: foo}", "{\"f\":\"YWZvbw==\"}", true},        /* afoo */
    {"{f|base64offset|contains: foo}", "{\"f\":\"YWFmb28=\"}", true},        /* aafoo */
    {"{f|base64offset|contains: foo}", "{\"f\":\"YWFiYXI=\"}", false},       /* aabar */
    {"{f|base64offset|contains: foobar}", "{\"f\":\"YWZvb2JhcmI=\"}", true}, /* afoobarb */
    {"{f|base64offset|contains|all: [foobar, barfoo]}", "{\"f\":\"Zm9vYmFyYmFyZm9v\"}", true},
    {"{f|base64offset|contains|all: [foobar, zzz]}", "{\"f\":\"Zm9vYmFyYmFyZm9v\"}", false},
    {"{f|wide|base64: foo}", "{\"f\":\"ZgBvAG8A\"}", true},
    {"{f|utf16le|base64: foo}", "{\"f\":\"ZgBvAG8A\"}", true},
    {"{f|utf16be|base64: foo}", "{\"f\":\"AGYAbwBv\"}", true},
    {"{f|utf16|base64: foo}", "{\"f\":\"//5mAG8AbwA=\"}", true},
    {"{f|wide|base64offset|contains: foo}", "{\"f\":\"eGYAbwBvAA==\"}", true},
    {"{f|wide: 'a*b'}", "{\"f\":\"a\\u0000xyb\\u0000\"}", true},
    {"{f|wide: \"\\u00e9\"}", "{\"f\":\"\\u00e9\"}", false},
    /* windash */
    {"{f|windash|contains: ' -x'}", "{\"f\":\"a -x\"}", true},
    {"{f|windash|contains: ' -x'}", "{\"f\":\"a /x\"}", true},
    {"{f|windash|contains: ' -x'}", "{\"f\":\"a \\u2013x\"}", true},
    {"{f|windash|contains: ' -x'}", "{\"f\":\"a \\u2014x\"}", true},
    {"{f|windash|contains: ' -x'}", "{\"f\":\"a \\u2015x\"}", true},
    {"{f|windash|contains: ' /x'}", "{\"f\":\"a -x\"}", true},
    {"{f|windash|contains: 'a-x'}", "{\"f\":\"a/x\"}", false}, /* not at the start of a word */
    {"{f|contains|windash: '-x -y'}", "{\"f\":\"/x -y\"}", true},
    {"{f|windash|contains|all: [' -x', ' -y']}", "{\"f\":\"a /x -y\"}", true},
    {"{f|windash|contains|all: [' -x', ' -y']}", "{\"f\":\"a /x -z\"}", false},
    /* parts of a time: as written, no zone converted; week by ISO 8601 */
    {"{t|hour: 23}", "{\"t\":\"2026-11-24T23:48:07Z\"}", true},
    {"{t|hour: 23}", "{\"t\":\"2026-11-24T23:48:07+02:00\"}", true},
    {"{t|hour: 22}", "{\"t\":\"2026-11-24T23:48:07Z\"}", false},
    {"{t|hour|gte: 22}", "{\"t\":\"2026-11-24T23:48:07.5Z\"}", true},
    {"{t|gte|hour: 22}", "{\"t\":\"2026-11-24T21:48:07Z\"}", false},
    {"{t|minute: 48}", "{\"t\":\"2026-11-24T23:48:07Z\"}", true},
    {"{t|day: 24}", "{\"t\":\"2026-11-24T23:48:07Z\"}", true},
    {"{t|month: [10, 11]}", "{\"t\":\"2026-11-24T23:48:07Z\"}", true},
    {"{t|year: 2026}", "{\"t\":\"2026-11-24\"}", true},
    {"{t|week: 48}", "{\"t\":\"2026-11-24T23:48:07Z\"}", true}, /* date +%V */
    {"{t|week: 53}", "{\"t\":\"2027-01-03T00:00:00Z\"}", true},
    {"{t|week: 1}", "{\"t\":\"2024-12-30T00:00:00Z\"}", true},
    {"{t|hour|neq: 3}", "{\"t\":\"2026-11-24T23:48:07Z\"}", true},
    {"{t|hour: 3}", "{\"t\":\"yesterday\"}", false},
    {"{t|hour: 3}", "{\"t\":3}", false},
    /* without expand a percent sign is one */
    {"{f: '%a%'}", "{\"f\":\"%a%\"}", true},
};

static void test_modifiers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (sigma_case_holds(cases[i].search, cases[i].event, NULL) != cases[i].holds)
            fail_msg("%s on %s should be %d", cases[i].search, cases[i].event, cases[i].holds);
}

static void test_expand(void **state)
{
    (void)state;
    static const char config[] = "placeholders: {admins: [alice, 'bob*'], net: 10.0.0.0/8, n: 22,\n"
                                 "  one: o, re: 'a+', none: []}";
    static const struct modifier_case list[] = {
        {"{f|expand: '%admins%'}", "{\"f\":\"Alice\"}", true},
        {"{f|expand: '%admins%'}", "{\"f\":\"bobby\"}", true},
        {"{f|expand: '%admins%'}", "{\"f\":\"carol\"}", false},
        {"{f|expand: 'x%admins%y%n%'}", "{\"f\":\"xalicey22\"}", true},
        {"{f|expand: '%admins%%n%'}", "{\"f\":\"bob-22\"}", true},
        {"{f|expand: '\\%admins%'}", "{\"f\":\"%admins%\"}", true},
        {"{f|expand: '100%'}", "{\"f\":\"100%\"}", true},
        {"{f|expand: plain}", "{\"f\":\"plain\"}", true},
        {"{f|expand|cidr: '%net%'}", "{\"f\":\"10.9.9.9\"}", true},
        {"{f|expand|contains: '%one%'}", "{\"f\":\"xox\"}", true},
        {"{f|expand|contains|all: ['%admins%', '%n%']}", "{\"f\":\"alice22\"}", true},
        {"{f|expand|contains|all: ['%admins%', '%n%']}", "{\"f\":\"alice\"}", false},
        {"{f|expand|re: '^%re%$'}", "{\"f\":\"aaa\"}", true},
        {"{f|expand|neq: '%admins%'}", "{\"f\":\"alice\"}", false},
        /* nothing is like a placeholder without values */
        {"{f|expand: '%none%'}", "{\"f\":\"\"}", false},
        {"{f|expand: 'x%none%'}", "{\"f\":\"x\"}", false},
        {"{f|expand|neq: '%none%'}", "{\"f\":\"x\"}", true},
        {"{f|expand|cidr: '%none%'}", "{\"f\":\"10.9.9.9\"}", false},
        {"{f|expand|re: '%none%'}", "{\"f\":\"x\"}", false},
        {"{f|expand: ['%none%', '%one%']}", "{\"f\":\"o\"}", true},
        {"{f|expand|contains|all: ['%none%', '%one%']}", "{\"f\":\"o\"}", false},
        {"{f|expand|contains|all: ['%one%', '%none%']}", "{\"f\":\"o\"}", false},
    };
    for (size_t i = 0; i < COUNT(list); i++)
        if (sigma_case_holds(list[i].search, list[i].event, config) != list[i].holds)
            fail_msg("%s on %s should be %d", list[i].search, list[i].event, list[i].holds);
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const list[][2] = {
        {"{f|contian: a}", "there is no modifier 'contian'"},
        {"{f|: a}", "there is no modifier ''"},
        {"{f|exists: 1}", "'exists' does not take a number"},
        {"{f|exists: 'true'}", "'exists' does not take a text"},
        {"{f|exists: [true, false]}", "wants one value, true or false"},
        {"{f|exists|neq: true}", "'exists' stands alone"},
        {"{f|cidr: 10.0.0.1/8}", "'10.0.0.1/8' has host bits set beyond its prefix"},
        {"{f|cidr: 10.0.0.0/33}", "has no prefix length from 0 to 32"},
        {"{f|cidr: 10.0.*}", "is no IPv4 or IPv6 network"},
        {"{f|gt: high}", "wants a number, not 'high'"},
        {"{f|gt: true}", "wants a number, not 'true'"},
        {"{f|gt|lt: 3}", "compares in two ways at once"},
        {"{f|gt|contains: 3}", "'contains' does not take a number"},
        {"{f|contains: null}", "'contains' does not take null"},
        {"{f|all: null}", "'all' does not take null"},
        {"{f|i: a}", "'i' does not take a text"},
        {"{f|contains|re: a}", "'re' must stand before what changes texts"},
        {"{f|re|i|cased: a}", "asks for 'i' and 'cased' at once"},
        {"{f|cased|re|i: a}", "asks for 'i' and 'cased' at once"},
        {"{f|base64: 'a*'}", "cannot encode a value with wildcards"},
        {"{f|base64offset: 'a?'}", "cannot encode a value with wildcards"},
        {"{f|base64offset|contains: a}", "'a' is too short for base64offset"},
        {"{f|expand: '%nobody%'}", "placeholder %nobody% is not defined"},
        {"{f|hour: noon}", "'hour' does not take a text"},
        {"{f|hour: 3.5}", "wants whole numbers, not '3.5'"},
        {"{f|hour|day: 3}", "asks for two parts of one time"},
        {"{f|fieldref: 3}", "'fieldref' does not take a number"},
        {"{f|fieldref: ''}", "names no field"},
        {"{f|windash: '-a -b -c -d -e -f'}", "a value has more than 5 dashes"},
        {"{f|re: '(?=a)b'}", "lookaround"},
        {"{f|re: '(a)\\1'}", "back references are not supported"},
        {"{f|re: '(a'}", "refused"},
        {"{'|cidr': 10.0.0.0/8}", "this modifier needs a field in front"},
        {"{'|startswith': a}", "this modifier needs a field in front"},
        {"{'|gt': 3}", "this modifier needs a field in front"},
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        struct buf detection;
        buf_init(&detection, 4096);
        buf_putf(&detection, "{s: %s, condition: s}", list[i][0]);
        sigma_case_expect_detection(buf_z(&detection), list[i][1]);
        buf_release(&detection);
    }
}

static void test_warnings(void **state)
{
    (void)state;
    sigma_case_expect_detection("{s: {f|contains|all: a}, condition: s}",
                                "3: t: 'f|contains|all' has one value: 'all' does nothing");
    sigma_case_expect_detection("{s: {f|base64offset: abc}, condition: s}",
                                "base64offset wants 'contains' after it");
    sigma_case_expect_detection("{s: {f|base64offset|contains: abc}, condition: s}", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modifiers),
        cmocka_unit_test(test_expand),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_warnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
