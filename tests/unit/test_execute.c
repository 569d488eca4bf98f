/* The allow list of simulate --execute: what is on it is harmless by its form, and every step of a
 * scenario that ships has an answer. */
#include "adapters/execute.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cli/simulate_record.h"

static bool has(const char *text, const char *part)
{
    return text && str_find(str_of(text), str_of(part), 0) != SIZE_MAX;
}

static void check(const struct execute_step *s)
{
    switch (s->kind) {
    case EXECUTE_NEVER:
        assert_non_null(s->why);
        break;
    case EXECUTE_READ:
        assert_true(has(s->event, "Get") || has(s->event, "List") || has(s->event, "Describe"));
        break;
    case EXECUTE_DRY_RUN:
        assert_true(s->to == AWS_EC2 && has(s->body, "&DryRun=true"));
        break;
    case EXECUTE_MISSING:
        assert_true(has(s->body, "{name}-none") || has(s->path, "{name}-none"));
        assert_false(has(s->body, "{user}") || has(s->body, "{role}"));
        break;
    case EXECUTE_MAKE:
        assert_true(s->to == AWS_IAM && s->makes != THING_NONE);
        assert_true(has(s->body, "={user}") || has(s->body, "={role}"));
        assert_non_null(execute_undo(s->makes)->body);
        break;
    }
}

static void test_every_step_of_every_scenario(void **state)
{
    (void)state;
    const struct execute_step *unknown = execute_find(S("iam"), S("DeleteUser"));
    assert_int_equal(unknown->kind, EXECUTE_NEVER);
    for (const struct simulate_file *f = simulate_files; f->name; f++) {
        struct scenario s;
        struct arena a;
        struct err e = {0};
        arena_init(&a, 64u << 20);
        assert_true(scenario_read(str_of(f->text), &a, &s, &e));
        for (size_t i = 0; i < s.n_steps && !str_eqz(str_of(f->name), SIMULATE_BACKGROUND); i++) {
            if (record_log(s.steps + i) != RECORD_CLOUDTRAIL)
                continue;
            const struct execute_step *x = execute_find(s.steps[i].service, s.steps[i].event);
            if (x == unknown)
                fail_msg("%s: step %zu is not on the list", f->name, i + 1);
            check(x);
        }
        arena_release(&a);
    }
}

static void test_who_is_made_is_fenced(void **state)
{
    (void)state;
    static const char *const made[] = {"CreateUser", "CreateRole"};
    for (size_t i = 0; i < 2; i++) {
        const struct execute_step *s = execute_find(S("iam"), str_of(made[i]));
        assert_true(has(s->body, "PermissionsBoundary=") && has(s->body, "AWSDenyAll"));
        assert_true(has(execute_deny(s->makes)->body, "%22Effect%22%3A%22Deny%22"));
        assert_int_equal(execute_deny(s->makes)->makes, s->makes + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_step_of_every_scenario),
        cmocka_unit_test(test_who_is_made_is_fenced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
