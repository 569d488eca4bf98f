/* trailwarden rules test: runs the cases beside the rules. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "adapters/files.h"
#include "base/escape.h"
#include "base/timefmt.h"
#include "cli/command.h"
#include "cli/explain.h"
#include "cli/explain_window.h"
#include "cli/rules.h"
#include "cli/testwindows.h"
#include "respond/put.h"

#define TESTS_MEMORY_MAX (256u << 20) /* a file's cases: YAML and their records */

struct run {
    const struct ruleset *rs;
    struct event ev;
    struct testwindows windows;
    struct explain_windows *explained; /* of a failed case's events */
    bool *tested;                      /* by rule */
    size_t passed, failed;
    struct arena memory;
    struct buf text; /* a test file's, then a failure's */
};

/* ---- which rules a file tests ---- */

/* x.test.yml without .test.yml, or .test.yaml. */
static struct str stem_of_test(struct str path)
{
    return str_slice(path, 0, path.n - (str_ends(path, S(".yml")) ? 9 : 10));
}

static bool is_file_of(struct str rule_file, struct str stem)
{
    struct str rest = str_skip(rule_file, stem.n);
    return str_starts(rule_file, stem) && (str_eq(rest, S(".yml")) || str_eq(rest, S(".yaml")));
}

/* The rule that a case is about: by id, or the only one of the file; RS_NONE, with a sentence, when
 * there is none or more than one. */
static uint32_t find_rule(const struct run *run, struct str stem, const struct testcase *t,
                          const char **why)
{
    uint32_t found = RS_NONE;
    *why = "no rule of this test's file is loaded";
    for (uint32_t i = 0; i < run->rs->n_rules; i++) {
        const struct rs_rule *r = &run->rs->rules[i];
        if (!is_file_of(rs_str(run->rs, r->file), stem) ||
            (str_present(t->rule) && !str_eq(rs_str(run->rs, r->id), t->rule)))
            continue;
        if (found != RS_NONE) {
            *why = "the file has several rules: say which with `rule: <id>`";
            return RS_NONE;
        }
        found = i;
    }
    return found;
}

/* ---- one case ---- */

static void begin_failure(struct run *run, struct str path, const struct testcase *t)
{
    run->failed++;
    buf_reset(&run->text);
    buf_putz(&run->text, "FAIL ");
    put_text(&run->text, path, SIZE_MAX);
    buf_putf(&run->text, ":%u: ", t->line);
    put_text(&run->text, t->name, SIZE_MAX);
    buf_putz(&run->text, ": ");
}

static void end_failure(struct run *run)
{
    struct str s = buf_str(&run->text);
    fwrite(s.p, 1, s.n, stdout);
}

static void fail_case(struct run *run, struct str path, const struct testcase *t, const char *why)
{
    begin_failure(run, path, t);
    buf_put_terminal(&run->text, str_of(why));
    buf_putc(&run->text, '\n');
    end_failure(run);
}

/* Whether the one record hits the rule. */
static void run_match(struct run *run, struct str path, const struct testcase *t, uint32_t rule)
{
    struct err e = {0};
    size_t used, n;
    if (explain_windows_is(run->rs, rule)) {
        fail_case(run, path, t, "a correlation is tested with `events` and `alerts`");
        return;
    }
    if (event_read(&run->ev, t->records[0], &used, &e) != JSON_OK) {
        err_wrap(&e, "the event cannot be read");
        fail_case(run, path, t, e.text);
        return;
    }
    const uint32_t *hits = event_match(&run->ev, &n);
    bool holds = false;
    for (size_t i = 0; i < n; i++)
        holds = holds || hits[i] == rule;
    if (holds == t->expect_match) {
        run->passed++;
        return;
    }
    begin_failure(run, path, t);
    buf_putf(&run->text, "expected %s\n", t->expect_match ? "a match" : "no match");
    explain_put(&run->text, &run->ev, rule);
    end_failure(run);
}

static void put_told(struct buf *b, const struct test_alert *a, struct arena *memory)
{
    buf_putz(b, a->joined ? "  joined: " : "  told: ");
    for (size_t i = 0; i < a->n_keys; i++) {
        put_text(b, a->key_names[i], EXPLAIN_VALUE_MAX);
        buf_putc(b, ' ');
        explain_put_found(b, a->key_names[i], a->key_values[i], memory);
        buf_putz(b, ", ");
    }
    time_put(b, a->first_ms);
    buf_putz(b, " to ");
    time_put(b, a->last_ms);
    buf_putf(b, ", %llu events\n", (unsigned long long)a->count);
}

