/* Fills in, signs, sends and tells. */
#include "adapters/execute.h"

#include <stdlib.h>

#include "aws/client.h"
#include "aws/xml.h"
#include "base/clock.h"

#define ANSWER_MAX     (4u << 20) /* a page of DescribeInstances or of ListRoles */
#define REQUEST_MAX    8192       /* the longest of the table has 600 bytes, a name at most 64 */
#define KEYS_MAX       8          /* of one scenario; those that ship make one or two */
#define KEY_TRIES      8          /* a new key is known to all of AWS within some seconds */
#define KEY_WAIT_MS    2000
#define CODE_MAX       128
#define REQUEST_ID_MAX 128 /* a UUID, of S3 16 letters */

struct kept {
    struct buf label;
    struct credentials key;
};

struct executor {
    struct aws_world world;
    struct aws_client *client;
    struct kept kept[KEYS_MAX];
    size_t n_kept;
};

void execute_answer_init(struct execute_answer *a)
{
    *a = (struct execute_answer){.status = 0};
    buf_init(&a->code, CODE_MAX);
    buf_init(&a->id, REQUEST_ID_MAX);
    buf_init(&a->body, ANSWER_MAX);
}

void execute_answer_release(struct execute_answer *a)
{
    buf_release(&a->code);
    buf_release(&a->id);
    buf_wipe(&a->body);
}

struct executor *executor_new(struct err *e)
{
    struct executor *x = calloc(1, sizeof *x);
    if (!x) {
        err_set(e, ERR_SYSTEM, "no memory to talk to AWS");
        return NULL;
    }
    x->world = aws_world_real();
    x->client = aws_client_new(&x->world, NULL, e);
    if (x->client)
        return x;
    free(x);
    return NULL;
}

void executor_free(struct executor *x)
{
    if (!x)
        return;
    for (size_t i = 0; i < x->n_kept; i++) {
        buf_release(&x->kept[i].label);
        credentials_release(&x->kept[i].key);
    }
    aws_client_free(x->client);
    free(x);
}

static const struct kept *find_kept(const struct executor *x, struct str label)
{
    for (size_t i = 0; i < x->n_kept; i++)
        if (str_eq(buf_str(&x->kept[i].label), label))
            return &x->kept[i];
    return NULL;
}

bool executor_has(const struct executor *x, struct str label)
{
    return find_kept(x, label) != NULL;
}

bool executor_keep(struct executor *x, struct str label, struct str body, struct err *e)
{
    struct buf id, secret;
    if (x->n_kept == KEYS_MAX)
        return err_set(e, ERR_LIMIT, "more than %d keys", KEYS_MAX);
    buf_init(&id, CREDENTIALS_KEY_MAX);
    buf_init(&secret, CREDENTIALS_KEY_MAX);
    struct kept *to = &x->kept[x->n_kept];
    bool ok = (xml_find(body, "AccessKeyId", &id) && xml_find(body, "SecretAccessKey", &secret)) ||
              err_set(e, ERR_RETRY, "iam CreateAccessKey: the answer holds no key");
    if (ok) {
        credentials_init(&to->key);
        buf_init(&to->label, EXECUTE_NAME_MAX);
        buf_put(&to->label, label);
        x->n_kept++;
        ok = buf_ok(&to->label, "a name", e) &&
             credentials_set(&to->key, buf_str(&id), buf_str(&secret), STR_ABSENT,
                             CREDENTIALS_NEVER, "the simulation", e);
    }
    buf_release(&id);
    buf_wipe(&secret);
    return ok;
}

bool execute_key_id(struct str body, size_t i, struct buf *out)
{
    struct xml x;
    xml_init(&x, body);
    while (xml_next(&x, NULL) && x.kind != XML_END) {
        if (x.kind != XML_OPEN || !str_eqz(x.name, "AccessKeyId") || i-- > 0)
            continue;
        buf_reset(out);
        return xml_take_element(&x, out, NULL);
    }
    return false;
}

/* ---- filling in ---- */

static struct str value_of(const struct execute_names *n, struct str name)
{
    const struct {
        struct str name, value;
    } values[] = {
        {S("name"), n->run},           {S("account"), n->account}, {S("user"), n->user},
        {S("role"), n->role},          {S("key"), n->key},         {S("secret"), n->secret},
        {S("partition"), n->partition}};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (str_eq(values[i].name, name))
            return values[i].value;
    return STR_ABSENT;
}

/* {user} and the like; JSON's own braces are followed by no such name. */
static bool fill(struct buf *out, const char *text, const struct execute_names *names,
                 struct err *e)
{
    struct str s = str_of(text ? text : "");
    while (s.n) {
        size_t end = s.p[0] == '{' ? str_find_byte(s, '}', 0) : SIZE_MAX;
        struct str name = end == SIZE_MAX ? STR_ABSENT : str_slice(s, 1, end);
        bool named = name.n && byte_is_alpha(name.p[0]);
        struct str value = named ? value_of(names, name) : STR_ABSENT;
        if (named && !value.n)
            return err_set(e, ERR_INPUT, "a call without its %.*s", (int)name.n, name.p);
        buf_put(out, named ? value : str_slice(s, 0, 1));
        s = str_skip(s, named ? end + 1 : 1);
    }
    return buf_ok(out, "a call", e);
}

