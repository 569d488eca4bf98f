/* For tests: rules, events read one after another, and the alerts that their episodes make. */
#ifndef TW_TESTS_UNIT_SUPPORT_ALERT_CASE_H
#define TW_TESTS_UNIT_SUPPORT_ALERT_CASE_H

#include "adapters/state_memory.h"
#include "engine/loader.h"
#include "handlers/alerting.h"
#include "tests/unit/support/check.h"

/* Gets each alert; false, with e, ends that. */
typedef bool (*alert_case_fn)(void *to, const struct ruleset *rs, const struct alert *a,
                              struct err *e);

struct alert_case {
    struct diags diags;
    struct ruleset *rules;
    struct event ev;
    struct alerting alerting;
    struct state_memory *state;
    struct windows *windows;
    alert_case_fn tell;
    void *to;
};

static inline void alert_case_describe(void *self, struct event *ev, uint32_t rule,
                                       const struct facts *f, struct buf *out)
{
    struct alert_case *c = self;
    alerting_describe(&c->alerting, ev, rule, f, out);
}

static inline bool alert_case_told(void *self, const struct window_alert *told, struct err *e)
{
    struct alert_case *c = self;
    struct alert a;
    return alerting_make(&c->alerting, told, &a, e) && c->tell(c->to, c->rules, &a, e);
}

/* Begins gathering: all that is added until alert_case_tell is one archive. */
static inline bool alert_case_begin(struct alert_case *c, struct err *e)
{
    const struct windows_config cfg = {.rules = c->rules,
                                       .min_level = LEVEL_INFORMATIONAL,
                                       .archive = true,
                                       .whole = true,
                                       .entries_max = 1000,
                                       .elements_max = 100000};
    struct port_state port = state_memory_port(c->state);
    windows_free(c->windows);
    c->windows = windows_new(
        &cfg, &port, (struct windows_calls){c, alert_case_describe, alert_case_told, NULL}, e);
    if (c->windows)
        windows_begin(c->windows, &(struct delivery){0});
    return c->windows;
}

/* Loads rule files, each text under its name; both lists end with NULL. */
static inline void alert_case_load(struct alert_case *c, const char *const *files,
                                   const char *const *texts)
{
    struct err e = {0};
    diags_init(&c->diags);
    struct loader *l = loader_new(NULL, &c->diags);
    assert_non_null(l);
    for (size_t i = 0; files[i]; i++)
        assert_true(loader_add(l, str_of(files[i]), str_of(texts[i]), &e));
    assert_true(loader_finish(l, &c->rules, &e));
    loader_free(l);
    for (size_t i = 0; i < c->diags.list.n; i++) {
        const struct diag *d = vec_at(&c->diags.list, i);
        if (d->kind != DIAG_WARNING)
            fail_msg("the rules are not clean: %.*s", (int)d->text.n, d->text.p);
    }
    assert_true(event_init(&c->ev, c->rules, &e));
    alerting_init(&c->alerting, c->rules);
    c->state = state_memory_new();
    assert_non_null(c->state);
    c->windows = NULL;
    assert_true(alert_case_begin(c, &e));
}

/* Loads one rule file. */
static inline void alert_case_init(struct alert_case *c, const char *file, const char *text)
{
    alert_case_load(c, (const char *[]){file, NULL}, (const char *[]){text, NULL});
}

static inline void alert_case_release(struct alert_case *c)
{
    windows_free(c->windows);
    state_memory_free(c->state);
    alerting_release(&c->alerting);
    event_release(&c->ev);
    ruleset_free(c->rules);
    diags_release(&c->diags);
}

/* Reads a record and adds its hits; false with what windows said. */
static inline bool alert_case_add(struct alert_case *c, const char *record, struct err *e)
{
    size_t used, n;
    struct facts facts;
    if (event_read(&c->ev, str_of(record), &used, e) != JSON_OK)
        fail_msg("no JSON: %s", record);
    const uint32_t *hits = event_match(&c->ev, &n);
    facts_read(&c->ev, S("s3://logs/a.json.gz"), &facts);
    return windows_add(c->windows, &c->ev, &facts, hits, n, e);
}

/* Tells the alerts of what was added. */
static inline bool alert_case_tell(struct alert_case *c, alert_case_fn tell, void *to,
                                   struct err *e)
{
    c->tell = tell;
    c->to = to;
    return windows_settle(c->windows, e);
}

/* One rule that holds for every record with an eventName. */
static const char every_event[] = "title: Something was called\n"
                                  "id: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a01\n"
                                  "author: somebody\n"
                                  "description: It matters.\n"
                                  "level: high\n"
                                  "tags: [attack.defense-evasion, attack.t1562.008]\n"
                                  "references: ['https://example.com/a']\n"
                                  "logsource: {product: aws, service: cloudtrail}\n"
                                  "detection:\n"
                                  "  s: {eventName: '*'}\n"
                                  "  condition: s\n"
                                  "fields: [requestParameters.name, requestParameters.password, "
                                  "responseElements]\n"
                                  "falsepositives: [None that we know]\n";

#endif
