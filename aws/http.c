/* HTTP by libcurl: one by one on a handle of their own, or side by side in a multi handle, which
 * keeps its connections from one batch to the next. */
#include "aws/http.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "aws/transfer.h"

struct http {
    struct wire wire;
    struct transfer nested[HTTP_NESTED_MAX]; /* of http_send, the outermost first */
    size_t depth;                            /* of them under way */
    CURLM *multi;
    struct lane {
        struct transfer transfer;
        bool busy;
    } lanes[HTTP_LANES];
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

void http_free(struct http *h)
{
    if (!h)
        return;
    http_abandon(h);
    for (size_t i = 0; i < HTTP_NESTED_MAX; i++)
        transfer_release(h->nested + i);
    for (size_t i = 0; i < HTTP_LANES; i++)
        transfer_release(&h->lanes[i].transfer);
    if (h->multi)
        curl_multi_cleanup(h->multi);
    free(h);
}

static bool try_once(struct http *h, struct transfer *t, const struct http_request *request,
                     struct http_reply *reply)
{
    CURLcode code = CURLE_OK;
    h->depth++;
    if (transfer_begin(t, &h->wire, request, reply))
        code = curl_easy_perform(t->curl);
    h->depth--;
    return transfer_end(t, code);
}

bool http_send(struct http *h, const struct http_request *request, struct http_reply *reply,
               struct err *e)
{
    if (h->depth == HTTP_NESTED_MAX)
        return err_set(e, ERR_SYSTEM, "requests are nested too deep");
    struct transfer *t = h->nested + h->depth;
    if (try_once(h, t, request, reply) || (t->again && try_once(h, t, request, reply)))
        return true;
    if (e)
        *e = t->e;
    return false;
}

bool http_start(struct http *h, size_t lane, const struct http_request *request,
                struct http_reply *reply, struct err *e)
{
    struct lane *l = h->lanes + lane;
    if (!h->multi) {
        h->multi = curl_multi_init();
        /* By itself libcurl keeps four for each transfer under way: after a batch, four in all. */
        curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)HTTP_LANES);
    }
    if (transfer_begin(&l->transfer, &h->wire, request, reply)) {
        if (h->multi && curl_multi_add_handle(h->multi, l->transfer.curl) == CURLM_OK)
            return l->busy = true;
        l->transfer.failed = true;
        err_set(&l->transfer.e, ERR_SYSTEM, "libcurl cannot send calls side by side");
    }
    if (transfer_end(&l->transfer, CURLE_OK))
        return false;
    if (e)
        *e = l->transfer.e;
    return false;
}

/* Takes a transfer out of the multi handle; false with e when it has failed. */
static bool leave(struct http *h, struct lane *l, CURLcode code, struct err *e)
{
    curl_multi_remove_handle(h->multi, l->transfer.curl);
    l->busy = false;
    if (transfer_end(&l->transfer, code))
        return true;
    if (e)
        *e = l->transfer.e;
    return false;
}

/* The lane of the next transfer that has ended, or HTTP_LANES. */
static size_t next_ended(struct http *h, CURLcode *code)
{
    const CURLMsg *m;
    int left;
    while ((m = curl_multi_info_read(h->multi, &left))) {
        for (size_t i = 0; m->msg == CURLMSG_DONE && i < HTTP_LANES; i++)
            if (h->lanes[i].busy && h->lanes[i].transfer.curl == m->easy_handle) {
                *code = m->data.result;
                return i;
            }
    }
    return HTTP_LANES;
}

size_t http_wait(struct http *h, int64_t most_ms, bool *ok, struct err *e)
{
    CURLcode code = CURLE_OK;
    int running = 0;
    size_t i = next_ended(h, &code);
    if (i == HTTP_LANES && curl_multi_perform(h->multi, &running) == CURLM_OK)
        i = next_ended(h, &code);
    if (i == HTTP_LANES && running) {
        curl_multi_poll(h->multi, NULL, 0, (int)(most_ms < HTTP_POLL_MS ? most_ms : HTTP_POLL_MS),
                        NULL);
        if (curl_multi_perform(h->multi, &running) == CURLM_OK)
            i = next_ended(h, &code);
    }
    if (i < HTTP_LANES)
        *ok = leave(h, h->lanes + i, code, e);
    return i;
}

void http_abandon(struct http *h)
{
    for (size_t i = 0; i < HTTP_LANES; i++)
        if (h->lanes[i].busy && leave(h, h->lanes + i, CURLE_ABORTED_BY_CALLBACK, NULL))
            continue; /* its answer is of no use to anybody */
}
