/* For tests: Falco rule files against one event, and what loading them has to say. */
#ifndef TW_TESTS_UNIT_SUPPORT_FALCO_CASE_H
#define TW_TESTS_UNIT_SUPPORT_FALCO_CASE_H

#include "base/escape.h"
#include "engine/event.h"
#include "engine/falco_term.h"
#include "engine/loader.h"
#include "engine/source.h"
#include "tests/unit/support/check.h"

/* Everything between rule files' texts and their hits. */
struct falco_case {
    struct diags diags;
    struct ruleset *rules;
};

/* Loads files named "1.yaml", "2.yaml", ...; a NULL ends them. */
static inline void falco_case_load(struct falco_case *c, const char *const *files)
{
    struct err e = {0};
    diags_init(&c->diags);
    struct loader *l = loader_new(NULL, &c->diags);
    assert_non_null(l);
    for (size_t i = 0; files[i]; i++) {
        struct buf name;
        buf_init(&name, 32);
        buf_putf(&name, "%zu.yaml", i + 1);
        if (!loader_add(l, buf_str(&name), str_of(files[i]), &e))
            fail_msg("%s in:\n%s", e.text, files[i]);
        buf_release(&name);
    }
    if (!loader_finish(l, &c->rules, &e))
        fail_msg("%s", e.text);
    loader_free(l);
}

static inline void falco_case_release(struct falco_case *c)
{
    ruleset_free(c->rules);
    diags_release(&c->diags);
}

/* All that was said, one "file:line: rule: text\n" each, refusals with "refused " in front. */
static inline void falco_case_said(const struct falco_case *c, struct buf *out)
{
    static const char *const kinds[] = {"refused ", "", "skipped "};
    for (size_t i = 0; i < c->diags.list.n; i++) {
        const struct diag *d = vec_at(&c->diags.list, i);
        buf_putz(out, kinds[d->kind]);
        buf_put(out, d->file);
        buf_putf(out, ":%u: ", d->line);
        if (str_present(d->rule)) {
            buf_put(out, d->rule);
            buf_putz(out, ": ");
        }
        buf_put(out, d->text);
        buf_putc(out, '\n');
    }
}

/* The outputs of the rules that hold for the event, one a line. */
static inline void falco_case_outputs(struct falco_case *c, const char *event, struct buf *out)
{
    struct err e = {0};
    struct event ev;
    size_t used, n;
    assert_true(event_init(&ev, c->rules, &e));
    if (c->rules->n_rules)
        event_force_source(&ev, (enum source)c->rules->rules[0].source);
    if (event_read(&ev, str_of(event), &used, &e) != JSON_OK)
        fail_msg("no JSON: %s", event);
    const uint32_t *hits = event_match(&ev, &n);
    for (size_t i = 0; i < n; i++) {
        falco_put_output(out, &ev, &c->rules->rules[hits[i]]);
        buf_putc(out, '\n');
    }
    event_release(&ev);
}

/* A file of one rule. condition and output are put in as quoted YAML scalars. */
static inline void falco_case_rule_of(enum source source, struct buf *out, const char *condition,
                                      const char *output)
{
    buf_init(out, 4 << 20);
    buf_putf(out, "- rule: r\n  desc: d\n  priority: INFO\n  source: %s\n  condition: ",
             source_falco(source));
    buf_put_json(out, str_of(condition));
    buf_putz(out, "\n  output: ");
    buf_put_json(out, str_of(output));
    buf_putc(out, '\n');
}

static inline void falco_case_rule(struct buf *out, const char *condition, const char *output)
{
    falco_case_rule_of(SOURCE_CLOUDTRAIL, out, condition, output);
}

/* What loading the files says, and their outputs for an event (which may be NULL), must be these;
 * NULL is not asked. */
static inline void falco_case_expect(const char *const *files, const char *said, const char *event,
                                     const char *outputs)
{
    struct falco_case c;
    struct buf text;
    buf_init(&text, 1 << 20);
    falco_case_load(&c, files);
    falco_case_said(&c, &text);
    const char *got = buf_z(&text);
    if (said && strcmp(got ? got : "", said) != 0)
        fail_msg("for\n%s\nexpected: %s\nsaid: %s", files[0], said, got ? got : "");
    if (outputs) {
        buf_reset(&text);
        falco_case_outputs(&c, event, &text);
        check_str(files[0], buf_str(&text).n ? buf_str(&text) : S(""), str_of(outputs));
    }
    buf_release(&text);
    falco_case_release(&c);
}

/* Whether a rule with this condition holds for the event; loading must say nothing but warnings. */
static inline bool falco_case_holds_of(enum source source, const char *condition, const char *event)
{
    struct falco_case c;
    struct buf file, out;
    falco_case_rule_of(source, &file, condition, "hit");
    buf_init(&out, 1 << 20);
    falco_case_load(&c, (const char *const[]){buf_z(&file), NULL});
    if (c.rules->n_rules != 1)
        fail_msg("refused: %s: %s", condition,
                 c.diags.list.n ? ((struct diag *)vec_at(&c.diags.list, 0))->text.p : "?");
    falco_case_outputs(&c, event, &out);
    bool holds = out.n > 0;
    falco_case_release(&c);
    buf_release(&file);
    buf_release(&out);
    return holds;
}

static inline bool falco_case_holds(const char *condition, const char *event)
{
    return falco_case_holds_of(SOURCE_CLOUDTRAIL, condition, event);
}

/* The one line that loading a rule with this condition and output says ("" is: nothing). */
static inline void falco_case_rule_says(const char *condition, const char *output,
                                        const char *expected)
{
    struct falco_case c;
    struct buf file, said;
    falco_case_rule(&file, condition, output);
    buf_init(&said, 1 << 20);
    falco_case_load(&c, (const char *const[]){buf_z(&file), NULL});
    falco_case_said(&c, &said);
    const char *text = buf_z(&said);
    text = text ? text : "";
    if (*expected ? strstr(text, expected) == NULL : *text != '\0')
        fail_msg("for %s / %s\nexpected: %s\nsaid: %s", condition, output, expected, text);
    falco_case_release(&c);
    buf_release(&file);
    buf_release(&said);
}

#endif
