/* One random schedule's subject: rules, events, and the objects that they come in. The times are
 * small numbers, so that much happens at the same moment. */
#ifndef TW_TESTS_MODEL_PLAN_H
#define TW_TESTS_MODEL_PLAN_H

#include "base/err.h"
#include "engine/ruleset.h"
#include "tests/model/oracle.h"
#include "tests/model/rng.h"

#define PLAN_RULES   4 /* plain rules, which events hit */
#define PLAN_WINDOWS 4
#define PLAN_KEYS    2
#define PLAN_INPUTS  4
#define PLAN_EVENTS  160
#define PLAN_ARRIVES (PLAN_EVENTS + PLAN_EVENTS / 4)

struct plan_window {
    enum window_type type;
    bool muted; /* it only feeds others */
    uint32_t n_in;
    uint32_t in[PLAN_INPUTS]; /* a plain rule, or PLAN_RULES + an earlier window */
    uint32_t depth;
    uint32_t bucket_cells;
    struct oracle_rule rule;
};

struct plan_event {
    int64_t time;
    uint32_t rules; /* bit i: plain rule i is hit */
    uint32_t key, value;
};

struct plan_object {
    uint32_t n;
    uint32_t events[8];
};

struct plan {
    uint64_t salt; /* of the rules' hashes, so that plans in one store do not meet; 0: none */
    uint32_t n_windows, n_events, n_objects;
    struct plan_window windows[PLAN_WINDOWS];
    struct plan_event events[PLAN_EVENTS];
    struct plan_object objects[PLAN_ARRIVES];
};

/* wide_cells: a deliberate mistake, cells of three timespans. */
void plan_make(struct plan *p, struct rng *r, bool wide_cells);

/* The plan's rules as the engine has them: plain rule i is rule i; windows are in order, their
 * rules behind the plain ones. Fields: g is the key, v the value. */
TW_MUST_USE bool plan_rules(const struct plan *p, struct ruleset **out, struct err *e);

/* The episodes of one window and key, from the events that `which` names (NULL: all), as the
 * definition has them; at most 2 * ORACLE_MAX. `all`: see oracle_moments. Returns how many. */
#define ORACLE_MAX 2048
size_t plan_episodes(const struct plan *p, const bool *which, uint32_t window, uint32_t key,
                     bool all, struct oracle_span *out);

/* Describes the plan on stderr. */
void plan_print(const struct plan *p);

#endif
