/* adapters/geo.c: files of the makers that there are, what is no address, and what is no file. The
 * makers' names of fields are those of their documentation; the addresses are for examples (RFC
 * 5737, 3849). tests/e2e/test_geo.py reads files that another writer has made. */
#include "adapters/geo.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/support/check.h"
#include "tests/unit/support/mmdb.h"

static char root[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/trailwarden-test-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(root);
}

/* Writes a file under root and gives its path, in `path`. */
static void write_file(char *path, size_t room, const char *name, struct str text)
{
    snprintf(path, room, "%s/%s", root, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
    assert_int_equal(fclose(f), 0);
}

static void write_mmdb(char *path, size_t room, const char *name, bool v6,
                       const struct mmdb_network *networks, size_t n)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    mmdb_put(&b, v6, networks, n);
    write_file(path, room, name, buf_str(&b));
    buf_release(&b);
}

struct expected {
    const char *address, *country, *as_org;
    uint32_t asn;
};

static void check_places(const char *countries, const char *systems, const struct expected *list,
                         size_t n)
{
    struct geo_files *g;
    struct err e = {0};
    if (!geo_open(countries, systems, &g, &e))
        fail_msg("%s", e.text);
    struct port_geo port = geo_port(g);
    for (size_t i = 0; i < n; i++) {
        struct geo found = {0};
        port.find(port.self, str_of(list[i].address), &found);
        check_str(list[i].address, found.country, str_of(list[i].country));
        check_str(list[i].address, found.as_org, str_of(list[i].as_org));
        if (found.asn != list[i].asn)
            fail_msg("%s: got %u", list[i].address, found.asn);
    }
    geo_close(g);
}

/* One file of each maker's kind: address and answer. */
static void makers(void **state)
{
    static const struct {
        struct mmdb_network network;
        struct expected expected;
    } cases[] = {
        {{"198.51.100.0/24", {{"country", "iso_code", "DE", 0}}}, {"198.51.100.7", "DE", NULL, 0}},
        {{"198.51.100.0/24", {{"country_code", NULL, "JP", 0}}}, {"198.51.100.7", "JP", NULL, 0}},
        {{"198.51.100.0/24", {{"country", NULL, "US", 0}}}, {"198.51.100.7", "US", NULL, 0}},
        {{"198.51.100.0/24", {{"country", NULL, "Japan", 0}, {"country_code", NULL, "JP", 0}}},
         {"198.51.100.7", "JP", NULL, 0}},
        {{"198.51.100.0/24", {{"country", NULL, "Japan", 0}}}, {"198.51.100.7", NULL, NULL, 0}},
        {{"198.51.100.0/24", {{"country", "iso_code", "", 0}}}, {"198.51.100.7", NULL, NULL, 0}},
        {{"198.51.100.0/24",
          {{"autonomous_system_number", NULL, NULL, 64500},
           {"autonomous_system_organization", NULL, "Example \"Net\"", 0}}},
         {"198.51.100.7", NULL, "Example \"Net\"", 64500}},
        {{"198.51.100.0/24",
          {{"asn", NULL, "AS64500", 0}, {"as_name", NULL, "Net", 0}, {"country", NULL, "US", 0}}},
         {"198.51.100.7", "US", "Net", 64500}},
        {{"198.51.100.0/24", {{"asn", NULL, "AS", 0}}}, {"198.51.100.7", NULL, NULL, 0}},
        {{"198.51.100.0/24", {{"asn", NULL, "4294967296", 0}}}, {"198.51.100.7", NULL, NULL, 0}},
        {{"198.51.100.0/24", {{"asn", NULL, NULL, 4294967295}}},
         {"198.51.100.7", NULL, NULL, 4294967295}},
        {{"198.51.100.0/24", {{NULL, NULL, NULL, 0}}}, {"198.51.100.7", NULL, NULL, 0}},
    };
    (void)state;
    char path[128];
    for (size_t i = 0; i < COUNT(cases); i++) {
        write_mmdb(path, sizeof path, "one.mmdb", false, &cases[i].network, 1);
        check_places(path, NULL, &cases[i].expected, 1);
        check_places(NULL, path, &cases[i].expected, 1);
        unlink(path);
    }
}

