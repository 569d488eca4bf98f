/* The order of steps. */
#include "handlers/handle.h"

#include <stdlib.h>

#include "base/escape.h"
#include "handlers/alerting.h"
#include "handlers/answer.h"
#include "handlers/containing.h"
#include "handlers/envelope.h"
#include "handlers/findings.h"
#include "handlers/marks.h"
#include "handlers/object.h"
#include "handlers/storytelling.h"
#include "handlers/teller.h"
#include "handlers/watch.h"
#include "handlers/windows.h"
#include "respond/incident_message.h"
#include "respond/render.h"

/* "s3://" + bucket + "/" + key, each byte of it escaped at worst. */
#define NAME_MAX_BYTES (4 * (OBJECT_KEY_MAX + 300))

/* Lambda's longest timeout, for whoever calls without a deadline. */
#define LEASE_LONGEST_MS 900000
/* Beyond the deadline, until nobody can be at it any more: clocks of two workers differ. */
#define LEASE_AFTER_MS 5000
/* Events older than a dead-letter queue keeps a message (14 days) and a day of lateness are told
 * with their object alone (docs/design.md, expiry). */
#define MEMORY_MS 1296000000LL

struct handler {
    struct handle_config cfg;
    struct ports ports;
    struct handle_notes notes;
    struct object_reader reader;
    struct windows *windows;
    struct teller *teller;         /* NULL: no incidents are told */
    struct containing *containing; /* NULL: containment is off */
    struct watch watch;            /* used with cfg.watch */
    struct alerting alerting;
    struct rendered rendered;
    struct delivery delivery; /* owner and lease of the present invocation */
    struct findings findings;
    bool simulated; /* the present object is of a simulation: nobody is contained for it */
    struct handle_counts *counts;
    struct buf name;    /* of the present object: as alerts carry it */
    struct buf printed; /* the same, fit to print */
    bool named;         /* false: records that came inside the payload */
};

static int64_t now_ms(const struct handler *h)
{
    return h->ports.clock.now_ms(h->ports.clock.self);
}

/* Containment, when there is any for the present object. */
static struct containing *containing_of(const struct handler *h)
{
    return h->simulated ? NULL : h->containing;
}

/* ---- alerts and incidents ---- */

/* How long after its last event an alert was published. */
static void count_lag(struct handler *h, const struct window_alert *told)
{
    struct handle_counts *c = h->counts;
    int64_t lag_ms = now_ms(h) - told->last_ms;
    if (!told->timed)
        return;
    if (c->n_lags < HANDLE_LAGS_MAX)
        c->lag_ms[c->n_lags++] = lag_ms;
    else if (c->lag_ms[HANDLE_LAGS_MAX - 1] < lag_ms)
        c->lag_ms[HANDLE_LAGS_MAX - 1] = lag_ms;
}

/* windows_calls.tell: publishes one. */
static bool tell(void *to, const struct window_alert *told, struct err *e)
{
    struct handler *h = to;
    struct alert a;
    if (!alerting_make(&h->alerting, told, &a, e) ||
        !alert_message(h->cfg.rules, &a, &h->rendered, e))
        return false;
    if (containing_of(h))
        containing_alert(h->containing, &a, &h->rendered);
    if (!h->ports.alerts.publish(h->ports.alerts.self, &h->rendered.message, e))
        return false;
    h->counts->alerts++;
    findings_alert(&h->findings, h->cfg.rules, &a);
    count_lag(h, told);
    return !h->teller || teller_alert(h->teller, &a, e);
}

/* windows_calls.told: alerts are out, and marked only when their incidents are out too. Whoever
 * dies in between leaves them unmarked, and they come again under their ids. */
static bool told(void *to, struct err *e)
{
    struct handler *h = to;
    struct containing *c = containing_of(h);
    return (!c || containing_settle(c, e)) && (!h->teller || teller_settle(h->teller, e)) &&
           (!c || containing_follow(c, e));
}

/* teller_calls.tell */
static bool tell_incident(void *to, struct incidents *x, const struct incident_group *g,
                          struct err *e)
{
    struct handler *h = to;
    if (!incident_message(x, g, &h->rendered, e))
        return false;
    if (containing_of(h))
        containing_incident(h->containing, x, &h->rendered);
    if (!h->ports.alerts.publish(h->ports.alerts.self, &h->rendered.message, e))
        return false;
    h->counts->incidents++;
    findings_incident(&h->findings, h->rendered.message.id, h->rendered.message.updates);
    return true;
}

