/* Parts by relabelling, groups by looking at all pairs. */
#include "tests/model/lineage_oracle.h"

#include <stdlib.h>

#define SLACK_MS   2000
#define SESSION_MS (36 * LP_HOUR_MS)
#define ROLE_MS    (24 * LP_HOUR_MS)
#define GAP_MS     (24 * LP_HOUR_MS)

/* ---- lineages ---- */

static bool is_service(const struct lineage_plan *p, uint32_t node)
{
    return p->nodes[node].kind == LINEAGE_SERVICE;
}

/* Whether what the event says is taken down. */
static bool counts(const struct lineage_plan *p, const struct lp_event *e)
{
    return e->hit || (e->links_itself && !is_service(p, e->actor));
}

static void unite(const struct lineage_plan *p, struct lineage_parts *parts, uint32_t a, uint32_t b)
{
    uint32_t x = parts->of[a], y = parts->of[b];
    for (uint32_t i = 0; i < p->n_nodes; i++)
        if (parts->of[i] == x || parts->of[i] == y)
            parts->of[i] = x < y ? x : y;
}

struct lineage_parts lineage_oracle_least(const struct lineage_plan *p)
{
    struct lineage_parts parts = {{0}};
    for (uint32_t i = 0; i < p->n_nodes; i++)
        parts.of[i] = i;
    for (uint32_t i = 0; i < p->n_events; i++) {
        const struct lp_event *e = p->events + i;
        for (uint32_t k = 0; counts(p, e) && k < e->n_links; k++)
            if (e->links[k].strength != LINK_WEAK)
                unite(p, &parts, e->links[k].from, e->links[k].to);
    }
    return parts;
}

/* Whether the tie `at` finds the tie `by` of its lane; an AWS service is behind nothing. */
static bool fits(const struct lp_tie *at, const struct lp_tie *by)
{
    int64_t later = at->time - by->time;
    switch (at->kind) {
    case LINEAGE_ONCALL:
        if (by->kind == LINEAGE_USE)
            return later >= 0 && later <= SESSION_MS;
        return by->kind == LINEAGE_ISSUE && llabs(later) <= SLACK_MS;
    case LINEAGE_USE:
        return by->kind == LINEAGE_ISSUE && llabs(later) <= SLACK_MS;
    case LINEAGE_OF_ROLE:
        return by->kind == LINEAGE_MADE && later >= -SLACK_MS && later <= ROLE_MS;
    case LINEAGE_COPY:
        return by->kind == LINEAGE_COPY && later != 0;
    case LINEAGE_ISSUE:
    case LINEAGE_MADE:
    case LINEAGE_BEARS:
        break;
    }
    return false;
}

/* The node whose name a lane is. */
static uint32_t named(const struct lineage_plan *p, uint32_t lane)
{
    for (uint32_t i = 0; i < p->n_nodes; i++)
        if (id128_cmp(p->nodes[i].id, p->lanes[lane]) == 0)
            return i;
    return LP_NODES;
}

static void join_tie(const struct lineage_plan *p, struct lineage_parts *parts,
                     const struct lp_event *e)
{
    if (e->tie.kind == LINEAGE_BEARS)
        unite(p, parts, named(p, e->tie.lane), e->tie.node);
    for (uint32_t i = 0; i < p->n_events; i++) {
        const struct lp_event *other = p->events + i;
        if (other->tied && counts(p, other) && other->tie.lane == e->tie.lane &&
            !is_service(p, other->tie.node) && fits(&e->tie, &other->tie))
            unite(p, parts, e->tie.node, other->tie.node);
    }
}

struct lineage_parts lineage_oracle_most(const struct lineage_plan *p)
{
    struct lineage_parts parts = lineage_oracle_least(p);
    for (uint32_t i = 0; i < p->n_events; i++)
        if (p->events[i].tied && counts(p, p->events + i))
            join_tie(p, &parts, p->events + i);
    return parts;
}

bool lineage_parts_within(const struct lineage_plan *p, const struct lineage_parts *fine,
                          const struct lineage_parts *coarse)
{
    for (uint32_t i = 0; i < p->n_nodes; i++)
        for (uint32_t k = 0; k < i; k++)
            if (fine->of[i] == fine->of[k] && coarse->of[i] != coarse->of[k])
                return false;
    return true;
}

/* ---- incidents ---- */

/* What an alert means for one lineage: `part`. False when none of its events is there. */
static bool signal_of(const struct lineage_plan *p, const struct lineage_parts *parts,
                      uint32_t alert, uint32_t part, struct oracle_incident *out)
{
    const struct lp_alert *a = p->alerts + alert;
    uint32_t own = 0;
    for (uint32_t i = 0; i < a->n_events; i++) {
        const struct lp_event *e = p->events + a->events[i];
        if (parts->of[e->actor] != part)
            continue;
        if (!own++)
            *out = (struct oracle_incident){.part = part, .first = e->time};
        out->last = e->time;
        out->actors |= 1u << e->actor;
    }
    if (own == a->n_events)
        out->last = a->grown;
    uint32_t latest = p->events[a->events[a->n_events - 1]].actor;
    out->alerts = 1u << alert;
    out->rules = 1u << a->rule;
    out->level = lineage_plan_level(a->rule);
    out->made = parts->of[latest] == part && out->level >= LEVEL_MEDIUM;
    return own > 0;
}

static bool near(const struct oracle_incident *a, const struct oracle_incident *b)
{
    return a->part == b->part && a->first - GAP_MS <= b->last && b->first - GAP_MS <= a->last;
}

static void take_in(struct oracle_incident *a, const struct oracle_incident *b)
{
    a->first = b->first < a->first ? b->first : a->first;
    a->last = b->last > a->last ? b->last : a->last;
    a->level = b->level > a->level ? b->level : a->level;
    a->alerts |= b->alerts;
    a->actors |= b->actors;
    a->rules |= b->rules;
    a->made = a->made || b->made;
}

/* Adds a group, with all that it now touches. */
static size_t add_group(struct oracle_incident *list, size_t n, struct oracle_incident one)
{
    for (size_t i = 0; i < n;) {
        if (!near(list + i, &one)) {
            i++;
            continue;
        }
        take_in(&one, list + i);
        list[i] = list[--n];
        i = 0;
    }
    list[n] = one;
    return n + 1;
}

size_t lineage_oracle_group(const struct lineage_plan *p, const struct lineage_parts *parts,
                            struct oracle_incident *out)
{
    size_t n = 0;
    for (uint32_t a = 0; a < p->n_alerts; a++)
        for (uint32_t part = 0; part < p->n_nodes; part++) {
            struct oracle_incident one;
            if (parts->of[part] == part && signal_of(p, parts, a, part, &one))
                n = add_group(out, n, one);
        }
    return n;
}
