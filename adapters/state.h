/* The state of windows by the name that the command line gives it. */
#ifndef TW_ADAPTERS_STATE_H
#define TW_ADAPTERS_STATE_H

#include "handlers/state.h"

struct state;

/* "memory" (also NULL); a path that ends in ".db", a SQLite file, made when it is not there; or
 * "dynamodb:TABLE" with credentials and endpoint as the AWS SDKs take them. NULL, with e: ERR_USAGE
 * for any other name, or what opening it said. */
struct state *state_open(const char *name, struct err *e);
void state_close(struct state *s);

/* The port; it lasts as long as s. */
struct port_state state_port(struct state *s);
/* Whether it outlives the process. */
bool state_is_durable(const struct state *s);
/* Removes what has expired by now_ms, where nobody else does. The wall clock limits it: one record
 * from the future must not make a file forget everything. */
TW_MUST_USE bool state_sweep(struct state *s, int64_t now_ms, struct err *e);

#endif
