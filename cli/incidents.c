/* trailwarden incidents: what a state remembers of incidents, as a list or in full. */
#include <stdlib.h>
#include <string.h>

#include "adapters/output.h"
#include "base/clock.h"
#include "base/timefmt.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/response.h"
#include "cli/words.h"
#include "handlers/about.h"
#include "handlers/retelling.h"
#include "respond/export.h"
#include "respond/incident_put.h"
#include "respond/incident_say.h"
#include "respond/put.h"
#include "respond/risk.h"

/* Incidents of one list; a year of twenty a day is half of it. What lies further back is reached
 * with --to. */
#define INCIDENTS_MAX 16384
/* Bytes of a title or a name on a line of the list. */
#define NAME_MAX 200

/* What the command line says. */
struct asked {
    struct vec rules, ids; /* const char * */
    const char *config, *state, *from, *to, *min_level, *format, *sort;
    bool help;
};

/* What it means. */
struct listing {
    const struct ruleset *rules;
    struct output *out;
    bool json, colour, whole; /* whole: as told, not a line */
    bool by_risk;             /* the highest first, and told on its line */
    bool exports;             /* in the format `as`, made of the JSON in `text` */
    enum export_format as;
    struct buf text;
    size_t told;
    enum level min_level;
    int64_t from_ms, to_ms;
    struct lineages *lineages;
    struct retelling retelling;
    struct incident incident;
    struct arena memory; /* of one record */
    struct about about;  /* all that is on record of containment */
};

static const char usage_text[] =
    "usage: trailwarden incidents [options] [ID ...]\n\n"
    "Lists the incidents that a state remembers, newest or riskiest first; with ids, tells these\n"
    "in full. An id of an incident that joined another finds that.\n\n";

static bool read_options(int argc, char **argv, struct asked *a, struct err *e)
{
    const struct option options[] = {
        {"state", 0, OPTION_TEXT, &a->state, "STATE",
         "FILE.db or dynamodb:TABLE; default: TRAILWARDEN_TABLE"},
        {"rules", 'r', OPTION_LIST, &a->rules, "PATH", "rules that told them; repeatable"},
        {"config", 0, OPTION_TEXT, &a->config, "FILE", "placeholders and filters for the rules"},
        {"from", 0, OPTION_TEXT, &a->from, "TIME", "leave out incidents that began before"},
        {"to", 0, OPTION_TEXT, &a->to, "TIME", "leave out incidents that began after"},
        {"min-level", 0, OPTION_TEXT, &a->min_level, "LEVEL", "leave out incidents below"},
        {"sort", 0, OPTION_TEXT, &a->sort, "ORDER", "newest (default) or risk"},
        {"format", 0, OPTION_TEXT, &a->format, "FORMAT", "text, jsonl, ocsf, asff or attack-flow"},
        {"help", 'h', OPTION_FLAG, &a->help, NULL, "print this"},
    };
    const size_t n = sizeof options / sizeof *options;
    if (!options_read(options, n, argc, argv, &a->ids, e))
        return false;
    if (a->help) {
        fputs(usage_text, stdout);
        options_help(stdout, options, n);
    }
    return true;
}

/* ---- one incident ---- */

/* The name of who began it, behind a colon. */
static void put_beginner(struct buf *b, const struct incident *i)
{
    for (size_t k = 0; k < i->actors.n; k++) {
        const struct made_actor *a = incident_actor(i, k);
        if (!incident_began(a))
            continue;
        buf_putz(b, ": ");
        put_text(b, incident_short_name(lineage_graph_node(&i->from->graph, a->node)), NAME_MAX);
        return;
    }
}

/* "  [2 contained, 1 asked]" */
static void put_states(struct buf *b, const struct listing *l)
{
    const char *before = "  [";
    for (unsigned state = 0; state < CONTAIN_STATES; state++) {
        unsigned n = 0;
        for (size_t k = 0; k < l->about.n; k++)
            n += l->about.list[k].state == state && about_is(l->about.list + k, &l->incident);
        if (n == 0)
            continue;
        buf_putf(b, "%s%u %s", before, n, contain_state_name((enum contain_state)state));
        before = ", ";
    }
    if (*before == ',')
        buf_putc(b, ']');
}

/* Puts "containment":[{"state":"contained","principal":"arn:...",...}],"marks":[{"principal":...}]
 * behind the incident's last member. */
static void put_containment(struct buf *b, const struct listing *l)
{
    buf_cut(b, b->n ? b->n - 1 : 0);
    buf_putz(b, ",\"containment\":");
    about_put_json(b, &l->about, &l->incident);
    buf_putz(b, ",\"marks\":");
    about_put_marks(b, &l->about, &l->incident);
    buf_putc(b, '}');
}

/* A line for each of them: state, whom. */
static void put_contained(struct buf *b, const struct listing *l)
{
    for (size_t k = 0; k < l->about.n; k++) {
        if (!about_is(l->about.list + k, &l->incident))
            continue;
        buf_putf(b, "  %-9s", contain_state_name(l->about.list[k].state));
        response_put_principal(b, &l->about.list[k].subject);
        buf_putc(b, '\n');
    }
}

