/* Words for alerts. */
#include "respond/render.h"

#include "base/escape.h"
#include "base/timefmt.h"
#include "base/version.h"
#include "respond/because.h"
#include "respond/match.h"
#include "respond/mitre.h"

const struct limits limits_screen = {.evidence = 3, .list = SHOWN_MAX, .value = 1000};

/* ---- a sentence ---- */

static void put_or(struct buf *b, struct str s, size_t max, const char *otherwise)
{
    if (s.n)
        put_text(b, s, max);
    else
        buf_putz(b, otherwise);
}

static void put_count_and_times(struct buf *b, const struct alert *a)
{
    if (a->estimated)
        buf_putz(b, "about ");
    buf_put_u64(b, a->count);
    buf_putz(b, a->count == 1 ? " event" : " events");
    if (!a->timed)
        return;
    buf_putz(b, a->first_ms == a->last_ms ? " at " : " from ");
    time_put(b, a->first_ms);
    if (a->first_ms == a->last_ms)
        return;
    buf_putz(b, " to ");
    time_put(b, a->last_ms);
}

/* "203.0.113.7 (DE, AS64500, Example Networks)", as far as it is known. */
static void put_address(struct buf *b, const struct facts *f, size_t max, const char *otherwise)
{
    const struct geo *w = &f->where;
    const char *before = " (";
    put_or(b, f->ip, max, otherwise);
    if (w->country.n) {
        buf_putz(b, before);
        put_text(b, w->country, max);
        before = ", ";
    }
    if (w->asn) {
        buf_putf(b, "%sAS%lu", before, (unsigned long)w->asn);
        before = ", ";
    }
    if (w->as_org.n) {
        buf_putz(b, before);
        put_text(b, w->as_org, max);
    }
    if (w->country.n || w->asn || w->as_org.n)
        buf_putc(b, ')');
}

/* "arn:... called StopLogging on cloudtrail.amazonaws.com from 203.0.113.7" */
static void put_deed(struct buf *b, const struct facts *f, size_t max)
{
    put_or(b, f->actor, max, "Somebody");
    buf_putz(b, f->error.n ? " tried " : " called ");
    put_or(b, f->name, max, "an unnamed operation");
    buf_putz(b, " on ");
    put_or(b, f->source, max, "an unnamed service");
    buf_putz(b, " from ");
    put_address(b, f, max, "an unknown address");
    if (f->error.n) {
        buf_putz(b, " and was answered ");
        put_text(b, f->error, max);
    }
}

/* What nobody can say any more: who first knew it is gone, and the log object has it. */
static const char unknown[] = "the first event is not at hand; its log object has it";

/* A sentence at its longest: some 40 names of 2 KB, at worst all \xHH; without limits what does not
 * fit is left out. */
#define SENTENCE_MAX (1u << 20)

/* "<deed>: 3 events from ... to ...." or, of a correlation, "<condition>: 3 events from ... to ....
 * It began when <deed>." */
static void put_sentence(struct buf *b, const struct ruleset *rs, const struct alert *a,
                         const struct limits *limits)
{
    size_t max = limits->value;
    bool whole = alert_correlates(a);
    if (whole)
        because_put(b, rs, a->window, limits);
    else if (a->known)
        put_deed(b, &a->first.facts, max);
    else
        put_text(b, rs_str(rs, alert_rule(rs, a)->title), max);
    buf_putz(b, ": ");
    put_count_and_times(b, a);
    if (whole && a->known) {
        buf_putz(b, ". It began when ");
        put_deed(b, &a->first.facts, max);
    } else if (!a->known) {
        buf_putf(b, "; %s", unknown);
    }
    buf_putc(b, '.');
}

/* ---- JSON ---- */

/* Calls fn with each id that is told: the first `kept` and the last `kept`. Returns how many. */
static size_t each_evidence(struct buf *b, const struct alert *a, size_t kept,
                            void (*fn)(struct buf *b, struct str id))
{
    size_t n = a->n_events;
    bool all = kept >= n || n - kept <= kept;
    for (size_t i = 0; i < n; i++)
        if (all || i < kept || n - i <= kept)
            fn(b, a->events[i]);
    return all ? n : 2 * kept;
}

