/* Decides whom to contain, how, and who has to be asked. */
#include "respond/contain_plan.h"

#include "base/escape.h"
#include "base/timefmt.h"
#include "respond/arn.h"

#define MINUTE_MS (60 * 1000LL)
/* AWS's clocks and ours differ by seconds; a record from further ahead is made up. */
#define FUTURE_MS (15 * MINUTE_MS)
/* A sentence: two names of 64 characters, an ARN, each character at most 8 bytes when escaped. */
#define REASON_BYTES_MAX 8192

/* ---- names ---- */

static const char *const modes[] = {
    [CONTAIN_OFF] = "off",
    [CONTAIN_DRY_RUN] = "dry-run",
    [CONTAIN_APPROVAL] = "approval",
    [CONTAIN_AUTO] = "auto",
};

const char *contain_mode_name(enum contain_mode m)
{
    return modes[m];
}

bool contain_mode_parse(struct str name, enum contain_mode *out)
{
    for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++)
        if (str_eqz(name, modes[i])) {
            *out = (enum contain_mode)i;
            return true;
        }
    return false;
}

const char *contain_refusal_name(enum contain_refusal r)
{
    static const char *const names[CONTAIN_REFUSALS] = {
        [CONTAIN_OK] = "ok",
        [REFUSED_OFF] = "off",
        [REFUSED_SOURCE] = "source",
        [REFUSED_KEY] = "key",
        [REFUSED_UNTIMED] = "untimed",
        [REFUSED_OLD] = "old",
        [REFUSED_FUTURE] = "future",
        [REFUSED_UNAUTHENTICATED] = "unauthenticated",
        [REFUSED_SUBJECT] = "subject",
        [REFUSED_OWN] = "own",
        [REFUSED_RESPONDER] = "responder",
        [REFUSED_BREAK_GLASS] = "break-glass",
        [REFUSED_ACCOUNT] = "account",
        [REFUSED_PARTITION] = "partition",
        [REFUSED_GONE] = "gone",
        [REFUSED_OTHER] = "other",
        [REFUSED_CONTAINED] = "contained",
        [REFUSED_ATTEMPTS] = "attempts",
        [REFUSED_COOLDOWN] = "cooldown",
        [REFUSED_WORKLOAD] = "workload",
        [REFUSED_STRATEGY] = "strategy",
        [REFUSED_NO_STEPS] = "no-steps",
        [ASK_MODE] = "ask-mode",
        [ASK_RULE] = "ask-rule",
        [ASK_WORKLOAD] = "ask-workload",
        [ASK_CAP] = "ask-cap",
        [ASK_UNSURE] = "ask-unsure",
    };
    return names[r];
}

/* By verb: its name and what takes it back. */
static const struct {
    const char *name;
    enum contain_undo undo;
} verbs[CONTAIN_VERBS] = {
    [VERB_ATTACH] = {"attach", UNDO_DETACH},
    [VERB_PUT_INLINE] = {"put-inline", UNDO_DELETE_INLINE},
    [VERB_PUT_BOUNDARY] = {"put-boundary", UNDO_BOUNDARY},
    [VERB_KEYS_OFF] = {"keys-off", UNDO_KEYS},
    [VERB_KEY_OFF] = {"key-off", UNDO_KEYS},
    [VERB_CONSOLE_OFF] = {"console-off", UNDO_PASSWORD},
    [VERB_FORCE_RESET] = {"force-reset", UNDO_RESET},
    [VERB_TAG] = {"tag", UNDO_UNTAG},
    [VERB_CUT_TRUST] = {"cut-trust", UNDO_TRUST},
    [VERB_CUT_INSTANCE] = {"cut-instance", UNDO_INSTANCE},
    [VERB_CUT_ANCHOR] = {"cut-anchor", UNDO_ANCHOR},
    [VERB_CUT_PROFILE] = {"cut-profile", UNDO_PROFILE},
    [VERB_DELETE_USER] = {"delete-user", UNDO_NONE},
    [VERB_ROTATE_KEY] = {"rotate-key", UNDO_NONE},
};

enum contain_undo contain_undo_of(enum contain_verb verb)
{
    return verbs[verb].undo;
}

const char *contain_verb_name(enum contain_verb verb)
{
    return verbs[verb].name;
}

