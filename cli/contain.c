/* trailwarden contain: takes a principal's permissions away at a person's word; the kill switch;
 * the self-test. What may be done is decided, and recorded, by handlers/contain.h. */
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/response.h"
#include "cli/words.h"
#include "handlers/selftest.h"
#include "respond/contain_put.h"

/* A plan in words: a principal's line has some hundred bytes. */
#define PLANS_MAX (1u << 20)
#define ASK_MAX   1024 /* a question with a name or an id in it */

struct asked {
    struct vec rest; /* const char * */
    struct response_asked common;
    const char *incident, *approval, *strategy, *target;
    bool dry_run, yes, stop, resume, self_test, help;
};

static const char usage_text[] =
    "usage: trailwarden contain [options] PRINCIPAL | --incident ID | --approval ID\n"
    "       trailwarden contain --stop | --resume | --self-test\n\n"
    "Takes the permissions of a user or role away (PRINCIPAL is its ARN, or that of a session), "
    "of\n"
    "all who acted in an incident and whom they made, or of those that an alert asks approval "
    "for.\n"
    "Shows what will be done, asks, and puts it on record first: trailwarden release takes it "
    "back.\n"
    "Acts with your own credentials, and by the configuration's rails.\n\n";

static const char exit_text[] =
    "\nExit: 0 contained, 2 wrong usage, 4 failed, or done in part, 5 refused.\n";

static bool read_options(int argc, char **argv, struct asked *a, struct err *e)
{
    const struct option options[] = {
        {"state", 0, OPTION_TEXT, &a->common.state, "STATE",
         "dynamodb:TABLE or FILE.db; default: TRAILWARDEN_TABLE"},
        {"config", 0, OPTION_TEXT, &a->common.config, "FILE",
         "rails and accounts; default: TRAILWARDEN_CONFIG"},
        {"incident", 0, OPTION_TEXT, &a->incident, "ID", "who acted in it, and whom they made"},
        {"approval", 0, OPTION_TEXT, &a->approval, "ID", "what an alert asks approval for"},
        {"strategy", 0, OPTION_TEXT, &a->strategy, "NAME", "instead of those configured"},
        {"target", 0, OPTION_TEXT, &a->target, "WHAT",
         "of entry-cut an ARN, of rotate-key the key's id"},
        {"backup", 0, OPTION_TEXT, &a->common.backup, "FILE", "of delete-user: keeps the user"},
        {"secret", 0, OPTION_TEXT, &a->common.secret, "NAME",
         "of rotate-key: into Secrets Manager, not the terminal"},
        {"dry-run", 0, OPTION_FLAG, &a->dry_run, NULL, "show what would be done"},
        {"yes", 0, OPTION_FLAG, &a->yes, NULL, "do not ask"},
        {"stop", 0, OPTION_FLAG, &a->stop, NULL, "the kill switch: nobody is contained any more"},
        {"resume", 0, OPTION_FLAG, &a->resume, NULL, "takes --stop back"},
        {"self-test", 0, OPTION_FLAG, &a->self_test, NULL,
         "make a user, contain it, prove it, release, delete"},
        {"help", 'h', OPTION_FLAG, &a->help, NULL, "print this"},
    };
    const size_t n = sizeof options / sizeof *options;
    if (!options_read(options, n, argc, argv, &a->rest, e))
        return false;
    if (a->help) {
        fputs(usage_text, stdout);
        options_help(stdout, options, n);
        fputs(exit_text, stdout);
    }
    return true;
}

/* Exactly one of the things that the command can do. */
static bool check_asked(const struct asked *a, struct err *e)
{
    int whom = (a->rest.n > 0) + (a->incident != NULL) + (a->approval != NULL);
    int what = a->stop + a->resume + a->self_test;
    if (a->rest.n > 1)
        return err_set(e, ERR_USAGE, "one principal at a time; of several, --incident");
    if (whom + what != 1)
        return err_set(e, ERR_USAGE,
                       "name one of: a principal, --incident, --approval, --stop, "
                       "--resume, --self-test");
    if (what && (a->dry_run || a->strategy))
        return err_set(e, ERR_USAGE, "--dry-run and --strategy are for those to contain");
    return true;
}

