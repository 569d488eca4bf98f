/* Asking, executing, removing. */
#include "cli/simulate_execute.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/random.h"
#include "cli/command.h"
#include "cli/response.h"
#include "cli/simulate_executed.h"
#include "cli/simulate_journal.h"
#include "cli/words.h"

#define JOURNAL_PATH_MAX 4096 /* of the journal */

struct execution {
    const struct execution_asked *asked;
    struct executor *x;
    struct scenario scenario;
    struct planned *plan;
    struct executed *done; /* one a step */
    struct vec fenced;     /* struct str: users and roles to whom everything is denied */
    struct journal journal;
    struct buf account, arn, run, secret, path;
    struct arena memory;
    struct execute_answer answer;
    int64_t from_ms;
};

/* ---- whether ---- */

static struct str partition_of(struct str arn)
{
    str_cut(&arn, ':');
    return str_cut(&arn, ':');
}

/* The account is the one named, and who asks is not its root. */
static bool check_caller(struct execution *x, int *code, struct err *e)
{
    struct str account = buf_str(&x->account), arn = buf_str(&x->arn);
    *code = EXIT_REFUSED;
    if (!str_eqz(account, x->asked->account))
        return err_set(e, ERR_DENIED,
                       "these credentials are of account %.*s, not of %.40s: refused",
                       (int)account.n, account.p, x->asked->account);
    if (str_ends(arn, S(":root")))
        return err_set(e, ERR_DENIED, "%.*s is the account's root: refused; take a user or role",
                       (int)arn.n, arn.p);
    *code = EXIT_FAILED;
    return true;
}

static void show_plan(const struct execution *x)
{
    fprintf(stderr, "Account %.*s, as %.*s\n", (int)x->account.n, x->account.p, (int)x->arn.n,
            x->arn.p);
    for (size_t i = 0; i < x->scenario.n_steps; i++) {
        const struct planned *p = x->plan + i;
        const struct step *s = p->step;
        fprintf(stderr, "%4zu  %.*s %.*s: ", i + 1, (int)s->service.n, s->service.p,
                (int)s->event.n, s->event.p);
        if (p->why)
            fprintf(stderr, "not executed: %s\n", p->why);
        else
            fprintf(stderr, "%s%s\n", plan_kind(p),
                    str_present(p->key_of) ? ", with a key that was made and may do nothing" : "");
    }
    fprintf(stderr, "All that is made is called %.*s-... and is removed in the end.\n",
            (int)x->run.n, x->run.p);
}

static bool confirm(const struct execution *x, int *code, struct err *e)
{
    bool yes = x->asked->confirm && str_eqz(buf_str(&x->account), x->asked->confirm);
    if (!x->asked->confirm &&
        !response_confirms("Type the account's id to go on: ", buf_str(&x->account), &yes, e)) {
        *code = EXIT_USAGE;
        return err_set(e, ERR_USAGE,
                       "nobody is at a terminal to confirm it: say --confirm ACCOUNT");
    }
    *code = yes ? EXIT_FAILED : EXIT_REFUSED;
    return yes || err_set(e, ERR_DENIED, "that is not the account's id: nothing was done");
}

/* ---- doing ---- */

static bool is_fenced(const struct execution *x, struct str name)
{
    for (size_t i = 0; i < x->fenced.n; i++)
        if (str_eq(*(struct str *)vec_at(&x->fenced, i), name))
            return true;
    return false;
}

static struct str name_made(enum execute_thing thing, struct str user, struct str role)
{
    return thing >= THING_ROLE ? role : user;
}

/* On record, then called. */
static bool call(struct execution *x, const struct execute_step *step, const struct planned *p,
                 struct str key_of, struct err *e)
{
    const struct execute_names names = {.run = buf_str(&x->run),
                                        .account = buf_str(&x->account),
                                        .partition = partition_of(buf_str(&x->arn)),
                                        .user = p->user,
                                        .role = p->role,
                                        .secret = buf_str(&x->secret)};
    if (step->makes != THING_NONE &&
        !journal_note(&x->journal, step->makes, name_made(step->makes, p->user, p->role), e))
        return false;
    return executor_call(x->x, step, &names, p->step->region, key_of, &x->answer, e);
}

/* Denies everything to who was just made. Without that nothing goes on. */
static bool fence(struct execution *x, const struct planned *p, enum execute_thing thing,
                  struct err *e)
{
    struct str name = name_made(thing, p->user, p->role);
    if (!call(x, execute_deny(thing), p, STR_ABSENT, e))
        return false;
    if (x->answer.why.kind != ERR_NONE)
        return err_set(e, x->answer.why.kind,
                       "everything could not be denied to %.*s (%d %.*s): ended", (int)name.n,
                       name.p, x->answer.status, (int)x->answer.code.n,
                       x->answer.code.p ? x->answer.code.p : "");
    struct str *to = vec_push(&x->fenced, 1);
    if (to)
        *to = name;
    return to || err_set(e, ERR_LIMIT, "too many users");
}

