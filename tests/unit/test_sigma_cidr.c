/* engine/sigma_cidr.c: networks. Expectations by Python's ipaddress module (strict). */
#include "engine/sigma_cidr.h"

#include <arpa/inet.h>

#include "tests/unit/support/check.h"

static bool cidr_has(const struct cidr *net, struct str s)
{
    struct cidr a;
    return cidr_address(s, &a) && cidr_covers(net, &a);
}

static void test_members(void **state)
{
    (void)state;
    static const struct {
        const char *net, *address;
        bool in;
    } list[] = {
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"0.0.0.0/0", "255.1.2.3", true},
        {"0.0.0.0/0", "::1", false},
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"192.0.2.1/32", "192.0.2.1", true},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"2001:db8::/32", "2001:db8:ffff::", true},
        {"2001:db8::/32", "2001:db9::", false},
        {"2001:db8::/65", "2001:db8::8000:0:0:0", false},
        {"::/0", "::1", true},
        {"2001:db8::/65", "2001:db8::7fff:0:0:0", true},
        {"::1/128", "::1", true},
        {"::/0", "1.2.3.4", false},
        {"10.0.0.0/8", "::ffff:10.0.0.1", false},
        {"10.0.0.0/8", "10.0.0", false},
        {"10.0.0.0/8", "10.0.0.1 ", false},
        {"10.0.0.0/8", "", false},
        {"10.0.0.0/8", "AWS Internal", false},
        {"10.0.0.0/8", "10.0.0.1/8", false},
        {"2001:db8::/32", "2001:DB8::A", true},
    };
    struct err e;
    for (size_t i = 0; i < COUNT(list); i++) {
        struct cidr net;
        assert_true(cidr_parse(str_of(list[i].net), &net, &e));
        check_int(list[i].address, cidr_has(&net, str_of(list[i].address)), list[i].in);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const list[] = {
        "",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.0/a",
        "10.0.0.0/-1",
        "10.0.0/8",
        "2001:db8::1/32",
        "::/129",
        "fe80::1%eth0",
        "10.0.0.0/8/8",
        "/8",
        "010.0.0.0/8",
        "10.0.0.0/0008",
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        struct cidr net;
        struct err e = {0};
        check_false(list[i], cidr_parse(str_of(list[i]), &net, &e));
        check_int(list[i], e.kind, ERR_INPUT);
    }
}

static void test_bytes_that_are_no_address(void **state)
{
    (void)state;
    struct cidr net;
    struct err e;
    assert_true(cidr_parse(S("10.0.0.0/8"), &net, &e));
    assert_false(cidr_has(&net, S("10.0.0.1\0x")));
    assert_false(cidr_has(&net, str_of("0000000000000000000000000000000000000000000000000")));
}

/* All texts of four of these parts, as inet_pton reads them. */
static void test_ipv4_as_inet_pton(void **state)
{
    static const char *const parts[] = {"0.",  "7.",  "10.", "99.", "255.", "256.", "01.",
                                        "00.", "300", ".",   "1",   "x.",   "1000."};
    int addresses = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(parts) * COUNT(parts) * COUNT(parts) * COUNT(parts); i++) {
        char text[32];
        unsigned char want[4] = {0};
        size_t n = 0, left = i;
        for (int k = 0; k < 4; k++, left /= COUNT(parts)) {
            struct str part = str_of(parts[left % COUNT(parts)]);
            memcpy(text + n, part.p, part.n);
            n += part.n;
        }
        n -= text[n - 1] == '.';
        text[n] = '\0';
        struct cidr got;
        bool is = inet_pton(AF_INET, text, want) == 1;
        check_int(text, cidr_address(str_n(text, n), &got), is);
        if (is)
            check_int(text, (int64_t)(got.bits[0] >> 32),
                      (int64_t)want[0] << 24 | want[1] << 16 | want[2] << 8 | want[3]);
        addresses += is;
    }
    assert_true(addresses > 5 * 5 * 5 * 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bytes_that_are_no_address),
        cmocka_unit_test(test_ipv4_as_inet_pton),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
