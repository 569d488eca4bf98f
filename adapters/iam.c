/* Signs, sends and judges the calls of containment. */
#include "adapters/iam.h"

#include "adapters/iam_wire.h"
#include "aws/credentials.h"
#include "base/escape.h"

#define REPLY_MAX 1048576    /* a user's parts have a few KiB, a page of tags some 40 */
#define PAGES_MAX 100        /* pages of one item even, of any list that IAM's quotas allow */
#define ARN_MAX   2048       /* IAM's arnType */
#define ROLE_MAX  (512 + 64) /* path and name */

/* How one call is signed. */
struct signer {
    struct aws_role role;
    struct buf arn; /* what role.arn points into */
    struct credentials key;
    bool as_role, with_key;
};

static void signer_init(struct signer *s)
{
    *s = (struct signer){.as_role = false};
    buf_init(&s->arn, ARN_MAX);
    credentials_init(&s->key);
}

static void signer_release(struct signer *s)
{
    buf_release(&s->arn);
    credentials_release(&s->key);
}

/* Codes that say more than their kind. Sources: the "Errors" of each operation in the API
 * references; EC2's, "Error codes for the Amazon EC2 API". */
static const struct {
    const char *code;
    enum iam_result result;
} codes[] = {
    {"NoSuchEntity", IAM_NO_SUCH},
    {"EntityAlreadyExists", IAM_EXISTS},
    {"ResourceExistsException", IAM_EXISTS},
    {"UnmodifiableEntity", IAM_UNMODIFIABLE},
    {"LimitExceeded", IAM_LIMIT},
    {"DeleteConflict", IAM_CONFLICT},
    {"IncorrectState", IAM_CONFLICT},
    {"IncorrectInstanceState", IAM_CONFLICT},
};

static enum iam_result result_of_kind(enum err_kind kind, struct str code)
{
    switch (kind) {
    case ERR_MISSING:
        return IAM_NO_SUCH;
    case ERR_CONFLICT:
        return IAM_CONFLICT;
    case ERR_DENIED:
        return IAM_DENIED;
    case ERR_RETRY:
        return IAM_LATER;
    case ERR_INPUT: /* EC2 says InvalidInstanceID.NotFound with a 400 */
        return str_ends(code, S(".NotFound")) ? IAM_NO_SUCH : IAM_INVALID;
    default:
        return IAM_BROKEN;
    }
}

/* Of an answer that is not 2xx. */
static enum iam_result result_of_fault(const struct fault *f)
{
    const struct str code = buf_str(&f->code);
    for (size_t i = 0; f->kind != ERR_RETRY && i < sizeof codes / sizeof *codes; i++) {
        if (str_eqz(code, codes[i].code))
            return codes[i].result;
    }
    return result_of_kind(f->kind, code);
}

/* What has come of a call that failed. */
static void judge(const struct aws_reply *reply, const struct err *why, struct iam_answer *out)
{
    const int status = reply->http.status;
    const bool refused = reply->unassumed || status >= 300;
    if (reply->unassumed)
        out->result = why->kind == ERR_RETRY    ? IAM_LATER
                      : why->kind == ERR_SYSTEM ? IAM_BROKEN
                                                : IAM_NO_ROLE;
    else if (refused)
        out->result = result_of_fault(&reply->fault);
    else
        out->result = result_of_kind(why->kind, STR_ABSENT);
    const struct str code = arena_str(&out->memory, buf_str(&reply->fault.code));
    out->code = refused && str_present(code) ? code : S("");
}

/* Sends the request of one page; its answer is in reply. */
static bool send_page(struct iam *iam, const struct iam_call *call, const struct signer *s,
                      const struct iam_request *r, struct aws_reply *reply, struct err *e)
{
    struct header headers[2];
    size_t n = 0;
    if (r->content_type)
        headers[n++] = (struct header){S("content-type"), str_of(r->content_type)};
    if (r->target)
        headers[n++] = (struct header){S("x-amz-target"), str_of(r->target)};
    const struct aws_request request = {
        .service = r->service,
        .action = iam_actions[call->action].name,
        .region = call->at && r->service != AWS_IAM ? call->at->region : STR_ABSENT,
        .method = r->method,
        .path = buf_str(&r->path),
        .headers = headers,
        .n_headers = n,
        .body = str_eqz(str_of(r->method), "GET") ? STR_ABSENT : buf_str(&r->body),
        .as = s->as_role ? &s->role : NULL,
        .with = s->with_key ? &s->key : NULL,
        .once = call->action == IAM_CREATE_ACCESS_KEY,
    };
    return aws_call(iam->client, &request, reply, e);
}

/* One page: asked for and read. */
static bool ask_page(struct iam *iam, const struct iam_call *call, const struct signer *s,
                     struct iam_reading *reading, struct err *e)
{
    struct iam_answer *out = reading->out;
    struct iam_request request;
    struct aws_reply reply;
    iam_request_init(&request);
    aws_reply_init(&reply, REPLY_MAX);
    const struct str marker = reading->marker.n ? buf_str(&reading->marker) : STR_ABSENT;
    bool ok = iam_put_request(call, marker, &request, e);
    if (!ok) {
        out->result = e->kind == ERR_INPUT ? IAM_INVALID : IAM_BROKEN;
    } else {
        ok = send_page(iam, call, s, &request, &reply, e) &&
             iam_read_page(reading, buf_str(&reply.http.body), e);
        if (!ok)
            judge(&reply, e, out);
    }
    aws_reply_release(&reply);
    iam_request_release(&request);
    return ok;
}

