/* What is done about one principal: the plan, then nothing, a person who is asked, or the record
 * and the acts. */
#include "handlers/contain_work.h"

/* ---- planning ---- */

/* What is known of one principal. */
struct deciding {
    struct container *c;
    const struct contain_cause *cause;
    const struct contain_target *target;
    struct contain_record *rec;
    struct contain_ask ask;
    struct contain_live live;
    struct contain_plan plan;
};

static bool is_over(enum contain_state s)
{
    return s == CONTAIN_NONE || s == CONTAIN_RELEASED || s == CONTAIN_EXPIRED ||
           s == CONTAIN_REFUSED;
}

/* A principal of the same name that was made anew is another one. */
static bool is_another(const struct contain_record *rec, struct str id)
{
    return id.n && rec->subject.id.n && !str_eq(id, rec->subject.id);
}

static struct contain_history history_of(const struct deciding *g)
{
    const struct contain_record *r = g->rec;
    struct str id = g->live.id.n ? g->live.id : g->target->subject.id;
    if (is_over(r->state) || is_another(r, id))
        return (struct contain_history){.contained = false};
    return (struct contain_history){
        .contained = r->state == CONTAIN_CONTAINED, .attempts = r->attempts, .last_ms = r->last_ms};
}

static bool make_plan(struct deciding *g, bool live, struct err *e)
{
    struct container *c = g->c;
    g->ask.live = live ? &g->live : NULL;
    g->ask.history = history_of(g);
    g->ask.now_ms = contain_now(c);
    return contain_plan_make(&g->ask, &c->memory, &g->plan, e);
}

static bool begin_plan(struct deciding *g, struct err *e)
{
    struct container *c = g->c;
    const struct contain_cause *cause = g->cause;
    const struct contain_setup *setup = &c->setup;
    const struct contain_own *own;
    struct state_key key = contain_key(&g->target->subject);
    g->ask = (struct contain_ask){.subject = &g->target->subject,
                                  .how = g->target->how,
                                  .event = cause->has_event ? &cause->event : NULL,
                                  .rule = cause->rule,
                                  .level = cause->level,
                                  .mode = setup->mode,
                                  .unsure = cause->unsure,
                                  .asked = cause->asked,
                                  .by_operator = cause->asked && setup->by_operator,
                                  .has_strategy = cause->has_strategy,
                                  .strategy = cause->strategy,
                                  .target = cause->target,
                                  .config = setup->config,
                                  .buckets = setup->buckets,
                                  .n_buckets = setup->n_buckets};
    if (!container_own(c, &own, e) ||
        !contain_record_read(&c->ports.state, &key, 1, &c->memory, g->rec, e) ||
        !contain_count_read(&c->ports.state, g->target->subject.account, contain_now(c), key,
                            &g->ask.count, e))
        return false;
    g->ask.own = own;
    return make_plan(g, false, e);
}

bool contain_forecast(struct container *c, const struct contain_cause *cause,
                      const struct contain_target *t, struct contain_plan *out, struct err *e)
{
    struct deciding g = {.c = c, .cause = cause, .target = t, .rec = contain_record_new(c)};
    struct err why = {0};
    if (!g.rec)
        return contain_no_memory(e);
    bool ok = begin_plan(&g, e);
    if (ok && g.plan.mode == CONTAIN_DRY_RUN &&
        contain_live(c, &g.plan.subject, &g.live, &why) == IAM_OK)
        ok = make_plan(&g, true, e);
    *out = g.plan;
    return ok;
}

/* ---- making the record ---- */

static bool is_same_step(const struct contain_step *x, const struct contain_step *y)
{
    bool policy = str_present(x->policy) ? str_eq(x->policy, y->policy) : !str_present(y->policy);
    bool target = str_present(x->target) ? str_eq(x->target, y->target) : !str_present(y->target);
    return x->verb == y->verb && policy && target;
}

static struct contain_done *find_step(struct contain_record *rec, const struct contain_step *s)
{
    for (size_t i = 0; i < rec->n_steps; i++)
        if (is_same_step(&rec->steps[i].step, s))
            return rec->steps + i;
    return NULL;
}

