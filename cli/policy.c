/* trailwarden policy: least-privilege advice for one identity, from logs. */
#include <string.h>

#include "adapters/files.h"
#include "adapters/once.h"
#include "adapters/output.h"
#include "base/timefmt.h"
#include "cli/command.h"
#include "cli/logs.h"
#include "cli/options.h"
#include "cli/words.h"
#include "handlers/object.h"
#include "respond/advice_iam.h"
#include "respond/advice_put.h"

#define DAYS        14 /* that logs are to cover, unless asked otherwise: two of each weekday */
#define CURRENT_MAX (64u << 10) /* ten times IAM's largest policy, indented */

struct asked {
    struct vec rules, names, regions, accept; /* const char * */
    struct logs logs;
    const char *config, *since, *until, *days, *current, *format;
    bool help;
};

/* One run over the logs, or two: the first finds when it began. */
struct reading {
    const struct ruleset *rules;
    struct advice *advice;
    struct object_reader reader;
    struct once *once; /* of the second run: events that were counted */
    bool searching;    /* the first run */
    int64_t until_ms;  /* what happens later is left out */
    int64_t began_ms;  /* of the first alarming event so far; INT64_MAX: none */
    struct str alarm;  /* the title of its rule */
    struct str object;
    uint64_t objects; /* of the present run */
    bool unreadable;
};

static const char usage_text[] =
    "usage: trailwarden policy [options] PRINCIPAL --from PATH|s3://bucket/prefix ...\n\n"
    "Advises the least that a user or role needs (PRINCIPAL is its ARN, or that of a session), by\n"
    "what it was seen to use before it was compromised. What was first used after that is left "
    "out\n"
    "and listed. Without --since the first event of its own that a rule of level high or critical\n"
    "finds is taken for the beginning. Nothing is ever applied.\n\n";

static bool read_options(int argc, char **argv, struct asked *a, struct err *e)
{
    const struct option options[] = {
        {"from", 0, OPTION_LIST, &a->logs.paths, "PATH", "logs; repeatable"},
        {"since", 0, OPTION_TEXT, &a->since, "TIME", "when it was compromised; none: it was not"},
        {"until", 0, OPTION_TEXT, &a->until, "TIME", "leave out what happened later"},
        {"days", 0, OPTION_TEXT, &a->days, "N", "that the logs are to cover; default 14"},
        {"region", 0, OPTION_LIST, &a->regions, "REGION", "must be in the logs; repeatable"},
        {"accept", 0, OPTION_LIST, &a->accept, "GAP", "short, data-events, regions; repeatable"},
        {"current", 0, OPTION_TEXT, &a->current, "FILE", "the policy there is, to compare with"},
        {"rules", 'r', OPTION_LIST, &a->rules, "PATH", "rules that find when it began"},
        {"config", 0, OPTION_TEXT, &a->config, "FILE", "placeholders and filters for the rules"},
        {"format", 0, OPTION_TEXT, &a->format, "FORMAT", "text or json"},
        {"help", 'h', OPTION_FLAG, &a->help, NULL, "print this"},
    };
    const size_t n = sizeof options / sizeof *options;
    if (!options_read(options, n, argc, argv, &a->names, e))
        return false;
    if (a->help) {
        fputs(usage_text, stdout);
        options_help(stdout, options, n);
        return true;
    }
    if (a->names.n != 1 || a->logs.paths.n == 0)
        return err_set(e, ERR_USAGE, "policy needs the ARN of one user or role, and --from PATH");
    return true;
}

/* ---- reading logs ---- */

/* The gravest of what finds the event, from high on, makes it the beginning. */
static void look_for_beginning(struct reading *r, struct event *ev, int64_t time_ms)
{
    size_t n;
    const uint32_t *hits = event_match(ev, &n);
    for (size_t i = 0; i < n && time_ms < r->began_ms; i++) {
        const struct rs_rule *rule = &r->rules->rules[hits[i]];
        if (rule->muted || rule->level < LEVEL_HIGH)
            continue;
        r->began_ms = time_ms;
        r->alarm = rs_str(r->rules, rule->title);
    }
}

