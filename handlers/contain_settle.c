/* The record of one principal: leased, written, acted on, told. */
#include "handlers/contain_work.h"

/* When what was done is looked at again: IAM is eventually consistent, and attackers poll. */
static const int64_t checks_ms[] = {5000, 30000, 120000, 600000, 1800000, 3600000};
#define CHECKS (sizeof checks_ms / sizeof *checks_ms)

struct contain_record *contain_record_new(struct container *c)
{
    struct contain_record *r = arena_alloc(&c->memory, sizeof *r);
    if (r)
        r->memory = &c->memory;
    return r;
}

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

bool contain_write(struct container *c, struct contain_record *rec, struct err *e)
{
    bool conflict;
    if (!contain_record_write(&c->ports.state, rec, contain_now(c), &conflict, e))
        return false;
    return !conflict || err_set(e, ERR_RETRY, "another delivery is at the same containment");
}

bool contain_tell_due(struct container *c, struct contain_record *rec, struct err *e)
{
    if (rec->told >= rec->due)
        return true;
    if (c->calls.tell && !c->calls.tell(c->calls.to, rec, e))
        return false;
    rec->told = rec->due;
    return contain_write(c, rec, e);
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

int64_t contain_next_attempt(const struct container *c, const struct contain_record *r)
{
    const struct contain_config *cfg = c->setup.config;
    return r->attempts < cfg->attempts ? r->last_ms + cfg->cooldown_ms : 0;
}

/* When it is to be looked at again; 0: never. */
static int64_t next_check(const struct container *c, const struct contain_record *r)
{
    int64_t now_ms = contain_now(c), again_ms = contain_next_attempt(c, r);
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

bool contain_settle(struct container *c, struct contain_record *rec, enum contain_state state,
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
    if (!contain_write(c, rec, e) || !contain_tell_due(c, rec, e))
        return false;
    bool open = rec->next_check_ms || contain_state_holds(state);
    return open || contain_record_close(&c->ports.state, rec, e);
}

bool contain_act(struct container *c, struct contain_record *rec, bool news, struct err *e)
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
    return contain_settle(c, rec, state, news, e);
}
