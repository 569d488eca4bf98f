/* The order of steps. */
#include "handlers/handle.h"

#include <stdlib.h>

#include "base/escape.h"
#include "engine/event.h"
#include "handlers/envelope.h"
#include "handlers/inflate.h"
#include "handlers/records.h"
#include "handlers/told.h"
#include "respond/alert.h"
#include "respond/facts.h"
#include "respond/render.h"

/* "s3://" + bucket + "/" + key, each byte of it escaped at worst. */
#define NAME_MAX_BYTES (4 * (OBJECT_KEY_MAX + 300))

struct handler {
    struct handle_config cfg;
    struct ports ports;
    struct handle_notes notes;
    struct event ev;
    struct records records;
    struct inflate inflate;
    struct alerts alerts;
    struct rendered rendered;
    struct told told;
    struct handle_counts *counts; /* of the present invocation */
    struct buf name;              /* of the present object: as alerts carry it */
    struct buf printed;           /* the same, fit to print */
    bool named;                   /* false: records that came inside the payload */
    bool content_fault;           /* reading ended because of what is in the object */
    bool telling_failed;          /* or because an alert could not be made or published */
};

/* ---- alerts ---- */

/* alert_fn: publishes one. */
static bool publish(void *to, const struct ruleset *rs, const struct alert *a, struct err *e)
{
    struct handler *h = to;
    if (!alert_message(rs, a, &h->rendered, e) ||
        !h->ports.alerts.publish(h->ports.alerts.self, &h->rendered.message, e))
        return false;
    h->counts->alerts++;
    return true;
}

static bool is_told(const struct handler *h, uint32_t rule)
{
    const struct rs_rule *r = &h->cfg.rules->rules[rule];
    return !r->muted && r->level >= h->cfg.min_level;
}

/* ---- records ---- */

/* Adds the hits of rules that tell; an event that was told already adds none. */
static bool add_hits(struct handler *h, struct event *ev, const uint32_t *hits, size_t n,
                     struct err *e)
{
    struct facts facts;
    facts_read(ev, h->named ? buf_str(&h->name) : STR_ABSENT, &facts);
    if (str_present(facts.id) && !told_add(&h->told, facts.id)) {
        h->counts->duplicates++;
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_told(h, hits[i]))
            continue;
        h->counts->hits++;
        if (!alerts_add(&h->alerts, ev, hits[i], &facts, e))
            return false;
    }
    return true;
}

static bool any_told(const struct handler *h, const uint32_t *hits, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_told(h, hits[i]))
            return true;
    return false;
}

/* records_sink.record */
static bool on_record(void *to, struct event *ev, const struct record_place *at, struct err *e)
{
    (void)at;
    struct handler *h = to;
    size_t n;
    const uint32_t *hits = event_match(ev, &n);
    if (!any_told(h, hits, n) || add_hits(h, ev, hits, n, e))
        return true;
    h->telling_failed = true;
    return false;
}

/* records_sink.bad */
static void on_bad(void *to, const struct record_place *at, const char *why)
{
    struct handler *h = to;
    if (h->records.counts.bad > HANDLE_BAD_NAMED_MAX)
        return;
    struct err sentence;
    err_set(&sentence, ERR_INPUT, "%s: record %llu at byte %llu skipped: %s", buf_z(&h->printed),
            (unsigned long long)at->number, (unsigned long long)at->offset, why);
    h->notes.note(h->notes.to, HANDLE_BAD_RECORD, sentence.text);
}

static void count_records(struct handler *h)
{
    const struct records_counts *c = &h->records.counts;
    h->counts->records += c->records;
    h->counts->bad += c->bad;
    h->counts->oversized += c->oversized;
    h->counts->digests += c->digests;
    if (c->bad <= HANDLE_BAD_NAMED_MAX)
        return;
    struct err sentence;
    err_set(&sentence, ERR_INPUT, "%s: %llu more records skipped", buf_z(&h->printed),
            (unsigned long long)(c->bad - HANDLE_BAD_NAMED_MAX));
    h->notes.note(h->notes.to, HANDLE_BAD_RECORD, sentence.text);
}

/* ---- one object ---- */

static bool has_time(const struct handler *h, struct err *e)
{
    if (h->ports.clock.left_ms(h->ports.clock.self) >= HANDLE_MARGIN_MS)
        return true;
    return err_set(e, ERR_RETRY, "the invocation's deadline is near");
}

/* Faults of the content stay: the object will be no better next time. */
static bool is_content(const struct handler *h, const struct err *e)
{
    return !h->telling_failed && (e->kind == ERR_INPUT || e->kind == ERR_LIMIT);
}

/* bytes_fn of the object's port. */
static bool take_piece(void *to, struct str piece, struct err *e)
{
    struct handler *h = to;
    if (!has_time(h, e))
        return false;
    h->counts->bytes += piece.n;
    if (inflate_take(&h->inflate, piece, e))
        return true;
    h->content_fault = is_content(h, e);
    return false;
}

