/* Alerts: what people are told about an episode, the time over which a window kept holding for one
 * key. A window is a rule of its own over the hits of others (Sigma's word is correlation), or that
 * of a single rule, keyed by who did it. */
#ifndef TW_RESPOND_ALERT_H
#define TW_RESPOND_ALERT_H

#include "respond/details.h"

/* One message about an alert; its identity is (id, updates). All borrowed. */
struct alert {
    const struct rs_window *window;
    struct str id;    /* 32 hexadecimal digits; the same in every repeat and update */
    uint32_t updates; /* 0: the alert itself; n: its n-th update */
    const struct str *key_names, *key_values;
    size_t n_keys;
    bool timed; /* whether the events tell times; if not, first and last mean nothing */
    int64_t first_ms, last_ms;
    uint64_t count;           /* of events; of a correlation over correlations, of moments */
    bool estimated;           /* count is; about 12 % (engine/claims.h) */
    const struct str *events; /* ids, ascending in time: the first and the last */
    const int64_t *times;     /* of those */
    size_t n_events;
    /* Who did those of them that other deliveries saw: where an event is unknown, one of those that
     * span its time did it (handlers/deeds.h). None of windows that are about one person. */
    const struct lineage_doer *doers;
    size_t n_doers;
    const struct str *joined; /* ids of told alerts that turned out to be the same episode */
    size_t n_joined;
    bool known; /* whether `first` says anything: nobody may know the first event any more */
    struct details first; /* event */
};

/* The rule that is told. */
static inline const struct rs_rule *alert_rule(const struct ruleset *rs, const struct alert *a)
{
    return rs->rules + a->window->rule;
}

/* Whether the alert is a correlation's: its window is more than that of a single rule. */
static inline bool alert_correlates(const struct alert *a)
{
    return a->window->type != WINDOW_TYPE_SINGLE;
}

/* The account the alert is about: the first event's, else the one its key names; absent when
 * neither is known. */
struct str alert_account(const struct alert *a);

#endif