/* "  compromised arn:aws:iam::111122223333:user/dana, says ana: key on a paste site", for each whom
 * a person marked. */
static void put_marked(struct buf *b, const struct listing *l)
{
    for (size_t k = 0; k < l->incident.actors.n; k++) {
        const struct mark *m = about_mark(&l->about, &l->incident, k);
        bool told = !m;
        for (size_t j = 0; j < k && !told; j++)
            told = about_mark(&l->about, &l->incident, j) == m;
        if (told)
            continue;
        buf_putz(b, m->marked ? "  compromised " : "  cleared ");
        put_text(b, m->principal, NAME_MAX);
        buf_putz(b, ", says ");
        put_text(b, m->by.n ? m->by : S("somebody"), NAME_MAX);
        buf_putz(b, m->reason.n ? ": " : "");
        put_text(b, m->reason, MARK_TEXT_MAX);
        buf_putc(b, '\n');
    }
}

/* 2026-03-17T14:05:11Z  2026-03-17T14:09:40Z  high           <id>  <title>: <who>  [2 contained] */
static void put_line(struct buf *b, const struct listing *l)
{
    const struct incident *i = &l->incident;
    const struct incident_group *g = i->group;
    if (l->by_risk)
        buf_putf(b, "%3u  ", risk_incident(i));
    if (g->timed) {
        time_put(b, g->first_ms - g->first_ms % 1000);
        buf_putz(b, "  ");
        time_put(b, g->last_ms - g->last_ms % 1000);
    } else {
        buf_putf(b, "%-20s  %-20s", "-", "-");
    }
    buf_putf(b, "  %-13s  %s  ", level_name(g->level), g->id);
    put_text(b, i->signals.n ? incident_title(i) : S("by rules that are not loaded"), NAME_MAX);
    put_beginner(b, i);
    put_states(b, l);
    buf_putc(b, '\n');
}

static bool put_incident(struct listing *l, struct err *e)
{
    struct buf *b = &l->out->pending;
    if (l->exports) {
        buf_reset(&l->text);
        incident_put_json(&l->text, &l->incident);
        if (!buf_ok(&l->text, "an incident", e) || !export_put(b, l->as, buf_str(&l->text), e))
            return false;
    } else if (l->json) {
        incident_put_json(b, &l->incident);
        put_containment(b, l);
        buf_putc(b, '\n');
    } else if (l->whole) {
        if (l->told)
            buf_putc(b, '\n');
        incident_put_text(b, &l->incident, l->colour);
        put_contained(b, l);
        put_marked(b, l);
    } else {
        put_line(b, l);
    }
    l->told++;
    return output_put(l->out, e);
}

/* Makes the incident anew; the newest message that went out, or will, is what its number says. */
static bool make(struct listing *l, const struct found_incident *found, struct err *e)
{
    struct told_incident told = told_of(found);
    return retelling_make(&l->retelling, l->lineages, &told, e) &&
           incident_make(&l->incident, &l->retelling.incidents, &l->retelling.group,
                         &incident_caps_all, e);
}

static bool tell(struct listing *l, const struct found_incident *found, struct err *e)
{
    return make(l, found, e) && put_incident(l, e);
}

static bool find(struct listing *l, const unsigned char id[INCIDENT_ID_BYTES],
                 struct found_incident *found, struct err *e)
{
    arena_reset(&l->memory);
    return lineages_find(l->lineages, id, &l->memory, found, e);
}

/* ---- those that are named ---- */

static bool tell_named(struct listing *l, const struct vec *ids, struct err *e)
{
    for (size_t i = 0; i < ids->n; i++) {
        const char *text = *(const char **)vec_at(ids, i);
        unsigned char id[INCIDENT_ID_BYTES];
        struct found_incident found;
        if (!response_incident_id(text, id, e) || !find(l, id, &found, e))
            return false;
        if (!found.record)
            return err_set(e, ERR_USAGE, "the state knows no incident %.40s (any more)", text);
        if (!tell(l, &found, e))
            return false;
    }
    return true;
}

/* ---- all of them ---- */

/* An incident of the list by its risk, when that is asked for, and its newest deed. */
struct entry {
    unsigned risk;
    int64_t last_ms;
    unsigned char id[INCIDENT_ID_BYTES];
};

static int in_order(const void *p, const void *q)
{
    const struct entry *a = p, *b = q;
    if (a->risk != b->risk)
        return a->risk > b->risk ? -1 : 1;
    if (a->last_ms != b->last_ms)
        return a->last_ms > b->last_ms ? -1 : 1;
    return memcmp(a->id, b->id, INCIDENT_ID_BYTES);
}