static bool end_object(struct handler *h, struct err *e)
{
    if (inflate_end(&h->inflate, e) && records_end(&h->records, e))
        return true;
    h->content_fault = is_content(h, e);
    return false;
}

/* bytes_fn of the inflater. */
static bool take_text(void *to, struct str text, struct err *e)
{
    return records_take(&((struct handler *)to)->records, text, e);
}

static void name_object(struct handler *h, const struct object_ref *ref)
{
    buf_reset(&h->name);
    if (str_present(ref->bucket)) {
        buf_putz(&h->name, "s3://");
        buf_put(&h->name, ref->bucket);
        buf_putc(&h->name, '/');
    }
    buf_put(&h->name, ref->key);
    buf_reset(&h->printed);
    buf_put_terminal(&h->printed, buf_str(&h->name));
    h->named = true;
}

static void name_inline(struct handler *h)
{
    buf_reset(&h->printed);
    buf_putz(&h->printed, "the payload");
    h->named = false;
}

static bool bucket_allowed(const struct handler *h, struct str bucket)
{
    struct str rest = h->cfg.buckets;
    if (rest.n == 0)
        return true;
    while (str_present(rest))
        if (str_eq(str_trim(str_cut(&rest, ',')), bucket))
            return true;
    return false;
}

static bool read_whole(struct handler *h, const struct object_ref *ref, struct err *e)
{
    if (str_present(ref->bucket) && !bucket_allowed(h, ref->bucket))
        return err_set(e, ERR_DENIED, "its bucket is not among TRAILWARDEN_BUCKETS");
    inflate_begin(&h->inflate);
    records_begin(&h->records);
    bool ok =
        h->ports.objects.read(h->ports.objects.self, ref, take_piece, h, e) && end_object(h, e);
    count_records(h);
    return ok;
}

/* Reading is over, well or with `fault`: tells what is to be told. What is not told now comes again
 * with the object, so the ids remembered go as well. */
static bool settle(struct handler *h, bool ok, struct err *e)
{
    if (ok)
        ok = alerts_flush(&h->alerts, e);
    else if (h->content_fault) {
        struct err why;
        if (!alerts_flush(&h->alerts, &why))
            *e = why; /* the passing fault decides: it must come again */
    }
    if (!ok) {
        alerts_clear(&h->alerts);
        told_clear(&h->told);
    }
    return ok;
}

static void fail(struct handler *h, struct work *w, size_t group, struct err *e)
{
    h->counts->failed++;
    if (!str_starts(str_of(e->text), buf_str(&h->printed))) /* the port may have named it already */
        err_wrap(e, "%s", buf_z(&h->printed));
    work_fail(w, group, e);
    h->notes.note(h->notes.to, HANDLE_FAILED, e->text);
}

static void handle_object(struct handler *h, struct work *w, const struct work_item *item)
{
    struct err e = {0};
    h->counts->objects++;
    h->content_fault = false;
    h->telling_failed = false;
    name_object(h, &item->ref);
    bool ok = has_time(h, &e) && read_whole(h, &item->ref, &e);
    if (!settle(h, ok, &e))
        fail(h, w, item->group, &e);
}

/* ---- records inside the payload ---- */

/* One record; ERR_INPUT when it is none, which is counted here. */
static bool read_inline(struct handler *h, struct str text, struct err *e)
{
    records_begin(&h->records);
    bool ok = records_take(&h->records, text, e) && records_end(&h->records, e);
    if (!ok && e->kind == ERR_INPUT && !h->telling_failed && h->records.counts.bad == 0) {
        h->counts->bad++;
        h->notes.note(h->notes.to, HANDLE_BAD_RECORD, e->text);
    }
    count_records(h);
    return ok;
}

/* The records of one group from item *i on, as if they were one object: a bad one is skipped, a
 * group in which nothing could be read fails. *i moves behind them. */
static void handle_inline(struct handler *h, struct work *w, size_t *i)
{
    size_t group = work_item_at(w, *i)->group;
    struct err e = {0};
    bool any = false;
    bool going = true;
    h->counts->objects++;
    h->content_fault = false;
    h->telling_failed = false;
    name_inline(h);
    for (; *i < w->items.n; ++*i) {
        const struct work_item *item = work_item_at(w, *i);
        if (item->kind != WORK_RECORD || item->group != group)
            break;
        struct err why = {0};
        bool ok = going && has_time(h, &why) && read_inline(h, item->record, &why);
        any = any || ok;
        if (going && !ok)
            e = why;
        going = going && (ok || (why.kind == ERR_INPUT && !h->telling_failed));
    }
    if (!settle(h, any && going, &e))
        fail(h, w, group, &e);
}

