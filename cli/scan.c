/* trailwarden scan: options, rules, paths, and the exit code. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/geo.h"
#include "adapters/state.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/scan.h"
#include "cli/scan_threads.h"
#include "cli/words.h"

/* What the command line says, as text. */
struct asked {
    struct vec rules; /* const char * */
    struct logs logs;
    const char *config, *emit, *format, *output, *state, *min_level, *from, *to, *fail_on;
    const char *geoip, *asn, *report, *threads, *source, *flow_format;
    size_t n_threads;
    bool strict, first_match, learn, redact, help;
};

static const char usage_text[] =
    "usage: trailwarden scan [options] PATH|s3://bucket/prefix ...\n\n"
    "Reads logs (folders are walked: .json, .jsonl, .gz) of CloudTrail, VPC flows, Okta, GitHub "
    "and\n"
    "Kubernetes audit and tells what rules "
    "find.\n"
    "Results go to standard output, everything else to standard error.\n\n";

static const char exit_text[] =
    "\nExit: 0 done, 1 something was unreadable or refused, 2 wrong usage, 3 --fail-on found\n"
    "something, 4 failed, 130 interrupted.\n";

static bool read_options(int argc, char **argv, struct asked *a, struct err *e)
{
    const struct option options[] = {
        {"rules", 'r', OPTION_LIST, &a->rules, "PATH", "rule file or folder; repeatable"},
        {"config", 0, OPTION_TEXT, &a->config, "FILE", "placeholders and filters for the rules"},
        {"strict", 0, OPTION_FLAG, &a->strict, NULL, "a refused rule ends the run"},
        {"emit", 0, OPTION_TEXT, &a->emit, "KIND", "matches, alerts (default) or incidents"},
        {"format", 0, OPTION_TEXT, &a->format, "FORMAT",
         "text, jsonl or csv; of incidents also ocsf, asff, attack-flow"},
        {"output", 'o', OPTION_TEXT, &a->output, "FILE", "instead of standard output"},
        {"state", 0, OPTION_TEXT, &a->state, "STATE",
         "what windows remember: memory (default), FILE.db, dynamodb:TABLE"},
        {"learn", 0, OPTION_FLAG, &a->learn, NULL, "fill the state, tell nothing"},
        {"min-level", 0, OPTION_TEXT, &a->min_level, "LEVEL",
         "informational, low (default), medium, high, critical"},
        {"from", 0, OPTION_TEXT, &a->from, "TIME",
         "leave out events before (2026-03-17T14:00:00Z)"},
        {"to", 0, OPTION_TEXT, &a->to, "TIME", "leave out events after"},
        {"source", 0, OPTION_TEXT, &a->source, "NAME",
         "take JSON records for cloudtrail's, okta's, github's or k8s_audit's"},
        {"flow-format", 0, OPTION_TEXT, &a->flow_format, "COLUMNS",
         "of VPC flow logs that have no header line"},
        {"geoip", 0, OPTION_TEXT, &a->geoip, "FILE.mmdb", "which country an address is in"},
        {"asn", 0, OPTION_TEXT, &a->asn, "FILE.mmdb", "which network an address belongs to"},
        {"report", 0, OPTION_TEXT, &a->report, "FILE.html",
         "the incidents' story, as one page; reads the logs twice"},
        {"redact", 0, OPTION_FLAG, &a->redact, NULL,
         "in the report, numbers for names, accounts, keys and addresses"},
        {"threads", 0, OPTION_TEXT, &a->threads, "N", "0 (default): one for each processor"},
        {"first-match", 0, OPTION_FLAG, &a->first_match, NULL,
         "of Falco rules, only the first that holds"},
        {"fail-on", 0, OPTION_TEXT, &a->fail_on, "LEVEL", "exit 3 when something is found"},
        {"help", 'h', OPTION_FLAG, &a->help, NULL, "print this"},
    };
    const size_t n = sizeof options / sizeof *options;
    if (!options_read(options, n, argc, argv, &a->logs.paths, e))
        return false;
    if (a->help) {
        fputs(usage_text, stdout);
        options_help(stdout, options, n);
        fputs(exit_text, stdout);
    } else if (a->logs.paths.n == 0) {
        return err_set(e, ERR_USAGE, "scan needs a path; trailwarden scan --help tells more");
    }
    return true;
}

/* ---- what the options mean ---- */

