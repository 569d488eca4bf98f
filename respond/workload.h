/* What works with a role: containing a role of production stops production. */
#ifndef TW_RESPOND_WORKLOAD_H
#define TW_RESPOND_WORKLOAD_H

#include <stdbool.h>

#include "base/str.h"

/* What a role works for, if it is no person's: containing it stops production. A hint of the
 * session's name can be forged by whoever may choose it, so it only ever asks for more caution; the
 * trust policy decides once it is known. */
enum workload {
    WORKLOAD_NONE,
    WORKLOAD_INSTANCE, /* EC2: the session's name is an instance id */
    WORKLOAD_LAMBDA,
    WORKLOAD_ECS,      /* the session's name is a task id, 32 hexadecimal digits */
    WORKLOAD_EKS,      /* Pod Identity ("eks-..."), or a service account's OIDC provider */
    WORKLOAD_ANYWHERE, /* IAM Roles Anywhere: the session's name is a certificate's serial number */
    WORKLOAD_SERVICE,  /* another service that may assume the role */
    WORKLOADS
};

/* "an EC2 instance", "a Lambda function", ... */
const char *workload_name(enum workload w);

/* Who may assume a role, by its trust policy (JSON text, not percent-encoded): the gravest of what
 * its Allow statements name, in the order INSTANCE, LAMBDA, ECS, EKS, ANYWHERE, SERVICE.
 * WORKLOAD_NONE: only people, accounts and identity providers of people. *known is false when the
 * text is no policy: then nothing is known. */
enum workload workload_of_trust(struct str policy, bool *known);

#endif
