/* What windows have gathered of one correlation, by key. What belongs to which key is asked of the
 * windows themselves (handlers/entries.h is looked into), when a rule holds of the engine: nothing
 * is decided here a second time. */
#ifndef TW_CLI_EXPLAIN_GROUPS_H
#define TW_CLI_EXPLAIN_GROUPS_H

#include "handlers/entries.h"

/* The elements of one key of one window. */
struct group {
    const struct str *parts; /* the key, and behind it the values of first_seen; the windows' */
    size_t n_parts;
    struct str account;  /* of the events */
    struct vec elements; /* struct element, sorted */
    struct vec spans;    /* struct span: when the window holds, joined by its gap */
};

/* Everything that w has gathered for a window and that was not settled yet; of other correlations
 * that feed it, the moments at which they hold. groups gets struct group; release it in either
 * case. */
TW_MUST_USE bool groups_gather(struct windows *w, uint32_t window, struct vec *groups,
                               struct err *e);
void groups_release(struct vec *groups);

#endif
