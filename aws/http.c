/* HTTP by libcurl. A multi handle drives requests and keeps their connections from one to the next:
 * one for each level of those that go one by one, the outermost of which also drives what was begun
 * ahead; and one for those side by side. */
#include "aws/http.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "aws/transfer.h"

/* What is sent from within a `take` is driven apart: libcurl's callbacks may not drive the handle
 * that called them. */
struct level {
    struct transfer alone; /* of http_send */
    CURLM *multi;
};

struct lane {
    struct transfer transfer;
    bool busy;
};

struct http {
    struct wire wire;
    struct level levels[HTTP_NESTED_MAX]; /* the outermost first */
    size_t depth;                         /* of `take`s that may be under way */
    struct lane ahead[HTTP_AHEAD];
    struct lane lanes[HTTP_LANES];
    CURLM *side; /* of the lanes, which nothing is sent from within */
};

void http_reply_init(struct http_reply *r, size_t body_max)
{
    *r = (struct http_reply){0};
    buf_init(&r->head, HTTP_HEAD_MAX);
    buf_init(&r->body, body_max);
}

void http_reply_release(struct http_reply *r)
{
    if (r->body.p)
        OPENSSL_cleanse(r->body.p, r->body.cap); /* answers of STS and metadata are secrets */
    buf_release(&r->body);
    buf_release(&r->head);
}

struct str http_reply_header(const struct http_reply *r, const char *name)
{
    for (struct str rest = buf_str(&r->head); str_present(rest);) {
        struct str line = str_cut(&rest, '\n');
        const struct str found = str_cut(&line, ':');
        if (str_present(line) && str_eq_fold(found, str_of(name)))
            return str_trim(line);
    }
    return STR_ABSENT;
}

struct http *http_new(const struct aws_world *world, struct err *e)
{
    struct http *h = calloc(1, sizeof *h);
    if (!h) {
        err_set(e, ERR_SYSTEM, "out of memory");
        return NULL;
    }
    h->wire.world = world;
    return h;
}

/* ---- driving ---- */

/* *multi, made when it is not there, drives t from now on; false with t->e. */
static bool join(CURLM **multi, struct transfer *t)
{
    if (!*multi) {
        *multi = curl_multi_init();
        /* By itself libcurl keeps four for each transfer under way: after a batch, four in all. */
        curl_multi_setopt(*multi, CURLMOPT_MAXCONNECTS, (long)HTTP_LANES);
    }
    if (*multi && curl_multi_add_handle(*multi, t->curl) == CURLM_OK) {
        t->multi = *multi;
        return true;
    }
    t->failed = true;
    return err_set(&t->e, ERR_SYSTEM, "libcurl cannot send calls");
}

/* Takes it out again; false with e when it has failed. */
static bool leave(struct transfer *t, CURLcode code, struct err *e)
{
    if (t->multi)
        curl_multi_remove_handle(t->multi, t->curl);
    t->multi = NULL;
    if (transfer_end(t, code))
        return true;
    if (e)
        *e = t->e;
    return false;
}

/* Moves whatever can move at once. */
static bool turn(CURLM *multi)
{
    struct transfer *t = NULL;
    const CURLMsg *m;
    int running, left;
    const bool ok = curl_multi_perform(multi, &running) == CURLM_OK;
    while ((m = curl_multi_info_read(multi, &left))) {
        if (m->msg != CURLMSG_DONE ||
            curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t) != CURLE_OK)
            continue;
        t->ended = true;
        t->code = m->data.result;
    }
    return ok;
}

static bool wait_and_turn(CURLM *multi, int64_t most_ms)
{
    const int ms = (int)(most_ms < HTTP_POLL_MS ? most_ms : HTTP_POLL_MS);
    return curl_multi_poll(multi, NULL, 0, ms, NULL) == CURLM_OK && turn(multi);
}

/* Until t has ended, or failed before. */
static CURLcode drive(struct transfer *t)
{
    bool ok = t->failed || t->ended || turn(t->multi);
    while (ok && !t->failed && !t->ended)
        ok = wait_and_turn(t->multi, HTTP_POLL_MS);
    return t->ended ? t->code : ok ? CURLE_ABORTED_BY_CALLBACK : CURLE_FAILED_INIT;
}

/* ---- life ---- */

/* Breaks off what is under way there. */
static void drop(struct lane *l)
{
    if (l->busy && leave(&l->transfer, CURLE_ABORTED_BY_CALLBACK, NULL))
        return; /* its answer is of no use to anybody */
    l->busy = false;
}

