/* trailwarden identities: who acted in the incidents that a state remembers, by risk; and marking
 * one as compromised, or no more. */
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
#include "handlers/marks.h"
#include "handlers/retelling.h"
#include "respond/incident_say.h"
#include "respond/put.h"
#include "respond/risk.h"

#define IDENTITIES_MAX      65536 /* of one list */
#define IDENTITY_INCIDENTS  20    /* ids of one identity that are told */
#define IDENTITY_MEMORY_MAX (64u << 20)
#define PRINCIPAL_MAX       2048 /* bytes of an ARN */

struct asked {
    struct vec rules, rest; /* const char * */
    const char *config, *state, *from, *to, *format, *compromised, *clear, *reason, *by;
    bool help;
};

/* One identity over all incidents. */
struct identity {
    struct str principal; /* of a user or role the ARN, whatever the session */
    unsigned risk;        /* the highest of its incidents */
    int64_t first_ms, last_ms;
    const char *incidents[IDENTITY_INCIDENTS];
    size_t n_incidents; /* may be more than are told */
    const struct mark *mark;
};

struct list {
    const struct ruleset *rules;
    struct output *out;
    bool json;
    int64_t from_ms, to_ms;
    struct lineages *lineages;
    struct retelling retelling;
    struct incident incident;
    struct arena record, memory; /* of one record; of all identities */
    struct about about;
    struct vec identities; /* struct identity */
};

static const char usage_text[] =
    "usage: trailwarden identities [options]\n"
    "       trailwarden identities --compromised ARN | --clear ARN [--reason TEXT] [--by ARN]\n\n"
    "Lists who acted in the incidents that a state remembers, the highest risk first, and whether\n"
    "they count as compromised and are contained. With --compromised or --clear it notes what you\n"
    "say about one; that changes no permission.\n\n";

static bool read_options(int argc, char **argv, struct asked *a, struct err *e)
{
    const struct option options[] = {
        {"state", 0, OPTION_TEXT, &a->state, "STATE",
         "FILE.db or dynamodb:TABLE; default: TRAILWARDEN_TABLE"},
        {"compromised", 0, OPTION_TEXT, &a->compromised, "ARN", "note that it is"},
        {"clear", 0, OPTION_TEXT, &a->clear, "ARN", "note that it is not, or no more"},
        {"reason", 0, OPTION_TEXT, &a->reason, "TEXT", "why"},
        {"by", 0, OPTION_TEXT, &a->by, "NAME", "who says so"},
        {"rules", 'r', OPTION_LIST, &a->rules, "PATH", "rules that told them; repeatable"},
        {"config", 0, OPTION_TEXT, &a->config, "FILE", "placeholders and filters for the rules"},
        {"from", 0, OPTION_TEXT, &a->from, "TIME", "leave out incidents that began before"},
        {"to", 0, OPTION_TEXT, &a->to, "TIME", "leave out incidents that began after"},
        {"format", 0, OPTION_TEXT, &a->format, "FORMAT", "text or jsonl"},
        {"help", 'h', OPTION_FLAG, &a->help, NULL, "print this"},
    };
    const size_t n = sizeof options / sizeof *options;
    if (!options_read(options, n, argc, argv, &a->rest, e))
        return false;
    if (a->help) {
        fputs(usage_text, stdout);
        options_help(stdout, options, n);
    } else if (a->rest.n) {
        return err_set(e, ERR_USAGE, "identities takes no argument");
    } else if (a->compromised && a->clear) {
        return err_set(e, ERR_USAGE, "--compromised and --clear do not go together");
    }
    return true;
}

/* ---- who ---- */

static struct identity *identity_of(struct list *l, struct str principal, struct err *e)
{
    for (size_t i = 0; i < l->identities.n; i++) {
        struct identity *x = vec_at(&l->identities, i);
        if (str_eq(x->principal, principal))
            return x;
    }
    struct identity *x = vec_push(&l->identities, 1);
    if (x)
        *x = (struct identity){.principal = arena_str(&l->memory, principal),
                               .first_ms = INT64_MAX,
                               .last_ms = INT64_MIN};
    if (x && str_present(x->principal))
        return x;
    err_set(e, ERR_LIMIT, "more than %d identities: name times with --from and --to",
            IDENTITIES_MAX);
    return NULL;
}

