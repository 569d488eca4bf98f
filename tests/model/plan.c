/* Random rules and events, as the oracle and as the engine have them. */
#include "tests/model/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/builder.h"
#include "engine/window.h"

/* ---- what happens ---- */

static void make_sets(struct oracle_rule *o, uint32_t steps, struct rng *r)
{
    o->kind = ORACLE_SETS;
    o->any = rng_chance(r, 5000);
    o->n_sets = (uint32_t)rng_in(r, 1, 3);
    for (uint32_t i = 0; i < o->n_sets; i++)
        o->sets[i] = (uint32_t)rng_in(r, 1, (1 << steps) - 1);
}

/* Inputs: plain rules, or windows before this one, none twice. */
static void make_inputs(struct plan *p, uint32_t at, struct rng *r)
{
    struct plan_window *w = p->windows + at;
    uint32_t from = rng_chance(r, 6000) ? 0 : (uint32_t)rng_in(r, 1, PLAN_RULES - 1);
    w->n_in = (uint32_t)rng_in(r, 1, 3);
    for (uint32_t i = 0; i < w->n_in; i++)
        w->in[i] = (from + i) % PLAN_RULES;
    if (at > 1 && rng_chance(r, 6000)) {
        uint32_t child = (uint32_t)rng_in(r, 1, at - 1);
        w->in[rng_in(r, 0, w->n_in - 1)] = PLAN_RULES + child;
        w->depth = p->windows[child].depth + 1;
    }
}

static void make_window(struct plan *p, uint32_t at, struct rng *r, bool wide_cells)
{
    static const enum window_type types[] = {WINDOW_TYPE_EVENT_COUNT, WINDOW_TYPE_VALUE_COUNT,
                                             WINDOW_TYPE_TEMPORAL, WINDOW_TYPE_ORDERED};
    static const int64_t gaps[] = {1, 1, 2, 5};
    struct plan_window *w = p->windows + at;
    struct oracle_rule *o = &w->rule;
    w->type = types[rng_in(r, 0, 3)];
    make_inputs(p, at, r);
    bool counts = w->type == WINDOW_TYPE_EVENT_COUNT || w->type == WINDOW_TYPE_VALUE_COUNT;
    o->timespan = rng_in(r, 1, 2) * 30;
    o->gap = gaps[rng_in(r, 0, 3)] * (rng_chance(r, 2500) ? 1 : o->timespan);
    o->cell = wide_cells ? 3 * o->timespan : o->timespan / rng_in(r, 1, 3);
    o->pairs_max = rng_chance(r, 7000) ? 12 : WINDOW_PAIRS_MAX;
    o->strict = w->type == WINDOW_TYPE_ORDERED && rng_chance(r, 3000);
    o->n = counts ? (uint32_t)rng_in(r, 1, 4) : w->n_in;
    o->kind = w->type == WINDOW_TYPE_EVENT_COUNT ? ORACLE_COUNT
              : w->type == WINDOW_TYPE_ORDERED   ? ORACLE_ORDERED
                                                 : ORACLE_DISTINCT;
    if (w->type == WINDOW_TYPE_TEMPORAL && rng_chance(r, 3000))
        make_sets(o, w->n_in, r);
    else if (w->type == WINDOW_TYPE_TEMPORAL && rng_chance(r, 3000))
        o->n = (uint32_t)rng_in(r, 1, w->n_in);
    w->bucket_cells = (uint32_t)rng_in(r, 1, 3);
    w->muted = rng_chance(r, 1000);
}

/* The window that plain rule 0 has of its own; the other plain rules are muted. */
static void make_single(struct plan_window *w)
{
    *w = (struct plan_window){
        .type = WINDOW_TYPE_SINGLE,
        .n_in = 1,
        .bucket_cells = 1,
        .rule = {.kind = ORACLE_COUNT,
                 .n = 1,
                 .timespan = 0,
                 .gap = 60,
                 .cell = 60,
                 .pairs_max = WINDOW_PAIRS_MAX},
    };
}

static void make_events(struct plan *p, struct rng *r)
{
    int64_t floods[3];
    uint32_t n_floods = (uint32_t)rng_in(r, 0, 3), keys = rng_chance(r, 3000) ? PLAN_KEYS : 1;
    for (uint32_t i = 0; i < n_floods; i++)
        floods[i] = rng_in(r, 0, 900);
    uint32_t flooded = (uint32_t)rng_in(r, 4000, 9500), common = (uint32_t)rng_in(r, 3000, 9000);
    p->n_events = (uint32_t)rng_in(r, 1, PLAN_EVENTS);
    for (uint32_t i = 0; i < p->n_events; i++) {
        struct plan_event *e = p->events + i;
        bool flood = n_floods && rng_chance(r, flooded);
        e->time =
            flood ? floods[rng_in(r, 0, n_floods - 1)] + rng_in(r, 0, 60) : rng_in(r, 0, 1000);
        e->rules = rng_chance(r, common) ? 1u : 1u << rng_in(r, 0, PLAN_RULES - 1);
        if (rng_chance(r, 500))
            e->rules |= (uint32_t)rng_in(r, 1, (1 << PLAN_RULES) - 1);
        e->key = (uint32_t)rng_in(r, 0, keys - 1);
        e->value = rng_chance(r, 5000) ? (uint32_t)rng_in(r, 0, 6) : 0;
    }
}

