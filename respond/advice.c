/* Gathering uses: an action's resources are kept apart up to a limit, then folded into what they
 * have in common, so that memory does not grow with the number of objects in a bucket. */
#include "respond/advice.h"

#include <stdlib.h>

#include "respond/advice_iam.h"

#define DAY_MS 86400000

static bool read_session(struct advice_principal *p, struct str path)
{
    struct str rest = path;
    struct str kind = str_cut(&rest, '/');
    p->name = str_present(rest) ? str_cut(&rest, '/') : STR_ABSENT;
    p->kind = ADVICE_ROLE;
    p->session = true;
    return str_eqz(kind, "assumed-role") && p->name.n;
}

static bool read_principal(struct advice_principal *p, struct str path)
{
    struct str rest = path;
    struct str kind = str_cut(&rest, '/');
    while (str_present(rest))
        p->name = str_cut(&rest, '/');
    p->kind = str_eqz(kind, "role") ? ADVICE_ROLE : ADVICE_USER;
    return (str_eqz(kind, "role") || str_eqz(kind, "user")) && p->name.n;
}

bool advice_init(struct advice *a, struct str arn, struct err *e)
{
    *a = (struct advice){.principal = {.arn = arn}, .first_ms = INT64_MAX, .last_ms = INT64_MIN};
    arena_init(&a->memory, ADVICE_MEMORY_MAX);
    arena_init(&a->scratch, ADVICE_SCRATCH_MAX);
    a->targets_max = ADVICE_TARGETS_ALL;
    vec_init(&a->actions, sizeof(struct advice_action), ADVICE_ACTIONS_MAX);
    vec_init(&a->unmapped, sizeof(struct str), ADVICE_UNMAPPED_MAX);
    vec_init(&a->profiles, sizeof(struct str), ADVICE_UNMAPPED_MAX);
    vec_init(&a->regions, sizeof(struct str), ADVICE_REGIONS_MAX);
    vec_init(&a->days, sizeof(int32_t), ADVICE_DAYS_MAX);
    vec_init(&a->names, sizeof(struct advice_name), ADVICE_NAMES_MAX);
    vec_init(&a->instances, sizeof(struct advice_name), ADVICE_HELD_MAX);
    vec_init(&a->started, sizeof(struct advice_started), ADVICE_HELD_MAX);
    vec_init(&a->held, sizeof(struct advice_held), ADVICE_HELD_MAX);
    vec_init(&a->handed, sizeof(struct advice_handed), ADVICE_UNMAPPED_MAX);
    struct str rest = arn, parts[5] = {STR_ABSENT};
    for (unsigned i = 0; i < 5; i++)
        parts[i] = str_present(rest) ? str_cut(&rest, ':') : STR_ABSENT;
    a->principal.partition = parts[1];
    a->principal.account = parts[4];
    if (!str_present(rest) || parts[4].n != 12 ||
        !(read_principal(&a->principal, rest) || read_session(&a->principal, rest)))
        return err_set(e, ERR_USAGE, "%.*s is no ARN of a user, a role, or a role's session",
                       (int)(arn.n < 200 ? arn.n : 200), arn.p);
    if (str_find(rest, S("role/aws-service-role/"), 0) != SIZE_MAX ||
        str_starts(a->principal.name, S("AWSServiceRoleFor")))
        return err_set(e, ERR_USAGE, "what a service-linked role may is its service's to say");
    return true;
}

void advice_bound(struct advice *a, const struct advice_bounds *b)
{
    arena_init(&a->memory, b->memory);
    a->targets_max = b->targets;
    a->names.max = b->names;
    if (b->names < ADVICE_HELD_MAX)
        a->instances.max = a->started.max = b->names;
}

void advice_release(struct advice *a)
{
    for (size_t i = 0; i < a->actions.n; i++)
        vec_release(&((struct advice_action *)vec_at(&a->actions, i))->targets);
    vec_release(&a->actions);
    vec_release(&a->unmapped);
    vec_release(&a->profiles);
    vec_release(&a->names);
    vec_release(&a->instances);
    vec_release(&a->started);
    vec_release(&a->held);
    vec_release(&a->handed);
    vec_release(&a->regions);
    vec_release(&a->days);
    arena_release(&a->memory);
    arena_release(&a->scratch);
}