static bool make_order(const struct asked *a, struct response *o, struct contain_order *order,
                       struct err *e)
{
    *order = (struct contain_order){.verb = a->approval ? ORDER_APPROVE : ORDER_CONTAIN,
                                    .approval = str_of(a->approval),
                                    .has_strategy = a->strategy != NULL,
                                    .target = str_of(a->target)};
    if (a->rest.n)
        order->principal = str_of(*(const char **)vec_at(&a->rest, 0));
    if (a->strategy && !contain_strategy_parse(str_of(a->strategy), &order->strategy))
        return err_set(e, ERR_USAGE, "there is no strategy %.40s (docs/containment.md)",
                       a->strategy);
    return !a->incident || response_find(o, a->incident, order, e);
}

/* ---- what would be done ---- */

/* Prints the plans, and whether there is anything to do. */
static bool show_plans(const struct contain_report *report)
{
    struct buf text;
    bool any = false;
    buf_init(&text, PLANS_MAX);
    for (size_t i = 0; i < report->n; i++) {
        const struct contain_plan *p = &report->list[i].plan;
        enum contain_how how = report->list[i].record ? report->list[i].record->how : CONTAIN_ACTED;
        contain_put_plan_text(&text, p, how);
        any = any || p->mode == CONTAIN_AUTO;
    }
    if (report->n == 0)
        buf_putz(&text, "  nobody who acted in it can be contained by calls of IAM\n");
    if (report->cut)
        buf_putz(&text, "  and there are more\n");
    fwrite(text.p, 1, text.n, stdout);
    fflush(stdout);
    buf_release(&text);
    return any;
}

/* The worst that came of it: somebody is contained already is no refusal. */
static int judge(const struct contain_report *report)
{
    int code = EXIT_DONE;
    for (size_t i = 0; i < report->n; i++) {
        const struct contain_outcome *o = report->list + i;
        if (o->done || o->plan.why == REFUSED_CONTAINED)
            continue;
        if (o->plan.why == CONTAIN_OK)
            return EXIT_FAILED;
        code = EXIT_REFUSED;
    }
    return report->n ? code : EXIT_REFUSED;
}

/* ---- asking ---- */

static const struct contain_step *find_step(const struct contain_report *report,
                                            enum contain_verb verb,
                                            const struct contain_plan **plan)
{
    for (size_t i = 0; i < report->n; i++)
        for (size_t k = 0; k < report->list[i].plan.n_steps; k++)
            if (report->list[i].plan.steps[k].verb == verb) {
                *plan = &report->list[i].plan;
                return (*plan)->steps + k;
            }
    return NULL;
}

/* What cannot be taken back is confirmed by its name, and by nothing less. */
static bool confirm_name(const char *what, struct str name, bool *yes, struct err *e)
{
    struct buf question;
    buf_init(&question, ASK_MAX);
    buf_putz(&question, "This cannot be taken back. ");
    buf_putz(&question, what);
    buf_putz(&question, ": ");
    const char *text = buf_z(&question);
    bool ok = response_confirms(text ? text : what, name, yes, e);
    buf_release(&question);
    return ok;
}

static bool confirm(const struct asked *a, const struct contain_report *report, bool *yes,
                    struct err *e)
{
    const struct contain_plan *plan = NULL;
    const struct contain_step *step = find_step(report, VERB_DELETE_USER, &plan);
    if (step)
        return confirm_name("Type the name of the user to delete him", plan->subject.name, yes, e);
    step = find_step(report, VERB_ROTATE_KEY, &plan);
    if (step)
        return confirm_name("Type the id of the key to make it inactive and get a new one",
                            step->target, yes, e);
    *yes = true;
    if (a->yes)
        return true;
    if (response_confirms("Contain them? Type yes: ", S("yes"), yes, e))
        return true;
    return err_set(e, ERR_USAGE, "nobody is at a terminal to confirm it: say --yes");
}

