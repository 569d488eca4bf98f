/* trailwarden scan: options, rules, paths, and the exit code. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/cloud.h"
#include "adapters/files.h"
#include "adapters/geo.h"
#include "adapters/state.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/scan.h"
#include "cli/words.h"

/* What the command line says, as text. */
struct asked {
    struct vec rules; /* const char * */
    struct vec paths; /* const char *, those in S3 behind the others */
    size_t n_local;
    const char *config, *emit, *format, *output, *state, *min_level, *from, *to, *fail_on;
    const char *geoip, *asn;
    bool strict, first_match, learn, help;
};

static const char usage_text[] =
    "usage: trailwarden scan [options] PATH|s3://bucket/prefix ...\n\n"
    "Reads CloudTrail logs (folders are walked: .json, .json.gz, .jsonl) and tells what rules "
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
        {"format", 0, OPTION_TEXT, &a->format, "FORMAT", "text, jsonl or csv"},
        {"output", 'o', OPTION_TEXT, &a->output, "FILE", "instead of standard output"},
        {"state", 0, OPTION_TEXT, &a->state, "STATE",
         "what windows remember: memory (default), FILE.db, dynamodb:TABLE"},
        {"learn", 0, OPTION_FLAG, &a->learn, NULL, "fill the state, tell nothing"},
        {"min-level", 0, OPTION_TEXT, &a->min_level, "LEVEL",
         "informational, low (default), medium, high, critical"},
        {"from", 0, OPTION_TEXT, &a->from, "TIME",
         "leave out events before (2026-03-17T14:00:00Z)"},
        {"to", 0, OPTION_TEXT, &a->to, "TIME", "leave out events after"},
        {"geoip", 0, OPTION_TEXT, &a->geoip, "FILE.mmdb", "which country an address is in"},
        {"asn", 0, OPTION_TEXT, &a->asn, "FILE.mmdb", "which network an address belongs to"},
        {"first-match", 0, OPTION_FLAG, &a->first_match, NULL,
         "of Falco rules, only the first that holds"},
        {"fail-on", 0, OPTION_TEXT, &a->fail_on, "LEVEL", "exit 3 when something is found"},
        {"help", 'h', OPTION_FLAG, &a->help, NULL, "print this"},
    };
    const size_t n = sizeof options / sizeof *options;
    if (!options_read(options, n, argc, argv, &a->paths, e))
        return false;
    if (a->help) {
        fputs(usage_text, stdout);
        options_help(stdout, options, n);
        fputs(exit_text, stdout);
    } else if (a->paths.n == 0) {
        return err_set(e, ERR_USAGE, "scan needs a path; trailwarden scan --help tells more");
    }
    return true;
}

/* ---- what the options mean ---------------------------------------------------------------------
 */

static bool read_kinds(const struct asked *a, struct scan_options *o, struct err *e)
{
    static const char *const kinds[] = {"matches", "alerts", "incidents"};
    static const char *const formats[] = {"text", "jsonl", "csv"};
    size_t kind = EMIT_ALERTS;
    size_t format = FORMAT_JSONL;
    if (!word_choice("emit", a->emit, kinds, 3, &kind, e) ||
        !word_choice("format", a->format, formats, 3, &format, e))
        return false;
    o->emit = (enum scan_emit)kind;
    o->format = (enum scan_format)format;
    return true;
}