void advice_since(struct advice *a, int64_t ms)
{
    a->has_since = true;
    a->since_ms = ms;
}

bool advice_may_concern(const struct advice *a, struct str record)
{
    return str_find(record, a->principal.name, 0) != SIZE_MAX;
}

bool advice_is_data(struct str record)
{
    return str_find(record, S("\"eventCategory\":\"Data\""), 0) != SIZE_MAX ||
           str_find(record, S("\"managementEvent\":false"), 0) != SIZE_MAX;
}

/* ---- what the logs cover ---- */

bool advice_list(struct advice *a, struct vec *list, struct str s, struct err *e)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(*(struct str *)vec_at(list, i), s))
            return true;
    if (list->n == list->max)
        return true;
    struct str *to = vec_push(list, 1);
    if (to)
        *to = arena_str(&a->memory, s);
    return (to && str_present(*to)) || err_set(e, ERR_LIMIT, "no memory for advice");
}

static bool add_day(struct advice *a, int32_t day, struct err *e)
{
    for (size_t i = a->days.n; i--;)
        if (*(int32_t *)vec_at(&a->days, i) == day)
            return true;
    int32_t *to = a->days.n < a->days.max ? vec_push(&a->days, 1) : NULL;
    if (to)
        *to = day;
    return to || err_set(e, ERR_LIMIT, "logs of more than %d days", ADVICE_DAYS_MAX);
}

bool advice_cover(struct advice *a, int64_t time_ms, struct str region, bool data, struct err *e)
{
    if (a->has_since && time_ms >= a->since_ms)
        return true;
    a->data_events = a->data_events || data;
    return add_day(a, (int32_t)(time_ms / DAY_MS), e) &&
           (!str_present(region) || advice_list(a, &a->regions, region, e));
}

/* ---- uses ---- */

static struct advice_action *action_named(struct advice *a, struct str name, struct err *e)
{
    for (size_t i = 0; i < a->actions.n; i++) {
        struct advice_action *x = vec_at(&a->actions, i);
        if (str_eq(x->action, name))
            return x;
    }
    struct advice_action *x = vec_push(&a->actions, 1);
    if (x) {
        x->action = arena_str(&a->memory, name);
        vec_init(&x->targets, sizeof(struct advice_target), ADVICE_TARGETS_MAX);
    }
    if (!x || !str_present(x->action))
        err_set(e, ERR_LIMIT, "more than %d permissions", ADVICE_ACTIONS_MAX);
    return x && str_present(x->action) ? x : NULL;
}

static bool same(struct str a, struct str b)
{
    return str_present(a) ? str_eq(a, b) : !str_present(b);
}

static struct advice_target *target_of(struct advice_action *x, const struct advice_use *u)
{
    for (size_t i = 0; i < x->targets.n; i++) {
        struct advice_target *t = vec_at(&x->targets, i);
        if (str_eq(t->resource, u->resource) && same(t->condition, u->condition) &&
            same(t->value, u->value))
            return t;
    }
    return NULL;
}

/* What stands in front of the first slash: arn:aws:s3:::bucket. */
static struct str group_of(struct str resource)
{
    struct str rest = resource;
    return str_cut(&rest, '/');
}

/* Whether both were used before, and may be told as what they have in common. */
static bool is_mate(const struct advice_target *t, const struct advice_target *u)
{
    return t->before && u->before && str_eq(group_of(t->resource), group_of(u->resource)) &&
           same(t->condition, u->condition) && same(t->value, u->value);
}

/* Whether the folded target's resource takes it in. */
static bool covers(const struct advice_target *t, struct str resource)
{
    return str_starts(resource, str_slice(t->resource, 0, t->resource.n - 1));
}