bool contain_verb_parse(struct str name, enum contain_verb *out)
{
    for (unsigned i = 0; i < CONTAIN_VERBS; i++)
        if (str_eqz(name, verbs[i].name)) {
            *out = (enum contain_verb)i;
            return true;
        }
    return false;
}

const char *contain_undo_text(enum contain_undo undo)
{
    static const char *const texts[] = {
        [UNDO_DETACH] = "detach the policy",
        [UNDO_DELETE_INLINE] = "delete the inline policy",
        [UNDO_BOUNDARY] = "put back the permissions boundary that was there, or delete ours",
        [UNDO_KEYS] = "activate the access keys that were turned off",
        [UNDO_PASSWORD] = "make a login profile with a new password: the old password is lost",
        [UNDO_RESET] = "ask for no new password any more",
        [UNDO_UNTAG] = "take the tag away, or put back the value it had",
        [UNDO_TRUST] = "put back the trust policy that was there",
        [UNDO_INSTANCE] = "associate the instance profile again",
        [UNDO_ANCHOR] = "enable the trust anchor",
        [UNDO_PROFILE] = "enable the profile",
        [UNDO_NONE] = "nothing can take it back",
    };
    return texts[undo];
}

/* ---- sentences ---- */

struct planning {
    const struct contain_ask *ask;
    const struct contain_config *cfg;
    struct arena *memory;
    struct contain_plan *out;
    struct buf text; /* what is being written; emptied before each use */
    bool full;       /* the arena is, or a text was too long */
};

/* What was written, in the arena. */
static struct str keep(struct planning *p)
{
    struct str s = p->text.failed ? STR_ABSENT : arena_str(p->memory, buf_str(&p->text));
    p->full = p->full || !str_present(s);
    return s;
}

/* Refuses with what, and when given ": " and the name; true, as every rail that refuses. */
static bool refuse(struct planning *p, enum contain_refusal why, const char *what, struct str name)
{
    buf_reset(&p->text);
    buf_putz(&p->text, what);
    if (str_present(name)) {
        buf_putz(&p->text, ": ");
        buf_put_terminal(&p->text, name);
    }
    p->out->why = why;
    p->out->mode = CONTAIN_OFF;
    p->out->reason = keep(p);
    return true;
}

/* Whether a person has decided. */
static bool is_asked(const struct contain_ask *in)
{
    return in->asked || in->by_operator;
}

/* ---- 1. the event ---- */

/* "s3://bucket/key" */
static bool split_object(struct str object, struct str *bucket, struct str *key)
{
    if (!str_starts(object, S("s3://")))
        return false;
    *key = str_skip(object, 5);
    *bucket = str_cut(key, '/');
    return bucket->n && key->n;
}

static bool is_listed(struct str s, const struct str *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i], s))
            return true;
    return false;
}

/* The account of [prefix/]AWSLogs/[o-organization/]111122223333/CloudTrail/...; absent without. A
 * prefix may hold the word as well: the last one counts. */
static struct str account_of_key(struct str key)
{
    struct str rest = key, account = STR_ABSENT;
    while (str_present(rest)) {
        if (!str_eq(str_cut(&rest, '/'), S("AWSLogs")))
            continue;
        struct str behind = rest, part = str_cut(&behind, '/');
        if (str_starts(part, S("o-")))
            part = str_cut(&behind, '/');
        account = arn_is_account(part) && str_present(behind) ? part : STR_ABSENT;
    }
    return account;
}

/* Without a list only our own account is. */
static bool is_configured(const struct planning *p, struct str account)
{
    return contain_config_account(p->cfg, account) ||
           (p->cfg->n_accounts == 0 && str_eq(account, p->ask->own->account));
}

static bool refuse_source(struct planning *p, const struct facts *f)
{
    struct str bucket, key;
    if (p->ask->by_operator)
        return false;
    if (!split_object(f->object, &bucket, &key))
        return refuse(p, REFUSED_SOURCE, "the event does not come from an object of a bucket",
                      STR_ABSENT);
    if (!is_listed(bucket, p->ask->buckets, p->ask->n_buckets))
        return refuse(p, REFUSED_SOURCE, "the event comes from a bucket that is not configured",
                      bucket);
    if (!str_eq(account_of_key(key), f->account))
        return refuse(p, REFUSED_KEY,
                      "the event's account is not the one that its object's key names", f->account);
    if (!is_configured(p, f->account))
        return refuse(p, REFUSED_ACCOUNT, "the event's account is not configured", f->account);
    return false;
}