/* What anybody's record tells of the logs and of IAM. */
static bool take_any(struct reading *r, struct event *ev, int64_t ms, struct err *e)
{
    struct advice *a = r->advice;
    struct facts facts;
    facts_read(ev, r->object, &facts);
    return advice_cover(a, ms, facts.region, !a->data_events && advice_is_data(ev->record), e) &&
           advice_learn(a, ev->record, &facts, e);
}

static bool take_once(struct reading *r, struct event *ev, struct err *e)
{
    unsigned char key[ONCE_KEY_BYTES];
    bool fresh = true;
    struct str id = event_core(ev, CORE_ID);
    if (str_present(id)) {
        once_key(S("policy"), id, key);
        if (!once_add(r->once, key, &fresh, e))
            return false;
    }
    return !fresh || advice_see(r->advice, ev->record, e);
}

/* object_calls.record */
static bool on_record(void *to, struct event *ev, struct err *e)
{
    struct reading *r = to;
    struct advice *a = r->advice;
    int64_t ms;
    if (ev->source != SOURCE_CLOUDTRAIL)
        return true;
    if (!event_time(ev, &ms) || ms >= r->until_ms)
        return true;
    if (r->searching) {
        if (ms < r->began_ms && advice_concerns(a, ev->record))
            look_for_beginning(r, ev, ms);
        return true;
    }
    return take_any(r, ev, ms, e) && (!advice_may_concern(a, ev->record) || take_once(r, ev, e));
}

/* object_calls.piece */
static bool on_piece(void *to, size_t bytes, struct err *e)
{
    (void)to;
    (void)bytes;
    return !interrupted() || err_set(e, ERR_SYSTEM, "interrupted");
}

/* object_calls.bad */
static void on_bad(void *to, const char *sentence)
{
    struct reading *r = to;
    r->unreadable = true;
    if (!r->searching)
        fprintf(stderr, "trailwarden: %s\n", sentence);
}

/* log_taker.object */
static bool take_object(void *to, const struct port_objects *port, const struct object_ref *ref,
                        struct str name, struct err *e)
{
    struct reading *r = to;
    r->object = name;
    r->objects++;
    if (object_read(&r->reader, port, ref, e))
        return true;
    if (r->reader.fault == OBJECT_STOPPED || interrupted())
        return false;
    on_bad(r, e->text);
    return true;
}

/* log_taker.fault */
static void note_fault(void *to)
{
    ((struct reading *)to)->unreadable = true;
}

static bool read_all(struct reading *r, const struct logs *logs, bool searching, struct err *e)
{
    const struct log_taker taker = {r, take_object, note_fault};
    r->searching = searching;
    r->objects = 0;
    return logs_walk(logs, &taker, e);
}

/* ---- what the options mean ---- */

static bool read_gaps(const struct asked *a, struct advice_wanted *w, struct err *e)
{
    static const struct {
        const char *name;
        unsigned gap;
    } gaps[] = {{"short", GAP_SHORT}, {"data-events", GAP_DATA}, {"regions", GAP_REGIONS}};
    for (size_t i = 0; i < a->accept.n; i++) {
        const char *name = *(const char **)vec_at(&a->accept, i);
        unsigned before = w->accepted;
        for (size_t k = 0; k < sizeof gaps / sizeof *gaps; k++)
            w->accepted |= strcmp(name, gaps[k].name) == 0 ? gaps[k].gap : 0;
        if (w->accepted == before)
            return err_set(e, ERR_USAGE, "--accept %.40s: short, data-events or regions", name);
    }
    return true;
}

static bool read_wanted(const struct asked *a, struct advice_wanted *w, struct buf *current,
                        struct err *e)
{
    unsigned long long days = DAYS;
    if (a->days && (!str_u64(str_of(a->days), &days) || days > ADVICE_DAYS_MAX))
        return err_set(e, ERR_USAGE, "--days is no number up to %d: %.40s", ADVICE_DAYS_MAX,
                       a->days);
    *w = (struct advice_wanted){.days = (size_t)days, .regions = &a->regions};
    if (a->current && !files_read(a->current, current, e)) {
        e->kind = e->kind == ERR_MISSING ? ERR_USAGE : e->kind;
        return false;
    }
    w->current = a->current ? buf_str(current) : STR_ABSENT;
    return read_gaps(a, w, e);
}

