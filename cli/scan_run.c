/* The run: each object is read, inflated, cut and matched; matches are written at once, alerts and
 * incidents when all is read and the windows are settled. With a state that outlives the run, they
 * are written as they are told: the state must not say told of what could still be lost. */
#include <stdlib.h>

#include "base/escape.h"
#include "base/random.h"
#include "base/timefmt.h"
#include "cli/command.h"
#include "cli/scan.h"
#include "respond/facts.h"
#include "respond/incident_put.h"
#include "respond/match.h"
#include "respond/render.h"

/* ---- telling ---- */

static void note_told(struct scan *s, enum level level)
{
    s->counts.told++;
    if (!s->worst_told || level > s->worst)
        s->worst = level;
    s->worst_told = true;
}

static enum level level_of(const struct scan *s, uint32_t rule)
{
    return (enum level)s->rules->rules[rule].level;
}

static void put_alert(struct scan *s, const struct alert *a)
{
    buf_reset(&s->text);
    switch (s->options.format) {
    case FORMAT_JSONL:
        alert_put_json(&s->text, s->rules, a, &limits_none);
        buf_putc(&s->text, '\n');
        break;
    case FORMAT_CSV:
        alert_put_csv(&s->text, s->rules, a);
        break;
    case FORMAT_TEXT:
        alert_put_text(&s->text, s->rules, a, &limits_screen, s->options.colour);
        break;
    case FORMAT_EXPORT: /* of incidents alone */
        break;
    }
}

/* Writes an alert or an incident. */
static bool write_text(struct scan *s, enum level level, struct str text, struct err *e)
{
    if (s->options.format == FORMAT_TEXT && s->counts.told)
        buf_putc(&s->out->pending, '\n');
    buf_put(&s->out->pending, text);
    note_told(s, level);
    return output_put(s->out, e);
}

/* gathered_fn */
static bool write_alert(void *to, uint32_t rule, struct str text, struct err *e)
{
    struct scan *s = to;
    return write_text(s, level_of(s, rule), text, e);
}

/* Whether the incidents of this run alone are wanted. */
static bool gathers_incidents(const struct scan *s)
{
    return s->options.report || (s->options.emit == EMIT_INCIDENTS && !s->teller);
}

/* windows_calls.tell */
static bool tell_alert(void *to, const struct window_alert *told, struct err *e)
{
    struct scan *s = to;
    struct alert a;
    if (!alerting_make(&s->alerting, told, &a, e))
        return false;
    if (gathers_incidents(s) && !incidents_alert(&s->incidents, &a, e))
        return false;
    if (s->options.emit == EMIT_INCIDENTS)
        return !s->teller || teller_alert(s->teller, &a, e);
    put_alert(s, &a);
    if (!buf_ok(&s->text, "an alert", e))
        return false;
    if (!s->durable)
        return gathered_add(&s->gathered, &a, buf_str(&s->text), e);
    return write_alert(s, a.window->rule, buf_str(&s->text), e) && output_flush(s->out, e);
}

/* windows_calls.describe */
static void describe(void *to, struct event *ev, uint32_t rule, const struct facts *f,
                     struct buf *out)
{
    struct scan *s = to;
    alerting_describe(&s->alerting, ev, rule, f, out);
}

static bool put_export(struct scan *s, const struct incident *i, struct err *e)
{
    buf_reset(&s->json);
    incident_put_json(&s->json, i);
    return buf_ok(&s->json, "an incident", e) &&
           export_put(&s->text, s->options.export, buf_str(&s->json), e);
}

static bool put_incident(struct scan *s, const struct incident *i, struct err *e)
{
    buf_reset(&s->text);
    switch (s->options.format) {
    case FORMAT_JSONL:
        incident_put_json(&s->text, i);
        buf_putc(&s->text, '\n');
        break;
    case FORMAT_CSV:
        incident_put_csv(&s->text, i);
        break;
    case FORMAT_TEXT:
        incident_put_text(&s->text, i, s->options.colour);
        break;
    case FORMAT_EXPORT:
        return put_export(s, i, e);
    }
    return true;
}

static bool tell_incidents(struct scan *s, struct err *e)
{
    struct incident i;
    if (!scan_group(s, e))
        return false;
    incident_init(&i);
    bool ok = true;
    for (size_t k = 0; k < s->incidents.groups.n && ok; k++) {
        const struct incident_group *g = vec_at(&s->incidents.groups, k);
        ok = incident_make(&i, &s->incidents, g, &incident_caps_all, e);
        if (!ok)
            break;
        ok = put_incident(s, &i, e) && buf_ok(&s->text, "an incident", e) &&
             write_text(s, g->level, buf_str(&s->text), e);
    }
    incident_release(&i);
    return ok;
}

