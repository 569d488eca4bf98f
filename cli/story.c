/* trailwarden story: an incident of a state, told step by step from the logs it was found in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/geo.h"
#include "adapters/output.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/response.h"
#include "cli/words.h"
#include "handlers/about.h"
#include "handlers/retelling.h"
#include "respond/story_put.h"

/* Bytes of what is on record of one incident's containment: 400 identities of some KB. */
#define CONTAINMENT_MAX (8u << 20)

enum story_format { STORY_TEXT, STORY_HTML, STORY_JSON };

/* What the command line says. */
struct asked {
    struct vec rules; /* const char * */
    struct logs logs; /* --from */
    struct vec rest;  /* const char *: there may be none */
    const char *incident, *config, *state, *format, *output, *geoip, *asn;
    bool redact, help;
};

static const char usage_text[] =
    "usage: trailwarden story --incident ID [options]\n"
    "       trailwarden story --compromised ARN | --clear ARN [--reason TEXT] [--by NAME]\n\n"
    "Tells an incident that a state remembers: who did what with whose credentials, call by call,\n"
    "from the logs that --from names; without them, what its alerts kept.\n"
    "With --compromised or --clear it notes what you say of an identity, as `identities` does.\n\n";

static bool read_options(int argc, char **argv, struct asked *a, struct err *e)
{
    const struct option options[] = {
        {"incident", 'i', OPTION_TEXT, &a->incident, "ID", "which one; `incidents` lists them"},
        {"from", 0, OPTION_LIST, &a->logs.paths, "PATH",
         "file, folder or s3://bucket/prefix with its logs; repeatable"},
        {"state", 0, OPTION_TEXT, &a->state, "STATE",
         "FILE.db or dynamodb:TABLE; default: TRAILWARDEN_TABLE"},
        {"format", 0, OPTION_TEXT, &a->format, "FORMAT",
         "text, html or json; default: text on a terminal, else html"},
        {"output", 'o', OPTION_TEXT, &a->output, "FILE", "instead of standard output"},
        {"redact", 0, OPTION_FLAG, &a->redact, NULL,
         "names, accounts, keys and addresses by numbers, and no records: for sharing"},
        {"rules", 'r', OPTION_LIST, &a->rules, "PATH", "rules that told it; repeatable"},
        {"config", 0, OPTION_TEXT, &a->config, "FILE", "placeholders and filters for the rules"},
        {"geoip", 0, OPTION_TEXT, &a->geoip, "FILE.mmdb", "which country an address is in"},
        {"asn", 0, OPTION_TEXT, &a->asn, "FILE.mmdb", "which network an address belongs to"},
        {"help", 'h', OPTION_FLAG, &a->help, NULL, "print this"},
    };
    const size_t n = sizeof options / sizeof *options;
    if (!options_read(options, n, argc, argv, &a->rest, e))
        return false;
    if (a->help) {
        fputs(usage_text, stdout);
        options_help(stdout, options, n);
        return true;
    }
    if (a->rest.n)
        return err_set(e, ERR_USAGE, "story takes no %.80s; logs are named by --from",
                       *(const char **)vec_at(&a->rest, 0));
    return a->incident || err_set(e, ERR_USAGE, "name an incident: --incident ID");
}

/* ---- telling ---- */

/* What a story is told from. */
struct telling {
    const struct asked *asked;
    const struct ruleset *rules;
    struct retelling retelling;
    struct about about;
    struct buf containment, marks;
    struct report report;
};

/* The incident of that id, or the one that it joined. */
static bool find_incident(struct telling *t, struct lineages *l, struct err *e)
{
    unsigned char id[INCIDENT_ID_BYTES];
    struct found_incident found = {.record = NULL};
    struct arena memory;
    arena_init(&memory, LINEAGES_MEMORY_MAX);
    bool ok =
        response_incident_id(t->asked->incident, id, e) && lineages_find(l, id, &memory, &found, e);
    if (ok && !found.record)
        ok = err_set(e, ERR_USAGE, "the state knows no incident %.40s (any more)",
                     t->asked->incident);
    if (ok) {
        struct told_incident told = told_of(&found);
        ok = retelling_make(&t->retelling, l, &told, e);
    }
    arena_release(&memory);
    return ok;
}

static bool recall(struct telling *t, struct state *state, struct err *e)
{
    const struct lineages_config cfg = {.rules = t->rules, .archive = true};
    const struct port_state port = state_port(state);
    struct lineages *l = lineages_new(&cfg, &port, (struct lineages_calls){0}, e);
    bool ok = l && find_incident(t, l, e) && about_read(&t->about, &port, clock_wall_ms(), e);
    lineages_free(l);
    return ok;
}

