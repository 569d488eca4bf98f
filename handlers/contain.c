/* The order of containment, for one principal. */
#include "handlers/contain.h"

#include <stdlib.h>

#include "base/escape.h"
#include "handlers/contain_work.h"
#include "respond/contain_put.h"

/* Times that a record is read again when others write it. */
#define ROUNDS_MAX 5
/* When what was done is looked at again: IAM is eventually consistent, and attackers poll. */
static const int64_t checks_ms[] = {5000, 30000, 120000, 600000, 1800000, 3600000};
#define CHECKS (sizeof checks_ms / sizeof *checks_ms)

bool contain_no_memory(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "no memory to contain anybody");
}

bool contain_has_time(const struct container *c)
{
    return c->ports.clock.left_ms(c->ports.clock.self) >= CONTAIN_MARGIN_MS;
}

void contain_note(const struct container *c, const struct subject *s, const char *sentence)
{
    struct buf who;
    struct err text;
    if (!c->calls.note)
        return;
    buf_init(&who, ERR_TEXT_MAX);
    buf_put_terminal(&who, s->kind == SUBJECT_KEY ? s->key : s->name);
    const char *name = buf_z(&who);
    err_set(&text, ERR_NONE, "containing %.128s: %s", name ? name : "somebody", sentence);
    c->calls.note(c->calls.to, text.text);
    buf_release(&who);
}

/* ---- who we are --------------------------------------------------------------------------------
 */

bool container_own(struct container *c, const struct contain_own **out, struct err *e)
{
    struct subject me;
    struct iam_call call = {.action = IAM_GET_CALLER_IDENTITY};
    *out = &c->own;
    if (c->own_known)
        return true;
    if (!c->ports.iam.call)
        return err_set(e, ERR_USAGE, "nothing is there to contain with");
    if (!c->ports.iam.call(c->ports.iam.self, &call, &c->answer, e))
        return false;
    arena_reset(&c->own_memory);
    struct str arn = arena_str(&c->own_memory, c->answer.arn), id = c->answer.id;
    struct str rest = arn;
    str_cut(&rest, ':');
    subject_of_arn(arn, &me);
    c->own_arn = arn;
    c->own = (struct contain_own){.partition = str_cut(&rest, ':'),
                                  .account = arena_str(&c->own_memory, c->answer.account),
                                  .id = arena_str(&c->own_memory, str_cut(&id, ':')),
                                  .name = me.name};
    c->own_known = str_present(c->own.account) && str_present(c->own.id);
    return c->own_known || contain_no_memory(e);
}

/* ---- planning ----------------------------------------------------------------------------------
 */

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

