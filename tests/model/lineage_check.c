/* Roots against the oracle's lineages, records against its groups, messages against records. */
#include "tests/model/lineage_check.h"

#include <stdarg.h>

#include "tests/model/lineage_oracle.h"
#include "tests/model/lineage_state.h"

/* What the state says of all of a plan's nodes. */
struct picture {
    struct lineage_of of[LP_NODES];
    struct lineage_parts parts; /* by roots */
};

static const struct lineage_said *said_at(const struct lineage_world *w, size_t i)
{
    return vec_at(&w->said, i);
}

static bool same_id(const unsigned char *a, const unsigned char *b)
{
    return memcmp(a, b, INCIDENT_ID_BYTES) == 0;
}

static bool is_joined(const unsigned char *id, const unsigned char (*joined)[INCIDENT_ID_BYTES],
                      uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (same_id(joined[i], id))
            return true;
    return false;
}

/* Whether the record is the incident of that id, or has taken it in. */
static bool bears(const struct incident_record *r, const unsigned char *id)
{
    return r->made &&
           (same_id(r->id, id) ||
            is_joined(id, (const unsigned char(*)[INCIDENT_ID_BYTES])r->joined, r->n_joined));
}

/* ---- lineages ---- */

static void check_way(struct lineage_world *w, uint32_t node, const struct lineage_of *l)
{
    if (l->steps > w->stage.sums->longest)
        w->stage.sums->longest = l->steps;
    if (l->steps > WAY_MAX)
        buf_putf(w->faults, "node %u: the way to its root does not end\n", node);
    else if (l->root == LP_NODES)
        buf_putf(w->faults, "node %u: its root is nobody\n", node);
}

static void check_parts(struct lineage_world *w, const struct lineage_parts *got)
{
    struct lineage_parts least = lineage_oracle_least(&w->plan);
    struct lineage_parts most = lineage_oracle_most(&w->plan);
    bool fine = lineage_parts_within(&w->plan, w->plan.exact ? &most : &least, got) &&
                lineage_parts_within(&w->plan, got, &most);
    if (fine)
        return;
    buf_putz(w->faults, "lineages are");
    for (uint32_t i = 0; i < w->plan.n_nodes; i++)
        buf_putf(w->faults, " %u", got->of[i]);
    buf_putz(w->faults, ", should be");
    for (uint32_t i = 0; i < w->plan.n_nodes; i++)
        buf_putf(w->faults, " %u..%u", w->plan.exact ? most.of[i] : least.of[i], most.of[i]);
    buf_putc(w->faults, '\n');
}

/* The first node of each lineage stands for it, as in the oracle. */
static void name_parts(const struct lineage_world *w, struct picture *pic)
{
    for (uint32_t i = w->plan.n_nodes; i-- > 0;)
        for (uint32_t k = 0; k < w->plan.n_nodes; k++)
            if (pic->of[k].root == pic->of[i].root)
                pic->parts.of[k] = i;
}

/* ---- records ---- */

/* Whether records must be the groups exactly. Who dies in the middle of a move, and when he comes
 * again finds that a tie has two answers by now, leaves records with a lineage that they are not
 * of. */
static bool is_strict(const struct lineage_world *w)
{
    return w->plan.exact || !w->broken;
}

static bool is_group(const struct lineage_world *w, const struct incident_record *r,
                     const struct oracle_incident *o)
{
    uint32_t alerts = lineage_alerts_of(r);
    if (is_strict(w))
        return r->first_ms == o->first && r->last_ms == o->last && alerts == o->alerts;
    return r->first_ms <= o->first && r->last_ms >= o->last && (alerts & o->alerts) == o->alerts;
}

static const struct incident_record *record_of(const struct lineage_world *w,
                                               const struct lineage_of *l,
                                               const struct oracle_incident *o)
{
    for (size_t i = 0; i < l->item.book.list.n; i++)
        if (is_group(w, book_at(&l->item.book, i), o))
            return book_at(&l->item.book, i);
    return NULL;
}

/* Whether the newest message of a record says all that is there. */
static bool says_all(const struct lineage_said *s, const struct incident_record *r)
{
    bool all = s->level == r->level && s->tactics == r->tactics && s->n_actors == r->n_actors;
    for (uint32_t i = 0; i < r->n_joined && all; i++)
        all = is_joined(r->joined[i], s->joined, s->n_joined);
    return all;
}

static bool is_told(const struct lineage_world *w, const struct incident_record *r)
{
    for (size_t i = 0; i < w->said.n; i++) {
        const struct lineage_said *s = said_at(w, i);
        if (same_id(s->id, r->id) && s->updates + 1 == r->due && says_all(s, r))
            return true;
    }
    return false;
}

