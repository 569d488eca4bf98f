/* The unreliable port, and the worker behind it. Inner part of the world. */
#ifndef TW_TESTS_MODEL_PORT_H
#define TW_TESTS_MODEL_PORT_H

#include <ucontext.h>

#include "engine/event.h"
#include "tests/model/world.h"

#define WORKERS     6
#define RECEIVES    4 /* deliveries of one object before it is set aside (the dead-letter queue) */
#define LEASE       6000 /* ticks: no delivery runs longer than the lease */
#define VISIBILITY  6500 /* an object comes again after it */
#define STACK_BYTES (256u << 10)

struct world;

struct worker {
    struct world *world;
    ucontext_t context;
    char *stack;
    struct windows *windows;
    struct event event;
    bool busy;
    bool finished; /* the delivery's function has returned */
    bool dead;
    bool doomed; /* it dies when it has claimed */
    bool ok;
    struct err why;
    uint32_t object, receives;
    int64_t since;
    struct vec late; /* READ_BEFORE_ADD: struct state_add, elements owned */
};

struct world {
    struct plan plan;
    struct rng rng;
    enum mistake mistake;
    struct ruleset *rules;
    struct state_memory *memory;
    struct port_state state; /* reliable */
    int64_t now;
    uint32_t fault; /* chance of each fault at each request, of 10,000 */
    bool calm;      /* no faults, no others: the redrive at the end */
    ucontext_t main;
    struct worker workers[WORKERS];
    struct vec said; /* struct said */
    struct tally *sums;
    bool forgets[PLAN_WINDOWS][PLAN_KEYS]; /* a claim has as many alerts as it may remember */
    struct state_key keys[PLAN_WINDOWS][PLAN_KEYS]; /* under which the state knows them */
};

/* The port and the public as a worker meets them. */
struct port_state port_of(struct worker *w);
/* Forgets requests that a mistake has put off. */
void port_forget(struct worker *w);
bool port_tell(void *to, const struct window_alert *a, struct err *e);
/* What an alert of these rules says. */
struct said said_of(const struct ruleset *rules, const struct window_alert *a);

/* Gives way to others; false when the worker has died meanwhile. */
TW_MUST_USE bool worker_yield(struct worker *w, struct err *e);

#endif
