/* What follows from ties that meet. What the kinds mean is respond/lineage_graph.h's; here the
 * answer is of what is there when it is read. */
#include "handlers/lineage_lanes.h"

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
static struct lane_range issues_at(const struct lane *lane, int64_t time_ms)
{
    struct lane_range r = {NULL, NULL};
    for (int64_t d = 0; d <= LINEAGE_SLACK_MS && r.first == r.end; d += 1000) {
        r = lane_within(lane, LINEAGE_ISSUE, time_ms - d, time_ms - d);
        if (r.first == r.end)
            r = lane_within(lane, LINEAGE_ISSUE, time_ms + d, time_ms + d);
    }
    return r;
}

/* Whether all issuers are one lineage, and none a service. */
static bool are_one(struct tying *t, struct lane_range issues, bool *one, struct err *e)
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
    struct lane_range r = issues_at(lane, use->time_ms);
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
    struct lane_range r =
        lane_within(lane, LINEAGE_USE, call->time_ms - LINEAGE_SESSION_MS, call->time_ms);
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
    struct lane_range r = lane_within(lane, LINEAGE_BEARS, 0, 0);
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
    struct lane_range r = lane_within(lane, LINEAGE_COPY, 0, 0);
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
    struct lane_range r = lane_within(lane, kind, at - before_ms, at + after_ms);
    for (const struct element *i = r.first; i < r.end; i++)
        if (!fn(t, lane, i, own->by, e))
            return false;
    return true;
}

static bool tie_made(struct tying *t, const struct own_tie *own, struct err *e)
{
    struct lane_range r =
        lane_within(lane_of(t, own->lane), LINEAGE_OF_ROLE, own->tie->time_ms - LINEAGE_SLACK_MS,
                    own->tie->time_ms + LINEAGE_ROLE_MS);
    for (const struct element *i = r.first; i < r.end; i++)
        if (!tie_role(t, own->node, i, own->by, e))
            return false;
    return true;
}

static bool tie_of_role(struct tying *t, const struct own_tie *own, struct err *e)
{
    const struct element session = lane_element(own);
    struct lane_range r =
        lane_within(lane_of(t, own->lane), LINEAGE_MADE, own->tie->time_ms - LINEAGE_ROLE_MS,
                    own->tie->time_ms + LINEAGE_SLACK_MS);
    for (const struct element *i = r.first; i < r.end; i++)
        if (!tie_role(t, i->event, &session, own->by, e))
            return false;
    return true;
}

static bool resolve(struct tying *t, const struct own_tie *own, struct err *e)
{
    const struct lane *lane = lane_of(t, own->lane);
    const struct element el = lane_element(own);
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

bool lineages_tie(struct lineages *l, struct err *e)
{
    struct tying t;
    bool ok = lanes_init(&t, l, e) && (t.ties.n == 0 || resolve_all(&t, e));
    lanes_release(&t);
    return ok;
}