/* ---- answers ---- */

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
    buf_putf(b, "\"hits\":%llu,\"alerts\":%llu}", (unsigned long long)c->hits,
             (unsigned long long)c->alerts);
}

static bool act(struct handler *h, struct str action, struct buf *answer, struct err *e)
{
    struct buf name;
    if (!str_eq(action, S("self-test"))) {
        buf_init(&name, ERR_TEXT_MAX / 2);
        buf_put_terminal(&name, action);
        const char *z = buf_z(&name);
        err_set(e, ERR_INPUT, "action \"%s\" is not available in version %.*s",
                z ? z : "(too long)", (int)h->cfg.version.n, h->cfg.version.p);
        buf_release(&name);
        return false;
    }
    buf_putz(answer, "{\"ok\":true,\"version\":");
    buf_put_json(answer, h->cfg.version);
    buf_putf(answer, ",\"rules\":%u,\"hash\":\"", h->cfg.rules->n_rules);
    buf_put_hex(answer, h->cfg.rules->hash, sizeof h->cfg.rules->hash);
    buf_putz(answer, "\"}");
    return buf_ok(answer, "the answer", e);
}

static bool answer_work(const struct handler *h, const struct work *w, struct buf *answer,
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
        put_done(answer, h->counts);
    return buf_ok(answer, "the answer", e);
}

/* Failures that the envelope found are named here, those of objects where they happen. */
static void note_envelope(struct handler *h, const struct work *w)
{
    for (size_t i = 0; i < w->groups.n; i++) {
        const struct work_group *g = work_group_at(w, i);
        struct err sentence;
        if (!g->failures)
            continue;
        err_set(&sentence, g->kind, "%.*s", (int)g->why.n, g->why.p);
        if (str_present(g->message_id)) {
            buf_reset(&h->printed);
            buf_put_terminal(&h->printed, str_slice(g->message_id, 0, 100));
            err_wrap(&sentence, "SQS message %s", buf_z(&h->printed));
        }
        h->counts->failed += g->failures;
        h->notes.note(h->notes.to, HANDLE_FAILED, sentence.text);
    }
}

/* ---- one invocation ---- */

static void handle_items(struct handler *h, struct work *w)
{
    size_t i = 0;
    while (i < w->items.n) {
        const struct work_item *item = work_item_at(w, i);
        if (item->kind == WORK_RECORD)
            handle_inline(h, w, &i);
        else
            handle_object(h, w, work_item_at(w, i++));
    }
}

static void take_event_counts(struct handler *h)
{
    h->counts->regex_limit = h->ev.counts.regex_limit;
    h->counts->values_cut = h->ev.counts.values_cut;
    h->counts->scratch_full = h->ev.counts.scratch_full;
    h->ev.counts = (struct event_counts){0};
}

static bool run_work(struct handler *h, struct work *w, struct str payload, struct buf *answer,
                     struct err *e)
{
    if (!envelope_read(w, payload, e))
        return false;
    h->counts->ignored = w->ignored;
    if (str_present(w->action))
        return act(h, w->action, answer, e);
    note_envelope(h, w);
    handle_items(h, w);
    return answer_work(h, w, answer, e);
}

bool handler_run(struct handler *h, struct str payload, struct buf *answer,
                 struct handle_counts *counts, struct err *e)
{
    struct work w;
    *counts = (struct handle_counts){0};
    h->counts = counts;
    told_clear(&h->told);
    work_init(&w);
    bool ok = run_work(h, &w, payload, answer, e);
    take_event_counts(h);
    work_release(&w);
    return ok;
}

/* ---- life ---- */

struct handler *handler_new(const struct handle_config *cfg, const struct ports *ports,
                            struct handle_notes notes, struct err *e)
{
    struct handler *h = calloc(1, sizeof *h);
    if (!h) {
        err_set(e, ERR_SYSTEM, "no memory for the handler");
        return NULL;
    }
    h->cfg = *cfg;
    h->ports = *ports;
    h->notes = notes;
    buf_init(&h->name, NAME_MAX_BYTES);
    buf_init(&h->printed, NAME_MAX_BYTES);
    rendered_init(&h->rendered);
    inflate_init(&h->inflate, take_text, h);
    records_init(&h->records, &h->ev, (struct records_sink){h, on_record, on_bad});
    if (!event_init(&h->ev, cfg->rules, e) ||
        !alerts_init(&h->alerts, cfg->rules, ALERTS_PER_OBJECT_MAX, publish, h, e)) {
        handler_free(h);
        return NULL;
    }
    return h;
}

void handler_free(struct handler *h)
{
    if (!h)
        return;
    alerts_release(&h->alerts);
    records_release(&h->records);
    inflate_release(&h->inflate);
    event_release(&h->ev);
    rendered_release(&h->rendered);
    told_release(&h->told);
    buf_release(&h->name);
    buf_release(&h->printed);
    free(h);
}
