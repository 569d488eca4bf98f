/* Principals of a trust policy. */
#include "respond/lineage_trust.h"

#include <jansson.h>

/* What is told of each, and how many may still be. */
struct telling {
    void (*fn)(void *to, struct str account);
    void *to;
    size_t left;
};

/* An account id, or the one in an ARN: arn:aws:iam::444455556666:root. */
static struct str account_in(struct str principal)
{
    struct str part = STR_ABSENT, rest = principal;
    if (!str_starts(principal, S("arn:")))
        return principal;
    for (size_t i = 0; i < 5 && str_present(rest); i++)
        part = str_cut(&rest, ':');
    return part;
}

static void tell(struct telling *t, const json_t *principal)
{
    if (!json_is_string(principal) || t->left == 0)
        return;
    t->left--;
    t->fn(t->to, account_in(str_n(json_string_value(principal), json_string_length(principal))));
}

/* {"Principal":"*"}, {"Principal":{"AWS":"..."}} or {"Principal":{"AWS":["...","..."]}} */
static void tell_statement(struct telling *t, const json_t *statement)
{
    const json_t *who = json_object_get(statement, "Principal");
    if (json_is_object(who))
        who = json_object_get(who, "AWS");
    tell(t, who);
    for (size_t i = 0; i < json_array_size(who); i++)
        tell(t, json_array_get(who, i));
}

void trust_each(struct str policy, void (*fn)(void *to, struct str account), void *to)
{
    struct telling t = {fn, to, TRUST_PRINCIPALS_MAX};
    json_t *doc = policy.n ? json_loadb(policy.p, policy.n, 0, NULL) : NULL;
    const json_t *statements = json_object_get(doc, "Statement");
    if (json_is_object(statements))
        tell_statement(&t, statements);
    for (size_t i = 0; i < json_array_size(statements); i++)
        tell_statement(&t, json_array_get(statements, i));
    json_decref(doc);
}