static bool refuse_time(struct planning *p, const struct facts *f)
{
    int64_t now = p->ask->now_ms;
    if (is_asked(p->ask))
        return false;
    if (!f->timed)
        return refuse(p, REFUSED_UNTIMED, "the event tells no time", STR_ABSENT);
    if (f->time_ms < now - p->cfg->event_age_ms)
        return refuse(p, REFUSED_OLD, "the event is older than 'event_age' allows", STR_ABSENT);
    if (f->time_ms > now + FUTURE_MS)
        return refuse(p, REFUSED_FUTURE, "the event's time has not come yet", STR_ABSENT);
    return false;
}

/* Errors of calls whose signature did not prove who made them. */
static bool is_unproven(struct str error)
{
    static const char *const codes[] = {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidIdentityToken",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (str_eqz(error, codes[i]) ||
            (str_starts(error, S("Client.")) && str_eqz(str_skip(error, 7), codes[i])))
            return true;
    return false;
}

/* Of the sign-in service's events only a ConsoleLogin that succeeded proves a person: the others
 * are asked for before anybody has proved who he is, or say nothing new. */
static bool proves_nobody(const struct facts *f)
{
    return str_eq(f->source, S("signin.amazonaws.com")) &&
           !(str_eq(f->name, S("ConsoleLogin")) && str_eq(f->sign_in, S("Success")));
}

bool contain_event_proves(const struct facts *f)
{
    return !proves_nobody(f) && !is_unproven(f->error);
}

static bool refuse_unproven(struct planning *p, const struct facts *f)
{
    if (proves_nobody(f))
        return refuse(p, REFUSED_UNAUTHENTICATED, "a sign-in that failed or proves nobody",
                      f->name);
    if (is_unproven(f->error))
        return refuse(p, REFUSED_UNAUTHENTICATED, "the call did not prove who made it", f->error);
    return false;
}

static bool refuse_event(struct planning *p)
{
    const struct facts *f = p->ask->event;
    if (p->ask->mode == CONTAIN_OFF && !p->ask->by_operator)
        return refuse(p, REFUSED_OFF, "containment is off", STR_ABSENT);
    if (!f)
        return !is_asked(p->ask) &&
               refuse(p, REFUSED_SOURCE, "no event names the principal", STR_ABSENT);
    return refuse_source(p, f) || refuse_time(p, f) || refuse_unproven(p, f);
}

/* ---- 2. the subject ---- */

/* Names are unique in an account whatever their case and path (IAM user guide, "IAM identifiers"),
 * so an ARN written with another path still means this one: there is no second. */
static bool is_same(const struct subject *s, struct str protected)
{
    struct subject other;
    if (s->id.n && str_eq(s->id, protected))
        return true;
    subject_of_arn(protected, &other);
    bool user = other.kind == SUBJECT_USER;
    return str_present(other.path) && user == (s->kind != SUBJECT_ROLE) &&
           str_eq(other.account, s->account) && str_eq_fold(other.name, s->name);
}

static bool is_protected(const struct subject *s, const struct str *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_same(s, list[i]))
            return true;
    return false;
}

static bool is_own(const struct subject *s, const struct contain_own *own)
{
    if (s->id.n && str_eq(s->id, own->id))
        return true;
    bool role = str_starts(own->id, S("AROA"));
    return str_eq(s->account, own->account) && role == (s->kind == SUBJECT_ROLE) &&
           str_present(own->name) && str_eq_fold(s->name, own->name);
}

/* The role that we assume in the subject's account. */
static bool is_our_responder(const struct subject *s, const struct contain_account *a)
{
    struct str name = a ? a->role : STR_ABSENT;
    for (size_t at; (at = str_find_byte(name, '/', 0)) != SIZE_MAX;)
        name = str_skip(name, at + 1);
    return s->kind == SUBJECT_ROLE && str_present(name) && str_eq_fold(s->name, name);
}