struct arrival {
    uint32_t event;
    int64_t when;
};

static int by_arrival(const void *a, const void *b)
{
    const struct arrival *x = a, *y = b;
    if (x->when != y->when)
        return x->when < y->when ? -1 : 1;
    return (x->event > y->event) - (x->event < y->event);
}

/* Every event once, a quarter of them twice, out of order by up to `disorder`. */
static void make_objects(struct plan *p, struct rng *r)
{
    static const int64_t disorders[] = {0, 60, 300, 3000};
    struct arrival all[PLAN_ARRIVES];
    int64_t disorder = disorders[rng_in(r, 0, 3)];
    uint32_t n = p->n_events + p->n_events / 4;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t event = i < p->n_events ? i : (uint32_t)rng_in(r, 0, p->n_events - 1);
        all[i] = (struct arrival){event, p->events[event].time + rng_in(r, 0, disorder)};
    }
    qsort(all, n, sizeof *all, by_arrival);
    for (uint32_t i = 0; i < n;) {
        struct plan_object *o = p->objects + p->n_objects++;
        o->n = (uint32_t)rng_in(r, 1, 8);
        if (o->n > n - i)
            o->n = n - i;
        for (uint32_t k = 0; k < o->n; k++)
            o->events[k] = all[i++].event;
    }
}

void plan_make(struct plan *p, struct rng *r, bool wide_cells)
{
    *p = (struct plan){.n_windows = (uint32_t)rng_in(r, 2, PLAN_WINDOWS)};
    make_single(p->windows);
    for (uint32_t i = 1; i < p->n_windows; i++)
        make_window(p, i, r, wide_cells);
    for (uint32_t i = 1; i < p->n_windows; i++) /* one cap for all, as in production */
        p->windows[i].rule.pairs_max = p->windows[1].rule.pairs_max;
    make_events(p, r);
    make_objects(p, r);
}

/* ---- as the engine has it ---- */

/* The condition over sets in prefix form. */
static struct rs_list put_sets(struct builder *b, const struct oracle_rule *o)
{
    uint32_t list[WINDOW_EXPR_MAX];
    size_t n = 0;
    list[n++] = WINDOW_NODE(o->any ? WINDOW_OR : WINDOW_AND, o->n_sets);
    for (uint32_t i = 0; i < o->n_sets; i++) {
        size_t head = n++;
        uint32_t steps = 0;
        for (uint32_t step = 0; step < ORACLE_STEPS; step++)
            if (o->sets[i] & 1u << step) {
                list[n++] = WINDOW_NODE(WINDOW_STEP, step);
                steps++;
            }
        list[head] = WINDOW_NODE(o->any ? WINDOW_AND : WINDOW_OR, steps);
    }
    return builder_numbers(b, list, n);
}

static void put_inputs(struct builder *b, const struct plan_window *w, uint32_t number)
{
    uint32_t g = builder_slot_fan(b, S("g")), v = builder_slot_fan(b, S("v")), first = 0;
    for (uint32_t i = 0; i < w->n_in; i++) {
        bool chained = w->in[i] >= PLAN_RULES;
        struct rs_input in = {
            .window = number,
            .step = i,
            .rule = w->in[i], /* windows' rules follow the plain ones, the single one has none */
            .child = chained ? w->in[i] - PLAN_RULES : RS_NONE,
            .keys = builder_numbers(b, chained ? &first : &g, 1),
        };
        if (w->type == WINDOW_TYPE_VALUE_COUNT)
            in.values = builder_numbers(b, chained ? &first : &v, 1);
        (void)builder_input(b, &in);
    }
}

static void put_window(struct builder *b, const struct plan *p, uint32_t number)
{
    const struct plan_window *w = p->windows + number;
    struct str key = S("g");
    struct rs_rule rule = {.id = builder_text(b, S("w")),
                           .title = builder_text(b, S("window")),
                           .level = LEVEL_HIGH,
                           .muted = w->muted,
                           .program = builder_node_const(b, false),
                           .window = number};
    struct rs_window out = {
        .type = w->type,
        .flags = w->rule.strict ? WINDOW_STRICT : 0,
        .depth = w->depth,
        .n = w->rule.n,
        .n_steps = w->n_in,
        .bucket_cells = w->bucket_cells,
        .timespan_ms = w->rule.timespan,
        .gap_ms = w->rule.gap,
        .cell_ms = w->rule.cell,
        .hash = {(unsigned char)(number + 1)},
    };
    memcpy(out.hash + 1, &p->salt, sizeof p->salt);
    if (w->type == WINDOW_TYPE_SINGLE) {
        out.flags = WINDOW_IDENTITY;
        builder_rule_at(b, 0)->window = number;
    } else {
        out.rule = builder_rule(b, &rule);
        out.key_names = builder_texts(b, &key, 1);
        if (w->rule.kind == ORACLE_SETS)
            out.expr = put_sets(b, &w->rule);
    }
    (void)builder_window(b, &out);
    if (w->type != WINDOW_TYPE_SINGLE)
        put_inputs(b, w, number);
}

