/* Container and instance credentials. */
#include "aws/metadata.h"

#include <arpa/inet.h>

#include "aws/file.h"
#include "aws/pace.h"

#define ANSWER_MAX        65536
#define URL_MAX           2048
#define TOKEN_MAX         16384 /* pod identity tokens are JWTs of one or two KiB */
#define INSTANCE_ORIGIN   "http://169.254.169.254"
#define INSTANCE_ROLES    "/latest/meta-data/iam/security-credentials/"
#define INSTANCE_WAIT_MS  1000 /* on a laptop nobody answers at that address */
#define CONTAINER_WAIT_MS 5000

struct way {
    const struct aws_world *world;
    struct http *http;
    int64_t total_ms;
};

static struct way way_of(const struct aws_world *world, struct http *http, int64_t deadline_ms,
                         int64_t most_ms)
{
    const int64_t left = pace_left_ms(world, deadline_ms);
    return (struct way){world, http, left < most_ms ? left : most_ms};
}

static bool fetch(const struct way *way, const char *method, const char *url,
                  const struct header *header, struct http_reply *reply, struct err *e)
{
    const struct http_request request = {
        .method = method,
        .url = url,
        .headers = header,
        .n_headers = header ? 1 : 0,
        .body = strcmp(method, "PUT") == 0 ? S("") : STR_ABSENT,
        .connect_ms = INSTANCE_WAIT_MS,
        .total_ms = way->total_ms,
        .direct = true,
    };
    return http_send(way->http, &request, reply, e);
}

/* True for the hosts to which http may carry a request for credentials. */
static bool host_is_local(struct str host)
{
    static const char *const named[] = {"localhost", "169.254.170.2", "169.254.170.23",
                                        "[fd00:ec2::23]", "[::1]"};
    char z[INET_ADDRSTRLEN];
    struct in_addr address;
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (str_eqz(host, named[i]))
            return true;
    }
    if (host.n == 0 || host.n >= sizeof z)
        return false;
    memcpy(z, host.p, host.n);
    z[host.n] = '\0';
    return inet_pton(AF_INET, z, &address) == 1 && (ntohl(address.s_addr) >> 24) == 127;
}

/* The host of a URL without its port; absent when the URL names a user ("localhost@elsewhere") or
 * is spelled so that readers differ on where the host ends. */
static struct str host_of(struct str url, size_t scheme)
{
    struct str host = str_skip(url, scheme);
    size_t end = 0;
    while (end < host.n && !strchr("/?#", host.p[end]))
        end++;
    host.n = end;
    if (str_find_byte(host, '@', 0) != SIZE_MAX || str_find_byte(host, '\\', 0) != SIZE_MAX)
        return STR_ABSENT;
    const size_t bracket = str_find_byte(host, ']', 0);
    if (bracket != SIZE_MAX)
        return str_slice(host, 0, bracket + 1);
    return str_slice(host, 0, str_find_byte(host, ':', 0));
}

