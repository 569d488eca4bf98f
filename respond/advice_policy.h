/* The policy that an advice comes to, within IAM's sizes. */
#ifndef TW_RESPOND_ADVICE_POLICY_H
#define TW_RESPOND_ADVICE_POLICY_H

#include <jansson.h>

#include "respond/advice.h"

/* Characters without blanks that IAM takes
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html). */
#define POLICY_USER_INLINE 2048
#define POLICY_ROLE_INLINE 10240
#define POLICY_MANAGED     6144

/* How wide it had to be written to fit. */
enum policy_width {
    POLICY_EXACT,     /* each resource, up to a few of one kind */
    POLICY_PREFIXES,  /* resources of one kind as what they have in common */
    POLICY_WILDCARDS, /* reading actions of a service as Get*, List*, Describe*; any resource */
    POLICY_WIDTHS
};

struct policy_made {
    json_t *document; /* {"Version","Statement"}; the caller's to json_decref */
    size_t size;      /* characters without blanks */
    enum policy_width width;
    bool inline_fits, managed_fits;
};

/* Of a settled advice's baseline. ERR_SYSTEM when memory is out. */
TW_MUST_USE bool policy_make(const struct advice *a, struct policy_made *out, struct err *e);

/* The same permissions as one that denies all others: to be put beside what is there. NULL when
 * memory is out. */
json_t *policy_denying(const json_t *document);

/* Whether the pattern of a policy's Action (* and ?, in any case) takes in the action. */
bool policy_takes(struct str pattern, struct str action);

/* Puts {"unused":[...],"missing":[...],"kept":[...]} of a policy that is there now: Allow actions
 * that no use of the baseline needs, uses that no Allow gives, and the rest. ERR_INPUT when it is
 * no policy. NULL in *out on failure. */
TW_MUST_USE bool policy_compare(const struct advice *a, struct str current, json_t **out,
                                struct err *e);

#endif