static bool note_incident(struct list *l, struct identity *x, struct err *e)
{
    const struct incident_group *g = l->incident.group;
    struct str id = str_of(g->id);
    for (size_t i = 0; i < x->n_incidents && i < IDENTITY_INCIDENTS; i++)
        if (str_eqz(id, x->incidents[i]))
            return true;
    if (x->n_incidents < IDENTITY_INCIDENTS) {
        x->incidents[x->n_incidents] = arena_str(&l->memory, id).p;
        if (!x->incidents[x->n_incidents])
            return err_set(e, ERR_LIMIT, "no memory for identities");
    }
    x->n_incidents++;
    x->first_ms = g->timed && g->first_ms < x->first_ms ? g->first_ms : x->first_ms;
    x->last_ms = g->timed && g->last_ms > x->last_ms ? g->last_ms : x->last_ms;
    return true;
}

/* Services, and those who were only made, are no part of the list. */
static bool take_actor(struct list *l, uint32_t at, struct err *e)
{
    const struct made_actor *a = incident_actor(&l->incident, at);
    const struct graph_node *n = lineage_graph_node(&l->incident.from->graph, a->node);
    struct buf b;
    if (a->events == 0 || n->kind == LINEAGE_SERVICE)
        return true;
    buf_init(&b, PRINCIPAL_MAX);
    about_put_principal(&b, n->name);
    struct identity *x = b.failed || b.n == 0 ? NULL : identity_of(l, buf_str(&b), e);
    bool ok = b.failed || b.n == 0 || (x && note_incident(l, x, e));
    unsigned risk = risk_actor(&l->incident, at);
    if (x)
        x->risk = risk > x->risk ? risk : x->risk;
    buf_release(&b);
    return ok;
}

static bool take_incident(struct list *l, const struct listed_incident *listed, struct err *e)
{
    struct found_incident found;
    arena_reset(&l->record);
    if (!lineages_find(l->lineages, listed->id, &l->record, &found, e))
        return false;
    if (!found.record || memcmp(found.record->id, listed->id, INCIDENT_ID_BYTES) != 0)
        return true;
    struct told_incident told = told_of(&found);
    bool ok = retelling_make(&l->retelling, l->lineages, &told, e) &&
              incident_make(&l->incident, &l->retelling.incidents, &l->retelling.group,
                            &incident_caps_all, e);
    for (uint32_t i = 0; ok && i < l->incident.actors.n; i++)
        ok = take_actor(l, i, e);
    return ok;
}

/* Those that persons marked are told even when no incident names them. */
static bool take_marks(struct list *l, struct err *e)
{
    for (size_t i = 0; i < l->about.marks.n; i++) {
        struct identity *x = identity_of(l, l->about.marks.list[i].principal, e);
        if (!x)
            return false;
        x->mark = l->about.marks.list + i;
    }
    return true;
}

/* By risk, then the latest, then the name. */
static int riskiest_first(const void *p, const void *q)
{
    const struct identity *a = p, *b = q;
    if (a->risk != b->risk)
        return a->risk > b->risk ? -1 : 1;
    if (a->last_ms != b->last_ms)
        return a->last_ms > b->last_ms ? -1 : 1;
    return str_cmp(a->principal, b->principal);
}

static bool gather(struct list *l, struct err *e)
{
    struct vec listed;
    vec_init(&listed, sizeof(struct listed_incident), SIZE_MAX);
    bool ok = lineages_list(l->lineages, l->from_ms, l->to_ms, &listed, e);
    for (size_t i = 0; ok && i < listed.n; i++)
        ok = take_incident(l, vec_at(&listed, i), e);
    vec_release(&listed);
    ok = ok && take_marks(l, e);
    if (ok && l->identities.n)
        qsort(l->identities.p, l->identities.n, l->identities.size, riskiest_first);
    return ok;
}