static bool read_asked(const struct asked *a, struct scan_options *o, enum level *fail_on,
                       struct err *e)
{
    *o = (struct scan_options){
        .min_level = LEVEL_LOW, .first_match = a->first_match, .learn = a->learn};
    if (a->learn && (!a->state || str_eqz(str_of(a->state), "memory")))
        return err_set(e, ERR_USAGE, "--learn fills a state that lasts: name one with --state");
    o->has_from = a->from != NULL;
    o->has_to = a->to != NULL;
    return read_kinds(a, o, e) && word_level("min-level", a->min_level, &o->min_level, e) &&
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

/* ---- where the logs are ------------------------------------------------------------------------
 */

static bool is_s3(const char *path)
{
    return str_starts(str_of(path), S("s3://"));
}

/* Puts the paths in S3 behind the local ones, both in the order of their bytes. */
static int by_place(const void *x, const void *y)
{
    const char *a = *(const char *const *)x;
    const char *b = *(const char *const *)y;
    if (is_s3(a) != is_s3(b))
        return is_s3(a) ? 1 : -1;
    return strcmp(a, b);
}

/* Bytes of all local files, for the progress line; what cannot be read is complained about later.
 */
static uint64_t sum_bytes(const struct asked *a)
{
    struct walk *w;
    struct err e;
    struct str path;
    uint64_t bytes;
    uint64_t sum = 0;
    if (!isatty(STDERR_FILENO) || !walk_new(a->paths.p, a->n_local, FILES_LOGS, &w, &e))
        return 0;
    while (!interrupted() && walk_next(w, &path, &bytes, &e) && str_present(path))
        sum += bytes;
    walk_free(w);
    return sum;
}

static bool scan_local(struct scan *s, const struct asked *a, struct err *e)
{
    struct walk *w;
    struct str path;
    uint64_t bytes;
    struct port_objects port = files_port();
    if (a->n_local == 0)
        return true;
    if (!walk_new(a->paths.p, a->n_local, FILES_LOGS, &w, e)) {
        e->kind = e->kind == ERR_MISSING ? ERR_USAGE : e->kind;
        return false;
    }
    bool ok = true;
    while (ok) {
        if (!walk_next(w, &path, &bytes, e)) {
            complain(e); /* one folder; the walk goes on behind it */
            s->counts.failed++;
            continue;
        }
        if (!str_present(path))
            break;
        ok = scan_object(s, &port, &(struct object_ref){.key = path}, path, e);
    }
    walk_free(w);
    return ok;
}

/* One listing of S3: what to do with each object. */
struct listing {
    struct scan *scan;
    struct port_objects port;
    struct str bucket;
    struct buf name;
};

/* s3_object_fn */
static bool scan_listed(void *to, struct str key, uint64_t bytes, struct err *e)
{
    struct listing *l = to;
    if (bytes == 0 || str_ends(key, S("/")))
        return true; /* what consoles make to show a folder */
    buf_reset(&l->name);
    buf_putz(&l->name, "s3://");
    buf_put(&l->name, l->bucket);
    buf_putc(&l->name, '/');
    buf_put(&l->name, key);
    return scan_object(l->scan, &l->port, &(struct object_ref){.bucket = l->bucket, .key = key},
                       buf_str(&l->name), e);
}

static bool scan_s3(struct scan *s, const struct asked *a, struct err *e)
{
    if (a->n_local == a->paths.n)
        return true;
    struct cloud *cloud = cloud_new(e);
    if (!cloud)
        return false;
    struct listing l = {.scan = s, .port = cloud_objects(cloud)};
    buf_init(&l.name, 2048); /* a bucket's 63 bytes and a key's 1,024 */
    bool ok = true;
    for (size_t i = a->n_local; ok && i < a->paths.n; i++) {
        struct str rest = str_skip(str_of(*(const char **)vec_at(&a->paths, i)), 5);
        l.bucket = str_cut(&rest, '/');
        ok = cloud_list(cloud, l.bucket, str_present(rest) ? rest : S(""), scan_listed, &l, e);
    }
    buf_release(&l.name);
    cloud_free(cloud);
    return ok;
}

/* ---- the run -----------------------------------------------------------------------------------
 */

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

static int run(const struct asked *a, struct scan *s, const struct loaded *rules)
{
    struct err e = {0};
    struct progress progress;
    progress_init(&progress, sum_bytes(a));
    s->tick = progress_tick;
    s->tick_to = &progress;
    bool ok = scan_local(s, a, &e) && scan_s3(s, a, &e);
    progress_end(&progress);
    if (ok && s->counts.objects == 0)
        fprintf(stderr, "trailwarden: there is no log file in the paths given\n");
    int code = end_run(s, ok, &e);
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
        complain(&e);
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

/* Sorts the paths, local ones first. */
static void sort_paths(struct asked *a)
{
    qsort(a->paths.p, a->paths.n, a->paths.size, by_place);
    while (a->n_local < a->paths.n && !is_s3(*(const char **)vec_at(&a->paths, a->n_local)))
        a->n_local++;
}

int scan_command(int argc, char **argv)
{
    struct err e = {0};
    struct asked a = {0};
    struct scan_options options;
    enum level fail_on = LEVEL_CRITICAL;
    vec_init(&a.rules, sizeof(const char *), ARGUMENTS_MAX);
    vec_init(&a.paths, sizeof(const char *), ARGUMENTS_MAX);
    int code = EXIT_DONE;
    if (!read_options(argc, argv, &a, &e)) {
        code = fail(&e);
    } else if (!a.help) {
        sort_paths(&a);
        interrupt_watch();
        code = read_asked(&a, &options, &fail_on, &e) ? load_and_scan(&a, &options, fail_on)
                                                      : fail(&e);
    }
    vec_release(&a.rules);
    vec_release(&a.paths);
    return code;
}
