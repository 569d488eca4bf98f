/* Making the steps of a containment, and reading them back. Every step can be made again. */
#include "engine/json.h"
#include "handlers/contain_work.h"
#include "respond/arn.h"

/* How long IAM may take to show what was written: its user guide says a few minutes at worst,
 * measurements some seconds ("Troubleshooting IAM", changes are not always immediately visible). */
#define VISIBLE_MS (120 * 1000LL)

/* What a step is made with. */
struct making {
    struct container *c;
    struct contain_record *rec;
    struct contain_done *d;
    bool role;
    struct err *why;
};

static bool call(struct making *m, enum iam_action action, struct iam_call call)
{
    call.action = action;
    bool ok = contain_call(m->c, m->rec, &m->rec->subject, call, m->why);
    m->d->result = m->c->answer.result;
    return ok;
}

/* ---- making ---- */

static bool has_key(const struct contain_done *d, struct str key)
{
    for (size_t i = 0; i < d->n_keys; i++)
        if (str_eq(d->keys[i], key))
            return true;
    return false;
}

/* Forgets a key that was not turned off: what we did not do is not taken back. */
static void forget_key(struct contain_done *d, struct str key)
{
    for (size_t i = 0; i < d->n_keys; i++)
        if (str_eq(d->keys[i], key)) {
            d->keys[i] = d->keys[--d->n_keys];
            return;
        }
}

static bool key_off(struct making *m, struct str key)
{
    bool ok = call(m, IAM_UPDATE_ACCESS_KEY, (struct iam_call){.id = key, .active = false});
    if (!ok && m->d->result != IAM_LATER)
        forget_key(m->d, key);
    return ok || m->d->result == IAM_NO_SUCH;
}

/* Those that were there, and those that were made meanwhile: a new list is asked for, and copied,
 * for the answer is gone with the next call. */
static bool keys_off(struct making *m)
{
    struct str list[CONTAIN_KEYS_MAX];
    size_t n = 0;
    if (!call(m, IAM_LIST_ACCESS_KEYS, (struct iam_call){0}))
        return false;
    for (size_t i = 0; i < m->c->answer.n_items && n < CONTAIN_KEYS_MAX; i++)
        if (m->c->answer.items[i].active)
            list[n++] = arena_str(m->rec->memory, m->c->answer.items[i].id);
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        if (!has_key(m->d, list[i]) && m->d->n_keys < CONTAIN_KEYS_MAX)
            m->d->keys[m->d->n_keys++] = list[i];
        ok = key_off(m, list[i]) && ok;
    }
    return ok;
}

static bool console_off(struct making *m)
{
    return call(m, IAM_DELETE_LOGIN_PROFILE, (struct iam_call){0}) || m->d->result == IAM_NO_SUCH;
}

static bool force_reset(struct making *m)
{
    return call(m, IAM_UPDATE_LOGIN_PROFILE, (struct iam_call){.active = true}) ||
           m->d->result == IAM_NO_SUCH;
}

/* Whether the instance's profile holds the subject's role, whatever the profile is called: the
 * session's name, which names the instance, may have been made up. Whoever orders it with his own
 * credentials named the instance himself. */
static bool is_his_instance(struct making *m)
{
    struct str name = m->d->was; /* arn:aws:iam::111122223333:instance-profile/path/name */
    if (m->c->setup.by_operator)
        return true;
    for (size_t at; (at = str_find_byte(name, '/', 0)) != SIZE_MAX;)
        name = str_skip(name, at + 1);
    if (name.n && !call(m, IAM_GET_INSTANCE_PROFILE, (struct iam_call){.policy = name}))
        return false;
    for (size_t i = 0; name.n && i < m->c->answer.n_items; i++)
        if (str_eq_fold(m->c->answer.items[i].name, m->rec->subject.name))
            return true;
    m->d->result = IAM_CONFLICT;
    return err_set(m->why, ERR_CONFLICT, "the instance has no profile that holds the role");
}