/* teller_calls.tell */
static bool tell_incident(void *to, struct incidents *x, const struct incident_group *g,
                          struct err *e)
{
    struct scan *s = to;
    struct incident i;
    incident_init(&i);
    bool ok = incident_make(&i, x, g, &incident_caps_all, e) && put_incident(s, &i, e) &&
              buf_ok(&s->text, "an incident", e) && write_text(s, g->level, buf_str(&s->text), e) &&
              output_flush(s->out, e);
    incident_release(&i);
    return ok;
}

/* windows_calls.told: alerts are only marked as told when their incidents are written. */
static bool told(void *to, struct err *e)
{
    struct scan *s = to;
    return !s->teller || teller_settle(s->teller, e);
}

static bool put_head(struct scan *s, struct err *e)
{
    if (s->options.format != FORMAT_CSV)
        return true;
    switch (s->options.emit) {
    case EMIT_MATCHES:
        match_put_csv_head(&s->out->pending);
        break;
    case EMIT_ALERTS:
        alert_put_csv_head(&s->out->pending);
        break;
    case EMIT_INCIDENTS:
        incident_put_csv_head(&s->out->pending);
        break;
    }
    return output_put(s->out, e);
}

/* ---- one record ---- */

static bool is_told(const struct scan *s, uint32_t rule)
{
    const struct rs_rule *r = &s->rules->rules[rule];
    return !r->muted && r->level >= s->options.min_level;
}

/* Counts a hit that may be told; a copy of an event that was there before counts as such, and is
 * not fresh. */
static bool count_hit(struct scan *s, uint32_t rule, const unsigned char key[ONCE_KEY_BYTES],
                      bool *fresh, struct err *e)
{
    if (!once_add(s->once, key, fresh, e))
        return false;
    s->counts.copies += !*fresh;
    s->counts.hits[s->rules->rules[rule].level] += *fresh;
    s->rule_hits[rule] += *fresh;
    return true;
}

/* Whether matches are told by lines: nothing else of the event is asked for. */
static bool writes_lines(const struct scan *s)
{
    return s->options.emit == EMIT_MATCHES && !gathers_incidents(s) && !s->teller;
}

bool scan_put_lines(const struct scan *s, struct event *ev, struct str object, const uint32_t *hits,
                    size_t n, struct lines_maker *maker, struct buf *out)
{
    struct facts facts;
    facts_read(ev, object, &facts);
    lines_begin(maker);
    for (size_t i = 0; i < n; i++)
        if (is_told(s, hits[i]))
            lines_add(maker, ev, hits[i], &facts);
    return lines_end(maker, &facts, out);
}

bool scan_take_lines(struct scan *s, struct str made, struct err *e)
{
    struct line_hit hit;
    struct str event = lines_event(made);
    for (size_t i = 0; lines_hit(made, i, &hit); i++) {
        bool fresh;
        if (!count_hit(s, hit.rule, hit.key, &fresh, e))
            return false;
        if (!fresh)
            continue;
        if (s->options.format == FORMAT_JSONL)
            line_put(&s->line_heads, &s->out->pending, &hit, event);
        else
            buf_put(&s->out->pending, hit.output);
        note_told(s, level_of(s, hit.rule));
        if (!output_put(s->out, e))
            return false;
    }
    return true;
}

/* Tells the matches of an event; line by line when they are too long together. */
static bool tell_matches(struct scan *s, struct event *ev, const uint32_t *hits, size_t n,
                         struct err *e)
{
    struct buf *made = &s->lines.made;
    buf_reset(made);
    if (scan_put_lines(s, ev, s->object, hits, n, &s->lines, made))
        return buf_ok(made, "matches of a record", e) && scan_take_lines(s, buf_str(made), e);
    bool ok = n > 1 || err_set(e, ERR_LIMIT, "a match is longer than %u bytes", OUTPUT_LINE_MAX);
    for (size_t i = 0; i < n && ok; i++)
        ok = tell_matches(s, ev, hits + i, 1, e);
    return ok;
}

/* Counts what rules hold for that may be told. */
static bool count_hits(struct scan *s, const struct facts *f, const uint32_t *hits, size_t n,
                       struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char key[ONCE_KEY_BYTES];
        bool fresh;
        if (!is_told(s, hits[i]))
            continue;
        once_key(rs_str(s->rules, s->rules->rules[hits[i]].id), f->evidence, key);
        if (!count_hit(s, hits[i], key, &fresh, e))
            return false;
    }
    return true;
}

