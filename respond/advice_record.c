/* One record as uses of permissions: the call's own actions, and what it needs beside them. */
#include <jansson.h>

#include "base/timefmt.h"
#include "respond/action_resource.h"
#include "respond/actions.h"
#include "respond/advice.h"

/* A record of the principal, as far as it was read. */
struct seen {
    struct advice *advice;
    struct acted at;
    const json_t *request;
    struct str source, event;
    struct str via; /* the service that called in the principal's name, or absent */
    int64_t time_ms;
};

static struct str text_at(const json_t *object, const char *member)
{
    const json_t *j = json_object_get(object, member);
    return json_is_string(j) ? str_n(json_string_value(j), json_string_length(j)) : STR_ABSENT;
}

static const json_t *issuer_of(const json_t *identity)
{
    return json_object_get(json_object_get(identity, "sessionContext"), "sessionIssuer");
}

/* Whether the session's ARN is of the role: ...:assumed-role/NAME/SESSION. */
static bool is_of_role(struct str arn, struct str name)
{
    static const char kind[] = ":assumed-role/";
    size_t at = str_present(arn) ? str_find(arn, str_of(kind), 0) : SIZE_MAX;
    if (at == SIZE_MAX)
        return false;
    struct str rest = str_skip(arn, at + sizeof kind - 1);
    return str_eq(str_cut(&rest, '/'), name);
}

static bool is_principal(const struct advice *a, const json_t *record)
{
    const json_t *identity = json_object_get(record, "userIdentity");
    const struct advice_principal *p = &a->principal;
    struct str arn = text_at(identity, "arn"), issuer = text_at(issuer_of(identity), "arn");
    if (p->session)
        return is_of_role(arn, p->name);
    return str_eq(arn, p->arn) || str_eq(issuer, p->arn);
}

static json_t *parse(struct str record)
{
    json_error_t why;
    return json_loadb(record.p, record.n, 0, &why);
}

bool advice_concerns(const struct advice *a, struct str record)
{
    json_t *j = advice_may_concern(a, record) ? parse(record) : NULL;
    bool does = j && is_principal(a, j);
    json_decref(j);
    return does;
}

/* ---- uses --------------------------------------------------------------------------------------
 */

static bool add(struct seen *s, struct str action, struct str resource, struct str condition,
                struct str value, struct err *e)
{
    const struct advice_use use = {.action = action,
                                   .resource = resource.n ? resource : S("*"),
                                   .condition = condition,
                                   .value = value,
                                   .time_ms = s->time_ms};
    return advice_add(s->advice, &use, e);
}

/* secretsmanager.eu-west-1.amazonaws.com, of secretsmanager.amazonaws.com */
static void put_via(struct buf *b, const struct seen *s)
{
    struct str rest = s->via;
    buf_put(b, str_cut(&rest, '.'));
    buf_putc(b, '.');
    buf_put(b, s->at.region);
    buf_putz(b, ".amazonaws.com");
}

static bool add_action(struct seen *s, struct str action, struct err *e)
{
    struct buf resource, via;
    buf_init(&resource, RESOURCE_MAX);
    buf_init(&via, 200);
    action_resource_put(&resource, action, &s->at);
    bool kms = str_present(s->via) && str_starts(action, S("kms:"));
    if (kms)
        put_via(&via, s);
    struct str arn = resource.failed ? S("*") : buf_str(&resource);
    bool ok = add(s, action, arn, kms ? S("kms:ViaService") : STR_ABSENT,
                  kms ? buf_str(&via) : STR_ABSENT, e);
    buf_release(&resource);
    buf_release(&via);
    return ok;
}

static bool add_actions(struct seen *s, struct str list, struct err *e)
{
    bool ok = true;
    while (ok && str_present(list) && list.n)
        ok = add_action(s, str_cut(&list, ' '), e);
    return ok;
}

/* CopyObject reads what it copies: x-amz-copy-source is BUCKET/KEY. */
static bool add_source(struct seen *s, struct err *e)
{
    struct str from = text_at(s->request, "x-amz-copy-source");
    struct buf b;
    if (!str_present(from) || !str_eqz(s->source, "s3.amazonaws.com"))
        return true;
    buf_init(&b, RESOURCE_MAX);
    buf_putz(&b, "arn:");
    buf_put(&b, s->at.partition);
    buf_putz(&b, ":s3:::");
    buf_put(&b, str_starts(from, S("/")) ? str_skip(from, 1) : from);
    bool ok = add(s, S("s3:GetObject"), b.failed ? S("*") : buf_str(&b), STR_ABSENT, STR_ABSENT, e);
    buf_release(&b);
    return ok;
}

/* ---- roles handed to services ------------------------------------------------------------------
 */

/* Who takes the role that is handed to the service of the call. */
static struct str taker_of(struct str source)
{
    return str_eqz(source, "ecs.amazonaws.com") ? S("ecs-tasks.amazonaws.com") : source;
}

static bool is_role(struct str s)
{
    return str_starts(s, S("arn:")) && str_find(s, S(":iam::"), 0) != SIZE_MAX &&
           str_find(s, S(":role/"), 0) != SIZE_MAX;
}

/* A request nests no deeper than this in CloudTrail's own records; what lies deeper hands over no
 * role. */
#define DEPTH_MAX 12

