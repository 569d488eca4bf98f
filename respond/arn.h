/* ARNs taken apart: arn:partition:service:region:account:resource. */
#ifndef TW_RESPOND_ARN_H
#define TW_RESPOND_ARN_H

#include <stdbool.h>

#include "base/str.h"

/* All borrowed from the ARN; region and account may be empty. */
struct arn {
    struct str partition, service, region, account, resource;
};

/* False when s does not have the six parts, or partition or resource is empty. */
bool arn_parse(struct str s, struct arn *out);

/* The partitions that AWS has ("aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b",
 * "aws-iso-e", "aws-iso-f"); anything else is made up. */
bool arn_is_partition(struct str s);

#define ACCOUNT_DIGITS 12
/* As many digits. */
bool arn_is_account(struct str s);

#endif
