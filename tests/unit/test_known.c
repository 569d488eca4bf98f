/* handlers/known.c: a bounded memory that only ever says yes to what it was told. */
#include "handlers/known.h"

#include "tests/unit/support/check.h"

#define T 1704067200000 /* 2024-01-01T00:00:00Z */

/* Keys of one set differ behind their first four bytes. */
static struct state_key key_of(unsigned char set, unsigned char one)
{
    return (struct state_key){{set, 0, 0, 0, one}};
}

static void it_knows_what_it_was_told(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t first_ms, until_ms; /* noted */
        int64_t from_ms, to_ms;     /* asked, with a slack of 100 s */
        bool has;
    } cases[] = {
        {"all of it", T, T + 5000, T, T + 5000, true},
        {"a part", T, T + 5000, T + 1000, T + 2000, true},
        {"within the slack", T, T + 5000, T, T + 105000, true},
        {"beyond it", T, T + 5000, T, T + 105001, false},
        {"before it", T, T + 5000, T - 1, T, false},
        {"the end is rounded down", T, T + 5999, T, T + 105001, false},
        {"the beginning up", T + 1, T + 5000, T + 999, T + 2000, false},
        {"a moment within a second is not kept", T + 1, T + 2, T + 1, T + 2, false},
        {"1970", 0, T, T, T, false},
        {"before 1970", -5000, T, T, T, false},
        {"after 2106", T, 4294967296000, T, T, false},
        {"just before", T, 4294967295000, T, T, true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct known k;
        struct err e = {0};
        struct state_key key = key_of(1, 1), other = key_of(1, 2);
        assert_true(known_init(&k, &e));
        known_put(&k, &key, cases[i].first_ms, cases[i].until_ms);
        check_int(cases[i].name, known_has(&k, &key, cases[i].from_ms, cases[i].to_ms, 100000),
                  cases[i].has);
        check_false(cases[i].name, known_has(&k, &other, cases[i].from_ms, cases[i].to_ms, 100000));
        known_release(&k);
    }
}

/* A set of four: what was noted again stays, what was noted first goes. */
static void the_oldest_of_a_set_goes(void **state)
{
    (void)state;
    struct known k;
    struct err e = {0};
    assert_true(known_init(&k, &e));
    for (unsigned char i = 1; i <= KNOWN_WAYS; i++) {
        struct state_key key = key_of(7, i);
        known_put(&k, &key, T, T + 1000);
    }
    struct state_key again = key_of(7, 1), fifth = key_of(7, 5), elsewhere = key_of(8, 6);
    known_put(&k, &again, T, T + 2000);
    known_put(&k, &fifth, T, T);
    known_put(&k, &elsewhere, T, T);
    for (unsigned char i = 1; i <= 6; i++) {
        struct state_key key = key_of(i == 6 ? 8 : 7, i);
        check_int("there", known_has(&k, &key, T, T, 0), i != 2);
    }
    check_true("as noted last", known_has(&k, &again, T, T + 2000, 0));
    known_release(&k);
}

static void none_knows_nothing(void **state)
{
    (void)state;
    struct known k = {NULL};
    struct state_key key = key_of(1, 1);
    known_put(&k, &key, T, T);
    check_false("no memory", known_has(&k, &key, T, T, 0));
    known_release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_knows_what_it_was_told),
        cmocka_unit_test(the_oldest_of_a_set_goes),
        cmocka_unit_test(none_knows_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
