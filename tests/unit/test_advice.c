/* respond/advice: what is kept within bounds, and what is said of logs that were not read whole.
 * What is advised is tested end to end (tests/e2e/test_policy.py). */
#include "respond/advice.h"

#include "respond/advice_put.h"
#include "tests/unit/support/check.h"

#define DANA "arn:aws:iam::111122223333:user/dana"

static const struct advice_bounds few = {.memory = 4096, .targets = 3, .names = 2};

static bool use(struct advice *a, const char *action, unsigned number, struct err *e)
{
    struct buf resource;
    buf_init(&resource, 64);
    buf_putf(&resource, "arn:aws:sqs:eu-west-1:111122223333:q%u", number);
    const struct advice_use u = {
        .action = str_of(action), .resource = buf_str(&resource), .time_ms = number};
    bool ok = advice_add(a, &u, e);
    buf_release(&resource);
    return ok;
}

/* Of all actions together; what is told apart already may be used on. */
static void keeps_so_many_resources(void **state)
{
    struct advice a;
    struct err e = {0};
    (void)state;
    assert_true(advice_init(&a, S(DANA), &e));
    advice_bound(&a, &few);
    assert_true(use(&a, "sqs:SendMessage", 1, &e));
    assert_true(use(&a, "sqs:SendMessage", 2, &e));
    assert_true(use(&a, "sqs:ReceiveMessage", 3, &e));
    assert_true(use(&a, "sqs:ReceiveMessage", 3, &e));
    assert_false(use(&a, "sqs:ReceiveMessage", 4, &e));
    check_int("kind", e.kind, ERR_LIMIT);
    advice_release(&a);
}

/* Folding makes room again: 64 resources of one action become few. */
static void folding_makes_room(void **state)
{
    const struct advice_bounds room = {
        .memory = 1u << 16, .targets = ADVICE_TARGETS_MAX, .names = 2};
    struct advice a;
    struct err e = {0};
    (void)state;
    assert_true(advice_init(&a, S(DANA), &e));
    advice_bound(&a, &room);
    for (unsigned i = 0; i < 3 * ADVICE_TARGETS_MAX; i++)
        if (!use(&a, "sqs:SendMessage", i, &e))
            fail_msg("%u: %s", i, e.text);
    advice_release(&a);
}

static bool says(const struct advice *a, const struct advice_wanted *w, const char *text)
{
    struct buf b;
    struct err e = {0};
    buf_init(&b, 1u << 16);
    assert_true(advice_put_json(&b, a, w, &e));
    bool does = str_find(buf_str(&b), str_of(text), 0) != SIZE_MAX;
    buf_release(&b);
    return does;
}

static void says_what_was_not_read(void **state)
{
    struct advice a;
    struct err e = {0};
    (void)state;
    assert_true(advice_init(&a, S(DANA), &e));
    assert_true(use(&a, "sqs:SendMessage", 1, &e));
    a.uses_before = 1;
    assert_true(advice_settle(&a, &e));
    struct advice_wanted wanted = {.accepted = GAP_REGIONS};
    assert_false(says(&a, &wanted, "\"document\":null"));
    assert_false(says(&a, &wanted, "may count twice"));
    wanted.rough = true;
    assert_true(says(&a, &wanted, "may count twice"));
    wanted.cut = true;
    assert_true(says(&a, &wanted, "\"refusals\":[\"The logs were not read to their end"));
    assert_true(says(&a, &wanted, "\"document\":null"));
    advice_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_so_many_resources),
        cmocka_unit_test(folding_makes_room),
        cmocka_unit_test(says_what_was_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
