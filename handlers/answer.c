/* Answers. */
#include "handlers/answer.h"

#include "base/escape.h"

static void put_failures(struct buf *b, const struct work *w)
{
    bool first = true;
    buf_putz(b, "{\"batchItemFailures\":[");
    for (size_t i = 0; i < w->groups.n; i++) {
        const struct work_group *g = work_group_at(w, i);
        if (!g->failures)
            continue;
        buf_putz(b, first ? "{\"itemIdentifier\":" : ",{\"itemIdentifier\":");
        buf_put_json(b, g->message_id);
        buf_putc(b, '}');
        first = false;
    }
    buf_putz(b, "]}");
}

static void put_done(struct buf *b, const struct handle_counts *c)
{
    buf_putf(b, "{\"ok\":true,\"objects\":%llu,\"records\":%llu,\"bad\":%llu,",
             (unsigned long long)c->objects, (unsigned long long)c->records,
             (unsigned long long)c->bad);
    buf_putf(b, "\"hits\":%llu,\"alerts\":%llu,\"incidents\":%llu}", (unsigned long long)c->hits,
             (unsigned long long)c->alerts, (unsigned long long)c->incidents);
}

bool answer_work(const struct work *w, const struct handle_counts *c, struct buf *answer,
                 struct err *e)
{
    const struct work_group *whole = work_group_at(w, 0);
    if (whole->failures > 1)
        return err_set(e, whole->kind, "%llu parts of the payload failed; the first: %.*s",
                       (unsigned long long)whole->failures, (int)whole->why.n, whole->why.p);
    if (whole->failures)
        return err_set(e, whole->kind, "%.*s", (int)whole->why.n, whole->why.p);
    if (w->sqs)
        put_failures(answer, w);
    else
        put_done(answer, c);
    return buf_ok(answer, "the answer", e);
}