/* ---- calling ---- */

/* The id that CloudTrail shows as requestID: in a header, of EC2 in the answer. */
static void read_id(const struct aws_reply *r, struct buf *out)
{
    static const char *const headers[] = {"x-amzn-requestid", "x-amz-request-id"};
    static const char *const elements[] = {"requestId", "RequestId", "RequestID"};
    for (size_t i = 0; i < 2 && out->n == 0; i++)
        buf_put(out, http_reply_header(&r->http, headers[i]));
    for (size_t i = 0; i < 3 && out->n == 0; i++)
        xml_find(buf_str(&r->http.body), elements[i], out);
}

static void read_answer(const struct aws_reply *r, bool ok, const struct err *why,
                        struct execute_answer *out)
{
    out->status = r->http.status;
    out->why = ok ? (struct err){0} : *why;
    buf_reset(&out->code);
    buf_reset(&out->id);
    buf_reset(&out->body);
    read_id(r, &out->id);
    if (ok)
        buf_put(&out->body, buf_str(&r->http.body));
    else
        buf_put(&out->code, buf_str(&r->fault.code));
}

/* The parts of a call, filled in. */
struct parts {
    struct buf path, query, body;
};

static bool make_parts(struct parts *p, const struct execute_step *step,
                       const struct execute_names *names, struct err *e)
{
    buf_init(&p->path, REQUEST_MAX);
    buf_init(&p->query, REQUEST_MAX);
    buf_init(&p->body, REQUEST_MAX);
    return fill(&p->path, step->path, names, e) && fill(&p->query, step->query, names, e) &&
           fill(&p->body, step->body, names, e);
}

static void release_parts(struct parts *p)
{
    buf_release(&p->path);
    buf_release(&p->query);
    buf_wipe(&p->body);
}

static void send(struct executor *x, const struct execute_step *step, const struct parts *p,
                 struct str region, const struct kept *as, struct execute_answer *out)
{
    struct header headers[2];
    size_t n = 0;
    struct aws_reply reply;
    struct err why = {0};
    if (step->body)
        headers[n++] =
            (struct header){S("content-type"),
                            step->target ? S("application/x-amz-json-1.1")
                                         : S("application/x-www-form-urlencoded; charset=utf-8")};
    if (step->target)
        headers[n++] = (struct header){S("x-amz-target"), str_of(step->target)};
    const struct aws_request request = {.service = step->to,
                                        .action = step->event,
                                        .region = step->to == AWS_IAM ? STR_ABSENT : region,
                                        .method = step->method,
                                        .path = buf_str(&p->path),
                                        .query = step->query ? buf_str(&p->query) : STR_ABSENT,
                                        .headers = headers,
                                        .n_headers = n,
                                        .body = step->body ? buf_str(&p->body) : STR_ABSENT,
                                        .with = as ? &as->key : NULL,
                                        .once = step->makes == THING_KEY};
    aws_reply_init(&reply, ANSWER_MAX);
    out->sent_ms = clock_wall_ms();
    bool ok = aws_call(x->client, &request, &reply, &why);
    read_answer(&reply, ok, &why, out);
    aws_reply_release(&reply);
}

static bool key_is_new(const struct execute_answer *a)
{
    struct str code = buf_str(&a->code);
    return str_eqz(code, "InvalidClientTokenId") || str_eqz(code, "InvalidAccessKeyId") ||
           str_eqz(code, "UnrecognizedClientException") || str_eqz(code, "AuthFailure");
}

bool executor_call(struct executor *x, const struct execute_step *step,
                   const struct execute_names *names, struct str region, struct str as,
                   struct execute_answer *out, struct err *e)
{
    struct parts p;
    const struct kept *key = str_present(as) ? find_kept(x, as) : NULL;
    bool ok = make_parts(&p, step, names, e);
    if (ok && str_present(as) && !key)
        ok = err_set(e, ERR_INPUT, "there is no key of %.*s", (int)as.n, as.p);
    for (int i = 0; ok && i < KEY_TRIES; i++) {
        send(x, step, &p, region, key, out);
        if (!key || !key_is_new(out) || i + 1 == KEY_TRIES)
            break;
        x->world.sleep_ms(x->world.self, KEY_WAIT_MS);
    }
    release_parts(&p);
    return ok;
}

bool executor_caller(struct executor *x, struct buf *account, struct buf *arn, struct err *e)
{
    const struct execute_names none = {.run = STR_ABSENT};
    struct execute_answer a;
    execute_answer_init(&a);
    bool ok = executor_call(x, execute_find(S("sts"), S("GetCallerIdentity")), &none, STR_ABSENT,
                            STR_ABSENT, &a, e);
    if (ok && a.why.kind != ERR_NONE) {
        *e = a.why;
        ok = false;
    }
    ok = ok && ((xml_find(buf_str(&a.body), "Account", account) &&
                 xml_find(buf_str(&a.body), "Arn", arn)) ||
                err_set(e, ERR_RETRY, "sts GetCallerIdentity: it names no account"));
    execute_answer_release(&a);
    return ok && buf_ok(account, "an account", e) && buf_ok(arn, "an ARN", e);
}