static bool cut_instance(struct making *m)
{
    struct str list[CONTAIN_KEYS_MAX];
    size_t n = 0;
    if (!is_his_instance(m))
        return false;
    if (!call(m, IAM_DESCRIBE_INSTANCE_PROFILES, (struct iam_call){.id = m->d->step.target}))
        return false;
    for (size_t i = 0; i < m->c->answer.n_items && n < CONTAIN_KEYS_MAX; i++)
        if (m->c->answer.items[i].active)
            list[n++] = arena_str(m->rec->memory, m->c->answer.items[i].id);
    bool ok = true;
    struct arn target; /* an association's id does not tell its region */
    struct iam_at at = contain_at(m->c, &m->rec->subject);
    at.region = arn_parse(m->d->step.target, &target) ? target.region : STR_ABSENT;
    for (size_t i = 0; i < n; i++)
        ok = (call(m, IAM_DISASSOCIATE_PROFILE, (struct iam_call){.id = list[i], .at = &at}) ||
              m->d->result == IAM_NO_SUCH) && /* taken off, and the answer was lost */
             ok;
    return ok;
}

static bool make(struct making *m)
{
    const struct contain_step *s = &m->d->step;
    switch (s->verb) {
    case VERB_ATTACH:
        return call(m, iam_of(IAM_ATTACH_USER_POLICY, m->role),
                    (struct iam_call){.policy = s->policy});
    case VERB_PUT_INLINE:
        return call(m, iam_of(IAM_PUT_USER_POLICY, m->role),
                    (struct iam_call){.policy = s->policy, .document = s->document});
    case VERB_PUT_BOUNDARY:
        return call(m, iam_of(IAM_PUT_USER_BOUNDARY, m->role),
                    (struct iam_call){.policy = s->policy});
    case VERB_KEYS_OFF:
        return keys_off(m);
    case VERB_KEY_OFF:
        return key_off(m, s->target);
    case VERB_CONSOLE_OFF:
        return console_off(m);
    case VERB_FORCE_RESET:
        return force_reset(m);
    case VERB_TAG:
        return call(m, iam_of(IAM_TAG_USER, m->role),
                    (struct iam_call){.tag = S(CONTAIN_TAG), .value = S(CONTAIN_TAG_VALUE)});
    case VERB_CUT_TRUST:
        return call(m, IAM_UPDATE_TRUST_POLICY, (struct iam_call){.document = s->document});
    case VERB_CUT_INSTANCE:
        return cut_instance(m);
    case VERB_CUT_ANCHOR:
        return call(m, IAM_DISABLE_TRUST_ANCHOR, (struct iam_call){.id = s->target});
    case VERB_CUT_PROFILE:
        return call(m, IAM_DISABLE_ANYWHERE_PROFILE, (struct iam_call){.id = s->target});
    case VERB_DELETE_USER:
        return contain_delete_user(m->c, m->rec, m->d, m->why);
    case VERB_ROTATE_KEY:
        return contain_rotate_key(m->c, m->rec, m->d, m->why);
    default:
        return false;
    }
}

static void make_step(struct container *c, struct contain_record *rec, struct contain_done *d)
{
    struct err why = {0};
    struct making m = {c, rec, d, rec->subject.kind == SUBJECT_ROLE, &why};
    bool ok = make(&m);
    d->state = ok ? STEP_DONE : STEP_FAILED;
    d->touched = d->touched || ok || d->result == IAM_LATER || d->n_keys > 0 ||
                 d->step.verb == VERB_DELETE_USER;
    d->why = ok ? STR_ABSENT : arena_str(rec->memory, str_of(why.text));
    if (!ok)
        contain_note(c, &rec->subject, why.text);
}

/* Whether a fallback's turn has come. */
static bool is_needed(const struct contain_record *rec, size_t at)
{
    const struct contain_done *front = rec->steps + at - 1;
    return at > 0 && front->state == STEP_FAILED && front->result == IAM_LIMIT;
}

static bool may_go_on(struct container *c, struct contain_record *rec, bool *stopped, struct err *e)
{
    if (!contain_stopped(&c->ports.state, stopped, e))
        return false;
    rec->reason = *stopped ? S("the kill switch is on") : STR_ABSENT;
    if (!*stopped && !contain_has_time(c)) {
        *stopped = true;
        rec->reason = S("the invocation's time was over");
    }
    return true;
}

bool contain_make_steps(struct container *c, struct contain_record *rec, bool *stopped,
                        struct err *e)
{
    *stopped = false;
    for (size_t i = 0; i < rec->n_steps; i++) {
        struct contain_done *d = rec->steps + i;
        if (d->step.fallback && d->state == STEP_TODO && !is_needed(rec, i))
            d->state = STEP_SKIPPED;
        if (d->state != STEP_TODO)
            continue;
        if (!may_go_on(c, rec, stopped, e))
            return false;
        if (*stopped)
            return true;
        make_step(c, rec, d);
    }
    return true;
}

