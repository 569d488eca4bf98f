/* For tests: one Sigma file against one event, and what loading it has to say. */
#ifndef TW_TESTS_UNIT_SUPPORT_SIGMA_CASE_H
#define TW_TESTS_UNIT_SUPPORT_SIGMA_CASE_H

#include "engine/event.h"
#include "engine/sigma.h"
#include "tests/unit/support/check.h"

/* Everything between a rule file's text and its hits. */
struct sigma_case {
    struct arena memory;
    struct diags diags;
    struct rule_config config;
    struct ruleset *rules;
};

/* Loads one file named "t.yml". config is YAML, or NULL. */
static inline void sigma_case_load(struct sigma_case *c, const char *yaml, const char *config)
{
    struct err e = {0};
    const struct yaml **docs;
    size_t n;
    arena_init(&c->memory, 64u << 20);
    diags_init(&c->diags);
    assert_true(rule_config_parse(S("c.yml"), config ? str_of(config) : S(""), &c->config, &e));
    if (!yaml_parse(str_of(yaml), &c->memory, &docs, &n, &e))
        fail_msg("%s in:\n%s", e.text, yaml);
    struct builder *b = builder_new();
    struct sigma *s = sigma_new(b, &c->config, &c->diags);
    assert_true(sigma_add(s, S("t.yml"), docs, n, &e));
    assert_true(sigma_finish(s, &e));
    assert_true(builder_freeze(b, &c->rules, &e));
    sigma_free(s);
    builder_free(b);
}

static inline void sigma_case_release(struct sigma_case *c)
{
    ruleset_free(c->rules);
    rule_config_release(&c->config);
    diags_release(&c->diags);
    arena_release(&c->memory);
}

/* How many rules hold for the event. */
static inline size_t sigma_case_hits(struct sigma_case *c, const char *event)
{
    struct err e = {0};
    struct event ev;
    size_t used, n;
    assert_true(event_init(&ev, c->rules, &e));
    if (event_read(&ev, str_of(event), &used, &e) != JSON_OK)
        fail_msg("no JSON: %s", event);
    (void)event_match(&ev, &n);
    event_release(&ev);
    return n;
}

/* All that was said, one "line: rule: text\n" each, refusals with "refused " in front. */
static inline void sigma_case_said(const struct sigma_case *c, struct buf *out)
{
    static const char *const kinds[] = {"refused ", "", "skipped "};
    for (size_t i = 0; i < c->diags.list.n; i++) {
        const struct diag *d = vec_at(&c->diags.list, i);
        buf_putf(out, "%s%u: ", kinds[d->kind], d->line);
        buf_put(out, d->rule);
        buf_putz(out, ": ");
        buf_put(out, d->text);
        buf_putc(out, '\n');
    }
}

/* A rule around one detection map, in YAML's flow style and in one line. */
static inline void sigma_case_rule(struct buf *out, const char *detection)
{
    buf_init(out, 1 << 20);
    buf_putf(out, "title: t\nlogsource: {product: aws, service: cloudtrail}\ndetection: %s\n",
             detection);
}

/* Whether a rule whose only search is `search`, and whose condition names it, holds. */
static inline bool sigma_case_holds(const char *search, const char *event, const char *config)
{
    struct sigma_case c;
    struct buf detection, rule;
    buf_init(&detection, 1 << 20);
    buf_putf(&detection, "{s: %s, condition: s}", search);
    sigma_case_rule(&rule, buf_z(&detection));
    sigma_case_load(&c, buf_z(&rule), config);
    if (c.rules->n_rules != 1)
        fail_msg("refused: %s: %s", search,
                 c.diags.list.n ? ((struct diag *)vec_at(&c.diags.list, 0))->text.p : "?");
    bool holds = sigma_case_hits(&c, event) == 1;
    sigma_case_release(&c);
    buf_release(&detection);
    buf_release(&rule);
    return holds;
}

/* Fails unless what loading `yaml` says has `expected` in it ("" is: nothing is said). */
static inline void sigma_case_expect(const char *yaml, const char *expected)
{
    struct sigma_case c;
    struct buf said;
    buf_init(&said, 1 << 20);
    sigma_case_load(&c, yaml, NULL);
    sigma_case_said(&c, &said);
    const char *text = buf_z(&said);
    text = text ? text : "";
    if (*expected ? strstr(text, expected) == NULL : *text != '\0')
        fail_msg("for\n%s\nexpected: %s\nsaid: %s", yaml, expected, text);
    sigma_case_release(&c);
    buf_release(&said);
}

/* The same for the rule around a detection. */
static inline void sigma_case_expect_detection(const char *detection, const char *expected)
{
    struct buf rule;
    sigma_case_rule(&rule, detection);
    sigma_case_expect(buf_z(&rule), expected);
    buf_release(&rule);
}

#endif