/* ---- doing ---- */

/* What is missing for what cannot be taken back is said before anything is done. */
static bool check_kept(const struct asked *a, const struct contain_report *report, struct err *e)
{
    const struct contain_plan *plan;
    if (find_step(report, VERB_DELETE_USER, &plan) && !a->common.backup)
        return err_set(e, ERR_USAGE,
                       "delete-user needs --backup FILE, where all there is of the "
                       "user is kept");
    if (find_step(report, VERB_ROTATE_KEY, &plan) && !a->common.secret && !isatty(STDOUT_FILENO))
        return err_set(e, ERR_USAGE,
                       "rotate-key shows the new key at a terminal only: or name "
                       "--secret");
    return true;
}

static int act(struct response *o, struct contain_order *order, struct err *e)
{
    struct contain_report report;
    order->dry_run = false;
    if (!container_order(o->container, order, &report, e))
        return fail(e);
    response_tell(&report, false);
    return judge(&report);
}

/* The rail is container_order's; here it spares the question. */
static bool check_stopped(struct response *o, bool *stopped, struct err *e)
{
    if (!container_stopped(o->container, stopped, e))
        return false;
    if (*stopped)
        fputs("trailwarden: the kill switch is on: nobody is contained until trailwarden contain "
              "--resume\n",
              stderr);
    return true;
}

static int contain(const struct asked *a, struct response *o)
{
    struct err e = {0};
    struct contain_order order;
    struct contain_report report;
    bool yes = false;
    if (!make_order(a, o, &order, &e))
        return fail(&e);
    order.dry_run = true;
    if (!container_order(o->container, &order, &report, &e))
        return fail(&e);
    bool any = show_plans(&report), stopped;
    if (!check_stopped(o, &stopped, &e))
        return fail(&e);
    if (a->dry_run || !any)
        return judge(&report);
    if (stopped)
        return EXIT_REFUSED;
    if (!check_kept(a, &report, &e) || !confirm(a, &report, &yes, &e))
        return fail(&e);
    if (yes)
        return act(o, &order, &e);
    fprintf(stderr, "trailwarden: nothing was done\n");
    return EXIT_REFUSED;
}

static int set_switch(struct response *o, bool stop)
{
    struct err e = {0};
    if (!container_stop(o->container, stop, &e))
        return fail(&e);
    puts(stop ? "nobody is contained any more, until trailwarden contain --resume"
              : "containment goes on as configured");
    return EXIT_DONE;
}

/* selftest_says */
static void say(void *to, const char *sentence)
{
    (void)to;
    puts(sentence);
    fflush(stdout);
}

static int test(const struct asked *a, struct response *o)
{
    struct err e = {0};
    bool yes = a->yes;
    if (!yes && !response_confirms("This makes a user in your account, contains, releases and "
                                   "deletes it. Type yes: ",
                                   S("yes"), &yes, &e))
        return fail(&e);
    if (!yes)
        return EXIT_REFUSED;
    return selftest_run(o->container, &o->ports, (struct selftest_says){NULL, say}, &e) ? EXIT_DONE
                                                                                        : fail(&e);
}

static int run(const struct asked *a)
{
    struct err e = {0};
    struct response o;
    int code;
    if (!response_open(&o, &a->common, &e))
        code = fail(&e);
    else if (a->stop || a->resume)
        code = set_switch(&o, a->stop);
    else
        code = a->self_test ? test(a, &o) : contain(a, &o);
    response_close(&o);
    return code;
}

int contain_command(int argc, char **argv)
{
    struct err e = {0};
    struct asked a = {0};
    vec_init(&a.rest, sizeof(const char *), ARGUMENTS_MAX);
    int code = EXIT_DONE;
    if (!read_options(argc, argv, &a, &e))
        code = fail(&e);
    else if (!a.help)
        code = check_asked(&a, &e) ? run(&a) : fail(&e);
    vec_release(&a.rest);
    return code;
}
