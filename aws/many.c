/* Calls side by side. A lane has one call at a time, from its first attempt to its last. */
#include "aws/call.h"

struct flight {
    struct call call; /* call.request is `request` */
    struct aws_request request;
    struct aws_reply reply;
    size_t i;
    enum { IDLE, WAITING, SENT } at;
    int64_t not_before_ms; /* of the steady clock, when WAITING */
};

struct fleet {
    struct aws_client *c;
    const struct aws_many *m;
    struct flight flights[HTTP_LANES];
    size_t next;       /* call that has not been begun */
    size_t busy, sent; /* flights that are not IDLE; that are SENT */
    bool failed;
    struct err why;
};

static int64_t mono(const struct fleet *f)
{
    return f->c->world.mono_ms(f->c->world.self);
}

static void fail(struct fleet *f, const struct err *why)
{
    if (!f->failed)
        f->why = *why;
    f->failed = true;
}

static void go_idle(struct fleet *f, struct flight *l)
{
    l->at = IDLE;
    f->busy--;
}

/* Asks for the call and makes it the lane's. */
static void board(struct fleet *f, struct flight *l, size_t i)
{
    struct err e = {0};
    size_t lane = (size_t)(l - f->flights);
    l->i = i;
    l->request = (struct aws_request){0};
    l->call = (struct call){.c = f->c,
                            .request = &l->request,
                            .reply = &l->reply,
                            .way = SEND_SIDE_BY_SIDE,
                            .lane = lane};
    l->reply.attempts = 0;
    l->not_before_ms = INT64_MIN;
    l->at = WAITING;
    if (f->m->make(f->m->to, i, lane, &l->request, &e))
        return;
    fail(f, &e);
    go_idle(f, l);
}

/* Its last attempt is over. */
static void land(struct fleet *f, struct flight *l, enum err_kind how)
{
    struct err e = {0};
    bool more = false;
    if (!f->m->take(f->m->to, l->i, (size_t)(l - f->flights), &l->reply, how, &more, &e)) {
        fail(f, &e);
        more = false;
    }
    if (more && !f->failed)
        board(f, l, l->i);
    else
        go_idle(f, l);
}

/* An attempt has failed. */
static void miss(struct fleet *f, struct flight *l)
{
    int64_t wait_ms;
    if (l->call.why.kind == ERR_CONFLICT && l->reply.http.status != 0) {
        land(f, l, ERR_CONFLICT);
        return;
    }
    if (!f->failed && call_again(&l->call, &wait_ms)) {
        l->at = WAITING;
        l->not_before_ms = mono(f) + wait_ms;
        return;
    }
    call_name(&l->call);
    fail(f, &l->call.why);
    go_idle(f, l);
}

static void send_ready(struct fleet *f)
{
    int64_t now = mono(f);
    for (size_t i = 0; i < HTTP_LANES; i++) {
        struct flight *l = f->flights + i;
        if (l->at == WAITING && f->failed) {
            go_idle(f, l);
        } else if (l->at == WAITING && l->not_before_ms <= now) {
            if (call_send(&l->call)) {
                l->at = SENT;
                f->sent++;
            } else {
                miss(f, l);
            }
        }
    }
}

static void fill(struct fleet *f)
{
    for (size_t i = 0; i < HTTP_LANES && f->next < f->m->n && !f->failed; i++)
        if (f->flights[i].at == IDLE) {
            f->busy++;
            board(f, f->flights + i, f->next++);
        }
}

/* Milliseconds until a waiting flight may go. */
static int64_t until_ready(const struct fleet *f)
{
    int64_t first = INT64_MAX, now = mono(f);
    for (size_t i = 0; i < HTTP_LANES; i++)
        if (f->flights[i].at == WAITING && f->flights[i].not_before_ms < first)
            first = f->flights[i].not_before_ms;
    return first == INT64_MAX ? HTTP_POLL_MS : first > now ? first - now : 0;
}

static void wait_for_one(struct fleet *f)
{
    bool ok = false;
    struct err e = {0};
    if (f->sent == 0) {
        int64_t ms = until_ready(f);
        if (f->busy && ms)
            f->c->world.sleep_ms(f->c->world.self, ms);
        return;
    }
    size_t lane = http_wait(f->c->http, until_ready(f), &ok, &e);
    if (lane == HTTP_LANES)
        return;
    struct flight *l = f->flights + lane;
    f->sent--;
    if (!ok) {
        l->call.why = e;
        call_lost(&l->call);
        miss(f, l);
    } else if (call_judge(&l->call)) {
        land(f, l, ERR_NONE);
    } else {
        miss(f, l);
    }
}

bool aws_call_many(struct aws_client *c, const struct aws_many *m, struct err *e)
{
    struct fleet f = {.c = c, .m = m};
    for (size_t i = 0; i < HTTP_LANES; i++)
        aws_reply_init(&f.flights[i].reply, m->answer_max);
    do {
        fill(&f);
        send_ready(&f);
        wait_for_one(&f);
    } while (f.busy || (f.next < m->n && !f.failed));
    for (size_t i = 0; i < HTTP_LANES; i++)
        aws_reply_release(&f.flights[i].reply);
    if (f.failed && e)
        *e = f.why;
    return !f.failed;
}