/* Steps that are there stay, with what was in their place; new ones are put behind them. */
static void merge_steps(struct contain_record *rec, const struct contain_plan *plan)
{
    for (size_t i = 0; i < plan->n_steps; i++) {
        const struct contain_step *s = plan->steps + i;
        struct contain_done *d = find_step(rec, s);
        bool again = d && str_present(s->document) && !str_eq(s->document, d->step.document);
        if (!d && rec->n_steps < CONTAIN_STEPS_MAX) {
            d = rec->steps + rec->n_steps++;
            *d = (struct contain_done){.step = *s};
        } else if (d && (again || (d->state != STEP_DONE && d->placed))) {
            d->step = *s;
            d->state = STEP_TODO;
            d->why = STR_ABSENT;
        }
    }
}

/* Of one that is over only what readers of its notices know goes on. */
static void start_anew(struct contain_record *rec)
{
    struct contain_record fresh = {.memory = rec->memory,
                                   .key = rec->key,
                                   .version = rec->version,
                                   .due = rec->due,
                                   .told = rec->told};
    *rec = fresh;
}

static void note_cause(struct contain_record *rec, const struct contain_cause *cause)
{
    rec->alert = cause->alert;
    rec->rule = cause->rule;
    rec->rule_title = cause->rule_title;
    rec->level = cause->level;
    rec->node = cause->node;
    rec->since_ms = cause->since_ms;
    rec->by = cause->by;
    if (str_present(cause->incident))
        rec->incident = cause->incident;
    if (!cause->has_event)
        return;
    rec->object = cause->event.object;
    rec->event_account = cause->event.account;
    rec->event_ms = cause->event.timed ? cause->event.time_ms : 0;
}

static void fill_record(struct deciding *g, enum contain_state state)
{
    struct contain_record *rec = g->rec;
    bool fresh =
        is_over(rec->state) || rec->state == CONTAIN_ASKED || is_another(rec, g->plan.subject.id);
    if (fresh)
        start_anew(rec);
    if (fresh || !contain_state_holds(rec->state))
        note_cause(rec, g->cause);
    rec->state = state;
    rec->subject = g->plan.subject;
    rec->mode = g->plan.mode;
    rec->how = g->target->how;
    rec->reason = g->plan.reason;
    if (fresh)
        rec->planned_ms = contain_now(g->c);
    if (state == CONTAIN_ASKED)
        rec->expires_ms = rec->planned_ms + g->c->setup.config->approval_ms;
    merge_steps(rec, &g->plan);
}

/* Makes it known, with the notice that it is due. */
static bool file(struct deciding *g, enum contain_state state, struct contain_outcome *out,
                 struct err *e)
{
    out->record = g->rec;
    fill_record(g, state);
    g->rec->said = CONTAIN_NONE;
    g->c->may_be_open = true;
    return contain_record_open(&g->c->ports.state, g->rec, e) &&
           contain_settle(g->c, g->rec, state, false, e);
}

/* Makes it known and writes it, leased to us; *mine unless another was first. */
static bool claim(struct deciding *g, bool *mine, struct err *e)
{
    struct container *c = g->c;
    *mine = false;
    c->may_be_open = true;
    return contain_record_open(&c->ports.state, g->rec, e) && contain_lease(c, g->rec, mine, e);
}

/* ---- acting ---- */

static bool is_stopped(struct container *c, struct contain_outcome *out, bool *stopped,
                       struct err *e)
{
    if (!contain_stopped(&c->ports.state, stopped, e))
        return false;
    if (*stopped)
        out->why = S("the kill switch is on: nobody is contained until `trailwarden contain "
                     "--resume`");
    return true;
}

static bool busy(struct contain_outcome *out)
{
    out->why = S("another delivery is at it");
    return true;
}

static bool start_acting(struct deciding *g, struct contain_outcome *out, struct err *e)
{
    struct container *c = g->c;
    bool stopped, mine;
    if (!is_stopped(c, out, &stopped, e))
        return false;
    if (stopped) {
        contain_note(c, &g->plan.subject, out->why.p);
        return true;
    }
    fill_record(g, CONTAIN_ACTING);
    g->rec->attempts++;
    g->rec->last_ms = contain_now(c);
    g->rec->checks = 0;
    contain_image(c, g->rec);
    if (!claim(g, &mine, e))
        return false;
    if (!mine)
        return busy(out);
    out->record = g->rec;
    if (!contain_act(c, g->rec, false, e))
        return false;
    out->done = g->rec->state == CONTAIN_CONTAINED;
    if (!out->done)
        out->why = str_present(g->rec->reason) ? g->rec->reason : S("not every step could be made");
    return true;
}