/* Settles what was gathered, and goes on with an empty memory of events. */
static bool settle(struct scan *s, struct err *e)
{
    s->unsettled = 0;
    if ((s->teller && !teller_link(s->teller, e)) || !windows_settle(s->windows, e) || !told(s, e))
        return false;
    if (s->teller)
        teller_begin(s->teller, &s->delivery);
    return true;
}

/* Takes an event for incidents: of n hits, or one that links. */
static bool see(struct scan *s, struct event *ev, const struct facts *f, const uint32_t *hits,
                size_t n, struct err *e)
{
    if (gathers_incidents(s))
        incidents_see(&s->incidents, ev, f, n > 0);
    if (s->teller) {
        s->unsettled += n > 0;
        return (s->unsettled <= SCAN_HITS_MAX || settle(s, e)) &&
               teller_see(s->teller, ev, f, hits, n, e);
    }
    return true;
}

static bool on_hits(struct scan *s, struct event *ev, const uint32_t *hits, size_t n, struct err *e)
{
    bool matches = s->options.emit == EMIT_MATCHES;
    struct facts facts;
    facts_read(ev, s->object, &facts);
    bool ok = matches ? tell_matches(s, ev, hits, n, e) : count_hits(s, &facts, hits, n, e);
    return ok && see(s, ev, &facts, hits, n, e) &&
           (matches || windows_add(s->windows, ev, &facts, hits, n, e));
}

/* Whether the event lies in the time asked for; one that tells no time does. */
static bool in_time(const struct scan *s, struct event *ev)
{
    int64_t ms;
    if (!s->options.has_from && !s->options.has_to)
        return true;
    if (!event_time(ev, &ms))
        return true;
    return (!s->options.has_from || ms >= s->options.from_ms) &&
           (!s->options.has_to || ms <= s->options.to_ms);
}

enum scan_use scan_judge(const struct scan *s, struct event *ev, const uint32_t **hits, size_t *n)
{
    if (!in_time(s, ev))
        return SCAN_OUT_OF_TIME;
    *hits = event_match(ev, n);
    for (size_t i = 0; i < *n; i++)
        if (is_told(s, (*hits)[i]))
            return writes_lines(s) ? SCAN_LINES : SCAN_HIT;
        else if (!writes_lines(s) && windows_wants(s->windows, (*hits)[i]))
            return SCAN_HIT;
    *n = 0;
    return (gathers_incidents(s) || s->teller) && lineage_links(ev) ? SCAN_LINK : SCAN_NOTHING;
}

bool scan_take(struct scan *s, struct event *ev, enum scan_use use, const uint32_t *hits, size_t n,
               struct err *e)
{
    struct facts facts;
    s->counts.out_of_time += use == SCAN_OUT_OF_TIME;
    if (use == SCAN_LINES)
        return tell_matches(s, ev, hits, n, e);
    if (use == SCAN_HIT)
        return on_hits(s, ev, hits, n, e);
    if (use != SCAN_LINK)
        return true;
    facts_read(ev, s->object, &facts);
    return see(s, ev, &facts, NULL, 0, e);
}

/* object_calls.record */
static bool on_record(void *to, struct event *ev, struct err *e)
{
    const uint32_t *hits = NULL;
    size_t n = 0;
    enum scan_use use = scan_judge(to, ev, &hits, &n);
    return scan_take(to, ev, use, hits, n, e);
}

/* ---- one object ---- */

void scan_say(const struct scan *s, const char *sentence)
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

/* object_calls.bad */
static void on_bad(void *to, const char *sentence)
{
    scan_say(to, sentence);
}

/* object_calls.piece */
static bool on_piece(void *to, size_t bytes, struct err *e)
{
    struct scan *s = to;
    if (interrupted())
        return err_set(e, ERR_SYSTEM, "interrupted");
    s->counts.stored_bytes += bytes;
    if (s->tick)
        s->tick(s->tick_to, &s->counts);
    return true;
}

static void count_records(struct scan *s)
{
    const struct records_counts *c = &s->reader.records.counts;
    s->counts.text_bytes += s->reader.text_bytes;
    s->counts.records += c->records;
    s->counts.bad += c->bad;
    s->counts.digests += c->digests;
    s->counts.no_data += c->no_data;
    s->counts.skipped_data += c->skipped_data;
}

