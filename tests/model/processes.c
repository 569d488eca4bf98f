/* A parent that hands out objects and kills, and its workers.
 *
 * Each worker has a pipe from which it takes jobs; all write reports to one pipe, each report in
 * one write, which the kernel does not part (PIPE_BUF). So what a worker reported before it was
 * killed is there, and nothing else. */
#include "tests/model/processes.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/model/store.h"

#define LEASE_MS      1500 /* a delivery takes some 100 on two busy cores */
#define KILL_MS       1200 /* who takes longer is killed, as Lambda does */
#define VISIBILITY_MS 1700
#define DEATHS        2500 /* of 10,000 deliveries: killed at a call */
#define SUDDEN        1000 /* killed whatever it does, within SUDDEN_MS */
#define SUDDEN_MS     60
#define CALLS_MAX     14 /* calls of a delivery, both sides counted, at which it may be killed */
#define RUN_MS        120000
#define POLL_MS       5

struct job {
    uint32_t object, receives;
    uint32_t die_at; /* number of the moment at which the worker kills itself; 0: never */
};

struct report {
    uint32_t worker;
    enum { SAID, ENDED } type;
    bool ok;
    unsigned char said[PROCESS_SAID_MAX];
};

/* ---- in the worker ---- */

struct process {
    const struct process_play *play;
    struct port_state real;
    uint32_t number, moment, die_at;
    int reports;
};

/* The moments before and after a call. */
static void pass_moment(struct process *p)
{
    if (++p->moment == p->die_at)
        (void)raise(SIGKILL);
}

static bool add(void *self, const struct state_add *list, size_t n, struct err *e)
{
    struct process *p = self;
    pass_moment(p);
    bool ok = p->real.add(p->real.self, list, n, e);
    pass_moment(p);
    return ok;
}

static bool read_buckets(void *self, const struct state_read *list, size_t n, struct err *e)
{
    struct process *p = self;
    pass_moment(p);
    bool ok = p->real.read(p->real.self, list, n, e);
    pass_moment(p);
    return ok;
}

static bool drop(void *self, const struct state_drop *list, size_t n, struct err *e)
{
    struct process *p = self;
    pass_moment(p);
    bool ok = p->real.drop(p->real.self, list, n, e);
    pass_moment(p);
    return ok;
}

static bool claims(void *self, struct state_claims *list, size_t n, struct err *e)
{
    struct process *p = self;
    pass_moment(p);
    return p->real.claims(p->real.self, list, n, e);
}

static bool swap(void *self, struct state_swap *list, size_t n, struct err *e)
{
    struct process *p = self;
    pass_moment(p);
    bool ok = p->real.swap(p->real.self, list, n, e);
    pass_moment(p);
    return ok;
}

static void pause_ms(void *self, int64_t ms)
{
    struct process *p = self;
    p->real.pause(p->real.self, ms);
}

static bool report(const struct process *p, const struct report *r)
{
    return write(p->reports, r, sizeof *r) == (ssize_t)sizeof *r;
}

bool process_say(struct process *p, const void *said, struct err *e)
{
    struct report r = {.worker = p->number, .type = SAID};
    if (said)
        memcpy(r.said, said, p->play->said_bytes);
    pass_moment(p);
    if (said && !report(p, &r))
        return err_set(e, ERR_SYSTEM, "nobody listens");
    pass_moment(p);
    return true;
}

static bool work(struct process *p, const struct job *j, struct err *e)
{
    int64_t now = clock_wall_ms();
    struct delivery d = {.now_ms = now, .lease_ms = LEASE_MS, .again = j->receives > 1};
    memcpy(d.owner, &j->object, sizeof j->object);
    memcpy(d.owner + sizeof j->object, &now, sizeof now);
    memcpy(d.owner + CLAIM_ID_BYTES - sizeof p->number, &p->number, sizeof p->number);
    p->moment = 0;
    p->die_at = j->die_at;
    return p->play->deliver(p->play->world, j->object, &d, e);
}

/* Takes jobs until the pipe ends. */
static bool serve(struct process *p, int jobs)
{
    struct job j;
    while (read(jobs, &j, sizeof j) == (ssize_t)sizeof j) {
        struct err e = {0};
        struct report r = {.worker = p->number, .type = ENDED};
        r.ok = work(p, &j, &e);
        if (!report(p, &r))
            return false;
    }
    return true;
}

