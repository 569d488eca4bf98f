/* trailwarden simulate: an attack's log objects among those of an ordinary day, and what the
 * rules find of them. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "adapters/files.h"
#include "adapters/lambda.h"
#include "base/clock.h"
#include "base/timefmt.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/simulate_bootstrap.h"
#include "cli/simulate_execute.h"
#include "cli/simulate_found.h"
#include "cli/simulate_function.h"
#include "cli/words.h"

#define NOISE 600 /* ordinary calls, unless asked otherwise: a small account's half day */
#define SEED  1
/* A fixed day, so that the same question has the same answer. */
#define START "2026-01-15T09:30:00Z"

static const char *const formats[] = {"text", "jsonl"};
enum { FORMAT_TEXT, FORMAT_JSONL };

/* With --bucket it is so long ago: all that the longest scenario does is over. */
#define RECENT_MS (2 * 3600000LL)

struct asked {
    struct vec rules, names; /* const char * */
    const char *config, *out, *seed, *start, *noise, *format;
    const char *bucket, *bootstrap, *function, *endpoint;
    const char *account, *confirm, *journal, *clean_up;
    bool list, invoke, execute, help;
};

/* The objects on their way into the folder. */
struct writing {
    const char *folder;
    struct vec objects; /* struct delivered */
    struct arena memory;
};

static const char usage_text[] =
    "usage: trailwarden simulate [options] SCENARIO --out DIR\n"
    "       trailwarden simulate SCENARIO --out DIR --invoke [--bucket B [--function NAME]]\n"
    "       trailwarden simulate SCENARIO --execute --account ID\n"
    "       trailwarden simulate --clean-up JOURNAL\n"
    "       trailwarden simulate --list\n\n"
    "Writes the log objects of an attack as AWS would deliver them, among those of an\n"
    "ordinary day, scans them with the rules, and tells of each step which rule found it and how\n"
    "long after. The same options write the same bytes.\n"
    "With --invoke the function gets them instead, and the table is of what it answers: the\n"
    "handler in this program; with --bucket bootstrap itself, the objects in S3; with --function\n"
    "a deployed function, which tells whom it always tells.\n"
    "With --execute its harmless steps are made in an account of yours, a sandbox, with your own\n"
    "credentials; whatever that makes is removed again.\n\n";

static bool is_account(struct str s)
{
    unsigned long long n;
    return s.n == 12 && str_u64(s, &n);
}

static bool check_asked(const struct asked *a, struct err *e)
{
    if (a->clean_up || a->list)
        return true;
    if (a->execute && (a->names.n != 1 || !a->account || a->out || a->invoke))
        return err_set(e, ERR_USAGE,
                       "simulate --execute needs a scenario and --account ID, and writes no --out");
    if (a->execute && !is_account(str_of(a->account)))
        return err_set(e, ERR_USAGE, "--account: %.40s is no account: twelve digits", a->account);
    if (!a->execute && (a->account || a->confirm || a->journal))
        return err_set(e, ERR_USAGE, "--account, --confirm and --journal are of --execute");
    if ((a->bucket || a->bootstrap || a->function || a->endpoint) && !a->invoke)
        return err_set(e, ERR_USAGE,
                       "--bucket, --bootstrap, --function and --endpoint-url are of --invoke");
    if ((a->bootstrap || a->function || a->endpoint) && !a->bucket)
        return err_set(e, ERR_USAGE, "--bootstrap, --function and --endpoint-url need --bucket");
    if (a->function && (a->bootstrap || a->rules.n || a->config))
        return err_set(e, ERR_USAGE,
                       "a deployed function is called with its own program, rules and settings: "
                       "--bootstrap, --rules and --config are not for --function");
    if (a->function && !lambda_is_name(str_of(a->function)))
        return err_set(e, ERR_USAGE, "--function: %.100s is no name of a function", a->function);
    if (a->bucket && a->rules.n > 1)
        return err_set(e, ERR_USAGE, "bootstrap takes one folder of rules: --rules once");
    if (!a->execute && (a->names.n != 1 || !a->out))
        return err_set(e, ERR_USAGE, "simulate needs a scenario and --out DIR; --list names them");
    return true;
}