bool scan_object(struct scan *s, const struct port_objects *port, const struct object_ref *ref,
                 struct str name, struct err *e)
{
    s->object = name;
    s->counts.objects++;
    bool ok = object_read(&s->reader, port, ref, e);
    count_records(s);
    if (ok)
        return !interrupted() || err_set(e, ERR_SYSTEM, "interrupted");
    if (s->reader.fault == OBJECT_STOPPED || interrupted())
        return false;
    s->counts.failed++;
    scan_say(s, e->text);
    return true;
}

/* ---- the run ---- */

/* Whether what is known of identities is kept for other runs. */
static bool tells_incidents(const struct scan *s, const struct scan_state *state)
{
    return state->durable && (s->options.emit == EMIT_INCIDENTS || s->options.learn);
}

/* A state that outlives the run may hold what an earlier run left untold: whatever this one touches
 * it tells. */
static bool start_windows(struct scan *s, const struct scan_state *state, struct err *e)
{
    const struct windows_config cfg = {
        .rules = s->rules,
        .min_level = s->options.min_level,
        .mute = s->options.learn,
        .archive = true,
        .whole = !state->durable,
        .deeds = tells_incidents(s, state),
        .entries_max = SCAN_ENTRIES_MAX,
        .elements_max = SCAN_ELEMENTS_MAX,
        .described_max = SCAN_DESCRIBED_MAX,
        .memory_ms = SCAN_MEMORY_MS,
    };
    s->delivery = (struct delivery){.again = true};
    s->windows =
        windows_new(&cfg, &state->port, (struct windows_calls){s, describe, tell_alert, told}, e);
    if (!s->windows || !random_fill(s->delivery.owner, sizeof s->delivery.owner, e))
        return false;
    windows_begin(s->windows, &s->delivery);
    return true;
}

/* What links identities is learned with what else is, and written where incidents are told. */
static bool start_teller(struct scan *s, const struct scan_state *state, struct err *e)
{
    const struct lineages_config cfg = {.rules = s->rules,
                                        .min_level = s->options.min_level,
                                        .archive = true,
                                        .memory_ms = SCAN_MEMORY_MS};
    if (!tells_incidents(s, state))
        return true;
    s->teller = teller_new(&cfg, &state->port, (struct teller_calls){s, tell_incident}, e);
    if (s->teller)
        teller_begin(s->teller, &s->delivery);
    return s->teller;
}

bool scan_init(struct scan *s, const struct ruleset *rules, const struct scan_options *options,
               const struct scan_state *state, struct output *out, struct err *e)
{
    *s = (struct scan){.rules = rules, .options = *options, .out = out, .durable = state->durable};
    lines_maker_init(&s->lines, rules, options->format, options->colour);
    buf_init(&s->text, OUTPUT_LINE_MAX);
    buf_init(&s->json, OUTPUT_LINE_MAX);
    alerting_init(&s->alerting, rules);
    gathered_init(&s->gathered, rules);
    incidents_init(&s->incidents, rules);
    s->once = once_new(ONCE_MEMORY_MAX);
    s->rule_hits = calloc((size_t)rules->n_rules + 1, sizeof *s->rule_hits);
    if (!s->once || !s->rule_hits || !line_heads_init(&s->line_heads, rules))
        return err_set(e, ERR_SYSTEM, "no memory to scan");
    if (!object_reader_init(&s->reader, rules, &options->said,
                            (struct object_calls){s, on_piece, on_record, on_bad}, e) ||
        !start_windows(s, state, e) || !start_teller(s, state, e))
        return false;
    s->reader.ev.first_match = options->first_match;
    if (scan_sifts(options) && !object_reader_sift_flows(&s->reader, e))
        return false;
    event_set_geo(&s->reader.ev, options->geo);
    return put_head(s, e);
}

void scan_release(struct scan *s)
{
    windows_free(s->windows);
    teller_free(s->teller);
    object_reader_release(&s->reader);
    alerting_release(&s->alerting);
    gathered_release(&s->gathered);
    incidents_release(&s->incidents);
    buf_release(&s->text);
    buf_release(&s->json);
    lines_maker_release(&s->lines);
    line_heads_release(&s->line_heads);
    once_free(s->once);
    free(s->rule_hits);
}

bool scan_finish(struct scan *s, struct err *e)
{
    if (!settle(s, e))
        return false;
    if (s->options.emit != EMIT_INCIDENTS)
        return gathered_tell(&s->gathered, write_alert, s, e);
    return s->teller || tell_incidents(s, e);
}

bool scan_group(struct scan *s, struct err *e)
{
    s->grouped = s->grouped || incidents_group(&s->incidents, e);
    return s->grouped;
}