static void put_id_json(struct buf *b, struct str id)
{
    buf_put_json(b, id);
    buf_putc(b, ',');
}

static void put_identity(struct buf *b, const struct facts *f, size_t max)
{
    put_member(b, S("type"), f->user_type, max);
    put_member(b, S("arn"), f->user_arn, max);
    put_member(b, S("principal"), f->principal, max);
    put_member(b, S("account"), f->user_account, max);
    put_member(b, S("name"), f->user_name, max);
    put_member(b, S("access_key"), f->access_key, max);
    put_member(b, S("issuer"), f->issuer, max);
    put_member(b, S("invoked_by"), f->invoked_by, max);
    facts_put_where(b, f, max);
}

static void put_mitre(struct buf *b, const struct ruleset *rs, const struct rs_rule *r)
{
    struct mitre list[MITRE_PER_RULE_MAX];
    size_t n = mitre_of(rs, r, list);
    buf_putz(b, "\"mitre\":[");
    for (size_t i = 0; i < n; i++) {
        buf_putc(b, '{');
        put_member(b, S("tactic"), list[i].tactic, SIZE_MAX);
        put_member(b, S("tactic_name"), list[i].tactic_name, SIZE_MAX);
        put_member(b, S("technique"), list[i].technique, SIZE_MAX);
        put_member(b, S("technique_name"), list[i].technique_name, SIZE_MAX);
        put_close(b, '}');
        buf_putc(b, ',');
    }
    put_close(b, ']');
    buf_putc(b, ',');
}

/* "events":["..."], and "joined" when there is something in it. */
static void put_ids(struct buf *b, const struct alert *a, const struct limits *limits)
{
    buf_putz(b, "\"events\":[");
    each_evidence(b, a, limits->evidence, put_id_json);
    put_close(b, ']');
    buf_putc(b, ',');
    if (a->n_joined == 0)
        return;
    buf_putz(b, "\"joined\":[");
    for (size_t i = 0; i < a->n_joined; i++)
        put_id_json(b, a->joined[i]);
    put_close(b, ']');
    buf_putc(b, ',');
}

static void put_key_and_span(struct buf *b, const struct alert *a, const struct limits *limits)
{
    buf_putz(b, "\"key\":{");
    for (size_t i = 0; i < a->n_keys; i++)
        put_member(b, text_cut(a->key_names[i], limits->value), a->key_values[i], limits->value);
    put_close(b, '}');
    buf_putc(b, ',');
    put_member_time(b, "first", a->timed, a->first_ms);
    put_member_time(b, "last", a->timed, a->last_ms);
    buf_putz(b, "\"count\":");
    buf_put_u64(b, a->count);
    buf_putz(b, a->estimated ? ",\"count_is_estimate\":true," : ",");
    put_ids(b, a, limits);
}

static void put_sentence_member(struct buf *b, const struct ruleset *rs, const struct alert *a,
                                const struct limits *limits)
{
    struct buf sentence;
    buf_init(&sentence, SENTENCE_MAX);
    put_sentence(&sentence, rs, a, limits);
    put_member(b, S("text"), buf_str(&sentence), SIZE_MAX);
    buf_release(&sentence);
}

static void put_correlation(struct buf *b, const struct ruleset *rs, const struct alert *a,
                            const struct limits *limits)
{
    struct buf says;
    if (!alert_correlates(a))
        return;
    buf_init(&says, SENTENCE_MAX);
    because_put(&says, rs, a->window, limits);
    buf_putz(b, "\"correlation\":{");
    put_member(b, S("type"), str_of(because_type(a->window)), SIZE_MAX);
    put_member(b, S("condition"), buf_str(&says), SIZE_MAX);
    buf_putz(b, "\"rules\":");
    because_put_rules(b, rs, a->window, limits);
    buf_putz(b, "},");
    buf_release(&says);
}