/* Whether there may be something to take back. What is TODO may have been made by who died. */
static bool may_be_made(const struct contain_done *d)
{
    return d->placed && (d->touched || d->state == STEP_TODO);
}

enum contain_state contain_outcome_of(const struct contain_record *rec)
{
    size_t wanted = 0, got = 0, part = 0;
    for (size_t i = 0; i < rec->n_steps; i++) {
        const struct contain_done *d = rec->steps + i;
        wanted += !d->step.fallback;
        got += d->state == STEP_DONE;
        part += d->state != STEP_DONE && d->touched;
    }
    if (got + part == 0)
        return CONTAIN_FAILED;
    return got < wanted ? CONTAIN_PARTLY : CONTAIN_CONTAINED;
}

/* ---- reading back ---- */

/* Whether two texts are the same; with `times` also when their digits differ. */
static bool is_same_text(struct str x, struct str y, bool times)
{
    for (size_t i = 0; x.n == y.n && i < x.n; i++)
        if (x.p[i] != y.p[i] && !(times && byte_is_digit(x.p[i]) && byte_is_digit(y.p[i])))
            return false;
    return x.n == y.n;
}

static bool is_alike(struct str x, struct str y, bool times)
{
    struct buf a, b;
    buf_init(&a, IAM_DOCUMENT_MAX);
    buf_init(&b, IAM_DOCUMENT_MAX);
    bool both = x.n && y.n;
    if (both) {
        json_put_compact(&a, x);
        json_put_compact(&b, y);
    }
    bool same = both && !a.failed && !b.failed && is_same_text(buf_str(&a), buf_str(&b), times);
    buf_release(&a);
    buf_release(&b);
    return same;
}

/* Whether two policies are the same but for blanks. */
static bool is_same_policy(struct str x, struct str y)
{
    return is_alike(x, y, false);
}

/* Whether nobody has an active key of those that the step is about. */
static bool keys_are_off(const struct making *m)
{
    const struct iam_answer *a = &m->c->answer;
    for (size_t i = 0; i < a->n_items; i++)
        if (a->items[i].active &&
            (m->d->step.verb == VERB_KEYS_OFF || str_eq(a->items[i].id, m->d->step.target)))
            return false;
    return true;
}

static bool no_profile(const struct iam_answer *a)
{
    for (size_t i = 0; i < a->n_items; i++)
        if (a->items[i].active)
            return false;
    return true;
}

/* Asks for what shows the step; false when IAM does not say. Of what is not there, NO_SUCH. */
static bool look(struct making *m)
{
    const struct contain_step *s = &m->d->step;
    bool ok = true;
    switch (s->verb) {
    case VERB_ATTACH:
        ok = call(m, iam_of(IAM_LIST_ATTACHED_USER_POLICIES, m->role), (struct iam_call){0});
        break;
    case VERB_PUT_INLINE:
        ok = call(m, iam_of(IAM_GET_USER_POLICY, m->role), (struct iam_call){.policy = s->policy});
        break;
    case VERB_PUT_BOUNDARY:
    case VERB_TAG:
    case VERB_CUT_TRUST:
        ok = call(m, iam_of(IAM_GET_USER, m->role), (struct iam_call){0});
        break;
    case VERB_KEYS_OFF:
    case VERB_KEY_OFF:
        ok = call(m, IAM_LIST_ACCESS_KEYS, (struct iam_call){0});
        break;
    case VERB_CONSOLE_OFF:
        ok = call(m, IAM_GET_LOGIN_PROFILE, (struct iam_call){0});
        break;
    case VERB_CUT_INSTANCE:
        ok = call(m, IAM_DESCRIBE_INSTANCE_PROFILES, (struct iam_call){.id = s->target});
        break;
    case VERB_CUT_ANCHOR:
        ok = call(m, IAM_GET_TRUST_ANCHOR, (struct iam_call){.id = s->target});
        break;
    case VERB_CUT_PROFILE:
        ok = call(m, IAM_GET_ANYWHERE_PROFILE, (struct iam_call){.id = s->target});
        break;
    default: /* nothing shows it, or nothing takes it off */
        m->c->answer.result = IAM_OK;
    }
    return ok || m->c->answer.result == IAM_NO_SUCH;
}