static bool ask(struct iam *iam, const struct iam_call *call, const struct signer *s,
                struct iam_answer *out, struct err *e)
{
    struct iam_reading reading;
    bool ok = true;
    size_t pages = 0;
    iam_reading_init(&reading, call->action, out);
    do {
        ok = ask_page(iam, call, s, &reading, e);
    } while (ok && reading.marker.n && ++pages < PAGES_MAX);
    if (ok) {
        out->result = IAM_BROKEN;
        ok = reading.marker.n == 0 ? iam_read_end(&reading, e)
                                   : err_set(e, ERR_LIMIT, "%s goes on for over %d pages",
                                             iam_actions[call->action].name, PAGES_MAX);
    }
    iam_reading_release(&reading);
    return ok;
}

static bool is_account(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!byte_is_digit(s.p[i]))
            return false;
    }
    return s.n == IAM_ACCOUNT_DIGITS;
}

/* Path and name of a role: the letters of IAM's roleNameType, and slashes between. */
static bool is_role(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        const char c = s.p[i];
        if (c == '\0' || (!byte_is_alpha(c) && !byte_is_digit(c) && !strchr("_+=,.@-/", c)))
            return false;
    }
    return s.n > 0 && s.n <= ROLE_MAX && s.p[0] != '/' && s.p[s.n - 1] != '/';
}

/* Whether the account is that of our own credentials; asks once. */
static bool check_own(struct iam *iam, struct str account, struct iam_answer *out, struct err *e)
{
    if (!iam->own_known) {
        const struct iam_call who = {.action = IAM_GET_CALLER_IDENTITY};
        struct signer own;
        signer_init(&own);
        const bool ok = ask(iam, &who, &own, out, e);
        signer_release(&own);
        if (!ok)
            return err_wrap(e, "whose credentials these are");
        if (!is_account(out->account)) {
            out->result = IAM_LATER;
            return err_set(e, ERR_RETRY, "STS names no account");
        }
        memcpy(iam->own_account, out->account.p, IAM_ACCOUNT_DIGITS);
        iam->own_known = true;
        iam_answer_reset(out);
    }
    if (str_eq(account, str_n(iam->own_account, IAM_ACCOUNT_DIGITS)))
        return true;
    out->result = IAM_NO_ROLE;
    return err_set(e, ERR_DENIED,
                   "account %.*s is not that of our credentials (%.*s), and no role there is given",
                   (int)account.n, account.p, IAM_ACCOUNT_DIGITS, iam->own_account);
}

static bool refuse_at(struct iam_answer *out, enum iam_result result, const char *why,
                      struct err *e)
{
    out->result = result;
    return err_set(e, result == IAM_NO_ROLE ? ERR_DENIED : ERR_USAGE, "%s", why);
}

/* The partition of the region that is asked must be that of the principal. */
static bool check_partition(struct iam *iam, const struct iam_at *at, struct iam_answer *out,
                            struct err *e)
{
    struct str region;
    if (!aws_client_region(iam->client, &region, e)) {
        out->result = IAM_BROKEN;
        return false;
    }
    if (!str_eqz(at->partition, region_partition(region)) ||
        (str_present(at->region) && (!region_is_well_formed(at->region) ||
                                     !str_eqz(at->partition, region_partition(at->region)))))
        return refuse_at(out, IAM_NO_ROLE, "it is in another partition than our region", e);
    return true;
}

/* Decides whose credentials sign. */
static bool choose(struct iam *iam, const struct iam_at *at, struct signer *s,
                   struct iam_answer *out, struct err *e)
{
    if (!at)
        return true;
    if (!check_partition(iam, at, out, e))
        return false;
    if (!is_account(at->account))
        return refuse_at(out, IAM_INVALID, "an account has twelve digits", e);
    if (str_present(at->key_id)) {
        s->with_key = true;
        out->result = IAM_BROKEN;
        return credentials_set(&s->key, at->key_id, at->secret, STR_ABSENT, CREDENTIALS_NEVER,
                               "the key under test", e);
    }
    if (!str_present(at->role))
        return check_own(iam, at->account, out, e);
    if (!is_role(at->role))
        return refuse_at(out, IAM_INVALID, "the role to assume has no name of a role", e);
    buf_putf(&s->arn, "arn:%.*s:iam::%.*s:role/%.*s", (int)at->partition.n, at->partition.p,
             (int)at->account.n, at->account.p, (int)at->role.n, at->role.p);
    s->role = (struct aws_role){buf_str(&s->arn), at->external_id};
    s->as_role = true;
    out->result = IAM_BROKEN;
    return buf_ok(&s->arn, "the ARN of a role", e);
}

static bool call_iam(void *self, const struct iam_call *call, struct iam_answer *out, struct err *e)
{
    struct iam *iam = self;
    struct err why = {0};
    struct signer signer;
    iam_answer_reset(out);
    signer_init(&signer);
    const bool ok = choose(iam, call->at, &signer, out, &why) && ask(iam, call, &signer, out, &why);
    signer_release(&signer);
    if (ok)
        out->result = IAM_OK;
    else if (e)
        *e = why;
    return ok;
}

struct port_iam iam_port(struct iam *iam)
{
    return (struct port_iam){iam, call_iam};
}