/* Sets the account to act in. Without a list it is only our own, with our own credentials. */
static bool refuse_account(struct planning *p)
{
    const struct subject *s = &p->out->subject;
    const struct contain_own *own = p->ask->own;
    bool ours = str_eq(s->account, own->account);
    const struct contain_account *a = contain_config_account(p->cfg, s->account);
    if (!str_eq(s->partition, own->partition))
        return refuse(p, REFUSED_PARTITION, "the principal is in another partition", s->partition);
    if (!is_configured(p, s->account))
        return refuse(p, REFUSED_ACCOUNT, "the account is not configured", s->account);
    if (!ours && !str_present(a->role))
        return refuse(p, REFUSED_ACCOUNT, "no role is configured for the account", s->account);
    p->out->account = a && str_present(a->role) ? a : NULL;
    return false;
}

static bool refuse_protected(struct planning *p)
{
    const struct subject *s = &p->out->subject;
    const struct contain_config *c = p->cfg;
    if (is_own(s, p->ask->own))
        return refuse(p, REFUSED_OWN, "the principal is the one that would act", s->name);
    if (is_our_responder(s, contain_config_account(c, s->account)) ||
        is_protected(s, c->responders, c->n_responders))
        return refuse(p, REFUSED_RESPONDER, "the principal is a responder", s->name);
    if (is_protected(s, c->break_glass, c->n_break_glass))
        return refuse(p, REFUSED_BREAK_GLASS, "the principal is on the break-glass list", s->name);
    return false;
}

/* What IAM says of the subject becomes the subject. */
static bool refuse_live(struct planning *p)
{
    const struct contain_live *live = p->ask->live;
    struct subject *s = &p->out->subject;
    bool known;
    if (!live)
        return false;
    if (!live->found || (s->kind == SUBJECT_KEY && !live->name.n))
        return refuse(p, REFUSED_GONE, "IAM has no such principal any more", s->name);
    if (s->id.n && live->id.n && !str_eq(s->id, live->id))
        return refuse(p, REFUSED_OTHER, "another principal has the name by now", s->name);
    if (str_present(live->name))
        s->name = live->name;
    if (live->id.n)
        s->id = live->id;
    if (str_present(live->path))
        subject_set_path(s, live->path);
    if (s->kind == SUBJECT_ROLE) {
        enum workload w = workload_of_trust(live->trust, &known);
        s->workload = known ? w : s->workload != WORKLOAD_NONE ? s->workload : WORKLOAD_SERVICE;
    }
    p->out->confirmed = true;
    return !subject_can(s) && refuse(p, REFUSED_SUBJECT, s->cannot, STR_ABSENT);
}

static bool refuse_subject(struct planning *p)
{
    const struct subject *s = &p->out->subject;
    if (!subject_can(s))
        return refuse(p, REFUSED_SUBJECT, s->cannot, STR_ABSENT);
    return refuse_live(p) || refuse_account(p) || refuse_protected(p);
}

/* ---- 3. the past ---- */

static bool refuse_past(struct planning *p)
{
    const struct contain_history *h = &p->ask->history;
    if (h->contained && !p->ask->has_strategy)
        return refuse(p, REFUSED_CONTAINED, "the principal is contained already", STR_ABSENT);
    if (is_asked(p->ask))
        return false;
    if (h->attempts >= p->cfg->attempts)
        return refuse(p, REFUSED_ATTEMPTS, "it was tried as often as 'attempts' allows",
                      STR_ABSENT);
    if (h->attempts && p->ask->now_ms < h->last_ms + p->cfg->cooldown_ms)
        return refuse(p, REFUSED_COOLDOWN, "it was tried less than 'cooldown' ago", STR_ABSENT);
    return false;
}

/* ---- 4. who decides ---- */

static void ask_person(struct planning *p, enum contain_refusal why, const char *what,
                       const char *name)
{
    refuse(p, why, what, name ? str_of(name) : STR_ABSENT);
    p->out->mode = CONTAIN_APPROVAL;
}

/* Why mode auto may not decide alone; false: it may. */
static bool ask_if_needed(struct planning *p)
{
    const struct contain_ask *in = p->ask;
    const struct subject *s = &p->out->subject;
    if (in->mode == CONTAIN_APPROVAL)
        ask_person(p, ASK_MODE, "every containment has to be approved", NULL);
    else if (!contain_config_allows(p->cfg, in->rule, in->level))
        ask_person(p, ASK_RULE, "the rule and its level are not among those that act by themselves",
                   NULL);
    else if (in->unsure)
        ask_person(p, ASK_UNSURE, in->unsure, NULL);
    else if (s->workload != WORKLOAD_NONE && in->how != CONTAIN_MADE)
        ask_person(p, ASK_WORKLOAD, "the role may work for", workload_name(s->workload));
    else if (in->count.all >= p->cfg->max_hour || in->count.account >= p->cfg->max_account_hour)
        ask_person(p, ASK_CAP, "more principals would be contained in this hour than allowed",
                   NULL);
    else
        return false;
    return true;
}

