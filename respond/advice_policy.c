/* From uses to statements: actions with the same resources and condition share one. */
#include "respond/advice_policy.h"

#include <stdlib.h>

#define RESOURCES_MAX 5 /* of one kind that are written one by one */

static json_t *text(struct str s)
{
    return json_stringn(s.p, s.n);
}

/* What stands in front of the resource's own name: arn:aws:s3:::bucket/, arn:...:function: */
static struct str kind_of(struct str resource)
{
    struct str rest = resource;
    struct str kind = str_cut(&rest, '/');
    if (str_present(rest))
        return str_slice(resource, 0, kind.n + 1);
    size_t n = resource.n;
    while (n && resource.p[n - 1] != ':')
        n--;
    return str_slice(resource, 0, n);
}

/* ---- the resources of an action ---- */

/* Those with one condition, of one action: targets from i on, up to the next condition. */
struct run {
    const struct advice_action *action;
    const struct advice_target *like; /* whose condition it is */
};

static bool same(struct str a, struct str b)
{
    return str_present(a) ? str_eq(a, b) : !str_present(b);
}

static bool is_of(const struct run *r, const struct advice_target *t)
{
    return t->before && same(t->condition, r->like->condition) && same(t->value, r->like->value);
}

static size_t of_kind(const struct run *r, struct str kind)
{
    size_t n = 0;
    for (size_t i = 0; i < r->action->targets.n; i++) {
        const struct advice_target *t = vec_at(&r->action->targets, i);
        n += is_of(r, t) && str_eq(kind_of(t->resource), kind);
    }
    return n;
}

/* How many bytes all of the kind begin with, back to a slash or colon. */
static size_t common(const struct run *r, struct str kind, struct str first)
{
    size_t n = first.n;
    for (size_t i = 0; i < r->action->targets.n; i++) {
        const struct advice_target *t = vec_at(&r->action->targets, i);
        if (!is_of(r, t) || !str_eq(kind_of(t->resource), kind))
            continue;
        size_t k = 0;
        while (k < n && k < t->resource.n && t->resource.p[k] == first.p[k] && first.p[k] != '*')
            k++;
        n = k;
    }
    while (n > kind.n && first.p[n - 1] != '/')
        n--;
    return n < kind.n ? kind.n : n;
}

static bool has(const json_t *list, struct str s)
{
    const json_t *one;
    size_t i;
    json_array_foreach(
        list, i,
        one) if (str_eq(str_n(json_string_value(one), json_string_length(one)), s)) return true;
    return false;
}

static bool put_resource(json_t *list, const struct run *r, const struct advice_target *t,
                         enum policy_width width)
{
    struct str kind = kind_of(t->resource);
    size_t n = of_kind(r, kind);
    if (n <= (width == POLICY_EXACT ? RESOURCES_MAX : 1) || kind.n == 0)
        return has(list, t->resource) || json_array_append_new(list, text(t->resource)) == 0;
    struct buf b;
    buf_init(&b, t->resource.n + 2);
    buf_put(&b, str_slice(t->resource, 0, common(r, kind, t->resource)));
    buf_putc(&b, '*');
    bool ok = has(list, buf_str(&b)) || json_array_append_new(list, text(buf_str(&b))) == 0;
    buf_release(&b);
    return ok;
}

/* "*", or a list; NULL without memory. */
static json_t *resources(const struct run *r, enum policy_width width)
{
    json_t *list = json_array();
    bool any = width == POLICY_WILDCARDS && !str_present(r->like->condition), ok = list != NULL;
    for (size_t i = 0; ok && i < r->action->targets.n; i++) {
        const struct advice_target *t = vec_at(&r->action->targets, i);
        any = any || (is_of(r, t) && str_eqz(t->resource, "*"));
        ok = !is_of(r, t) || put_resource(list, r, t, width);
    }
    if (ok && !any && list)
        return list;
    json_decref(list);
    return ok ? json_string("*") : NULL;
}

/* ---- statements ---- */

/* {"StringEquals":{"iam:PassedToService":"..."}}; absent: NULL. */
static json_t *condition_of(const struct advice_target *t)
{
    json_t *equals = json_object(), *out = json_object();
    if (json_object_setn_new(equals, t->condition.p, t->condition.n, text(t->value)) != 0 ||
        json_object_set_new(out, "StringEquals", equals) != 0) {
        json_decref(out);
        return NULL;
    }
    return out;
}

