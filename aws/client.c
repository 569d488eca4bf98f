/* Retries, skew, refresh, redirects around send.c. */
#include "aws/client.h"

#include <stdlib.h>

#include "aws/chain.h"
#include "aws/send.h"
#include "aws/skew.h"

#define BUCKETS_MAX 16 /* remembered regions; an organisation's trails use a bucket or a few */

struct known_bucket {
    char name[S3_BUCKET_MAX];
    char region[REGION_MAX];
    size_t name_n, region_n;
};

struct aws_client {
    struct aws_world world;
    struct aws_options options;
    struct http *http;
    struct chain *chain;
    struct sigv4_cache key;
    int64_t deadline_ms;
    int64_t skew_ms;
    struct known_bucket buckets[BUCKETS_MAX]; /* a ring */
    size_t n_buckets;                         /* ever remembered */
};

struct aws_client *aws_client_new(const struct aws_world *world, const struct aws_options *options,
                                  struct err *e)
{
    struct aws_client *c = calloc(1, sizeof *c);
    if (!c) {
        err_set(e, ERR_SYSTEM, "out of memory");
        return NULL;
    }
    c->world = *world;
    c->options = options ? *options : (struct aws_options){0};
    c->deadline_ms = PACE_NO_DEADLINE;
    c->http = http_new(&c->world, e);
    c->chain = c->http ? chain_new(&c->world, c->http, c->options.profile, e) : NULL;
    if (!c->chain) {
        aws_client_free(c);
        return NULL;
    }
    return c;
}

void aws_client_free(struct aws_client *c)
{
    if (!c)
        return;
    chain_free(c->chain);
    http_free(c->http);
    sigv4_cache_wipe(&c->key);
    free(c);
}

void aws_client_set_deadline(struct aws_client *c, int64_t deadline_ms)
{
    c->deadline_ms = deadline_ms;
}

bool aws_client_region(struct aws_client *c, struct str *region, struct err *e)
{
    if (!c->options.region)
        return chain_region(c->chain, region, e);
    *region = str_of(c->options.region);
    return true;
}

void aws_reply_init(struct aws_reply *r, size_t body_max)
{
    http_reply_init(&r->http, body_max);
    fault_init(&r->fault);
    r->attempts = 0;
}

void aws_reply_release(struct aws_reply *r)
{
    http_reply_release(&r->http);
    fault_release(&r->fault);
}

static struct known_bucket *find_bucket(struct aws_client *c, struct str name)
{
    for (size_t i = 0; i < BUCKETS_MAX && i < c->n_buckets; i++) {
        if (str_eq(str_n(c->buckets[i].name, c->buckets[i].name_n), name))
            return &c->buckets[i];
    }
    return NULL;
}

static void remember_bucket(struct aws_client *c, struct str name, struct str region)
{
    struct known_bucket *b = find_bucket(c, name);
    if (name.n > sizeof b->name || region.n > sizeof b->region)
        return;
    if (!b)
        b = &c->buckets[c->n_buckets++ % BUCKETS_MAX];
    memcpy(b->name, name.p, name.n);
    memcpy(b->region, region.p, region.n);
    b->name_n = name.n;
    b->region_n = region.n;
}

/* One call under way. */
struct call {
    struct aws_client *c;
    const struct aws_request *request;
    struct aws_reply *reply;
    struct err why; /* of the last attempt */
    int64_t signed_with_ms;
    int64_t sent_ms;
    int64_t received_ms;
    bool skew_tried, refresh_tried, redirect_tried;
};

static bool region_for(struct call *k, struct str *region, struct err *e)
{
    struct aws_client *c = k->c;
    const struct aws_request *r = k->request;
    const struct known_bucket *known = str_present(r->bucket) ? find_bucket(c, r->bucket) : NULL;
    if (known)
        *region = str_n(known->region, known->region_n);
    else if (str_present(r->region))
        *region = r->region;
    else
        return aws_client_region(c, region, e);
    return true;
}

