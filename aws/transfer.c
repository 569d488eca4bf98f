/* Set-up, callbacks and ends of transfers. */
#include "aws/transfer.h"

#include <unistd.h>

#include "aws/openssl.h"
#include "aws/roots.h"
#include "base/escape.h"
#include "base/version.h"

#define HEADER_LINE_MAX 16384 /* a session token may pass 4 KiB */
#define HELD_SLICE      65536 /* four reads of libcurl: deadlines are looked at between them */
#define IDLE_MAX_S      20L   /* S3 closes idle connections soon after; do not try older ones */

static void reply_restart(struct http_reply *r)
{
    buf_reset(&r->head);
    buf_reset(&r->body);
    r->status = 0;
    r->taken = 0;
    r->take_refused = false;
}

static size_t on_header(char *p, size_t size, size_t n, void *user)
{
    struct transfer *t = user;
    struct buf *head = &t->reply->head;
    const struct str line = str_n(p, size * n);
    if (str_starts(line, S("HTTP/"))) { /* the next answer: the one before was 100 Continue */
        const size_t blank = str_find_byte(line, ' ', 0);
        unsigned long long status = 0;
        buf_reset(head);
        if (str_u64(str_slice(line, blank + 1, blank + 4), &status))
            t->reply->status = (int)status;
        return line.n;
    }
    buf_put(head, line);
    t->failed = !buf_ok(head, "the header of an answer", &t->e);
    return t->failed ? 0 : line.n;
}

static bool take(struct transfer *t, struct str piece)
{
    if (!t->request.take(t->request.to, piece, &t->e)) {
        t->failed = t->reply->take_refused = true;
        return false;
    }
    t->reply->taken += piece.n;
    return true;
}

static size_t hold(struct transfer *t, struct str piece)
{
    t->paused = piece.n > HTTP_HELD_MAX - t->held.n;
    if (t->paused)
        return CURL_WRITEFUNC_PAUSE; /* the same piece will come again */
    buf_put(&t->held, piece);
    t->failed = !buf_ok(&t->held, "what was read ahead", &t->e);
    return t->failed ? 0 : piece.n;
}

static size_t on_body(char *p, size_t size, size_t n, void *user)
{
    struct transfer *t = user;
    struct http_reply *reply = t->reply;
    const struct str piece = str_n(p, size * n);
    if (piece.n && t->request.take && reply->status / 100 == 2) {
        if (t->holds)
            return hold(t, piece);
        return take(t, piece) ? piece.n : 0;
    }
    buf_put(&reply->body, piece);
    t->failed = !buf_ok(&reply->body, "the body of an answer", &t->e);
    return t->failed ? 0 : piece.n;
}

/* The file that the environment asks for, if it does. */
static bool find_asked(struct transfer *t)
{
    static const char *const asked[] = {"AWS_CA_BUNDLE", "SSL_CERT_FILE"};
    for (size_t i = 0; i < sizeof asked / sizeof *asked && !t->wire->ca_file; i++) {
        const char *path = aws_world_env(t->wire->world, asked[i]);
        if (path && access(path, R_OK) != 0)
            return err_set(&t->e, ERR_USAGE, "%s names a file that cannot be read", asked[i]);
        t->wire->ca_file = path;
    }
    return true;
}

/* What the system trusts, or NULL. */
static const char *find_bundle(void)
{
    static const char *const known[] = {
        "/etc/pki/tls/certs/ca-bundle.crt",                  /* Amazon Linux 2023 */
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* where that one leads */
        "/etc/ssl/certs/ca-certificates.crt",                /* Debian */
        "/etc/ssl/cert.pem",                                 /* Alpine, BSD, macOS */
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (access(known[i], R_OK) == 0)
            return known[i];
    }
    return NULL;
}

/* The list with z at its end; given back, and NULL, when there is no z or memory is out. */
static struct curl_slist *append(struct curl_slist *list, const char *z)
{
    struct curl_slist *longer = z ? curl_slist_append(list, z) : NULL;
    if (!longer)
        curl_slist_free_all(list);
    return longer;
}

