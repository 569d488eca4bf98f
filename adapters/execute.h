/* The steps of a simulated attack that can be made against a real account without harm: which they
 * are (an allow list, execute_table.c), and the calls themselves.
 *
 * Harmless is: what only reads; what EC2 is asked with DryRun; what is done to a thing that is not
 * there, whose name only this run knows; and users and roles of this run's own, to which everything
 * is denied before anything is given, and which the run removes. */
#ifndef TW_ADAPTERS_EXECUTE_H
#define TW_ADAPTERS_EXECUTE_H

#include "aws/endpoint.h"
#include "base/buf.h"
#include "base/err.h"

#define EXECUTE_PREFIX      "trailwarden-sim-" /* of every name that a run makes */
#define EXECUTE_ID_DIGITS   8
#define EXECUTE_NAME_MAX    64 /* IAM's limit of a user's and a role's name */
#define EXECUTE_ACCOUNT_MAX 12
#define EXECUTE_ARN_MAX     2048

enum execute_kind {
    EXECUTE_NEVER,   /* it has no harmless form: execute_step.why */
    EXECUTE_READ,    /* reads */
    EXECUTE_DRY_RUN, /* EC2 says whether it would have been allowed */
    EXECUTE_MISSING, /* done to what is not there: is refused */
    EXECUTE_MAKE     /* makes a thing of the run's own, which is on record first */
};

/* What a call makes, and in the journal (cli/simulate_journal.h) what is to be removed. */
enum execute_thing {
    THING_NONE,
    THING_USER,
    THING_USER_DENIED, /* his inline policy that denies everything */
    THING_USER_POLICY,
    THING_KEY,
    THING_LOGIN,
    THING_ROLE,
    THING_ROLE_DENIED,
    THING_ROLE_POLICY,
    EXECUTE_THINGS
};

/* The harmless form of a call. Texts may hold {user}, {role}, {name}, {account}, {partition},
 * {secret} and {key}, which are filled in. */
struct execute_step {
    const char *service, *event; /* as CloudTrail calls them */
    enum execute_kind kind;
    enum execute_thing makes;
    const char *why; /* EXECUTE_NEVER: why not */
    enum aws_service to;
    const char *method, *path, *query, *target, *body; /* NULL: none */
};

/* The row of the allow list; one of kind EXECUTE_NEVER for what is not on it. */
const struct execute_step *execute_find(struct str service, struct str event);

/* The calls that make and remove a thing, which no scenario names. */
const struct execute_step *execute_deny(enum execute_thing thing);
const struct execute_step *execute_undo(enum execute_thing thing);

/* What texts are filled in with. */
struct execute_names {
    struct str run; /* {name}: EXECUTE_PREFIX and eight digits */
    struct str account, partition;
    struct str user, role; /* whole names */
    struct str key;        /* id of a key to remove */
    struct str secret;     /* a password that nobody is told */
};

/* What came of a call. */
struct execute_answer {
    int status;      /* 0: none came */
    struct buf code; /* of a refusal; empty: none */
    struct buf id;   /* the request's, as CloudTrail shows it; empty: none */
    struct buf body; /* of a 2xx */
    int64_t sent_ms; /* wall clock */
    struct err why;  /* of kind ERR_NONE when it succeeded */
};
void execute_answer_init(struct execute_answer *a);
/* Wipes: it may hold a key. */
void execute_answer_release(struct execute_answer *a);

struct executor;
/* With the caller's credentials; opens nothing yet. NULL with e without memory. */
struct executor *executor_new(struct err *e);
void executor_free(struct executor *x);

/* Whose credentials these are: digits of the account, and the ARN. */
TW_MUST_USE bool executor_caller(struct executor *x, struct buf *account, struct buf *arn,
                                 struct err *e);

/* The access key in body, CreateAccessKey's answer, becomes that of `label`: calls can be made with
 * it. The secret is kept nowhere else. ERR_RETRY: the answer holds none; ERR_LIMIT: too many. */
TW_MUST_USE bool executor_keep(struct executor *x, struct str label, struct str body,
                               struct err *e);
bool executor_has(const struct executor *x, struct str label);

/* Puts the id of key i (from 0) of ListAccessKeys' answer in place of what is in out; false when
 * there are not so many. */
bool execute_key_id(struct str body, size_t i, struct buf *out);

/* Makes the call, as the caller or (as present) with the key kept for that label. A key that IAM
 * has just made is not known everywhere at once: what it is refused for that is tried again for
 * some seconds. What came of it is in out, a refusal or none at all too; false (with e) only when
 * the call could not be put together. */
TW_MUST_USE bool executor_call(struct executor *x, const struct execute_step *step,
                               const struct execute_names *names, struct str region, struct str as,
                               struct execute_answer *out, struct err *e);

#endif
