/* base/sha256: the examples of FIPS 180-4 as NIST publishes them, OpenSSL at every length, and the
 * length-prefixed parts. */
#include "base/sha256.h"

#include <openssl/sha.h>

#include "base/buf.h"
#include "base/sha256_blocks.h"
#include "tests/unit/support/check.h"

static void check_hex(const char *name, struct sha256 *s, const char *want)
{
    unsigned char out[SHA256_BYTES];
    sha256_end(s, out);
    struct buf b;
    buf_init(&b, SHA256_HEX);
    buf_put_hex(&b, out, sizeof out);
    check_str(name, buf_str(&b), str_of(want));
    buf_release(&b);
}

static void test_known_answers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *hash;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
         "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sha256 s;
        sha256_init(&s);
        sha256_add(&s, str_of(cases[i].text));
        check_hex(cases[i].text, &s, cases[i].hash);
    }
    struct sha256 s;
    sha256_init(&s);
    for (int i = 0; i < 1000000; i++)
        sha256_add(&s, S("a"));
    check_hex("a million a", &s,
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Lengths around the block and padding bounds, added in two pieces cut at every third place. */
static void test_lengths_and_pieces(void **state)
{
    (void)state;
    unsigned char text[300];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (unsigned char)(i * 151 + 7);
    for (size_t n = 0; n <= sizeof text; n++) {
        unsigned char want[SHA256_BYTES], got[SHA256_BYTES];
        SHA256(text, n, want);
        for (size_t cut = 0; cut <= n; cut += 3) {
            struct sha256 s;
            sha256_init(&s);
            sha256_add(&s, str_n((const char *)text, cut));
            sha256_add(&s, STR_ABSENT);
            sha256_add(&s, str_n((const char *)text + cut, n - cut));
            sha256_end(&s, got);
            check_str("hash", str_n((char *)got, sizeof got), str_n((char *)want, sizeof want));
        }
    }
}

/* What this processor runs, beside plain C: random states and blocks. */
static void test_all_ways_give_the_same(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (unsigned n = 0; n < 500; n++) {
        unsigned char blocks[5 * 64];
        uint32_t a[8], b[8];
        for (size_t i = 0; i < sizeof blocks; i++)
            blocks[i] = (unsigned char)((seed = seed * 1664525 + 1013904223) >> 24);
        for (size_t i = 0; i < COUNT(a); i++)
            a[i] = b[i] = seed = seed * 1664525 + 1013904223;
        sha256_blocks_plain(a, blocks, n % 6);
        sha256_blocks_best()(b, blocks, n % 6);
        assert_memory_equal(a, b, sizeof a);
    }
}

static void test_parts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct str a, b;
        struct str bytes; /* what goes into the hash */
    } cases[] = {
        {"ab, c", {"ab", 2}, {"c", 1}, {"\0\0\0\0\0\0\0\2ab\0\0\0\0\0\0\0\1c", 19}},
        {"a, bc", {"a", 1}, {"bc", 2}, {"\0\0\0\0\0\0\0\1a\0\0\0\0\0\0\0\2bc", 19}},
        {"empty, absent",
         {"", 0},
         {NULL, 0},
         {"\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 16}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sha256 parts, bytes;
        unsigned char got[SHA256_BYTES], want[SHA256_BYTES];
        sha256_init(&parts);
        sha256_add_part(&parts, cases[i].a);
        sha256_add_part(&parts, cases[i].b);
        sha256_end(&parts, got);
        sha256_init(&bytes);
        sha256_add(&bytes, cases[i].bytes);
        sha256_end(&bytes, want);
        check_str(cases[i].name, str_n((char *)got, sizeof got), str_n((char *)want, sizeof want));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_lengths_and_pieces),
        cmocka_unit_test(test_all_ways_give_the_same),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