struct contain_record *contain_record_new(struct container *c)
{
    struct contain_record *r = arena_alloc(&c->memory, sizeof *r);
    if (r)
        r->memory = &c->memory;
    return r;
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

/* ---- the record --------------------------------------------------------------------------------
 */

static bool is_mine(const struct container *c, const struct contain_record *r)
{
    return memcmp(r->owner, c->delivery.owner, sizeof r->owner) == 0;
}

bool contain_lease(struct container *c, struct contain_record *rec, bool *mine, struct err *e)
{
    bool conflict = false;
    int64_t now_ms = contain_now(c);
    *mine = rec->lease_ms <= now_ms || is_mine(c, rec);
    if (!*mine)
        return true;
    memcpy(rec->owner, c->delivery.owner, sizeof rec->owner);
    rec->lease_ms = now_ms + c->delivery.lease_ms;
    bool ok = contain_record_write(&c->ports.state, rec, now_ms, &conflict, e);
    *mine = !conflict;
    return ok;
}

/* Writes it; whoever has the lease is the only one who does. */
static bool write_record(struct container *c, struct contain_record *rec, struct err *e)
{
    bool conflict;
    if (!contain_record_write(&c->ports.state, rec, contain_now(c), &conflict, e))
        return false;
    return !conflict || err_set(e, ERR_RETRY, "another delivery is at the same containment");
}

/* Without anybody to tell, whoever ordered it reads what came of it. */
static bool tell_due(struct container *c, struct contain_record *rec, struct err *e)
{
    if (rec->told >= rec->due)
        return true;
    if (c->calls.tell && !c->calls.tell(c->calls.to, rec, e))
        return false;
    rec->told = rec->due;
    return write_record(c, rec, e);
}

static void count(struct container *c, enum contain_state s)
{
    c->counts.contained += s == CONTAIN_CONTAINED;
    c->counts.partly += s == CONTAIN_PARTLY;
    c->counts.failed += s == CONTAIN_FAILED;
    c->counts.refused += s == CONTAIN_REFUSED;
    c->counts.asked += s == CONTAIN_ASKED;
    c->counts.released += s == CONTAIN_RELEASED;
}

/* Another attempt may be made once the last is long enough ago. */
static int64_t next_attempt(const struct container *c, const struct contain_record *r)
{
    const struct contain_config *cfg = c->setup.config;
    return r->attempts < cfg->attempts ? r->last_ms + cfg->cooldown_ms : 0;
}

/* When it is to be looked at again; 0: never. */
static int64_t next_check(const struct container *c, const struct contain_record *r)
{
    int64_t now_ms = contain_now(c), again_ms = next_attempt(c, r);
    int64_t look_ms = now_ms + checks_ms[r->checks < CHECKS ? r->checks : CHECKS - 1];
    switch (r->state) {
    case CONTAIN_ASKED:
        return r->expires_ms;
    case CONTAIN_PLANNED:
    case CONTAIN_ACTING:
        return now_ms;
    case CONTAIN_CONTAINED:
        return look_ms;
    case CONTAIN_PARTLY:
        return again_ms && again_ms < look_ms ? again_ms : look_ms;
    case CONTAIN_FAILED:
        return again_ms;
    default:
        return 0;
    }
}

/* Writes what came of it, gives the lease back, tells what is due. `news`: also when the state is
 * what was said last. */
static bool settle(struct container *c, struct contain_record *rec, enum contain_state state,
                   bool news, struct err *e)
{
    bool between =
        state == CONTAIN_PLANNED || state == CONTAIN_ACTING || state == CONTAIN_RELEASING;
    bool said = between || (state == rec->said && !news);
    rec->state = state;
    if (!said) {
        rec->said = state;
        rec->alarm = news;
        rec->due++;
        count(c, state);
    }
    rec->lease_ms = 0;
    rec->next_check_ms = next_check(c, rec);
    if (!write_record(c, rec, e) || !tell_due(c, rec, e))
        return false;
    bool open = rec->next_check_ms || contain_state_holds(state);
    return open || contain_record_close(&c->ports.state, rec, e);
}

/* ---- making the record -------------------------------------------------------------------------
 */

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
           settle(g->c, g->rec, state, false, e);
}

/* Makes it known and writes it, leased to us; *mine unless another was first. */
static bool claim(struct deciding *g, bool *mine, struct err *e)
{
    struct container *c = g->c;
    *mine = false;
    c->may_be_open = true;
    return contain_record_open(&c->ports.state, g->rec, e) && contain_lease(c, g->rec, mine, e);
}

/* ---- acting ------------------------------------------------------------------------------------
 */

/* Makes the steps of a record that is ours, and notes what came of it. */
static bool act(struct container *c, struct contain_record *rec, bool news, struct err *e)
{
    bool stopped;
    size_t gone;
    struct err why;
    if (!contain_make_steps(c, rec, &stopped, e))
        return false;
    if (rec->acted_ms == 0 || news)
        rec->acted_ms = contain_now(c);
    enum contain_state state = contain_outcome_of(rec);
    if (stopped && !contain_has_time(c))
        state = CONTAIN_ACTING; /* the next invocation goes on */
    else if (!stopped && !contain_read_back(c, rec, true, &gone, &why))
        contain_note(c, &rec->subject, why.text);
    return settle(c, rec, state, news, e);
}

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
    if (!act(c, g->rec, false, e))
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

/* ---- afterwards --------------------------------------------------------------------------------
 */

bool contain_is_due(const struct contain_record *r, int64_t now_ms)
{
    if (r->lease_ms > now_ms)
        return false;
    return r->told < r->due || (r->next_check_ms && r->next_check_ms <= now_ms) ||
           r->state == CONTAIN_ACTING || r->state == CONTAIN_PLANNED;
}

