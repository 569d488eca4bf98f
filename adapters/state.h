/* The state of windows by the name that the command line gives it. */
#ifndef TW_ADAPTERS_STATE_H
#define TW_ADAPTERS_STATE_H

#include "handlers/state.h"

struct state;

/* "memory" (also NULL), or "dynamodb:TABLE" with credentials and endpoint as the AWS SDKs take
 * them. NULL, with e: ERR_USAGE for any other name, or what opening it said. */
struct state *state_open(const char *name, struct err *e);
void state_close(struct state *s);

/* The port; it lasts as long as s. */
struct port_state state_port(struct state *s);
/* Whether it outlives the process. */
bool state_is_durable(const struct state *s);

#endif
