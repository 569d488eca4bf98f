/* handlers/findings: what the answer about a simulation's objects holds, and what it leaves out. */
#include "handlers/findings.h"

#include "engine/loader.h"
#include "tests/unit/support/check.h"

static struct ruleset *load_rule(void)
{
    struct diags diags;
    struct err e;
    struct ruleset *rs;
    diags_init(&diags);
    struct loader *l = loader_new(NULL, &diags);
    assert_true(loader_add(l, S("t.yml"),
                           S("title: A \"bad\" call\nlevel: high\n"
                             "logsource: {product: aws, service: cloudtrail}\n"
                             "detection: {s: {eventName: Bad}, condition: s}\n"),
                           &e));
    assert_true(loader_finish(l, &rs, &e));
    loader_free(l);
    diags_release(&diags);
    return rs;
}

#define HIT(id)                                                                                    \
    "{\"type\":\"hit\",\"rule\":\"A \\\"bad\\\" call\",\"level\":\"high\",\"event\":\"" id "\"}"

static void check_put(const char *name, const struct findings *f, struct str want)
{
    struct buf b;
    buf_init(&b, 2 * FINDINGS_BYTES_MAX);
    findings_put(f, &b);
    check_str(name, buf_str(&b), want);
    buf_release(&b);
}

static void of_marked_objects_alone(void **state)
{
    struct ruleset *rs = load_rule();
    struct findings f;
    (void)state;
    findings_init(&f);
    findings_begin(&f, false);
    findings_hit(&f, rs, rs->rules, S("e0"));
    findings_incident(&f, S("x"), 0);
    check_put("nobody asked", &f, S(""));
    findings_begin(&f, true);
    findings_hit(&f, rs, rs->rules, S("e1"));
    findings_incident(&f, S("0123"), 7);
    findings_begin(&f, false);
    findings_hit(&f, rs, rs->rules, S("e2"));
    check_put(
        "of one of three", &f,
        S(",\"findings\":[" HIT("e1") ",{\"type\":\"incident\",\"id\":\"0123\",\"updates\":7}],"
                                      "\"findings_cut\":false"));
    findings_reset(&f);
    check_put("another invocation", &f, S(""));
    findings_release(&f);
    ruleset_free(rs);
}

/* Texts of the log are JSON's strings whatever they hold (promise P7), and events may be many. */
static void tells_alerts(void **state)
{
    struct ruleset *rs = load_rule();
    const struct str events[] = {S("a"), S("b\"]}\n")};
    const struct alert a = {.window = rs->windows + rs->rules[0].window,
                            .id = S("0123"),
                            .updates = 2,
                            .events = events,
                            .n_events = 2};
    struct findings f;
    (void)state;
    findings_init(&f);
    findings_begin(&f, true);
    findings_alert(&f, rs, &a);
    check_put("an alert", &f,
              S(",\"findings\":[{\"type\":\"alert\",\"id\":\"0123\",\"updates\":2,\"rule\":\"A "
                "\\\"bad\\\" call\",\"level\":\"high\",\"events\":[\"a\",\"b\\\"]}\\n\"]}],"
                "\"findings_cut\":false"));
    findings_release(&f);
    ruleset_free(rs);
}

/* What does not fit is left out whole, and said. */
static void is_bounded(void **state)
{
    struct ruleset *rs = load_rule();
    struct findings f;
    struct buf id, all;
    (void)state;
    findings_init(&f);
    buf_init(&id, FINDINGS_BYTES_MAX);
    buf_init(&all, 2 * FINDINGS_BYTES_MAX);
    for (size_t i = 0; i < FINDINGS_BYTES_MAX / 2; i++)
        buf_putc(&id, 'x');
    findings_begin(&f, true);
    findings_hit(&f, rs, rs->rules, buf_str(&id));
    findings_hit(&f, rs, rs->rules, buf_str(&id)); /* the one too many */
    findings_hit(&f, rs, rs->rules, S("e3"));
    findings_put(&f, &all);
    assert_true(str_ends(buf_str(&all), S("," HIT("e3") "],\"findings_cut\":true")));
    assert_true(all.n < FINDINGS_BYTES_MAX);
    buf_release(&all);
    buf_release(&id);
    findings_release(&f);
    ruleset_free(rs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_marked_objects_alone),
        cmocka_unit_test(tells_alerts),
        cmocka_unit_test(is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
