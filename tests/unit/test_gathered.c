/* cli/gathered: the order in which a run's alerts are told, whatever the order they came in. */
#include "cli/gathered.h"

#include "tests/unit/support/check.h"

static const struct rs_rule rule_list[2] = {{.id = {0, 1}}, {.id = {1, 1}}}; /* "b", "a" */
static const struct ruleset rules = {.rules = rule_list, .n_rules = 2, .text = "ba", .n_text = 2};
static const struct rs_window windows[2] = {{.rule = 0}, {.rule = 1}};

/* Adds an alert of that rule. */
static void add(struct gathered *g, uint32_t rule, int64_t first_ms, const char *key,
                const char *id, uint32_t updates, const char *text)
{
    struct err e = {0};
    const struct str value = str_of(key);
    struct alert a = {.window = windows + rule,
                      .id = str_of(id),
                      .updates = updates,
                      .key_values = &value,
                      .n_keys = 1,
                      .timed = first_ms >= 0,
                      .first_ms = first_ms};
    assert_true(gathered_add(g, &a, str_of(text), &e));
}

static bool tell(void *to, uint32_t rule, struct str text, struct err *e)
{
    struct buf *b = to;
    buf_putf(b, "%u:", (unsigned)rule);
    buf_put(b, text);
    buf_putc(b, ' ');
    return !str_eq(text, S("refused")) || err_set(e, ERR_SYSTEM, "refused");
}

static void tells_in_order(void **state)
{
    (void)state;
    struct gathered g;
    struct buf b;
    struct err e = {0};
    buf_init(&b, 1000);
    gathered_init(&g, &rules);
    add(&g, 0, 5, "k", "1", 0, "b5");
    add(&g, 1, 5, "x", "2", 0, "a5x");
    add(&g, 1, 5, "k", "3", 0, "a5k");
    add(&g, 0, -1, "k", "4", 0, "untimed");
    add(&g, 0, 1, "k", "5", 0, "b1");
    assert_true(gathered_tell(&g, tell, &b, &e));
    check_str("by time, rule id, key", buf_str(&b), S("0:untimed 0:b1 1:a5k 1:a5x 0:b5 "));
    buf_reset(&b);
    assert_true(gathered_tell(&g, tell, &b, &e));
    check_str("nothing is left", buf_str(&b), S(""));
    gathered_release(&g);
    buf_release(&b);
}

static void tells_the_last_message_of_an_alert(void **state)
{
    (void)state;
    struct gathered g;
    struct buf b;
    struct err e = {0};
    buf_init(&b, 1000);
    gathered_init(&g, &rules);
    add(&g, 0, 5, "k", "1", 0, "first");
    add(&g, 0, 5, "k", "1", 2, "second");
    add(&g, 0, 5, "k", "1", 1, "between");
    add(&g, 0, 5, "k", "1", 2, "repeated");
    assert_true(gathered_tell(&g, tell, &b, &e));
    check_str("one", buf_str(&b), S("0:second "));
    gathered_release(&g);
    buf_release(&b);
}

static void passes_failures_on(void **state)
{
    (void)state;
    struct gathered g;
    struct buf b;
    struct err e = {0};
    buf_init(&b, 1000);
    gathered_init(&g, &rules);
    add(&g, 0, 1, "k", "1", 0, "refused");
    add(&g, 0, 2, "k", "2", 0, "later");
    assert_false(gathered_tell(&g, tell, &b, &e));
    check_int("kind", e.kind, ERR_SYSTEM);
    check_str("stopped", buf_str(&b), S("0:refused "));
    gathered_release(&g);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_in_order),
        cmocka_unit_test(tells_the_last_message_of_an_alert),
        cmocka_unit_test(passes_failures_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