static void check_record(struct lineage_world *w, const struct incident_record *r,
                         const struct oracle_incident *o)
{
    w->stage.sums->joins += r->n_joined;
    w->stage.sums->episodes += r->made;
    if (o->made ? !r->made : is_strict(w) && r->made)
        buf_putf(w->faults, "lineage %u at %lld h: an incident is %s\n", o->part,
                 (long long)(o->first / LP_HOUR_MS), r->made ? "made of nothing" : "missing");
    if (is_strict(w) && r->level != o->level)
        buf_putf(w->faults, "lineage %u at %lld h: the level is wrong\n", o->part,
                 (long long)(o->first / LP_HOUR_MS));
    if (r->made && (r->told != r->due || !is_told(w, r)))
        buf_putf(w->faults, "lineage %u at %lld h: message %u of the incident was never told\n",
                 o->part, (long long)(o->first / LP_HOUR_MS), r->due);
}

static void put_missing(struct lineage_world *w, const struct lineage_of *l,
                        const struct oracle_incident *o)
{
    buf_putf(w->faults, "lineage %u: no record is [%lld, %lld] h, alerts %x; but", o->part,
             (long long)(o->first / LP_HOUR_MS), (long long)(o->last / LP_HOUR_MS), o->alerts);
    for (size_t i = 0; i < l->item.book.list.n; i++) {
        const struct incident_record *r = book_at(&l->item.book, i);
        buf_putf(w->faults, " [%lld, %lld] %x", (long long)(r->first_ms / LP_HOUR_MS),
                 (long long)(r->last_ms / LP_HOUR_MS), lineage_alerts_of(r));
    }
    buf_putc(w->faults, '\n');
}

static void check_records(struct lineage_world *w, struct picture *pic)
{
    struct oracle_incident list[LP_ALERTS * LP_EVIDENCE];
    size_t n = lineage_oracle_group(&w->plan, &pic->parts, list);
    size_t there = 0;
    for (size_t i = 0; i < n; i++) {
        const struct incident_record *r = record_of(w, pic->of + list[i].part, list + i);
        if (r)
            check_record(w, r, list + i);
        else
            put_missing(w, pic->of + list[i].part, list + i);
    }
    for (uint32_t i = 0; i < w->plan.n_nodes; i++)
        there += pic->parts.of[i] == i ? pic->of[i].item.book.list.n : 0;
    if (is_strict(w) && there != n)
        buf_putf(w->faults, "%zu records instead of %zu\n", there, n);
}

/* ---- messages ---- */

/* The one record of all lineages that bears the id; *n: how many do. */
static const struct incident_record *
bearer(const struct lineage_world *w, const struct picture *pic, const unsigned char *id, size_t *n)
{
    const struct incident_record *found = NULL;
    *n = 0;
    for (uint32_t i = 0; i < w->plan.n_nodes; i++)
        for (size_t k = 0; pic->parts.of[i] == i && k < pic->of[i].item.book.list.n; k++) {
            const struct incident_record *r = book_at(&pic->of[i].item.book, k);
            if (!bears(r, id))
                continue;
            found = r;
            ++*n;
        }
    return found;
}

static bool names_as_joined(const struct lineage_world *w, const unsigned char *survivor,
                            const unsigned char *id)
{
    for (size_t i = 0; i < w->said.n; i++) {
        const struct lineage_said *s = said_at(w, i);
        if (same_id(s->id, survivor) && is_joined(id, s->joined, s->n_joined))
            return true;
    }
    return false;
}

static void check_message(struct lineage_world *w, const struct picture *pic, size_t i)
{
    const struct lineage_said *s = said_at(w, i);
    size_t n;
    const struct incident_record *r = bearer(w, pic, s->id, &n);
    if (is_strict(w) ? n != 1 : n < 1) {
        buf_putf(w->faults, "the incident of a message is known %zu times\n", n);
        return;
    }
    if (is_strict(w) && s->alerts & ~lineage_alerts_of(r))
        buf_putz(w->faults, "a message names alerts that its incident does not have\n");
    if (!same_id(r->id, s->id) && !names_as_joined(w, r->id, s->id))
        buf_putz(w->faults, "an incident that was told joined another, and nobody said so\n");
    for (size_t k = 0; k < i; k++)
        if (same_id(said_at(w, k)->id, s->id) && said_at(w, k)->updates == s->updates) {
            w->stage.sums->repeats++;
            return;
        }
}

/* Whoever has the id of a message finds its incident. */
static bool check_found(struct lineage_world *w, struct lineages *l, size_t i, struct err *e)
{
    struct found_incident found;
    struct arena memory;
    arena_init(&memory, SIZE_MAX);
    bool ok = lineages_find(l, said_at(w, i)->id, &memory, &found, e);
    if (ok && (!found.record || !bears(found.record, said_at(w, i)->id)))
        buf_putz(w->faults, "an incident is not found by its id\n");
    arena_release(&memory);
    return ok;
}

