/* Makes requests. */
#include "adapters/iam_table.h"
#include "adapters/iam_wire.h"
#include "aws/credentials.h"
#include "base/escape.h"

void iam_request_init(struct iam_request *r)
{
    *r = (struct iam_request){.method = "POST"};
    buf_init(&r->path, IAM_PATH_MAX);
    buf_init(&r->body, IAM_BODY_MAX);
}

void iam_request_release(struct iam_request *r)
{
    buf_release(&r->path);
    buf_wipe(&r->body);
}

/* The argument, absent for what is told by `active`. */
static struct str argument(const struct iam_call *call, enum iam_form form)
{
    struct str s = STR_ABSENT;
    if (form != A_STATUS && form != A_FLAG)
        memcpy(&s, (const char *)call + iam_forms[form].offset, sizeof s);
    return s;
}

static bool made_of(struct str s, const char *letters)
{
    for (size_t i = 0; i < s.n; i++) {
        const char c = s.p[i];
        if (c == '\0' || (letters && !byte_is_alpha(c) && !byte_is_digit(c) && !strchr(letters, c)))
            return false;
    }
    return true;
}

/* Refuses it; what is a name is shown, in part, what may be a secret is not. */
static bool refuse(const struct iam_form_row *row, struct str s, struct err *e)
{
    struct buf shown;
    buf_init(&shown, 1024); /* a byte is shown as at most 8 */
    buf_put_terminal(&shown, row->letters ? str_slice(s, 0, 100) : S("what is given"));
    const char *z = buf_z(&shown);
    err_set(e, ERR_INPUT, "\"%s\" is no %s", z ? z : "?", row->what);
    buf_release(&shown);
    return false;
}

static bool check(const struct iam_call *call, enum iam_form form, struct err *e)
{
    const struct iam_form_row *row = &iam_forms[form];
    const struct str s = argument(call, form);
    if (form == A_STATUS || form == A_FLAG)
        return true;
    if (!str_present(s))
        return err_set(e, ERR_INPUT, "no %s is given", row->what);
    if (s.n < row->min || s.n > row->max || !made_of(s, row->letters))
        return refuse(row, s, e);
    return true;
}

static bool check_all(const struct iam_call *call, const struct iam_wire *w, struct err *e)
{
    for (size_t i = 0; i < IAM_PARAMS_MAX && w->params[i].name; i++) {
        if (!check(call, w->params[i].form, e))
            return false;
    }
    return true;
}

static struct str value_of(const struct iam_call *call, enum iam_form form)
{
    if (form == A_STATUS)
        return call->active ? S("Active") : S("Inactive");
    if (form == A_FLAG)
        return call->active ? S("true") : S("false");
    return argument(call, form);
}

static void put_pair(struct buf *form, const char *name, struct str value)
{
    buf_putc(form, '&');
    buf_putz(form, name);
    buf_putc(form, '=');
    buf_put_form(form, value);
}

/* Action=..&Version=..&UserName=..&Marker=.. */
static void put_query(const struct iam_call *call, const struct iam_wire *w, struct str marker,
                      struct iam_request *out)
{
    static const char *const versions[] = {
        [AWS_IAM] = "2010-05-08", [AWS_STS] = "2011-06-15", [AWS_EC2] = "2016-11-15"};
    struct buf *b = &out->body;
    out->content_type = "application/x-www-form-urlencoded; charset=utf-8";
    buf_putz(b, "Action=");
    buf_putz(b, iam_actions[call->action].name);
    put_pair(b, "Version", str_of(versions[w->service]));
    if (w->fixed) {
        buf_putc(b, '&');
        buf_putz(b, w->fixed);
    }
    for (size_t i = 0; i < IAM_PARAMS_MAX && w->params[i].name; i++)
        put_pair(b, w->params[i].name, value_of(call, w->params[i].form));
    if (str_present(marker))
        put_pair(b, w->marker_param, marker);
}

/* {"Name":"..","ClientRequestToken":"..","SecretString":".."} */
static void put_json(const struct iam_call *call, const struct iam_wire *w, struct iam_request *out)
{
    out->content_type = "application/x-amz-json-1.1";
    out->target = "secretsmanager.CreateSecret";
    for (size_t i = 0; i < IAM_PARAMS_MAX && w->params[i].name; i++) {
        buf_putc(&out->body, i ? ',' : '{');
        buf_put_json(&out->body, str_of(w->params[i].name));
        buf_putc(&out->body, ':');
        buf_put_json(&out->body, value_of(call, w->params[i].form));
    }
    buf_putc(&out->body, '}');
}

/* GET /profile/<id>, POST /profile/<id>/disable */
static void put_path(const struct iam_call *call, const struct iam_wire *w, struct iam_request *out)
{
    out->method = w->verb ? "POST" : "GET";
    buf_putz(&out->path, w->path);
    buf_put(&out->path, call->id);
    if (w->verb)
        buf_putz(&out->path, w->verb);
}

bool iam_put_request(const struct iam_call *call, struct str marker, struct iam_request *out,
                     struct err *e)
{
    const struct iam_wire *w = &iam_wires[call->action];
    if (call->action == IAM_ASSUME_ROLE)
        return err_set(e, ERR_USAGE, "roles are assumed on the way, not by a call");
    if (!check_all(call, w, e))
        return false;
    out->service = w->service;
    if (w->path)
        put_path(call, w, out);
    else
        buf_putc(&out->path, '/');
    if (w->service == AWS_SECRETSMANAGER)
        put_json(call, w, out);
    else if (!w->path)
        put_query(call, w, marker, out);
    return buf_ok(&out->path, "the path of a call", e) && buf_ok(&out->body, "a call", e);
}
