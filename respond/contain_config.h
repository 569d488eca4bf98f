/* The `containment:` section of the configuration file: what its owner allows. Pure; docs/config.md
 * is the manual. */
#ifndef TW_RESPOND_CONTAIN_CONFIG_H
#define TW_RESPOND_CONTAIN_CONFIG_H

#include "base/arena.h"
#include "base/err.h"
#include "engine/ruleset.h"
#include "respond/policy_doc.h"
#include "respond/subject.h"

/* What can be done to a principal. The names are what the configuration and --strategy say. */
enum contain_strategy {
    CONTAIN_DENY_ALL,     /* deny-all: attach AWSDenyAll */
    CONTAIN_DENY_INLINE,  /* deny-inline: the same as an inline policy */
    CONTAIN_BOUNDARY,     /* boundary: AWSDenyAll as permissions boundary */
    CONTAIN_DENY_SESSION, /* deny-session: one session of a role */
    CONTAIN_REVOKE_OLDER, /* revoke-older: all sessions issued until now */
    CONTAIN_FENCE,        /* fence: all calls from outside given networks */
    CONTAIN_KEYS_OFF,     /* keys-off: all active access keys of a user; of a KEY, that one */
    CONTAIN_CONSOLE_OFF,  /* console-off: delete the login profile; the password is lost */
    CONTAIN_FORCE_RESET,  /* force-reset: a new password at the next sign-in; weak */
    CONTAIN_TAG_SCP,      /* tag: for a standing service control policy */
    CONTAIN_TRUST_CUT,    /* trust-cut: nobody may assume the role any more */
    CONTAIN_ENTRY_CUT,    /* entry-cut: instance profile taken off; Roles Anywhere disabled */
    CONTAIN_DELETE_USER,  /* delete-user: by command only */
    CONTAIN_ROTATE_KEY,   /* rotate-key: by command only */
    CONTAIN_STRATEGIES
};

const char *contain_strategy_name(enum contain_strategy s);
bool contain_strategy_parse(struct str name, enum contain_strategy *out);
/* Whether it writes inline or trust policies: who may do that may give itself everything. */
bool contain_strategy_is_inline(enum contain_strategy s);
/* Whether only a person at a terminal may ask for it. */
bool contain_strategy_is_by_command(enum contain_strategy s);
/* Whether it makes sense for a kind of subject. */
bool contain_strategy_fits(enum contain_strategy s, enum subject_kind kind);

/* In the order in which they are made. */
struct contain_ladder {
    enum contain_strategy list[CONTAIN_STRATEGIES];
    size_t n; /* 0: the configuration says nothing; the default holds */
};

/* An account whose principals may be contained. */
struct contain_account {
    struct str id;          /* twelve digits */
    struct str role;        /* name or path and name of the role to assume; absent: none, which only
                               the function's own account can do without */
    struct str external_id; /* absent: none */
};

enum contain_workload_rule { CONTAIN_WORKLOAD_ASK, CONTAIN_WORKLOAD_NEVER };

#define CONTAIN_ACCOUNTS_MAX 1000 /* an organization's default is 10, large ones have hundreds */
#define CONTAIN_NAMES_MAX    1000 /* of any list */

/* Defaults stand beside. Strings lie in memory. */
struct contain_config {
    struct arena memory;
    /* What may be done without asking, in mode auto: both must hold. */
    const struct str *auto_rules; /* ids, or "*" for any; none: nothing without asking */
    size_t n_auto_rules;
    enum level auto_level; /* at least; high */
    /* What is done, in order. */
    struct contain_ladder user, role;
    bool inline_policies;      /* the opt-in; false */
    struct policy_fence fence; /* of strategy fence */
    bool scp_tag;              /* also tag; false */
    /* Whom. */
    const struct contain_account *accounts; /* none: the function's own account */
    size_t n_accounts;
    const struct str *break_glass; /* ARNs of users and roles, or unique ids: never contained */
    size_t n_break_glass;
    const struct str *responders; /* the same, of those who respond: never contained either */
    size_t n_responders;
    enum contain_workload_rule workload; /* ask */
    /* How much. */
    uint32_t max_hour;         /* principals an hour, 10 */
    uint32_t max_account_hour; /* and of one account, 5 */
    uint32_t attempts;         /* of one principal, 3 */
    int64_t cooldown_ms;       /* between them, 15 min */
    int64_t event_age_ms;      /* older events contain nobody, 1 h */
    int64_t approval_ms;       /* an approval that nobody gives expires, 24 h */
    int64_t release_ms;        /* released by itself after; 0: never, the default */
};

/* The defaults: nothing without asking. */
void contain_config_init(struct contain_config *c);
void contain_config_release(struct contain_config *c);

/* Reads the section of the file; without it, the defaults. Other sections are not looked at. An
 * unknown key, a wrong value, a strategy that does not fit, one that needs the opt-in without it,
 * or a fence too long for a user's policy is ERR_USAGE with file and line; out is released then. */
TW_MUST_USE bool contain_config_parse(struct str file, struct str yaml, struct contain_config *out,
                                      struct err *e);

/* NULL: not listed. */
const struct contain_account *contain_config_account(const struct contain_config *c,
                                                     struct str account);
/* Whether mode auto may act on an alert of that rule and level without asking. */
bool contain_config_allows(const struct contain_config *c, struct str rule, enum level level);

#endif