/* When it began: as asked, or found by a first run over the logs. */
static bool find_since(const struct asked *a, struct reading *r, struct advice_wanted *w,
                       struct err *e)
{
    int64_t ms = 0;
    if (a->since && strcmp(a->since, "none") == 0)
        return true;
    w->since_by = S("you");
    if (a->since) {
        if (!word_time("since", a->since, &ms, e))
            return false;
        advice_since(r->advice, ms);
        return true;
    }
    if (!read_all(r, &a->logs, true, e))
        return false;
    w->since_by = r->alarm;
    if (r->began_ms != INT64_MAX)
        advice_since(r->advice, r->began_ms);
    return true;
}

/* ---- the command ---- */

static bool put(const struct asked *a, const struct advice *advice, const struct advice_wanted *w,
                struct err *e)
{
    static const char *const formats[] = {"text", "json"};
    struct output out = {.fd = -1};
    bool ok = output_open(&out, NULL, e);
    size_t format = out.terminal ? 0 : 1;
    ok = ok && word_choice("format", a->format, formats, 2, &format, e) &&
         (format ? advice_put_json(&out.pending, advice, w, e)
                 : advice_put_text(&out.pending, advice, w, e)) &&
         output_put(&out, e) && output_commit(&out, e);
    output_release(&out);
    return ok;
}

static bool read_and_put(const struct asked *a, struct reading *r, struct advice_wanted *w,
                         struct err *e)
{
    r->until_ms = r->began_ms = INT64_MAX;
    r->once = once_new(ONCE_MEMORY_MAX);
    const struct object_calls calls = {r, on_piece, on_record, on_bad};
    bool ok = (r->once || err_set(e, ERR_SYSTEM, "no memory to read logs")) &&
              object_reader_init(&r->reader, r->rules, NULL, calls, e) &&
              word_time("until", a->until, &r->until_ms, e) && find_since(a, r, w, e) &&
              read_all(r, &a->logs, false, e);
    if (ok) {
        logs_note_none(r->objects);
        ok = advice_settle(r->advice, e) && put(a, r->advice, w, e);
    }
    return ok;
}

/* Refused: there are gaps that were not accepted. */
static int judge(const struct reading *r, const struct advice_wanted *w)
{
    if (advice_gaps(r->advice, w) & (~w->accepted | GAP_BASELINE))
        return EXIT_REFUSED;
    return r->unreadable ? EXIT_UNREADABLE : EXIT_DONE;
}

static int advise(const void *asked, const struct ruleset *rules)
{
    const struct asked *a = asked;
    struct err e = {0};
    struct advice advice;
    struct advice_wanted wanted = {0};
    struct buf current;
    struct reading r = {.rules = rules, .advice = &advice};
    buf_init(&current, CURRENT_MAX);
    bool ok = advice_init(&advice, str_of(*(const char **)vec_at(&a->names, 0)), &e) &&
              read_wanted(a, &wanted, &current, &e) && read_and_put(a, &r, &wanted, &e);
    int code = ok ? judge(&r, &wanted) : interrupted() ? EXIT_INTERRUPTED : fail(&e);
    object_reader_release(&r.reader);
    once_free(r.once);
    advice_release(&advice);
    buf_release(&current);
    return code;
}

int policy_command(int argc, char **argv)
{
    struct err e = {0};
    struct asked a = {0};
    struct vec *const lists[] = {&a.rules, &a.names, &a.regions, &a.accept};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        vec_init(lists[i], sizeof(const char *), ARGUMENTS_MAX);
    logs_init(&a.logs);
    int code = EXIT_DONE;
    if (!read_options(argc, argv, &a, &e)) {
        code = fail(&e);
    } else if (!a.help) {
        logs_sort(&a.logs);
        interrupt_watch();
        code = with_rules(&a.rules, a.config, advise, &a);
    }
    logs_release(&a.logs);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        vec_release(lists[i]);
    return code;
}