static bool read_options(int argc, char **argv, struct asked *a, struct err *e)
{
    const struct option options[] = {
        {"out", 'o', OPTION_TEXT, &a->out, "DIR", "where the objects go: a new or empty folder"},
        {"seed", 0, OPTION_TEXT, &a->seed, "N", "ids, delays and noise follow from it; default 1"},
        {"start", 0, OPTION_TEXT, &a->start, "TIME",
         "of the first step; default " START ", with --bucket 2 h ago"},
        {"noise", 0, OPTION_TEXT, &a->noise, "N", "ordinary calls around it; default 600"},
        {"rules", 'r', OPTION_LIST, &a->rules, "PATH", "rule file or folder; repeatable"},
        {"config", 0, OPTION_TEXT, &a->config, "FILE", "placeholders and filters for the rules"},
        {"format", 0, OPTION_TEXT, &a->format, "FORMAT", "text or jsonl"},
        {"invoke", 0, OPTION_FLAG, &a->invoke, NULL,
         "let the function's handler find them, in place of a scan"},
        {"execute", 0, OPTION_FLAG, &a->execute, NULL, "make the harmless steps in an account"},
        {"account", 0, OPTION_TEXT, &a->account, "ID", "of --execute: the sandbox it may run in"},
        {"confirm", 0, OPTION_TEXT, &a->confirm, "ID", "the account's id, instead of typing it"},
        {"journal", 0, OPTION_TEXT, &a->journal, "FILE",
         "what --execute makes is on record there; default: trailwarden-sim-ID.journal"},
        {"clean-up", 0, OPTION_TEXT, &a->clean_up, "JOURNAL", "remove what an --execute left"},
        {"bucket", 0, OPTION_TEXT, &a->bucket, "BUCKET",
         "of --invoke: put them there, and run bootstrap itself"},
        {"bootstrap", 0, OPTION_TEXT, &a->bootstrap, "PATH", "default: beside this program"},
        {"function", 0, OPTION_TEXT, &a->function, "NAME",
         "of --invoke --bucket: call this deployed function instead"},
        {"endpoint-url", 0, OPTION_TEXT, &a->endpoint, "URL",
         "of --invoke --bucket: where AWS is, as AWS_ENDPOINT_URL"},
        {"list", 0, OPTION_FLAG, &a->list, NULL, "name the scenarios"},
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
    return check_asked(a, e);
}

/* ---- scenarios ---- */

static struct str file_named(const char *name)
{
    for (const struct simulate_file *f = simulate_files; f->name; f++)
        if (strcmp(f->name, name) == 0)
            return str_of(f->text);
    return STR_ABSENT;
}

static int list_scenarios(void)
{
    struct err e = {0};
    struct arena a;
    bool ok = true;
    arena_init(&a, 64u << 20);
    for (const struct simulate_file *f = simulate_files; ok && f->name; f++) {
        struct scenario s;
        if (strcmp(f->name, SIMULATE_BACKGROUND) == 0)
            continue;
        ok = scenario_read(str_of(f->text), &a, &s, &e) || err_wrap(&e, "%s", f->name);
        if (ok)
            printf("%-22s %.*s\n", f->name, (int)s.about.n, s.about.p);
        arena_reset(&a);
    }
    arena_release(&a);
    return ok ? EXIT_DONE : fail(&e);
}

static bool read_number(const char *name, const char *text, uint64_t most, uint64_t *to,
                        struct err *e)
{
    unsigned long long n = *to;
    if (text && (!str_u64(str_of(text), &n) || n > most))
        return err_set(e, ERR_USAGE, "--%s is no number up to %llu: %.40s", name,
                       (unsigned long long)most, text);
    *to = n;
    return true;
}

static bool read_asked(const struct asked *a, struct world_asked *w, struct err *e)
{
    const char *name = *(const char **)vec_at(&a->names, 0);
    *w = (struct world_asked){.scenario = file_named(name),
                              .background = file_named(SIMULATE_BACKGROUND),
                              .seed = SEED,
                              .noise = NOISE};
    if (!str_present(w->scenario) || strcmp(name, SIMULATE_BACKGROUND) == 0)
        return err_set(e, ERR_USAGE, "there is no scenario %.60s; --list names them", name);
    /* The function itself forgets what is too old by its clock. */
    w->start_ms = clock_wall_ms() / 1000 * 1000 - RECENT_MS;
    const char *start = a->start || a->bucket ? a->start : START;
    size_t format;
    return word_choice("format", a->format, formats, 2, &format, e) &&
           read_number("seed", a->seed, UINT64_MAX, &w->seed, e) &&
           read_number("noise", a->noise, SIMULATE_NOISE_MAX, &w->noise, e) &&
           word_time("start", start, &w->start_ms, e);
}

/* ---- objects into a folder ---- */

/* The folder must be of this run alone: what else lies there would be scanned with it. */
static bool take_folder(const char *path, struct err *e)
{
    if (mkdir(path, 0777) == 0)
        return true;
    int why = errno;
    DIR *d = why == EEXIST ? opendir(path) : NULL;
    if (!d)
        return err_set(e, ERR_USAGE, "--out %.200s: %s", path, strerror(why));
    unsigned names = 0;
    while (names < 3 && readdir(d))
        names++;
    closedir(d);
    return names < 3 || err_set(e, ERR_USAGE, "--out %.200s is not empty", path);
}

/* Makes the folders of path behind its first `from` bytes. */
static bool make_folders(struct buf *path, size_t from, struct err *e)
{
    struct str whole = buf_str(path);
    for (size_t at = from; (at = str_find_byte(whole, '/', at + 1)) != SIZE_MAX;) {
        path->p[at] = 0;
        bool ok = mkdir(path->p, 0777) == 0 || errno == EEXIST;
        if (!ok)
            return err_set(e, ERR_SYSTEM, "%.200s: %s", path->p, strerror(errno));
        path->p[at] = '/';
    }
    return true;
}

static bool note_object(struct writing *w, struct str key, int64_t at_ms, struct err *e)
{
    struct delivered *to = vec_push(&w->objects, 1);
    if (to)
        *to = (struct delivered){arena_str(&w->memory, key), at_ms};
    return (to && str_present(to->key)) || err_set(e, ERR_LIMIT, "too many objects");
}

/* take_object */
static bool write_object(void *to, struct str key, struct str gzip, int64_t at_ms, struct err *e)
{
    struct writing *w = to;
    struct output out = {.fd = -1};
    struct buf path;
    buf_init(&path, FILES_PATH_MAX);
    buf_putz(&path, w->folder);
    buf_putc(&path, '/');
    size_t from = path.n;
    buf_put(&path, key);
    bool ok = buf_z(&path) || err_set(e, ERR_USAGE, "--out is too long");
    ok = ok && make_folders(&path, from, e) && output_open(&out, buf_z(&path), e);
    if (ok) {
        buf_put(&out.pending, gzip);
        ok = output_put(&out, e) && output_commit(&out, e);
    }
    output_release(&out);
    buf_release(&path);
    return ok && note_object(w, key, at_ms, e) &&
           (!interrupted() || err_set(e, ERR_SYSTEM, "interrupted"));
}

/* ---- the command ---- */

static bool tell(const struct asked *a, struct world *w, const struct found *f,
                 const struct found_of *of, struct err *e)
{
    struct output out = {.fd = -1};
    bool ok = output_open(&out, NULL, e);
    size_t format = out.terminal ? FORMAT_TEXT : FORMAT_JSONL;
    ok = ok && word_choice("format", a->format, formats, 2, &format, e) &&
         found_put(&out, f, w, of, format == FORMAT_JSONL, e) && output_commit(&out, e);
    output_release(&out);
    return ok;
}

/* What the function may not run is refused once more, and was told by the first reading. */
static bool invoke_here(const struct asked *a, const struct vec *objects, struct found *f,
                        struct err *e)
{
    struct loaded rules;
    bool ok = rules_load_durable(&a->rules, word_or_variable(a->config, "TRAILWARDEN_CONFIG"),
                                 &rules, e) &&
              simulate_invoke_here(rules.rules, a->out, objects, f, e);
    loaded_release(&rules);
    return ok;
}

static bool invoke_bootstrap(const struct asked *a, const struct vec *objects, struct found *f,
                             struct err *e)
{
    struct buf shipped;
    struct bootstrap_asked b = {a->bucket, a->bootstrap, getenv("TRAILWARDEN_RULES"), a->config,
                                a->out};
    buf_init(&shipped, FILES_PATH_MAX);
    bool ok = true;
    if (a->rules.n)
        b.rules = *(const char **)vec_at(&a->rules, 0);
    else if (!b.rules && (ok = rules_shipped(&shipped, e)))
        b.rules = buf_z(&shipped);
    ok = ok && simulate_invoke_bootstrap(&b, objects, f, e);
    buf_release(&shipped);
    return ok;
}

static bool find(const struct asked *a, const struct ruleset *rules, const struct vec *objects,
                 struct found *f, struct err *e)
{
    const struct function_asked function = {a->bucket, a->function, a->out};
    if (a->function)
        return simulate_invoke_function(&function, objects, f, e);
    if (a->bucket)
        return invoke_bootstrap(a, objects, f, e);
    return a->invoke ? invoke_here(a, objects, f, e) : found_scan(f, rules, a->out, e);
}

/* *failed: notifications that the function failed at. */
static bool play(const struct asked *a, struct world *w, struct writing *writing,
                 const struct ruleset *rules, uint64_t *failed, struct err *e)
{
    struct found_of of = {
        .scenario = *(const char **)vec_at(&a->names, 0), .folder = a->out, .invoked = a->invoke};
    struct found found;
    found_init(&found);
    bool ok = objects_make(w, write_object, writing, &of.counts, e) && found_begin(&found, w, e) &&
              find(a, rules, &writing->objects, &found, e) && tell(a, w, &found, &of, e);
    *failed = found.invoked.failed;
    found_release(&found);
    return ok;
}

static int simulate(const void *asked, const struct ruleset *rules)
{
    const struct asked *a = asked;
    struct err e = {0};
    struct world w;
    struct world_asked wanted;
    struct writing writing = {.folder = a->out};
    uint64_t failed = 0;
    world_init(&w);
    vec_init(&writing.objects, sizeof(struct delivered), SIMULATE_EVENTS_MAX);
    arena_init(&writing.memory, SIMULATE_MEMORY_MAX);
    bool ok = read_asked(a, &wanted, &e) &&
              (!a->function || simulate_ask_function(a->function, &e)) && take_folder(a->out, &e) &&
              world_make(&w, &wanted, &e) && play(a, &w, &writing, rules, &failed, &e);
    vec_release(&writing.objects);
    arena_release(&writing.memory);
    world_release(&w);
    if (!ok && interrupted())
        return EXIT_INTERRUPTED;
    return !ok ? fail(&e) : failed ? EXIT_UNREADABLE : EXIT_DONE;
}

static int execute(const struct asked *a)
{
    struct err e = {0};
    struct world_asked w;
    if (!read_asked(a, &w, &e))
        return fail(&e);
    const struct execution_asked asked = {.scenario = *(const char **)vec_at(&a->names, 0),
                                          .yaml = w.scenario,
                                          .account = a->account,
                                          .confirm = a->confirm,
                                          .journal = a->journal,
                                          .format = a->format};
    return simulate_execute(&asked);
}

static int run_asked(const struct asked *a)
{
    if (a->list)
        return list_scenarios();
    interrupt_watch();
    if (a->clean_up)
        return simulate_clean_up(a->clean_up);
    if (a->endpoint && setenv("AWS_ENDPOINT_URL", a->endpoint, 1) != 0)
        return EXIT_FAILED;
    if (a->execute)
        return execute(a);
    /* What runs elsewhere has rules of its own. */
    return a->bucket ? simulate(a, NULL) : with_rules(&a->rules, a->config, simulate, a);
}

int simulate_command(int argc, char **argv)
{
    struct err e = {0};
    struct asked a = {0};
    vec_init(&a.rules, sizeof(const char *), ARGUMENTS_MAX);
    vec_init(&a.names, sizeof(const char *), ARGUMENTS_MAX);
    int code = EXIT_DONE;
    if (!read_options(argc, argv, &a, &e)) {
        code = fail(&e);
    } else if (!a.help) {
        code = run_asked(&a);
    }
    vec_release(&a.rules);
    vec_release(&a.names);
    return code;
}