/* ---- telling ---- */

/* By a person's word, else by risk. */
static bool is_compromised(const struct identity *x)
{
    return x->mark ? x->mark->marked : x->risk >= RISK_COMPROMISED;
}

/* What containment did to it; NULL when nothing is on record. */
static const char *contained(const struct list *l, const struct identity *x)
{
    const char *state = NULL;
    for (size_t i = 0; i < l->about.n && !state; i++) {
        struct buf b;
        buf_init(&b, PRINCIPAL_MAX);
        subject_put_arn(&b, &l->about.list[i].subject);
        if (str_eq(buf_str(&b), x->principal))
            state = contain_state_name(l->about.list[i].state);
        buf_release(&b);
    }
    return state;
}

/* {"type":"identity","principal":"arn:...","risk":75,"first":"...","last":"...","incidents":["..."],
 *  "compromised":true,"by":"risk"|"mark"|null,"mark":{...}|null,"containment":"contained"|null} */
static void put_json(struct buf *b, const struct list *l, const struct identity *x)
{
    bool timed = x->last_ms != INT64_MIN;
    buf_putz(b, "{\"type\":\"identity\",");
    put_member(b, S("principal"), x->principal, SIZE_MAX);
    buf_putf(b, "\"risk\":%u,", x->risk);
    put_member_time(b, "first", timed, x->first_ms);
    put_member_time(b, "last", timed, x->last_ms);
    buf_putz(b, "\"incidents\":[");
    for (size_t i = 0; i < x->n_incidents && i < IDENTITY_INCIDENTS; i++)
        buf_putf(b, "%s\"%s\"", i ? "," : "", x->incidents[i]);
    buf_putf(b, "],\"compromised\":%s,", is_compromised(x) ? "true" : "false");
    put_member(b, S("by"),
               x->mark             ? S("mark")
               : is_compromised(x) ? S("risk")
                                   : STR_ABSENT,
               SIZE_MAX);
    buf_putz(b, "\"mark\":");
    if (x->mark)
        mark_put_json(b, x->mark);
    else
        buf_putz(b, "null");
    buf_putc(b, ',');
    put_member(b, S("containment"), str_of(contained(l, x)), SIZE_MAX);
    put_close(b, '}');
    buf_putc(b, '\n');
}

/*  75  2026-03-17T14:10:19Z  arn:aws:iam::111122223333:user/dana  2 incidents, compromised (by
 * dana: key leaked), contained */
static void put_line(struct buf *b, const struct list *l, const struct identity *x)
{
    const char *state = contained(l, x);
    buf_putf(b, "%3u  ", x->risk);
    if (x->last_ms != INT64_MIN)
        time_put(b, x->last_ms - x->last_ms % 1000);
    else
        buf_putf(b, "%-20s", "-");
    buf_putz(b, "  ");
    put_text(b, x->principal, SIZE_MAX);
    buf_putf(b, "  %zu incident%s", x->n_incidents, x->n_incidents == 1 ? "" : "s");
    if (is_compromised(x) || x->mark)
        buf_putz(b, is_compromised(x) ? ", compromised" : ", cleared");
    if (x->mark && str_present(x->mark->by)) {
        buf_putz(b, " by ");
        put_text(b, x->mark->by, MARK_TEXT_MAX);
    }
    if (x->mark && str_present(x->mark->reason)) {
        buf_putz(b, ": ");
        put_text(b, x->mark->reason, MARK_TEXT_MAX);
    }
    buf_putf(b, "%s%s\n", state ? ", " : "", state ? state : "");
}

