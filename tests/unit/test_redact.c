/* respond/redact.c: what is taken out and what stays. Session tokens have the two beginnings seen
 * in public CloudTrail records; the rest of them here is made up. */
#include "respond/redact.h"

#include "tests/unit/support/check.h"

#define A25   "AAAAAAAAAAAAAAAAAAAAAAAAA"
#define TOKEN A25 A25 A25 A25

static void takes_secrets_out(void **state)
{
    static const struct {
        const char *name, *in, *out;
    } cases[] = {
        {"nothing", "aws-cli/2.15.0", NULL},
        {"empty", "", NULL},
        {"plain JSON", "{\"userName\":\"dana\"}", NULL},
        {"a member", "{\"a\":1,\"sessionToken\":\"x\",\"b\":2}",
         "{\"a\":1,\"sessionToken\":\"REDACTED\",\"b\":2}"},
        {"any case and dashes", "{\"X-Amz-Security-Token\":\"x\",\"MASTER_USER_PASSWORD\":\"y\"}",
         "{\"X-Amz-Security-Token\":\"REDACTED\",\"MASTER_USER_PASSWORD\":\"REDACTED\"}"},
        {"blanks", "{ \"password\" : \"x y\" }", "{ \"password\" : \"REDACTED\" }"},
        {"an escaped quote in it", "{\"password\":\"x\\\"y\",\"b\":1}",
         "{\"password\":\"REDACTED\",\"b\":1}"},
        {"an escaped backslash at its end", "{\"password\":\"x\\\\\",\"b\":\"c\"}",
         "{\"password\":\"REDACTED\",\"b\":\"c\"}"},
        {"an object", "{\"authorization\":{\"k\":[1,2]},\"b\":1}",
         "{\"authorization\":REDACTED,\"b\":1}"},
        {"a number", "{\"password\":123456}", "{\"password\":REDACTED}"},
        {"true, false and null stay",
         "{\"allowUsersToChangePassword\":true,\"password\":null,\"secretKey\":false}", NULL},
        {"empty secret", "{\"password\":\"\"}", "{\"password\":\"REDACTED\"}"},
        {"two", "{\"password\":\"a\",\"sessionToken\":\"b\"}",
         "{\"password\":\"REDACTED\",\"sessionToken\":\"REDACTED\"}"},
        {"JSON in a string", "{\"body\":\"{\\\"password\\\":\\\"x\\\",\\\"b\\\":1}\"}",
         "{\"body\":\"{\\\"password\\\":\\\"REDACTED\\\",\\\"b\\\":1}\"}"},
        {"JSON in JSON in a string",
         "\"{\\\"a\\\":\\\"{\\\\\\\"password\\\\\\\":\\\\\\\"x\\\\\\\"}\\\"}\"",
         "\"{\\\"a\\\":\\\"{\\\\\\\"password\\\\\\\":\\\\\\\"REDACTED\\\\\\\"}\\\"}\""},
        {"cut off", "{\"password\":\"x", "{\"password\":\"REDACTED"},
        {"cut off object", "{\"authorization\":{\"x\":1", "{\"authorization\":REDACTED"},
        {"a key that only speaks of secrets", "{\"secretId\":\"prod/db\",\"passwordLength\":12}",
         NULL},
        {"a value that is a key's name", "{\"a\":\"password\",\"b\":\"c\"}", NULL},
        {"today's token anywhere", "role x token IQoJb3JpZ2luX2VjE" TOKEN "== end",
         "role x token REDACTED end"},
        {"the older token", "token=FwoGZXIvYXdzE" TOKEN, "token=REDACTED"},
        {"a short text that begins so", "IQoJb3JpZ2luX2VjE", NULL},
        {"a private key",
         "x -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- y",
         "x -----BEGIN RSA PRIVATE KEY-----REDACTED-----END RSA PRIVATE KEY----- y"},
        {"a private key cut off", "-----BEGIN PRIVATE KEY-----MIIE",
         "-----BEGIN PRIVATE KEY-----REDACTED"},
        {"a certificate stays", "-----BEGIN CERTIFICATE-----MIIE-----END CERTIFICATE-----", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a;
        arena_init(&a, 1u << 20);
        struct str in = str_of(cases[i].in);
        struct str out = redact_text(in, &a);
        struct str want = cases[i].out ? str_of(cases[i].out) : in;
        if (!str_eq(out, want))
            fail_msg("%s: %.*s", cases[i].name, (int)out.n, out.p);
        if (!cases[i].out)
            assert_ptr_equal(out.p, in.p);
        arena_release(&a);
    }
}

static void stays_absent(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 0);
    assert_false(str_present(redact_text(STR_ABSENT, &a)));
    arena_release(&a);
}

/* Without memory for the copy nothing of it is told. */
static void tells_nothing_without_memory(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 4);
    struct str out = redact_text(S("{\"password\":\"x\"}"), &a);
    assert_true(str_eq(out, S("REDACTED")));
    arena_release(&a);
}

static void knows_paths(void **state)
{
    (void)state;
    assert_true(redact_is_secret_path(S("responseElements.credentials.sessionToken")));
    assert_true(redact_is_secret_path(S("/requestParameters/masterUserPassword")));
    assert_true(redact_is_secret_path(S("password")));
    assert_false(redact_is_secret_path(S("requestParameters.password.hint")));
    assert_false(redact_is_secret_path(S("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_secrets_out),
        cmocka_unit_test(stays_absent),
        cmocka_unit_test(tells_nothing_without_memory),
        cmocka_unit_test(knows_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
