/* trailwarden release: takes back what containment did, as it is on record. */
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/response.h"

struct asked {
    struct vec rest; /* const char * */
    struct response_asked common;
    const char *incident;
    bool force, keep_keys, dry_run, yes, help;
};

static const char usage_text[] =
    "usage: trailwarden release [options] PRINCIPAL | --incident ID\n\n"
    "Takes back exactly what the record of a containment says was done (trailwarden contained "
    "lists\n"
    "them). What somebody changed since is told and left alone. Acts with your own credentials: "
    "the\n"
    "function's may not do it.\n\n";

static const char exit_text[] = "\nExit: 0 released, 2 wrong usage, 4 failed, 5 something was "
                                "left as it is.\n";

static bool read_options(int argc, char **argv, struct asked *a, struct err *e)
{
    const struct option options[] = {
        {"state", 0, OPTION_TEXT, &a->common.state, "STATE",
         "dynamodb:TABLE or FILE.db; default: TRAILWARDEN_TABLE"},
        {"config", 0, OPTION_TEXT, &a->common.config, "FILE",
         "accounts and their roles; default: TRAILWARDEN_CONFIG"},
        {"incident", 0, OPTION_TEXT, &a->incident, "ID", "all who were contained because of it"},
        {"keep-keys", 0, OPTION_FLAG, &a->keep_keys, NULL, "access keys stay inactive"},
        {"force", 0, OPTION_FLAG, &a->force, NULL, "also what somebody changed since"},
        {"dry-run", 0, OPTION_FLAG, &a->dry_run, NULL, "show what would be taken back"},
        {"yes", 0, OPTION_FLAG, &a->yes, NULL, "do not ask"},
        {"help", 'h', OPTION_FLAG, &a->help, NULL, "print this"},
    };
    const size_t n = sizeof options / sizeof *options;
    if (!options_read(options, n, argc, argv, &a->rest, e))
        return false;
    if (a->help) {
        fputs(usage_text, stdout);
        options_help(stdout, options, n);
        fputs(exit_text, stdout);
    } else if (a->rest.n + (a->incident != NULL) != 1) {
        return err_set(e, ERR_USAGE,
                       "name one principal, or --incident; release --help tells more");
    }
    return true;
}

static bool make_order(const struct asked *a, struct response *o, struct contain_order *order,
                       struct err *e)
{
    *order =
        (struct contain_order){.verb = ORDER_RELEASE, .force = a->force, .keep_keys = a->keep_keys};
    if (a->incident)
        return response_find(o, a->incident, order, e);
    order->principal = str_of(*(const char **)vec_at(&a->rest, 0));
    return true;
}

/* Whether a step was left that could be taken back: with --force, or without --keep-keys. */
static bool is_left(const struct contain_done *d, bool keep_keys)
{
    enum contain_undo undo = contain_undo_of(d->step.verb);
    return d->state == STEP_KEPT && undo != UNDO_NONE && undo != UNDO_PASSWORD &&
           !(undo == UNDO_KEYS && keep_keys);
}

static int judge_one(const struct contain_outcome *o, bool keep_keys)
{
    const struct contain_record *r = o->record;
    if (!o->done)
        return r && contain_state_holds(r->state) ? EXIT_FAILED : EXIT_REFUSED;
    for (size_t i = 0; i < r->n_steps; i++)
        if (is_left(r->steps + i, keep_keys))
            return EXIT_REFUSED;
    return EXIT_DONE;
}

/* The worst; nobody is no success. */
static int judge(const struct contain_report *report, bool keep_keys)
{
    int worst = report->n ? EXIT_DONE : EXIT_REFUSED;
    for (size_t i = 0; i < report->n; i++) {
        int code = judge_one(report->list + i, keep_keys);
        if (code == EXIT_FAILED)
            return code;
        worst = code == EXIT_DONE ? worst : code;
    }
    return worst;
}

static bool confirm(const struct asked *a, bool *yes, struct err *e)
{
    *yes = true;
    if (a->yes || response_confirms("Take it back? Type yes: ", S("yes"), yes, e))
        return true;
    return err_set(e, ERR_USAGE, "nobody is at a terminal to confirm it: say --yes");
}

static int release(const struct asked *a, struct response *o)
{
    struct err e = {0};
    struct contain_order order;
    struct contain_report report;
    bool yes;
    if (!make_order(a, o, &order, &e))
        return fail(&e);
    order.dry_run = true;
    if (!container_order(o->container, &order, &report, &e))
        return fail(&e);
    if (a->dry_run || !a->yes)
        response_tell(&report, true);
    if (a->dry_run)
        return judge(&report, a->keep_keys);
    if (!confirm(a, &yes, &e))
        return fail(&e);
    if (!yes) {
        fprintf(stderr, "trailwarden: nothing was done\n");
        return EXIT_REFUSED;
    }
    order.dry_run = false;
    if (!container_order(o->container, &order, &report, &e))
        return fail(&e);
    response_tell(&report, true);
    return judge(&report, a->keep_keys);
}

int release_command(int argc, char **argv)
{
    struct err e = {0};
    struct asked a = {0};
    struct response o;
    vec_init(&a.rest, sizeof(const char *), ARGUMENTS_MAX);
    int code = EXIT_DONE;
    if (!read_options(argc, argv, &a, &e)) {
        code = fail(&e);
    } else if (!a.help) {
        code = response_open(&o, &a.common, &e) ? release(&a, &o) : fail(&e);
        response_close(&o);
    }
    vec_release(&a.rest);
    return code;
}
