/* Ties: added to their lanes, met by those of other deliveries, and what follows from it. What the
 * kinds mean is respond/lineage_graph.h's; here the answer is of what is there when it is read. */
#include <stdlib.h>

#include "handlers/lineage_work.h"

#define KINDS (LINEAGE_COPY + 1)
/* `what` of elements of an issue lane: the issuer's node, or the event that proves it. */
#define ISSUER 0
#define PROOF  1

/* What of a lane is to be read. */
struct span_read {
    int64_t from_ms, to_ms;
    bool ever, wanted; /* it was wanted once; it is to be read now */
};

struct lane {
    struct id128 id;
    struct span_read ask[KINDS];
    struct vec found[KINDS]; /* struct element, sorted; of issues without proofs */
    struct vec proofs;
};

/* A tie of this delivery. */
struct own_tie {
    const struct lineage_tie *tie;
    struct id128 node;
    const struct proven *by;
    size_t lane;
};

struct tying {
    struct lineages *l;
    struct vec ties;  /* struct own_tie */
    struct vec lanes; /* struct lane */
    struct lineage_map lane_at;
    struct vec edges; /* struct edge */
};

/* ---- gathering ---------------------------------------------------------------------------------
 */

static struct lane *lane_of(const struct tying *t, size_t i)
{
    return vec_at(&t->lanes, i);
}