/* "identity", "event" and "fields": what is known of the first event. */
static void put_first(struct buf *b, const struct alert *a, const struct limits *limits)
{
    if (!a->known) {
        buf_putz(b, "\"identity\":null,\"event\":null,\"fields\":{},");
        return;
    }
    buf_putz(b, "\"identity\":{");
    put_identity(b, &a->first.facts, limits->value);
    put_close(b, '}');
    buf_putz(b, ",\"event\":");
    event_put_json(b, &a->first.facts, limits);
    buf_putz(b, ",\"fields\":{");
    for (size_t i = 0; i < a->first.n_shown && i < limits->list; i++)
        put_member(b, text_cut(a->first.shown[i].name, limits->value), a->first.shown[i].value,
                   limits->value);
    put_close(b, '}');
    buf_putc(b, ',');
}

void alert_put_json(struct buf *b, const struct ruleset *rs, const struct alert *a,
                    const struct limits *limits)
{
    const struct rs_rule *r = alert_rule(rs, a);
    buf_putz(b, "{\"type\":\"alert\",");
    put_member(b, S("id"), a->id, SIZE_MAX);
    buf_putf(b, "\"updates\":%u,\"rule\":", (unsigned)a->updates);
    rule_put_json(b, rs, a->window->rule, a->first.output, limits);
    buf_putc(b, ',');
    put_key_and_span(b, a, limits);
    put_member(b, S("title"), rs_str(rs, r->title), limits->value);
    put_sentence_member(b, rs, a, limits);
    put_correlation(b, rs, a, limits);
    put_mitre(b, rs, r);
    put_first(b, a, limits);
    put_member(b, S("why"), rs_str(rs, r->description), limits->value);
    put_member(b, S("runbook"), rs_str(rs, r->runbook), limits->value);
    put_member_list(b, "falsepositives", rs, r->falsepositives, limits);
    put_member(b, S("version"), S(TRAILWARDEN_VERSION), SIZE_MAX);
    buf_putz(b, "\"rules\":\"");
    buf_put_hex(b, rs->hash, SHA256_BYTES);
    buf_putz(b, "\"}");
}

/* ---- text ---- */

/* Begins a line "  name      ". */
static void put_label(struct buf *b, const char *name)
{
    buf_putf(b, "  %-9s", name);
}

/* A whole line, when there is something to say. */
static void put_line(struct buf *b, const char *name, struct str value, size_t max)
{
    if (value.n == 0)
        return;
    put_label(b, name);
    put_text(b, value, max);
    buf_putc(b, '\n');
}

/* `before` value `after`, when there is a value. */
static void put_part(struct buf *b, const char *before, struct str value, const char *after,
                     size_t max)
{
    if (value.n == 0)
        return;
    buf_putz(b, before);
    put_text(b, value, max);
    buf_putz(b, after);
}

static void put_who(struct buf *b, const struct facts *f, size_t max)
{
    put_label(b, "who");
    put_or(b, f->actor, max, "unknown");
    put_part(b, ", ", f->user_type, "", max);
    put_part(b, ", key ", f->access_key, "", max);
    put_part(b, ", principal ", f->identity, "", max);
    buf_putc(b, '\n');
}

static void put_what(struct buf *b, const struct facts *f, size_t max)
{
    put_label(b, "what");
    put_or(b, f->name, max, "unknown");
    put_part(b, " on ", f->source, "", max);
    put_part(b, ", answered ", f->error, "", max);
    buf_putc(b, '\n');
}

static void put_from(struct buf *b, const struct facts *f, size_t max)
{
    put_label(b, "from");
    put_address(b, f, max, "unknown");
    put_part(b, ", ", f->user_agent, "", max);
    buf_putc(b, '\n');
    put_label(b, "where");
    buf_putz(b, "account ");
    put_or(b, f->account, max, "unknown");
    put_part(b, ", region ", f->region, "", max);
    buf_putc(b, '\n');
}