/* With the incident in it, and what became of its identities. */
static bool gather(struct telling *t, struct err *e)
{
    if (!report_take(&t->report, &t->retelling.incidents, &t->retelling.group, 1, e))
        return false;
    struct story *story = stories_at(&t->report.stories, 0);
    about_put_json(&t->containment, &t->about, &story->incident);
    if (!buf_ok(&t->containment, "what is contained", e))
        return false;
    about_put_marks(&t->marks, &t->about, &story->incident);
    if (!buf_ok(&t->marks, "who is marked", e))
        return false;
    if (!t->report.redact) {
        story->containment = buf_str(&t->containment);
        story->marks = buf_str(&t->marks);
    }
    if (!report_read(&t->report, &t->asked->logs, e))
        return false;
    if (t->asked->logs.paths.n && t->report.reading.objects == 0)
        fprintf(stderr, "trailwarden: there is no log file in the paths given\n");
    return true;
}

static bool put_as(const struct telling *t, struct output *out, enum story_format format,
                   struct err *e)
{
    const struct stories *s = &t->report.stories;
    if (format == STORY_TEXT)
        story_put_text(&out->pending, s, stories_at(s, 0), word_colour(out->terminal));
    else
        stories_put_json(&out->pending, s, t->rules);
    if (format == STORY_JSON)
        buf_putc(&out->pending, '\n');
    return output_put(out, e);
}

static bool tell(const struct telling *t, struct err *e)
{
    static const char *const formats[] = {"text", "html", "json"};
    struct output out = {.fd = -1};
    size_t format = STORY_TEXT;
    bool ok = output_open(&out, t->asked->output, e);
    if (ok && !out.terminal)
        format = STORY_HTML;
    ok = ok && word_choice("format", t->asked->format, formats, 3, &format, e) &&
         (format == STORY_HTML ? report_put(&t->report, &out, e)
                               : put_as(t, &out, (enum story_format)format, e)) &&
         output_commit(&out, e);
    output_release(&out);
    return ok;
}

/* ---- the command ---- */

static int story(const struct asked *a, const struct ruleset *rules, struct geo_files *geo)
{
    struct err e = {0};
    struct telling t = {.asked = a, .rules = rules};
    retelling_init(&t.retelling, rules);
    about_init(&t.about, ABOUT_MAX);
    buf_init(&t.containment, CONTAINMENT_MAX);
    buf_init(&t.marks, MARKS_BYTES + 1);
    struct state *state = response_state(a->state, &e);
    bool ok = state && recall(&t, state, &e);
    state_close(state);
    bool open = ok && report_init(&t.report, rules, NULL, geo_port(geo), &e);
    if (ok) {
        t.report.redact = a->redact;
        ok = open && gather(&t, &e) && tell(&t, &e);
        report_release(&t.report);
    }
    if (ok && a->logs.paths.n)
        logs_note_none(t.report.reading.objects);
    bool unread = ok && (t.report.reading.failed || t.report.reading.bad);
    buf_release(&t.containment);
    buf_release(&t.marks);
    about_release(&t.about);
    retelling_release(&t.retelling);
    if (unread)
        fprintf(stderr,
                "trailwarden: something of the logs could not be read: see the story's end\n");
    if (!ok)
        return interrupted() ? EXIT_INTERRUPTED : fail(&e);
    return t.report.stories.stopped ? EXIT_INTERRUPTED : unread ? EXIT_UNREADABLE : EXIT_DONE;
}

static int load_and_tell(const struct asked *a)
{
    struct err e = {0};
    struct loaded rules;
    struct geo_files *geo = NULL;
    bool ok =
        rules_load(&a->rules, word_or_variable(a->config, "TRAILWARDEN_CONFIG"), &rules, &e) &&
        geo_open(a->geoip, a->asn, &geo, &e);
    diags_print(stderr, &rules.diags);
    int code = ok ? story(a, rules.rules, geo) : fail(&e);
    geo_close(geo);
    loaded_release(&rules);
    return code;
}

/* Whether it is about who is compromised, which `identities` notes. */
static bool is_about_marks(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (str_starts(str_of(argv[i]), S("--compromised")) ||
            str_starts(str_of(argv[i]), S("--clear")))
            return true;
    return false;
}

int story_command(int argc, char **argv)
{
    if (is_about_marks(argc, argv))
        return identities_command(argc, argv);
    struct err e = {0};
    struct asked a = {.help = false};
    vec_init(&a.rules, sizeof(const char *), ARGUMENTS_MAX);
    vec_init(&a.rest, sizeof(const char *), ARGUMENTS_MAX);
    logs_init(&a.logs);
    int code = EXIT_DONE;
    if (!read_options(argc, argv, &a, &e)) {
        code = fail(&e);
    } else if (!a.help) {
        logs_sort(&a.logs);
        interrupt_watch();
        code = load_and_tell(&a);
    }
    vec_release(&a.rules);
    vec_release(&a.rest);
    logs_release(&a.logs);
    return code;
}