/* windows_calls.describe */
static void describe(void *to, struct event *ev, uint32_t rule, const struct facts *f,
                     struct buf *out)
{
    struct handler *h = to;
    alerting_describe(&h->alerting, ev, rule, f, out);
}

static bool is_told(const struct handler *h, uint32_t rule)
{
    const struct rs_rule *r = &h->cfg.rules->rules[rule];
    return !r->muted && r->level >= h->cfg.min_level;
}

/* What is behind and what is ahead: one object, told apart from a copy of it by the receive count.
 * All objects of an invocation lease under one name: they are read one after the other. */
static void begin_windows(struct handler *h, bool again, bool learn)
{
    struct delivery d = h->delivery;
    d.again = again;
    d.now_ms = now_ms(h);
    d.learn = learn;
    d.told_from_ms = d.now_ms - HANDLE_LEARN_AGE_MS;
    windows_begin(h->windows, &d);
    if (h->teller)
        teller_begin(h->teller, &d);
    if (h->containing)
        containing_begin(h->containing, &d);
}

static void count_windows(struct handler *h)
{
    const struct windows_counts *c = windows_counts(h->windows);
    h->counts->no_key += c->no_key;
    h->counts->stray += c->stray;
    h->counts->capped += c->capped;
    h->counts->conflicts += c->conflicts;
    h->counts->early += c->early;
}

/* Reading is over, well or with `fault`: settles what was read (promise P2: what stands in front of
 * a fault of the content is told). Of an object whose reading broke off for another reason nothing
 * is settled: it comes again whole. */
static bool settle(struct handler *h, bool ok, bool content_fault, struct err *e)
{
    struct err why = {0};
    bool settled = true;
    if (ok || content_fault)
        settled = (!h->teller || teller_link(h->teller, &why)) &&
                  windows_settle(h->windows, &why) && told(h, &why);
    if (!settled)
        *e = why; /* of two faults the passing one decides: it must come again */
    count_windows(h);
    return ok && settled;
}

/* ---- records ---- */

static void count_hit(struct handler *h, uint32_t rule)
{
    if (!is_told(h, rule))
        return;
    h->counts->hits++;
    h->counts->hits_of[h->cfg.rules->rules[rule].level]++;
}

static void note_findings(struct handler *h, const struct facts *f, const uint32_t *hits, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_told(h, hits[i]))
            findings_hit(&h->findings, h->cfg.rules, h->cfg.rules->rules + hits[i], f->evidence);
}

/* object_calls.record */
static bool on_record(void *to, struct event *ev, struct err *e)
{
    struct handler *h = to;
    struct facts facts;
    size_t n, wanted = 0;
    const uint32_t *hits = event_match(ev, &n);
    for (size_t i = 0; i < n; i++) {
        count_hit(h, hits[i]);
        wanted += windows_wants(h->windows, hits[i]);
    }
    bool links = h->teller && lineage_links(ev);
    if (wanted == 0 && !links)
        return true;
    facts_read(ev, h->named ? buf_str(&h->name) : STR_ABSENT, &facts);
    if (h->teller && !teller_see(h->teller, ev, &facts, hits, wanted ? n : 0, e))
        return false;
    if (wanted && containing_of(h) && ev->source == SOURCE_CLOUDTRAIL)
        containing_see(h->containing, ev, &facts);
    if (wanted && h->simulated)
        note_findings(h, &facts, hits, n);
    return wanted == 0 || windows_add(h->windows, ev, &facts, hits, n, e);
}

/* object_calls.bad */
static void on_bad(void *to, const char *text)
{
    struct handler *h = to;
    struct err sentence;
    err_set(&sentence, ERR_INPUT, "%s: %s", buf_z(&h->printed), text);
    h->notes.note(h->notes.to, HANDLE_BAD_RECORD, sentence.text);
}

static void count_records(struct handler *h)
{
    const struct records_counts *c = &h->reader.records.counts;
    h->counts->bytes += h->reader.stored_bytes;
    h->counts->records += c->records;
    h->counts->bad += c->bad;
    h->counts->oversized += c->oversized;
    h->counts->digests += c->digests;
    h->counts->no_data += c->no_data;
    h->counts->skipped_data += c->skipped_data;
}

/* ---- one object ---- */

static bool has_time(const struct handler *h, struct err *e)
{
    if (h->ports.clock.left_ms(h->ports.clock.self) >= HANDLE_MARGIN_MS)
        return true;
    return err_set(e, ERR_RETRY, "the invocation's deadline is near");
}