/* "name: value" lines for libcurl; NULL with e when one is not sendable or memory is out. */
static struct curl_slist *header_list(const struct http_request *r, struct err *e)
{
    struct buf line;
    buf_init(&line, HEADER_LINE_MAX);
    /* libcurl would wait for "100 Continue" before it sends a larger body. */
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    bool typed = false;
    for (size_t i = 0; list && i < r->n_headers; i++) {
        const struct header *h = &r->headers[i];
        typed |= str_eq_fold(h->name, S("content-type"));
        buf_reset(&line);
        buf_put(&line, h->name);
        buf_putz(&line, h->value.n ? ": " : ";"); /* libcurl's spelling of an empty value */
        buf_put(&line, h->value);
        const struct str s = buf_str(&line);
        const bool plain = str_find_byte(s, '\n', 0) == SIZE_MAX &&
                           str_find_byte(s, '\r', 0) == SIZE_MAX &&
                           str_find_byte(s, '\0', 0) == SIZE_MAX;
        list = append(list, plain ? buf_z(&line) : NULL);
    }
    if (list && !typed)
        list = append(list, "Content-Type:"); /* else libcurl names a form, which nobody signed */
    if (line.p)
        OPENSSL_cleanse(line.p, line.cap);
    buf_release(&line);
    if (!list)
        err_set(e, ERR_USAGE, "a request header is too long or holds a line end");
    return list;
}

static const char *env_either(const struct aws_world *world, const char *upper, const char *lower)
{
    const char *v = aws_world_env(world, upper);
    return v ? v : aws_world_env(world, lower);
}

static void set_proxy(struct transfer *t, bool tls)
{
    const bool may = tls && !t->request.direct;
    const char *proxy = may ? env_either(t->wire->world, "HTTPS_PROXY", "https_proxy") : NULL;
    const char *except = may ? env_either(t->wire->world, "NO_PROXY", "no_proxy") : NULL;
    curl_easy_setopt(t->curl, CURLOPT_PROXY, proxy ? proxy : "");
    curl_easy_setopt(t->curl, CURLOPT_NOPROXY, except ? except : "");
    curl_easy_setopt(t->curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

static bool set_tls(struct transfer *t)
{
    struct curl_blob roots = {(void *)aws_roots, aws_roots_len, CURL_BLOB_NOCOPY};
    openssl_settle();
    if (!t->wire->ca_file && !find_asked(t))
        return false;
    t->built_in = !t->wire->ca_file;
    if (t->built_in)
        curl_easy_setopt(t->curl, CURLOPT_CAINFO_BLOB, &roots);
    else
        curl_easy_setopt(t->curl, CURLOPT_CAINFO, t->wire->ca_file);
    curl_easy_setopt(t->curl, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(t->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    return true;
}

static long clamp_ms(int64_t ms)
{
    return ms < 1 ? 1 : ms > INT32_MAX ? INT32_MAX : (long)ms;
}

static void set_times(struct transfer *t)
{
    const int64_t connect = t->request.connect_ms ? t->request.connect_ms : HTTP_CONNECT_MS;
    const int64_t total = t->request.total_ms;
    curl_easy_setopt(t->curl, CURLOPT_CONNECTTIMEOUT_MS,
                     clamp_ms(connect < total ? connect : total));
    if (total != HTTP_NO_LIMIT_MS)
        curl_easy_setopt(t->curl, CURLOPT_TIMEOUT_MS, clamp_ms(total));
    curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_TIME, (long)(HTTP_STALL_MS / 1000));
    curl_easy_setopt(t->curl, CURLOPT_MAXAGE_CONN, IDLE_MAX_S);
}

static void set_method(struct transfer *t)
{
    if (str_present(t->request.body)) {
        curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, t->request.body.n ? t->request.body.p : "");
        curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->request.body.n);
    }
    curl_easy_setopt(t->curl, CURLOPT_CUSTOMREQUEST, t->request.method);
}

/* Everything but the body's way. */
static void set_common(struct transfer *t)
{
    CURL *curl = t->curl;
    curl_easy_setopt(curl, CURLOPT_URL, t->request.url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "trailwarden/" TRAILWARDEN_VERSION);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->why);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, t->request.fresh ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, t);
}

