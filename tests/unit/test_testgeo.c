/* cli/testgeo.c, through cli/testcase.c: what tests know of addresses, and which of two maps
 * counts.
 */
#include "cli/testgeo.h"

#include "cli/testcase.h"
#include "tests/unit/support/check.h"

#define ONE "tests: [{name: t, expect: match, event: {}"

struct loaded {
    struct arena memory;
    struct testcase *list;
    size_t n;
};

static bool load(struct loaded *l, const char *yaml, struct err *e)
{
    arena_init(&l->memory, 1u << 24);
    return testcases_read(str_of(yaml), &l->memory, &l->list, &l->n, e);
}

static void knows_addresses(void **state)
{
    static const struct {
        const char *name, *yaml, *country, *as_org;
        uint32_t asn;
    } cases[] = {
        {"none", ONE "}]", NULL, NULL, 0},
        {"a country", ONE "}]\ngeo: {192.0.2.1: DE}", "DE", NULL, 0},
        {"another address", ONE "}]\ngeo: {192.0.2.11: DE}", NULL, NULL, 0},
        {"all", ONE "}]\ngeo: {192.0.2.1: {country: FR, asn: 64500, as_org: 'A \"B\"'}}", "FR",
         "A \"B\"", 64500},
        {"no country", ONE "}]\ngeo: {192.0.2.1: {asn: 4294967295}}", NULL, NULL, 4294967295},
        {"the test's own", ONE ", geo: {192.0.2.1: NL}}]\ngeo: {192.0.2.1: DE}", "NL", NULL, 0},
        {"none of its own", ONE ", geo: {}}]\ngeo: {192.0.2.1: DE}", NULL, NULL, 0},
        {"of events",
         "tests: [{name: t, alerts: 1, geo: {192.0.2.1: SE}, events: [{at: 0s, event: "
         "{eventTime: '2026-03-17T14:00:00Z'}}]}]",
         "SE", NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct loaded l;
        struct err e = {0};
        struct geo found = {0};
        if (!load(&l, cases[i].yaml, &e))
            fail_msg("%s: %s", cases[i].name, e.text);
        struct port_geo port = testgeo_port(&l.list[0].geo);
        port.find(port.self, S("192.0.2.1"), &found);
        check_str(cases[i].name, found.country, str_of(cases[i].country));
        check_str(cases[i].name, found.as_org, str_of(cases[i].as_org));
        check_int(cases[i].name, found.asn, cases[i].asn);
        arena_release(&l.memory);
    }
}

static void refuses(void **state)
{
    static const char *const cases[][2] = {
        {ONE "}]\ngeo: [DE]", "line 2: geo must be a map of addresses"},
        {ONE "}]\ngeo: {192.0.2.1: [DE]}", "line 2: an address has a country, or a map"},
        {ONE "}]\ngeo: {192.0.2.1: {contry: DE}}", "line 2: unknown key contry"},
        {ONE "}]\ngeo: {192.0.2.1: {asn: AS1}}", "asn is no number from 1 to 4294967295, but AS1"},
        {ONE "}]\ngeo: {192.0.2.1: {asn: 0}}", "asn is no number from 1 to 4294967295, but 0"},
        {ONE "}]\ngeo: {192.0.2.1: {asn: 4294967296}}", "asn is no number"},
        {ONE ", geo: DE}]", "line 1: geo must be a map of addresses"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct loaded l;
        struct err e = {0};
        if (load(&l, cases[i][0], &e))
            fail_msg("taken: %s", cases[i][0]);
        if (!strstr(e.text, cases[i][1]))
            fail_msg("for %s: %s", cases[i][0], e.text);
        arena_release(&l.memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_addresses),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