/* Asks a person, once. */
static bool ask_person(struct deciding *g, struct contain_outcome *out, struct err *e)
{
    out->why = g->plan.reason;
    out->record = g->rec;
    if (g->rec->state == CONTAIN_ASKED && contain_now(g->c) < g->rec->expires_ms)
        return true;
    return file(g, CONTAIN_ASKED, out, e);
}

/* A rail that IAM's answer shut, after the alert said that something would be done. */
static bool tell_refused(struct deciding *g, struct contain_outcome *out, struct err *e)
{
    out->why = g->plan.reason;
    if (g->cause->asked || contain_state_holds(g->rec->state) || g->rec->state == CONTAIN_REFUSED)
        return true;
    return file(g, CONTAIN_REFUSED, out, e);
}

/* IAM does not say who it is: nothing may be done then. An attempt, as one that fails. */
static bool note_blind(struct deciding *g, const struct err *why, struct contain_outcome *out,
                       struct err *e)
{
    struct container *c = g->c;
    contain_note(c, &g->plan.subject, why->text);
    out->why = arena_str(&c->memory, str_of(why->text));
    if (g->cause->asked || contain_state_holds(g->rec->state))
        return true;
    g->plan.reason = out->why;
    g->rec->attempts += g->rec->state == CONTAIN_FAILED ? 0 : 1;
    return file(g, CONTAIN_FAILED, out, e);
}

/* Counts it against the caps; who asks a person needs not be counted, nor whom the kill switch will
 * spare. */
static bool take_count(struct deciding *g, struct err *e)
{
    struct container *c = g->c;
    bool stopped;
    if (g->cause->asked)
        return true;
    if (!contain_stopped(&c->ports.state, &stopped, e))
        return false;
    return stopped ||
           (contain_count_take(&c->ports.state, g->plan.subject.account, contain_now(c),
                               contain_key(&g->plan.subject), c->setup.config, &g->ask.count, e) &&
            make_plan(g, true, e));
}

static bool decide(struct deciding *g, struct contain_outcome *out, struct err *e)
{
    struct container *c = g->c;
    struct err why;
    bool blind = contain_live(c, &g->plan.subject, &g->live, &why) != IAM_OK;
    if (!blind && !make_plan(g, true, e))
        return false;
    if (!blind && contain_plan_acts(&g->plan) && !g->cause->dry_run && !take_count(g, e))
        return false;
    out->plan = g->plan;
    if (g->cause->dry_run || g->plan.mode == CONTAIN_DRY_RUN) {
        out->done = !blind && g->plan.mode != CONTAIN_OFF;
        out->why = blind ? arena_str(&c->memory, str_of(why.text)) : g->plan.reason;
        return true;
    }
    if (g->plan.mode == CONTAIN_APPROVAL)
        return ask_person(g, out, e);
    if (blind)
        return note_blind(g, &why, out, e);
    return contain_plan_acts(&g->plan) ? start_acting(g, out, e) : tell_refused(g, out, e);
}

/* Whether somebody is at it, or left it half done: that is gone on with by contain_look_after. */
static bool is_underway(const struct contain_record *r)
{
    return r->state == CONTAIN_ACTING || r->state == CONTAIN_PLANNED ||
           r->state == CONTAIN_RELEASING;
}

/* Whether IAM may tell what the strategy that a person asks for needs to know: who names a session
 * by its ARN does not say the role's id. */
static bool may_become_known(const struct deciding *g)
{
    return g->cause->asked && g->plan.why == REFUSED_NO_STEPS;
}

bool contain_one(struct container *c, const struct contain_cause *cause,
                 const struct contain_target *t, struct contain_outcome *out, struct err *e)
{
    struct deciding g = {.c = c, .cause = cause, .target = t, .rec = contain_record_new(c)};
    *out = (struct contain_outcome){.plan.subject = t->subject};
    if (!g.rec)
        return contain_no_memory(e);
    if (!begin_plan(&g, e))
        return false;
    out->plan = g.plan;
    out->was = g.rec->state;
    if (g.plan.mode == CONTAIN_OFF && !may_become_known(&g)) {
        out->done = g.plan.why == REFUSED_CONTAINED;
        out->why = g.plan.reason;
        out->record = g.rec->version ? g.rec : NULL;
        return true;
    }
    if (is_underway(g.rec)) {
        out->record = g.rec;
        if (cause->dry_run || g.rec->state == CONTAIN_RELEASING)
            return busy(out);
        if (!contain_look_after(c, g.rec, e))
            return false;
        out->done = g.rec->state == CONTAIN_CONTAINED;
        return out->done || busy(out);
    }
    return decide(&g, out, e);
}
