/* The client, and calls one by one. */
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

bool aws_call(struct aws_client *c, const struct aws_request *request, struct aws_reply *reply,
              struct err *e)
{
    struct call k = {.c = c, .request = request, .reply = reply};
    int64_t wait_ms = 0;
    reply->attempts = 0;
    do {
        if (wait_ms)
            c->world.sleep_ms(c->world.self, wait_ms);
        if (call_send(&k) && call_judge(&k))
            return true;
    } while (call_again(&k, &wait_ms));
    call_name(&k);
    if (e)
        *e = k.why;
    return false;
}
