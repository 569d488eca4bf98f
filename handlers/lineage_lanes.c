/* Ties added to their lanes and read from them. */
#include "handlers/lineage_lanes.h"

#include <stdlib.h>

/* `what` of elements of an issue lane: the issuer's node, or the event that proves it. */
#define ISSUER 0
#define PROOF  1

/* ---- gathering ---- */

static bool find_lane(struct tying *t, struct id128 id, size_t *at)
{
    uint32_t found = lineage_map_find(&t->lane_at, id);
    if (found != LINEAGE_MAP_NONE) {
        *at = found;
        return true;
    }
    *at = t->lanes.n;
    struct lane *lane = vec_push(&t->lanes, 1);
    if (!lane || !lineage_map_add(&t->lane_at, id, (uint32_t)*at)) {
        t->lanes.n = *at;
        return false;
    }
    lane->id = id;
    for (size_t k = 0; k < LANE_KINDS; k++)
        vec_init(lane->found + k, sizeof(struct element), SIZE_MAX);
    vec_init(&lane->proofs, sizeof(struct element), SIZE_MAX);
    return true;
}

static bool gather(struct tying *t)
{
    for (size_t i = 0; i < t->l->queue.n; i++) {
        const struct proven *p = *(struct proven **)vec_at(&t->l->queue, i);
        for (uint32_t k = 0; k < p->n_ties; k++) {
            struct own_tie *own = vec_push(&t->ties, 1);
            if (!own || !find_lane(t, p->ties[k].lane, &own->lane))
                return false;
            own->tie = p->ties + k;
            own->node = p->nodes[p->ties[k].node].id;
            own->by = p;
        }
    }
    return true;
}

/* ---- adding ---- */

/* Whether ties of that kind have no time: their lanes are one bucket. */
static bool is_timeless(enum lineage_tie_kind kind)
{
    return kind == LINEAGE_BEARS || kind == LINEAGE_COPY;
}

struct element lane_element(const struct own_tie *own)
{
    struct element el = {own->tie->time_ms, ISSUER, own->node};
    if (is_timeless(own->tie->kind))
        el.time_ms = 0;
    if (own->tie->kind == LINEAGE_COPY)
        el.what = ((uint64_t)own->tie->time_ms ^ 1ull << 63) >> 8 << 8;
    return el;
}

static bool add_ties(const struct tying *t, struct err *e)
{
    struct state_add *adds = calloc(t->ties.n + 1, sizeof *adds);
    struct element *elements = calloc(2 * t->ties.n + 1, sizeof *elements);
    bool ok = (adds && elements) || lineages_no_memory(e);
    size_t n = 0;
    for (size_t i = 0; ok && i < t->ties.n; i++) {
        const struct own_tie *own = vec_at(&t->ties, i);
        struct element *el = elements + n;
        el[0] = lane_element(own);
        adds[i] = (struct state_add){lane_key(own->tie->lane, own->tie->kind),
                                     bucket_of(el[0].time_ms, LANE_BUCKET_MS), el, 1,
                                     t->l->shelf.expires_s};
        if (own->tie->kind == LINEAGE_ISSUE)
            el[adds[i].n++] = (struct element){el[0].time_ms, PROOF, own->by->event};
        n += adds[i].n;
    }
    ok = ok && lineages_add(t->l, adds, t->ties.n, e);
    free(adds);
    free(elements);
    return ok;
}

/* ---- reading ---- */

static void want(struct lane *lane, enum lineage_tie_kind kind, int64_t from_ms, int64_t to_ms)
{
    struct span_read *r = lane->ask + kind;
    if (!r->ever || from_ms < r->from_ms)
        r->from_ms = from_ms;
    if (!r->ever || to_ms > r->to_ms)
        r->to_ms = to_ms;
    r->ever = r->wanted = true;
}

/* What a tie may meet, and what those that it meets may. */
static void want_for(struct lane *lane, const struct lineage_tie *tie)
{
    int64_t t = tie->time_ms;
    switch (tie->kind) {
    case LINEAGE_ISSUE:
        want(lane, LINEAGE_USE, t - LINEAGE_SLACK_MS, t + LINEAGE_SLACK_MS);
        want(lane, LINEAGE_ONCALL, t - LINEAGE_SLACK_MS, t + LINEAGE_SLACK_MS);
        want(lane, LINEAGE_ISSUE, t - 2 * LINEAGE_SLACK_MS, t + 2 * LINEAGE_SLACK_MS);
        break;
    case LINEAGE_USE:
        want(lane, LINEAGE_ISSUE, t - LINEAGE_SLACK_MS, t + LINEAGE_SLACK_MS);
        want(lane, LINEAGE_ONCALL, t, t + LINEAGE_SESSION_MS);
        break;
    case LINEAGE_ONCALL:
        want(lane, LINEAGE_ISSUE, t - LINEAGE_SLACK_MS, t + LINEAGE_SLACK_MS);
        want(lane, LINEAGE_USE, t - LINEAGE_SESSION_MS, t);
        break;
    case LINEAGE_OF_ROLE:
        want(lane, LINEAGE_MADE, t - LINEAGE_ROLE_MS, t + LINEAGE_SLACK_MS);
        break;
    case LINEAGE_MADE:
        want(lane, LINEAGE_OF_ROLE, t - LINEAGE_SLACK_MS, t + LINEAGE_ROLE_MS);
        break;
    case LINEAGE_BEARS:
    case LINEAGE_COPY:
        want(lane, tie->kind, 0, 0);
        break;
    }
}

