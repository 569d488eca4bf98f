/* The state as a worker meets it. */
#ifndef TW_TESTS_MODEL_PORT_H
#define TW_TESTS_MODEL_PORT_H

#include "tests/model/stage.h"

struct port_state port_of(struct worker *w);
/* Forgets requests that a mistake has put off. */
void port_forget(struct worker *w);
/* Does them; each read does. */
TW_MUST_USE bool port_catch_up(struct worker *w, struct err *e);

/* The moments before and after any request, also one to publish: others run, and it is refused, or
 * its answer is lost. */
TW_MUST_USE bool port_request(struct worker *w, struct err *e);
TW_MUST_USE bool port_answer(struct worker *w, struct err *e);

#endif