static bool find_lane(struct tying *t, struct id128 id, size_t *at)
{
    uint32_t found = lineage_map_find(&t->lane_at, id);
    if (found != LINEAGE_MAP_NONE) {
        *at = found;
        return true;
    }
    *at = t->lanes.n;
    struct lane *lane = vec_push(&t->lanes, 1);
    if (!lane || !lineage_map_add(&t->lane_at, id, (uint32_t)*at))
        return false;
    lane->id = id;
    for (size_t k = 0; k < KINDS; k++)
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

/* ---- adding ------------------------------------------------------------------------------------
 */

/* Whether ties of that kind have no time: their lanes are one bucket. */
static bool is_timeless(enum lineage_tie_kind kind)
{
    return kind == LINEAGE_BEARS || kind == LINEAGE_COPY;
}

/* The element of a tie. That of a copy tells its account, in order as the tie's time is. */
static struct element element_of(const struct own_tie *own)
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
        el[0] = element_of(own);
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

/* ---- reading -----------------------------------------------------------------------------------
 */

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
    for (size_t k = 0; k < KINDS; k++)
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
        for (unsigned k = 0; k < KINDS && ok; k++) {
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

/* Elements of one kind within a time, both ends included. */
struct range {
    const struct element *first, *end;
};

static struct range within(const struct lane *lane, enum lineage_tie_kind kind, int64_t from_ms,
                           int64_t to_ms)
{
    const struct vec *v = lane->found + kind;
    struct range r = {v->p, v->p};
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
        struct range calls =
            within(lane, LINEAGE_ONCALL, own->tie->time_ms, own->tie->time_ms + LINEAGE_SESSION_MS);
        if (calls.first == calls.end)
            continue;
        want(lane, LINEAGE_USE, calls.first->time_ms - LINEAGE_SESSION_MS, calls.end[-1].time_ms);
        lane->found[LINEAGE_USE].n = 0; /* part of what is read now */
        any = true;
    }
    return !any || read_lanes(t, e);
}

/* ---- what follows ------------------------------------------------------------------------------
 */

static bool put_edge(struct tying *t, const struct edge *ed, struct err *e)
{
    struct edge *to = vec_push(&t->edges, 1);
    if (to)
        *to = *ed;
    return to || lineages_no_memory(e);
}

/* The event that proves an issue of that time: the one whose id comes first. */
static struct id128 proof_of(const struct lane *lane, int64_t time_ms, const struct proven *by)
{
    const struct element *list = lane->proofs.p;
    for (size_t i = 0; i < lane->proofs.n; i++)
        if (list[i].time_ms == time_ms)
            return list[i].event;
    return by->event;
}

/* The issues at a session's birth: of that second, else of the nearest within two. */
static struct range issues_at(const struct lane *lane, int64_t time_ms)
{
    struct range r = {NULL, NULL};
    for (int64_t d = 0; d <= LINEAGE_SLACK_MS && r.first == r.end; d += 1000) {
        r = within(lane, LINEAGE_ISSUE, time_ms - d, time_ms - d);
        if (r.first == r.end)
            r = within(lane, LINEAGE_ISSUE, time_ms + d, time_ms + d);
    }
    return r;
}

/* Whether all issuers are one lineage, and none a service. */
static bool are_one(struct tying *t, struct range issues, bool *one, struct err *e)
{
    struct shelf *s = &t->l->shelf;
    const struct held *root = NULL;
    *one = true;
    for (const struct element *i = issues.first; i < issues.end; i++) {
        const struct held *r = shelf_root(s, i->event, e);
        if (!r)
            return false;
        *one = *one && (!root || r == root) && shelf_at(s, i->event)->item.kind != LINEAGE_SERVICE;
        root = r;
    }
    return true;
}

static bool tie_use(struct tying *t, const struct lane *lane, const struct element *use,
                    const struct proven *by, struct err *e)
{
    struct range r = issues_at(lane, use->time_ms);
    bool one;
    if (!are_one(t, r, &one, e))
        return false;
    for (const struct element *i = r.first; i < r.end; i++) {
        const struct edge ed = {.from = i->event,
                                .to = use->event,
                                .type = LINK_ISSUED,
                                .strength = one ? LINK_STRONG : LINK_WEAK,
                                .time_ms = i->time_ms,
                                .event = proof_of(lane, i->time_ms, by)};
        if (!put_edge(t, &ed, e))
            return false;
    }
    return true;
}

/* A call in a session's name belongs to the one session of its lane that can have been alive. */
static bool tie_call(struct tying *t, const struct lane *lane, const struct element *call,
                     const struct proven *by, struct err *e)
{
    struct range r = within(lane, LINEAGE_USE, call->time_ms - LINEAGE_SESSION_MS, call->time_ms);
    for (const struct element *i = r.first; i < r.end; i++)
        if (id128_cmp(i->event, call->event) == 0 || id128_cmp(i->event, r.first->event) != 0)
            return true;
    if (r.first == r.end)
        return true;
    const struct edge ed = {.from = r.first->event,
                            .to = call->event,
                            .type = LINK_SAME_CALL,
                            .strength = LINK_STRONG,
                            .time_ms = r.first->time_ms,
                            .event = by->event};
    return put_edge(t, &ed, e);
}

static bool tie_role(struct tying *t, struct id128 role, const struct element *session,
                     const struct proven *by, struct err *e)
{
    const struct edge ed = {.from = role,
                            .to = session->event,
                            .type = LINK_SESSION_OF,
                            .strength = LINK_STRONG,
                            .time_ms = session->time_ms,
                            .event = by->event};
    return put_edge(t, &ed, e);
}

/* The lane is the name's node; it stands for its bearer while there is one. */
static bool tie_name(struct tying *t, const struct lane *lane, const struct proven *by,
                     struct err *e)
{
    struct range r = within(lane, LINEAGE_BEARS, 0, 0);
    for (const struct element *i = r.first; i < r.end; i++)
        if (id128_cmp(i->event, r.first->event) != 0)
            return true;
    if (r.first == r.end)
        return true;
    const struct edge ed = {.from = lane->id,
                            .to = r.first->event,
                            .type = LINK_NAMED,
                            .strength = LINK_STRONG,
                            .time_ms = by->time_ms,
                            .event = by->event};
    return put_edge(t, &ed, e);
}

static bool tie_copies(struct tying *t, const struct lane *lane, const struct proven *by,
                       struct err *e)
{
    struct range r = within(lane, LINEAGE_COPY, 0, 0);
    for (const struct element *i = r.first; i < r.end; i++) {
        const struct edge ed = {.from = r.first->event,
                                .to = i->event,
                                .type = LINK_SAME_CALL,
                                .strength = LINK_STRONG,
                                .time_ms = by->time_ms,
                                .event = by->event};
        if (i->what != r.first->what && id128_cmp(ed.from, ed.to) != 0 && !put_edge(t, &ed, e))
            return false;
    }
    return true;
}

/* Calls fn for each element of a kind within a time. */
typedef bool (*tie_fn)(struct tying *t, const struct lane *lane, const struct element *el,
                       const struct proven *by, struct err *e);

static bool tie_each(struct tying *t, const struct own_tie *own, enum lineage_tie_kind kind,
                     int64_t before_ms, int64_t after_ms, tie_fn fn, struct err *e)
{
    const struct lane *lane = lane_of(t, own->lane);
    int64_t at = own->tie->time_ms;
    struct range r = within(lane, kind, at - before_ms, at + after_ms);
    for (const struct element *i = r.first; i < r.end; i++)
        if (!fn(t, lane, i, own->by, e))
            return false;
    return true;
}

static bool tie_made(struct tying *t, const struct own_tie *own, struct err *e)
{
    struct range r =
        within(lane_of(t, own->lane), LINEAGE_OF_ROLE, own->tie->time_ms - LINEAGE_SLACK_MS,
               own->tie->time_ms + LINEAGE_ROLE_MS);
    for (const struct element *i = r.first; i < r.end; i++)
        if (!tie_role(t, own->node, i, own->by, e))
            return false;
    return true;
}

static bool tie_of_role(struct tying *t, const struct own_tie *own, struct err *e)
{
    const struct element session = element_of(own);
    struct range r =
        within(lane_of(t, own->lane), LINEAGE_MADE, own->tie->time_ms - LINEAGE_ROLE_MS,
               own->tie->time_ms + LINEAGE_SLACK_MS);
    for (const struct element *i = r.first; i < r.end; i++)
        if (!tie_role(t, i->event, &session, own->by, e))
            return false;
    return true;
}

static bool resolve(struct tying *t, const struct own_tie *own, struct err *e)
{
    const struct lane *lane = lane_of(t, own->lane);
    const struct element el = element_of(own);
    switch (own->tie->kind) {
    case LINEAGE_ISSUE:
        return tie_each(t, own, LINEAGE_USE, LINEAGE_SLACK_MS, LINEAGE_SLACK_MS, tie_use, e) &&
               tie_each(t, own, LINEAGE_ONCALL, LINEAGE_SLACK_MS, LINEAGE_SLACK_MS, tie_use, e);
    case LINEAGE_USE:
        return tie_use(t, lane, &el, own->by, e) &&
               tie_each(t, own, LINEAGE_ONCALL, 0, LINEAGE_SESSION_MS, tie_call, e);
    case LINEAGE_ONCALL:
        return tie_use(t, lane, &el, own->by, e) && tie_call(t, lane, &el, own->by, e);
    case LINEAGE_OF_ROLE:
        return tie_of_role(t, own, e);
    case LINEAGE_MADE:
        return tie_made(t, own, e);
    case LINEAGE_BEARS:
        return tie_name(t, lane, own->by, e);
    case LINEAGE_COPY:
        return tie_copies(t, lane, own->by, e);
    }
    return true;
}

/* Again as long as something joined: two issuers may only then turn out to be one. */
static bool resolve_all(struct tying *t, struct err *e)
{
    struct vec names;
    bool ok = true, joined = true;
    vec_init(&names, sizeof(struct lineage_node), SIZE_MAX);
    for (unsigned pass = 0; ok && joined && pass < LINEAGE_PASSES_MAX; pass++) {
        t->edges.n = 0;
        for (size_t i = 0; i < t->ties.n && ok; i++)
            ok = resolve(t, vec_at(&t->ties, i), e);
        joined = false;
        ok = ok && (t->edges.n == 0 || lineages_write(t->l, &t->edges, &names, &joined, e));
    }
    return ok;
}

static void wish(const struct tying *t)
{
    for (size_t i = 0; i < t->ties.n; i++) {
        const struct own_tie *own = vec_at(&t->ties, i);
        want_for(lane_of(t, own->lane), own->tie);
    }
}

static void tying_release(struct tying *t)
{
    for (size_t i = 0; i < t->lanes.n; i++) {
        for (size_t k = 0; k < KINDS; k++)
            vec_release(lane_of(t, i)->found + k);
        vec_release(&lane_of(t, i)->proofs);
    }
    vec_release(&t->ties);
    vec_release(&t->lanes);
    vec_release(&t->edges);
    lineage_map_release(&t->lane_at);
}

bool lineages_tie(struct lineages *l, struct err *e)
{
    struct tying t = {.l = l};
    vec_init(&t.ties, sizeof(struct own_tie), SIZE_MAX);
    vec_init(&t.lanes, sizeof(struct lane), SIZE_MAX);
    vec_init(&t.edges, sizeof(struct edge), SIZE_MAX);
    lineage_map_init(&t.lane_at, SHELF_NODES_MAX);
    bool ok = gather(&t) || lineages_no_memory(e);
    if (ok && t.ties.n) {
        wish(&t);
        ok = add_ties(&t, e) && read_lanes(&t, e) && read_rivals(&t, e) && resolve_all(&t, e);
    }
    tying_release(&t);
    return ok;
}