static bool read_kinds(const struct asked *a, struct scan_options *o, struct err *e)
{
    static const char *const kinds[] = {"matches", "alerts", "incidents"};
    static const char *const formats[] = {"text", "jsonl", "csv", "ocsf", "asff", "attack-flow"};
    size_t kind = EMIT_ALERTS;
    size_t format = FORMAT_JSONL;
    if (!word_choice("emit", a->emit, kinds, 3, &kind, e) ||
        !word_choice("format", a->format, formats, 6, &format, e))
        return false;
    o->emit = (enum scan_emit)kind;
    o->format = (enum scan_format)(format < FORMAT_EXPORT ? format : FORMAT_EXPORT);
    o->export = (enum export_format)(format < FORMAT_EXPORT ? 0 : format - FORMAT_EXPORT);
    if (o->format == FORMAT_EXPORT && o->emit != EMIT_INCIDENTS)
        return err_set(e, ERR_USAGE, "--format %s is of incidents: --emit incidents",
                       formats[format]);
    return true;
}

static bool read_asked(struct asked *a, struct scan_options *o, enum level *fail_on, struct err *e)
{
    *o = (struct scan_options){
        .min_level = LEVEL_LOW, .first_match = a->first_match, .learn = a->learn};
    if (a->learn && (!a->state || str_eqz(str_of(a->state), "memory")))
        return err_set(e, ERR_USAGE, "--learn fills a state that lasts: name one with --state");
    if (a->report && a->learn)
        return err_set(e, ERR_USAGE, "--learn tells nothing, so there is nothing to --report");
    if (a->redact && !a->report)
        return err_set(e, ERR_USAGE, "--redact is of a --report");
    o->report = a->report != NULL;
    o->has_from = a->from != NULL;
    o->has_to = a->to != NULL;
    o->said.has_source = a->source != NULL;
    o->said.flow_format = str_of(a->flow_format);
    if (!read_kinds(a, o, e))
        return false;
    if (a->report && o->emit == EMIT_MATCHES)
        return err_set(e, ERR_USAGE, "--report tells incidents: --emit alerts or incidents");
    return scan_threads_count(a->threads, &a->n_threads, e) &&
           word_source("source", a->source, &o->said.source, e) &&
           word_level("min-level", a->min_level, &o->min_level, e) &&
           word_level("fail-on", a->fail_on, fail_on, e) &&
           word_time("from", a->from, &o->from_ms, e) && word_time("to", a->to, &o->to_ms, e);
}

/* What depends on where results go: people get text, in colours unless NO_COLOR is set. */
static void suit_terminal(const struct asked *a, bool terminal, struct scan_options *o)
{
    if (!a->format && terminal)
        o->format = FORMAT_TEXT;
    o->colour = word_colour(terminal);
}

/* ---- the run ---- */

/* What was found so far is told even when the run was interrupted. */
static int end_run(struct scan *s, bool ok, const struct err *why)
{
    struct err e = {0};
    bool stopped = interrupted();
    bool tell = ok || stopped;
    bool written = tell && scan_finish(s, &e) && output_commit(s->out, &e);
    if (stopped)
        fprintf(stderr, "trailwarden: interrupted; what follows is about what was read so far\n");
    if (tell && !written)
        return fail(&e);
    return stopped ? EXIT_INTERRUPTED : ok ? EXIT_DONE : fail(why);
}

/* What the walk over the logs feeds. */
struct feed {
    struct scan *scan;
    struct scan_threads *threads; /* NULL: this one alone */
};

/* log_taker.object */
static bool take_object(void *to, const struct port_objects *port, const struct object_ref *ref,
                        struct str name, struct err *e)
{
    struct feed *f = to;
    return f->threads ? scan_threads_object(f->threads, port, ref, name, e)
                      : scan_object(f->scan, port, ref, name, e);
}

/* log_taker.fault */
static void count_fault(void *to)
{
    ((struct feed *)to)->scan->counts.failed++;
}

/* Reads all logs. */
static bool read_logs(const struct asked *a, struct scan *s, struct err *e)
{
    struct feed feed = {s, NULL};
    const struct log_taker taker = {&feed, take_object, count_fault};
    bool ok = a->n_threads < 2 || scan_threads_new(s, a->n_threads, &feed.threads, e);
    ok = ok && logs_walk(&a->logs, &taker, e) &&
         (!feed.threads || scan_threads_end(feed.threads, e));
    scan_threads_free(feed.threads);
    return ok;
}

/* The page of what was found. */
static bool tell_stories(const struct asked *a, struct scan *s, struct report *r, struct err *e)
{
    const struct vec *groups = &s->incidents.groups;
    r->redact = a->redact;
    return scan_group(s, e) && report_take(r, &s->incidents, groups->p, groups->n, e) &&
           report_read(r, &a->logs, e) && report_write(r, a->report, e);
}

