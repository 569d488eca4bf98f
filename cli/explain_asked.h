/* What a correlation asks for, in words. */
#ifndef TW_CLI_EXPLAIN_ASKED_H
#define TW_CLI_EXPLAIN_ASKED_H

#include "base/buf.h"
#include "engine/ruleset.h"

#define EXPLAIN_ANY_STEP UINT64_MAX

/* The input of the window that has this step; NULL when there is none. */
const struct rs_input *explain_input(const struct ruleset *rs, uint32_t window, uint64_t step);

/* Appends "at least 5 different values of requestParameters.secretId within 10m" and a newline. */
void explain_put_asked(struct buf *b, const struct ruleset *rs, uint32_t window);
/* Appends a length of time in the largest unit that it is whole in: "90s", "10m". */
void explain_put_length(struct buf *b, int64_t ms);
/* Appends the number and the rule of a step: step 2 "User made". */
void explain_put_step(struct buf *b, const struct ruleset *rs, uint32_t window, uint64_t step);

#endif
