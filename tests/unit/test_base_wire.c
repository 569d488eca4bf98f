/* base/wire: numbers there and back. */
#include "base/wire.h"

#include "tests/unit/support/check.h"

static void writes_the_highest_byte_first(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 64);
    wire_put(&b, 0x0102030405060708u, 8);
    wire_put(&b, 0x0a0b0c, 2); /* its lowest two */
    assert_int_equal(b.n, 10);
    assert_memory_equal(b.p, "\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c", 10);
    buf_release(&b);
}

static void takes_what_is_there(void **state)
{
    (void)state;
    struct str s = S("\x01\x02xyzw"), text;
    char bytes[2];
    uint64_t v = 7;
    assert_true(wire_take(&s, &v, 2));
    assert_int_equal(v, 0x102);
    assert_true(wire_take_bytes(&s, bytes, 2));
    assert_memory_equal(bytes, "xy", 2);
    assert_true(wire_take_str(&s, &text, 1));
    assert_true(str_eq(text, S("z")));
    assert_false(wire_take(&s, &v, 2));
    assert_false(wire_take_bytes(&s, bytes, 2));
    assert_false(wire_take_str(&s, &text, 2));
    assert_true(str_eq(s, S("w")));
    assert_int_equal(v, 0x102);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(writes_the_highest_byte_first),
                                       cmocka_unit_test(takes_what_is_there)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
