/* The decision to contain: a subject, what is known and what is allowed, into a plan of steps or a
 * refusal. Pure: same input, same plan.
 *
 * The order of what is asked (docs/containment.md, "Rails"):
 *   1. the event: is it one of ours to act on (source, age, authenticated)?
 *   2. the subject: can it be contained, and may it ever be (own role, responders, break-glass,
 *      accounts)?
 *   3. the past: contained already, too often, too soon?
 *   4. who decides: dry run, a person, nobody (mode, rule and level, workload, caps)?
 *   5. the steps.
 * The first refusal ends it. What only a person may decide is a plan in mode APPROVAL with the
 * reason that holds it.
 *
 * A plan made without `live` is a forecast: rails that need what IAM says (unique id, path, trust)
 * have not been asked. Nothing may be done by it before it was made again with live. */
#ifndef TW_RESPOND_CONTAIN_PLAN_H
#define TW_RESPOND_CONTAIN_PLAN_H

#include "base/arena.h"
#include "respond/contain_config.h"
#include "respond/subject.h"

enum contain_mode { CONTAIN_OFF, CONTAIN_DRY_RUN, CONTAIN_APPROVAL, CONTAIN_AUTO };

/* "off", "dry-run", "approval", "auto": as TRAILWARDEN_CONTAINMENT says. */
const char *contain_mode_name(enum contain_mode m);
bool contain_mode_parse(struct str name, enum contain_mode *out);

/* Why nothing is done, or why a person must say so. */
enum contain_refusal {
    CONTAIN_OK,
    /* the event */
    REFUSED_OFF,
    REFUSED_SOURCE,  /* not from an object of a configured bucket */
    REFUSED_KEY,     /* the record's account is not the one its object's key names */
    REFUSED_UNTIMED, /* it tells no time */
    REFUSED_OLD,     /* a replayed log contains nobody */
    REFUSED_FUTURE,
    REFUSED_UNAUTHENTICATED, /* failed sign-ins and calls that prove nobody */
    /* the subject */
    REFUSED_SUBJECT, /* subject.cannot says why */
    REFUSED_OWN,
    REFUSED_RESPONDER,
    REFUSED_BREAK_GLASS,
    REFUSED_ACCOUNT,   /* not on the list (also of the event), or no responder role there */
    REFUSED_PARTITION, /* not the function's own */
    REFUSED_GONE,      /* IAM has nobody of that name */
    REFUSED_OTHER,     /* IAM has somebody else under that name by now */
    /* the past */
    REFUSED_CONTAINED,
    REFUSED_ATTEMPTS,
    REFUSED_COOLDOWN,
    /* the steps */
    REFUSED_WORKLOAD, /* the configuration says never */
    REFUSED_STRATEGY, /* the one asked for does not fit, or is not allowed */
    REFUSED_NO_STEPS, /* nothing of what is configured fits */
    /* reasons to ask a person; the plan has steps */
    ASK_MODE, /* mode approval */
    ASK_RULE, /* not a rule and level that may act by themselves */
    ASK_WORKLOAD,
    ASK_CAP,    /* more principals within the hour than allowed */
    ASK_UNSURE, /* who the intruder is: contain_ask.unsure */
    CONTAIN_REFUSALS
};

/* A word to count and log by: "own", "break-glass", "old", ... */
const char *contain_refusal_name(enum contain_refusal r);

/* Who we are, from sts:GetCallerIdentity. */
struct contain_own {
    struct str partition, account;
    struct str id;   /* UserId up to its colon: AROA..., AIDA... */
    struct str name; /* of the role or user; absent for root */
};

/* What IAM says of the subject now. */
struct contain_live {
    bool found;
    struct str id, path, name; /* name in IAM's spelling; of a KEY its user's */
    struct str trust;          /* a role's trust policy, JSON; absent of a user */
};

/* What the record of the principal tells; zero: there is none. */
struct contain_history {
    bool contained;    /* and not released */
    uint32_t attempts; /* since it was last released */
    int64_t last_ms;   /* of the last attempt */
};

/* Principals contained within this hour, this one not counted. */
struct contain_count {
    uint32_t all, account;
};

enum contain_how {
    CONTAIN_ACTED,  /* the subject did the event */
    CONTAIN_MADE,   /* the subject is somebody the intruder made */
    CONTAIN_ASSUMED /* a role he assumed, a session he was issued */
};

struct contain_ask {
    const struct subject *subject;
    enum contain_how how;
    const struct facts *event; /* of the alert; NULL: none, an operator names the principal */
    struct str rule;           /* id of the alert's rule */
    enum level level;          /* of the alert or incident */
    enum contain_mode mode;    /* the function's */
    const char *unsure; /* why only a person can tell that the subject is the intruder's, a clause;
                           NULL: there is no doubt */
    bool asked; /* a person asked for it or approved it, under IAM: decides in place of mode, rule,
                   level, workload, caps, age and attempts */
    bool by_operator; /* the same, and he acts with credentials of his own: needs no opt-ins, may
                         ask for what is by command only */
    bool has_strategy;
    enum contain_strategy strategy; /* the one he asks for instead of the ladder */
    struct str target; /* of entry-cut and rotate-key: what (contain_step.target); absent: the
                          instance or the key of the event */
    const struct contain_config *config;
    const struct str *buckets; /* TRAILWARDEN_BUCKETS */
    size_t n_buckets;
    const struct contain_own *own;
    const struct contain_live *live; /* NULL: not asked yet */
    struct contain_history history;
    struct contain_count count;
    int64_t now_ms;
};