/* Each role that stands as a value under a key that names a role. */
static bool add_roles(struct seen *s, const json_t *j, bool named, unsigned depth, struct err *e)
{
    const char *key;
    json_t *member;
    size_t i;
    struct str text = str_n(json_string_value(j), json_string_length(j));
    if (named && json_is_string(j) && is_role(text))
        return add(s, S("iam:PassRole"), text, S("iam:PassedToService"), taker_of(s->source), e);
    bool ok = true;
    if (depth == DEPTH_MAX)
        return true;
    json_object_foreach((json_t *)(uintptr_t)j, key, member)
    {
        struct str k = str_of(key);
        bool role = str_find(k, S("ole"), 0) != SIZE_MAX && str_find(k, S("olicy"), 0) == SIZE_MAX;
        ok = ok && add_roles(s, member, role, depth + 1, e);
    }
    json_array_foreach(j, i, member) ok = ok && add_roles(s, member, named, depth + 1, e);
    return ok;
}

/* sts and iam name roles without handing them over. */
static bool hands_over(struct str source)
{
    return !str_eqz(source, "sts.amazonaws.com") && !str_eqz(source, "iam.amazonaws.com") &&
           !str_eqz(source, "kms.amazonaws.com") && !str_eqz(source, "s3.amazonaws.com");
}

/* RunInstances names a profile, not its role. */
static bool note_profile(struct seen *s, struct err *e)
{
    const json_t *profile = json_object_get(s->request, "iamInstanceProfile");
    struct str name = text_at(profile, "arn");
    name = str_present(name) ? name : text_at(profile, "name");
    return !str_present(name) || advice_list(s->advice, &s->advice->profiles, name, e);
}

/* Tags at creation are a permission of their own. */
static bool add_tagging(struct seen *s, struct err *e)
{
    if (!str_eqz(s->source, "ec2.amazonaws.com") ||
        !json_object_get(s->request, "tagSpecificationSet"))
        return true;
    return add(s, S("ec2:CreateTags"), S("*"), STR_ABSENT, STR_ABSENT, e);
}

/* ---- a record ----------------------------------------------------------------------------------
 */

static void note_use(struct seen *s)
{
    struct advice *a = s->advice;
    if (a->has_since && s->time_ms >= a->since_ms) {
        a->uses_after++;
        return;
    }
    a->uses_before++;
    a->first_ms = s->time_ms < a->first_ms ? s->time_ms : a->first_ms;
    a->last_ms = s->time_ms > a->last_ms ? s->time_ms : a->last_ms;
    a->has_s3 = a->has_s3 || str_eqz(s->source, "s3.amazonaws.com");
}

static bool note_unmapped(struct seen *s, struct err *e)
{
    struct buf b;
    buf_init(&b, 600);
    buf_put(&b, s->source);
    buf_putc(&b, ':');
    buf_put(&b, s->event);
    bool ok = b.failed || advice_list(s->advice, &s->advice->unmapped, buf_str(&b), e);
    buf_release(&b);
    return ok;
}

static bool take(struct seen *s, struct err *e)
{
    struct buf actions;
    bool version = str_present(text_at(s->request, "versionId"));
    buf_init(&actions, 8 * ACTION_MAX);
    note_use(s);
    bool ok;
    if (actions_put(&actions, s->source, s->event, version))
        ok = add_actions(s, buf_str(&actions), e) && add_source(s, e) && add_tagging(s, e) &&
             note_profile(s, e) &&
             (!hands_over(s->source) || add_roles(s, s->request, false, 0, e));
    else
        ok = note_unmapped(s, e);
    buf_release(&actions);
    return ok;
}

/* arn:aws-cn:iam::111122223333:user/dana -> aws-cn, 111122223333 */
static void read_place(struct seen *s, const json_t *record)
{
    struct str rest = s->advice->principal.arn;
    for (unsigned i = 0; i < 5; i++) {
        struct str part = str_cut(&rest, ':');
        s->at.partition = i == 1 ? part : s->at.partition;
        s->at.account = i == 4 ? part : s->at.account;
    }
    s->at.region = text_at(record, "awsRegion");
    s->at.region = str_present(s->at.region) ? s->at.region : S("*");
}

/* A call of a service in the principal's name; the console's own (AWS Internal) is the person's. */
static struct str via_of(const json_t *record)
{
    struct str by = text_at(json_object_get(record, "userIdentity"), "invokedBy");
    return str_present(by) && str_ends(by, S(".amazonaws.com")) ? by : STR_ABSENT;
}

static bool see(struct advice *a, const json_t *record, struct err *e)
{
    struct seen s = {.advice = a,
                     .at = {.record = record},
                     .request = json_object_get(record, "requestParameters"),
                     .source = text_at(record, "eventSource"),
                     .event = text_at(record, "eventName"),
                     .via = via_of(record)};
    struct str type = text_at(record, "eventType");
    if (!str_present(s.source) || !str_present(s.event) || str_eqz(type, "AwsServiceEvent") ||
        !time_parse(text_at(record, "eventTime"), &s.time_ms))
        return true;
    read_place(&s, record);
    if (!actions_refused(text_at(record, "errorCode")))
        return take(&s, e);
    a->refused++;
    return true;
}

bool advice_see(struct advice *a, struct str record, struct err *e)
{
    json_t *j = advice_may_concern(a, record) ? parse(record) : NULL;
    bool ok = !j || !is_principal(a, j) || see(a, j, e);
    json_decref(j);
    return ok;
}