/* A role that the intruder made works for nobody but him. */
static bool refuse_workload(struct planning *p)
{
    const struct subject *s = &p->out->subject;
    return s->workload != WORKLOAD_NONE && !is_asked(p->ask) && p->ask->how != CONTAIN_MADE &&
           p->cfg->workload == CONTAIN_WORKLOAD_NEVER &&
           refuse(p, REFUSED_WORKLOAD, "'workload' says never, and the role may work for",
                  str_of(workload_name(s->workload)));
}

/* In dry run is told what auto would do. */
static void set_mode(struct planning *p)
{
    const struct contain_ask *in = p->ask;
    if (is_asked(in) || !ask_if_needed(p))
        p->out->mode = CONTAIN_AUTO;
    if (in->mode == CONTAIN_DRY_RUN && !in->by_operator)
        p->out->mode = CONTAIN_DRY_RUN;
}

/* ---- 5. the steps ---- */

static struct contain_step *add_step(struct planning *p, enum contain_verb verb,
                                     enum contain_strategy strategy)
{
    struct contain_step *s = p->out->steps + p->out->n_steps;
    if (p->out->n_steps == CONTAIN_STEPS_MAX) {
        p->full = true;
        return s - 1;
    }
    *s = (struct contain_step){.verb = verb, .strategy = strategy};
    p->out->n_steps++;
    return s;
}

static struct str deny_all_arn(struct planning *p)
{
    buf_reset(&p->text);
    policy_put_deny_all_arn(&p->text, p->out->subject.partition);
    return keep(p);
}

static bool may_inline(const struct planning *p)
{
    return p->cfg->inline_policies || p->ask->by_operator;
}

static void put_deny_inline(struct planning *p, enum contain_strategy strategy, bool fallback)
{
    struct contain_step *s = add_step(p, VERB_PUT_INLINE, strategy);
    buf_reset(&p->text);
    policy_put_deny_all(&p->text);
    s->policy = S(POLICY_DENY_ALL);
    s->document = keep(p);
    s->fallback = fallback;
}

static void put_boundary(struct planning *p, enum contain_strategy strategy, bool fallback)
{
    struct contain_step *s = add_step(p, VERB_PUT_BOUNDARY, strategy);
    s->policy = deny_all_arn(p);
    s->fallback = fallback;
}

/* As many policies may be attached already as IAM allows: then inline, then as boundary. */
static void add_deny_all(struct planning *p, enum contain_strategy s)
{
    add_step(p, VERB_ATTACH, s)->policy = deny_all_arn(p);
    if (may_inline(p))
        put_deny_inline(p, s, true);
    put_boundary(p, s, true);
}

static void add_deny_inline(struct planning *p, enum contain_strategy s)
{
    put_deny_inline(p, s, false);
    put_boundary(p, s, true);
}

static void add_boundary(struct planning *p, enum contain_strategy s)
{
    put_boundary(p, s, false);
}

/* The inline policy of that name with the document that was written. */
static void put_document(struct planning *p, enum contain_strategy s, struct str name)
{
    struct contain_step *step = add_step(p, VERB_PUT_INLINE, s);
    step->policy = name;
    step->document = keep(p);
}

/* Only where the record tells which session. */
static void add_deny_session(struct planning *p, enum contain_strategy s)
{
    struct buf *b = &p->text;
    buf_reset(b);
    subject_put_userid(b, &p->out->subject);
    if (b->n == 0)
        return;
    struct str userid = keep(p);
    buf_reset(b);
    policy_put_session_name(b, userid);
    struct str name = keep(p);
    buf_reset(b);
    policy_put_deny_session(b, userid);
    put_document(p, s, name);
}

static void add_revoke_older(struct planning *p, enum contain_strategy s)
{
    buf_reset(&p->text);
    policy_put_revoke_older(&p->text, p->ask->now_ms);
    put_document(p, s, S(POLICY_REVOKE_OLDER));
}

