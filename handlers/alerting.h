/* Between windows and alerts: what an event's description holds, and how an alert is made of what
 * windows tell. */
#ifndef TW_HANDLERS_ALERTING_H
#define TW_HANDLERS_ALERTING_H

#include "handlers/windows.h"
#include "respond/alert.h"

/* Memory for one alert at a time. */
struct alerting {
    const struct ruleset *rules;
    struct arena memory;
    struct buf scratch;
};

void alerting_init(struct alerting *a, const struct ruleset *rules);
void alerting_release(struct alerting *a);

/* windows_calls.describe, given the alerting. */
void alerting_describe(struct alerting *a, struct event *ev, uint32_t rule, const struct facts *f,
                       struct buf *out);

/* The alert that windows tell, its details read, secrets taken out of its key. Borrowed from `from`
 * and, until the next call, from a. False when memory is out. */
TW_MUST_USE bool alerting_make(struct alerting *a, const struct window_alert *from,
                               struct alert *out, struct err *e);

#endif
