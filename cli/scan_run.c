/* The run: each object is read, inflated, cut and matched; matches are written at once, alerts when
 * all is read. */
#include <stdlib.h>

#include "base/escape.h"
#include "base/timefmt.h"
#include "cli/command.h"
#include "cli/scan.h"
#include "respond/facts.h"
#include "respond/match.h"
#include "respond/render.h"

/* ---- telling -----------------------------------------------------------------------------------
 */

static void note_told(struct scan *s, uint32_t rule)
{
    enum level level = (enum level)s->rules->rules[rule].level;
    s->counts.told++;
    if (!s->worst_told || level > s->worst)
        s->worst = level;
    s->worst_told = true;
}

/* alert_fn: writes one. */
static bool tell_alert(void *to, const struct ruleset *rs, const struct alert *a, struct err *e)
{
    struct scan *s = to;
    struct buf *b = &s->out->pending;
    switch (s->options.format) {
    case FORMAT_JSONL:
        alert_put_json(b, rs, a, &limits_none);
        buf_putc(b, '\n');
        break;
    case FORMAT_CSV:
        alert_put_csv(b, rs, a);
        break;
    case FORMAT_TEXT:
        if (s->counts.told)
            buf_putc(b, '\n');
        alert_put_text(b, rs, a, &limits_screen, s->options.colour);
        break;
    }
    note_told(s, a->rule);
    return output_put(s->out, e);
}

static bool tell_match(struct scan *s, struct event *ev, uint32_t rule, const struct facts *f,
                       struct err *e)
{
    const struct match m = {s->rules, rule, f, facts_output(ev, rule, &s->output_line)};
    struct buf *b = &s->out->pending;
    switch (s->options.format) {
    case FORMAT_JSONL:
        match_put_json(b, &m);
        break;
    case FORMAT_CSV:
        match_put_csv(b, &m);
        break;
    case FORMAT_TEXT:
        match_put_text(b, &m, s->options.colour);
        break;
    }
    note_told(s, rule);
    return output_put(s->out, e);
}

static bool put_head(struct scan *s, struct err *e)
{
    if (s->options.format != FORMAT_CSV)
        return true;
    if (s->options.emit == EMIT_MATCHES)
        match_put_csv_head(&s->out->pending);
    else
        alert_put_csv_head(&s->out->pending);
    return output_put(s->out, e);
}

/* ---- one record --------------------------------------------------------------------------------
 */

static bool is_told(const struct scan *s, uint32_t rule)
{
    const struct rs_rule *r = &s->rules->rules[rule];
    return !r->muted && r->level >= s->options.min_level;
}

static bool on_hit(struct scan *s, struct event *ev, uint32_t rule, const struct facts *f,
                   struct err *e)
{
    const struct rs_rule *r = &s->rules->rules[rule];
    unsigned char key[ONCE_KEY_BYTES];
    bool fresh;
    once_key(rs_str(s->rules, r->id), f->evidence, key);
    if (!once_add(s->once, key, &fresh, e))
        return false;
    if (!fresh) {
        s->counts.copies++;
        return true;
    }
    s->counts.hits[r->level]++;
    s->rule_hits[rule]++;
    return s->options.emit == EMIT_MATCHES ? tell_match(s, ev, rule, f, e)
                                           : alerts_add(&s->alerts, ev, rule, f, e);
}

/* Whether the event lies in the time asked for; one that tells no time does. */
static bool in_time(const struct scan *s, struct event *ev)
{
    int64_t ms;
    if (!s->options.has_from && !s->options.has_to)
        return true;
    if (!time_parse(event_core(ev, CORE_TIME), &ms))
        return true;
    return (!s->options.has_from || ms >= s->options.from_ms) &&
           (!s->options.has_to || ms <= s->options.to_ms);
}

/* records_sink.record */
static bool on_record(void *to, struct event *ev, const struct record_place *at, struct err *e)
{
    (void)at;
    struct scan *s = to;
    if (!in_time(s, ev)) {
        s->counts.out_of_time++;
        return true;
    }
    size_t n;
    const uint32_t *hits = event_match(ev, &n);
    struct facts facts;
    bool read = false;
    for (size_t i = 0; i < n; i++) {
        if (!is_told(s, hits[i]))
            continue;
        if (!read)
            facts_read(ev, s->object, &facts);
        read = true;
        if (!on_hit(s, ev, hits[i], &facts, e)) {
            s->ended = true;
            return false;
        }
    }
    return true;
}