static bool check_listed(struct lineage_world *w, struct lineages *l, struct err *e)
{
    struct vec all;
    vec_init(&all, sizeof(struct listed_incident), SIZE_MAX);
    bool ok = lineages_list(l, -LP_HOUR_MS, 2 * LP_HOURS * LP_HOUR_MS, &all, e);
    for (size_t i = 0; ok && i < w->said.n; i++) {
        size_t n = 0;
        for (size_t k = 0; k < all.n; k++)
            n += same_id(((struct listed_incident *)vec_at(&all, k))->id, said_at(w, i)->id);
        if (n != 1)
            buf_putf(w->faults, "an incident that was told is listed %zu times\n", n);
    }
    vec_release(&all);
    return ok;
}

static bool check_registry(struct lineage_world *w, struct err *e)
{
    struct lineages_config cfg = {.rules = w->rules, .memory_ms = INT64_MAX / 4};
    struct lineages *l =
        lineages_new(&cfg, &w->stage.state, (struct lineages_calls){.to = NULL}, e);
    bool ok = l && check_listed(w, l, e);
    for (size_t i = 0; ok && i < w->said.n; i++)
        ok = check_found(w, l, i, e);
    lineages_free(l);
    return ok;
}

/* ---- the whole ---- */

static bool take_picture(struct lineage_world *w, struct picture *pic, struct err *e)
{
    for (uint32_t i = 0; i < w->plan.n_nodes; i++)
        if (!lineage_of_node(w, i, pic->of + i, e))
            return false;
    return true;
}

bool lineage_check_end(struct lineage_world *w, struct err *e)
{
    struct picture pic = {.parts = {{0}}};
    bool ok = take_picture(w, &pic, e);
    for (uint32_t i = 0; ok && i < w->plan.n_nodes; i++)
        check_way(w, i, pic.of + i);
    if (ok && w->faults->n == 0) {
        name_parts(w, &pic);
        check_parts(w, &pic.parts);
        check_records(w, &pic);
        for (size_t i = 0; i < w->said.n; i++)
            check_message(w, &pic, i);
        ok = check_registry(w, e);
    }
    for (uint32_t i = 0; i < w->plan.n_nodes; i++)
        lineage_of_release(pic.of + i);
    return ok;
}

/* The record that has the alert. */
static const struct incident_record *record_with(const struct lineage_of *l, uint32_t alert)
{
    for (size_t i = 0; i < l->item.book.list.n; i++)
        if (lineage_alerts_of(book_at(&l->item.book, i)) & 1u << alert)
            return book_at(&l->item.book, i);
    return NULL;
}

static bool is_heard(const struct lineage_world *w, const struct incident_record *r)
{
    for (size_t i = 0; i < w->said.n; i++)
        if (bears(r, said_at(w, i)->id))
            return true;
    return false;
}

static bool check_alert(struct lineage_world *w, uint32_t alert, struct err *e)
{
    const struct lp_alert *a = w->plan.alerts + alert;
    struct lineage_of l;
    bool ok = lineage_of_node(w, w->plan.events[a->events[a->n_events - 1]].actor, &l, e);
    const struct incident_record *r = ok ? record_with(&l, alert) : NULL;
    bool grave = lineage_plan_level(a->rule) >= LEVEL_MEDIUM;
    if (ok && !r)
        buf_putf(w->faults, "alert %u was acknowledged, and no incident has it\n", alert);
    else if (ok && grave && !(r->made && is_heard(w, r)))
        buf_putf(w->faults, "alert %u was acknowledged, and its incident is untold\n", alert);
    lineage_of_release(&l);
    return ok;
}

/* Whether an object with that event is done; the present one is. */
static bool is_done(const struct lineage_world *w, uint32_t present, uint32_t event)
{
    for (uint32_t o = 0; o < w->plan.n_objects; o++)
        for (uint32_t i = 0; i < w->plan.objects[o].n; i++) {
            const struct lp_bundle *b = w->plan.bundles + w->plan.objects[o].bundles[i];
            for (uint32_t k = 0; k < b->n_events; k++)
                if (b->events[k] == event && (o == present || w->stage.done[o]))
                    return true;
        }
    return false;
}

/* Whether an alert must have been told: a gathered one when its last event is done. */
static bool is_due(const struct lineage_world *w, uint32_t object, uint32_t alert)
{
    const struct lp_alert *a = w->plan.alerts + alert;
    bool due = true;
    for (uint32_t i = 0; a->gathered && i < a->n_events; i++)
        due = due && is_done(w, object, a->events[i]);
    return due;
}

bool lineage_check_object(struct lineage_world *w, uint32_t object, struct err *e)
{
    const struct lp_object *o = w->plan.objects + object;
    for (uint32_t i = 0; i < o->n; i++) {
        uint32_t alert = w->plan.bundles[o->bundles[i]].alert;
        if (alert != LP_ALERT_NONE && is_due(w, object, alert) && !check_alert(w, alert, e))
            return false;
    }
    return true;
}
