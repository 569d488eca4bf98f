/* Cutting keys at their slashes. */
#include "handlers/logkey.h"

static bool is_account(struct str s)
{
    return s.n == LOGKEY_ACCOUNT_DIGITS && str_is_decimal(s);
}

/* Letters, digits and dashes. */
static bool is_region(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!byte_is_alpha(s.p[i]) && !byte_is_digit(s.p[i]) && s.p[i] != '-')
            return false;
    return s.n > 0 && s.n <= LOGKEY_REGION_MAX;
}

/* What follows the part "AWSLogs"; absent when there is none. */
static struct str behind_logs(struct str key)
{
    while (str_present(key))
        if (str_eq(str_cut(&key, '/'), S("AWSLogs")))
            return key;
    return STR_ABSENT;
}

bool logkey_read(struct str key, struct logkey *out)
{
    struct str rest = behind_logs(key);
    if (!str_present(rest))
        return false;
    struct str account = str_cut(&rest, '/');
    if (str_starts(account, S("o-")) && str_present(rest))
        account = str_cut(&rest, '/');
    struct str service = str_present(rest) ? str_cut(&rest, '/') : STR_ABSENT;
    struct str region = str_present(rest) ? str_cut(&rest, '/') : STR_ABSENT;
    bool digest = str_eq(service, S("CloudTrail-Digest"));
    *out = (struct logkey){account, region, str_slice(rest, 0, LOGKEY_DAY_BYTES), digest};
    return is_account(account) && is_region(region) && str_present(rest) &&
           (digest || str_eq(service, S("CloudTrail")));
}
