/* Looking after what was done: whether it still holds, and what a dead worker left. */
#include "handlers/contain_work.h"

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
        return contain_settle(c, rec, rec->state, false, e);
    }
    if (gone) {
        rec->taken_off++;
        rec->checks = 0;
        c->counts.taken_off++;
    }
    return has_todo(rec) ? contain_act(c, rec, gone > 0, e)
                         : contain_settle(c, rec, contain_outcome_of(rec), false, e);
}

/* What was not seen before may be seen by now, and is on record before it is changed. */
static bool look_and_act(struct container *c, struct contain_record *rec, struct err *e)
{
    rec->state = CONTAIN_ACTING;
    contain_image(c, rec);
    return contain_write(c, rec, e) && contain_act(c, rec, false, e);
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
    return contain_settle(c, rec, state == CONTAIN_FAILED ? CONTAIN_REFUSED : state, false, e);
}

static bool go_on(struct container *c, struct contain_record *rec, struct err *e)
{
    int64_t again_ms = contain_next_attempt(c, rec);
    bool again = again_ms && again_ms <= contain_now(c), known, shut = false;
    if (rec->state == CONTAIN_ASKED)
        return contain_settle(c, rec, CONTAIN_EXPIRED, false, e);
    if (is_to_be_released(c, rec))
        return contain_release(c, rec, false, false, e);
    if (!ask_rails(c, rec, &known, &shut, e))
        return false;
    if (!known || shut)
        return known ? let_be(c, rec, e) : contain_settle(c, rec, rec->state, false, e);
    switch (rec->state) {
    case CONTAIN_PLANNED:
    case CONTAIN_ACTING:
        doubt_steps(rec);
        return look_and_act(c, rec, e);
    case CONTAIN_FAILED:
        return again ? try_again(c, rec, e) : contain_settle(c, rec, rec->state, false, e);
    case CONTAIN_PARTLY:
        return again ? try_again(c, rec, e) : check(c, rec, e);
    case CONTAIN_CONTAINED:
        return check(c, rec, e);
    default:
        return contain_settle(c, rec, rec->state, false, e);
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
    if (!contain_tell_due(c, rec, e))
        return false;
    time = time || rec->state == CONTAIN_ACTING || rec->state == CONTAIN_PLANNED;
    if (time && (!stopped || rec->state == CONTAIN_ASKED))
        return go_on(c, rec, e);
    return contain_settle(c, rec, rec->state, false, e);
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
    return contain_settle(c, rec, all ? CONTAIN_RELEASED : CONTAIN_RELEASING, false, e);
}
