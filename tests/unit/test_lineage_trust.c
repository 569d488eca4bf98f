/* respond/lineage_trust.c: principals in the shapes that IAM's policy grammar allows. */
#include "respond/lineage_trust.h"

#include "base/buf.h"
#include "tests/unit/support/check.h"

static void note(void *to, struct str account)
{
    struct buf *b = to;
    buf_putc(b, '[');
    buf_put(b, account);
    buf_putc(b, ']');
}

static void names_accounts(void **state)
{
    static const struct {
        const char *policy, *accounts;
    } cases[] = {
        {"{\"Statement\":[{\"Principal\":{\"AWS\":\"arn:aws:iam::444455556666:root\"}}]}",
         "[444455556666]"},
        {"{\"Statement\":{\"Principal\":{\"AWS\":[\"444455556666\",\"arn:aws:iam::1:role/a:b\"]}}}",
         "[444455556666][1]"},
        {"{\"Statement\":[{\"Principal\":\"*\"},{\"Principal\":{\"AWS\":\"*\"}}]}", "[*][*]"},
        {"{\"Statement\":[{\"Principal\":{\"Service\":\"ec2.amazonaws.com\"}}]}", ""},
        {"{\"Statement\":[{\"Principal\":{\"AWS\":[1,null,{}]}}]}", ""},
        {"{\"Statement\":[1,[],{}]}", ""},
        {"{\"Statement\":\"*\"}", ""},
        {"{}", ""},
        {"[]", ""},
        {"not JSON", ""},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b;
        buf_init(&b, 4096);
        trust_each(str_of(cases[i].policy), note, &b);
        check_str(cases[i].policy, buf_str(&b), str_of(cases[i].accounts));
        buf_release(&b);
    }
}

static void stops_at_the_maximum(void **state)
{
    struct buf policy, b;
    (void)state;
    buf_init(&policy, 1u << 16);
    buf_init(&b, 1u << 16);
    buf_putz(&policy, "{\"Statement\":{\"Principal\":{\"AWS\":[\"1\"");
    for (size_t i = 0; i < TRUST_PRINCIPALS_MAX; i++)
        buf_putz(&policy, ",\"2\"");
    buf_putz(&policy, "]}}}");
    trust_each(buf_str(&policy), note, &b);
    check_size("told", b.n, 3 * TRUST_PRINCIPALS_MAX);
    buf_release(&policy);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_accounts),
        cmocka_unit_test(stops_at_the_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
