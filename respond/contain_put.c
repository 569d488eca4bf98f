/* Containment in words. */
#include "respond/contain_put.h"

#include "base/escape.h"
#include "respond/put.h"

/* A command or an advice: an ARN, each byte at most four when escaped. */
#define BY_HAND_MAX 8192

static const char *const hows[] = {
    [CONTAIN_ACTED] = "acted", [CONTAIN_MADE] = "made", [CONTAIN_ASSUMED] = "assumed"};

const char *contain_how_name(enum contain_how how)
{
    return hows[how];
}

bool contain_how_parse(struct str name, enum contain_how *out)
{
    for (unsigned i = 0; i < sizeof hows / sizeof *hows; i++)
        if (str_eqz(name, hows[i])) {
            *out = (enum contain_how)i;
            return true;
        }
    return false;
}

/* ---- pieces ---- */

/* The principal as people and commands name it. */
static void put_principal(struct buf *b, const struct subject *s)
{
    if (s->kind == SUBJECT_KEY)
        buf_put(b, s->key);
    else if (subject_can(s))
        subject_put_arn(b, s);
    else if (str_present(s->arn))
        buf_put(b, s->arn);
    else
        buf_putz(b, "unknown");
}

/* Appends with put what write writes of the subject. */
static void put_written(struct buf *b, const struct subject *s,
                        void (*put)(struct buf *, struct str))
{
    struct buf name;
    buf_init(&name, 4096); /* an ARN has at most 2,048 characters */
    put_principal(&name, s);
    put(b, buf_str(&name));
    buf_release(&name);
}

void contain_put_command(struct buf *b, const char *verb, const struct subject *s)
{
    /* Names of IAM have no quote, so that quoting is safe in a shell. */
    buf_putf(b, "trailwarden %s '", verb);
    put_written(b, s, buf_put_terminal);
    buf_putc(b, '\'');
}

void contain_put_step(struct buf *b, const struct contain_step *s)
{
    static const char *const words[CONTAIN_VERBS] = {
        [VERB_ATTACH] = "attach ",
        [VERB_PUT_INLINE] = "put inline policy ",
        [VERB_PUT_BOUNDARY] = "set permissions boundary ",
        [VERB_KEYS_OFF] = "make all access keys inactive",
        [VERB_KEY_OFF] = "make inactive access key ",
        [VERB_CONSOLE_OFF] = "delete the login profile (its password is lost)",
        [VERB_FORCE_RESET] = "ask for a new password at the next sign-in",
        [VERB_TAG] = "tag " CONTAIN_TAG "=" CONTAIN_TAG_VALUE,
        [VERB_CUT_TRUST] = "replace the trust policy: nobody may assume the role",
        [VERB_CUT_INSTANCE] = "take the instance profile off ",
        [VERB_CUT_ANCHOR] = "disable trust anchor ",
        [VERB_CUT_PROFILE] = "disable profile ",
        [VERB_DELETE_USER] = "delete the user",
        [VERB_ROTATE_KEY] = "make a new access key, and inactive ",
    };
    buf_putz(b, words[s->verb]);
    buf_put_terminal(b, str_present(s->policy) ? s->policy : s->target);
}

void contain_put_advice(struct buf *b, const struct subject *s)
{
    static const char *const words[SUBJECT_KINDS] = {
        [SUBJECT_ROOT] = "Sign in as root, change its password, delete its access keys "
                         "(aws iam delete-access-key), renew its MFA; of a member account: aws sts "
                         "assume-root and a service control policy.",
        [SUBJECT_IDC] = "In IAM Identity Center: disable the person, delete his sessions, remove "
                        "his assignments (aws sso-admin delete-account-assignment), and deny what "
                        "was issued already in the permission set (aws sso-admin "
                        "put-inline-policy-to-permission-set, aws:TokenIssueTime).",
        [SUBJECT_SERVICE_LINKED] = "Only the service that owns the role can take it away (aws iam "
                                   "delete-service-linked-role); stop what made the service act.",
        [SUBJECT_CROSS_ACCOUNT] =
            "Take the other account out of the policies that let it in (trust "
            "policies, bucket and key policies), and tell its owner.",
        [SUBJECT_PROVIDER] = "Block the person at the identity provider, and contain the role of "
                             "the session that it got.",
    };
    if (words[s->kind])
        buf_putz(b, words[s->kind]);
}

/* ---- plans ---- */

