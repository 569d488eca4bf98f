/* handlers/learned.c: the item of what was learned, as docs/state.md has it. */
#include "handlers/learned.h"

#include "tests/unit/support/check.h"

#define HOUR 3600000ll

static void the_item_is_as_documented(void **state)
{
    (void)state;
    static const char item[] = "\x01"
                               "\x00\x00\x01\x8c\xc2\x51\xf4\x00" /* 2024-01-01T00:00:00Z */
                               "\xff\xff\xff\xff\xff\xff\xff\xfe" /* 2 ms before 1970 */
                               "\x00\x00\x00\x00\x00\x00\x01\x02" /* a value */
                               "\x00\x07\x3a\x88"                 /* 473,736 h */
                               "\x80\x00\x00\x00\x00\x00\x00\x00" /* another */
                               "\xff\xff\xff\xff";                /* 1 h before 1970 */
    struct learned l;
    struct buf out;
    struct err e = {0};
    struct str blob = str_n(item, sizeof item - 1);
    learned_init(&l);
    buf_init(&out, LEARNED_BYTES_MAX);
    assert_true(learned_decode(&l, blob, &e));
    check_int("oldest", l.oldest_ms, 1704067200000);
    check_int("renewed", l.renewed_ms, -2);
    check_size("values", l.values.n, 2);
    const struct learned_value *v = l.values.p;
    check_true("hash", v[0].hash == 0x102 && v[1].hash == 1ull << 63);
    check_int("used", v[0].used_h, 473736);
    check_int("used before 1970", v[1].used_h, -1);
    check_false("changed", l.changed);
    learned_encode(&l, &out);
    check_true("the same again", str_eq(buf_str(&out), blob));
    for (size_t n = 1; n < blob.n; n++)
        if (n != 17 && n != 29)
            check_false("cut", learned_decode(&l, str_slice(blob, 0, n), &e));
    check_false("another version", learned_decode(&l,
                                                  S("\x02"
                                                    "1234567812345678"),
                                                  &e));
    check_int("said as", e.kind, ERR_INPUT);
    assert_true(learned_decode(&l, STR_ABSENT, &e));
    check_true("nothing learned", l.oldest_ms == INT64_MAX && l.renewed_ms == INT64_MIN);
    learned_release(&l);
    buf_release(&out);
}

static void what_was_seen_is_written_when_it_must_be(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t first_ms, now_ms;
        bool changes;
    } cases[] = {
        {"first", 1000 * HOUR, 1001 * HOUR, true},
        {"later", 1001 * HOUR, 1011 * HOUR, false},
        {"older", 999 * HOUR, 1001 * HOUR, true},
        {"to be renewed", 1001 * HOUR, 1011 * HOUR + 1, true},
        {"renewed", 1002 * HOUR, 1012 * HOUR, false},
    };
    struct learned l;
    learned_init(&l);
    for (size_t i = 0; i < COUNT(cases); i++) {
        l.changed = false;
        learned_see(&l, cases[i].first_ms, cases[i].now_ms, 10 * HOUR);
        check_int(cases[i].name, l.changed, cases[i].changes);
    }
    check_int("oldest", l.oldest_ms, 999 * HOUR);
    learned_release(&l);
}

static bool note(struct learned *l, uint64_t hash, int64_t used_h, int64_t forgotten_h)
{
    struct err e = {0};
    bool kept;
    const struct learned_use use = {hash, used_h * HOUR, 10 * HOUR, forgotten_h * HOUR};
    l->changed = false;
    assert_true(learned_note(l, &use, &kept, &e));
    return kept;
}

static void values_are_a_set_with_a_cap(void **state)
{
    (void)state;
    struct learned l;
    learned_init(&l);
    for (uint64_t i = 1; i <= WINDOWS_FIRST_SEEN_MAX; i++)
        check_true("room", note(&l, i, 100, 0) && l.changed);
    check_true("again", note(&l, 1, 110, 0) && !l.changed);
    check_true("renewed", note(&l, 1, 111, 0) && l.changed);
    check_true("earlier", note(&l, 1, 50, 0) && !l.changed);
    check_false("no room", note(&l, 5000, 111, 100));
    check_false("nothing changed", l.changed);
    check_true("room of the forgotten", note(&l, 5000, 111, 101) && l.changed);
    check_size("what is left", l.values.n, 2);
    learned_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_item_is_as_documented),
        cmocka_unit_test(what_was_seen_is_written_when_it_must_be),
        cmocka_unit_test(values_are_a_set_with_a_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
