/* Names with their paths, and roles in instance profiles. */
#include "respond/advice_iam.h"

#include <stdlib.h>

#include "engine/json.h"
#include "engine/subject.h"

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_LIMIT, "no memory for advice");
}

/* What stands behind the account in an ARN of IAM's, of the principal's account; else absent. */
static struct str name_in(const struct advice *a, struct str arn)
{
    struct str rest = arn, parts[5] = {STR_ABSENT};
    for (unsigned i = 0; i < 5; i++)
        parts[i] = str_present(rest) ? str_cut(&rest, ':') : STR_ABSENT;
    bool is = str_eqz(parts[2], "iam") && str_eq(parts[4], a->principal.account);
    return is ? rest : STR_ABSENT;
}

static struct str behind_last_slash(struct str s)
{
    while (s.n && str_find_byte(s, '/', 0) != SIZE_MAX)
        s = str_skip(s, str_find_byte(s, '/', 0) + 1);
    return s;
}

/* ---- learning ---- */

/* Where the key is or would be. */
static size_t place_of(const struct vec *names, struct str key)
{
    size_t from = 0, to = names->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        const struct advice_name *n = vec_at(names, mid);
        if (str_cmp(n->key, key) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

static struct advice_name *find_name(const struct vec *names, struct str key)
{
    size_t at = place_of(names, key);
    struct advice_name *n = at < names->n ? vec_at(names, at) : NULL;
    return n && str_eq(n->key, key) ? n : NULL;
}

static bool insert_name(struct advice *a, struct vec *names, const struct advice_name *name,
                        struct err *e)
{
    size_t at = place_of(names, name->key);
    const struct advice_name made = {arena_str(&a->memory, name->key),
                                     arena_str(&a->memory, name->arn), name->time_ms};
    if (!str_present(made.key) || !str_present(made.arn) || !vec_push(names, 1))
        return no_memory(e);
    struct advice_name *to = vec_at(names, at);
    memmove(to + 1, to, (names->n - 1 - at) * sizeof *to);
    *to = made;
    return true;
}

/* The latest proof of a key stays. Of more keys than are kept nothing is learned. */
static bool learn_name(struct advice *a, struct vec *names, const struct advice_name *name,
                       struct err *e)
{
    struct advice_name *known = find_name(names, name->key);
    if (!known)
        return names->n == names->max || insert_name(a, names, name, e);
    if (name->time_ms < known->time_ms ||
        (name->time_ms == known->time_ms && str_cmp(name->arn, known->arn) <= 0))
        return true;
    if (!str_eq(name->arn, known->arn))
        known->arn = arena_str(&a->memory, name->arn);
    known->time_ms = name->time_ms;
    return str_present(known->arn) || no_memory(e);
}

/* Of a name without a path there is nothing to learn. */
static bool learn_arn(struct advice *a, struct str arn, int64_t time_ms, struct err *e)
{
    struct str rest = name_in(a, arn);
    struct str kind = str_present(rest) ? str_cut(&rest, '/') : STR_ABSENT;
    struct buf key;
    if (!str_present(rest) || str_find_byte(rest, '/', 0) == SIZE_MAX)
        return true;
    buf_init(&key, arn.n + 1);
    buf_put(&key, kind);
    buf_putc(&key, '/');
    buf_put(&key, behind_last_slash(rest));
    bool ok = buf_ok(&key, "a name of IAM", e) &&
              learn_name(a, &a->names, &(const struct advice_name){buf_str(&key), arn, time_ms}, e);
    buf_release(&key);
    return ok;
}

/* The role as which an instance acted first, for it may have been given another profile later. That
 * it is the instance EC2 says; who takes a role may call his session as he likes. */
static bool learn_instance(struct advice *a, struct str record, const struct facts *f,
                           struct err *e)
{
    struct str instance = subject_session_name(f->principal);
    if (!str_present(name_in(a, f->issuer)) || !subject_is_instance(instance))
        return true;
    struct str identity = json_member(record, S("userIdentity"));
    if (!str_present(json_member(json_member(identity, S("sessionContext")), S("ec2RoleDelivery"))))
        return true;
    return learn_name(a, &a->instances,
                      &(const struct advice_name){instance, f->issuer, -f->time_ms}, e);
}

static bool is_known(const struct advice *a, const struct advice_held *held)
{
    for (size_t i = 0; i < a->held.n; i++) {
        const struct advice_held *h = vec_at(&a->held, i);
        if (h->time_ms == held->time_ms && str_eq(h->profile, held->profile) &&
            str_cmp(h->role, held->role) == 0)
            return true;
    }
    return false;
}

static bool learn_held(struct advice *a, const struct advice_held *held, struct err *e)
{
    if (!held->profile.n || a->held.n == a->held.max || is_known(a, held))
        return true;
    struct advice_held *to = vec_push(&a->held, 1);
    if (to)
        *to = (struct advice_held){arena_str(&a->memory, held->profile),
                                   arena_str(&a->memory, held->role), held->time_ms};
    return (to && str_present(to->profile)) || no_memory(e);
}

/* AddRoleToInstanceProfile and RemoveRoleFromInstanceProfile name both in the request. */
static bool learn_profile(struct advice *a, struct str record, const struct facts *f, struct err *e)
{
    struct str request = json_member(record, S("requestParameters"));
    struct advice_held held = {.profile =
                                   json_member_text(request, "instanceProfileName", &a->scratch),
                               .time_ms = f->time_ms};
    if (str_eqz(f->name, "AddRoleToInstanceProfile"))
        held.role = json_member_text(request, "roleName", &a->scratch);
    else if (!str_eqz(f->name, "RemoveRoleFromInstanceProfile"))
        return true;
    return learn_held(a, &held, e);
}

/* {"instanceProfile":{"instanceProfileName":"web","roles":[{"roleName":"shop","arn":"arn:..."}]}}
 */
static bool learn_roles_of(struct advice *a, struct str profile, const struct facts *f,
                           struct err *e)
{
    struct str role = json_element(json_member(profile, S("roles")), 0);
    const struct advice_held held = {
        .profile = json_member_text(profile, "instanceProfileName", &a->scratch),
        .role = json_member_text(role, "roleName", &a->scratch),
        .time_ms = f->time_ms};
    return !str_present(held.role) ||
           (learn_held(a, &held, e) &&
            learn_arn(a, json_member_text(role, "arn", &a->scratch), f->time_ms, e));
}

/* Answers of IAM hold what was made: {"role":{"path":"/team/","arn":"arn:...:role/team/shop"}} */
static bool learn_answer(struct advice *a, struct str record, const struct facts *f, struct err *e)
{
    static const char *const made[] = {"user", "role", "group", "instanceProfile"};
    struct str answer = json_member(record, S("responseElements"));
    bool ok = true;
    for (size_t i = 0; i < sizeof made / sizeof *made && ok; i++) {
        struct str one = json_member(answer, str_of(made[i]));
        struct str arn = json_member_text(one, "arn", &a->scratch);
        ok = !str_present(arn) || learn_arn(a, arn, f->time_ms, e);
    }
    return ok && learn_roles_of(a, json_member(answer, S("instanceProfile")), f, e);
}

static bool learn_call(struct advice *a, struct str record, const struct facts *f, struct err *e)
{
    if (str_eqz(f->source, "iam.amazonaws.com"))
        return learn_answer(a, record, f, e) && learn_profile(a, record, f, e);
    if (!str_eqz(f->source, "sts.amazonaws.com"))
        return true;
    struct str request = json_member(record, S("requestParameters"));
    return learn_arn(a, json_member_text(request, "roleArn", &a->scratch), f->time_ms, e);
}

bool advice_learn(struct advice *a, struct str record, const struct facts *f, struct err *e)
{
    if (!f->timed || (a->has_since && f->time_ms >= a->since_ms))
        return true;
    arena_reset(&a->scratch);
    return learn_arn(a, f->user_arn, f->time_ms, e) && learn_arn(a, f->issuer, f->time_ms, e) &&
           learn_instance(a, record, f, e) &&
           (str_present(f->error) || learn_call(a, record, f, e));
}

/* ---- profiles ---- */

static struct advice_handed *handed_named(struct advice *a, struct str name)
{
    for (size_t i = 0; i < a->handed.n; i++) {
        struct advice_handed *one = vec_at(&a->handed, i);
        if (str_eq(one->profile, name))
            return one;
    }
    return NULL;
}

/* {"instancesSet":{"items":[{"instanceId":"i-0123456789abcdef0"}]}} */
static bool note_started(struct advice *a, struct str profile, struct str answer, int64_t time_ms,
                         struct err *e)
{
    struct str items = json_member(json_member(answer, S("instancesSet")), S("items")), item;
    size_t at = 0;
    while (str_present(item = json_array_next(items, &at)) && a->started.n < a->started.max) {
        struct str instance = json_member_text(item, "instanceId", &a->scratch);
        struct advice_started *to = instance.n ? vec_push(&a->started, 1) : NULL;
        if (to)
            *to = (struct advice_started){arena_str(&a->memory, instance), profile, time_ms};
        if (instance.n && !(to && str_present(to->instance)))
            return no_memory(e);
    }
    return true;
}

bool advice_hand(struct advice *a, struct str profile, struct str answer, int64_t time_ms,
                 struct err *e)
{
    struct str name = behind_last_slash(profile);
    if (a->has_since && time_ms >= a->since_ms)
        return true;
    struct advice_handed *h = handed_named(a, name);
    if (!h && a->handed.n == a->handed.max)
        return true;
    if (!h && (h = vec_push(&a->handed, 1)))
        *h = (struct advice_handed){
            .profile = arena_str(&a->memory, name), .first_ms = time_ms, .last_ms = time_ms};
    if (!h || !str_present(h->profile))
        return no_memory(e);
    h->uses++;
    h->first_ms = time_ms < h->first_ms ? time_ms : h->first_ms;
    h->last_ms = time_ms > h->last_ms ? time_ms : h->last_ms;
    return note_started(a, h->profile, answer, time_ms, e);
}

/* What an instance acted as was in its profile when it was started. */
static bool hold_roles_of_instances(struct advice *a, struct err *e)
{
    bool ok = true;
    for (size_t i = 0; i < a->started.n && ok; i++) {
        const struct advice_started *s = vec_at(&a->started, i);
        const struct advice_name *acted = find_name(&a->instances, s->instance);
        if (acted)
            ok = learn_held(
                a,
                &(const struct advice_held){s->profile, behind_last_slash(acted->arn), s->time_ms},
                e);
    }
    return ok;
}

/* What the profile held when it was handed over last; absent when no record tells. Of one second
 * what was put in counts, not what was taken out. */
static struct str role_of(const struct advice *a, const struct advice_handed *handed)
{
    const struct advice_held *best = NULL;
    for (size_t i = 0; i < a->held.n; i++) {
        const struct advice_held *h = vec_at(&a->held, i);
        if (!str_eq(h->profile, handed->profile) || h->time_ms > handed->last_ms)
            continue;
        if (!best || h->time_ms > best->time_ms ||
            (h->time_ms == best->time_ms && str_cmp(h->role, best->role) > 0))
            best = h;
    }
    return best ? best->role : STR_ABSENT;
}

static bool pass_role(struct advice *a, const struct advice_handed *handed, struct str role,
                      struct err *e)
{
    struct buf arn;
    buf_init(&arn, 64 + a->principal.arn.n + role.n);
    buf_putz(&arn, "arn:");
    buf_put(&arn, a->principal.partition);
    buf_putz(&arn, ":iam::");
    buf_put(&arn, a->principal.account);
    buf_putz(&arn, ":role/");
    buf_put(&arn, role);
    struct advice_use use = {.action = S("iam:PassRole"),
                             .resource = buf_str(&arn),
                             .condition = S("iam:PassedToService"),
                             .value = S("ec2.amazonaws.com")};
    bool ok = buf_ok(&arn, "a role's ARN", e);
    for (uint64_t i = 0; i < handed->uses && ok; i++) {
        use.time_ms = i ? handed->last_ms : handed->first_ms;
        ok = advice_add(a, &use, e);
    }
    buf_release(&arn);
    return ok;
}

static bool pass_roles(struct advice *a, struct err *e)
{
    bool ok = hold_roles_of_instances(a, e);
    for (size_t i = 0; i < a->handed.n && ok; i++) {
        const struct advice_handed *h = vec_at(&a->handed, i);
        struct str role = role_of(a, h);
        ok = str_present(role) ? pass_role(a, h, role, e)
                               : advice_list(a, &a->profiles, h->profile, e);
    }
    return ok;
}

/* ---- paths ---- */

/* With its path where that is known. */
static struct str whole(const struct advice *a, struct str resource)
{
    struct str name = name_in(a, resource);
    const struct advice_name *known = str_present(name) ? find_name(&a->names, name) : NULL;
    return known ? known->arn : resource;
}

bool advice_iam_settle(struct advice *a, struct err *e)
{
    if (!pass_roles(a, e))
        return false;
    for (size_t i = 0; i < a->actions.n; i++) {
        struct vec *targets = &((struct advice_action *)vec_at(&a->actions, i))->targets;
        for (size_t k = 0; k < targets->n; k++) {
            struct advice_target *t = vec_at(targets, k);
            t->resource = whole(a, t->resource);
        }
    }
    return true;
}
