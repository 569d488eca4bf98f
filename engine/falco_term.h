/* What Falco's fields, transformers and tests mean, and its output line. */
#ifndef TW_ENGINE_FALCO_TERM_H
#define TW_ENGINE_FALCO_TERM_H

#include "base/buf.h"
#include "engine/event.h"

/* Whether test `p` (of dialect Falco) holds. Not remembered here: ask event_pred. */
bool falco_pred(struct event *ev, const struct rs_pred *p);

/* Appends the rule's output for this event, formatted as Falco does, without time and priority. */
void falco_put_output(struct buf *b, struct event *ev, const struct rs_rule *r);

#endif
