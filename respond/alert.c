/* What an alert is about. */
#include "respond/alert.h"

struct str alert_account(const struct alert *a)
{
    static const char *const names[] = {"account", "recipientAccountId", "userIdentity.accountId"};
    if (a->known && a->first.facts.account.n)
        return a->first.facts.account;
    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
        for (size_t i = 0; i < a->n_keys; i++)
            if (str_eqz(a->key_names[i], names[n]))
                return a->key_values[i];
    return STR_ABSENT;
}