bool transfer_begin(struct transfer *t, struct wire *wire, const struct http_request *request,
                    struct http_reply *reply)
{
    const bool tls = str_starts(str_of(request->url), S("https://"));
    t->wire = wire;
    t->request = *request;
    t->reply = reply;
    t->failed = t->built_in = t->again = t->ended = t->holds = t->paused = false;
    t->why[0] = '\0';
    t->e = (struct err){0};
    reply_restart(reply);
    if (!t->curl)
        t->curl = curl_easy_init();
    t->headers = t->curl ? header_list(request, &t->e) : NULL;
    t->failed = !t->headers || (tls && !set_tls(t));
    if (!t->curl)
        return err_set(&t->e, ERR_SYSTEM, "libcurl cannot be started");
    if (t->failed)
        return false;
    set_proxy(t, tls);
    set_times(t);
    set_method(t);
    set_common(t);
    return true;
}

void transfer_hold(struct transfer *t)
{
    buf_init(&t->held, HTTP_HELD_MAX);
    t->held_at = 0;
    t->holds = true;
}

bool transfer_hand_over(struct transfer *t)
{
    const struct str slice = str_slice(buf_str(&t->held), t->held_at, t->held_at + HELD_SLICE);
    if (slice.n == 0)
        return false;
    t->held_at += slice.n;
    return take(t, slice);
}

void transfer_flow(struct transfer *t)
{
    buf_release(&t->held);
    t->holds = false;
    if (!t->paused || t->ended)
        return;
    t->paused = false;
    t->code = curl_easy_pause(t->curl, CURLPAUSE_CONT); /* may hand over what it had kept */
    t->ended = t->code != CURLE_OK;
}

static enum err_kind kind_of(CURLcode code)
{
    switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return ERR_USAGE;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
        return ERR_SYSTEM;
    default:
        return ERR_RETRY;
    }
}

/* "https://host:port" of a URL: the query may hold what is not for logs. */
static struct str origin_of(const char *url)
{
    const struct str s = str_of(url);
    return str_slice(s, 0, str_find_byte(s, '/', 8));
}

static void explain(struct transfer *t, CURLcode code)
{
    struct buf shown;
    const char *url = NULL, *why = t->why;
    curl_easy_getinfo(t->curl, CURLINFO_EFFECTIVE_URL, &url);
    buf_init(&shown, 8 * CURL_ERROR_SIZE); /* a byte is shown as at most 8 */
    buf_put_terminal(&shown, str_of(*why ? why : curl_easy_strerror(code)));
    const char *z = buf_z(&shown);
    const struct str origin = origin_of(url ? url : "");
    err_set(&t->e, kind_of(code), "%.*s: %s", (int)origin.n, origin.p, z ? z : "failed");
    buf_release(&shown);
}

/* A certificate that the built-in roots do not vouch for: from now on the system's bundle decides,
 * if there is one. */
static bool turn_to_bundle(struct transfer *t, CURLcode code)
{
    if (code != CURLE_PEER_FAILED_VERIFICATION || !t->built_in)
        return false;
    if (!t->wire->ca_file)
        t->wire->ca_file = find_bundle();
    return t->wire->ca_file;
}

bool transfer_end(struct transfer *t, CURLcode code)
{
    if (!t->failed && code != CURLE_OK) {
        explain(t, code);
        t->failed = true;
        t->again = turn_to_bundle(t, code);
        if (t->again)
            t->e.kind = ERR_RETRY;
    }
    if (t->curl)
        curl_easy_reset(t->curl); /* it must not point at what ends with this call */
    curl_slist_free_all(t->headers);
    t->headers = NULL;
    if (t->holds)
        buf_release(&t->held);
    t->holds = false;
    return !t->failed;
}

void transfer_release(struct transfer *t)
{
    if (t->curl)
        curl_easy_cleanup(t->curl);
    t->curl = NULL;
}
