/* engine/source: names of fields that rules may write otherwise than records do. */
#include "engine/source.h"

#include "tests/unit/support/check.h"

static void takes_names_in_any_case(void **state)
{
    static const struct {
        enum source source;
        const char *name, *path;
    } cases[] = {
        {SOURCE_OKTA, "eventtype", "eventType"},
        {SOURCE_OKTA, "eventType", "eventType"},
        {SOURCE_OKTA, "securitycontext.isproxy", "securityContext.isProxy"},
        {SOURCE_OKTA, "actor.alternateid", "actor.alternateId"},
        {SOURCE_OKTA, "Severity", "Severity"}, /* not in the list */
        {SOURCE_OKTA, "eventtypes", "eventtypes"},
        {SOURCE_OKTA, "", ""},
        {SOURCE_CLOUDTRAIL, "eventtype", "eventtype"},
        {SOURCE_GITHUB, "eventtype", "eventtype"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_str(cases[i].name, source_field(cases[i].source, str_of(cases[i].name)),
                  str_of(cases[i].path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(takes_names_in_any_case)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
