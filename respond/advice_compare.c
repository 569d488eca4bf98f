/* The advice beside the policy that is there now. */
#include "respond/advice_policy.h"

/* Backtracks to the last star alone: n * m steps at most. */
bool policy_takes(struct str pattern, struct str action)
{
    size_t p = 0, s = 0, star = SIZE_MAX, from = 0;
    while (s < action.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            from = s;
        } else if (p < pattern.n &&
                   (pattern.p[p] == '?' || byte_lower(pattern.p[p]) == byte_lower(action.p[s]))) {
            p++;
            s++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            s = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

static struct str text_of(const json_t *j)
{
    return str_n(json_string_value(j), json_string_length(j));
}

static bool was_used(const struct advice_action *x)
{
    for (size_t i = 0; i < x->targets.n; i++)
        if (((const struct advice_target *)vec_at(&x->targets, i))->before)
            return true;
    return false;
}

static bool is_needed(const struct advice *a, struct str pattern)
{
    for (size_t i = 0; i < a->actions.n; i++) {
        const struct advice_action *x = vec_at(&a->actions, i);
        if (was_used(x) && policy_takes(pattern, x->action))
            return true;
    }
    return false;
}

/* A member of a policy that may be one value or a list of them, as a list of the caller's. */
static json_t *listed(json_t *j)
{
    if (json_is_array(j))
        return json_incref(j);
    return j ? json_pack("[O]", j) : json_array();
}

/* All patterns of Allow statements. Those that name what they do not take in say nothing that can
 * be compared. */
static bool allowed(const json_t *policy, json_t *patterns, struct err *e)
{
    json_t *statements = listed(json_object_get(policy, "Statement")), *s;
    size_t i;
    bool ok = statements && json_array_size(statements) > 0;
    json_array_foreach(statements, i, s)
    {
        if (!str_eqz(text_of(json_object_get(s, "Effect")), "Allow"))
            continue;
        json_t *actions = listed(json_object_get(s, "Action"));
        ok = ok && actions && json_array_extend(patterns, actions) == 0;
        json_decref(actions);
    }
    json_decref(statements);
    return ok || err_set(e, ERR_INPUT, "the current policy has no statements");
}

static bool sort_patterns(const struct advice *a, const json_t *patterns, json_t *kept,
                          json_t *unused)
{
    json_t *p;
    size_t i;
    bool ok = true;
    json_array_foreach(patterns, i, p) ok =
        ok && json_array_append(is_needed(a, text_of(p)) ? kept : unused, p) == 0;
    return ok;
}

static bool find_missing(const struct advice *a, const json_t *patterns, json_t *missing)
{
    bool ok = true;
    for (size_t i = 0; ok && i < a->actions.n; i++) {
        const struct advice_action *x = vec_at(&a->actions, i);
        bool given = !was_used(x);
        const json_t *p;
        size_t k;
        json_array_foreach(patterns, k, p) given = given || policy_takes(text_of(p), x->action);
        ok = given || json_array_append_new(missing, json_stringn(x->action.p, x->action.n)) == 0;
    }
    return ok;
}

bool policy_compare(const struct advice *a, struct str current, json_t **out, struct err *e)
{
    json_error_t why;
    json_t *policy = json_loadb(current.p, current.n, 0, &why);
    json_t *patterns = json_array(), *kept = json_array(), *unused = json_array();
    json_t *missing = json_array();
    *out = NULL;
    bool ok = json_is_object(policy) ||
              err_set(e, ERR_INPUT, "the current policy is no JSON object: %s", why.text);
    ok = ok && allowed(policy, patterns, e);
    if (ok && sort_patterns(a, patterns, kept, unused) && find_missing(a, patterns, missing))
        *out = json_pack("{s:O,s:O,s:O}", "unused", unused, "missing", missing, "kept", kept);
    json_decref(policy);
    json_decref(patterns);
    json_decref(kept);
    json_decref(unused);
    json_decref(missing);
    return *out || (ok && err_set(e, ERR_SYSTEM, "no memory to compare policies"));
}