static bool container_url(const struct aws_world *world, struct buf *url, struct err *e)
{
    const char *relative = aws_world_env(world, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = aws_world_env(world, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (relative) {
        buf_putz(url, "http://169.254.170.2");
        buf_putz(url, *relative == '/' ? "" : "/");
        buf_putz(url, relative);
    } else if (full) {
        const struct str s = str_of(full);
        const bool tls = str_starts(s, S("https://"));
        if (!tls && (!str_starts(s, S("http://")) || !host_is_local(host_of(s, 7))))
            return err_set(e, ERR_USAGE,
                           "AWS_CONTAINER_CREDENTIALS_FULL_URI leads neither to https "
                           "nor to this machine");
        buf_putz(url, full);
    }
    return buf_ok(url, "the address of container credentials", e);
}

static bool container_token(const struct aws_world *world, struct buf *token, struct err *e)
{
    const char *file = aws_world_env(world, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *value = aws_world_env(world, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (file)
        return file_read(file, token, e);
    if (value)
        buf_putz(token, value);
    return buf_ok(token, "AWS_CONTAINER_AUTHORIZATION_TOKEN", e);
}

static bool fetch_container(const struct way *way, struct buf *url, struct credentials *out,
                            struct err *e)
{
    struct buf token;
    struct http_reply reply;
    buf_init(&token, TOKEN_MAX);
    http_reply_init(&reply, ANSWER_MAX);
    bool ok = container_token(way->world, &token, e);
    const struct header h = {S("authorization"), str_trim(buf_str(&token))};
    ok = ok && fetch(way, "GET", buf_z(url), h.value.n ? &h : NULL, &reply, e);
    if (ok && reply.status != 200)
        ok = err_set(e, reply.status >= 500 ? ERR_RETRY : ERR_DENIED,
                     "the container's credentials endpoint answered with status %d", reply.status);
    ok = ok && credentials_read_json(out, buf_str(&reply.body),
                                     "the container's credentials endpoint", e);
    http_reply_release(&reply);
    buf_wipe(&token);
    return ok;
}

bool metadata_container(const struct aws_world *world, struct http *http, int64_t deadline_ms,
                        bool *there, struct credentials *out, struct err *e)
{
    struct buf url;
    const struct way way = way_of(world, http, deadline_ms, CONTAINER_WAIT_MS);
    buf_init(&url, URL_MAX);
    bool ok = container_url(world, &url, e);
    *there = ok && url.n > 0;
    if (*there)
        ok = fetch_container(&way, &url, out, e);
    buf_release(&url);
    return ok;
}

/* What is asked of the instance: one origin, one token. */
struct instance {
    struct way way;
    const char *origin;
    struct buf token;
    struct buf url;
    struct http_reply reply;
};

/* GETs a path below the list of roles; false with e only when nobody answers. */
static bool instance_get(struct instance *in, struct str name, struct err *e)
{
    const struct header h = {S("x-aws-ec2-metadata-token"), buf_str(&in->token)};
    buf_reset(&in->url);
    buf_putz(&in->url, in->origin);
    buf_putz(&in->url, INSTANCE_ROLES);
    buf_put(&in->url, name);
    const char *url = buf_z(&in->url);
    return url ? fetch(&in->way, "GET", url, &h, &in->reply, e)
               : err_set(e, ERR_USAGE, "the address of instance metadata is too long");
}

/* Gets a token; no answer means that this is no EC2 instance. */
static bool instance_token(struct instance *in)
{
    const struct header ttl = {S("x-aws-ec2-metadata-token-ttl-seconds"), S("300")};
    struct err unheard;
    buf_reset(&in->url);
    buf_putz(&in->url, in->origin);
    buf_putz(&in->url, "/latest/api/token");
    const char *url = buf_z(&in->url);
    if (!url || !fetch(&in->way, "PUT", url, &ttl, &in->reply, &unheard) || in->reply.status != 200)
        return false;
    buf_put(&in->token, str_trim(buf_str(&in->reply.body)));
    return !in->token.failed && in->token.n > 0;
}

static bool instance_credentials(struct instance *in, bool *there, struct credentials *out,
                                 struct err *e)
{
    struct buf role;
    buf_init(&role, CREDENTIALS_KEY_MAX);
    bool ok = instance_get(in, S(""), e);
    *there = ok && in->reply.status == 200;
    if (*there) {
        struct str names = buf_str(&in->reply.body);
        buf_put(&role, str_trim(str_cut(&names, '\n')));
        ok = buf_ok(&role, "the name of the instance's role", e) &&
             instance_get(in, buf_str(&role), e) &&
             (in->reply.status == 200 ||
              err_set(e, ERR_RETRY, "the instance metadata service answered with status %d",
                      in->reply.status)) &&
             credentials_read_json(out, buf_str(&in->reply.body), "the instance metadata service",
                                   e);
    }
    buf_release(&role);
    return ok;
}

bool metadata_instance(const struct aws_world *world, struct http *http, int64_t deadline_ms,
                       bool *there, struct credentials *out, struct err *e)
{
    const char *disabled = aws_world_env(world, "AWS_EC2_METADATA_DISABLED");
    const char *origin = aws_world_env(world, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    *there = false;
    if (disabled && str_eq_fold(str_of(disabled), S("true")))
        return true;
    struct instance in = {.way = way_of(world, http, deadline_ms, INSTANCE_WAIT_MS),
                          .origin = origin ? origin : INSTANCE_ORIGIN};
    buf_init(&in.token, CREDENTIALS_KEY_MAX);
    buf_init(&in.url, URL_MAX);
    http_reply_init(&in.reply, ANSWER_MAX);
    const bool ok = !instance_token(&in) || instance_credentials(&in, there, out, e);
    http_reply_release(&in.reply);
    buf_release(&in.url);
    buf_wipe(&in.token);
    return ok;
}
