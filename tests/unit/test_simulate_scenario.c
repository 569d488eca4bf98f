/* cli/simulate_scenario: what files of scenarios come to, and what is refused. */
#include "cli/simulate_scenario.h"

#include "tests/unit/support/check.h"

#define ACTORS "actors: {a: {user: u, ip: 198.51.100.1}, r: {role: R, ip: 198.51.100.1}}\n"

static void reads(void **state)
{
    (void)state;
    struct arena a;
    struct scenario s;
    struct err e = {0};
    arena_init(&a, 8u << 20);
    assert_true(scenario_read(S("title: T\nabout: B\n" ACTORS "steps:\n"
                                "  - {at: 5s, as: a, do: sts AssumeRole, starts: r}\n"
                                "  - {at: 2m, as: r, do: iam ListUsers, times: 3, every: 10s}\n"),
                              &a, &s, &e));
    check_str("title", s.title, S("T"));
    assert_int_equal(s.n_actors, 2);
    assert_int_equal(s.n_steps, 2);
    assert_ptr_equal(s.steps[0].starts, s.actors + 1);
    check_str("service", s.steps[1].service, S("iam"));
    check_str("event", s.steps[1].event, S("ListUsers"));
    assert_int_equal(s.steps[1].at_ms, 120000);
    assert_int_equal(scenario_ms(&s), 140000);
    arena_release(&a);
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *said;
    } cases[] = {
        {"actors: {a: {ip: 198.51.100.1}}", "line 1: no user, role, service"},
        {"actors: {a: {user: u}}", "line 1: no ip: a"},
        {ACTORS "steps: [{at: 1s, as: b, do: iam X}]", "line 2: there is no actor b"},
        {ACTORS "steps: [{at: 1s, do: iam X}]", "line 2: a step needs as"},
        {ACTORS "steps: [{at: 1s, as: a, do: iam}]", "line 2: a step needs do"},
        {ACTORS "steps: [{at: soon, as: a, do: iam X}]", "line 2: no length of time: soon"},
        {ACTORS "steps: [{at: 1s, as: a, do: iam X, times: 0}]", "line 2: no number of times"},
        {ACTORS "steps:\n- {at: 2s, as: a, do: iam X}\n- {at: 1s, as: a, do: iam X}",
         "line 4: the step is before the one above it"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a;
        struct scenario s;
        struct err e = {0};
        arena_init(&a, 8u << 20);
        assert_false(scenario_read(str_of(cases[i].yaml), &a, &s, &e));
        check_true(cases[i].said, str_starts(str_of(e.text), str_of(cases[i].said)));
        arena_release(&a);
    }
}

/* Every file that ships is read, and has what --list prints. */
static void reads_shipped(void **state)
{
    (void)state;
    for (const struct simulate_file *f = simulate_files; f->name; f++) {
        struct arena a;
        struct scenario s;
        struct err e = {0};
        arena_init(&a, 64u << 20);
        if (!scenario_read(str_of(f->text), &a, &s, &e))
            fail_msg("%s: %s", f->name, e.text);
        assert_true(s.n_steps > 0 && str_present(s.title) && str_present(s.about));
        arena_release(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(refuses),
        cmocka_unit_test(reads_shipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