/* Whether the answer shows the step. Of a principal that is gone nothing can be taken off. */
static bool shows(const struct making *m)
{
    const struct contain_step *s = &m->d->step;
    const struct iam_answer *a = &m->c->answer;
    const struct iam_item *item;
    if (a->result == IAM_NO_SUCH)
        return s->verb != VERB_PUT_INLINE;
    switch (s->verb) {
    case VERB_ATTACH:
        return iam_answer_by_id(a, s->policy) != NULL;
    case VERB_PUT_INLINE:
        return is_same_policy(a->document, s->document);
    case VERB_PUT_BOUNDARY:
        return str_eq(a->boundary, s->policy);
    case VERB_TAG:
        item = iam_answer_by_name(a, S(CONTAIN_TAG));
        return item && str_eq(item->value, S(CONTAIN_TAG_VALUE));
    case VERB_CUT_TRUST:
        return is_same_policy(a->trust, s->document);
    case VERB_KEYS_OFF:
    case VERB_KEY_OFF:
        return keys_are_off(m);
    case VERB_CONSOLE_OFF:
        return false;
    case VERB_CUT_INSTANCE:
        return no_profile(a);
    case VERB_CUT_ANCHOR:
    case VERB_CUT_PROFILE:
        return !a->active;
    default:
        return true;
    }
}

bool contain_read_back(struct container *c, struct contain_record *rec, bool fresh, size_t *gone,
                       struct err *why)
{
    bool late = contain_now(c) >= rec->acted_ms + VISIBLE_MS;
    *gone = 0;
    for (size_t i = 0; i < rec->n_steps; i++) {
        struct contain_done *d = rec->steps + i;
        struct making m = {c, rec, d, rec->subject.kind == SUBJECT_ROLE, why};
        enum iam_result result = d->result;
        if (d->state != STEP_DONE)
            continue;
        bool asked = look(&m), there = asked && shows(&m);
        d->result = result; /* of the step, not of the look */
        if (!asked)
            return false;
        if (!there && !fresh) {
            *gone += d->seen || late;
            d->state = STEP_TODO;
        }
        d->seen = d->seen || there;
    }
    return true;
}

/* ---- taking back ---- */

static bool keep_as(struct making *m, const char *why)
{
    m->d->state = STEP_KEPT;
    m->d->why = arena_str(m->rec->memory, str_of(why));
    return true;
}

/* What is not there (any more) needs not be taken back. */
static bool undone(bool ok, const struct making *m)
{
    return ok || m->c->answer.result == IAM_NO_SUCH;
}

static bool undo_inline(struct making *m)
{
    const struct contain_step *s = &m->d->step;
    if (str_present(m->d->was))
        return undone(call(m, iam_of(IAM_PUT_USER_POLICY, m->role),
                           (struct iam_call){.policy = s->policy, .document = m->d->was}),
                      m);
    return undone(
        call(m, iam_of(IAM_DELETE_USER_POLICY, m->role), (struct iam_call){.policy = s->policy}),
        m);
}

static bool undo_boundary(struct making *m)
{
    if (str_present(m->d->was))
        return undone(
            call(m, iam_of(IAM_PUT_USER_BOUNDARY, m->role), (struct iam_call){.policy = m->d->was}),
            m);
    return undone(call(m, iam_of(IAM_DELETE_USER_BOUNDARY, m->role), (struct iam_call){0}), m);
}

static bool undo_keys(struct making *m)
{
    bool ok = true;
    for (size_t i = 0; i < m->d->n_keys; i++)
        ok = undone(call(m, IAM_UPDATE_ACCESS_KEY,
                         (struct iam_call){.id = m->d->keys[i], .active = true}),
                    m) &&
             ok;
    return ok;
}

static bool undo_tag(struct making *m)
{
    if (str_present(m->d->was))
        return undone(call(m, iam_of(IAM_TAG_USER, m->role),
                           (struct iam_call){.tag = S(CONTAIN_TAG), .value = m->d->was}),
                      m);
    return undone(
        call(m, iam_of(IAM_UNTAG_USER, m->role), (struct iam_call){.tag = S(CONTAIN_TAG)}), m);
}