static void put_steps_json(struct buf *b, const struct contain_plan *p)
{
    buf_putz(b, "\"steps\":[");
    for (size_t i = 0; i < p->n_steps; i++) {
        const struct contain_step *s = p->steps + i;
        buf_putc(b, '{');
        put_member(b, S("strategy"), str_of(contain_strategy_name(s->strategy)), SIZE_MAX);
        put_member(b, S("verb"), str_of(contain_verb_name(s->verb)), SIZE_MAX);
        put_member(b, S("target"), str_present(s->policy) ? s->policy : s->target, SIZE_MAX);
        buf_putf(b, "\"fallback\":%s,", s->fallback ? "true" : "false");
        put_member(b, S("undo"), str_of(contain_undo_text(contain_undo_of(s->verb))), SIZE_MAX);
        put_close(b, '}');
        buf_putc(b, ',');
    }
    put_close(b, ']');
    buf_putc(b, ',');
}

/* What a person can do: nothing where the refusal holds for him too, or there is nothing to do. */
static void put_by_hand(struct buf *b, const struct contain_plan *p)
{
    switch (p->why) {
    case REFUSED_OWN:
    case REFUSED_RESPONDER:
    case REFUSED_BREAK_GLASS:
    case REFUSED_ACCOUNT:
    case REFUSED_PARTITION:
    case REFUSED_GONE:
    case REFUSED_OTHER:
    case REFUSED_CONTAINED:
        return;
    default:
        break;
    }
    if (subject_can(&p->subject))
        contain_put_command(b, "contain", &p->subject);
    else
        contain_put_advice(b, &p->subject);
}

static void put_command_json(struct buf *b, const struct contain_plan *p)
{
    struct buf command;
    buf_init(&command, BY_HAND_MAX);
    put_by_hand(&command, p);
    put_member(b, S("command"), command.n ? buf_str(&command) : STR_ABSENT, SIZE_MAX);
    buf_release(&command);
}

void contain_put_plan_json(struct buf *b, const struct contain_plan *p, enum contain_how how)
{
    buf_putz(b, "{\"principal\":");
    put_written(b, &p->subject, buf_put_json);
    buf_putc(b, ',');
    put_member(b, S("kind"), str_of(subject_kind_name(p->subject.kind)), SIZE_MAX);
    put_member(b, S("how"), str_of(hows[how]), SIZE_MAX);
    put_member(b, S("mode"), str_of(contain_mode_name(p->mode)), SIZE_MAX);
    put_member(b, S("why"), str_of(contain_refusal_name(p->why)), SIZE_MAX);
    put_member(b, S("reason"), p->reason, SIZE_MAX);
    buf_putf(b, "\"confirmed\":%s,", p->confirmed ? "true" : "false");
    put_steps_json(b, p);
    put_command_json(b, p);
    put_close(b, '}');
}

static void put_steps_text(struct buf *b, const struct contain_plan *p)
{
    bool first = true;
    for (size_t i = 0; i < p->n_steps; i++) {
        if (p->steps[i].fallback)
            continue;
        buf_putz(b, first ? ": " : ", then ");
        contain_put_step(b, p->steps + i);
        first = false;
    }
}

void contain_put_plan_text(struct buf *b, const struct contain_plan *p, enum contain_how how)
{
    static const char *const who[] = {[CONTAIN_ACTED] = "",
                                      [CONTAIN_MADE] = " (made by the same hand)",
                                      [CONTAIN_ASSUMED] = " (used by the same hand)"};
    static const char *const verbs[] = {[CONTAIN_OFF] = "will not be contained",
                                        [CONTAIN_DRY_RUN] = "would be contained (dry run)",
                                        [CONTAIN_APPROVAL] = "waits for approval to be contained",
                                        [CONTAIN_AUTO] = "will be contained"};
    buf_putz(b, "  ");
    put_written(b, &p->subject, buf_put_terminal);
    buf_putz(b, who[how]);
    buf_putc(b, ' ');
    buf_putz(b, verbs[p->mode]);
    if (p->mode != CONTAIN_OFF)
        put_steps_text(b, p);
    if (str_present(p->reason)) {
        buf_putz(b, p->mode == CONTAIN_OFF       ? ": "
                    : p->mode == CONTAIN_DRY_RUN ? "; only after approval: "
                                                 : "; ");
        buf_put_sentence(b, p->reason);
    }
    buf_putz(b, ".\n");
    if (p->mode == CONTAIN_AUTO)
        return;
    struct buf hand;
    buf_init(&hand, BY_HAND_MAX);
    put_by_hand(&hand, p);
    if (hand.n) {
        buf_putz(b, subject_can(&p->subject) ? "  By hand: " : "  ");
        buf_put(b, buf_str(&hand));
        buf_putc(b, '\n');
    }
    buf_release(&hand);
}