static void addresses(void **state)
{
    static const struct mmdb_network v4[] = {
        {"198.51.100.128/25", {{"country_code", NULL, "DE", 0}}},
        {"203.0.113.9/32", {{"country_code", NULL, "FR", 0}}},
        {"10.0.0.0/8", {{"country_code", NULL, "XX", 0}}},
        {"172.16.0.0/12", {{"country_code", NULL, "XX", 0}}},
        {"100.64.0.0/10", {{"country_code", NULL, "XX", 0}}},
        {"192.168.0.0/16", {{"country_code", NULL, "XX", 0}}},
    };
    static const struct expected by_v4[] = {
        {"198.51.100.128", "DE", NULL, 0},
        {"198.51.100.255", "DE", NULL, 0},
        {"198.51.100.127", NULL, NULL, 0},
        {"203.0.113.9", "FR", NULL, 0},
        {"203.0.113.8", NULL, NULL, 0},
        {"10.1.2.3", NULL, NULL, 0},
        {"172.31.255.255", NULL, NULL, 0},
        {"100.127.0.1", NULL, NULL, 0},
        {"192.168.1.1", NULL, NULL, 0},
        {"2001:db8::1", NULL, NULL, 0}, /* of the other family */
        {"AWS Internal", NULL, NULL, 0},
        {"cloudtrail.amazonaws.com", NULL, NULL, 0},
        {"203.0.113.9 ", NULL, NULL, 0},
        {"203.0.113.9/32", NULL, NULL, 0},
        {"HIDDEN_DUE_TO_SECURITY_REASONS", NULL, NULL, 0},
        {"", NULL, NULL, 0},
    };
    static const struct mmdb_network v6[] = {
        {"2001:db8::/33", {{"country_code", NULL, "NL", 0}}},
        {"fd00::/8", {{"country_code", NULL, "XX", 0}}},
        {"::1/128", {{"country_code", NULL, "XX", 0}}},
        {"::c633:6400/120", {{"country_code", NULL, "DE", 0}}}, /* IPv4 lies under ::/96 */
    };
    static const struct expected by_v6[] = {
        {"2001:db8::1", "NL", NULL, 0},
        {"2001:DB8:7fff:ffff::1", "NL", NULL, 0},
        {"2001:db8:8000::1", NULL, NULL, 0},
        {"fd00::1", NULL, NULL, 0},
        {"::1", NULL, NULL, 0},
        {"198.51.100.7", "DE", NULL, 0},
        {"198.51.101.7", NULL, NULL, 0},
    };
    (void)state;
    char path[128];
    write_mmdb(path, sizeof path, "v4.mmdb", false, v4, COUNT(v4));
    check_places(path, NULL, by_v4, COUNT(by_v4));
    unlink(path);
    write_mmdb(path, sizeof path, "v6.mmdb", true, v6, COUNT(v6));
    check_places(path, NULL, by_v6, COUNT(by_v6));
    unlink(path);
}

/* The first file is believed, the second asked for what it does not say. */
static void two_files(void **state)
{
    static const struct mmdb_network countries[] = {
        {"198.51.100.0/24", {{"country", "iso_code", "DE", 0}}},
    };
    static const struct mmdb_network systems[] = {
        {"198.51.100.0/25",
         {{"autonomous_system_number", NULL, NULL, 64500}, {"country", NULL, "FR", 0}}},
        {"203.0.113.0/24", {{"country", NULL, "FR", 0}}},
    };
    static const struct expected both[] = {
        {"198.51.100.7", "DE", NULL, 64500},
        {"198.51.100.200", "DE", NULL, 0},
        {"203.0.113.1", "FR", NULL, 0},
    };
    (void)state;
    char first[128], second[128];
    write_mmdb(first, sizeof first, "c.mmdb", false, countries, COUNT(countries));
    write_mmdb(second, sizeof second, "s.mmdb", false, systems, COUNT(systems));
    check_places(first, second, both, COUNT(both));
    unlink(first);
    unlink(second);
}

static void no_files(void **state)
{
    static const struct mmdb_network one[] = {
        {"198.51.100.0/24", {{"country_code", NULL, "DE", 0}}},
    };
    (void)state;
    struct geo_files *g;
    struct err e = {0};
    char path[128], missing[128];
    struct buf b;
    assert_true(geo_open(NULL, NULL, &g, &e));
    assert_null(geo_port(g).find);
    geo_close(g);
    snprintf(missing, sizeof missing, "%s/not.mmdb", root);
    assert_false(geo_open(missing, NULL, &g, &e));
    geo_close(g);
    assert_int_equal(e.kind, ERR_USAGE);
    assert_non_null(strstr(e.text, "/not.mmdb is no MaxMind DB file that can be read: No such"));
    write_file(path, sizeof path, "text.mmdb", S("not a database"));
    assert_false(geo_open(NULL, path, &g, &e));
    geo_close(g);
    assert_non_null(strstr(e.text, "/text.mmdb is no MaxMind DB file"));
    unlink(path);
    /* a download that broke off: the description is at the end */
    buf_init(&b, 1 << 20);
    mmdb_put(&b, false, one, 1);
    write_file(path, sizeof path, "cut.mmdb", str_slice(buf_str(&b), 0, b.n / 2));
    assert_false(geo_open(path, NULL, &g, &e));
    geo_close(g);
    assert_non_null(strstr(e.text, "/cut.mmdb is no MaxMind DB file"));
    unlink(path);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makers),
        cmocka_unit_test(addresses),
        cmocka_unit_test(two_files),
        cmocka_unit_test(no_files),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