static void put_rule(struct buf *b, const struct ruleset *rs, const struct rs_rule *r,
                     const struct limits *limits)
{
    put_label(b, "rule");
    put_text(b, rs_str(rs, r->id), limits->value);
    put_part(b, " by ", rs_str(rs, r->author), "", limits->value);
    buf_putf(b, " (%s)\n", dialect_name((enum dialect)r->dialect));
    put_line(b, "why", str_trim(rs_str(rs, r->description)), limits->value);
    put_line(b, "next", str_trim(rs_str(rs, r->runbook)), limits->value);
    struct mitre list[MITRE_PER_RULE_MAX];
    size_t n = mitre_of(rs, r, list);
    for (size_t i = 0; i < n; i++) {
        put_label(b, i ? "" : "ATT&CK");
        put_part(b, "", list[i].tactic, "", SIZE_MAX);
        put_part(b, " ", list[i].tactic_name, "", SIZE_MAX);
        put_part(b, list[i].tactic.n ? ": " : "", list[i].technique, "", SIZE_MAX);
        put_part(b, " ", list[i].technique_name, "", SIZE_MAX);
        buf_putc(b, '\n');
    }
}

/* Whether the lines above say this value: rules like to name the fields that are told anyway. */
static bool is_said(const struct facts *f, struct str value)
{
    const struct str said[] = {f->actor,       f->access_key, f->user_type, f->identity,
                               f->name,        f->source,     f->error,     f->ip,
                               f->user_agent,  f->account,    f->region,    f->where.country,
                               f->where.as_org};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (str_eq(said[i], value))
            return true;
    return false;
}

static void put_shown(struct buf *b, const struct details *d, const struct limits *limits)
{
    size_t lines = 0;
    size_t left_out = 0;
    for (size_t i = 0; i < d->n_shown; i++) {
        if (is_said(&d->facts, d->shown[i].value))
            continue;
        if (lines == limits->list) {
            left_out++;
            continue;
        }
        put_label(b, lines++ ? "" : "fields");
        put_text(b, d->shown[i].name, limits->value);
        buf_putz(b, " = ");
        put_text(b, d->shown[i].value, limits->value);
        buf_putc(b, '\n');
    }
    if (left_out)
        buf_putf(b, "  %-9s%zu more fields are not shown\n", "", left_out);
}

static void put_id_text(struct buf *b, struct str id)
{
    put_label(b, "");
    put_text(b, id, SIZE_MAX);
    buf_putc(b, '\n');
}

static void put_evidence(struct buf *b, const struct alert *a, const struct limits *limits)
{
    size_t kept = limits->evidence;
    bool all = kept >= a->n_events || a->n_events - kept <= kept;
    size_t early = all && a->n_events ? (a->n_events + 1) / 2 : kept;
    put_label(b, "events");
    if (all && a->count <= a->n_events)
        buf_putf(b, "%zu:\n", a->n_events);
    else
        buf_putf(b, "the first %zu and the last %zu of %s%llu:\n", early,
                 all ? a->n_events - early : kept, a->estimated ? "about " : "",
                 (unsigned long long)a->count);
    each_evidence(b, a, kept, put_id_text);
    if (a->known)
        put_line(b, "object", a->first.facts.object, limits->value);
}

static void put_references(struct buf *b, const struct ruleset *rs, const struct rs_rule *r,
                           const struct limits *limits)
{
    for (uint32_t i = 0; i < r->references.n && i < limits->list; i++)
        put_line(b, i ? "" : "more", rs_list_str(rs, r->references, i), limits->value);
    for (uint32_t i = 0; i < r->falsepositives.n && i < limits->list; i++)
        put_line(b, i ? "" : "unless", rs_list_str(rs, r->falsepositives, i), limits->value);
}

/* "update 2 of an alert told before", and what is new about it. */
static void put_update(struct buf *b, const struct alert *a, const struct limits *limits)
{
    if (a->updates == 0)
        return;
    put_label(b, "update");
    buf_putf(b, "number %u of an alert that was told before: ", (unsigned)a->updates);
    if (a->n_joined)
        buf_putf(b, "%zu other%s turned out to be the same\n", a->n_joined,
                 a->n_joined == 1 ? "" : "s");
    else
        buf_putz(b, "it has grown\n");
    for (size_t i = 0; i < a->n_joined && i < limits->list; i++)
        put_line(b, i ? "" : "joined", a->joined[i], SIZE_MAX);
}

