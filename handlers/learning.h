/* What the two halves of learning share: learn.c gathers and decides, study.c asks and writes.
 * Inner part of windows. */
#ifndef TW_HANDLERS_LEARNING_H
#define TW_HANDLERS_LEARNING_H

#include "handlers/learned.h"
#include "handlers/settling.h"

/* One item of what is learned: of an account, or of a key. */
struct lesson {
    struct state_key key;
    const struct rs_window *window;
    int64_t first_ms, last_ms; /* of the delivery's own events */
    bool ask;                  /* the state has to be asked */
    bool done;
    struct value_use *uses; /* of a key: values that are not known to be on record */
    size_t n_uses;
    struct learned now;
    uint64_t version;
};

/* One entry: a value of a key. */
struct value_use {
    struct entry *en;
    const struct rs_window *window;
    struct state_key account_key, key_key;
    struct lesson *account, *key;
    int64_t first_ms, last_ms;
    bool ask;     /* the state has to be asked */
    bool claimed; /* there is an item of claims */
    bool kept;    /* it is among the values that are remembered */
};

struct learning {
    struct windows *w;
    struct vec uses;    /* struct value_use; those that ask first, in the order of their keys */
    struct vec lessons; /* struct lesson, by key */
    size_t n_ask;       /* uses that ask */
};

/* How far a record may lag behind the last use, in event time: what is written at most so often
 * costs next to nothing, and a history is measured to one part in 64. */
int64_t learning_slack(const struct rs_window *win);

/* The time by which the state says when a lesson expires. */
static inline int64_t learning_now(const struct learning *l, const struct lesson *at)
{
    return later(l->w->delivery.now_ms, at->last_ms);
}

/* The newest claim when it has all from first_ms on, its next renewal is not due, and nothing of
 * the value is left to be told: then there is nothing to do. Else NULL. */
const struct claim *learning_on_record(const struct claims *c, int64_t first_ms, int64_t last_ms,
                                       int64_t slack_ms);

/* Asks the state for lessons and values, changes each lesson by what this delivery knows, and
 * writes it by compare-and-set until that succeeds. */
TW_MUST_USE bool learning_study(struct learning *l, struct err *e);

#endif