/* A folded target of the use's group: one that takes it in already, or, before, may be widened. */
static struct advice_target *mate_of(struct advice_action *x, const struct advice_use *u,
                                     bool after)
{
    const struct advice_target like = {
        .resource = u->resource, .condition = u->condition, .value = u->value, .before = 1};
    for (size_t i = 0; i < x->targets.n; i++) {
        struct advice_target *t = vec_at(&x->targets, i);
        if (t->folded && is_mate(t, &like) && (!after || covers(t, u->resource)))
            return t;
    }
    return NULL;
}

/* What both begin with, back to a slash or a colon, and a star. */
static bool fold(struct advice *a, struct advice_target *into, struct str resource, struct err *e)
{
    struct buf b;
    size_t n = 0;
    while (n < into->resource.n && n < resource.n && into->resource.p[n] == resource.p[n] &&
           into->resource.p[n] != '*')
        n++;
    while (n && resource.p[n - 1] != '/' && resource.p[n - 1] != ':')
        n--;
    buf_init(&b, resource.n + 2);
    buf_put(&b, str_slice(resource, 0, n));
    buf_putc(&b, '*');
    if (!str_eq(buf_str(&b), into->resource))
        into->resource = arena_str(&a->memory, buf_str(&b));
    buf_release(&b);
    into->folded = true;
    return str_present(into->resource) || err_set(e, ERR_LIMIT, "no memory for advice");
}

/* How many targets of the action are of t's group. */
static size_t group_size(const struct advice_action *x, const struct advice_target *t)
{
    size_t n = 0;
    for (size_t i = 0; i < x->targets.n; i++)
        n += is_mate(vec_at(&x->targets, i), t);
    return n;
}

/* Adds what t was used. */
static void merge(struct advice_target *into, const struct advice_target *t)
{
    into->before += t->before;
    into->after += t->after;
    into->first_ms = t->first_ms < into->first_ms ? t->first_ms : into->first_ms;
    into->last_ms = t->last_ms > into->last_ms ? t->last_ms : into->last_ms;
}

/* Folds all of the first of the largest groups into one, and takes the others out. */
static bool compact(struct advice *a, struct advice_action *x, struct err *e)
{
    struct advice_target *into = vec_at(&x->targets, 0);
    for (size_t i = 1; i < x->targets.n; i++) {
        struct advice_target *t = vec_at(&x->targets, i);
        into = group_size(x, t) > group_size(x, into) ? t : into;
    }
    size_t kept = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < x->targets.n; i++) {
        struct advice_target *t = vec_at(&x->targets, i);
        if (t != into && is_mate(t, into)) {
            ok = fold(a, into, t->resource, e);
            merge(into, t);
            continue;
        }
        struct advice_target *to = vec_at(&x->targets, kept++);
        bool moved = into == t;
        *to = *t;
        into = moved ? to : into;
    }
    if (ok) {
        a->targets -= x->targets.n - kept;
        x->targets.n = kept;
    }
    return ok;
}

/* Makes room: what was only used after is counted, all but a few. */
static void forget_after(struct advice *a, struct advice_action *x)
{
    size_t kept = 0, after = 0;
    for (size_t i = 0; i < x->targets.n; i++) {
        const struct advice_target *t = vec_at(&x->targets, i);
        if (t->before == 0 && after++ >= ADVICE_AFTER_KEPT)
            x->after_beyond += t->after;
        else
            *(struct advice_target *)vec_at(&x->targets, kept++) = *t;
    }
    a->targets -= x->targets.n - kept;
    x->targets.n = kept;
}

/* A target with the use's condition, whatever its group: where all are of groups of their own. */
static struct advice_target *any_of(struct advice_action *x, const struct advice_use *u)
{
    for (size_t i = 0; i < x->targets.n; i++) {
        struct advice_target *t = vec_at(&x->targets, i);
        if (t->before && same(t->condition, u->condition) && same(t->value, u->value))
            return t;
    }
    return NULL;
}

/* The target of a use before, in an action that has as many as are kept: NULL when there is room
 * for it now. */
