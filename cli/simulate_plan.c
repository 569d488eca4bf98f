/* The plan. */
#include "cli/simulate_plan.h"

#include "cli/simulate_record.h"

/* The whole name of what the request calls `member`; absent when it names none that fits. */
static struct str name_of(const struct step *s, const char *member, struct str run, struct arena *a)
{
    struct buf b;
    struct str name = yaml_text(yaml_get(s->request, member)), whole = STR_ABSENT;
    bool fits = str_present(name) && name.n > 0;
    for (size_t i = 0; fits && i < name.n; i++)
        fits = byte_is_alpha(name.p[i]) || byte_is_digit(name.p[i]) || strchr("-_", name.p[i]);
    buf_init(&b, EXECUTE_NAME_MAX);
    buf_put(&b, run);
    buf_putc(&b, '-');
    buf_put(&b, name);
    if (fits && !b.failed)
        whole = arena_str(a, buf_str(&b));
    buf_release(&b);
    return whole;
}

/* The user whose key an earlier step made, when it is he who acts. */
static struct str key_of(const struct scenario *s, size_t i, const struct planned *plan)
{
    const struct actor *as = s->steps[i].as;
    for (size_t k = 0; as->kind == ACTOR_USER && k < i; k++) {
        const struct planned *p = plan + k;
        if (!p->why && p->call->makes == THING_KEY &&
            str_eq(yaml_text(yaml_get(p->step->request, "userName")), as->name))
            return p->user;
    }
    return STR_ABSENT;
}

static bool needs(const struct planned *p, const char *name)
{
    return p->call->body && str_find(str_of(p->call->body), str_of(name), 0) != SIZE_MAX;
}

static const char *why_not(const struct planned *p)
{
    if (p->step->as->kind == ACTOR_SERVICE)
        return "a service's own doing";
    if (record_log(p->step) != RECORD_CLOUDTRAIL)
        return "it is no call of AWS";
    if (p->call->kind == EXECUTE_NEVER)
        return p->call->why;
    if (p->call->kind == EXECUTE_MAKE && str_present(p->step->error))
        return "it is refused in the story, and might not be here";
    if (needs(p, "{user}") && !str_present(p->user))
        return "it names no user";
    if (needs(p, "{role}") && !str_present(p->role))
        return "it names no role";
    return NULL;
}

struct planned *plan_make(const struct scenario *s, struct str run, struct arena *a, struct err *e)
{
    struct planned *plan = arena_array(a, s->n_steps, sizeof *plan);
    for (size_t i = 0; plan && i < s->n_steps; i++) {
        struct planned *p = plan + i;
        const struct step *step = s->steps + i;
        *p = (struct planned){.step = step,
                              .call = execute_find(step->service, step->event),
                              .user = name_of(step, "userName", run, a),
                              .role = name_of(step, "roleName", run, a),
                              .times = step->times < PLAN_TIMES_MAX ? step->times : PLAN_TIMES_MAX};
        p->why = why_not(p);
        p->key_of = key_of(s, i, plan);
    }
    if (!plan)
        err_set(e, ERR_LIMIT, "no memory for a plan");
    return plan;
}

const char *plan_kind(const struct planned *p)
{
    static const char *const kinds[] = {[EXECUTE_NEVER] = "",
                                        [EXECUTE_READ] = "reads",
                                        [EXECUTE_DRY_RUN] = "dry run",
                                        [EXECUTE_MISSING] = "of a thing that is not there",
                                        [EXECUTE_MAKE] = "makes, and removes in the end"};
    return kinds[p->call->kind];
}
