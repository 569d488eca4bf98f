/* Parts of ARNs. */
#include "respond/arn.h"

#include <stddef.h>

bool arn_parse(struct str s, struct arn *out)
{
    struct str rest = s;
    *out = (struct arn){STR_ABSENT, STR_ABSENT, STR_ABSENT, STR_ABSENT, STR_ABSENT};
    if (!str_eq(str_cut(&rest, ':'), S("arn")))
        return false;
    struct str *const parts[] = {&out->partition, &out->service, &out->region, &out->account};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        *parts[i] = str_cut(&rest, ':');
        if (!str_present(rest))
            return false;
    }
    out->resource = rest;
    return out->partition.n && out->service.n && rest.n;
}

bool arn_is_partition(struct str s)
{
    static const char *const partitions[] = {
        "aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f",
    };
    for (size_t i = 0; i < sizeof partitions / sizeof *partitions; i++)
        if (str_eqz(s, partitions[i]))
            return true;
    return false;
}

bool arn_is_account(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!byte_is_digit(s.p[i]))
            return false;
    return s.n == ACCOUNT_DIGITS;
}