bool plan_rules(const struct plan *p, struct ruleset **out, struct err *e)
{
    struct builder *b = builder_new();
    if (!b)
        return err_set(e, ERR_SYSTEM, "no memory");
    for (uint32_t i = 0; i < PLAN_RULES; i++) {
        struct rs_rule rule = {.id = builder_text(b, S("plain")),
                               .title = builder_text(b, S("plain")),
                               .level = LEVEL_HIGH,
                               .muted = i > 0,
                               .program = builder_node_const(b, true),
                               .window = RS_NONE};
        (void)builder_rule(b, &rule);
    }
    for (uint32_t i = 0; i < p->n_windows; i++)
        put_window(b, p, i);
    bool ok = builder_freeze(b, out, e);
    builder_free(b);
    return ok;
}

/* ---- as the definition has it ---- */

#define MOMENT_EVENT 1000000 /* where the numbers of moments begin; events have smaller ones */
#define MOMENT_VALUE 100     /* what a moment counts as where values are: its key, which is none */

static size_t add_events(const struct plan *p, const bool *which, const struct plan_window *w,
                         uint32_t step, uint32_t key, struct oracle_element *out)
{
    size_t n = 0;
    for (uint32_t i = 0; i < p->n_events; i++) {
        const struct plan_event *e = p->events + i;
        if ((which && !which[i]) || e->key != key || !(e->rules & 1u << w->in[step]))
            continue;
        uint32_t what = w->type == WINDOW_TYPE_VALUE_COUNT ? e->value
                        : w->rule.kind == ORACLE_COUNT     ? 0
                                                           : step;
        out[n++] = (struct oracle_element){e->time, what, i};
    }
    return n;
}

/* The elements of a window and key; inputs before it come first, so this ends. */
static size_t elements_of(const struct plan *p, const bool *which, uint32_t window, uint32_t key,
                          bool all, struct oracle_element *out)
{
    const struct plan_window *w = p->windows + window;
    size_t n = 0;
    for (uint32_t i = 0; i < w->n_in; i++) {
        if (w->in[i] < PLAN_RULES) {
            n += add_events(p, which, w, i, key, out + n);
            continue;
        }
        uint32_t child = w->in[i] - PLAN_RULES;
        struct oracle_element *below = calloc(ORACLE_MAX, sizeof *below);
        int64_t *moments = calloc(ORACLE_MAX, sizeof *moments);
        if (!below || !moments)
            abort();
        size_t k = elements_of(p, which, child, key, all, below);
        k = oracle_moments(&p->windows[child].rule, below, k, all, moments);
        for (size_t m = 0; m < k; m++)
            out[n++] = (struct oracle_element){
                moments[m], w->type == WINDOW_TYPE_VALUE_COUNT ? MOMENT_VALUE : i,
                MOMENT_EVENT + child};
        free(below);
        free(moments);
    }
    return oracle_unique(out, n);
}

size_t plan_episodes(const struct plan *p, const bool *which, uint32_t window, uint32_t key,
                     bool all, struct oracle_span *out)
{
    struct oracle_element *list = calloc(ORACLE_MAX, sizeof *list);
    if (!list)
        abort();
    size_t n = elements_of(p, which, window, key, all, list);
    n = oracle_holds(&p->windows[window].rule, list, n, out);
    n = oracle_join(out, n, p->windows[window].rule.gap);
    free(list);
    return n;
}

void plan_print(const struct plan *p)
{
    static const char *const types[] = {"single", "event_count", "value_count", "temporal",
                                        "temporal_ordered"};
    for (uint32_t i = 0; i < p->n_windows; i++) {
        const struct plan_window *w = p->windows + i;
        fprintf(stderr,
                "  window %u: %s%s%s n %u timespan %lld gap %lld cells %u pairs %u%s inputs", i,
                types[w->type], w->rule.strict ? " strict" : "",
                w->rule.kind == ORACLE_SETS ? (w->rule.any ? " any set" : " each set") : "",
                w->rule.n, (long long)w->rule.timespan, (long long)w->rule.gap, w->bucket_cells,
                w->rule.pairs_max, w->muted ? " muted" : "");
        for (uint32_t k = 0; k < w->n_in; k++)
            fprintf(stderr, w->in[k] < PLAN_RULES ? " rule %u" : " window %u",
                    w->in[k] < PLAN_RULES ? w->in[k] : w->in[k] - PLAN_RULES);
        fputc('\n', stderr);
    }
    for (uint32_t o = 0; o < p->n_objects; o++) {
        fprintf(stderr, "  object %u:", o);
        for (uint32_t k = 0; k < p->objects[o].n; k++) {
            const struct plan_event *e = p->events + p->objects[o].events[k];
            fprintf(stderr, " %u@%lld(k%u v%u r%x)", p->objects[o].events[k], (long long)e->time,
                    e->key, e->value, e->rules);
        }
        fputc('\n', stderr);
    }
}
