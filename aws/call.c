/* Retries, skew, refresh, redirects around send.c. */
#include "aws/call.h"

#include "aws/skew.h"

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

/* Whose credentials sign it. */
static bool credentials_for(struct call *k, const struct credentials **out)
{
    struct aws_client *c = k->c;
    const struct aws_request *r = k->request;
    *out = r->with;
    k->reply->unassumed = false;
    if (r->with)
        return true;
    if (!r->as)
        return chain_get(c->chain, c->deadline_ms, out, &k->why);
    k->reply->unassumed = !assumed_get(&c->assumed, c, r->as, out, &k->reply->fault, &k->why);
    return !k->reply->unassumed;
}

void call_lost(struct call *k)
{
    k->reply->http.status = 0; /* whatever came, it was no whole answer */
}

bool call_send(struct call *k)
{
    struct aws_client *c = k->c;
    const struct credentials *credentials = NULL;
    struct send send = {
        .world = &c->world,
        .http = c->http,
        .request = k->request,
        .cache = &c->key,
        .trace_id = c->trace_id,
        .way = k->way,
        .lane = k->lane,
    };
    c->repeats += k->reply->attempts > 0;
    k->reply->attempts++;
    k->reply->http.status = 0;
    k->reply->http.taken = 0;
    k->sent = false;
    if (!credentials_for(k, &credentials) || !region_for(k, &send.region, &k->why))
        return false;
    k->region_n =
        send.region.n < sizeof k->region ? send.region.n : 0; /* longer ones are refused */
    memcpy(k->region, send.region.p, k->region_n);
    send.sign_with = credentials;
    send.skew_ms = c->skew_ms; /* assuming a role may have corrected it */
    send.total_ms = pace_left_ms(&c->world, c->deadline_ms);
    if (send.total_ms == 0)
        return err_set(&k->why, ERR_RETRY, "no time was left for it");
    k->signed_with_ms = c->skew_ms;
    k->sent_ms = c->world.wall_ms(c->world.self);
    k->sent = send_once(&send, &k->reply->http, &k->why);
    if (!k->sent)
        call_lost(k);
    return k->sent;
}

bool call_judge(struct call *k)
{
    const int status = k->reply->http.status;
    k->received_ms = k->c->world.wall_ms(k->c->world.self);
    if (status / 100 == 2)
        return true;
    fault_read(&k->reply->fault, k->request->service, &k->reply->http);
    return fault_explain(&k->reply->fault, k->request->service, k->request->action, status,
                         &k->why);
}

/* The clock was wrong: corrects it, unless another call has since this one was signed. */
static bool cure_skew(struct call *k)
{
    const struct http_reply *http = &k->reply->http;
    int64_t skew_ms = 0;
    if (!k->reply->fault.may_be_skew || k->skew_tried)
        return false;
    if (k->c->skew_ms != k->signed_with_ms)
        return k->skew_tried = true;
    if (!skew_measure(http_reply_header(http, "date"), http_reply_header(http, "age"), k->sent_ms,
                      k->received_ms, &skew_ms) ||
        !skew_explains(skew_ms, k->signed_with_ms))
        return false;
    k->skew_tried = true;
    k->c->skew_ms = skew_ms;
    return true;
}

static bool cure_expiry(struct call *k)
{
    if (!k->reply->fault.expired || k->refresh_tried || k->request->with)
        return false;
    k->refresh_tried = true;
    if (k->request->as)
        assumed_expire(&k->c->assumed, k->request->as);
    else
        chain_expire(k->c->chain);
    return true;
}

static bool cure_region(struct call *k)
{
    const struct str wanted = buf_str(&k->reply->fault.region);
    if (!k->reply->fault.redirected || k->redirect_tried || wanted.n == 0 ||
        str_eq(str_n(k->region, k->region_n), wanted))
        return false;
    k->redirect_tried = true;
    remember_bucket(k->c, k->request->bucket, wanted);
    return true;
}

/* Whether the other side may have acted: it did not answer, or failed in the middle. */
static bool may_be_done(const struct call *k)
{
    return k->reply->http.status == 0 || k->reply->http.status >= 500;
}

bool call_again(struct call *k, int64_t *wait_ms)
{
    const struct aws_client *c = k->c;
    const bool answered = k->reply->http.status != 0;
    *wait_ms = 0;
    if (k->reply->http.taken || k->reply->http.take_refused ||
        k->reply->attempts == AWS_ATTEMPTS_MAX)
        return false;
    if (k->reply->unassumed)
        return false; /* that call has had its own attempts */
    if (answered && (cure_skew(k) || cure_expiry(k) || cure_region(k)))
        return true;
    if (answered && k->reply->fault.redirected)
        return false; /* a wait would not change where the bucket is */
    if (k->why.kind != ERR_RETRY || (k->request->once && may_be_done(k)))
        return false;
    *wait_ms = pace_delay_ms(k->reply->attempts + 1, c->world.random(c->world.self));
    return *wait_ms < pace_left_ms(&c->world, c->deadline_ms);
}

void call_name(struct call *k)
{
    if (k->reply->http.status == 0)
        err_wrap(&k->why, "%s %s", aws_service_name(k->request->service), k->request->action);
}
