/* Answers. */
#include "handlers/answer.h"

#include "base/escape.h"
#include "engine/json.h"

bool answer_unable(struct str action, const char *why, struct err *e)
{
    struct buf name;
    buf_init(&name, ERR_TEXT_MAX / 2);
    buf_put_terminal(&name, action);
    const char *z = buf_z(&name);
    err_set(e, ERR_INPUT, "action \"%s\" %s", z ? z : "(too long)", why);
    buf_release(&name);
    return false;
}

bool answer_self_test(const struct handle_config *cfg, struct buf *answer, struct err *e)
{
    buf_putz(answer, "{\"ok\":true,\"version\":");
    buf_put_json(answer, cfg->version);
    buf_putf(answer, ",\"rules\":%u,\"hash\":\"", cfg->rules->n_rules);
    buf_put_hex(answer, cfg->rules->hash, sizeof cfg->rules->hash);
    buf_putz(answer, "\"}");
    return buf_ok(answer, "the answer", e);
}

/* ---- silence ---- */

#define MINUTES_MAX 10080 /* ROLL_FORGET_MS: what is silent for longer is forgotten */
#define MINUTE_MS   60000

struct silences {
    const struct handle_notes *notes;
    int64_t now_ms;
    unsigned told;
};

/* watch_look's tell; account and region are of letters, digits and dashes. */
static void tell_silence(void *to, const struct watch_silence *s)
{
    struct silences *all = to;
    struct err sentence;
    if (all->told++ >= ANSWER_SILENT_MAX)
        return;
    err_set(&sentence, ERR_NONE, "no log and no digest of account %.*s in %.*s for %lld minutes",
            (int)s->account.n, s->account.p, (int)s->region.n, s->region.p,
            (long long)((all->now_ms - s->last_ms) / MINUTE_MS));
    all->notes->note(all->notes->to, HANDLE_SILENCE, sentence.text);
}

bool answer_watch(struct watch *w, struct str order, int64_t now_ms,
                  const struct handle_notes *notes, struct handle_counts *c, struct buf *answer,
                  struct err *e)
{
    struct silences all = {.notes = notes, .now_ms = now_ms};
    struct watch_counts counts;
    unsigned long long minutes;
    if (!str_u64(json_member(order, S("minutes")), &minutes) || !minutes || minutes > MINUTES_MAX)
        return err_set(e, ERR_INPUT, "action \"watch\" needs \"minutes\", 1 to %d", MINUTES_MAX);
    if (!watch_look(w, now_ms, (int64_t)minutes * MINUTE_MS, tell_silence, &all, &counts, e))
        return false;
    c->watched = counts.watched;
    c->silent = counts.silent;
    buf_putf(answer, "{\"ok\":true,\"watched\":%llu,\"silent\":%llu}",
             (unsigned long long)c->watched, (unsigned long long)c->silent);
    return buf_ok(answer, "the answer", e);
}

/* ---- objects and records ---- */

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

static void put_done(struct buf *b, const struct handle_counts *c, const struct findings *found)
{
    buf_putf(b, "{\"ok\":true,\"objects\":%llu,\"records\":%llu,\"bad\":%llu,",
             (unsigned long long)c->objects, (unsigned long long)c->records,
             (unsigned long long)c->bad);
    buf_putf(b, "\"hits\":%llu,\"alerts\":%llu,\"incidents\":%llu", (unsigned long long)c->hits,
             (unsigned long long)c->alerts, (unsigned long long)c->incidents);
    findings_put(found, b);
    buf_putc(b, '}');
}

bool answer_work(const struct work *w, const struct handle_counts *c, const struct findings *found,
                 struct buf *answer, struct err *e)
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
        put_done(answer, c, found);
    return buf_ok(answer, "the answer", e);
}
