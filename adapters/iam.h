/* port_iam over AWS itself. */
#ifndef TW_ADAPTERS_IAM_H
#define TW_ADAPTERS_IAM_H

#include "aws/client.h"
#include "handlers/ports.h"

#define IAM_ACCOUNT_DIGITS 12

/* What is kept between calls; zeroed but for the client, which is borrowed and outlives it. */
struct iam {
    struct aws_client *client;
    char own_account[IAM_ACCOUNT_DIGITS]; /* of the client's credentials, once asked */
    bool own_known;
};

/* The port; iam is borrowed and must outlive it. Every call is signed as `at` says:
 *   - with our own credentials, when `at` names no role: their account is asked of STS, once, and a
 *     call for any other is refused (IAM_NO_ROLE): the same name may be somebody else's here;
 *   - as arn:<partition>:iam::<account>:role/<role>, assumed for 15 minutes and kept;
 *   - with the key that `at` gives, unchecked.
 * `at` NULL: our own account. A partition other than our region's is refused: its IAM is another
 * one. IAM is asked where its partition has it, EC2 and Roles Anywhere in the region of `at`.
 *
 * Needs, of the actions it is asked for, those that iam_actions[] names, sts:AssumeRole on the
 * roles (sts:GetCallerIdentity needs none). */
struct port_iam iam_port(struct iam *iam);

#endif