/* The statement for these resources and this condition (NULL: none), made when it is not there. */
static json_t *statement(json_t *list, json_t *resource, json_t *condition)
{
    json_t *s;
    size_t i;
    json_array_foreach(list, i, s)
    {
        const json_t *there = json_object_get(s, "Condition");
        bool like = there && condition ? json_equal(there, condition) : !there && !condition;
        if (like && json_equal(json_object_get(s, "Resource"), resource))
            return s;
    }
    s = json_pack("{s:s,s:[],s:O,s:O*}", "Effect", "Allow", "Action", "Resource", resource,
                  "Condition", condition);
    return json_array_append_new(list, s) == 0 ? s : NULL;
}

/* iam:GetUser -> iam:Get*, when actions that read may be wildcards. */
static json_t *action_text(struct str action, enum policy_width width)
{
    static const char *const verbs[] = {":Describe", ":List", ":Get"};
    size_t colon = str_find_byte(action, ':', 0);
    for (size_t i = 0; width == POLICY_WILDCARDS && i < sizeof verbs / sizeof *verbs; i++)
        if (str_starts(str_skip(action, colon), str_of(verbs[i])))
            return json_sprintf("%.*s%s*", (int)colon, action.p, verbs[i]);
    return text(action);
}

static bool put_action(json_t *statements, const struct run *r, enum policy_width width)
{
    json_t *resource = resources(r, width);
    json_t *condition = str_present(r->like->condition) ? condition_of(r->like) : NULL;
    bool ok = resource && (condition || !str_present(r->like->condition));
    json_t *s = ok ? statement(statements, resource, condition) : NULL;
    json_t *actions = json_object_get(s, "Action"), *name = action_text(r->action->action, width);
    ok = name && actions &&
         (has(actions, str_of(json_string_value(name))) || json_array_append(actions, name) == 0);
    json_decref(name);
    json_decref(resource);
    json_decref(condition);
    return ok;
}

/* Each condition of the action is a run of its own. */
static bool put_runs(json_t *statements, const struct advice_action *x, enum policy_width width)
{
    bool ok = true;
    for (size_t i = 0; ok && i < x->targets.n; i++) {
        const struct run r = {x, vec_at(&x->targets, i)};
        bool first = r.like->before > 0;
        for (size_t k = 0; k < i && first; k++)
            first = !is_of(&r, vec_at(&x->targets, k));
        ok = !first || put_action(statements, &r, width);
    }
    return ok;
}

static json_t *document(const struct advice *a, enum policy_width width)
{
    json_t *statements = json_array();
    json_t *out = json_pack("{s:s,s:o}", "Version", "2012-10-17", "Statement", statements);
    bool ok = out != NULL;
    for (size_t i = 0; ok && i < a->actions.n; i++)
        ok = put_runs(statements, vec_at(&a->actions, i), width);
    if (ok)
        return out;
    json_decref(out);
    return NULL;
}

static size_t size_of(const json_t *j)
{
    char *text = json_dumps(j, JSON_COMPACT);
    size_t n = text ? strlen(text) : SIZE_MAX;
    free(text);
    return n;
}

bool policy_make(const struct advice *a, struct policy_made *out, struct err *e)
{
    size_t room = a->principal.kind == ADVICE_USER ? POLICY_USER_INLINE : POLICY_ROLE_INLINE;
    *out = (struct policy_made){0};
    for (unsigned w = 0; w < POLICY_WIDTHS; w++) {
        json_decref(out->document);
        out->document = document(a, (enum policy_width)w);
        if (!out->document)
            return err_set(e, ERR_SYSTEM, "no memory for a policy");
        out->width = (enum policy_width)w;
        out->size = size_of(out->document);
        out->inline_fits = out->size <= room;
        out->managed_fits = out->size <= POLICY_MANAGED;
        if (out->inline_fits || out->managed_fits)
            break;
    }
    return true;
}

json_t *policy_denying(const json_t *document)
{
    json_t *actions = json_array();
    const json_t *s, *one;
    size_t i, k;
    json_array_foreach(json_object_get(document, "Statement"), i, s)
    {
        json_array_foreach(json_object_get(s, "Action"), k, one)
        {
            struct str name = str_n(json_string_value(one), json_string_length(one));
            if (!has(actions, name) && json_array_append_new(actions, text(name)) != 0)
                break;
        }
    }
    return json_pack("{s:s,s:[{s:s,s:o,s:s}]}", "Version", "2012-10-17", "Statement", "Effect",
                     "Deny", "NotAction", actions, "Resource", "*");
}