static bool run_worker(const struct process_play *play, const char *store, uint32_t number,
                       int jobs, int reports)
{
    struct err e = {0};
    struct store *s = store_open(store, &e);
    struct process p = {.play = play, .number = number, .reports = reports};
    struct port_state port = {&p, add, read_buckets, drop, claims, swap, pause_ms};
    bool ok = s != NULL;
    if (ok) {
        p.real = store_port(s);
        ok = play->open(play->world, &port, &p, &e) && serve(&p, jobs);
    }
    if (!ok)
        fprintf(stderr, "worker %u: %s\n", number, e.text);
    store_close(s);
    return ok; /* and the process ends */
}

/* ---- in the parent ---- */

struct child {
    pid_t pid; /* 0: none */
    int jobs;  /* where it takes them */
    bool busy;
    struct job job;
    int64_t since, kill_at; /* of the steady clock */
};

struct ticket {
    int64_t when;
    uint32_t object, receives;
};

struct parent {
    const struct process_play *play;
    struct stage *stage;
    const char *store;
    struct child children[WORKERS];
    int reports[2];
    struct vec tickets; /* struct ticket */
};

static bool put_ticket(struct parent *p, int64_t when, uint32_t object, uint32_t receives)
{
    struct ticket *t = vec_push(&p->tickets, 1);
    if (t)
        *t = (struct ticket){when, object, receives};
    return t != NULL;
}

/* In the new process: nothing of the other children may stay open, or their pipes never end. */
static _Noreturn void become_worker(struct parent *p, uint32_t number, int jobs)
{
    for (uint32_t i = 0; i < WORKERS; i++)
        if (i != number && p->children[i].pid)
            close(p->children[i].jobs);
    close(p->reports[0]);
    _exit(!run_worker(p->play, p->store, number, jobs, p->reports[1]));
}

static bool hire(struct parent *p, uint32_t number, struct err *e)
{
    struct child *c = p->children + number;
    int jobs[2];
    if (pipe(jobs) != 0)
        return err_set(e, ERR_SYSTEM, "no pipe");
    c->pid = fork();
    if (c->pid == 0) {
        close(jobs[1]);
        become_worker(p, number, jobs[0]);
    }
    close(jobs[0]);
    c->jobs = jobs[1];
    c->busy = false;
    if (c->pid > 0)
        return true;
    c->pid = 0;
    close(jobs[1]);
    return err_set(e, ERR_SYSTEM, "no process");
}

static bool bury(struct child *c)
{
    int status;
    bool fine = waitpid(c->pid, &status, 0) == c->pid &&
                (WIFEXITED(status) ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGKILL);
    close(c->jobs);
    c->pid = 0;
    return fine;
}

/* The delivery has ended, one way or the other. */
static bool finish(struct parent *p, struct child *c, bool ok)
{
    const struct job *j = &c->job;
    c->busy = false;
    if (ok) {
        p->stage->done[j->object] = true;
        p->stage->aside[j->object] = false;
        return true;
    }
    if (j->receives < RECEIVES)
        return put_ticket(p, c->since + VISIBILITY_MS, j->object, j->receives + 1);
    if (!p->stage->calm) {
        p->stage->aside[j->object] = true;
        p->stage->sums->aside++;
        return true;
    }
    return j->receives < 3 * RECEIVES
               ? put_ticket(p, c->since + VISIBILITY_MS, j->object, j->receives + 1)
               : false;
}

/* Sends a job; a worker that is killed by it dies later. */
static bool send_job(struct parent *p, struct child *c, const struct ticket *t)
{
    struct rng *r = &p->stage->rng;
    struct job j = {t->object, t->receives, 0};
    int64_t now = clock_mono_ms();
    c->since = now;
    c->kill_at = now + KILL_MS;
    if (!p->stage->calm && rng_chance(r, DEATHS))
        j.die_at = (uint32_t)rng_in(r, 1, CALLS_MAX);
    else if (!p->stage->calm && rng_chance(r, SUDDEN))
        c->kill_at = now + rng_in(r, 0, SUDDEN_MS);
    c->job = j;
    c->busy = true;
    p->stage->sums->deliveries++;
    return write(c->jobs, &j, sizeof j) == (ssize_t)sizeof j;
}

static bool hand_out(struct parent *p)
{
    int64_t now = clock_mono_ms();
    struct ticket *all = p->tickets.p;
    for (size_t i = 0, k = 0; i < p->tickets.n && k < WORKERS;) {
        struct ticket t = all[i];
        while (k < WORKERS && p->children[k].busy)
            k++;
        if (k == WORKERS || t.when > now) {
            i++;
            continue;
        }
        memmove(all + i, all + i + 1, (p->tickets.n - i - 1) * sizeof *all);
        p->tickets.n--;
        if (!send_job(p, p->children + k, &t))
            return false;
    }
    return true;
}

