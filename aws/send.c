/* Signs and sends one attempt. */
#include "aws/send.h"

#define URL_MAX     16384 /* an encoded key has at most 3 KiB, a continuation token as much */
#define AUTH_MAX    4096
#define OWN_HEADERS 6 /* host, trace, date, token, content hash, authorization */

/* The path that is signed, not encoded for S3: base of the endpoint, bucket if addressed there, and
 * the request's own. */
static void put_path(struct buf *out, const struct send *s, const struct endpoint *ep)
{
    buf_put(out, ep->base);
    if (str_present(s->request->bucket) && !ep->bucket_in_host) {
        buf_putc(out, '/');
        buf_put(out, s->request->bucket);
    }
    buf_put(out, str_present(s->request->path) ? s->request->path : S("/"));
}

static void put_url(struct buf *out, const struct send *s, const struct endpoint *ep,
                    struct str path)
{
    buf_put(out, ep->origin);
    if (s->request->service == AWS_S3)
        sigv4_put_path(out, path);
    else
        buf_put(out, path);
    if (s->request->query.n) {
        buf_putc(out, '?');
        buf_put(out, s->request->query);
    }
}

/* Adds the signing headers to those at headers[*n]. */
static bool sign(const struct send *s, const struct endpoint *ep, struct str path,
                 struct sigv4_headers *made, struct header *headers, size_t *n, struct err *e)
{
    const struct credentials *c = s->sign_with;
    const struct aws_request *r = s->request;
    const bool s3 = r->service == AWS_S3;
    const struct sigv4_request signing = {
        .method = str_of(r->method),
        .path = path,
        .normalise = !s3,
        .query = r->query,
        .headers = headers,
        .n_headers = *n,
        .body = r->body,
        .payload = s3 ? SIGV4_PAYLOAD_HASH_HEADER : SIGV4_PAYLOAD_HASHED,
    };
    const struct sigv4_scope scope = {
        .key_id = buf_str(&c->key_id),
        .secret = buf_str(&c->secret),
        .token = c->token.n ? buf_str(&c->token) : STR_ABSENT,
        .region = ep->region,
        .service = str_of(aws_service_name(r->service)),
        .now_ms = s->world->wall_ms(s->world->self) + s->skew_ms,
    };
    if (!sigv4_sign(&signing, &scope, s->cache, made, e))
        return false;
    headers[(*n)++] = (struct header){S("x-amz-date"), str_of(made->stamp)};
    if (str_present(scope.token))
        headers[(*n)++] = (struct header){S("x-amz-security-token"), scope.token};
    if (s3)
        headers[(*n)++] = (struct header){S("x-amz-content-sha256"), str_of(made->payload_hash)};
    headers[(*n)++] = (struct header){S("authorization"), buf_str(&made->authorization)};
    return true;
}

static bool put_on_its_way(const struct send *s, const struct http_request *http,
                           struct http_reply *reply, struct err *e)
{
    switch (s->way) {
    case SEND_SIDE_BY_SIDE:
        return http_start(s->http, s->lane, http, reply, e);
    case SEND_AHEAD:
        return http_begin(s->http, s->lane, http, reply, e);
    default:
        return http_send(s->http, http, reply, e);
    }
}

static bool send_to(const struct send *s, const struct endpoint *ep, struct buf *path,
                    struct buf *url, struct http_reply *reply, struct err *e)
{
    const struct aws_request *r = s->request;
    struct header headers[AWS_HEADERS_MAX + OWN_HEADERS];
    size_t n = 0;
    struct sigv4_headers made;
    if (r->n_headers > AWS_HEADERS_MAX)
        return err_set(e, ERR_LIMIT, "a call to AWS with more than %d headers", AWS_HEADERS_MAX);
    headers[n++] = (struct header){S("host"), ep->host};
    for (size_t i = 0; i < r->n_headers; i++)
        headers[n++] = r->headers[i];
    if (str_present(s->trace_id)) /* proxies on the way may change it, so sigv4 leaves it out */
        headers[n++] = (struct header){S("x-amzn-trace-id"), s->trace_id};

    put_path(path, s, ep);
    put_url(url, s, ep, buf_str(path));
    if (!buf_ok(path, "the path of a call", e) || !buf_ok(url, "the address of a call", e))
        return false;
    buf_init(&made.authorization, AUTH_MAX);
    bool ok = !s->sign_with || sign(s, ep, buf_str(path), &made, headers, &n, e);
    if (ok) {
        const struct http_request http = {
            .method = r->method,
            .url = buf_z(url),
            .headers = headers,
            .n_headers = n,
            .body = r->body,
            .total_ms = s->total_ms,
            .fresh = r->once,
            .take = r->take,
            .to = r->to,
        };
        ok =
            http.url ? put_on_its_way(s, &http, reply, e) : err_set(e, ERR_SYSTEM, "out of memory");
    }
    buf_release(&made.authorization);
    return ok;
}

bool send_once(const struct send *s, struct http_reply *reply, struct err *e)
{
    struct endpoint ep;
    struct buf path, url;
    buf_init(&path, URL_MAX);
    buf_init(&url, URL_MAX);
    const bool ok =
        endpoint_find(s->world, s->request->service, s->region, s->request->bucket, &ep, e) &&
        send_to(s, &ep, &path, &url, reply, e);
    endpoint_release(&ep);
    buf_release(&path);
    buf_release(&url);
    return ok;
}