static bool undo(struct making *m, bool keep_keys)
{
    const struct contain_step *s = &m->d->step;
    switch (contain_undo_of(s->verb)) {
    case UNDO_DETACH:
        return str_present(m->d->was) || undone(call(m, iam_of(IAM_DETACH_USER_POLICY, m->role),
                                                     (struct iam_call){.policy = s->policy}),
                                                m);
    case UNDO_DELETE_INLINE:
        return undo_inline(m);
    case UNDO_BOUNDARY:
        return undo_boundary(m);
    case UNDO_KEYS:
        return keep_keys && m->d->n_keys ? keep_as(m, "the keys were to stay inactive")
                                         : undo_keys(m);
    case UNDO_PASSWORD:
        return !str_present(m->d->was) ||
               keep_as(m, "the old password is lost: give a new one with `aws iam "
                          "create-login-profile`");
    case UNDO_RESET:
        return str_present(m->d->was) ||
               undone(call(m, IAM_UPDATE_LOGIN_PROFILE, (struct iam_call){.active = false}), m);
    case UNDO_UNTAG:
        return undo_tag(m);
    case UNDO_TRUST:
        return undone(call(m, IAM_UPDATE_TRUST_POLICY, (struct iam_call){.document = m->d->was}),
                      m);
    case UNDO_INSTANCE:
        return !str_present(m->d->was) ||
               call(m, IAM_ASSOCIATE_PROFILE,
                    (struct iam_call){.id = s->target, .policy = m->d->was});
    case UNDO_ANCHOR:
        return !str_present(m->d->was) ||
               call(m, IAM_ENABLE_TRUST_ANCHOR, (struct iam_call){.id = s->target});
    case UNDO_PROFILE:
        return !str_present(m->d->was) ||
               call(m, IAM_ENABLE_ANYWHERE_PROFILE, (struct iam_call){.id = s->target});
    default:
        return keep_as(m, "nothing can take it back");
    }
}

/* Verbs of which somebody else may have put another thing in our one's place. */
static bool can_differ(enum contain_verb v)
{
    return v == VERB_PUT_INLINE || v == VERB_PUT_BOUNDARY || v == VERB_TAG || v == VERB_CUT_TRUST ||
           v == VERB_CUT_INSTANCE;
}

/* Whether the place holds what was there before us: it has been taken back already. */
static bool is_as_before(const struct making *m)
{
    const struct iam_answer *a = &m->c->answer;
    const struct iam_item *item = iam_answer_by_name(a, S(CONTAIN_TAG));
    struct str now = STR_ABSENT;
    switch (m->d->step.verb) {
    case VERB_PUT_INLINE:
        return a->result == IAM_NO_SUCH ? !str_present(m->d->was)
                                        : is_same_policy(a->document, m->d->was);
    case VERB_CUT_TRUST:
        return is_same_policy(a->trust, m->d->was);
    case VERB_PUT_BOUNDARY:
        now = a->boundary;
        break;
    case VERB_TAG:
        now = item ? item->value : STR_ABSENT;
        break;
    default:
        return false;
    }
    return str_present(now) ? str_eq(now, m->d->was) : !str_present(m->d->was);
}

/* Whether what is there is ours. Sessions may have been revoked more than once, and the last time
 * may have failed: then the policy has an earlier time. */
static bool is_ours(const struct making *m)
{
    const struct contain_step *s = &m->d->step;
    const struct iam_answer *a = &m->c->answer;
    return shows(m) ||
           (s->verb == VERB_PUT_INLINE && a->result == IAM_OK &&
            str_eq(s->policy, S(POLICY_REVOKE_OLDER)) && is_alike(a->document, s->document, true));
}

/* Only what is still there as we put it is taken back, unless somebody insists. */
static bool undo_step(struct making *m, bool force, bool keep_keys)
{
    if (can_differ(m->d->step.verb)) {
        if (!look(m))
            return false;
        if (is_as_before(m))
            return true;
        if (!is_ours(m) && !force)
            return keep_as(m, "somebody has changed it since");
    }
    return undo(m, keep_keys);
}

bool contain_undo_steps(struct container *c, struct contain_record *rec, bool force, bool keep_keys)
{
    bool all = true;
    for (size_t i = rec->n_steps; i-- > 0;) {
        struct contain_done *d = rec->steps + i;
        struct err why = {0};
        struct making m = {c, rec, d, rec->subject.kind == SUBJECT_ROLE, &why};
        if (d->state == STEP_UNDONE || (d->state == STEP_SKIPPED && !d->touched))
            continue;
        if (!may_be_made(d)) {
            d->state = STEP_UNDONE;
            continue;
        }
        if (d->state == STEP_KEPT)
            d->state = STEP_DONE;
        if (undo_step(&m, force, keep_keys)) {
            if (d->state != STEP_KEPT)
                d->state = STEP_UNDONE;
            continue;
        }
        all = false;
        d->why = arena_str(rec->memory, str_of(why.text));
        contain_note(c, &rec->subject, why.text);
    }
    return all;
}
