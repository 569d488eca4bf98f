/* Whom to contain: who acted in an alert or incident, and whom the same hand made and became. */
#include <stdlib.h>

#include "handlers/contain_work.h"

/* Identities looked at for one alert. */
#define WALK_MAX 128
/* Clocks of AWS's services and ours differ; what is further ahead no rail lets pass. */
#define AHEAD_MS (15 * 60 * 1000LL)

/* ---- lists ---- */

static bool is_same(const struct subject *x, const struct subject *y)
{
    struct state_key a = contain_key(x), b = contain_key(y);
    return memcmp(&a, &b, sizeof a) == 0;
}

/* Whoever was made belongs to nobody else: that decides over how else he was met. */
static void add(struct contain_targets *out, const struct subject *s, enum contain_how how)
{
    for (size_t i = 0; i < out->n; i++)
        if (subject_can(&out->list[i].subject) && is_same(&out->list[i].subject, s)) {
            if (how == CONTAIN_MADE && out->list[i].how == CONTAIN_ASSUMED)
                out->list[i].how = how;
            return;
        }
    if (out->n == CONTAIN_SUBJECTS_MAX) {
        out->cut = true;
        return;
    }
    out->list[out->n++] = (struct contain_target){*s, how};
}

/* ---- down the lineage ---- */

struct following {
    const struct lineage_walk *walk;
    bool *reached;          /* by node */
    enum contain_how *hows; /* the same */
};

static size_t position_of(const struct lineage_walk *w, struct id128 id)
{
    for (size_t i = 0; i < w->nodes.n; i++) {
        const struct lineage_seen_node *n = vec_at(&w->nodes, i);
        if (id128_cmp(n->id, id) == 0)
            return i;
    }
    return SIZE_MAX;
}

/* Whether whoever is at the end of the link is the same hand's, and how. What a key that he made
 * signed belongs to its user, who may be a victim; a key that he was issued is his session's. */
static bool follows(const struct following *f, const struct lineage_seen_link *l, size_t from,
                    enum contain_how *how)
{
    const struct lineage_seen_node *n = vec_at(&f->walk->nodes, from);
    *how = f->hows[from];
    if (l->strength == LINK_WEAK)
        return false;
    switch (l->type) {
    case LINK_CREATED:
        *how = CONTAIN_MADE;
        return true;
    case LINK_ISSUED:
    case LINK_SIGNED_IN:
        *how = CONTAIN_ASSUMED;
        return true;
    case LINK_KEY_OF:
        return n->kind == LINEAGE_KEY && !subject_key_is_long_term(n->name);
    case LINK_NAMED:
        return true;
    default:
        return false;
    }
}

/* One round over the links; whether anybody was reached. */
static bool reach(struct following *f)
{
    bool news = false;
    for (size_t i = 0; i < f->walk->links.n; i++) {
        const struct lineage_seen_link *l = vec_at(&f->walk->links, i);
        size_t from = position_of(f->walk, l->from), to = position_of(f->walk, l->to);
        enum contain_how how;
        if (from == SIZE_MAX || to == SIZE_MAX || !f->reached[from] || f->reached[to] ||
            !follows(f, l, from, &how))
            continue;
        f->reached[to] = true;
        f->hows[to] = how;
        news = true;
    }
    return news;
}

/* A key that was issued to him for a role's session names the role, which may have done nothing yet
 * that anybody was told of. */
static void add_assumed(const struct lineage_seen_node *n, struct contain_targets *out)
{
    struct subject s;
    subject_of_arn(n->session, &s);
    if (subject_can(&s))
        add(out, &s, CONTAIN_ASSUMED);
}

static bool is_root(const struct lineage_ask *ask, struct id128 id)
{
    size_t i = 0;
    while (i < ask->n && id128_cmp(ask->nodes[i], id) != 0)
        i++;
    return i < ask->n;
}

/* Adds those that were reached and can be contained; and, with `roots`, those that were asked for
 * and cannot: what is left to do by hand has to be said. */
static void add_reached(const struct following *f, const struct lineage_ask *ask, bool roots,
                        struct str partition, struct contain_targets *out)
{
    for (size_t i = 0; i < f->walk->nodes.n; i++) {
        const struct lineage_seen_node *n = vec_at(&f->walk->nodes, i);
        struct subject s;
        if (!f->reached[i])
            continue;
        subject_of_node(n->kind, n->name, n->account, partition, &s);
        if (subject_can(&s) || (roots && is_root(ask, n->id)))
            add(out, &s, f->hows[i]);
        if (n->kind == LINEAGE_KEY && n->session.n)
            add_assumed(n, out);
    }
}

static bool follow(const struct lineage_walk *w, const struct lineage_ask *ask, bool roots,
                   struct str partition, struct contain_targets *out, struct err *e)
{
    struct following f = {.walk = w,
                          .reached = calloc(w->nodes.n + 1, sizeof *f.reached),
                          .hows = calloc(w->nodes.n + 1, sizeof *f.hows)};
    bool ok = f.reached && f.hows;
    for (size_t i = 0; ok && i < ask->n; i++) {
        size_t at = position_of(w, ask->nodes[i]);
        if (at != SIZE_MAX)
            f.reached[at] = true;
    }
    while (ok && reach(&f))
        ;
    if (ok)
        add_reached(&f, ask, roots, partition, out);
    free(f.reached);
    free(f.hows);
    return ok || contain_no_memory(e);
}

static bool walk_down(struct container *c, const struct lineage_ask *ask, bool roots,
                      struct contain_targets *out, struct err *e)
{
    struct lineage_walk w;
    lineage_walk_init(&w);
    bool ok = c->calls.walk(c->calls.to, ask, &c->memory, &w, e) &&
              follow(&w, ask, roots, c->own.partition, out, e);
    out->cut = out->cut || w.cut;
    lineage_walk_release(&w);
    return ok;
}

bool contain_gather(struct container *c, const struct contain_cause *cause,
                    struct contain_targets *out, struct err *e)
{
    const struct lineage_ask ask = {.nodes = &cause->node,
                                    .n = 1,
                                    .from_ms = cause->since_ms,
                                    .until_ms = contain_now(c) + AHEAD_MS,
                                    .max = WALK_MAX};
    bool known = cause->node.hi || cause->node.lo;
    return !c->calls.walk || !known || cause->since_ms == INT64_MIN ||
           walk_down(c, &ask, false, out, e);
}

/* ---- incidents ---- */

bool contain_gather_incident(struct container *c, const struct contain_order *order,
                             struct contain_targets *out, struct err *e)
{
    const struct incident_record *r = order->record;
    struct id128 *nodes = arena_array(&c->memory, (size_t)r->n_signals + 1, sizeof *nodes);
    struct lineage_ask ask = {.nodes = nodes,
                              .from_ms = r->first_ms,
                              .until_ms = contain_now(c) + AHEAD_MS,
                              .max = WALK_MAX};
    if (!nodes)
        return contain_no_memory(e);
    if (!c->calls.walk)
        return err_set(e, ERR_USAGE, "without lineages nobody knows who acted in an incident");
    for (uint32_t i = 0; i < r->n_signals; i++) {
        bool known = false;
        for (size_t k = 0; k < ask.n; k++)
            known = known || id128_cmp(nodes[k], r->signals[i].actor) == 0;
        if (!known)
            nodes[ask.n++] = r->signals[i].actor;
    }
    return walk_down(c, &ask, true, out, e);
}
