/* When a correlation holds for one key, or why it does not, in words. */
#ifndef TW_CLI_EXPLAIN_HELD_H
#define TW_CLI_EXPLAIN_HELD_H

#include "cli/explain_groups.h"

/* Appends the lines on group g of `groups`, which groups_gather made for the window:
 *   holds from 2026-03-17T14:02:51Z to 2026-03-17T14:12:31Z
 *   does not hold: at most 1 of 5 within 10m, at 2026-03-17T14:02:56Z
 * False, with e, without memory. */
TW_MUST_USE bool explain_put_held(struct buf *b, const struct ruleset *rs, uint32_t window,
                                  const struct vec *groups, const struct group *g, struct err *e);

#endif