/* True when an answer with status 2xx came; else k->why says what happened. */
static bool attempt(struct call *k)
{
    struct aws_client *c = k->c;
    const struct credentials *credentials = NULL;
    struct send send = {
        .world = &c->world,
        .http = c->http,
        .request = k->request,
        .skew_ms = c->skew_ms,
        .cache = &c->key,
    };
    k->reply->http.status = 0;
    k->reply->http.taken = 0;
    if (!chain_get(c->chain, c->deadline_ms, &credentials, &k->why) ||
        !region_for(k, &send.region, &k->why))
        return false;
    send.sign_with = credentials;
    send.total_ms = pace_left_ms(&c->world, c->deadline_ms);
    if (send.total_ms == 0)
        return err_set(&k->why, ERR_RETRY, "no time was left for it");
    k->signed_with_ms = c->skew_ms;
    k->sent_ms = c->world.wall_ms(c->world.self);
    if (!send_once(&send, &k->reply->http, &k->why)) {
        k->reply->http.status = 0; /* whatever came, it was no whole answer */
        return false;
    }
    k->received_ms = c->world.wall_ms(c->world.self);
    const int status = k->reply->http.status;
    if (status / 100 == 2)
        return true;
    fault_read(&k->reply->fault, k->request->service, &k->reply->http);
    return fault_explain(&k->reply->fault, k->request->service, k->request->action, status,
                         &k->why);
}

/* The clock was wrong: corrects it. */
static bool cure_skew(struct call *k)
{
    const struct http_reply *http = &k->reply->http;
    int64_t skew_ms = 0;
    if (!k->reply->fault.may_be_skew || k->skew_tried ||
        !skew_measure(http_reply_header(http, "date"), http_reply_header(http, "age"), k->sent_ms,
                      k->received_ms, &skew_ms) ||
        !skew_explains(skew_ms, k->signed_with_ms))
        return false;
    k->skew_tried = true;
    k->c->skew_ms = skew_ms;
    return true;
}

static bool cure_expiry(struct call *k)
{
    if (!k->reply->fault.expired || k->refresh_tried)
        return false;
    k->refresh_tried = true;
    chain_expire(k->c->chain);
    return true;
}

static bool cure_region(struct call *k)
{
    struct str used;
    const struct str wanted = buf_str(&k->reply->fault.region);
    if (!k->reply->fault.redirected || k->redirect_tried || wanted.n == 0 ||
        !region_for(k, &used, NULL) || str_eq(used, wanted))
        return false;
    k->redirect_tried = true;
    remember_bucket(k->c, k->request->bucket, wanted);
    return true;
}

/* True when another attempt should be made now; has waited if it had to. */
static bool try_again(struct call *k)
{
    const bool answered = k->reply->http.status != 0;
    if (k->reply->http.taken || k->reply->http.take_refused ||
        k->reply->attempts == AWS_ATTEMPTS_MAX)
        return false;
    if (answered && (cure_skew(k) || cure_expiry(k) || cure_region(k)))
        return true;
    if (answered && k->reply->fault.redirected)
        return false; /* a wait would not change where the bucket is */
    return k->why.kind == ERR_RETRY &&
           pace_wait(&k->c->world, k->reply->attempts + 1, k->c->deadline_ms);
}

bool aws_call(struct aws_client *c, const struct aws_request *request, struct aws_reply *reply,
              struct err *e)
{
    struct call k = {.c = c, .request = request, .reply = reply};
    bool ok = false;
    reply->attempts = 0;
    do {
        reply->attempts++;
        ok = attempt(&k);
    } while (!ok && try_again(&k));
    if (ok)
        return true;
    if (e)
        *e = k.why;
    if (reply->http.status == 0)
        err_wrap(e, "%s %s", aws_service_name(request->service), request->action);
    return false;
}