/* Takes what workers have written, waiting for it a little. */
static bool listen_to(struct parent *p, int ms)
{
    struct pollfd fd = {.fd = p->reports[0], .events = POLLIN};
    struct report r;
    while (poll(&fd, 1, ms) == 1) {
        ms = 0;
        if (read(fd.fd, &r, sizeof r) != (ssize_t)sizeof r)
            return false;
        if (r.type == ENDED) {
            p->stage->sums->refusals += !r.ok;
            if (!finish(p, p->children + r.worker, r.ok))
                return false;
            continue;
        }
        if (!p->play->hear(p->play->world, r.said))
            return false;
    }
    return true;
}

static bool has_died(const struct child *c)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

/* Kills whose time has come, and replaces who has died, after hearing his last words. */
static bool keep_up(struct parent *p, struct err *e)
{
    for (uint32_t i = 0; i < WORKERS; i++) {
        struct child *c = p->children + i;
        if (c->busy && clock_mono_ms() >= c->kill_at)
            kill(c->pid, SIGKILL);
        else if (!has_died(c))
            continue;
        if (!bury(c))
            return err_set(e, ERR_SYSTEM, "a worker ended by itself");
        p->stage->sums->deaths++;
        if (!listen_to(p, 0) || (c->busy && !finish(p, c, false)))
            return err_set(e, ERR_SYSTEM, "no memory");
        if (!hire(p, i, e))
            return false;
    }
    return true;
}

static bool is_busy(const struct parent *p)
{
    for (uint32_t i = 0; i < WORKERS; i++)
        if (p->children[i].busy)
            return true;
    return false;
}

static bool play(struct parent *p, struct err *e)
{
    int64_t end = clock_mono_ms() + RUN_MS;
    while (p->tickets.n || is_busy(p)) {
        if (clock_mono_ms() > end)
            return err_set(e, ERR_LIMIT, "the schedule does not end");
        if (!hand_out(p) || !listen_to(p, POLL_MS))
            return err_set(e, ERR_SYSTEM, "an object cannot be delivered");
        if (!keep_up(p, e))
            return false;
    }
    return true;
}

static bool announce(struct parent *p)
{
    for (uint32_t o = 0; o < p->stage->n_objects; o++)
        for (int i = rng_chance(&p->stage->rng, 1000); i >= 0; i--)
            if (!put_ticket(p, 0, o, 1))
                return false;
    return true;
}

static bool redrive(struct parent *p, struct err *e)
{
    p->stage->calm = true;
    for (uint32_t o = 0; o < p->stage->n_objects; o++)
        if (p->stage->aside[o] && !put_ticket(p, clock_mono_ms() + VISIBILITY_MS, o, RECEIVES + 1))
            return err_set(e, ERR_SYSTEM, "no memory");
    return play(p, e);
}

static bool check(struct parent *p, struct err *e)
{
    struct store *s = store_open(p->store, e);
    if (!s)
        return false;
    p->stage->state = store_port(s);
    bool ok = p->play->check(p->play->world, e);
    store_close(s);
    return ok;
}

static bool dismiss_all(struct parent *p)
{
    bool fine = true;
    for (uint32_t i = 0; i < WORKERS; i++)
        if (p->children[i].pid) {
            kill(p->children[i].pid, SIGKILL);
            fine = bury(p->children + i) && fine;
        }
    return fine;
}

static bool hire_all(struct parent *p, struct err *e)
{
    for (uint32_t i = 0; i < WORKERS; i++)
        if (!hire(p, i, e))
            return false;
    return true;
}

static bool run(struct parent *p, struct err *e)
{
    if (pipe(p->reports) != 0)
        return err_set(e, ERR_SYSTEM, "no pipe");
    bool ok = announce(p) && hire_all(p, e) && play(p, e) && redrive(p, e);
    ok = dismiss_all(p) && ok;
    close(p->reports[0]);
    close(p->reports[1]);
    return ok && check(p, e);
}

bool processes_run(const struct process_play *play, const char *store, struct err *e)
{
    struct parent *p = calloc(1, sizeof *p);
    if (!p)
        return err_set(e, ERR_SYSTEM, "no memory for processes");
    *p = (struct parent){.play = play, .stage = play->stage, .store = store};
    vec_init(&p->tickets, sizeof(struct ticket), SIZE_MAX);
    bool ok = run(p, e);
    vec_release(&p->tickets);
    free(p);
    return ok;
}

uint64_t processes_salt(uint64_t seed)
{
    return (uint64_t)clock_wall_ms() << 16 ^ seed ^ (uint64_t)getpid() << 48;
}
