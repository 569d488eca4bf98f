/* Records of simulated steps. All is put together as a text with ${...}, which is then filled in.
 */
#include "cli/simulate_record.h"

#include "base/escape.h"
#include "base/timefmt.h"
#include "cli/simulate_sources.h"

#define TOKEN    "EXAMPLE-SESSION-TOKEN"
#define PROVIDER "EXAMPLEPROVIDERHASHAAAAAAAAA=" /* a hash in base 64, of the provider's name */

/* Services whose events are all told in us-east-1. */
static bool is_global(struct str service)
{
    static const char *const names[] = {
        "iam", "organizations", "route53", "route53domains", "support", "ce", "account"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eqz(service, names[i]))
            return true;
    return false;
}

struct str record_region(const struct step *s)
{
    if (str_present(s->region))
        return s->region;
    return is_global(s->service) ? S("us-east-1") : S(SIMULATE_HOME);
}

enum record_log record_log(const struct step *s)
{
    static const enum record_log logs[ACTOR_KINDS] = {
        [ACTOR_OKTA] = RECORD_OKTA,
        [ACTOR_MACHINE] = RECORD_FLOW,
        [ACTOR_GITHUB] = RECORD_GITHUB,
        [ACTOR_KUBERNETES] = RECORD_KUBERNETES,
    }; /* of the others RECORD_CLOUDTRAIL */
    return logs[s->as->kind];
}

static bool reads(struct str event)
{
    static const char *const verbs[] = {"Get",      "List",       "Describe", "Lookup",
                                        "BatchGet", "AssumeRole", "Head",     "Select"};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (str_starts(event, str_of(verbs[i])))
            return true;
    return false;
}

/* ---- who ---- */

static void put_arn(struct buf *b, const struct actor *a)
{
    switch (a->kind) {
    case ACTOR_USER:
        buf_putf(b, "arn:aws:iam::${account}:user%.*s%.*s", (int)a->path.n, a->path.p,
                 (int)a->name.n, a->name.p);
        break;
    case ACTOR_ROLE:
        buf_putf(b, "arn:aws:sts::${account}:assumed-role/%.*s/%.*s", (int)a->name.n, a->name.p,
                 (int)a->session.n, a->session.p);
        break;
    case ACTOR_ROOT:
        buf_putz(b, "arn:aws:iam::${account}:root");
        break;
    case ACTOR_SERVICE:
    case ACTOR_STRANGER:
    case ACTOR_SAML:
    case ACTOR_OKTA:
    case ACTOR_MACHINE:
    case ACTOR_WEB:
    case ACTOR_GITHUB:
    case ACTOR_KUBERNETES:
        buf_put(b, a->name);
        break;
    }
}

bool record_put_actor(struct buf *out, const struct simulate_names *names, const struct actor *a,
                      struct err *e)
{
    struct buf text;
    buf_init(&text, 4096); /* two names of 64 and a path of 512, with ${...} */
    put_arn(&text, a);
    bool ok = buf_ok(&text, "an identity", e) && names_put(out, names, buf_str(&text), e);
    buf_release(&text);
    return ok;
}

/* The session's dates, as long as it has any. */
static void put_attributes(struct buf *b, const struct actor *a)
{
    buf_putz(b, "\"attributes\":{\"creationDate\":\"");
    time_put(b, a->created_ms);
    buf_putf(b, "\",\"mfaAuthenticated\":\"%s\"}", a->mfa ? "true" : "false");
}

/* Who vouches for an OIDC subject: GitHub for its workflows, an EKS cluster for its pods. */
static void put_provider(struct buf *b, const struct actor *a)
{
    buf_putz(b, "arn:aws:iam::${account}:oidc-provider/");
    buf_putz(b, str_starts(a->name, S("repo:"))
                    ? "token.actions.githubusercontent.com"
                    : "oidc.eks." SIMULATE_HOME
                      ".amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE");
}

static void put_user(struct buf *b, const struct actor *a, struct str event)
{
    bool login = str_eqz(event, "ConsoleLogin");
    buf_putf(b, "\"type\":\"IAMUser\",\"principalId\":\"${AIDA:%.*s}\",\"arn\":\"", (int)a->name.n,
             a->name.p);
    put_arn(b, a);
    buf_putf(b, "\",\"accountId\":\"${account}\",\"userName\":\"%.*s\"", (int)a->name.n, a->name.p);
    if (login)
        return;
    buf_putf(b, ",\"accessKeyId\":\"${%s:%.*s}\"", a->console ? "ASIA" : "AKIA",
             (int)(a->console ? a->id.n : a->key.n), a->console ? a->id.p : a->key.p);
    if (!a->console)
        return;
    buf_putz(b, ",\"sessionContext\":{");
    put_attributes(b, a);
    buf_putz(b, "}");
}