static void add_fence(struct planning *p, enum contain_strategy s)
{
    if (p->cfg->fence.n_cidrs == 0)
        return;
    buf_reset(&p->text);
    policy_put_fence(&p->text, &p->cfg->fence);
    put_document(p, s, S(POLICY_FENCE));
}

static void add_keys_off(struct planning *p, enum contain_strategy s)
{
    bool one = p->out->subject.kind == SUBJECT_KEY;
    struct contain_step *step = add_step(p, one ? VERB_KEY_OFF : VERB_KEYS_OFF, s);
    step->target = one ? p->out->subject.key : STR_ABSENT;
}

static void add_console_off(struct planning *p, enum contain_strategy s)
{
    add_step(p, VERB_CONSOLE_OFF, s);
}

static void add_force_reset(struct planning *p, enum contain_strategy s)
{
    add_step(p, VERB_FORCE_RESET, s);
}

static void add_tag(struct planning *p, enum contain_strategy s)
{
    add_step(p, VERB_TAG, s);
}

static void add_trust_cut(struct planning *p, enum contain_strategy s)
{
    struct contain_step *step = add_step(p, VERB_CUT_TRUST, s);
    buf_reset(&p->text);
    policy_put_no_trust(&p->text);
    step->document = keep(p);
}

/* The ARN of what lets somebody in: arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b,
 * arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/ID or .../profile/ID, of the subject's
 * account. */
static void put_entry(struct planning *p, struct str target)
{
    static const struct {
        const char *service, *type;
        enum contain_verb verb;
    } entries[] = {
        {"ec2", "instance/", VERB_CUT_INSTANCE},
        {"rolesanywhere", "trust-anchor/", VERB_CUT_ANCHOR},
        {"rolesanywhere", "profile/", VERB_CUT_PROFILE},
    };
    const struct subject *s = &p->out->subject;
    struct arn a;
    if (!arn_parse(target, &a) || !str_eq(a.account, s->account) ||
        !str_eq(a.partition, s->partition) || a.region.n == 0)
        return;
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (str_eqz(a.service, entries[i].service) &&
            str_starts(a.resource, str_of(entries[i].type)))
            add_step(p, entries[i].verb, CONTAIN_ENTRY_CUT)->target = target;
}

/* Of an instance's session the instance, in the region that it called, where it runs as a rule.
 * Whoever may choose his session's name can name somebody else's instance: only a role that EC2
 * uses has one, and then a person decides. */
static void add_entry_cut(struct planning *p, enum contain_strategy strategy)
{
    (void)strategy;
    const struct contain_ask *in = p->ask;
    const struct subject *s = &p->out->subject;
    struct buf *b = &p->text;
    if (in->has_strategy && str_present(in->target)) {
        put_entry(p, in->target);
        return;
    }
    if (s->workload != WORKLOAD_INSTANCE || !str_starts(s->session, S("i-")) || !in->event)
        return;
    buf_reset(b);
    buf_putz(b, "arn:");
    buf_put(b, s->partition);
    buf_putz(b, ":ec2:");
    buf_put(b, in->event->region);
    buf_putc(b, ':');
    buf_put(b, s->account);
    buf_putz(b, ":instance/");
    buf_put(b, s->session);
    put_entry(p, keep(p));
}

/* The key that is named, or the one that signed. */
static void add_rotate_key(struct planning *p, enum contain_strategy s)
{
    struct str key = str_present(p->ask->target) ? p->ask->target : p->out->subject.key;
    if (subject_key_is_long_term(key))
        add_step(p, VERB_ROTATE_KEY, s)->target = key;
}

static void add_delete_user(struct planning *p, enum contain_strategy s)
{
    add_step(p, VERB_DELETE_USER, s);
}

/* Each adds nothing where what it needs to know is not known. */
static void (*const adders[CONTAIN_STRATEGIES])(struct planning *p, enum contain_strategy s) = {
    [CONTAIN_DENY_ALL] = add_deny_all,         [CONTAIN_DENY_INLINE] = add_deny_inline,
    [CONTAIN_BOUNDARY] = add_boundary,         [CONTAIN_DENY_SESSION] = add_deny_session,
    [CONTAIN_REVOKE_OLDER] = add_revoke_older, [CONTAIN_FENCE] = add_fence,
    [CONTAIN_KEYS_OFF] = add_keys_off,         [CONTAIN_CONSOLE_OFF] = add_console_off,
    [CONTAIN_FORCE_RESET] = add_force_reset,   [CONTAIN_TAG_SCP] = add_tag,
    [CONTAIN_TRUST_CUT] = add_trust_cut,       [CONTAIN_ENTRY_CUT] = add_entry_cut,
    [CONTAIN_DELETE_USER] = add_delete_user,   [CONTAIN_ROTATE_KEY] = add_rotate_key,
};

