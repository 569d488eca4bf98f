/* engine/falco_output.c: the output line. X: the real engine was run on it, with fields
 * s="Hello World", l=(Aa,b,c) and one absent. */
#include "tests/unit/support/falco_case.h"

#define EVENT                                                                                      \
    "{\"s\":\"Hello World\",\"e\":\"\",\"userIdentity\":{\"type\":\"IAMUser\",\"userName\":"       \
    "\"bob\",\"arn\":\"arn:x\"},\"eventName\":\"Get\",\"eventSource\":\"src\","                    \
    "\"eventTime\":\"2023-11-14T22:13:20Z\",\"additionalEventData\":{\"bytesTransferredIn\":42},"  \
    "\"responseElements\":{\"instancesSet\":{\"items\":[{\"imageId\":\"Aa\"},{\"imageId\":\"b\"}," \
    "{\"imageId\":\"c\"}]}}}"

static const struct {
    const char *output, *text;
} cases[] = {
    {"%json.value[/absent]|%json.value[/s]", "<NA>|Hello World"}, /* X */
    {"%5json.value[/s]|", "Hello|"},                              /* X: cut */
    {"%15json.value[/s]|", "Hello World    |"},                   /* X: padded */
    {"%6json.value[/absent]|", "<NA>  |"},
    {"%2json.value[/absent]|", "<N|"},
    {"%0ct.name|", "Get|"},
    {"%ec2.imageids", "(Aa,b,c)"}, /* X */
    {"%ec2.imageids[0]", "(Aa)"},  /* X: also one is a list */
    {"%5ec2.imageids|", "(Aa,b|"},
    {"%ec2.imageid", "Aa"},
    {"[%json.value[/e]]", "[]"}, /* present and empty */
    {"%ct.user.arn)", "arn:x)"}, /* the longest beginning that is a field (X) */
    {"%ct.name/%ct.src", "Get/src"},
    {"%ct.usernames", "bobnames"},
    {"%ct.user.", "bob."},
    {"%ct.user.nothing", "bob.nothing"},
    {"%ct.user[x]", "bob[x]"},
    {"%ct.name%ct.name", "GetGet"},
    {"%tolower(ct.name)!", "get!"},
    {"%len(ec2.imageids)", "3"},
    {"%join(\"-\", ec2.imageids)", "Aa-b-c"},
    {"%toupper(json.value[/absent])", "<NA>"},
    {"%s3.bytes", "42"},
    {"%evt.is_async", "false"},
    {"%evt.num", "1"},
    {"%evt.rawtime.ns", "000000000"},
    {"*%ct.name", "Get"}, /* a leading star is no text */
    {"**%ct.name", "*Get"},
    {"no field", "no field"},
    {"line\none %ct.name", "line\none Get"},
};

static const struct {
    const char *output, *why;
} refused[] = {
    {"100% done", "output: % at byte 4: expected a field or a transformer"}, /* X */
    {"a %%ct.name", "% at byte 3"},                                          /* X */
    {"ends in %", "nothing follows the %"},                                  /* X */
    {"ends in %12", "nothing follows the %"},
    {"%5000ct.name", "a width over 4096"},
    {"%nothing", "% at byte 1"},
    {"%no.thing", "there is no field no.thing"},
    {"%json.value", "needs an argument"},
    {"%json.value[/a", "expected ] behind the field argument"},
    {"%val(ct.name)", "expected a field or a transformer"},
    {"%tolower(s3.bytes)", "tolower() takes a string"},
};

static void test_outputs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct falco_case c;
        struct buf file, out;
        falco_case_rule(&file, "ct.name = Get", cases[i].output);
        buf_init(&out, 1 << 20);
        falco_case_load(&c, (const char *const[]){buf_z(&file), NULL});
        check_size(cases[i].output, c.rules->n_rules, 1);
        falco_case_outputs(&c, EVENT, &out);
        buf_cut(&out, out.n - 1);
        check_str(cases[i].output, buf_str(&out), str_of(cases[i].text));
        buf_release(&out);
        buf_release(&file);
        falco_case_release(&c);
    }
}

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++)
        falco_case_rule_says("ct.name = Get", refused[i].output, refused[i].why);
}

/* Falco prints a list into a buffer of 1024 bytes. */
static void test_long_list_is_cut(void **state)
{
    struct falco_case c;
    struct buf file, out, event;
    (void)state;
    falco_case_rule(&file, "ct.name = Get", "%ec2.imageids");
    buf_init(&out, 1 << 20);
    buf_init(&event, 1 << 20);
    buf_putz(&event, "{\"eventName\":\"Get\",\"responseElements\":{\"instancesSet\":{\"items\":[");
    for (int i = 0; i < 100; i++)
        buf_putf(&event, "%s{\"imageId\":\"ami-0123456789abcdef\"}", i ? "," : "");
    buf_putz(&event, "]}}}");
    falco_case_load(&c, (const char *const[]){buf_z(&file), NULL});
    falco_case_outputs(&c, buf_z(&event), &out);
    check_size("bytes and a newline", out.n, 1024);
    check_true("begins", str_starts(buf_str(&out), S("(ami-0123456789abcdef,ami-")));
    buf_release(&out);
    buf_release(&event);
    buf_release(&file);
    falco_case_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_long_list_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
