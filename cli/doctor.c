/* trailwarden doctor: what of a deployment is not as it should be. */
#include "adapters/doctor.h"

#include <string.h>

#include "adapters/output.h"
#include "base/escape.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/words.h"

struct asked {
    struct vec rest; /* const char *: there may be none */
    struct doctor_asked what;
    const char *stack, *format;
    bool help;
};

static const char usage_text[] =
    "usage: trailwarden doctor [options]\n\n"
    "Looks at a deployment from outside, with your own credentials, and says of each thing "
    "whether\n"
    "it is as it should be, and if not, what to do. It changes nothing; the function is called\n"
    "once, for its self-test.\n\n";

static bool read_options(int argc, char **argv, struct asked *a, struct err *e)
{
    const struct option options[] = {
        {"stack", 0, OPTION_TEXT, &a->stack, "NAME",
         "the stack, whose function has its name (default: trailwarden)"},
        {"function", 0, OPTION_TEXT, &a->what.function, "NAME", "the function, if not so"},
        {"table", 0, OPTION_TEXT, &a->what.table, "NAME", "the table, if not the function's"},
        {"topic", 0, OPTION_TEXT, &a->what.topic, "ARN", "the alert topic, if not the function's"},
        {"queue", 0, OPTION_TEXT, &a->what.queue, "NAME", "the queue that it should read"},
        {"bucket", 0, OPTION_TEXT, &a->what.bucket, "NAME",
         "the trail's bucket, if not TRAILWARDEN_BUCKETS"},
        {"format", 0, OPTION_TEXT, &a->format, "FORMAT", "text (default) or jsonl"},
        {"help", 'h', OPTION_FLAG, &a->help, NULL, "print this"},
    };
    const size_t n = sizeof options / sizeof *options;
    if (!options_read(options, n, argc, argv, &a->rest, e))
        return false;
    if (a->help) {
        fputs(usage_text, stdout);
        options_help(stdout, options, n);
    } else if (a->rest.n) {
        return err_set(e, ERR_USAGE,
                       "doctor takes options only; --function NAME names the function");
    } else if (a->stack && a->what.function) {
        return err_set(e, ERR_USAGE, "--stack and --function name the same thing: give one");
    }
    return true;
}

enum format { FORMAT_TEXT, FORMAT_JSONL };

struct telling {
    struct output *out;
    size_t format;
    size_t counts[DOCTOR_FAIL + 1];
};

/* fail  dead-letters      3 messages could not be read
 *                         -> the function's log says why; .. */
static void put_text(struct buf *b, const struct doctor_finding *f)
{
    buf_putf(b, "%-5s %-17s ", doctor_verdict_name(f->verdict), f->check);
    buf_put_terminal(b, f->text);
    buf_putc(b, '\n');
    if (str_present(f->todo)) {
        buf_putf(b, "%-23s -> ", "");
        buf_put_terminal(b, f->todo);
        buf_putc(b, '\n');
    }
}

/* {"type":"check","check":"dead-letters","verdict":"fail","text":"..","todo":".."} */
static void put_json(struct buf *b, const struct doctor_finding *f)
{
    buf_putf(b, "{\"type\":\"check\",\"check\":\"%s\",\"verdict\":\"%s\",\"text\":", f->check,
             doctor_verdict_name(f->verdict));
    buf_put_json(b, f->text);
    buf_putz(b, ",\"todo\":");
    buf_put_json(b, f->todo);
    buf_putz(b, "}\n");
}

/* doctor_fn */
static bool tell(void *to, const struct doctor_finding *f, struct err *e)
{
    static void (*const puts[])(struct buf *, const struct doctor_finding *) = {
        [FORMAT_TEXT] = put_text, [FORMAT_JSONL] = put_json};
    struct telling *t = to;
    if (interrupted())
        return err_set(e, ERR_SYSTEM, "interrupted");
    t->counts[f->verdict]++;
    puts[t->format](&t->out->pending, f);
    return output_put(t->out, e) && output_flush(t->out, e);
}

static int examine(const struct asked *a, struct telling *t)
{
    static const char *const formats[] = {"text", "jsonl"};
    struct err e = {0};
    if (!word_choice("format", a->format, formats, 2, &t->format, &e) ||
        !doctor_run(&a->what, tell, t, &e) || !output_commit(t->out, &e))
        return interrupted() ? EXIT_INTERRUPTED : fail(&e);
    fprintf(stderr, "%zu ok, %zu warnings, %zu failed\n", t->counts[DOCTOR_OK],
            t->counts[DOCTOR_WARN], t->counts[DOCTOR_FAIL]);
    return t->counts[DOCTOR_FAIL] ? EXIT_UNREADABLE : EXIT_DONE;
}

static int run(struct asked *a)
{
    struct err e = {0};
    struct output out = {.fd = -1};
    struct telling t = {.out = &out, .format = FORMAT_TEXT};
    a->what.version = TRAILWARDEN_VERSION;
    if (!a->what.function)
        a->what.function = a->stack ? a->stack : "trailwarden";
    interrupt_watch();
    int code = output_open(&out, NULL, &e) ? examine(a, &t) : fail(&e);
    output_release(&out);
    return code;
}

int doctor_command(int argc, char **argv)
{
    struct err e = {0};
    struct asked a = {0};
    vec_init(&a.rest, sizeof(const char *), ARGUMENTS_MAX);
    int code = EXIT_DONE;
    if (!read_options(argc, argv, &a, &e))
        code = fail(&e);
    else if (!a.help)
        code = run(&a);
    vec_release(&a.rest);
    return code;
}
