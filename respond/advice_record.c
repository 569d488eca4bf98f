/* One record as uses of permissions: the call's own actions, and what it needs beside them. */
#include "base/timefmt.h"
#include "engine/json.h"
#include "respond/action_resource.h"
#include "respond/actions.h"
#include "respond/advice_iam.h"

/* Members of a record, raw. */
enum part {
    IDENTITY,
    TIME,
    SOURCE,
    NAME,
    REGION,
    ERROR,
    REQUEST,
    RESPONSE,
    RESOURCES,
    TYPE,
    PARTS
};

/* In one run over the record: of calls of one identity the reading is all the time it takes. */
static void read_parts(struct str record, struct str parts[PARTS])
{
    static const struct str names[PARTS] = {
        [IDENTITY] = S("userIdentity"),
        [TIME] = S("eventTime"),
        [SOURCE] = S("eventSource"),
        [NAME] = S("eventName"),
        [REGION] = S("awsRegion"),
        [ERROR] = S("errorCode"),
        [REQUEST] = S("requestParameters"),
        [RESOURCES] = S("resources"),
        [TYPE] = S("eventType"),
        [RESPONSE] = S("responseElements"),
    };
    struct str key, value;
    size_t at = 0;
    for (unsigned i = 0; i < PARTS; i++)
        parts[i] = STR_ABSENT;
    while (str_present(value = json_object_next(record, &at, &key)))
        for (unsigned i = 0; i < PARTS; i++)
            if (!str_present(parts[i]) && str_eq(key, names[i]))
                parts[i] = value;
}

/* A record of the principal, as far as it was read. */
struct seen {
    struct advice *advice;
    struct acted at;
    struct str response; /* raw */
    struct str source, event;
    struct str via; /* the service that called in the principal's name, or absent */
    int64_t time_ms;
};

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

static bool is_principal(struct advice *a, struct str identity)
{
    const struct advice_principal *p = &a->principal;
    struct str arn = json_member_text(identity, "arn", &a->scratch);
    if (p->session)
        return is_of_role(arn, p->name);
    if (str_eq(arn, p->arn))
        return true;
    struct str context = json_member(identity, S("sessionContext"));
    struct str issuer = json_member(context, S("sessionIssuer"));
    return str_eq(json_member_text(issuer, "arn", &a->scratch), p->arn);
}

bool advice_concerns(struct advice *a, struct str record)
{
    arena_reset(&a->scratch);
    return advice_may_concern(a, record) && is_principal(a, json_member(record, S("userIdentity")));
}

/* ---- uses ---- */

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
    struct str from = json_member_text(s->at.request, "x-amz-copy-source", s->at.memory);
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

/* ---- roles handed to services ---- */

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

static bool add_roles(struct seen *s, struct str value, bool named, unsigned depth, struct err *e);

static bool names_role(struct str key)
{
    return str_find(key, S("ole"), 0) != SIZE_MAX && str_find(key, S("olicy"), 0) == SIZE_MAX;
}

static bool add_roles_within(struct seen *s, struct str value, bool named, unsigned depth,
                             struct err *e)
{
    struct str key, member;
    size_t at = 0;
    bool ok = true, list = str_starts(value, S("["));
    while (ok && list && str_present(member = json_array_next(value, &at)))
        ok = add_roles(s, member, named, depth, e);
    while (ok && !list && str_present(member = json_object_next(value, &at, &key)))
        ok = add_roles(s, member, names_role(key), depth, e);
    return ok;
}

/* Each role that stands as a value under a key that names a role. */
static bool add_roles(struct seen *s, struct str value, bool named, unsigned depth, struct err *e)
{
    struct str text = named ? json_string_text(value, s->at.memory) : STR_ABSENT;
    if (text.n && is_role(text))
        return add(s, S("iam:PassRole"), text, S("iam:PassedToService"), taker_of(s->source), e);
    return depth == DEPTH_MAX || add_roles_within(s, value, named, depth + 1, e);
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
    struct str profile = json_member(s->at.request, S("iamInstanceProfile"));
    struct str name = json_member_text(profile, "arn", s->at.memory);
    name = str_present(name) ? name : json_member_text(profile, "name", s->at.memory);
    return !str_present(name) || advice_hand(s->advice, name, s->response, s->time_ms, e);
}

/* Tags at creation are a permission of their own. */
static bool add_tagging(struct seen *s, struct err *e)
{
    if (!str_eqz(s->source, "ec2.amazonaws.com") ||
        !str_present(json_member(s->at.request, S("tagSpecificationSet"))))
        return true;
    return add(s, S("ec2:CreateTags"), S("*"), STR_ABSENT, STR_ABSENT, e);
}

/* ---- a record ---- */

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
    bool version = str_present(json_member_text(s->at.request, "versionId", s->at.memory));
    buf_init(&actions, 8 * ACTION_MAX);
    note_use(s);
    bool ok;
    if (actions_put(&actions, s->source, s->event, version))
        ok = add_actions(s, buf_str(&actions), e) && add_source(s, e) && add_tagging(s, e) &&
             note_profile(s, e) &&
             (!hands_over(s->source) || add_roles(s, s->at.request, false, 0, e));
    else
        ok = note_unmapped(s, e);
    buf_release(&actions);
    return ok;
}

/* A call of a service in the principal's name; the console's own (AWS Internal) is the person's. */
static struct str via_of(struct str identity, struct arena *memory)
{
    struct str by = json_member_text(identity, "invokedBy", memory);
    return str_present(by) && str_ends(by, S(".amazonaws.com")) ? by : STR_ABSENT;
}

static bool see(struct advice *a, const struct str parts[PARTS], struct err *e)
{
    struct arena *memory = &a->scratch;
    struct seen s = {.advice = a,
                     .at = {.request = parts[REQUEST],
                            .resources = parts[RESOURCES],
                            .memory = memory,
                            .partition = a->principal.partition,
                            .account = a->principal.account,
                            .region = json_string_text(parts[REGION], memory)},
                     .response = parts[RESPONSE],
                     .source = json_string_text(parts[SOURCE], memory),
                     .event = json_string_text(parts[NAME], memory),
                     .via = via_of(parts[IDENTITY], memory)};
    struct str type = json_string_text(parts[TYPE], memory);
    if (!str_present(s.source) || !str_present(s.event) || str_eqz(type, "AwsServiceEvent") ||
        !time_parse(json_string_text(parts[TIME], memory), &s.time_ms))
        return true;
    s.at.region = str_present(s.at.region) ? s.at.region : S("*");
    if (!actions_refused(json_string_text(parts[ERROR], memory)))
        return take(&s, e);
    a->refused++;
    return true;
}

bool advice_see(struct advice *a, struct str record, struct err *e)
{
    struct str parts[PARTS];
    if (!advice_may_concern(a, record))
        return true;
    arena_reset(&a->scratch);
    read_parts(record, parts);
    return !is_principal(a, parts[IDENTITY]) || see(a, parts, e);
}