static void put_role(struct buf *b, const struct actor *a)
{
    buf_putf(b, "\"type\":\"AssumedRole\",\"principalId\":\"${AROA:%.*s}:%.*s\",\"arn\":\"",
             (int)a->name.n, a->name.p, (int)a->session.n, a->session.p);
    put_arn(b, a);
    buf_putf(b,
             "\",\"accountId\":\"${account}\",\"accessKeyId\":\"${ASIA:%.*s/%u}\","
             "\"sessionContext\":{\"sessionIssuer\":{\"type\":\"Role\",\"principalId\":"
             "\"${AROA:%.*s}\",\"arn\":\"arn:aws:iam::${account}:role%.*s%.*s\","
             "\"accountId\":\"${account}\",\"userName\":\"%.*s\"},",
             (int)a->id.n, a->id.p, a->issued, (int)a->name.n, a->name.p, (int)a->path.n, a->path.p,
             (int)a->name.n, a->name.p, (int)a->name.n, a->name.p);
    put_attributes(b, a);
    if (str_present(a->imds))
        buf_putf(b, ",\"ec2RoleDelivery\":\"%.*s\"", (int)a->imds.n, a->imds.p);
    buf_putz(b, "}");
}

static void put_web(struct buf *b, const struct actor *a)
{
    buf_putz(b, "\"type\":\"WebIdentityUser\",\"principalId\":\"");
    put_provider(b, a);
    buf_putf(b, ":sts.amazonaws.com:%.*s\",\"userName\":\"%.*s\",\"identityProvider\":\"",
             (int)a->name.n, a->name.p, (int)a->name.n, a->name.p);
    put_provider(b, a);
    buf_putc(b, '"');
}

static void put_identity(struct buf *b, const struct actor *a, struct str event)
{
    buf_putz(b, "\"userIdentity\":{");
    switch (a->kind) {
    case ACTOR_USER:
        put_user(b, a, event);
        break;
    case ACTOR_ROLE:
        put_role(b, a);
        break;
    case ACTOR_SERVICE:
        buf_putf(b, "\"type\":\"AWSService\",\"invokedBy\":\"%.*s.amazonaws.com\"", (int)a->name.n,
                 a->name.p);
        break;
    case ACTOR_ROOT:
        buf_putz(b, "\"type\":\"Root\",\"principalId\":\"${account}\",\"arn\":\"");
        put_arn(b, a);
        buf_putz(b, "\",\"accountId\":\"${account}\",\"accessKeyId\":\"\"");
        break;
    case ACTOR_STRANGER:
        buf_putf(b,
                 "\"type\":\"AWSAccount\",\"principalId\":\"${AIDA:stranger/%.*s}\","
                 "\"accountId\":\"${stranger}\"",
                 (int)a->name.n, a->name.p);
        break;
    case ACTOR_SAML:
        buf_putf(b,
                 "\"type\":\"SAMLUser\",\"principalId\":\"" PROVIDER
                 ":%.*s\",\"userName\":\"%.*s\","
                 "\"identityProvider\":\"" PROVIDER "\"",
                 (int)a->name.n, a->name.p, (int)a->name.n, a->name.p);
        break;
    case ACTOR_WEB:
        put_web(b, a);
        break;
    case ACTOR_OKTA: /* of other logs */
    case ACTOR_MACHINE:
    case ACTOR_GITHUB:
    case ACTOR_KUBERNETES:
        break;
    }
    buf_putz(b, "},");
}

/* ---- what ---- */

/* The role that a session of `to` is of. */
static void put_role_arn(struct buf *b, const struct actor *to)
{
    buf_putf(b, "\"arn:aws:iam::${account}:role%.*s%.*s\"", (int)to->path.n, to->path.p,
             (int)to->name.n, to->name.p);
}

/* AssumeRole for `to`; EC2 and Lambda are answered with credentials alone. */
static void put_assume(struct buf *b, const struct step *s)
{
    const struct actor *to = s->starts;
    buf_putz(b, "\"requestParameters\":{\"roleArn\":");
    put_role_arn(b, to);
    buf_putf(b,
             ",\"roleSessionName\":\"%.*s\",\"durationSeconds\":3600},\"responseElements\":"
             "{\"credentials\":{\"accessKeyId\":\"${ASIA:%.*s/%u}\",\"sessionToken\":\"" TOKEN
             "\",\"expiration\":\"${prose}\"}",
             (int)to->session.n, to->session.p, (int)to->id.n, to->id.p, to->issued);
    if (s->as->kind != ACTOR_SERVICE) {
        buf_putf(b, ",\"assumedRoleUser\":{\"assumedRoleId\":\"${AROA:%.*s}:%.*s\",\"arn\":\"",
                 (int)to->name.n, to->name.p, (int)to->session.n, to->session.p);
        put_arn(b, to);
        buf_putz(b, "\"}");
    }
    if (s->as->kind == ACTOR_SAML)
        buf_putf(b, ",\"subject\":\"%.*s\",\"subjectType\":\"persistent\"", (int)s->as->name.n,
                 s->as->name.p);
    if (s->as->kind == ACTOR_WEB) {
        buf_putf(b, ",\"subjectFromWebIdentityToken\":\"%.*s\",\"provider\":\"", (int)s->as->name.n,
                 s->as->name.p);
        put_provider(b, s->as);
        buf_putz(b, "\",\"audience\":\"sts.amazonaws.com\"");
    }
    buf_putz(b, "},\"resources\":[{\"accountId\":\"${account}\",\"type\":\"AWS::IAM::Role\","
                "\"ARN\":");
    put_role_arn(b, to);
    buf_putz(b, "}],");
}