/* ---- one object --------------------------------------------------------------------------------
 */

/* "trailwarden: <object>: <sentence>" on standard error. */
static void say(const struct scan *s, const char *sentence)
{
    struct buf line;
    buf_init(&line, 4 * 8192 + ERR_TEXT_MAX);
    buf_putz(&line, "trailwarden: ");
    buf_put_terminal(&line, s->object);
    buf_putz(&line, ": ");
    buf_putz(&line, sentence);
    const char *z = buf_z(&line);
    fprintf(stderr, "%s\n", z ? z : sentence);
    buf_release(&line);
}

/* records_sink.bad */
static void on_bad(void *to, const struct record_place *at, const char *why)
{
    const struct scan *s = to;
    struct err sentence;
    if (s->records.counts.bad > SCAN_BAD_NAMED_MAX)
        return;
    err_set(&sentence, ERR_INPUT, "record %llu at byte %llu skipped: %s",
            (unsigned long long)at->number, (unsigned long long)at->offset, why);
    say(s, sentence.text);
}

static bool take_text(void *to, struct str text, struct err *e)
{
    struct scan *s = to;
    s->counts.text_bytes += text.n;
    return records_take(&s->records, text, e);
}

/* bytes_fn of the port. */
static bool take_piece(void *to, struct str piece, struct err *e)
{
    struct scan *s = to;
    if (interrupted())
        return err_set(e, ERR_SYSTEM, "interrupted");
    s->counts.stored_bytes += piece.n;
    if (s->tick)
        s->tick(s->tick_to, &s->counts);
    return inflate_take(&s->inflate, piece, e);
}

static void count_records(struct scan *s)
{
    const struct records_counts *c = &s->records.counts;
    struct err sentence;
    s->counts.records += c->records;
    s->counts.bad += c->bad;
    s->counts.digests += c->digests;
    if (c->bad <= SCAN_BAD_NAMED_MAX)
        return;
    err_set(&sentence, ERR_INPUT, "%llu more records skipped",
            (unsigned long long)(c->bad - SCAN_BAD_NAMED_MAX));
    say(s, sentence.text);
}

bool scan_object(struct scan *s, const struct port_objects *port, const struct object_ref *ref,
                 struct str name, struct err *e)
{
    s->object = name;
    s->counts.objects++;
    inflate_begin(&s->inflate);
    records_begin(&s->records);
    bool ok = port->read(port->self, ref, take_piece, s, e) && inflate_end(&s->inflate, e) &&
              records_end(&s->records, e);
    count_records(s);
    if (ok)
        return !interrupted() || err_set(e, ERR_SYSTEM, "interrupted");
    if (s->ended || interrupted())
        return false;
    s->counts.failed++;
    say(s, e->text);
    return true;
}

/* ---- the run -----------------------------------------------------------------------------------
 */

bool scan_init(struct scan *s, const struct ruleset *rules, const struct scan_options *options,
               struct output *out, struct err *e)
{
    *s = (struct scan){.rules = rules, .options = *options, .out = out};
    inflate_init(&s->inflate, take_text, s);
    records_init(&s->records, &s->ev, (struct records_sink){s, on_record, on_bad});
    buf_init(&s->output_line, FACTS_OUTPUT_MAX);
    s->once = once_new(ONCE_MEMORY_MAX);
    s->rule_hits = calloc((size_t)rules->n_rules + 1, sizeof *s->rule_hits);
    if (!s->once || !s->rule_hits)
        return err_set(e, ERR_SYSTEM, "no memory to scan");
    if (!event_init(&s->ev, rules, e) ||
        !alerts_init(&s->alerts, rules, SCAN_ALERTS_MAX, tell_alert, s, e))
        return false;
    s->ev.first_match = options->first_match;
    return put_head(s, e);
}

void scan_release(struct scan *s)
{
    alerts_release(&s->alerts);
    event_release(&s->ev);
    records_release(&s->records);
    inflate_release(&s->inflate);
    buf_release(&s->output_line);
    once_free(s->once);
    free(s->rule_hits);
}

bool scan_finish(struct scan *s, struct err *e)
{
    return alerts_flush(&s->alerts, e);
}
