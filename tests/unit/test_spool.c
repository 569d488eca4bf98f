/* adapters/spool: texts come back whole, from memory and from the file. */
#include "adapters/spool.h"

#include <stdio.h>

#include "tests/unit/support/check.h"

static void gives_back_what_was_put(void **state)
{
    static const size_t shares[] = {0, 1, 10, 55, 1u << 20};
    (void)state;
    for (size_t m = 0; m < COUNT(shares); m++) {
        struct spool s;
        struct err e = {0};
        uint64_t at[50];
        spool_init(&s, shares[m]);
        for (int i = 0; i < 50; i++) {
            char text[32];
            snprintf(text, sizeof text, "text %0*d", i % 7 + 1, i);
            assert_true(spool_put(&s, str_of(text), &at[i], &e));
        }
        for (int i = 49; i >= 0; i--) {
            char text[32];
            struct buf got;
            buf_init(&got, 100);
            buf_putz(&got, ">");
            snprintf(text, sizeof text, ">text %0*d", i % 7 + 1, i);
            assert_true(spool_get(&s, at[i], strlen(text) - 1, &got, &e));
            check_str("text", buf_str(&got), str_of(text));
            buf_release(&got);
        }
        spool_release(&s);
    }
}

static void takes_more_after_reading(void **state)
{
    (void)state;
    struct spool s;
    struct err e = {0};
    struct buf got;
    uint64_t a, b;
    spool_init(&s, 2);
    buf_init(&got, 100);
    assert_true(spool_put(&s, S("first"), &a, &e));
    assert_true(spool_get(&s, a, 5, &got, &e));
    assert_true(spool_put(&s, S("second"), &b, &e));
    assert_true(spool_get(&s, a, 5, &got, &e));
    assert_true(spool_get(&s, b, 6, &got, &e));
    check_str("all", buf_str(&got), S("firstfirstsecond"));
    buf_release(&got);
    spool_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_what_was_put),
        cmocka_unit_test(takes_more_after_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