static bool ladder_has(const struct contain_ladder *l, enum contain_strategy s)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->list[i] == s)
            return true;
    return false;
}

static bool denies_all(const struct contain_ladder *l)
{
    return ladder_has(l, CONTAIN_DENY_ALL) || ladder_has(l, CONTAIN_DENY_INLINE) ||
           ladder_has(l, CONTAIN_BOUNDARY);
}

/* What is done by default; a role that the intruder made has nobody else to spare. */
static struct contain_ladder choose_ladder(const struct planning *p)
{
    static const struct contain_ladder user = {{CONTAIN_DENY_ALL, CONTAIN_KEYS_OFF}, 2},
                                       role = {{CONTAIN_DENY_ALL}, 1},
                                       session = {{CONTAIN_DENY_SESSION, CONTAIN_REVOKE_OLDER}, 2},
                                       key = {{CONTAIN_KEYS_OFF}, 1};
    const struct contain_config *c = p->cfg;
    switch (p->out->subject.kind) {
    case SUBJECT_KEY:
        return key;
    case SUBJECT_ROLE:
        if (c->role.n && (p->ask->how != CONTAIN_MADE || denies_all(&c->role)))
            return c->role;
        return c->inline_policies && p->ask->how != CONTAIN_MADE ? session : role;
    default:
        return c->user.n ? c->user : user;
    }
}

/* Whether the strategy that somebody asks for may be used on the subject. */
static bool refuse_strategy(struct planning *p)
{
    const struct contain_ask *in = p->ask;
    struct str name = str_of(contain_strategy_name(in->strategy));
    if (!contain_strategy_fits(in->strategy, p->out->subject.kind))
        return refuse(p, REFUSED_STRATEGY, "the strategy does not fit the principal", name);
    if (contain_strategy_is_by_command(in->strategy) && !in->by_operator)
        return refuse(p, REFUSED_STRATEGY, "the strategy is only used by command", name);
    if (contain_strategy_is_inline(in->strategy) && !may_inline(p))
        return refuse(p, REFUSED_STRATEGY, "the strategy writes policies, which is not allowed",
                      name);
    return false;
}

static void add_ladder(struct planning *p)
{
    struct contain_ladder l = choose_ladder(p);
    if (p->ask->has_strategy)
        l = (struct contain_ladder){{p->ask->strategy}, 1};
    for (size_t i = 0; i < l.n; i++)
        adders[l.list[i]](p, l.list[i]);
    if (p->out->n_steps && !p->ask->has_strategy && p->cfg->scp_tag &&
        !ladder_has(&l, CONTAIN_TAG_SCP) && p->out->subject.kind != SUBJECT_KEY)
        add_tag(p, CONTAIN_TAG_SCP);
}

static bool refuse_steps(struct planning *p)
{
    if (p->ask->has_strategy && refuse_strategy(p))
        return true;
    add_ladder(p);
    return p->out->n_steps == 0 &&
           refuse(p, REFUSED_NO_STEPS,
                  p->ask->has_strategy
                      ? "what the strategy needs to know of the principal is not known"
                      : "no configured strategy can be used on the principal",
                  STR_ABSENT);
}

/* ---- the whole ---- */

bool contain_plan_make(const struct contain_ask *ask, struct arena *a, struct contain_plan *out,
                       struct err *e)
{
    struct planning p = {.ask = ask, .cfg = ask->config, .memory = a, .out = out};
    *out = (struct contain_plan){.subject = *ask->subject};
    buf_init(&p.text, REASON_BYTES_MAX > POLICY_BYTES_MAX ? REASON_BYTES_MAX : POLICY_BYTES_MAX);
    if (!refuse_event(&p) && !refuse_subject(&p) && !refuse_past(&p) && !refuse_workload(&p) &&
        !refuse_steps(&p))
        set_mode(&p);
    buf_release(&p.text);
    return !p.full || err_set(e, ERR_LIMIT, "no memory for a plan of containment");
}