static bool has_todo(const struct contain_record *rec)
{
    for (size_t i = 0; i < rec->n_steps; i++)
        if (rec->steps[i].state == STEP_TODO)
            return true;
    return false;
}

/* Reads back; what is gone is made again, and told. */
static bool check(struct container *c, struct contain_record *rec, struct err *e)
{
    size_t gone = 0;
    struct err why;
    rec->checks++;
    if (!contain_read_back(c, rec, false, &gone, &why)) {
        contain_note(c, &rec->subject, why.text);
        return settle(c, rec, rec->state, false, e);
    }
    if (gone) {
        rec->taken_off++;
        rec->checks = 0;
        c->counts.taken_off++;
    }
    return has_todo(rec) ? act(c, rec, gone > 0, e)
                         : settle(c, rec, contain_outcome_of(rec), false, e);
}

/* What was not seen before may be seen by now, and is on record before it is changed. */
static bool look_and_act(struct container *c, struct contain_record *rec, struct err *e)
{
    rec->state = CONTAIN_ACTING;
    contain_image(c, rec);
    return write_record(c, rec, e) && act(c, rec, false, e);
}

static bool try_again(struct container *c, struct contain_record *rec, struct err *e)
{
    rec->attempts++;
    rec->last_ms = contain_now(c);
    for (size_t i = 0; i < rec->n_steps; i++)
        if (rec->steps[i].state == STEP_FAILED)
            rec->steps[i].state = STEP_TODO;
    return look_and_act(c, rec, e);
}

/* Whoever left the record may have made what is still to be made. */
static void doubt_steps(struct contain_record *rec)
{
    for (size_t i = 0; i < rec->n_steps; i++)
        if (rec->steps[i].state == STEP_TODO && rec->steps[i].placed)
            rec->steps[i].touched = true;
}

static bool is_to_be_released(const struct container *c, const struct contain_record *rec)
{
    int64_t after_ms = c->setup.config->release_ms;
    return after_ms && rec->state == CONTAIN_CONTAINED &&
           contain_now(c) >= rec->acted_ms + after_ms;
}

/* Whether a refusal is about who the principal is, whatever was done to him before. */
static bool is_about_whom(enum contain_refusal why)
{
    switch (why) {
    case REFUSED_SUBJECT:
    case REFUSED_OWN:
    case REFUSED_RESPONDER:
    case REFUSED_BREAK_GLASS:
    case REFUSED_ACCOUNT:
    case REFUSED_PARTITION:
    case REFUSED_OTHER:
        return true;
    default:
        return false;
    }
}

/* The rails once more: the name may be somebody else's by now, the lists may have grown. *known is
 * false when IAM does not say. */
static bool ask_rails(struct container *c, struct contain_record *rec, bool *known, bool *shut,
                      struct err *e)
{
    const struct contain_own *own;
    struct contain_live live;
    struct contain_plan plan;
    struct err why;
    *known = container_own(c, &own, &why) && contain_live(c, &rec->subject, &live, &why) == IAM_OK;
    if (!*known) {
        contain_note(c, &rec->subject, why.text);
        return true;
    }
    const struct contain_ask ask = {.subject = &rec->subject,
                                    .how = rec->how,
                                    .asked = true,
                                    .by_operator = true,
                                    .config = c->setup.config,
                                    .own = own,
                                    .live = &live,
                                    .now_ms = contain_now(c)};
    if (!contain_plan_make(&ask, &c->memory, &plan, e))
        return false;
    *shut = is_about_whom(plan.why);
    if (*shut)
        rec->reason = plan.reason;
    return true;
}

/* Nothing more is done; what was done stays on record, and can be taken back. */
static bool let_be(struct container *c, struct contain_record *rec, struct err *e)
{
    bool begun = rec->state == CONTAIN_PLANNED || rec->state == CONTAIN_ACTING;
    enum contain_state state = begun ? contain_outcome_of(rec) : rec->state;
    return settle(c, rec, state == CONTAIN_FAILED ? CONTAIN_REFUSED : state, false, e);
}