/* A user of the story who was there before it: a stand-in is made for him, by the caller. */
static bool stand_in(struct execution *x, const struct planned *p, bool *there, struct err *e)
{
    *there = is_fenced(x, p->user);
    if (*there)
        return true;
    const struct execute_step *make = execute_find(S("iam"), S("CreateUser"));
    if (!call(x, make, p, STR_ABSENT, e))
        return false;
    *there = x->answer.why.kind == ERR_NONE;
    return !*there || fence(x, p, THING_USER, e);
}

/* Whether the step's own user or role may be given anything now: *ready. */
static bool prepare(struct execution *x, const struct planned *p, bool *ready, struct err *e)
{
    enum execute_thing t = p->call->makes;
    *ready = true;
    if (str_present(p->key_of) || t == THING_USER || t == THING_ROLE)
        return true;
    if (t == THING_ROLE_POLICY)
        *ready = is_fenced(x, p->role);
    else if (p->call->to == AWS_IAM && str_present(p->user) &&
             (t != THING_NONE || str_eqz(p->step->event, "ListAttachedUserPolicies")))
        return stand_in(x, p, ready, e);
    return true;
}

/* What was made is taken in: a key is kept, a user or role fenced. */
static bool follow(struct execution *x, const struct planned *p, struct err *e)
{
    if (x->answer.why.kind != ERR_NONE)
        return true;
    if (p->call->makes == THING_KEY)
        return executor_has(x->x, p->user) ||
               executor_keep(x->x, p->user, buf_str(&x->answer.body), e);
    return (p->call->makes != THING_USER && p->call->makes != THING_ROLE) ||
           fence(x, p, p->call->makes, e);
}

static bool run_step(struct execution *x, size_t i, struct err *e)
{
    const struct planned *p = x->plan + i;
    struct executed *d = x->done + i;
    bool ready = true;
    d->why = p->why;
    if (!d->why && str_present(p->key_of) && !executor_has(x->x, p->key_of))
        d->why = "its key could not be made";
    if (d->why)
        return true;
    if (!prepare(x, p, &ready, e))
        return false;
    if (!ready) {
        d->why = "its user or role could not be made";
        d->unwanted = true;
        return true;
    }
    for (uint64_t n = 0; n < p->times && !interrupted(); n++)
        if (!call(x, p->call, p, p->key_of, e) || !executed_note(d, p, &x->answer, &x->memory, e) ||
            !follow(x, p, e))
            return false;
    return true;
}

static bool run_steps(struct execution *x, struct err *e)
{
    bool ok = true;
    for (size_t i = 0; ok && i < x->scenario.n_steps && !interrupted(); i++) {
        ok = run_step(x, i, e);
        executed_tell(x->done + i, x->plan + i, i, x->scenario.n_steps);
    }
    return ok;
}

/* ---- beginning and end ---- */

/* Eight digits that no other run has, and a password that nobody is told. */
static bool make_names(struct execution *x, struct err *e)
{
    unsigned char bytes[4 + 16];
    if (!random_fill(bytes, sizeof bytes, e))
        return false;
    buf_putz(&x->run, EXECUTE_PREFIX);
    buf_put_hex(&x->run, bytes, 4);
    buf_putz(&x->secret, "Aa1-"); /* what an account's rules for passwords may ask for */
    buf_put_hex(&x->secret, bytes + 4, 16);
    if (x->asked->journal)
        buf_putz(&x->path, x->asked->journal);
    else
        buf_putf(&x->path, "%.*s.journal", (int)x->run.n, x->run.p);
    return buf_ok(&x->run, "a name", e) && buf_ok(&x->secret, "a password", e) && buf_z(&x->path) &&
           buf_ok(&x->path, "--journal", e);
}

static bool prepare_all(struct execution *x, int *code, struct err *e)
{
    *code = EXIT_FAILED;
    if (!scenario_read(x->asked->yaml, &x->memory, &x->scenario, e) || !make_names(x, e) ||
        !(x->x = executor_new(e)) || !executor_caller(x->x, &x->account, &x->arn, e) ||
        !check_caller(x, code, e))
        return false;
    x->plan = plan_make(&x->scenario, buf_str(&x->run), &x->memory, e);
    x->done = arena_array(&x->memory, x->scenario.n_steps, sizeof *x->done);
    if (!x->plan || !x->done)
        return x->plan && err_set(e, ERR_LIMIT, "no memory for an execution");
    show_plan(x);
    return confirm(x, code, e) &&
           journal_begin(&x->journal, buf_z(&x->path), buf_str(&x->run), buf_str(&x->account),
                         partition_of(buf_str(&x->arn)), e);
}

