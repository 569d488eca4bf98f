/* The stage with nothing pretended: workers are processes, the state is a real store that they
 * share, and who dies is killed with SIGKILL, at one of his calls or at any other moment. */
#ifndef TW_TESTS_MODEL_PROCESSES_H
#define TW_TESTS_MODEL_PROCESSES_H

#include "tests/model/stage.h"

/* Bytes of what is said at once: a report is written in one piece (PIPE_BUF). */
#define PROCESS_SAID_MAX 400

struct process;

/* What they play. */
struct process_play {
    void *world;
    struct stage *stage; /* objects, random numbers, sums; no workers */
    size_t said_bytes;
    /* In a process: prepares to deliver over the port; what is published goes to process_say. */
    bool (*open)(void *world, const struct port_state *port, struct process *p, struct err *e);
    bool (*deliver)(void *world, uint32_t object, const struct delivery *d, struct err *e);
    /* In the parent: takes what was said; false without memory. At the end, checks. */
    bool (*hear)(void *world, const void *said);
    bool (*check)(void *world, struct err *e);
};

/* Plays it over the store (store.h) until all objects are done. */
TW_MUST_USE bool processes_run(const struct process_play *play, const char *store, struct err *e);

/* Publishes, said being handed to `hear`; NULL: something that nobody checks. The process may die
 * before and after. */
TW_MUST_USE bool process_say(struct process *p, const void *said, struct err *e);

/* A number that no other run has, so that runs in one store do not meet. */
uint64_t processes_salt(uint64_t seed);

#endif