/* What a correlation waited for, and the key under which it found it. */
static void put_because(struct buf *b, const struct ruleset *rs, const struct alert *a,
                        const struct limits *limits)
{
    if (!alert_correlates(a))
        return;
    put_label(b, "because");
    because_put(b, rs, a->window, limits);
    buf_putc(b, '\n');
    for (size_t i = 0; i < a->n_keys; i++) {
        put_label(b, i ? "" : "same");
        put_text(b, a->key_names[i], limits->value);
        buf_putz(b, " = ");
        put_text(b, a->key_values[i], limits->value);
        buf_putc(b, '\n');
    }
}

/* Of a correlation who, what and from are those of its first event. */
static void put_first_lines(struct buf *b, const struct alert *a, const struct limits *limits)
{
    if (!a->known) {
        put_label(b, "first");
        buf_putf(b, "%s\n", unknown);
        for (size_t i = 0; i < a->n_keys && !alert_correlates(a); i++)
            put_line(b, i ? "" : "who", a->key_values[i], limits->value);
        return;
    }
    const struct details *d = &a->first;
    if (alert_correlates(a))
        put_line(b, "first", S("it began with this event:"), SIZE_MAX);
    put_who(b, &d->facts, limits->value);
    put_what(b, &d->facts, limits->value);
    put_from(b, &d->facts, limits->value);
    put_line(b, "output", d->output, limits->value);
    put_shown(b, d, limits);
}

void alert_put_text(struct buf *b, const struct ruleset *rs, const struct alert *a,
                    const struct limits *limits, bool colour)
{
    const struct rs_rule *r = alert_rule(rs, a);
    put_level(b, (enum level)r->level, colour);
    put_part(b, " ", rs_str(rs, r->title), "", limits->value);
    if (a->updates)
        buf_putf(b, " (update %u)", (unsigned)a->updates);
    buf_putc(b, '\n');
    put_update(b, a, limits);
    put_label(b, "when");
    put_count_and_times(b, a);
    buf_putc(b, '\n');
    put_because(b, rs, a, limits);
    put_first_lines(b, a, limits);
    put_rule(b, rs, r, limits);
    put_references(b, rs, r, limits);
    put_evidence(b, a, limits);
    put_label(b, "alert");
    put_text(b, a->id, SIZE_MAX);
    buf_putz(b, " (trailwarden " TRAILWARDEN_VERSION ", rules ");
    buf_put_hex(b, rs->hash, 8); /* the beginning, enough to tell rule sets apart by eye */
    buf_putz(b, ")\n");
}

/* ---- CSV ---- */

void alert_put_csv_head(struct buf *b)
{
    buf_putz(b, "first,last,count,level,rule,title,alert,account,identity,actor,source,name,region,"
                "ip,user_agent,error,event,object,updates,key\r\n");
}

/* ",name=value; name=value" as one cell. */
static void put_key_cell(struct buf *b, const struct alert *a)
{
    struct buf key;
    buf_init(&key, SENTENCE_MAX);
    for (size_t i = 0; i < a->n_keys; i++) {
        if (i)
            buf_putz(&key, "; ");
        buf_put(&key, a->key_names[i]);
        buf_putc(&key, '=');
        buf_put(&key, a->key_values[i]);
    }
    buf_putc(b, ',');
    buf_put_csv(b, buf_str(&key));
    buf_release(&key);
}

void alert_put_csv(struct buf *b, const struct ruleset *rs, const struct alert *a)
{
    const struct rs_rule *r = alert_rule(rs, a);
    const struct facts *f = &a->first.facts;
    const struct str cells[] = {
        str_of(level_name((enum level)r->level)),
        rs_str(rs, r->id),
        rs_str(rs, r->title),
        a->id,
        alert_account(a),
        f->identity,
        f->actor,
        f->source,
        f->name,
        f->region,
        f->ip,
        f->user_agent,
        f->error,
        a->n_events ? a->events[0] : STR_ABSENT,
        f->object,
    };
    if (a->timed)
        time_put(b, a->first_ms);
    buf_putc(b, ',');
    if (a->timed)
        time_put(b, a->last_ms);
    buf_putc(b, ',');
    buf_put_u64(b, a->count);
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        buf_putc(b, ',');
        buf_put_csv(b, cells[i]);
    }
    buf_putf(b, ",%u", (unsigned)a->updates);
    put_key_cell(b, a);
    buf_putz(b, "\r\n");
}

