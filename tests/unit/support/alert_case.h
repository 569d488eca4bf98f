/* For tests: rules, events read one after another, and the alerts they make. */
#ifndef TW_TESTS_UNIT_SUPPORT_ALERT_CASE_H
#define TW_TESTS_UNIT_SUPPORT_ALERT_CASE_H

#include "engine/loader.h"
#include "respond/alert.h"
#include "tests/unit/support/check.h"

struct alert_case {
    struct diags diags;
    struct ruleset *rules;
    struct event ev;
};

/* Loads one rule file. */
static inline void alert_case_init(struct alert_case *c, const char *file, const char *text)
{
    struct err e = {0};
    diags_init(&c->diags);
    struct loader *l = loader_new(NULL, &c->diags);
    assert_non_null(l);
    assert_true(loader_add(l, str_of(file), str_of(text), &e));
    assert_true(loader_finish(l, &c->rules, &e));
    loader_free(l);
    if (c->diags.list.n) {
        struct str said = ((struct diag *)vec_at(&c->diags.list, 0))->text;
        fail_msg("the rule file is not clean: %.*s", (int)said.n, said.p);
    }
    assert_true(event_init(&c->ev, c->rules, &e));
}

static inline void alert_case_release(struct alert_case *c)
{
    event_release(&c->ev);
    ruleset_free(c->rules);
    diags_release(&c->diags);
}

/* Reads a record and adds each rule's hit; false with what the set said. */
static inline bool alert_case_add(struct alert_case *c, struct alerts *set, const char *record,
                                  struct err *e)
{
    size_t used, n;
    struct facts facts;
    if (event_read(&c->ev, str_of(record), &used, e) != JSON_OK)
        fail_msg("no JSON: %s", record);
    const uint32_t *hits = event_match(&c->ev, &n);
    facts_read(&c->ev, S("s3://logs/a.json.gz"), &facts);
    for (size_t i = 0; i < n; i++)
        if (!alerts_add(set, &c->ev, hits[i], &facts, e))
            return false;
    return true;
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
