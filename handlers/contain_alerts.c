/* Containment from alerts, and what is looked at afterwards. */
#include "handlers/contain_work.h"
#include "respond/contain_put.h"

/* How often open records are looked for: while there are some, and otherwise, for another worker
 * may have made one. */
#define LOOK_MS      5000
#define LOOK_IDLE_MS 60000
/* Records that are looked after in one invocation. */
#define LOOKS_MAX 64

/* ---- what an alert says ---- */

static struct str keep(struct container *c, struct str s)
{
    return str_present(s) ? arena_str(&c->memory, s) : STR_ABSENT;
}

/* Whom he made since the alert began is his, and whom he made before it in the span whose events
 * may contain anybody: intruders make themselves at home before they are noticed. */
static int64_t since_of(const struct container *c, const struct alert *a)
{
    int64_t recent_ms = contain_now(c) - c->setup.config->event_age_ms;
    if (!a->timed)
        return INT64_MIN;
    return a->first_ms < recent_ms ? a->first_ms : recent_ms;
}

static const char not_proved_first[] =
    "the alert begins with what proves nobody, and who proved himself later may be its victim";
static const char several_people[] =
    "the alert is about what several may have done, and the first of them may be a bystander";

/* Whether all of the alert's events are one person's: one event's, or of a key that names him. Of
 * the others the first event may be a bystander's, who shares an address or a bucket with the
 * intruder. */
static bool is_personal(const struct alert *a)
{
    static const char *const names[] = {"userIdentity.arn", "userIdentity.principalId",
                                        "userIdentity.accessKeyId"};
    if (!alert_correlates(a) || a->window->type == WINDOW_TYPE_FIRST_SEEN)
        return true;
    for (size_t i = 0; i < a->n_keys; i++)
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            if (str_eqz(a->key_names[i], names[k]))
                return true;
    return false;
}

/* The event by which the alert is judged. One that went on until now is as young as its last event:
 * who acts is the same in all. */
static bool keep_event(struct container *c, const struct alert *a, struct contain_cause *cause)
{
    const struct details *first = &a->first;
    const struct contain_proof *later =
        contain_event_proves(&first->facts) ? NULL : contain_proofs_last(&c->proofs, a);
    if (first->has_node)
        cause->node = first->node.id;
    if (later) {
        cause->node = later->node;
        cause->unsure = not_proved_first;
    }
    if (!contain_keep_facts(&c->memory, later ? &later->facts : &first->facts, &cause->event))
        return false;
    if (cause->event.timed && a->timed && a->last_ms > cause->event.time_ms)
        cause->event.time_ms = a->last_ms;
    return true;
}

static bool keep_cause(struct container *c, const struct alert *a, struct contain_cause *cause)
{
    const struct ruleset *rs = c->setup.rules;
    const struct rs_rule *r = alert_rule(rs, a);
    *cause = (struct contain_cause){.alert = keep(c, a->id),
                                    .rule = keep(c, rs_str(rs, r->id)),
                                    .rule_title = keep(c, rs_str(rs, r->title)),
                                    .level = r->level,
                                    .has_event = a->known,
                                    .unsure = is_personal(a) ? NULL : several_people,
                                    .since_ms = since_of(c, a)};
    return !a->known || keep_event(c, a, cause);
}

/* Whether anything is to be said or done about the alert. */
static bool is_worth(const struct container *c, const struct alert *a)
{
    return a->known && alert_rule(c->setup.rules, a)->level >= c->setup.config->auto_level;
}

/* ---- those that were made ---- */

/* Whether who was made and assumed is contained too: not when it is no intruder who acted, or may
 * be none. */
static bool follows(const struct contain_plan *p, const char **unsure)
{
    *unsure = p->mode == CONTAIN_APPROVAL ? "whoever made or used it waits for approval" : NULL;
    if (p->mode != CONTAIN_OFF)
        return true;
    switch (p->why) {
    case REFUSED_SUBJECT:
        return p->subject.kind == SUBJECT_ROOT || p->subject.kind == SUBJECT_IDC;
    case REFUSED_CONTAINED:
    case REFUSED_ATTEMPTS:
    case REFUSED_COOLDOWN:
    case REFUSED_GONE:
        return true;
    default:
        return false;
    }
}

static void target_of(const struct contain_cause *cause, struct contain_target *t)
{
    *t = (struct contain_target){.how = CONTAIN_ACTED};
    subject_of_facts(&cause->event, &t->subject);
}

/* ---- before it is told ---- */

static void put_plan(const struct contain_plan *p, enum contain_how how, struct buf *json,
                     struct buf *text)
{
    buf_putc(json, json->n == 0 ? '[' : ',');
    contain_put_plan_json(json, p, how);
    contain_put_plan_text(text, p, how);
}

/* In a dry run all are told of whom something would be done; else each has a notice of its own. */
static bool put_others(struct container *c, struct contain_cause *cause, struct buf *json,
                       struct buf *text, struct err *e)
{
    struct contain_targets list = {.n = 0};
    struct contain_plan plan;
    if (!contain_gather(c, cause, &list, e))
        return false;
    for (size_t i = 0; i < list.n; i++) {
        if (!contain_forecast(c, cause, list.list + i, &plan, e))
            return false;
        put_plan(&plan, list.list[i].how, json, text);
    }
    return true;
}

