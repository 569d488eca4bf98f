/* Least-privilege advice: what an identity was seen to need before it was compromised. Pure:
 * records come in as text, a policy goes out (respond/advice_put.h). docs/policy.md says what it
 * promises.
 *
 * A use is an allowed call: one that succeeded, or that failed behind authorization. Uses before
 * `since_ms` are the baseline; what was first used after it is an intruder's until somebody says
 * otherwise, and is listed apart. */
#ifndef TW_RESPOND_ADVICE_H
#define TW_RESPOND_ADVICE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"

#define ADVICE_ACTIONS_MAX  4000 /* of one identity; the reference has 22,000 in all */
#define ADVICE_TARGETS_MAX  64   /* resources of one action that are kept apart */
#define ADVICE_AFTER_KEPT   8    /* of them, only used after, when there is no room for more */
#define ADVICE_REGIONS_MAX  64   /* AWS has 38 */
#define ADVICE_DAYS_MAX     4000
#define ADVICE_UNMAPPED_MAX 50
#define ADVICE_NAMES_MAX                                                                           \
    16000 /* with paths, of one account: 5,000 users, and roles, by IAM's quotas */
#define ADVICE_HELD_MAX                                                                            \
    4000 /* times that a role was put into an instance profile, or taken out                       \
          */
#define ADVICE_MEMORY_MAX  (256u << 20)
#define ADVICE_TARGETS_ALL (ADVICE_ACTIONS_MAX * ADVICE_TARGETS_MAX)
#define ADVICE_SCRATCH_MAX (1u << 20) /* a record of CloudTrail has 256 KB */

enum advice_kind { ADVICE_USER, ADVICE_ROLE };

/* How much is kept; for who has less room than the limits above. */
struct advice_bounds {
    size_t memory;  /* bytes of texts */
    size_t targets; /* of all actions together, some 100 bytes each */
    size_t names;   /* with paths, and as many instances: 40 bytes each beside their texts */
};

/* Whom the advice is for. */
struct advice_principal {
    struct str arn;  /* as asked */
    struct str name; /* behind the last slash of a user or role, or the role of a session's ARN */
    struct str partition, account;
    enum advice_kind kind;
    bool session; /* the ARN was a session's: any path fits */
};

/* On what an action was used, and under which condition. */
struct advice_target {
    struct str resource;         /* an ARN, perhaps ending in *, or "*" */
    struct str condition, value; /* kms:ViaService, iam:PassedToService; absent: none */
    bool folded;                 /* resource is what several have in common, and a star */
    uint64_t before, after;      /* uses */
    int64_t first_ms, last_ms;
};

struct advice_action {
    struct str action;
    struct vec targets;    /* of struct advice_target */
    uint64_t after_beyond; /* uses after on more resources than are kept */
};

struct advice {
    struct advice_principal principal;
    bool has_since;
    int64_t since_ms;
    struct vec actions;   /* of struct advice_action, by name once advice_settle ran */
    struct vec unmapped;  /* of struct str: "source:event" without an action that is known */
    struct vec names;     /* of struct advice_name, and the rest: respond/advice_iam.h */
    struct vec instances; /* of struct advice_name: whose sessions were seen, with their roles */
    struct vec held, handed, started;
    struct vec profiles; /* of struct str: of those handed over, whose role no record tells; once
                            advice_settle ran */
    size_t targets, targets_max; /* of all actions */
    uint64_t uses_before, uses_after, refused;
    int64_t first_ms, last_ms; /* of the uses before */
    /* What the logs cover before since_ms, whoever acted. */
    struct vec regions;       /* of struct str */
    struct vec days;          /* of int32_t: days since 1970 that have records */
    bool data_events, has_s3; /* has_s3: the identity was seen to use S3 */
    struct arena memory;
    struct arena scratch; /* of one record */
};

/* arn: of a user, a role, or a role's session; borrowed. ERR_USAGE for what is none of these, and
 * for service-linked roles, whose permissions nobody can change. */
TW_MUST_USE bool advice_init(struct advice *a, struct str arn, struct err *e);
/* Keeps less. Right behind advice_init; no bound may be above its limit. */
void advice_bound(struct advice *a, const struct advice_bounds *b);
void advice_release(struct advice *a);

/* From now on what happens at ms or later is the intruder's. */
void advice_since(struct advice *a, int64_t ms);

/* What any record says of the logs. */
TW_MUST_USE bool advice_cover(struct advice *a, int64_t time_ms, struct str region, bool data,
                              struct err *e);

/* Whether a record is of a data event: they say "Data"; before eventVersion 1.07 there was no
 * category. */
bool advice_is_data(struct str record);

/* Whether the record (JSON) may be one of the principal: cheap, and surely not when false. */
bool advice_may_concern(const struct advice *a, struct str record);
/* Whether it is. */
bool advice_concerns(struct advice *a, struct str record);
/* Takes a record of the principal; others are left out. ERR_LIMIT past the limits. */
TW_MUST_USE bool advice_see(struct advice *a, struct str record, struct err *e);

/* All is seen: what was learned is put in, and all is sorted. */
TW_MUST_USE bool advice_settle(struct advice *a, struct err *e);

/* Adds a use of the action on the resource; for advice_record.c. */
struct advice_use {
    struct str action, resource, condition, value;
    int64_t time_ms;
};
TW_MUST_USE bool advice_add(struct advice *a, const struct advice_use *use, struct err *e);
/* Adds s to a list of names, once, as long as there is room. */
TW_MUST_USE bool advice_list(struct advice *a, struct vec *list, struct str s, struct err *e);

#endif
