/* trailwarden contained: who is contained, and what is on record. */
#include <string.h>

#include "adapters/output.h"
#include "base/escape.h"
#include "base/timefmt.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/response.h"
#include "cli/words.h"
#include "handlers/contain_notice.h"
#include "respond/contain_put.h"
#include "respond/put.h"

#define TITLE_MAX 200 /* bytes of a rule's title on a line */

struct asked {
    struct vec rest; /* const char *: only these principals */
    struct response_asked common;
    const char *format;
    bool all, help;
};

static const char usage_text[] =
    "usage: trailwarden contained [options] [PRINCIPAL ...]\n\n"
    "Lists the principals that are contained, wait for approval, or have something left undone, "
    "newest\n"
    "first; with --all also those that were released, refused or given up within 400 days.\n\n";

static bool read_options(int argc, char **argv, struct asked *a, struct err *e)
{
    const struct option options[] = {
        {"state", 0, OPTION_TEXT, &a->common.state, "STATE",
         "dynamodb:TABLE or FILE.db; default: TRAILWARDEN_TABLE"},
        {"all", 0, OPTION_FLAG, &a->all, NULL, "also what is over"},
        {"format", 0, OPTION_TEXT, &a->format, "FORMAT",
         "text, jsonl, or record: with every call, as it lies in the state"},
        {"help", 'h', OPTION_FLAG, &a->help, NULL, "print this"},
    };
    const size_t n = sizeof options / sizeof *options;
    if (!options_read(options, n, argc, argv, &a->rest, e))
        return false;
    if (a->help) {
        fputs(usage_text, stdout);
        options_help(stdout, options, n);
    }
    return true;
}

static bool is_asked(const struct asked *a, const struct contain_record *r)
{
    struct buf name;
    bool is = a->rest.n == 0;
    buf_init(&name, 8192); /* an ARN, each byte at most four when escaped */
    response_put_principal(&name, &r->subject);
    for (size_t i = 0; i < a->rest.n && !is; i++)
        is = str_eqz(buf_str(&name), *(const char **)vec_at(&a->rest, i)) ||
             str_eqz(r->subject.arn, *(const char **)vec_at(&a->rest, i));
    buf_release(&name);
    return is;
}

/* Why, and at whose word. */
static void put_cause(struct buf *b, const struct contain_record *r)
{
    if (str_present(r->rule_title)) {
        buf_putf(b, "  because  [%s] ", level_name(r->level));
        put_text(b, r->rule_title, TITLE_MAX);
        buf_putc(b, '\n');
    }
    if (str_present(r->incident)) {
        buf_putz(b, "  incident ");
        put_text(b, r->incident, TITLE_MAX);
        buf_putc(b, '\n');
    }
    if (str_present(r->by)) {
        buf_putz(b, "  by       ");
        put_text(b, r->by, SIZE_MAX);
        buf_putc(b, '\n');
    }
    if (str_present(r->reason)) {
        buf_putz(b, "  but      ");
        buf_put_sentence(b, r->reason);
        buf_putc(b, '\n');
    }
}

/* When it came to be as it is. */
static int64_t time_of(const struct contain_record *r)
{
    return r->released_ms ? r->released_ms : r->acted_ms ? r->acted_ms : r->planned_ms;
}

/* 2026-03-17T14:05:11Z  contained  arn:aws:iam::111122223333:user/dev, and lines below it. */
static void put_text_record(struct buf *b, const struct contain_record *r)
{
    int64_t ms = time_of(r);
    time_put(b, ms - ms % 1000);
    buf_putf(b, "  %-9s  ", contain_state_name(r->state));
    response_put_principal(b, &r->subject);
    buf_putc(b, '\n');
    put_cause(b, r);
    response_put_steps(b, r);
    if (r->taken_off)
        buf_putf(b, "  somebody took it off %u times\n", (unsigned)r->taken_off);
    if (contain_state_holds(r->state)) {
        buf_putz(b, "  undo:    ");
        contain_put_command(b, "release", &r->subject);
        buf_putc(b, '\n');
    } else if (r->state == CONTAIN_ASKED) {
        buf_putz(b, "  approve: trailwarden contain --approval ");
        contain_put_approval(b, r);
        buf_putc(b, '\n');
    }
}

/* {"type":"containment","id":"<32 hex>","state":"contained",...}, as notices have it. */
static void put_json_record(struct buf *b, const struct contain_record *r)
{
    buf_putz(b, "{\"type\":\"containment\",\"id\":\"");
    buf_put_hex(b, r->key.bytes, sizeof r->key.bytes);
    buf_putz(b, "\",");
    contain_put_state(b, r);
    put_close(b, '}');
    buf_putc(b, '\n');
}

static void put_whole_record(struct buf *b, const struct contain_record *r)
{
    contain_record_put(b, r);
    buf_putc(b, '\n');
}

enum format { FORMAT_TEXT, FORMAT_JSONL, FORMAT_RECORD };

static bool put_all(const struct asked *a, struct output *out, size_t format,
                    const struct contain_record *list, size_t n, struct err *e)
{
    static void (*const puts[])(struct buf *, const struct contain_record *) = {
        [FORMAT_TEXT] = put_text_record,
        [FORMAT_JSONL] = put_json_record,
        [FORMAT_RECORD] = put_whole_record};
    for (size_t i = n; i-- > 0;) { /* they come by time */
        if (!is_asked(a, list + i))
            continue;
        puts[format](&out->pending, list + i);
        if (!output_put(out, e))
            return false;
    }
    return output_commit(out, e);
}

static bool list(const struct asked *a, struct response *o, struct output *out, struct err *e)
{
    static const char *const formats[] = {"text", "jsonl", "record"};
    const struct contain_record *records;
    size_t n, format = out->terminal ? FORMAT_TEXT : FORMAT_JSONL;
    bool stopped;
    if (!word_choice("format", a->format, formats, 3, &format, e) ||
        !container_stopped(o->container, &stopped, e) ||
        !container_list(o->container, a->all, &records, &n, e))
        return false;
    if (stopped)
        fputs("trailwarden: the kill switch is on: nobody is contained until trailwarden contain "
              "--resume\n",
              stderr);
    return put_all(a, out, format, records, n, e);
}

static int run(const struct asked *a)
{
    struct err e = {0};
    struct response o;
    struct output out = {.fd = -1};
    bool ok =
        response_open(&o, &a->common, &e) && output_open(&out, NULL, &e) && list(a, &o, &out, &e);
    output_release(&out);
    response_close(&o);
    return ok ? EXIT_DONE : fail(&e);
}

int contained_command(int argc, char **argv)
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
