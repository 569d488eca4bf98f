/* Asks STS. */
#include "aws/sts.h"

#include "aws/fault.h"
#include "aws/pace.h"
#include "aws/send.h"
#include "base/escape.h"

#define FORM_MAX     32768 /* an identity provider's token may have 20,000 bytes */
#define ANSWER_MAX   65536
#define ATTEMPTS_MAX 3 /* what the SDKs' standard mode does */

static void put_pair(struct buf *form, const char *name, struct str value)
{
    buf_putc(form, '&');
    buf_putz(form, name);
    buf_putc(form, '=');
    buf_put_form(form, value);
}

static void put_form(struct buf *form, const char *action, const struct sts_role *role)
{
    buf_putz(form, "Action=");
    buf_putz(form, action);
    put_pair(form, "Version", S("2011-06-15"));
    put_pair(form, "RoleArn", role->arn);
    put_pair(form, "RoleSessionName",
             str_present(role->session) ? role->session : S("trailwarden"));
    if (str_present(role->external_id))
        put_pair(form, "ExternalId", role->external_id);
    if (role->duration_s)
        buf_putf(form, "&DurationSeconds=%d", role->duration_s);
}

void sts_put_assume_role(struct buf *form, const struct sts_role *role)
{
    put_form(form, "AssumeRole", role);
}

/* One attempt; *again says whether another is worth it. */
static bool ask_once(const struct send *send, struct http_reply *reply, bool *again, struct err *e)
{
    struct fault fault;
    struct err why = {0};
    if (!send_once(send, reply, &why)) {
        *again = why.kind == ERR_RETRY;
        if (e)
            *e = why;
        return false;
    }
    if (reply->status == 200)
        return true;
    fault_init(&fault);
    fault_read(&fault, AWS_STS, reply);
    *again = fault.kind == ERR_RETRY;
    fault_explain(&fault, AWS_STS, send->request->action, reply->status, e);
    fault_release(&fault);
    return false;
}

static bool ask(const struct sts_way *way, const struct sts_role *role, const char *action,
                const struct credentials *with, const struct buf *form, struct credentials *out,
                struct err *e)
{
    const struct header type = {S("content-type"),
                                S("application/x-www-form-urlencoded; charset=utf-8")};
    const struct aws_request request = {
        .service = AWS_STS,
        .action = action,
        .method = "POST",
        .headers = &type,
        .n_headers = 1,
        .body = buf_str(form),
    };
    struct send send = {
        .world = way->world,
        .http = way->http,
        .request = &request,
        .region = role->region,
        .sign_with = with,
    };
    struct http_reply reply;
    bool ok = false, again = true;
    http_reply_init(&reply, ANSWER_MAX);
    for (int attempt = 1; !ok && again && attempt <= ATTEMPTS_MAX; attempt++) {
        if (attempt > 1 && !pace_wait(way->world, attempt, way->deadline_ms))
            break;
        send.total_ms = pace_left_ms(way->world, way->deadline_ms);
        ok = ask_once(&send, &reply, &again, e);
    }
    ok = ok && credentials_read_xml(out, buf_str(&reply.body), "STS", e);
    http_reply_release(&reply);
    return ok;
}

bool sts_assume_role(const struct sts_way *way, const struct sts_role *role,
                     const struct credentials *with, struct credentials *out, struct err *e)
{
    struct buf form;
    buf_init(&form, FORM_MAX);
    sts_put_assume_role(&form, role);
    const bool ok = buf_ok(&form, "the request for a role", e) &&
                    ask(way, role, "AssumeRole", with, &form, out, e);
    buf_release(&form);
    return ok;
}

bool sts_web_identity(const struct sts_way *way, const struct sts_role *role, struct str token,
                      struct credentials *out, struct err *e)
{
    struct buf form;
    buf_init(&form, FORM_MAX);
    put_form(&form, "AssumeRoleWithWebIdentity", role);
    put_pair(&form, "WebIdentityToken", token);
    const bool ok = buf_ok(&form, "the request for a role", e) &&
                    ask(way, role, "AssumeRoleWithWebIdentity", NULL, &form, out, e);
    buf_wipe(&form);
    return ok;
}
