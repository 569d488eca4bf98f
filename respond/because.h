/* What a correlation waits for, in words: "at least 5 events of "Call refused" within 10 min". */
#ifndef TW_RESPOND_BECAUSE_H
#define TW_RESPOND_BECAUSE_H

#include "base/buf.h"
#include "engine/ruleset.h"
#include "respond/put.h"

/* Appends the condition; names of input rules and fields are cut and listed as limits say, and free
 * of control characters. */
void because_put(struct buf *b, const struct ruleset *rs, const struct rs_window *w,
                 const struct limits *limits);

/* The type by the name that rules use: "event_count"; "single" of a rule's own window. */
const char *because_type(const struct rs_window *w);

/* Appends the input rules, each once, as [{"id","title"}] in the order of their steps. */
void because_put_rules(struct buf *b, const struct ruleset *rs, const struct rs_window *w,
                       const struct limits *limits);

/* Appends a length of time: "90 s", "5 min", "1 h", "7 days". */
void because_put_duration(struct buf *b, int64_t ms);

#endif