static bool put_member(struct buf *b, const char *name, const struct yaml *y, bool wanted,
                       struct err *e)
{
    if (!y && !wanted)
        return true;
    buf_putf(b, "\"%s\":", name);
    if (y && !yaml_put_json(b, y, e))
        return false;
    buf_putz(b, y ? "," : "null,");
    return true;
}

static bool put_parameters(struct buf *b, const struct step *s, struct err *e)
{
    if (s->starts && str_starts(s->event, S("AssumeRole")) && !str_present(s->error)) {
        put_assume(b, s);
        return true;
    }
    return put_member(b, "requestParameters", s->request, true, e) &&
           put_member(b, "responseElements", str_present(s->error) ? NULL : s->response, true, e) &&
           put_member(b, "resources", s->resources, false, e) &&
           put_member(b, "additionalEventData", s->additional, false, e);
}

static void put_text(struct buf *b, const char *name, struct str s)
{
    if (!str_present(s))
        return;
    buf_putf(b, "\"%s\":", name);
    buf_put_json(b, s);
    buf_putc(b, ',');
}

static void put_origin(struct buf *b, const struct actor *a)
{
    if (a->kind == ACTOR_SERVICE) {
        buf_putf(b,
                 "\"sourceIPAddress\":\"%.*s.amazonaws.com\",\"userAgent\":\"%.*s"
                 ".amazonaws.com\",",
                 (int)a->name.n, a->name.p, (int)a->name.n, a->name.p);
        return;
    }
    put_text(b, "sourceIPAddress", a->ip);
    put_text(b, "userAgent", a->agent);
}

static void put_end(struct buf *b, const struct deed *d)
{
    const struct step *s = d->step;
    buf_putz(b, "\"requestID\":\"${uuid:request/");
    buf_put(b, d->event_id);
    buf_putz(b, "}\",");
    put_text(b, "eventID", d->event_id);
    buf_putf(b, "\"readOnly\":%s,", reads(s->event) ? "true" : "false");
    put_text(b, "eventType", str_present(s->kind) ? s->kind : S("AwsApiCall"));
    buf_putf(b,
             "\"managementEvent\":%s,\"recipientAccountId\":\"${account}\",\"eventCategory\":"
             "\"%s\"%s}",
             s->data ? "false" : "true", s->data ? "Data" : "Management",
             s->as->console && !str_eqz(s->event, "ConsoleLogin")
                 ? ",\"sessionCredentialFromConsole\":\"true\""
                 : "");
}

static bool put_call(struct buf *b, const struct deed *d, struct err *e)
{
    const struct step *s = d->step;
    buf_putz(b, "{\"eventVersion\":\"1.11\",");
    put_identity(b, s->as, s->event);
    buf_putf(b, "\"eventTime\":\"${time}\",\"eventSource\":\"%.*s.amazonaws.com\",",
             (int)s->service.n, s->service.p);
    put_text(b, "eventName", s->event);
    put_text(b, "awsRegion", record_region(s));
    put_origin(b, s->as);
    put_text(b, "errorCode", s->error);
    put_text(b, "errorMessage", s->message);
    if (!put_parameters(b, s, e))
        return false;
    put_end(b, d);
    return true;
}

static bool put_record(struct buf *b, const struct deed *d, struct err *e)
{
    switch (record_log(d->step)) {
    case RECORD_OKTA:
        return source_put_okta(b, d, e);
    case RECORD_FLOW:
        source_put_flow(b, d);
        return true;
    case RECORD_GITHUB:
        return source_put_github(b, d, e);
    case RECORD_KUBERNETES:
        return source_put_kubernetes(b, d, e);
    case RECORD_CLOUDTRAIL:
        break;
    }
    return put_call(b, d, e);
}

bool record_put(struct buf *out, const struct deed *d, struct err *e)
{
    struct buf text;
    struct step *s = d->step;
    if (s->starts && !str_present(s->error)) {
        s->starts->created_ms = d->names->time_ms;
        s->starts->issued++;
    }
    buf_init(&text, SIMULATE_RECORD_MAX);
    bool ok = put_record(&text, d, e) && buf_ok(&text, "a record", e) &&
              names_put(out, d->names, buf_str(&text), e);
    buf_release(&text);
    return ok || err_wrap(e, "line %u", s->line);
}