/* object_calls.piece */
static bool on_piece(void *to, size_t bytes, struct err *e)
{
    (void)bytes;
    return has_time(to, e);
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

/* storytelling.may_read, too */
static bool bucket_allowed(void *to, struct str bucket)
{
    const struct handler *h = to;
    struct str rest = h->cfg.buckets;
    if (rest.n == 0)
        return true;
    while (str_present(rest))
        if (str_eq(str_trim(str_cut(&rest, ',')), bucket))
            return true;
    return false;
}

static void announce(struct handler *h, const struct object_ref *ref)
{
    if (h->ports.objects.announce)
        h->ports.objects.announce(h->ports.objects.self, ref);
}

/* While item i is read and settled, the next object may be on its way. */
static void announce_next(struct handler *h, const struct work *w, size_t i)
{
    const struct work_item *next = NULL;
    while (++i < w->items.n && !next)
        if (work_item_at(w, i)->kind == WORK_OBJECT)
            next = work_item_at(w, i);
    if (next && bucket_allowed(h, next->ref.bucket))
        announce(h, &next->ref);
}

/* Item i, an object. */
static bool read_whole(struct handler *h, const struct work *w, size_t i, struct err *e)
{
    const struct object_ref *ref = &work_item_at(w, i)->ref;
    if (str_present(ref->bucket) && !bucket_allowed(h, ref->bucket))
        return err_set(e, ERR_DENIED, "its bucket is not among TRAILWARDEN_BUCKETS");
    announce_next(h, w, i);
    bool ok = object_read(&h->reader, &h->ports.objects, ref, e);
    count_records(h);
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

/* What was counted since `before`, of the object at hand; key is absent for records inside the
 * payload. */
static void note_done(struct handler *h, const struct handle_counts *before, struct str key)
{
    const struct handle_counts *c = h->counts;
    struct handled_object o = {
        .name = buf_z(&h->printed),
        .bytes = c->bytes - before->bytes,
        .records = c->records - before->records,
        .bad = c->bad - before->bad,
        .hits = c->hits - before->hits,
        .alerts = c->alerts - before->alerts,
    };
    if (!logkey_read(key, &o.at))
        o.at = (struct logkey){0};
    else if (h->cfg.watch && !h->simulated)
        watch_saw(&h->watch, &o.at, now_ms(h));
    if (h->notes.done)
        h->notes.done(h->notes.to, &o);
}

static void handle_object(struct handler *h, struct work *w, size_t i)
{
    struct err e = {0};
    const struct work_item *item = work_item_at(w, i);
    const struct handle_counts before = *h->counts;
    h->counts->objects++;
    h->reader.fault = OBJECT_WHOLE;
    name_object(h, &item->ref);
    h->counts->learned += item->learn;
    h->simulated = item->simulated;
    findings_begin(&h->findings, item->simulated);
    begin_windows(h, work_group_at(w, item->group)->again, item->learn);
    bool ok = has_time(h, &e) && read_whole(h, w, i, &e);
    if (settle(h, ok, h->reader.fault == OBJECT_CONTENT, &e))
        note_done(h, &before, item->ref.key);
    else
        fail(h, w, item->group, &e);
}

/* ---- records inside the payload ---- */

/* One record; ERR_INPUT when it is none, which is counted here. */
static bool read_inline(struct handler *h, struct str text, struct err *e)
{
    bool ok = object_read_text(&h->reader, text, e);
    if (!ok && h->reader.fault == OBJECT_CONTENT && h->reader.records.counts.bad == 0) {
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
    const struct handle_counts before = *h->counts;
    bool any = false;
    bool going = true;
    h->counts->objects++;
    name_inline(h);
    h->simulated = false;
    findings_begin(&h->findings, false);
    begin_windows(h, work_group_at(w, group)->again, false);
    for (; *i < w->items.n; ++*i) {
        const struct work_item *item = work_item_at(w, *i);
        if (item->kind != WORK_RECORD || item->group != group)
            break;
        struct err why = {0};
        h->reader.fault = OBJECT_STOPPED;
        bool ok = going && has_time(h, &why) && read_inline(h, item->record, &why);
        any = any || ok;
        if (going && !ok)
            e = why;
        going = going && (ok || h->reader.fault == OBJECT_CONTENT);
    }
    if (settle(h, any && going, false, &e))
        note_done(h, &before, STR_ABSENT);
    else
        fail(h, w, group, &e);
}

/* ---- orders ---- */

/* Tells an incident of the state as a page. */
static bool tell_story(struct handler *h, const struct work *w, struct buf *answer, struct err *e)
{
    if (!h->teller)
        return answer_unable(w->action, "is not available: there is no TRAILWARDEN_TABLE", e);
    if (!h->ports.reports.put)
        return answer_unable(w->action, "is not available: TRAILWARDEN_REPORTS names no bucket", e);
    const struct storytelling with = {h->cfg.rules, &h->ports, bucket_allowed, h, &h->cfg.said};
    return storytelling_order(h->teller, &with, w->order, answer, e);
}

static bool act(struct handler *h, const struct work *w, struct buf *answer, struct err *e)
{
    if (str_eq(w->action, S("self-test")))
        return answer_self_test(&h->cfg, answer, e);
    if (str_eq(w->action, S("story")))
        return tell_story(h, w, answer, e);
    if (str_eq(w->action, S("compromised")))
        return h->teller
                   ? marks_order(&h->ports.state, w->order, now_ms(h), answer, e)
                   : answer_unable(w->action, "is not available: there is no TRAILWARDEN_TABLE", e);
    if (str_eq(w->action, S("watch")))
        return h->cfg.watch
                   ? answer_watch(&h->watch, w->order, now_ms(h), &h->notes, h->counts, answer, e)
                   : answer_unable(w->action, "is not available: there is no TRAILWARDEN_TABLE", e);
    if (!containing_obeys(w->action))
        return answer_unable(w->action, "is not one that this version knows", e);
    if (!h->containing)
        return answer_unable(w->action, "is not available: containment is off", e);
    return containing_order(h->containing, w->order, answer, e);
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
            handle_object(h, w, i++);
    }
    announce(h, NULL);
}

static void take_event_counts(struct handler *h)
{
    struct event_counts *c = &h->reader.ev.counts;
    h->counts->regex_limit = c->regex_limit;
    h->counts->values_cut = c->values_cut;
    h->counts->scratch_full = c->scratch_full;
    *c = (struct event_counts){0};
}

/* What the teller counts since it is there, less what it had counted before. */
static void take_teller_counts(struct handler *h, const struct lineages_counts *before)
{
    if (!h->teller)
        return;
    const struct lineages_counts *c = teller_counts(h->teller);
    h->counts->unplaced = c->unplaced - before->unplaced;
    h->counts->links_cut = c->cut - before->cut;
    h->counts->conflicts += c->conflicts - before->conflicts;
}

static void take_containing_counts(struct handler *h, const struct contain_counts *before,
                                   uint64_t notices)
{
    if (!h->containing)
        return;
    const struct contain_counts *c = containing_counts(h->containing);
    h->counts->notices = containing_notices(h->containing) - notices;
    h->counts->contained = c->contained - before->contained;
    h->counts->not_contained = c->partly + c->failed - before->partly - before->failed;
}

/* In what time is left: what was contained is looked at again. */
static void check_containment(struct handler *h)
{
    struct delivery d = h->delivery;
    if (!h->containing)
        return;
    d.now_ms = now_ms(h);
    containing_begin(h->containing, &d);
    containing_check(h->containing);
}

/* Digests, too, say that logs come. Nothing is lost when the state does not answer: what is seen
 * stays to be noted. */
static void watch_logs(struct handler *h, const struct work *w)
{
    struct err e;
    for (size_t i = 0; i < w->digests.n; i++) {
        const struct object_ref *ref = vec_at(&w->digests, i);
        struct logkey k;
        if (bucket_allowed(h, ref->bucket) && logkey_read(ref->key, &k))
            watch_saw(&h->watch, &k, now_ms(h));
    }
    if (has_time(h, &e) && !watch_settle(&h->watch, now_ms(h), &e))
        h->notes.note(h->notes.to, HANDLE_SILENCE, e.text);
}

static bool run_work(struct handler *h, struct work *w, struct str payload, struct buf *answer,
                     struct err *e)
{
    w->github_secret = h->cfg.github_secret;
    if (!envelope_read(w, payload, e))
        return false;
    h->counts->ignored = w->ignored;
    if (str_present(w->action))
        return act(h, w, answer, e);
    note_envelope(h, w);
    handle_items(h, w);
    check_containment(h);
    if (h->cfg.watch)
        watch_logs(h, w);
    return answer_work(w, h->counts, &h->findings, answer, e);
}

/* A name that no other invocation leases under, and how long it may: until this one is over. */
static bool begin_delivery(struct handler *h, struct err *e)
{
    int64_t left_ms = h->ports.clock.left_ms(h->ports.clock.self);
    h->delivery = (struct delivery){
        .lease_ms = (left_ms < LEASE_LONGEST_MS ? left_ms : LEASE_LONGEST_MS) + LEASE_AFTER_MS};
    return h->ports.random.fill(h->ports.random.self, h->delivery.owner, sizeof h->delivery.owner,
                                e);
}

bool handler_run(struct handler *h, struct str payload, struct buf *answer,
                 struct handle_counts *counts, struct err *e)
{
    struct work w;
    struct lineages_counts before = {0};
    *counts = (struct handle_counts){0};
    h->counts = counts;
    struct contain_counts contained = {0};
    uint64_t notices = 0;
    if (h->teller)
        before = *teller_counts(h->teller);
    if (h->containing) {
        contained = *containing_counts(h->containing);
        notices = containing_notices(h->containing);
    }
    work_init(&w);
    findings_reset(&h->findings);
    bool ok = begin_delivery(h, e) && run_work(h, &w, payload, answer, e);
    take_event_counts(h);
    take_teller_counts(h, &before);
    take_containing_counts(h, &contained, notices);
    work_release(&w);
    return ok;
}

/* ---- life ---- */

static bool start_windows(struct handler *h, struct err *e)
{
    const struct windows_config cfg = {
        .rules = h->cfg.rules,
        .min_level = h->cfg.min_level,
        .deeds = h->cfg.incidents,
        .entries_max = WINDOWS_ENTRIES_MAX,
        .elements_max = WINDOWS_ELEMENTS_MAX,
        .described_max = WINDOWS_DESCRIBED_MAX,
        .memory_ms = MEMORY_MS,
    };
    h->windows =
        windows_new(&cfg, &h->ports.state, (struct windows_calls){h, describe, tell, told}, e);
    return h->windows;
}

static bool start_teller(struct handler *h, struct err *e)
{
    const struct lineages_config cfg = {
        .rules = h->cfg.rules, .min_level = h->cfg.min_level, .memory_ms = MEMORY_MS};
    if (!h->cfg.incidents)
        return true;
    h->teller = teller_new(&cfg, &h->ports.state, (struct teller_calls){h, tell_incident}, e);
    return h->teller;
}

/* containing_calls */
static bool walk_lineage(void *to, const struct lineage_ask *ask, struct arena *a,
                         struct lineage_walk *out, struct err *e)
{
    struct handler *h = to;
    return teller_walk(h->teller, ask, a, out, e);
}

static bool find_incident(void *to, const unsigned char id[INCIDENT_ID_BYTES], struct arena *a,
                          struct found_incident *found, struct err *e)
{
    struct handler *h = to;
    return teller_find(h->teller, id, a, found, e);
}

static void note_containment(void *to, const char *sentence)
{
    struct handler *h = to;
    h->notes.note(h->notes.to, HANDLE_CONTAINMENT, sentence);
}

static bool start_containing(struct handler *h, struct err *e)
{
    const struct containing_config cfg = {.config = h->cfg.contain,
                                          .mode = h->cfg.containment,
                                          .rules = h->cfg.rules,
                                          .buckets = h->cfg.buckets};
    const struct containing_calls calls = {.to = h,
                                           .walk = h->teller ? walk_lineage : NULL,
                                           .find = h->teller ? find_incident : NULL,
                                           .note = note_containment};
    if (h->cfg.containment == CONTAIN_OFF)
        return true;
    h->containing = containing_new(&cfg, &h->ports, calls, e);
    return h->containing;
}

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
    findings_init(&h->findings);
    alerting_init(&h->alerting, cfg->rules);
    watch_init(&h->watch, &h->ports.state);
    if (!object_reader_init(&h->reader, cfg->rules, &cfg->said,
                            (struct object_calls){h, on_piece, on_record, on_bad}, e) ||
        !object_reader_sift_flows(&h->reader, e) || !start_windows(h, e) || !start_teller(h, e) ||
        !start_containing(h, e)) {
        handler_free(h);
        return NULL;
    }
    event_set_geo(&h->reader.ev, ports->geo);
    return h;
}

void handler_free(struct handler *h)
{
    if (!h)
        return;
    watch_release(&h->watch);
    windows_free(h->windows);
    containing_free(h->containing);
    teller_free(h->teller);
    object_reader_release(&h->reader);
    alerting_release(&h->alerting);
    rendered_release(&h->rendered);
    findings_release(&h->findings);
    buf_release(&h->name);
    buf_release(&h->printed);
    free(h);
}