/* Those that joined others are left out, as are those that were forgotten. */
static bool gather_entry(struct listing *l, const struct listed_incident *listed,
                         struct vec *entries, struct err *e)
{
    struct found_incident found;
    if (!find(l, listed->id, &found, e))
        return false;
    const struct incident_record *r = found.record;
    if (!r || memcmp(r->id, listed->id, INCIDENT_ID_BYTES) != 0 || r->level < l->min_level)
        return true;
    struct entry *to = vec_push(entries, 1);
    if (!to)
        return err_set(e, ERR_LIMIT,
                       "there are more than %d incidents: name times with --from "
                       "and --to",
                       INCIDENTS_MAX);
    to->last_ms = r->last_ms;
    memcpy(to->id, r->id, INCIDENT_ID_BYTES);
    if (!l->by_risk)
        return true;
    if (!make(l, &found, e))
        return false;
    to->risk = risk_incident(&l->incident);
    return true;
}

static bool gather(struct listing *l, struct vec *entries, struct err *e)
{
    struct vec listed;
    vec_init(&listed, sizeof(struct listed_incident), SIZE_MAX);
    bool ok = lineages_list(l->lineages, l->from_ms, l->to_ms, &listed, e);
    for (size_t i = 0; ok && i < listed.n; i++)
        ok = gather_entry(l, vec_at(&listed, i), entries, e);
    vec_release(&listed);
    if (ok && entries->n)
        qsort(entries->p, entries->n, entries->size, in_order);
    return ok;
}

static bool tell_all(struct listing *l, struct err *e)
{
    struct vec entries;
    vec_init(&entries, sizeof(struct entry), INCIDENTS_MAX);
    bool ok = gather(l, &entries, e);
    for (size_t i = 0; ok && i < entries.n; i++) {
        struct found_incident found;
        ok = find(l, ((struct entry *)vec_at(&entries, i))->id, &found, e) &&
             (!found.record || tell(l, &found, e));
    }
    if (ok && entries.n == 0)
        fprintf(stderr, "trailwarden: the state remembers no such incident\n");
    vec_release(&entries);
    return ok;
}

/* ---- the command ---- */

static bool read_asked(const struct asked *a, struct listing *l, struct err *e)
{
    static const char *const formats[] = {"text", "jsonl", "ocsf", "asff", "attack-flow"};
    static const char *const orders[] = {"newest", "risk"};
    size_t format = l->out->terminal ? 0 : 1, order = 0;
    l->from_ms = INT64_MIN;
    l->to_ms = INT64_MAX;
    l->min_level = LEVEL_INFORMATIONAL;
    l->colour = word_colour(l->out->terminal);
    l->whole = a->ids.n > 0;
    if (!word_choice("format", a->format, formats, 5, &format, e) ||
        !word_choice("sort", a->sort, orders, 2, &order, e))
        return false;
    l->by_risk = order == 1;
    l->json = format == 1;
    l->exports = format > 1;
    l->as = (enum export_format)(format > 1 ? format - 2 : 0);
    return word_level("min-level", a->min_level, &l->min_level, e) &&
           word_time("from", a->from, &l->from_ms, e) && word_time("to", a->to, &l->to_ms, e);
}

static bool tell_from(struct listing *l, const struct asked *a, struct state *state, struct err *e)
{
    const struct lineages_config cfg = {.rules = l->rules, .archive = true};
    const struct port_state port = state_port(state);
    bool ok = about_read(&l->about, &port, clock_wall_ms(), e) &&
              (l->lineages = lineages_new(&cfg, &port, (struct lineages_calls){0}, e)) &&
              (l->whole ? tell_named(l, &a->ids, e) : tell_all(l, e)) && output_commit(l->out, e);
    lineages_free(l->lineages);
    return ok;
}

static int list(const void *asked, const struct ruleset *rules)
{
    const struct asked *a = asked;
    struct err e = {0};
    struct output out = {.fd = -1};
    struct listing l = {.rules = rules, .out = &out};
    struct state *state = NULL;
    retelling_init(&l.retelling, rules);
    incident_init(&l.incident);
    buf_init(&l.text, OUTPUT_LINE_MAX);
    arena_init(&l.memory, LINEAGES_MEMORY_MAX);
    about_init(&l.about, ABOUT_MAX);
    bool ok = output_open(&out, NULL, &e) && read_asked(a, &l, &e) &&
              (state = response_state(a->state, &e)) && tell_from(&l, a, state, &e);
    state_close(state);
    arena_release(&l.memory);
    about_release(&l.about);
    incident_release(&l.incident);
    buf_release(&l.text);
    retelling_release(&l.retelling);
    output_release(&out);
    return ok ? EXIT_DONE : fail(&e);
}

int incidents_command(int argc, char **argv)
{
    struct err e = {0};
    struct asked a = {0};
    vec_init(&a.rules, sizeof(const char *), ARGUMENTS_MAX);
    vec_init(&a.ids, sizeof(const char *), ARGUMENTS_MAX);
    int code = EXIT_DONE;
    if (!read_options(argc, argv, &a, &e))
        code = fail(&e);
    else if (!a.help)
        code = with_rules(&a.rules, a.config, list, &a);
    vec_release(&a.rules);
    vec_release(&a.ids);
    return code;
}
