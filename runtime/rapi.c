/* The Runtime API over libcurl: one kept connection, one handle. */
#include "runtime/rapi.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"
#include "base/escape.h"
#include "base/version.h"

#define API_PATH       "/2018-06-01/runtime"
#define URL_MAX        4096
#define REPLY_MAX      65536 /* answers to a POST are a line of JSON */
#define CONNECT_MS     1000L /* the other end is on this machine */
#define POST_MS        10000L
#define INIT_ERROR     "Runtime.InitError"
#define ERROR_BODY_MAX (8 * ERR_TEXT_MAX)
#define HEADER_MAX     2048 /* one header of ours */

struct rapi {
    const char *host;
    CURL *curl;
    struct buf head; /* of the last answer */
    struct buf body;
    struct buf url;
    struct buf payload; /* of the present invocation, as are its headers */
    struct buf payload_head;
    char curl_error[CURL_ERROR_SIZE];
};

const char *rapi_error_type(enum err_kind kind)
{
    static const char *const types[] = {
        [ERR_NONE] = "Function.Unknown",       [ERR_INPUT] = "Function.BadInput",
        [ERR_MISSING] = "Function.Missing",    [ERR_RETRY] = "Function.TryAgain",
        [ERR_CONFLICT] = "Function.Conflict",  [ERR_DENIED] = "Function.AccessDenied",
        [ERR_LIMIT] = "Function.LimitReached", [ERR_USAGE] = "Function.Configuration",
        [ERR_SYSTEM] = "Function.SystemFault",
    };
    return types[kind];
}

/* ---- life ---- */

/* A write callback that says less than it was given ends the transfer (CURLE_WRITE_ERROR). */
static size_t put_bytes(char *p, size_t size, size_t n, void *to)
{
    struct buf *b = to;
    buf_put(b, str_n(p, size * n));
    return b->failed ? 0 : size * n;
}