/* One call's worth, or a group of the same; every one can be made again without harm. */
enum contain_verb {
    VERB_ATTACH,       /* Attach{User,Role}Policy: policy is the ARN */
    VERB_PUT_INLINE,   /* Put{User,Role}Policy: policy is the name, and document */
    VERB_PUT_BOUNDARY, /* Put{User,Role}PermissionsBoundary: policy is the ARN */
    VERB_KEYS_OFF,     /* UpdateAccessKey Inactive, each that is active */
    VERB_KEY_OFF,      /* the same, of the key target */
    VERB_CONSOLE_OFF,  /* DeleteLoginProfile */
    VERB_FORCE_RESET,  /* UpdateLoginProfile PasswordResetRequired */
    VERB_TAG,          /* Tag{User,Role}: CONTAIN_TAG */
    VERB_CUT_TRUST,    /* UpdateAssumeRolePolicy: document */
    VERB_CUT_INSTANCE, /* ec2 DisassociateIamInstanceProfile: target is the instance's ARN. Whoever
                          acts has to see first that its profile holds the subject's role: the name
                          of a session may have been made up */
    VERB_CUT_ANCHOR,   /* rolesanywhere DisableTrustAnchor: target is its ARN */
    VERB_CUT_PROFILE,  /* rolesanywhere DisableProfile: the same */
    VERB_DELETE_USER,
    VERB_ROTATE_KEY, /* CreateAccessKey, then UpdateAccessKey Inactive of target */
    CONTAIN_VERBS
};

/* What takes a step back. */
enum contain_undo {
    UNDO_DETACH,        /* Detach{User,Role}Policy */
    UNDO_DELETE_INLINE, /* Delete{User,Role}Policy */
    UNDO_BOUNDARY,      /* the boundary that was there, or Delete{User,Role}PermissionsBoundary */
    UNDO_KEYS,          /* UpdateAccessKey Active, of those that the step turned off */
    UNDO_PASSWORD,      /* CreateLoginProfile, with a new password: the old one is lost */
    UNDO_RESET,         /* UpdateLoginProfile PasswordResetRequired=false */
    UNDO_UNTAG,         /* Untag{User,Role}, or the tag's value that was there */
    UNDO_TRUST,         /* UpdateAssumeRolePolicy with the document that was there */
    UNDO_INSTANCE,      /* ec2 AssociateIamInstanceProfile */
    UNDO_ANCHOR,        /* rolesanywhere EnableTrustAnchor */
    UNDO_PROFILE,       /* rolesanywhere EnableProfile */
    UNDO_NONE           /* a user made anew has another id; a rotated key stays */
};

struct contain_step {
    enum contain_verb verb;
    enum contain_strategy strategy;
    struct str policy, document, target; /* as verb says; else absent */
    bool fallback; /* only to be made when the step in front of it was made and answered that a
                      quota is reached (LimitExceeded) */
};

/* What a ladder of all strategies has with their fallbacks, and a tag. */
#define CONTAIN_STEPS_MAX (CONTAIN_STRATEGIES + 4)

/* Strings lie in the arena, in the configuration or in the subject. */
struct contain_plan {
    enum contain_refusal why; /* CONTAIN_OK: steps are to be made, or shown in DRY_RUN */
    struct str reason;        /* a sentence without its full stop; absent when CONTAIN_OK */
    enum contain_mode mode;   /* OFF when refused */
    bool confirmed;           /* live was asked: may be acted on */
    struct subject subject;   /* with what live adds: id, path, name, workload */
    const struct contain_account *account; /* whose responder role is to be assumed; NULL: our own
                                              credentials */
    struct contain_step steps[CONTAIN_STEPS_MAX];
    size_t n_steps;
};

/* Makes it. False (ERR_LIMIT) only when the arena is full. */
TW_MUST_USE bool contain_plan_make(const struct contain_ask *ask, struct arena *a,
                                   struct contain_plan *out, struct err *e);

/* Whether the event proves who made it: no failed sign-in, no call whose signature was refused. */
bool contain_event_proves(const struct facts *f);

/* Whether the steps may be made now. */
static inline bool contain_plan_acts(const struct contain_plan *p)
{
    return p->mode == CONTAIN_AUTO && p->confirmed;
}

enum contain_undo contain_undo_of(enum contain_verb verb);
const char *contain_verb_name(enum contain_verb verb); /* "attach", "put-inline", ... for records */
bool contain_verb_parse(struct str name, enum contain_verb *out);
const char *contain_undo_text(enum contain_undo undo); /* for people */

#endif
