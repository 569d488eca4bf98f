/* trailwarden rules list: the rules that load, one a line. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/output.h"
#include "base/escape.h"
#include "cli/command.h"
#include "cli/rules.h"
#include "respond/because.h"
#include "respond/match.h"
#include "respond/mitre.h"

enum format { FORMAT_TEXT, FORMAT_JSONL, FORMAT_CSV };

/* What was asked for. */
struct listing {
    enum format format;
    bool by_level;
    enum level level;
    const char *tactic; /* NULL: all */
    const struct ruleset *rs;
    const char **types; /* by rule */
};

/* The type of a correlation, of all else "rule". Gives NULL without memory; free it. */
static const char **types_of(const struct ruleset *rs)
{
    const char **types = calloc(rs->n_rules + 1u, sizeof *types);
    for (uint32_t i = 0; types && i < rs->n_rules; i++)
        types[i] = "rule";
    for (uint32_t i = 0; types && i < rs->n_windows; i++)
        if (rs->windows[i].type != WINDOW_TYPE_SINGLE)
            types[rs->windows[i].rule] = because_type(&rs->windows[i]);
    return types;
}

/* The slugs of the rule's tactics, each once; returns how many. */
static size_t tactics_of(const struct ruleset *rs, uint32_t rule,
                         struct str out[MITRE_PER_RULE_MAX])
{
    struct mitre list[MITRE_PER_RULE_MAX];
    size_t n = mitre_of(rs, &rs->rules[rule], list), n_out = 0;
    for (size_t i = 0; i < n; i++) {
        bool again = !str_present(list[i].tactic_slug);
        for (size_t k = 0; k < n_out && !again; k++)
            again = str_eq(out[k], list[i].tactic_slug);
        if (!again)
            out[n_out++] = list[i].tactic_slug;
    }
    return n_out;
}

static void put_tactics(struct buf *b, const struct listing *l, uint32_t rule, bool json)
{
    struct str tactics[MITRE_PER_RULE_MAX];
    size_t n = tactics_of(l->rs, rule, tactics);
    for (size_t i = 0; i < n; i++) {
        buf_putz(b, i ? "," : "");
        if (json)
            buf_put_json(b, tactics[i]);
        else
            buf_put(b, tactics[i]);
    }
    if (!n && !json)
        buf_putc(b, '-');
}

/* {"id",...,"references":[],"type":"rule","tactics":["impact"],"muted":false,"file":"a.yml"} */
static void put_json(struct buf *b, const struct listing *l, uint32_t rule)
{
    rule_put_json(b, l->rs, rule, STR_ABSENT, &limits_none);
    buf_cut(b, b->n ? b->n - 1 : 0);
    buf_putf(b, ",\"type\":\"%s\",\"tactics\":[", l->types[rule]);
    put_tactics(b, l, rule, true);
    buf_putf(b, "],\"muted\":%s,\"file\":", l->rs->rules[rule].muted ? "true" : "false");
    buf_put_json(b, rs_str(l->rs, l->rs->rules[rule].file));
    buf_putz(b, "}\n");
}

static void put_csv(struct buf *b, const struct listing *l, uint32_t rule)
{
    const struct rs_rule *r = &l->rs->rules[rule];
    struct str tactics;
    struct buf joined;
    buf_init(&joined, 4096);
    put_tactics(&joined, l, rule, false);
    tactics = buf_str(&joined);
    buf_putf(b, "%s,%s,", level_name((enum level)r->level), l->types[rule]);
    buf_put_csv(b, str_eqz(tactics, "-") ? S("") : tactics);
    buf_putf(b, ",%s,", r->muted ? "true" : "false");
    buf_put_csv(b, rs_str(l->rs, r->title));
    buf_putc(b, ',');
    buf_put_csv(b, rs_str(l->rs, r->id));
    buf_putc(b, ',');
    buf_put_csv(b, rs_str(l->rs, r->file));
    buf_putz(b, "\r\n");
    buf_release(&joined);
}

static void put_line(struct buf *b, const struct listing *l, uint32_t rule)
{
    const struct rs_rule *r = &l->rs->rules[rule];
    buf_putf(b, "%-13s %-16s ", level_name((enum level)r->level), l->types[rule]);
    put_tactics(b, l, rule, false);
    buf_putz(b, "  ");
    buf_put_terminal(b, rs_str(l->rs, r->title));
    buf_putz(b, "  ");
    buf_put_terminal(b, rs_str(l->rs, r->id));
    buf_putz(b, r->muted ? "  [part of others]\n" : "\n");
}