bool container_alert(struct container *c, const struct alert *a, struct buf *json, struct buf *text,
                     struct err *e)
{
    struct contain_target t;
    struct contain_plan plan;
    struct err why;
    buf_reset(json);
    buf_reset(text);
    if (!is_worth(c, a))
        return true;
    struct contain_cause *cause = vec_push(&c->causes, 1);
    if (!cause)
        return true; /* the others go first; the next alert or check follows */
    if (!keep_cause(c, a, cause)) {
        c->causes.n--;
        return contain_no_memory(e);
    }
    target_of(cause, &t);
    const struct contain_own *own;
    if (!container_own(c, &own, &why)) {
        contain_note(c, &t.subject, why.text);
        return true; /* alerts are told, whatever IAM does */
    }
    if (!contain_forecast(c, cause, &t, &plan, e))
        return false;
    put_plan(&plan, t.how, json, text);
    bool ok = plan.mode != CONTAIN_DRY_RUN || put_others(c, cause, json, text, e);
    buf_putc(json, ']');
    return ok;
}

/* ---- acting ---- */

static bool act_on_others(struct container *c, const struct contain_cause *cause, struct err *e)
{
    struct contain_targets list = {.n = 0};
    struct contain_outcome out;
    if (!contain_gather(c, cause, &list, e))
        return false;
    for (size_t i = 0; i < list.n; i++) {
        if (!contain_has_time(c))
            return err_set(e, ERR_RETRY, "no time was left to contain all who were made");
        if (!contain_one(c, cause, list.list + i, &out, e))
            return false;
    }
    return true;
}

static bool act_on(struct container *c, struct contain_cause *cause, struct err *e)
{
    struct contain_target t;
    struct contain_outcome out;
    const struct contain_own *own;
    struct err why;
    if (!container_own(c, &own, &why)) {
        contain_note(c, &(struct subject){.name = S("an alert's principal")}, why.text);
        return true;
    }
    if (!contain_has_time(c))
        return err_set(e, ERR_RETRY, "no time was left to contain anybody");
    target_of(cause, &t);
    if (!contain_one(c, cause, &t, &out, e))
        return false;
    cause->follows = out.plan.mode != CONTAIN_DRY_RUN && follows(&out.plan, &cause->unsure);
    return !cause->follows || act_on_others(c, cause, e);
}

/* Whether one before it in the delivery was about the same principal and as grave. */
static bool is_covered(const struct container *c, size_t at)
{
    const struct contain_cause *x = vec_at(&c->causes, at);
    for (size_t i = 0; i < at; i++) {
        const struct contain_cause *y = vec_at(&c->causes, i);
        if (str_eq(x->rule, y->rule) && str_eq(x->event.identity, y->event.identity) &&
            str_eq(x->event.user_arn, y->event.user_arn) && y->since_ms <= x->since_ms)
            return true;
    }
    return false;
}

bool container_settle(struct container *c, struct err *e)
{
    bool ok = true;
    for (size_t i = 0; ok && i < c->causes.n; i++)
        ok = is_covered(c, i) || act_on(c, vec_at(&c->causes, i), e);
    return ok;
}

bool container_follow(struct container *c, struct err *e)
{
    bool ok = true;
    for (size_t i = 0; ok && i < c->causes.n; i++) {
        const struct contain_cause *cause = vec_at(&c->causes, i);
        ok = !cause->follows || act_on_others(c, cause, e);
    }
    c->causes.n = 0;
    return ok;
}

/* ---- afterwards ---- */

/* The alert, as far as its record tells it. */
static void recall_cause(const struct contain_record *r, struct contain_cause *cause)
{
    *cause = (struct contain_cause){.alert = r->alert,
                                    .rule = r->rule,
                                    .rule_title = r->rule_title,
                                    .level = r->level,
                                    .node = r->node,
                                    .since_ms = r->since_ms,
                                    .incident = r->incident,
                                    .has_event = str_present(r->object)};
    cause->event = (struct facts){.object = r->object,
                                  .account = r->event_account,
                                  .timed = r->event_ms != 0,
                                  .time_ms = r->event_ms};
}

/* Records of what he made before he was contained may come in late. */
static bool follow_late(struct container *c, const struct contain_record *r, struct err *e)
{
    struct contain_cause cause;
    recall_cause(r, &cause);
    return r->state != CONTAIN_CONTAINED || r->how != CONTAIN_ACTED || !cause.has_event ||
           act_on_others(c, &cause, e);
}

static bool look_after(struct container *c, struct contain_record *r, struct err *e)
{
    bool due = contain_is_due(r, contain_now(c));
    return !due || (contain_look_after(c, r, e) && follow_late(c, r, e));
}

static bool look_at(struct container *c, const struct vec *keys, struct err *e)
{
    for (size_t i = 0; i < keys->n && i < LOOKS_MAX && contain_has_time(c); i++) {
        arena_reset(&c->memory);
        struct contain_record *r = contain_record_new(c);
        if (!r)
            return contain_no_memory(e);
        if (!contain_record_read(&c->ports.state, vec_at(keys, i), 1, &c->memory, r, e) ||
            (r->version && !look_after(c, r, e)))
            return false;
    }
    return true;
}

bool container_check(struct container *c, struct err *e)
{
    struct vec keys;
    const struct contain_own *own;
    struct err why;
    int64_t now_ms = contain_now(c);
    if (c->setup.mode < CONTAIN_APPROVAL || (now_ms < c->look_ms && !c->may_be_open))
        return true;
    vec_init(&keys, sizeof(struct state_key), SIZE_MAX);
    bool ok = contain_records_open(&c->ports.state, &keys, e);
    c->may_be_open = false;
    c->look_ms = now_ms + (keys.n ? LOOK_MS : LOOK_IDLE_MS);
    if (ok && keys.n && !container_own(c, &own, &why)) {
        contain_note(c, &(struct subject){.name = S("those on record")}, why.text);
        keys.n = 0;
    }
    ok = ok && look_at(c, &keys, e);
    vec_release(&keys);
    return ok;
}