/* How the windows of the rule fill with the case's events. */
static bool put_windows(struct run *run, const struct testcase *t, uint32_t rule, struct err *e)
{
    size_t used;
    explain_windows_clear(run->explained);
    for (size_t i = 0; i < t->n_records; i++)
        if (event_read(&run->ev, t->records[i], &used, e) != JSON_OK ||
            !explain_windows_add(run->explained, &run->ev, e))
            return false;
    return explain_windows_put(run->explained, &run->text, rule, e);
}

static const char *arrival_words(const struct run *run, uint32_t rule, enum test_arrival arrival)
{
    if (arrival == ARRIVE_WHOLE)
        return "";
    return testwindows_reverses(run->rs, rule) ? "the events last first, in two deliveries: "
                                               : "the events in two deliveries: ";
}

static void fail_alerts(struct run *run, struct str path, const struct testcase *t, uint32_t rule,
                        enum test_arrival arrival)
{
    struct err e = {0};
    size_t told = testwindows_told(&run->windows);
    begin_failure(run, path, t);
    buf_putz(&run->text, arrival_words(run, rule, arrival));
    if (told != t->alerts)
        buf_putf(&run->text, "expected %llu alert%s, told %zu%s\n", (unsigned long long)t->alerts,
                 t->alerts == 1 ? "" : "s", told,
                 arrival == ARRIVE_PARTS ? " (promise P1: arrival must not matter)" : "");
    else
        buf_putz(&run->text, "no alert has the key that is expected\n");
    for (size_t i = 0; i < run->windows.alerts.n; i++)
        put_told(&run->text, vec_at(&run->windows.alerts, i), &run->memory);
    if (run->rs->rules[rule].muted)
        buf_putz(&run->text, "the rule is muted: another one builds on it without `generate`\n");
    if (explain_windows_is(run->rs, rule) && !put_windows(run, t, rule, &e))
        buf_putf(&run->text, "%s\n", e.text);
    end_failure(run);
}

/* How many alerts the events come to, in one piece and, where that is promised, in another order
 * and in parts. */
static void run_alerts(struct run *run, struct str path, const struct testcase *t, uint32_t rule)
{
    struct err e = {0};
    enum test_arrival last = testwindows_durable(run->rs, rule) ? ARRIVE_PARTS : ARRIVE_WHOLE;
    for (enum test_arrival a = ARRIVE_WHOLE; a <= last; a++) {
        if (!testwindows_run(&run->windows, t, rule, a, &e)) {
            fail_case(run, path, t, e.text);
            return;
        }
        if (testwindows_told(&run->windows) != t->alerts ||
            (t->n_key && !testwindows_has_key(&run->windows, t))) {
            fail_alerts(run, path, t, rule, a);
            return;
        }
    }
    run->passed++;
}

static void run_case(struct run *run, struct str path, const struct testcase *t)
{
    const char *why;
    uint32_t rule = find_rule(run, stem_of_test(path), t, &why);
    if (rule == RS_NONE) {
        fail_case(run, path, t, why);
        return;
    }
    run->tested[rule] = true;
    event_set_geo(&run->ev, testgeo_port(&t->geo));
    explain_windows_set_geo(run->explained, testgeo_port(&t->geo));
    if (t->counts_alerts)
        run_alerts(run, path, t, rule);
    else
        run_match(run, path, t, rule);
}

static bool run_file(struct run *run, struct str path, struct err *e)
{
    struct testcase *list = NULL;
    size_t n = 0;
    arena_reset(&run->memory);
    buf_reset(&run->text);
    if (!files_read(path.p, &run->text, e))
        return false;
    struct err why = {0};
    if (!testcases_read(buf_str(&run->text), &run->memory, &list, &n, &why)) {
        struct testcase whole = {.name = S("the file"), .line = 1};
        fail_case(run, path, &whole, why.text);
        return true;
    }
    for (size_t i = 0; i < n; i++)
        run_case(run, path, &list[i]);
    return true;
}

/* ---- all of them ---- */

static bool run_walk(struct run *run, struct walk *w, struct err *e)
{
    struct str path;
    uint64_t bytes;
    bool ok;
    while ((ok = walk_next(w, &path, &bytes, e)) && str_present(path))
        if (!run_file(run, path, e))
            return false;
    return ok;
}

/* A rule file that is named itself: the tests beside it. */
static bool run_beside(struct run *run, const char *path, struct err *e)
{
    static const char *const endings[] = {".test.yml", ".test.yaml"};
    struct str stem = str_of(path);
    stem.n -= str_ends(stem, S(".yaml")) ? 5 : str_ends(stem, S(".yml")) ? 4 : 0;
    struct buf test;
    buf_init(&test, FILES_PATH_MAX);
    bool ok = true;
    for (size_t i = 0; ok && i < 2; i++) {
        buf_reset(&test);
        buf_put(&test, stem);
        buf_putz(&test, endings[i]);
        const char *z = buf_z(&test);
        if (z && access(z, F_OK) == 0)
            ok = run_file(run, str_n(z, test.n), e);
    }
    buf_release(&test);
    return ok;
}