static int write_report(const struct asked *a, struct scan *s)
{
    struct err e = {0};
    struct report r;
    bool ok = report_init(&r, s->rules, &s->options.said, s->options.geo, &e) &&
              tell_stories(a, s, &r, &e);
    bool stopped = r.stories.stopped;
    report_release(&r);
    return !ok ? fail(&e) : stopped ? EXIT_INTERRUPTED : EXIT_DONE;
}

static int run(const struct asked *a, struct scan *s, const struct loaded *rules)
{
    struct err e = {0};
    struct progress progress;
    progress_init(&progress, isatty(STDERR_FILENO) ? logs_bytes(&a->logs) : 0);
    s->tick = progress_tick;
    s->tick_to = &progress;
    bool ok = read_logs(a, s, &e);
    progress_end(&progress);
    if (ok)
        logs_note_none(s->counts.objects);
    int code = end_run(s, ok, &e);
    if (code == EXIT_DONE && a->report)
        code = write_report(a, s);
    scan_summary(s, diags_count(&rules->diags, DIAG_REFUSED),
                 clock_mono_ms() - progress.started_ms);
    return code;
}

/* The exit code of a run that came to its end. */
static int judge(const struct asked *a, const struct scan *s, const struct loaded *rules,
                 enum level fail_on)
{
    if (a->fail_on && s->worst_told && s->worst >= fail_on)
        return EXIT_FOUND;
    bool unread = s->counts.failed || s->counts.bad || diags_count(&rules->diags, DIAG_REFUSED);
    return unread ? EXIT_UNREADABLE : EXIT_DONE;
}

static int scan_into(const struct asked *a, struct scan_options *options, enum level fail_on,
                     const struct loaded *rules, struct state *state, struct output *out)
{
    struct err e = {0};
    struct scan s;
    struct scan_state remembered = {state_port(state), state_is_durable(state)};
    int code = EXIT_FAILED;
    suit_terminal(a, out->terminal, options);
    if (!scan_init(&s, rules->rules, options, &remembered, out, &e))
        code = fail(&e);
    else
        code = run(a, &s, rules);
    if (code == EXIT_DONE && !state_sweep(state, windows_now_ms(s.windows), &e))
        code = fail(&e);
    if (code == EXIT_DONE)
        code = judge(a, &s, rules, fail_on);
    scan_release(&s);
    return code;
}

static int scan_with(const struct asked *a, struct scan_options *options, enum level fail_on,
                     const struct loaded *rules, struct output *out)
{
    struct err e = {0};
    struct state *state = state_open(a->state, &e);
    int code = state ? scan_into(a, options, fail_on, rules, state, out) : fail(&e);
    state_close(state);
    return code;
}

/* With what is known of addresses. */
static int scan_placed(const struct asked *a, struct scan_options *options, enum level fail_on,
                       const struct loaded *rules, struct output *out)
{
    struct err e = {0};
    struct geo_files *geo;
    int code;
    if (geo_open(a->geoip, a->asn, &geo, &e)) {
        options->geo = geo_port(geo);
        code = scan_with(a, options, fail_on, rules, out);
    } else {
        code = fail(&e);
    }
    geo_close(geo);
    return code;
}

static int load_and_scan(const struct asked *a, struct scan_options *options, enum level fail_on)
{
    struct err e = {0};
    struct loaded rules;
    struct output out = {.fd = -1};
    int code;
    bool loaded = rules_load(&a->rules, a->config, &rules, &e);
    diags_print(stderr, &rules.diags);
    if (!loaded)
        code = fail(&e);
    else if (a->strict && diags_count(&rules.diags, DIAG_REFUSED))
        code = EXIT_USAGE;
    else if (!output_open(&out, a->output, &e))
        code = fail(&e);
    else
        code = scan_placed(a, options, fail_on, &rules, &out);
    output_release(&out);
    loaded_release(&rules);
    return code;
}

int scan_command(int argc, char **argv)
{
    struct err e = {0};
    struct asked a = {0};
    struct scan_options options;
    enum level fail_on = LEVEL_CRITICAL;
    vec_init(&a.rules, sizeof(const char *), ARGUMENTS_MAX);
    logs_init(&a.logs);
    int code = EXIT_DONE;
    if (!read_options(argc, argv, &a, &e)) {
        code = fail(&e);
    } else if (!a.help) {
        logs_sort(&a.logs);
        interrupt_watch();
        code = read_asked(&a, &options, &fail_on, &e) ? load_and_scan(&a, &options, fail_on)
                                                      : fail(&e);
    }
    vec_release(&a.rules);
    logs_release(&a.logs);
    return code;
}
