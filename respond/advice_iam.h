/* What records of anybody tell of IAM, for an advice: the paths of users, roles, groups and
 * instance profiles, which most calls leave out of their names, and the role that an instance
 * profile holds, which RunInstances hands over without naming it.
 *
 * Only what lies before the compromise is believed: an intruder could put another role into a
 * profile. Of several proofs of one name the latest counts, so that the order of the logs does not
 * matter. */
#ifndef TW_RESPOND_ADVICE_IAM_H
#define TW_RESPOND_ADVICE_IAM_H

#include "respond/advice.h"
#include "respond/facts.h"

/* A name with a path. */
struct advice_name {
    struct str key; /* "role/shop", as a request names it */
    struct str arn; /* arn:aws:iam::111122223333:role/team/shop */
    int64_t time_ms;
};

/* An instance that was started with a profile. */
struct advice_started {
    struct str instance, profile; /* i-0123456789abcdef0, a name */
    int64_t time_ms;
};

/* From then on an instance profile held the role; absent: none. */
struct advice_held {
    struct str profile, role; /* names */
    int64_t time_ms;
};

/* An instance profile that was handed to EC2. */
struct advice_handed {
    struct str profile; /* its name */
    uint64_t uses;
    int64_t first_ms, last_ms;
};

/* Takes what a record of anybody tells. */
TW_MUST_USE bool advice_learn(struct advice *a, struct str record, const struct facts *f,
                              struct err *e);

/* Notes that the principal handed the profile (a name or an ARN) to EC2, whose answer (raw JSON, or
 * absent) names the instances. */
TW_MUST_USE bool advice_hand(struct advice *a, struct str profile, struct str answer,
                             int64_t time_ms, struct err *e);

/* All is seen: PassRole for the roles of profiles that were handed over, the others in a->profiles;
 * and the paths that are known in all resources. */
TW_MUST_USE bool advice_iam_settle(struct advice *a, struct err *e);

#endif
