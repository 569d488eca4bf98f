/* For tests of windows: rules, a state, deliveries of events written as lines, and what is told. */
#ifndef TW_TESTS_UNIT_SUPPORT_WINDOWS_CASE_H
#define TW_TESTS_UNIT_SUPPORT_WINDOWS_CASE_H

#include <stdlib.h>

#include "adapters/state_memory.h"
#include "base/timefmt.h"
#include "engine/loader.h"
#include "handlers/entries.h"
#include "tests/unit/support/alloc.h"
#include "tests/unit/support/check.h"

#define T0     1704067200000 /* 2024-01-01T00:00:00Z */
#define MEMORY (15 * 86400000ll)

#define RULE(letter, name, more)                                                                   \
    "title: " letter "\nid: 5b8d5a4f-1111-4222-8333-00000000000" name "\nname: " name              \
    "\nlevel: high\nlogsource: {product: aws, service: cloudtrail}\n"                              \
    "detection: {s: {eventName: " letter "}, condition: s}\n" more "---\n"
#define A RULE("A", "a", "")
#define B RULE("B", "b", "")
#define CHAIN(t, n, body)                                                                          \
    "title: " t "\nid: 5b8d5a4f-1111-4222-8333-0000000000" n "\nname: r" n                         \
    "\nlevel: high\ncorrelation: {" body "}\n---\n"

/* One run: rules, state, and what was told. */
struct run {
    struct diags diags;
    struct ruleset *rules;
    struct event ev;
    struct state_memory *state;
    struct windows *windows;
    struct windows_counts sums;
    struct buf told;
    bool show_id; /* in front of what is told */
    struct windows_config cfg;
    struct port_state port; /* that the windows use: the state's, or one in front of it */
    unsigned deliveries;
    size_t named;          /* events of what was told last */
    uint64_t count;        /* of the same */
    bool refuse;           /* to tell */
    const char *unsayable; /* title of a rule of which nothing can be told; NULL: none */
    size_t fail_at; /* which allocation under windows_add and windows_settle fails; 0: none */
};

static inline void watch_memory(struct run *r)
{
    if (r->fail_at)
        alloc_fail_at(r->fail_at);
}

static inline void look_away(struct run *r)
{
    if (r->fail_at)
        r->fail_at -= alloc_calls() < r->fail_at ? alloc_calls() : r->fail_at - 1;
    alloc_works();
}

static inline void describe(void *to, struct event *ev, uint32_t rule, const struct facts *f,
                            struct buf *out)
{
    (void)to, (void)ev, (void)rule;
    buf_put(out, f->evidence);
}

/* " by N:first+last" for each doer, N being his number among those of the alert. */
static inline void put_doers(struct buf *out, const struct window_alert *a)
{
    for (size_t i = 0; i < a->n_doers; i++) {
        const struct lineage_doer *d = a->doers + i;
        size_t number = 0, k = 0;
        for (; id128_cmp(a->doers[k].actor, d->actor) != 0; k++)
            number += k == 0 || id128_cmp(a->doers[k].actor, a->doers[k - 1].actor) != 0;
        buf_putf(out, " by %zu:%lld+%lld", number + 1, (long long)(d->first_ms - T0) / 1000,
                 (long long)(d->last_ms - d->first_ms) / 1000);
    }
}

/* "Title key,key first+last count", times in seconds behind T0, updates in front with their number;
 * and who did it, where windows say so. */
static inline bool tell(void *to, const struct window_alert *a, struct err *e)
{
    struct run *r = to;
    if (r->refuse)
        return err_set(e, ERR_RETRY, "nobody listens");
    if (r->unsayable &&
        str_eqz(rs_str(r->rules, r->rules->rules[a->window->rule].title), r->unsayable))
        return err_set(e, ERR_INPUT, "nobody understands");
    if (r->show_id)
        buf_putf(&r->told, "%s ", a->id);
    if (a->updates)
        buf_putf(&r->told, "%u:", a->updates);
    buf_put(&r->told, rs_str(r->rules, r->rules->rules[a->window->rule].title));
    for (size_t i = 0; i < a->n_keys; i++) {
        buf_putc(&r->told, i ? ',' : ' ');
        buf_put(&r->told, a->key_values[i]);
    }
    if (a->timed)
        buf_putf(&r->told, " %lld+%lld", (long long)(a->first_ms - T0) / 1000,
                 (long long)(a->last_ms - a->first_ms) / 1000);
    buf_putf(&r->told, " %s%llu", a->estimated ? "~" : "", (unsigned long long)a->count);
    r->named = a->n_events;
    r->count = a->count;
    put_doers(&r->told, a);
    buf_putc(&r->told, '\n');
    return true;
}

static inline void load(struct run *r, const char *rules)
{
    struct err e = {0};
    diags_init(&r->diags);
    struct loader *l = loader_new(NULL, &r->diags);
    assert_non_null(l);
    if (!loader_add(l, S("t.yml"), str_of(rules), &e) || !loader_finish(l, &r->rules, &e))
        fail_msg("%s", e.text);
    loader_free(l);
    for (size_t i = 0; i < r->diags.list.n; i++) {
        const struct diag *d = vec_at(&r->diags.list, i);
        if (d->kind != DIAG_WARNING)
            fail_msg("%.*s", (int)d->text.n, d->text.p);
    }
    assert_true(event_init(&r->ev, r->rules, &e));
}

