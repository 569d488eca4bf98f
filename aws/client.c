/* The client, and calls one by one or begun ahead. */
#include "aws/call.h"

#include <stdlib.h>

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
    assumed_init(&c->assumed);
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
    assumed_release(&c->assumed);
    chain_free(c->chain);
    http_free(c->http);
    sigv4_cache_wipe(&c->key);
    free(c);
}

void aws_client_set_deadline(struct aws_client *c, int64_t deadline_ms)
{
    c->deadline_ms = deadline_ms;
}

void aws_client_set_trace(struct aws_client *c, struct str trace_id)
{
    bool fit = trace_id.n <= TRACE_HEADER_MAX;
    for (size_t i = 0; fit && i < trace_id.n; i++)
        fit = trace_id.p[i] > ' ' && trace_id.p[i] <= '~';
    c->trace_id = fit ? trace_id : STR_ABSENT;
}

uint64_t aws_client_repeats(const struct aws_client *c)
{
    return c->repeats;
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
    r->unassumed = false;
}

void aws_reply_release(struct aws_reply *r)
{
    http_reply_release(&r->http);
    fault_release(&r->fault);
}

/* The first attempt is over: repeats it while that may help. */
static bool call_on(struct call *k, bool ok, struct err *e)
{
    int64_t wait_ms = 0;
    k->way = SEND_ALONE;
    while (!ok && call_again(k, &wait_ms)) {
        if (wait_ms)
            k->c->world.sleep_ms(k->c->world.self, wait_ms);
        ok = call_send(k) && call_judge(k);
    }
    if (ok)
        return true;
    call_name(k);
    if (e)
        *e = k->why;
    return false;
}

bool aws_call(struct aws_client *c, const struct aws_request *request, struct aws_reply *reply,
              struct err *e)
{
    struct call k = {.c = c, .request = request, .reply = reply};
    reply->attempts = 0;
    return call_on(&k, call_send(&k) && call_judge(&k), e);
}

void aws_begin(struct aws_client *c, size_t slot, const struct aws_request *request,
               struct aws_reply *reply)
{
    struct call *k = c->begun + slot;
    *k = (struct call){.c = c, .request = request, .reply = reply, .way = SEND_AHEAD, .lane = slot};
    reply->attempts = 0;
    if (!call_send(k))
        return; /* k->why tells it in time */
}

static bool end_begun(struct call *k)
{
    if (!k->sent)
        return false;
    if (http_finish(k->c->http, k->lane, &k->why))
        return call_judge(k);
    call_lost(k);
    return false;
}

/* Nothing came, maybe only because others took the time in which it could have. */
static bool has_starved(const struct call *k)
{
    const struct http_reply *http = &k->reply->http;
    return k->sent && k->why.kind == ERR_RETRY && http->status == 0 && !http->taken &&
           !http->take_refused;
}

bool aws_finish(struct aws_client *c, size_t slot, struct err *e)
{
    struct call *k = c->begun + slot;
    bool ok = end_begun(k);
    k->way = SEND_ALONE;
    if (!ok && has_starved(k))
        ok = call_send(k) && call_judge(k);
    return call_on(k, ok, e);
}

void aws_drop(struct aws_client *c, size_t slot)
{
    http_drop(c->http, slot);
}
