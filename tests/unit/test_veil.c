/* respond/veil.c: what is replaced when a story is shared, and what stays. */
#include "respond/veil.h"

#include "tests/unit/support/check.h"

static void veils_texts(void **state)
{
    static const struct {
        struct str (*veil)(struct veil *v, struct str s);
        const char *text, *becomes;
    } cases[] = {
        {veil_account, "111122223333", "000000000001"},
        {veil_account, "111122223333", "000000000001"},
        {veil_account, "444455556666", "000000000002"},
        {veil_account, "ANONYMOUS_PRINCIPAL", "ANONYMOUS_PRINCIPAL"},
        {veil_address, "198.51.100.7", "2001:db8::3"},
        {veil_address, "2001:db8:1::7", "2001:db8::4"},
        {veil_address, "secretsmanager.amazonaws.com", "secretsmanager.amazonaws.com"},
        {veil_address, "AWS Internal", "AWS Internal"},
        {veil_name, "arn:aws:iam::111122223333:user/ops/dana",
         "arn:aws:iam::000000000001:user/name-5/name-6"},
        {veil_name, "dana", "name-6"},
        {veil_name, "arn:aws:iam::aws:policy/AdministratorAccess",
         "arn:aws:iam::aws:policy/AdministratorAccess"},
        {veil_name, "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-2BNXQF",
         "arn:aws:secretsmanager:eu-west-1:000000000001:secret:name-7/name-8"},
        {veil_name, "AKIAIOSFODNN7EXAMPLE", "AKIA00000009"},
        {veil_name, "i-0317f6c6b66ae9c40", "i-00000010"},
        {veil_name, "198.51.100.7", "2001:db8::3"},
        {veil_name, "", ""},
    };
    struct veil v;
    (void)state;
    veil_init(&v);
    for (size_t i = 0; i < COUNT(cases); i++)
        check_str(cases[i].text, cases[i].veil(&v, str_of(cases[i].text)),
                  str_of(cases[i].becomes));
    check_false("absent stays absent", str_present(veil_name(&v, STR_ABSENT)));
    veil_release(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(veils_texts)};
    return cmocka_run_group_tests_name("veil", tests, NULL, NULL);
}
