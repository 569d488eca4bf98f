/* cli/simulate_names: what texts of scenarios are filled in with. */
#include "cli/simulate_names.h"

#include "tests/unit/support/check.h"

static const struct simulate_names names = {.seed = 1, .time_ms = 1768469400000, .n = 2};

static void put(struct buf *b, const struct simulate_names *from, const char *text)
{
    struct err e = {0};
    buf_reset(b);
    assert_true(names_put(b, from, str_of(text), &e));
}

static void fills_in(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *filled;
    } cases[] = {
        {"nothing", "as it is {} $", "as it is {} $"},
        {"accounts", "${account}/${stranger}", "111122223333/777788889999"},
        /* date -u -d @1768469400 */
        {"the time", "${time}", "2026-01-15T09:30:00Z"},
        {"in prose", "${prose}", "Jan 15, 2026, 9:30:00 AM"},
        {"the repeat", "a-${n}-b", "a-2-b"},
    };
    struct buf b;
    buf_init(&b, 1000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put(&b, &names, cases[i].text);
        check_str(cases[i].name, buf_str(&b), str_of(cases[i].filled));
    }
    buf_release(&b);
}

/* Shapes: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html, and EC2's
 * long ids of 17 hexadecimal digits. */
static void makes_ids(void **state)
{
    (void)state;
    static const struct {
        const char *text, *begins;
        size_t n;
    } cases[] = {
        {"${AKIA:a}", "AKIA", 20}, {"${ASIA:a}", "ASIA", 20},     {"${AIDA:a}", "AIDA", 21},
        {"${AROA:a}", "AROA", 21}, {"${i:a}", "i-0", 19},         {"${snap:a}", "snap-0", 22},
        {"${uuid:a}", "", 36},     {"${ip:a}", "198.51.100.", 0}, {"${office:a}", "203.0.113.", 0},
    };
    struct buf b;
    buf_init(&b, 1000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put(&b, &names, cases[i].text);
        assert_true(str_starts(buf_str(&b), str_of(cases[i].begins)));
        assert_true(cases[i].n == 0 || b.n == cases[i].n);
    }
    buf_release(&b);
}

static void tells_apart(void **state)
{
    (void)state;
    struct simulate_names other = names;
    struct buf a, b;
    buf_init(&a, 1000);
    buf_init(&b, 1000);
    put(&a, &names, "${AKIA:x}");
    put(&b, &names, "${AKIA:x}");
    check_str("the same", buf_str(&a), buf_str(&b));
    put(&b, &names, "${AKIA:y}");
    assert_false(str_eq(buf_str(&a), buf_str(&b)));
    other.n++;
    put(&b, &other, "${AKIA:x}");
    check_str("in every repeat", buf_str(&a), buf_str(&b));
    other.seed++;
    put(&b, &other, "${AKIA:x}");
    assert_false(str_eq(buf_str(&a), buf_str(&b)));
    put(&a, &names, "${i:x-#}");
    other = names;
    other.n++;
    put(&b, &other, "${i:x-#}");
    assert_false(str_eq(buf_str(&a), buf_str(&b)));
    buf_release(&a);
    buf_release(&b);
}

static void refuses(void **state)
{
    (void)state;
    static const char *const texts[] = {"${nothing}", "${zzz:x}", "${account", "${AKIA}"};
    struct buf b;
    buf_init(&b, 1000);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct err e = {0};
        assert_false(names_put(&b, &names, str_of(texts[i]), &e));
        assert_int_equal(e.kind, ERR_INPUT);
    }
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_in),
        cmocka_unit_test(makes_ids),
        cmocka_unit_test(tells_apart),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