static int judge(const struct execution *x, bool ok, size_t left)
{
    bool unwanted = false;
    for (size_t i = 0; i < x->scenario.n_steps; i++)
        unwanted = unwanted || x->done[i].unwanted;
    if (!ok || left)
        return EXIT_FAILED;
    return interrupted() ? EXIT_INTERRUPTED : unwanted ? EXIT_UNREADABLE : EXIT_DONE;
}

/* Removes what was made, and says how that went. */
static bool finish(const struct journal *j, struct executor *x, const char *path, size_t *left,
                   struct err *e)
{
    fprintf(stderr, "removing %zu things\n", j->made.n);
    bool ok = journal_undo(j, x, left, e);
    if (!ok || *left)
        fprintf(stderr,
                "trailwarden: not all is removed; again with: trailwarden simulate --clean-up %s\n",
                path);
    return ok;
}

static int execute(struct execution *x)
{
    struct err e = {0}, undone = {0};
    int code;
    size_t left = 0;
    if (!prepare_all(x, &code, &e)) {
        complain(&e);
        return code == EXIT_FAILED && e.kind == ERR_USAGE ? EXIT_USAGE : code;
    }
    x->from_ms = clock_wall_ms();
    bool ran = run_steps(x, &e);
    if (!ran)
        complain(&e);
    const struct executed_of of = {.scenario = x->asked->scenario,
                                   .account = buf_str(&x->account),
                                   .run = buf_str(&x->run),
                                   .journal = buf_z(&x->path),
                                   .made = x->journal.made.n,
                                   .from_ms = x->from_ms,
                                   .to_ms = clock_wall_ms(),
                                   .n = x->scenario.n_steps};
    bool ok = finish(&x->journal, x->x, buf_z(&x->path), &left, &undone);
    if (!ok)
        complain(&undone);
    if (!executed_put(&of, x->plan, x->done, left, x->asked->format, &e)) {
        complain(&e);
        ok = false;
    }
    return judge(x, ran && ok, left);
}

int simulate_execute(const struct execution_asked *a)
{
    struct execution x = {.asked = a};
    vec_init(&x.fenced, sizeof(struct str), JOURNAL_THINGS_MAX);
    journal_init(&x.journal);
    buf_init(&x.account, EXECUTE_ACCOUNT_MAX);
    buf_init(&x.arn, EXECUTE_ARN_MAX);
    buf_init(&x.run, EXECUTE_NAME_MAX);
    buf_init(&x.secret, EXECUTE_NAME_MAX);
    buf_init(&x.path, JOURNAL_PATH_MAX);
    arena_init(&x.memory, 64u << 20); /* as --list: a file of scenarios has some KiB */
    execute_answer_init(&x.answer);
    int code = execute(&x);
    execute_answer_release(&x.answer);
    executor_free(x.x);
    journal_release(&x.journal);
    vec_release(&x.fenced);
    buf_release(&x.account);
    buf_release(&x.arn);
    buf_release(&x.run);
    buf_release(&x.secret);
    buf_release(&x.path);
    arena_release(&x.memory);
    return code;
}

/* The journal's account is that of the credentials. */
static bool same_account(const struct journal *j, struct executor *x, struct err *e)
{
    struct buf account, arn;
    buf_init(&account, EXECUTE_ACCOUNT_MAX);
    buf_init(&arn, EXECUTE_ARN_MAX);
    bool ok =
        executor_caller(x, &account, &arn, e) &&
        (str_eq(buf_str(&account), j->account) ||
         err_set(e, ERR_USAGE, "these credentials are of account %.*s, the journal is of %.*s",
                 (int)account.n, account.p, (int)j->account.n, j->account.p));
    buf_release(&account);
    buf_release(&arn);
    return ok;
}

int simulate_clean_up(const char *path)
{
    struct err e = {0};
    struct journal j;
    struct executor *x = NULL;
    size_t left = 0;
    journal_init(&j);
    bool ok = journal_read(&j, path, &e) && (x = executor_new(&e)) && same_account(&j, x, &e) &&
              finish(&j, x, path, &left, &e);
    if (ok && !left)
        printf("removed: all of %zu things of %.*s\n", j.made.n, (int)j.run.n, j.run.p);
    executor_free(x);
    journal_release(&j);
    return !ok ? fail(&e) : left ? EXIT_FAILED : EXIT_DONE;
}