static bool go_on(struct container *c, struct contain_record *rec, struct err *e)
{
    int64_t again_ms = next_attempt(c, rec);
    bool again = again_ms && again_ms <= contain_now(c), known, shut = false;
    if (rec->state == CONTAIN_ASKED)
        return settle(c, rec, CONTAIN_EXPIRED, false, e);
    if (is_to_be_released(c, rec))
        return contain_release(c, rec, false, false, e);
    if (!ask_rails(c, rec, &known, &shut, e))
        return false;
    if (!known || shut)
        return known ? let_be(c, rec, e) : settle(c, rec, rec->state, false, e);
    switch (rec->state) {
    case CONTAIN_PLANNED:
    case CONTAIN_ACTING:
        doubt_steps(rec);
        return look_and_act(c, rec, e);
    case CONTAIN_FAILED:
        return again ? try_again(c, rec, e) : settle(c, rec, rec->state, false, e);
    case CONTAIN_PARTLY:
        return again ? try_again(c, rec, e) : check(c, rec, e);
    case CONTAIN_CONTAINED:
        return check(c, rec, e);
    default:
        return settle(c, rec, rec->state, false, e);
    }
}

bool contain_look_after(struct container *c, struct contain_record *rec, struct err *e)
{
    bool mine, stopped;
    int64_t now_ms = contain_now(c);
    bool time = rec->next_check_ms && rec->next_check_ms <= now_ms;
    if (!contain_is_due(rec, now_ms))
        return true;
    if (!contain_stopped(&c->ports.state, &stopped, e) || !contain_lease(c, rec, &mine, e))
        return false;
    if (!mine)
        return true;
    if (!tell_due(c, rec, e))
        return false;
    time = time || rec->state == CONTAIN_ACTING || rec->state == CONTAIN_PLANNED;
    if (time && (!stopped || rec->state == CONTAIN_ASKED))
        return go_on(c, rec, e);
    return settle(c, rec, rec->state, false, e);
}

bool contain_release(struct container *c, struct contain_record *rec, bool force, bool keep_keys,
                     struct err *e)
{
    bool mine;
    rec->state = CONTAIN_RELEASING;
    if (!contain_lease(c, rec, &mine, e))
        return false;
    if (!mine)
        return err_set(e, ERR_RETRY, "another delivery is at the same containment");
    bool all = contain_undo_steps(c, rec, force, keep_keys);
    if (all)
        rec->released_ms = contain_now(c);
    return settle(c, rec, all ? CONTAIN_RELEASED : CONTAIN_RELEASING, false, e);
}

/* ---- life --------------------------------------------------------------------------------------
 */

struct container *container_new(const struct contain_setup *setup, const struct ports *ports,
                                struct contain_calls calls, struct err *e)
{
    struct container *c = calloc(1, sizeof *c);
    if (!c) {
        contain_no_memory(e);
        return NULL;
    }
    c->setup = *setup;
    c->ports = *ports;
    c->calls = calls;
    c->may_be_open = true;
    arena_init(&c->memory, CONTAIN_MEMORY_MAX);
    arena_init(&c->own_memory, 4096);
    iam_answer_init(&c->answer);
    vec_init(&c->causes, sizeof(struct contain_cause), CONTAIN_ALERTS_MAX);
    contain_proofs_init(&c->proofs);
    return c;
}

void container_free(struct container *c)
{
    if (!c)
        return;
    arena_release(&c->memory);
    arena_release(&c->own_memory);
    iam_answer_release(&c->answer);
    vec_release(&c->causes);
    contain_proofs_release(&c->proofs);
    free(c);
}

const struct contain_counts *container_counts(const struct container *c)
{
    return &c->counts;
}

void container_begin(struct container *c, const struct delivery *d)
{
    c->delivery = *d;
    c->causes.n = 0;
    arena_reset(&c->memory);
    contain_proofs_begin(&c->proofs);
}

void container_see(struct container *c, struct event *ev, const struct facts *f)
{
    contain_proofs_see(&c->proofs, ev, f);
}

bool container_stop(struct container *c, bool stop, struct err *e)
{
    return contain_stop_write(&c->ports.state, stop, contain_now(c), e);
}

bool container_stopped(struct container *c, bool *stopped, struct err *e)
{
    return contain_stopped(&c->ports.state, stopped, e);
}