static int by_element(const void *a, const void *b)
{
    return element_cmp(a, b);
}

/* Takes the proofs out of the issues. */
static bool part_proofs(struct lane *lane)
{
    struct vec *issues = lane->found + LINEAGE_ISSUE;
    struct element *list = issues->p;
    size_t kept = 0;
    for (size_t i = 0; i < issues->n; i++) {
        if (list[i].what != PROOF) {
            list[kept++] = list[i];
            continue;
        }
        struct element *to = vec_push(&lane->proofs, 1);
        if (!to)
            return false;
        *to = list[i];
    }
    issues->n = kept;
    return true;
}

/* Puts what was read into order. */
static bool sort_found(struct lane *lane)
{
    for (size_t k = 0; k < LANE_KINDS; k++)
        if (lane->found[k].n > 1)
            qsort(lane->found[k].p, lane->found[k].n, sizeof(struct element), by_element);
    return part_proofs(lane);
}

/* Reads what is wanted, and wants nothing any more. */
static bool read_lanes(const struct tying *t, struct err *e)
{
    struct vec reads;
    bool ok = true;
    vec_init(&reads, sizeof(struct state_read), SIZE_MAX);
    for (size_t i = 0; i < t->lanes.n && ok; i++) {
        struct lane *lane = lane_of(t, i);
        for (unsigned k = 0; k < LANE_KINDS && ok; k++) {
            struct span_read *ask = lane->ask + k;
            struct state_read *r = ask->wanted ? vec_push(&reads, 1) : NULL;
            ok = r || !ask->wanted;
            if (r)
                *r = (struct state_read){lane_key(lane->id, (enum lineage_tie_kind)k),
                                         bucket_of(ask->from_ms, LANE_BUCKET_MS),
                                         bucket_of(ask->to_ms, LANE_BUCKET_MS), lane->found + k};
            ask->wanted = false;
        }
    }
    ok = ok ? reads.n == 0 || t->l->state.read(t->l->state.self, reads.p, reads.n, e)
            : lineages_no_memory(e);
    vec_release(&reads);
    for (size_t i = 0; i < t->lanes.n && ok; i++)
        ok = sort_found(lane_of(t, i)) || lineages_no_memory(e);
    return ok;
}

struct lane_range lane_within(const struct lane *lane, enum lineage_tie_kind kind, int64_t from_ms,
                              int64_t to_ms)
{
    const struct vec *v = lane->found + kind;
    struct lane_range r = {v->p, v->p};
    if (v->n == 0)
        return r;
    const struct element *end = r.first + v->n;
    while (r.first < end && r.first->time_ms < from_ms)
        r.first++;
    for (r.end = r.first; r.end < end && r.end->time_ms <= to_ms;)
        r.end++;
    return r;
}

/* Of a call in a session's name all sessions count that may have been alive at it; when the call
 * was there first, they are only now known to matter. */
static bool read_rivals(const struct tying *t, struct err *e)
{
    bool any = false;
    for (size_t i = 0; i < t->ties.n; i++) {
        const struct own_tie *own = vec_at(&t->ties, i);
        struct lane *lane = lane_of(t, own->lane);
        if (own->tie->kind != LINEAGE_USE)
            continue;
        struct lane_range calls = lane_within(lane, LINEAGE_ONCALL, own->tie->time_ms,
                                              own->tie->time_ms + LINEAGE_SESSION_MS);
        if (calls.first == calls.end)
            continue;
        want(lane, LINEAGE_USE, calls.first->time_ms - LINEAGE_SESSION_MS, calls.end[-1].time_ms);
        lane->found[LINEAGE_USE].n = 0; /* part of what is read now */
        any = true;
    }
    return !any || read_lanes(t, e);
}

static void wish(const struct tying *t)
{
    for (size_t i = 0; i < t->ties.n; i++) {
        const struct own_tie *own = vec_at(&t->ties, i);
        want_for(lane_of(t, own->lane), own->tie);
    }
}

/* ---- in all ---- */

bool lanes_init(struct tying *t, struct lineages *l, struct err *e)
{
    *t = (struct tying){.l = l};
    vec_init(&t->ties, sizeof(struct own_tie), SIZE_MAX);
    vec_init(&t->lanes, sizeof(struct lane), SIZE_MAX);
    vec_init(&t->edges, sizeof(struct edge), SIZE_MAX);
    lineage_map_init(&t->lane_at, SHELF_NODES_MAX);
    if (!gather(t))
        return lineages_no_memory(e);
    if (t->ties.n == 0)
        return true;
    wish(t);
    return add_ties(t, e) && read_lanes(t, e) && read_rivals(t, e);
}

void lanes_release(struct tying *t)
{
    for (size_t i = 0; i < t->lanes.n; i++) {
        for (size_t k = 0; k < LANE_KINDS; k++)
            vec_release(lane_of(t, i)->found + k);
        vec_release(&lane_of(t, i)->proofs);
    }
    vec_release(&t->ties);
    vec_release(&t->lanes);
    vec_release(&t->edges);
    lineage_map_release(&t->lane_at);
}