/* ---- messages ---- */

/* Tried from the first to the last until a body fits; the last one always does: its few strings
 * are at most 40 bytes, each byte at most six in JSON and those at most twelve on the wire. */
static const struct limits shorter[] = {
    {SIZE_MAX, SHOWN_MAX, 2048},
    {SIZE_MAX, SHOWN_MAX, 512},
    {50, SHOWN_MAX, 256},
    {20, SHOWN_MAX, 128},
    {10, 10, 80},
    {1, 1, 40},
};
#define SHORTER (sizeof shorter / sizeof *shorter)

static bool render_json(const struct ruleset *rs, const struct alert *a, struct rendered *r)
{
    for (size_t i = 0; i < SHORTER; i++) {
        buf_reset(&r->json);
        alert_put_json(&r->json, rs, a, &shorter[i]);
        if (rendered_json_fits(r))
            return true;
    }
    return false;
}

static bool render_text(const struct ruleset *rs, const struct alert *a, struct rendered *r)
{
    struct buf draft;
    buf_init(&draft, MESSAGE_TEXT_WIRE_MAX);
    bool fits = false;
    for (size_t i = 0; !fits && i < SHORTER; i++) {
        buf_reset(&draft);
        alert_put_text(&draft, rs, a, &shorter[i], false);
        if (i > 0)
            buf_putz(&draft, "\nThis was shortened to fit a message; the log object has it all.\n");
        fits = rendered_take_text(r, &draft);
    }
    buf_release(&draft);
    return fits;
}

/* "[HIGH] CloudTrail logging was stopped - 111122223333 us-east-1", of an update "[HIGH] Update 2:
 * ..."; the title gives way. */
static void render_subject(const struct ruleset *rs, const struct alert *a, struct rendered *r)
{
    const struct rs_rule *rule = alert_rule(rs, a);
    struct str account = alert_account(a), region = a->first.facts.region;
    struct buf tail;
    buf_init(&tail, 64);
    if (account.n) {
        buf_putz(&tail, " - ");
        rendered_put_ascii(&tail, account, 12); /* digits of an account id */
    }
    if (region.n) {
        buf_putc(&tail, ' ');
        rendered_put_ascii(&tail, region, 24); /* "us-isob-northwest-1" has 19 */
    }
    put_level(&r->subject, (enum level)rule->level, false);
    buf_putc(&r->subject, ' ');
    if (a->updates)
        buf_putf(&r->subject, "Update %u: ", (unsigned)a->updates);
    struct str title = rs_str(rs, rule->title);
    rendered_put_ascii(&r->subject, title.n ? title : rs_str(rs, rule->id),
                       MESSAGE_SUBJECT_MAX - tail.n - r->subject.n);
    buf_put(&r->subject, buf_str(&tail));
    buf_release(&tail);
}

static void render_attributes(const struct ruleset *rs, const struct alert *a, struct rendered *r)
{
    const struct rs_rule *rule = alert_rule(rs, a);
    rendered_add(r, "type", S("alert"));
    rendered_add(r, "level", str_of(level_name((enum level)rule->level)));
    rendered_add(r, "rule", rs_str(rs, rule->id));
    rendered_add(r, "account", alert_account(a));
    rendered_add(r, "region", a->first.facts.region);
}

bool alert_message(const struct ruleset *rs, const struct alert *a, struct rendered *r,
                   struct err *e)
{
    rendered_begin(r);
    bool fits = render_json(rs, a, r) && render_text(rs, a, r);
    render_subject(rs, a, r);
    render_attributes(rs, a, r);
    r->message.updates = a->updates;
    r->message.account = alert_account(a);
    return rendered_end(r, fits, a->id, "alert", e);
}