static bool make_room(struct advice *a, struct advice_action *x, const struct advice_use *u,
                      struct advice_target **out, struct err *e)
{
    forget_after(a, x);
    if (x->targets.n == ADVICE_TARGETS_MAX && !compact(a, x, e))
        return false;
    *out = mate_of(x, u, false);
    if (!*out && x->targets.n == ADVICE_TARGETS_MAX)
        *out = any_of(x, u);
    return true;
}

static struct advice_target *new_target(struct advice *a, struct advice_action *x,
                                        const struct advice_use *u, struct err *e)
{
    bool room = x->targets.n < ADVICE_TARGETS_MAX && a->targets < a->targets_max;
    struct advice_target *t = room ? vec_push(&x->targets, 1) : NULL;
    if (!t) {
        err_set(e, ERR_LIMIT, "no memory for advice");
        return NULL;
    }
    t->resource = arena_str(&a->memory, u->resource);
    t->condition = arena_str(&a->memory, u->condition);
    t->value = arena_str(&a->memory, u->value);
    t->first_ms = t->last_ms = u->time_ms;
    a->targets++;
    return t;
}

static void count(struct advice *a, struct advice_target *t, int64_t time_ms)
{
    bool after = a->has_since && time_ms >= a->since_ms;
    *(after ? &t->after : &t->before) += 1;
    t->first_ms = time_ms < t->first_ms ? time_ms : t->first_ms;
    t->last_ms = time_ms > t->last_ms ? time_ms : t->last_ms;
}

bool advice_add(struct advice *a, const struct advice_use *u, struct err *e)
{
    bool after = a->has_since && u->time_ms >= a->since_ms;
    struct advice_action *x = action_named(a, u->action, e);
    if (!x)
        return false;
    struct advice_target *t = target_of(x, u);
    t = t ? t : mate_of(x, u, after);
    bool full = !t && x->targets.n == ADVICE_TARGETS_MAX;
    if (full && after) {
        x->after_beyond++;
        return true;
    }
    if (full && !make_room(a, x, u, &t, e))
        return false;
    if (t && !str_eq(t->resource, u->resource) && !(t->folded && covers(t, u->resource)) &&
        !fold(a, t, u->resource, e))
        return false;
    t = t ? t : new_target(a, x, u, e);
    if (t)
        count(a, t, u->time_ms);
    return t != NULL;
}

/* ---- the end ---- */

static int by_action(const void *p, const void *q)
{
    const struct advice_action *a = p, *b = q;
    return str_cmp(a->action, b->action);
}

static int by_resource(const void *p, const void *q)
{
    const struct advice_target *a = p, *b = q;
    int n = str_cmp(a->resource, b->resource);
    n = n ? n : str_cmp(a->condition, b->condition);
    return n ? n : str_cmp(a->value, b->value);
}

static int by_text(const void *p, const void *q)
{
    return str_cmp(*(const struct str *)p, *(const struct str *)q);
}

static void sort(struct vec *v, int (*order)(const void *, const void *))
{
    if (v->n)
        qsort(v->p, v->n, v->size, order);
}

static bool is_same_target(const struct advice_target *a, const struct advice_target *b)
{
    return str_eq(a->resource, b->resource) && same(a->condition, b->condition) &&
           same(a->value, b->value);
}

/* Some may be one, since their paths are known. */
static void settle_targets(struct vec *targets)
{
    size_t kept = 0;
    sort(targets, by_resource);
    for (size_t i = 0; i < targets->n; i++) {
        const struct advice_target *t = vec_at(targets, i);
        struct advice_target *last = kept ? vec_at(targets, kept - 1) : NULL;
        if (last && is_same_target(last, t))
            merge(last, t);
        else
            *(struct advice_target *)vec_at(targets, kept++) = *t;
    }
    targets->n = kept;
}

bool advice_settle(struct advice *a, struct err *e)
{
    bool ok = advice_iam_settle(a, e);
    sort(&a->actions, by_action);
    sort(&a->regions, by_text);
    sort(&a->unmapped, by_text);
    sort(&a->profiles, by_text);
    for (size_t i = 0; i < a->actions.n; i++)
        settle_targets(&((struct advice_action *)vec_at(&a->actions, i))->targets);
    return ok;
}