static bool put_all(struct list *l, struct err *e)
{
    bool ok = true;
    for (size_t i = 0; ok && i < l->identities.n; i++) {
        const struct identity *x = vec_at(&l->identities, i);
        (l->json ? put_json : put_line)(&l->out->pending, l, x);
        ok = output_put(l->out, e);
    }
    if (ok && l->identities.n == 0)
        fprintf(stderr, "trailwarden: the state remembers no identity of an incident\n");
    return ok && output_commit(l->out, e);
}

/* ---- the command ---- */

static bool list_from(struct list *l, struct state *state, struct err *e)
{
    const struct lineages_config cfg = {.rules = l->rules, .archive = true};
    const struct port_state port = state_port(state);
    bool ok = about_read(&l->about, &port, clock_wall_ms(), e) &&
              (l->lineages = lineages_new(&cfg, &port, (struct lineages_calls){0}, e)) &&
              gather(l, e) && put_all(l, e);
    lineages_free(l->lineages);
    return ok;
}

static bool read_asked(const struct asked *a, struct list *l, struct err *e)
{
    static const char *const formats[] = {"text", "jsonl"};
    size_t format = l->out->terminal ? 0 : 1;
    bool ok = word_choice("format", a->format, formats, 2, &format, e);
    l->json = format == 1;
    l->from_ms = INT64_MIN;
    l->to_ms = INT64_MAX;
    return ok && word_time("from", a->from, &l->from_ms, e) && word_time("to", a->to, &l->to_ms, e);
}

static int list(const void *asked, const struct ruleset *rules)
{
    const struct asked *a = asked;
    struct err e = {0};
    struct output out = {.fd = -1};
    struct list l = {.rules = rules, .out = &out};
    struct state *state = NULL;
    retelling_init(&l.retelling, rules);
    incident_init(&l.incident);
    arena_init(&l.record, LINEAGES_MEMORY_MAX);
    arena_init(&l.memory, IDENTITY_MEMORY_MAX);
    about_init(&l.about, ABOUT_MAX);
    vec_init(&l.identities, sizeof(struct identity), IDENTITIES_MAX);
    bool ok = output_open(&out, NULL, &e) && read_asked(a, &l, &e) &&
              (state = response_state(a->state, &e)) && list_from(&l, state, &e);
    state_close(state);
    vec_release(&l.identities);
    about_release(&l.about);
    arena_release(&l.memory);
    arena_release(&l.record);
    incident_release(&l.incident);
    retelling_release(&l.retelling);
    output_release(&out);
    return ok ? EXIT_DONE : fail(&e);
}

static int set_mark(const struct asked *a)
{
    struct err e = {0};
    struct buf principal;
    struct state *state = response_state(a->state, &e);
    buf_init(&principal, PRINCIPAL_MAX);
    about_put_principal(&principal, str_of(a->compromised ? a->compromised : a->clear));
    const struct mark mark = {.principal = buf_str(&principal),
                              .by = str_of(a->by),
                              .reason = str_of(a->reason),
                              .marked = a->compromised != NULL,
                              .at_ms = clock_wall_ms()};
    bool ok = false;
    if (state) {
        const struct port_state port = state_port(state);
        ok = buf_ok(&principal, "the principal", &e) && marks_set(&port, &mark, &e);
    }
    if (ok)
        fprintf(stderr, "trailwarden: %s counts as %s\n", buf_z(&principal),
                mark.marked ? "compromised" : "not compromised");
    buf_release(&principal);
    state_close(state);
    return ok ? EXIT_DONE : fail(&e);
}

int identities_command(int argc, char **argv)
{
    struct err e = {0};
    struct asked a = {0};
    vec_init(&a.rules, sizeof(const char *), ARGUMENTS_MAX);
    vec_init(&a.rest, sizeof(const char *), ARGUMENTS_MAX);
    int code = EXIT_DONE;
    if (!read_options(argc, argv, &a, &e))
        code = fail(&e);
    else if (!a.help)
        code = a.compromised || a.clear ? set_mark(&a) : with_rules(&a.rules, a.config, list, &a);
    vec_release(&a.rules);
    vec_release(&a.rest);
    return code;
}
