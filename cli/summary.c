/* The summary of a run. */
#include <stdio.h>

#include "base/escape.h"
#include "cli/progress.h"
#include "cli/scan.h"

#define RULES_SHOWN_MAX 20 /* the rules with the most hits; a screen has room for them */

static void put_read(struct buf *b, const struct scan_counts *c, int64_t took_ms)
{
    put_count(b, c->objects);
    buf_putz(b, c->objects == 1 ? " file (" : " files (");
    put_bytes(b, c->stored_bytes);
    buf_putz(b, ", ");
    put_bytes(b, c->text_bytes);
    buf_putz(b, " of text), ");
    put_count(b, c->records);
    buf_putf(b, " record%s in %.2f s", c->records == 1 ? "" : "s", (double)took_ms / 1000);
    if (took_ms > 0) {
        buf_putz(b, " (");
        put_bytes(b, (uint64_t)((double)c->text_bytes * 1000 / (double)took_ms));
        buf_putz(b, "/s)");
    }
    buf_putc(b, '\n');
}

/* "1 unreadable file, 2 bad records, ..." */
static void put_unread(struct buf *b, const struct scan *s, size_t rules_refused)
{
    const struct scan_counts *c = &s->counts;
    const struct windows_counts *w = windows_counts(s->windows);
    const struct lineages_counts *l = s->teller ? teller_counts(s->teller) : NULL;
    const struct incidents *x = &s->incidents;
    const struct {
        uint64_t n;
        const char *one, *many;
    } parts[] = {
        {c->failed, "unreadable file", "unreadable files"},
        {c->bad, "bad record", "bad records"},
        {rules_refused, "refused rule", "refused rules"},
        {c->digests, "digest skipped", "digests skipped"},
        {c->no_data, "line without a flow", "lines without a flow"},
        {c->skipped_data, "time of flows that AWS did not record",
         "times of flows that AWS did not record"},
        {c->out_of_time, "record outside --from and --to", "records outside --from and --to"},
        {c->copies, "copy of a match already told", "copies of matches already told"},
        {w->no_key, "hit without a key that a correlation groups by",
         "hits without a key that a correlation groups by"},
        {w->capped, "new value beyond what is remembered", "new values beyond what is remembered"},
        {w->early, "time that alerts were told early, of too many keys",
         "times that alerts were told early, of too many keys"},
        {l ? l->unplaced : x->unplaced, "alert without a known actor, in no incident",
         "alerts without a known actor, in no incident"},
        {l ? l->cut : x->graph.cut + x->seen.cut, "link or event beyond what incidents hold",
         "links or events beyond what incidents hold"},
        {s->reader.ev.counts.regex_limit, "regular expression given up at its limit",
         "regular expressions given up at their limit"},
        {s->reader.ev.counts.values_cut, "record with too many values",
         "records with too many values"},
        {s->reader.ev.counts.scratch_full, "text too large to compare",
         "texts too large to compare"},
    };
    const char *before = "";
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!parts[i].n)
            continue;
        buf_putz(b, before);
        put_count(b, parts[i].n);
        buf_putf(b, " %s", parts[i].n == 1 ? parts[i].one : parts[i].many);
        before = ", ";
    }
    if (*before)
        buf_putc(b, '\n');
}

static void put_levels(struct buf *b, const struct scan *s)
{
    uint64_t all = 0;
    for (size_t i = 0; i < LEVELS; i++)
        all += s->counts.hits[i];
    put_count(b, all);
    buf_putz(b, all == 1 ? " hit" : " hits");
    const char *before = ": ";
    for (size_t i = LEVELS; i-- > 0;) {
        if (!s->counts.hits[i])
            continue;
        buf_putz(b, before);
        put_count(b, s->counts.hits[i]);
        buf_putf(b, " %s", level_name((enum level)i));
        before = ", ";
    }
    if (s->options.emit != EMIT_MATCHES) {
        buf_putz(b, "; ");
        put_count(b, s->counts.told);
        buf_putz(b, s->options.emit == EMIT_ALERTS ? " alert" : " incident");
        buf_putz(b, s->counts.told == 1 ? "" : "s");
    }
    buf_putc(b, '\n');
}

/* The rule with the most hits among those after `last` in (hits, number) order, or RS_NONE. */
static uint32_t next_rule(const struct scan *s, uint32_t last)
{
    uint32_t best = RS_NONE;
    for (uint32_t i = 0; i < s->rules->n_rules; i++) {
        uint64_t n = s->rule_hits[i];
        bool after =
            last == RS_NONE || n < s->rule_hits[last] || (n == s->rule_hits[last] && i > last);
        if (n && after && (best == RS_NONE || n > s->rule_hits[best]))
            best = i;
    }
    return best;
}

static void put_rules(struct buf *b, const struct scan *s)
{
    uint32_t rule = RS_NONE;
    for (size_t i = 0; i < RULES_SHOWN_MAX; i++) {
        rule = next_rule(s, rule);
        if (rule == RS_NONE)
            return;
        const struct rs_rule *r = &s->rules->rules[rule];
        buf_putf(b, "%8llu  %-13s ", (unsigned long long)s->rule_hits[rule],
                 level_name((enum level)r->level));
        buf_put_terminal(b, rs_str(s->rules, r->title));
        buf_putc(b, '\n');
    }
    if (next_rule(s, rule) != RS_NONE)
        buf_putz(b, "          and more rules with fewer hits\n");
}

void scan_summary(const struct scan *s, size_t rules_refused, int64_t took_ms)
{
    struct buf b;
    buf_init(&b, 1u << 20);
    put_read(&b, &s->counts, took_ms);
    put_unread(&b, s, rules_refused);
    put_levels(&b, s);
    put_rules(&b, s);
    struct str text = buf_str(&b);
    fwrite(text.p, 1, text.n, stderr);
    buf_release(&b);
}