static void set_fixed_options(struct rapi *r)
{
    curl_easy_setopt(r->curl, CURLOPT_ERRORBUFFER, r->curl_error);
    curl_easy_setopt(r->curl, CURLOPT_PROXY, ""); /* whatever the environment says */
    curl_easy_setopt(r->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(r->curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(r->curl, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(r->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(r->curl, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(r->curl, CURLOPT_USERAGENT, "trailwarden/" TRAILWARDEN_VERSION);
    curl_easy_setopt(r->curl, CURLOPT_WRITEFUNCTION, put_bytes);
    curl_easy_setopt(r->curl, CURLOPT_HEADERFUNCTION, put_bytes);
}

struct rapi *rapi_new(const char *host, struct err *e)
{
    struct rapi *r = calloc(1, sizeof *r);
    if (r)
        r->curl = curl_easy_init();
    if (!r || !r->curl) {
        free(r);
        err_set(e, ERR_SYSTEM, "no memory for the Runtime API");
        return NULL;
    }
    r->host = host;
    buf_init(&r->head, RAPI_HEAD_MAX);
    buf_init(&r->body, REPLY_MAX);
    buf_init(&r->url, URL_MAX);
    buf_init(&r->payload, RAPI_PAYLOAD_MAX);
    buf_init(&r->payload_head, RAPI_HEAD_MAX);
    set_fixed_options(r);
    return r;
}

void rapi_free(struct rapi *r)
{
    if (!r)
        return;
    curl_easy_cleanup(r->curl);
    buf_release(&r->head);
    buf_release(&r->body);
    buf_release(&r->url);
    buf_release(&r->payload);
    buf_release(&r->payload_head);
    free(r);
}

/* ---- one exchange ---- */

/* Where an answer goes. */
struct answer {
    struct buf *head;
    struct buf *body;
    long status;
};

static bool perform(struct rapi *r, struct answer *a, struct err *e)
{
    buf_reset(a->head);
    buf_reset(a->body);
    r->curl_error[0] = '\0';
    curl_easy_setopt(r->curl, CURLOPT_URL, buf_z(&r->url));
    curl_easy_setopt(r->curl, CURLOPT_HEADERDATA, a->head);
    curl_easy_setopt(r->curl, CURLOPT_WRITEDATA, a->body);
    CURLcode code = curl_easy_perform(r->curl);
    curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &a->status);
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && a->body->failed))
        return true;
    return err_set(e, ERR_SYSTEM, "the Runtime API at %s: %s", r->host,
                   r->curl_error[0] ? r->curl_error : curl_easy_strerror(code));
}

/* The value of a header, absent when it is not there or empty. */
static struct str header(const struct buf *head, const char *name)
{
    struct str rest = buf_str(head);
    while (str_present(rest)) {
        struct str line = str_cut(&rest, '\n');
        struct str key = str_cut(&line, ':');
        if (str_present(line) && str_eq_fold(key, str_of(name))) {
            struct str value = str_trim(line);
            return value.n ? value : STR_ABSENT;
        }
    }
    return STR_ABSENT;
}

static bool set_url(struct rapi *r, struct str id, const char *what, struct err *e)
{
    buf_reset(&r->url);
    buf_putf(&r->url, "http://%s" API_PATH, r->host);
    if (str_present(id)) {
        buf_putz(&r->url, "/invocation/");
        buf_put_percent(&r->url, id, false);
    }
    buf_putz(&r->url, what);
    return buf_ok(&r->url, "a Runtime API address", e);
}

/* ---- next ---- */

static void read_head(const struct buf *head, struct rapi_invocation *inv)
{
    inv->request_id = header(head, "Lambda-Runtime-Aws-Request-Id");
    inv->trace_id = header(head, "Lambda-Runtime-Trace-Id");
    inv->function_arn = header(head, "Lambda-Runtime-Invoked-Function-Arn");
    inv->tenant_id = header(head, "Lambda-Runtime-Aws-Tenant-Id");
    inv->invocation_id = header(head, "Lambda-Runtime-Invocation-Id");
    unsigned long long deadline;
    if (str_u64(header(head, "Lambda-Runtime-Deadline-Ms"), &deadline) && deadline < INT64_MAX)
        inv->deadline_ms = (int64_t)deadline;
}

bool rapi_next(struct rapi *r, struct rapi_invocation *inv, struct err *e)
{
    *inv = (struct rapi_invocation){0};
    struct answer a = {.head = &r->payload_head, .body = &r->payload};
    curl_easy_setopt(r->curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(r->curl, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(r->curl, CURLOPT_TIMEOUT_MS, 0L);
    if (!set_url(r, STR_ABSENT, "/invocation/next", e) || !perform(r, &a, e))
        return false;
    if (a.status != 200)
        return err_set(e, ERR_SYSTEM, "the Runtime API at %s answers %ld to /invocation/next",
                       r->host, a.status);
    read_head(a.head, inv);
    if (!str_present(inv->request_id))
        return err_set(e, ERR_SYSTEM, "the Runtime API at %s names no request id", r->host);
    inv->too_large = a.body->failed;
    inv->payload = inv->too_large ? STR_ABSENT : buf_str(a.body);
    return true;
}

/* ---- answers ---- */

/* Appends "name: value", nothing when value is absent. False when it does not fit or memory is out.
 */
static bool add_header(struct curl_slist **list, const char *name, struct str value)
{
    struct buf line;
    if (!str_present(value))
        return true;
    buf_init(&line, HEADER_MAX);
    buf_putz(&line, name);
    buf_putz(&line, ": ");
    buf_put(&line, value);
    const char *z = buf_z(&line);
    struct curl_slist *longer = z ? curl_slist_append(*list, z) : NULL;
    buf_release(&line);
    if (longer)
        *list = longer;
    return longer;
}

static struct curl_slist *post_headers(const struct rapi_invocation *inv, const char *error_type)
{
    /* Without "Expect:" libcurl would wait for a 100 in front of bodies over 1 MB. */
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    if (list && add_header(&list, "Content-Type", S("application/json")) &&
        add_header(&list, "Lambda-Runtime-Function-Error-Type", str_of(error_type)) &&
        add_header(&list, "Lambda-Runtime-Invocation-Id", inv ? inv->invocation_id : STR_ABSENT))
        return list;
    curl_slist_free_all(list);
    return NULL;
}

/* 202 is done; 400, 403 and 413 are final for this invocation; the rest means a broken API. */
static bool judge(const struct rapi *r, long status, struct err *e)
{
    struct str said = str_slice(buf_str(&r->body), 0, 200);
    struct buf printed;
    if (status >= 200 && status < 300)
        return true;
    enum err_kind kind = status == 400 || status == 403 || status == 413 ? ERR_INPUT : ERR_SYSTEM;
    buf_init(&printed, 1024);
    buf_put_terminal(&printed, said);
    const char *z = buf_z(&printed);
    err_set(e, kind, "the Runtime API answers %ld: %s", status, z ? z : "");
    buf_release(&printed);
    return false;
}

/* Posts body to the address in r->url. */
static bool post(struct rapi *r, const struct rapi_invocation *inv, const char *error_type,
                 struct str body, struct err *e)
{
    struct curl_slist *headers = post_headers(inv, error_type);
    if (!headers)
        return err_set(e, ERR_SYSTEM, "no memory for an answer's headers");
    struct answer a = {.head = &r->head, .body = &r->body};
    curl_easy_setopt(r->curl, CURLOPT_POST, 1L);
    curl_easy_setopt(r->curl, CURLOPT_POSTFIELDS, body.p);
    curl_easy_setopt(r->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
    curl_easy_setopt(r->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(r->curl, CURLOPT_TIMEOUT_MS, POST_MS);
    bool ok = perform(r, &a, e);
    curl_easy_setopt(r->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    return ok && judge(r, a.status, e);
}

bool rapi_respond(struct rapi *r, const struct rapi_invocation *inv, struct str json, struct err *e)
{
    return set_url(r, inv->request_id, "/response", e) && post(r, inv, NULL, json, e);
}

static bool post_error(struct rapi *r, const struct rapi_invocation *inv, const char *type,
                       const struct err *why, struct err *e)
{
    struct buf body;
    buf_init(&body, ERROR_BODY_MAX);
    buf_putz(&body, "{\"errorMessage\":");
    buf_put_json(&body, str_of(why->text));
    buf_putf(&body, ",\"errorType\":\"%s\",\"stackTrace\":[]}", type);
    bool ok = buf_ok(&body, "an error report", e) && post(r, inv, type, buf_str(&body), e);
    buf_release(&body);
    return ok;
}

bool rapi_fail(struct rapi *r, const struct rapi_invocation *inv, const struct err *why,
               struct err *e)
{
    return set_url(r, inv->request_id, "/error", e) &&
           post_error(r, inv, rapi_error_type(why->kind), why, e);
}

bool rapi_fail_init(struct rapi *r, const struct err *why, struct err *e)
{
    return set_url(r, STR_ABSENT, "/init/error", e) && post_error(r, NULL, INIT_ERROR, why, e);
}