static bool is_rule_file(const char *path)
{
    return str_ends(str_of(path), S(".yml")) || str_ends(str_of(path), S(".yaml"));
}

static bool run_roots(struct run *run, const char *const *roots, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        struct walk *w;
        if (is_rule_file(roots[i])) {
            if (!run_beside(run, roots[i], e))
                return false;
            continue;
        }
        if (!walk_new(&roots[i], 1, FILES_TESTS, &w, e))
            return false;
        bool ok = run_walk(run, w, e);
        walk_free(w);
        if (!ok)
            return false;
    }
    return true;
}

/* What a tested correlation is made of is tested with it. */
static void spread_tested(struct run *run)
{
    for (bool more = true; more;) {
        more = false;
        for (uint32_t i = 0; i < run->rs->n_inputs; i++) {
            const struct rs_input *in = &run->rs->inputs[i];
            bool *of_input = &run->tested[in->rule];
            bool news = !*of_input && run->tested[run->rs->windows[in->window].rule];
            *of_input = *of_input || news;
            more = more || news;
        }
    }
}

static void require_tests(struct run *run)
{
    spread_tested(run);
    for (uint32_t i = 0; i < run->rs->n_rules; i++) {
        const struct rs_rule *r = &run->rs->rules[i];
        if (run->tested[i])
            continue;
        struct testcase none = {.name = rs_str(run->rs, r->title), .line = r->line};
        fail_case(run, rs_str(run->rs, r->file), &none, "the rule has no test");
    }
}

static bool run_init(struct run *run, const struct ruleset *rs, struct err *e)
{
    *run = (struct run){.rs = rs};
    arena_init(&run->memory, TESTS_MEMORY_MAX);
    buf_init(&run->text, RULE_FILE_MAX);
    run->tested = calloc((size_t)rs->n_rules + 1, sizeof *run->tested);
    if (!run->tested)
        return err_set(e, ERR_SYSTEM, "no memory to test rules");
    if (!event_init(&run->ev, rs, e) || !testwindows_init(&run->windows, rs, &run->ev, e))
        return false;
    run->explained = explain_windows_new(rs, e);
    return run->explained != NULL;
}

static void run_release(struct run *run)
{
    testwindows_release(&run->windows);
    explain_windows_free(run->explained);
    event_release(&run->ev);
    free(run->tested);
    arena_release(&run->memory);
    buf_release(&run->text);
}

static int test_loaded(const struct loaded *rules, const char *const *roots, size_t n, bool require)
{
    struct err e = {0};
    struct run run;
    bool ok = run_init(&run, rules->rules, &e) && run_roots(&run, roots, n, &e);
    if (ok && require)
        require_tests(&run);
    if (!ok)
        complain(&e);
    printf("%zu passed, %zu failed\n", run.passed, run.failed);
    bool fine = run.failed == 0 && !diags_count(&rules->diags, DIAG_REFUSED);
    run_release(&run);
    return !ok ? EXIT_FAILED : fine ? EXIT_DONE : EXIT_UNREADABLE;
}

static int test(struct rules_asked *a, bool require)
{
    struct err e = {0};
    struct loaded rules;
    struct buf shipped;
    buf_init(&shipped, FILES_PATH_MAX);
    bool ok = rules_load_sources(&a->rules, a->config, &rules, &e);
    diags_print(stderr, &rules.diags);
    if (ok && a->rules.n == 0) {
        const char **place = rules_shipped(&shipped, &e) ? vec_push(&a->rules, 1) : NULL;
        ok = place != NULL;
        if (place)
            *place = buf_z(&shipped);
    }
    int code = ok ? test_loaded(&rules, a->rules.p, a->rules.n, require) : fail(&e);
    loaded_release(&rules);
    buf_release(&shipped);
    return code;
}

int rules_test(int argc, char **argv)
{
    bool require = false;
    const struct option more = {"require-tests", 0,    OPTION_FLAG,
                                &require,        NULL, "a rule without a test fails"};
    const struct rules_usage usage = {
        .text = "usage: trailwarden rules test [options] [PATH ...]    (default: the shipped "
                "rules)\n\n"
                "Runs x.test.yml for each rule file x.yml. Exit 1 when a test fails.\n",
        .more = &more,
        .n_more = 1,
    };
    struct rules_asked a;
    int code;
    if (rules_asked_read(&a, &usage, argc, argv, &code))
        code = test(&a, require);
    rules_asked_release(&a);
    return code;
}
