/* Keeps and renews sessions of other accounts' roles. */
#include "aws/assumed.h"

#include "aws/call.h"
#include "aws/sts.h"

#define FORM_MAX   16384 /* the ARN and the external id, percent-encoded */
#define ANSWER_MAX 65536

void assumed_init(struct assumed *a)
{
    *a = (struct assumed){.next = 0};
    for (size_t i = 0; i < ASSUMED_MAX; i++) {
        buf_init(&a->sessions[i].of, ASSUMED_NAME_MAX);
        credentials_init(&a->sessions[i].credentials);
    }
}

static void forget(struct assumed_session *s)
{
    buf_reset(&s->of);
    credentials_release(&s->credentials);
}

void assumed_release(struct assumed *a)
{
    for (size_t i = 0; i < ASSUMED_MAX; i++) {
        forget(&a->sessions[i]);
        buf_release(&a->sessions[i].of);
    }
}

/* The external id belongs to it: another one may be refused. */
static void put_name(struct buf *name, const struct aws_role *role)
{
    buf_put(name, role->arn);
    buf_putc(name, '\0');
    buf_put(name, role->external_id);
}

static struct assumed_session *find(struct assumed *a, struct str name)
{
    for (size_t i = 0; i < ASSUMED_MAX; i++) {
        if (str_eq(buf_str(&a->sessions[i].of), name))
            return &a->sessions[i];
    }
    return NULL;
}

void assumed_expire(struct assumed *a, const struct aws_role *role)
{
    struct buf name;
    buf_init(&name, ASSUMED_NAME_MAX);
    put_name(&name, role);
    struct assumed_session *s = find(a, buf_str(&name));
    if (s)
        forget(s);
    buf_release(&name);
}

static bool assume(struct aws_client *c, const struct aws_role *role, struct credentials *out,
                   struct fault *f, struct err *e)
{
    const struct sts_role asked = {
        .arn = role->arn, .external_id = role->external_id, .duration_s = ASSUMED_DURATION_S};
    const struct header type = {S("content-type"),
                                S("application/x-www-form-urlencoded; charset=utf-8")};
    struct buf form;
    struct aws_reply reply;
    buf_init(&form, FORM_MAX);
    aws_reply_init(&reply, ANSWER_MAX);
    sts_put_assume_role(&form, &asked);
    const struct aws_request request = {.service = AWS_STS,
                                        .action = "AssumeRole",
                                        .method = "POST",
                                        .headers = &type,
                                        .n_headers = 1,
                                        .body = buf_str(&form)};
    const bool ok = buf_ok(&form, "the request for a role", e) &&
                    aws_call(c, &request, &reply, e) &&
                    credentials_read_xml(out, buf_str(&reply.http.body), "STS", e);
    fault_release(f);
    *f = reply.fault; /* moved */
    fault_init(&reply.fault);
    aws_reply_release(&reply);
    buf_release(&form);
    return ok;
}

/* A place for one more: free, or the oldest. */
static struct assumed_session *place(struct assumed *a)
{
    for (size_t i = 0; i < ASSUMED_MAX; i++) {
        if (a->sessions[i].of.n == 0)
            return &a->sessions[i];
    }
    return &a->sessions[a->next++ % ASSUMED_MAX];
}

bool assumed_get(struct assumed *a, struct aws_client *c, const struct aws_role *role,
                 const struct credentials **out, struct fault *f, struct err *e)
{
    const int64_t now_ms = c->world.wall_ms(c->world.self) + c->skew_ms; /* as STS has it */
    struct buf name;
    buf_init(&name, ASSUMED_NAME_MAX);
    put_name(&name, role);
    struct assumed_session *s = find(a, buf_str(&name));
    bool ok = buf_ok(&name, "the name of a role", e);
    if (ok && (!s || credentials_are_stale(&s->credentials, now_ms))) {
        s = s ? s : place(a);
        forget(s);
        ok = assume(c, role, &s->credentials, f, e);
        if (ok)
            buf_put(&s->of, buf_str(&name));
    }
    *out = ok ? &s->credentials : NULL;
    buf_release(&name);
    return ok;
}