void http_free(struct http *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < HTTP_AHEAD; i++) {
        http_drop(h, i);
        transfer_release(&h->ahead[i].transfer);
    }
    for (size_t i = 0; i < HTTP_LANES; i++) {
        drop(h->lanes + i);
        transfer_release(&h->lanes[i].transfer);
    }
    for (size_t i = 0; i < HTTP_NESTED_MAX; i++) {
        transfer_release(&h->levels[i].alone);
        if (h->levels[i].multi)
            curl_multi_cleanup(h->levels[i].multi);
    }
    if (h->side)
        curl_multi_cleanup(h->side);
    free(h);
}

/* ---- one by one ---- */

static bool try_once(struct http *h, const struct http_request *request, struct http_reply *reply,
                     struct err *e)
{
    struct level *l = h->levels + h->depth;
    struct transfer *t = &l->alone;
    CURLcode code = CURLE_OK;
    h->depth++;
    if (transfer_begin(t, &h->wire, request, reply) && join(&l->multi, t))
        code = drive(t);
    h->depth--;
    return leave(t, code, e);
}

bool http_send(struct http *h, const struct http_request *request, struct http_reply *reply,
               struct err *e)
{
    if (h->depth == HTTP_NESTED_MAX)
        return err_set(e, ERR_SYSTEM, "requests are nested too deep");
    struct err why;
    const struct transfer *t = &h->levels[h->depth].alone;
    if (try_once(h, request, reply, &why) || (t->again && try_once(h, request, reply, &why)))
        return true;
    if (e)
        *e = why;
    return false;
}

/* ---- side by side ---- */

static bool start(struct http *h, CURLM **multi, struct lane *l, const struct http_request *request,
                  struct http_reply *reply, struct err *e)
{
    l->busy = transfer_begin(&l->transfer, &h->wire, request, reply) && join(multi, &l->transfer);
    return l->busy || leave(&l->transfer, CURLE_OK, e);
}

bool http_start(struct http *h, size_t lane, const struct http_request *request,
                struct http_reply *reply, struct err *e)
{
    return start(h, &h->side, h->lanes + lane, request, reply, e);
}

/* The next lane whose transfer has ended, or HTTP_LANES. */
static size_t next_ended(const struct http *h)
{
    size_t i = 0;
    while (i < HTTP_LANES && !(h->lanes[i].busy && h->lanes[i].transfer.ended))
        i++;
    return i;
}

/* What was begun ahead moves on, too; not from within a `take`, which libcurl has called. */
static void turn_ahead(struct http *h)
{
    for (size_t i = 0; i < HTTP_AHEAD; i++)
        if (h->depth == 0 && h->ahead[i].busy && !h->ahead[i].transfer.ended)
            turn(h->levels->multi);
}

size_t http_wait(struct http *h, int64_t most_ms, bool *ok, struct err *e)
{
    size_t i = next_ended(h);
    if (i == HTTP_LANES && turn(h->side))
        i = next_ended(h);
    turn_ahead(h);
    if (i == HTTP_LANES && wait_and_turn(h->side, most_ms))
        i = next_ended(h);
    if (i == HTTP_LANES)
        return i;
    struct lane *l = h->lanes + i;
    l->busy = false;
    *ok = leave(&l->transfer, l->transfer.code, e);
    return i;
}

/* ---- ahead ---- */

bool http_begin(struct http *h, size_t slot, const struct http_request *request,
                struct http_reply *reply, struct err *e)
{
    struct lane *l = h->ahead + slot;
    if (h->depth)
        return err_set(e, ERR_SYSTEM, "nothing can be begun while a body arrives");
    if (!start(h, &h->levels->multi, l, request, reply, e))
        return false;
    transfer_hold(&l->transfer);
    turn(h->levels->multi); /* over a kept connection it is on its way now */
    return true;
}

bool http_finish(struct http *h, size_t slot, struct err *e)
{
    struct lane *l = h->ahead + slot;
    struct transfer *t = &l->transfer;
    h->depth++;
    while (transfer_hand_over(t) && turn(t->multi))
        continue; /* what follows may have arrived meanwhile */
    if (!t->failed)
        transfer_flow(t);
    CURLcode code = drive(t);
    h->depth--;
    l->busy = false;
    return leave(t, code, e);
}

void http_drop(struct http *h, size_t slot)
{
    drop(h->ahead + slot);
}