/* Another process over the same state: what the former one remembered is gone. */
static inline void restart(struct run *r)
{
    struct err e = {0};
    windows_free(r->windows);
    r->windows = windows_new(
        &r->cfg, &r->port, (struct windows_calls){.to = r, .describe = describe, .tell = tell}, &e);
    assert_non_null(r->windows);
}

static inline void begin(struct run *r, const char *rules, const struct windows_config *cfg)
{
    *r = (struct run){.cfg = *cfg};
    load(r, rules);
    r->cfg.rules = r->rules;
    r->state = state_memory_new();
    r->port = state_memory_port(r->state);
    buf_init(&r->told, 1 << 20);
    restart(r);
}

static inline void end(struct run *r)
{
    windows_free(r->windows);
    state_memory_free(r->state);
    event_release(&r->ev);
    ruleset_free(r->rules);
    diags_release(&r->diags);
    buf_release(&r->told);
}

static inline void deliver(struct run *r, int64_t now_ms)
{
    struct delivery d = {.now_ms = now_ms, .lease_ms = 60000};
    memset(d.owner, (int)++r->deliveries, sizeof d.owner);
    windows_begin(r->windows, &d);
}

static inline bool settle(struct run *r, struct err *e)
{
    watch_memory(r);
    bool ok = windows_settle(r->windows, e);
    look_away(r);
    const struct windows_counts *c = windows_counts(r->windows);
    r->sums.no_key += c->no_key;
    r->sums.stray += c->stray;
    r->sums.capped += c->capped;
    r->sums.early += c->early;
    return ok;
}

/* One event from a line "SECONDS NAME[@WHO] [members]"; seconds "-" is no time. Its id is made from
 * the line, so the same line is the same event. */
static inline bool add_line(struct run *r, struct str line, struct err *e)
{
    struct facts facts;
    struct buf record;
    size_t used, n;
    unsigned long long at = 0;
    struct str rest = line, seconds = str_cut(&rest, ' '), who = str_cut(&rest, ' ');
    struct str name = str_cut(&who, '@');
    bool timed = str_u64(seconds, &at), ok;
    buf_init(&record, 1 << 16);
    buf_putz(&record, "{\"eventID\":\"");
    for (size_t i = 0; i < line.n; i++)
        buf_putc(&record, line.p[i] == '"' ? '\'' : line.p[i]);
    buf_putz(&record, "\",\"recipientAccountId\":\"1\",\"userIdentity\":{\"principalId\":\"");
    buf_put(&record, str_present(who) ? who : S("P"));
    buf_putz(&record, str_present(who) ? "\",\"type\":\"IAMUser\"}," : "\"},");
    if (timed) {
        buf_putz(&record, "\"eventTime\":\"");
        time_put(&record, T0 + (int64_t)at * 1000);
        buf_putz(&record, "\",");
    }
    if (str_present(rest)) {
        buf_put(&record, rest);
        buf_putc(&record, ',');
    }
    buf_putz(&record, "\"eventName\":\"");
    buf_put(&record, name);
    buf_putz(&record, "\"}");
    if (event_read(&r->ev, buf_str(&record), &used, e) != JSON_OK)
        fail_msg("%s: %s", e->text, buf_z(&record));
    const uint32_t *hits = event_match(&r->ev, &n);
    facts_read(&r->ev, S("o"), &facts);
    watch_memory(r);
    ok = windows_add(r->windows, &r->ev, &facts, hits, n, e);
    look_away(r);
    buf_release(&record);
    return ok;
}

/* All lines, in deliveries of `each` events. */
static inline void add_lines(struct run *r, const char *lines, size_t each, int64_t now_ms)
{
    struct err e = {0};
    struct str rest = str_of(lines);
    size_t n = 0;
    while (str_present(rest)) {
        struct str line = str_cut(&rest, '\n');
        if (line.n == 0)
            continue;
        if (n++ % each == 0)
            deliver(r, now_ms);
        if (!add_line(r, line, &e) || (n % each == 0 && !settle(r, &e)))
            fail_msg("%s", e.text);
    }
    if (n % each != 0 && !settle(r, &e))
        fail_msg("%s", e.text);
}

/* The lines in order of bytes. */
static inline int by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static inline void check_told(const char *name, const char *way, struct run *r, const char *want)
{
    struct str lines[100], rest = buf_str(&r->told);
    struct buf sorted;
    size_t n = 0;
    buf_init(&sorted, 1 << 20);
    while (str_present(rest) && n < COUNT(lines)) {
        lines[n] = str_cut(&rest, '\n');
        n += lines[n].n > 0;
    }
    qsort(lines, n, sizeof *lines, by_bytes);
    for (size_t i = 0; i < n; i++) {
        buf_put(&sorted, lines[i]);
        buf_putc(&sorted, '\n');
    }
    if (!str_eqz(sorted.n ? buf_str(&sorted) : S(""), want))
        fail_msg("%s, %s:\n%s-- expected:\n%s", name, way, buf_z(&sorted), want);
    buf_release(&sorted);
}

static const struct windows_config durable = {
    .entries_max = 64, .elements_max = 10000, .memory_ms = MEMORY};
static const struct windows_config whole = {
    .entries_max = 64, .elements_max = 10000, .memory_ms = MEMORY, .archive = true, .whole = true};

#endif
