/* handlers/marks: the list of who is compromised, with the memory's state, and with ports that
 * conflict and that hold what is none of ours. */
#include "handlers/marks.h"

#include <stdlib.h>

#include "adapters/state.h"
#include "tests/unit/support/check.h"

#define ARN "arn:aws:iam::111122223333:user/"

static struct mark mark_of(const char *arn, bool marked, int64_t at_ms)
{
    return (struct mark){.principal = str_of(arn), .marked = marked, .at_ms = at_ms};
}

static void keeps_the_last_word(void **state)
{
    (void)state;
    struct err e = {0};
    struct state *memory = state_open(NULL, &e);
    const struct port_state port = state_port(memory);
    struct marks *m = malloc(sizeof *m);
    const struct mark words[] = {mark_of(ARN "a", true, 1000), mark_of(ARN "b", true, 2000),
                                 mark_of(ARN "a", false, 3000)};
    marks_init(m);
    assert_true(marks_read(m, &port, &e));
    check_size("none", m->n, 0);
    for (size_t i = 0; i < COUNT(words); i++)
        assert_true(marks_set(&port, words + i, &e));
    assert_true(marks_read(m, &port, &e));
    check_size("two", m->n, 2);
    check_str("the newest first", m->list[0].principal, S(ARN "a"));
    check_false("taken back", marks_find(m, S(ARN "a"))->marked);
    check_int("when", marks_find(m, S(ARN "a"))->at_ms, 3000);
    check_true("the other", marks_find(m, S(ARN "b"))->marked);
    check_true("nobody", marks_find(m, S(ARN "c")) == NULL);
    marks_release(m);
    free(m);
    state_close(memory);
}

static void forgets_the_oldest(void **state)
{
    (void)state;
    struct err e = {0};
    struct state *memory = state_open(NULL, &e);
    const struct port_state port = state_port(memory);
    struct marks *m = malloc(sizeof *m);
    struct buf arn;
    buf_init(&arn, 100);
    for (int i = 0; i < MARKS_MAX + 5; i++) {
        buf_reset(&arn);
        buf_putf(&arn, ARN "%d", i);
        const struct mark mark = mark_of(buf_z(&arn), true, 1000 * i);
        assert_true(marks_set(&port, &mark, &e));
    }
    marks_init(m);
    assert_true(marks_read(m, &port, &e));
    check_size("as many as are kept", m->n, MARKS_MAX);
    check_true("the oldest", marks_find(m, S(ARN "4")) == NULL);
    check_true("the next", marks_find(m, S(ARN "5")) != NULL);
    marks_release(m);
    free(m);
    buf_release(&arn);
    state_close(memory);
}

static void obeys(void **state)
{
    (void)state;
    static const struct {
        const char *order, *answer; /* NULL: ERR_USAGE */
    } cases[] = {
        {"{\"action\":\"compromised\",\"principal\":\"" ARN "a\"}",
         "{\"ok\":true,\"mark\":{\"principal\":\"" ARN "a\",\"marked\":true,\"at\":"
         "\"1970-01-01T00:00:01Z\",\"by\":null,\"reason\":null}}"},
        {"{\"principal\":\"" ARN "a\",\"marked\":false,\"by\":\"ana\",\"reason\":\"r\"}",
         "{\"ok\":true,\"mark\":{\"principal\":\"" ARN "a\",\"marked\":false,\"at\":"
         "\"1970-01-01T00:00:01Z\",\"by\":\"ana\",\"reason\":\"r\"}}"},
        {"{\"action\":\"compromised\"}", NULL},
        {"{\"principal\":\"dana\"}", NULL},
        {"{\"principal\":\"arn:aws:s3:::b\"}", NULL},
    };
    struct err e = {0};
    struct state *memory = state_open(NULL, &e);
    const struct port_state port = state_port(memory);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf answer;
        buf_init(&answer, 10000);
        e = (struct err){0};
        bool ok = marks_order(&port, str_of(cases[i].order), 1000, &answer, &e);
        check_true(cases[i].order, ok == (cases[i].answer != NULL));
        if (ok)
            check_str(cases[i].order, buf_str(&answer), str_of(cases[i].answer));
        else
            check_int(cases[i].order, e.kind, ERR_USAGE);
        buf_release(&answer);
    }
    state_close(memory);
}

/* A port whose item is `blob`, and that always conflicts. */
static bool claims(void *self, struct state_claims *list, size_t n, struct err *e)
{
    (void)n;
    (void)e;
    buf_put(&list->blob, str_of(self));
    list->version = 1;
    return true;
}

static bool swap(void *self, struct state_swap *list, size_t n, struct err *e)
{
    (void)self;
    (void)n;
    (void)e;
    list->conflict = true;
    return true;
}

static void gives_up(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        char blob[64];
        enum err_kind kind;
    } cases[] = {
        {"others are always first", "[]", ERR_RETRY},
        {"no JSON", "go", ERR_INPUT},
        {"no list", "{}", ERR_INPUT},
        {"no mark", "[{}]", ERR_INPUT},
    };
    const struct mark mark = mark_of(ARN "a", true, 1000);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char blob[64];
        struct err e = {0};
        memcpy(blob, cases[i].blob, sizeof blob);
        const struct port_state port = {.self = blob, .claims = claims, .swap = swap};
        check_false(cases[i].name, marks_set(&port, &mark, &e));
        check_int(cases[i].name, e.kind, cases[i].kind);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_last_word),
        cmocka_unit_test(forgets_the_oldest),
        cmocka_unit_test(obeys),
        cmocka_unit_test(gives_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