static bool is_asked(const struct listing *l, uint32_t rule)
{
    struct str tactics[MITRE_PER_RULE_MAX];
    if (l->by_level && l->rs->rules[rule].level != l->level)
        return false;
    if (!l->tactic)
        return true;
    for (size_t i = 0, n = tactics_of(l->rs, rule, tactics); i < n; i++)
        if (str_eqz(tactics[i], l->tactic))
            return true;
    return false;
}

static bool put_all(struct output *to, const struct listing *l, struct err *e)
{
    static void (*const puts[])(struct buf *, const struct listing *, uint32_t) = {
        [FORMAT_TEXT] = put_line, [FORMAT_JSONL] = put_json, [FORMAT_CSV] = put_csv};
    if (l->format == FORMAT_CSV)
        buf_putz(&to->pending, "level,type,tactics,muted,title,id,file\r\n");
    for (uint32_t i = 0; i < l->rs->n_rules; i++) {
        if (!is_asked(l, i))
            continue;
        puts[l->format](&to->pending, l, i);
        if (!output_put(to, e))
            return false;
    }
    return output_commit(to, e);
}

static int list(const struct rules_asked *a, struct listing *l)
{
    struct err e = {0};
    struct loaded rules;
    struct output to = {.fd = -1};
    bool ok = rules_load(&a->rules, a->config, &rules, &e);
    diags_print(stderr, &rules.diags);
    if (ok) {
        l->rs = rules.rules;
        l->types = types_of(l->rs);
        ok = l->types || err_set(&e, ERR_SYSTEM, "no memory for the list");
        ok = ok && output_open(&to, NULL, &e) && put_all(&to, l, &e);
        output_release(&to);
        free(l->types);
    }
    int code = EXIT_DONE;
    if (!ok)
        code = fail(&e);
    else if (diags_count(&rules.diags, DIAG_REFUSED))
        code = EXIT_UNREADABLE;
    loaded_release(&rules);
    return code;
}

/* The words behind the options. */
struct words {
    const char *format, *level, *tactic;
};

static bool understand(const struct words *w, struct listing *l, struct err *e)
{
    static const char *const formats[] = {"text", "jsonl", "csv"};
    struct mitre_walk walk = {0};
    struct mitre_cell cell;
    size_t f = isatty(STDOUT_FILENO) == 1 ? FORMAT_TEXT : FORMAT_JSONL;
    if (w->format)
        for (f = 0; f < sizeof formats / sizeof *formats && strcmp(w->format, formats[f]) != 0;)
            f++;
    if (f == sizeof formats / sizeof *formats)
        return err_set(e, ERR_USAGE, "--format %.40s is not available; there are text, jsonl, csv",
                       w->format);
    *l = (struct listing){.format = (enum format)f, .by_level = w->level, .tactic = w->tactic};
    if (w->level && !level_parse(str_of(w->level), &l->level))
        return err_set(e, ERR_USAGE,
                       "--level %.40s: a level is informational, low, medium, high or critical",
                       w->level);
    while (w->tactic && mitre_next(&walk, &cell))
        if (str_eqz(cell.tactic_slug, w->tactic))
            return true;
    return !w->tactic || err_set(e, ERR_USAGE,
                                 "--tactic %.40s: a tactic is written as ATT&CK writes it in "
                                 "addresses, like defense-evasion",
                                 w->tactic);
}

int rules_list(int argc, char **argv)
{
    struct words w = {0};
    const struct option more[] = {
        {"format", 0, OPTION_TEXT, &w.format, "FORMAT", "text, jsonl or csv"},
        {"level", 0, OPTION_TEXT, &w.level, "LEVEL", "only rules of this level"},
        {"tactic", 0, OPTION_TEXT, &w.tactic, "TACTIC", "only rules of this one: impact, ..."},
    };
    const struct rules_usage usage = {
        .text = "usage: trailwarden rules list [options] [PATH ...]    (default: the shipped "
                "rules)\n",
        .more = more,
        .n_more = sizeof more / sizeof *more,
    };
    struct rules_asked a;
    struct listing l;
    struct err e = {0};
    int code;
    if (rules_asked_read(&a, &usage, argc, argv, &code))
        code = understand(&w, &l, &e) ? list(&a, &l) : fail(&e);
    rules_asked_release(&a);
    return code;
}
