/* Who did the events of a window that gathers several people's (handlers/strangers.h). A delivery
 * that tells such an alert saw only some of its events; who did the others must lie where they lie.
 * Inner part of windows.
 *
 * A DEED is an element (time, DEED_WHAT, actor's node) that is added to its event's bucket by the
 * same call as the event, and read with it: so it costs no call of its own, and whoever sees the
 * event sees the deed. The evaluator never sees one.
 *
 * Of each actor the first and the last deed of a cell are kept: so whoever acted at t is among
 * those whose deeds of that cell span t. Others may be as well, but only such as did events of the
 * alert themselves: what an alert tells of reaches back a timespan at least, a cell is no wider, so
 * not both deeds of one who spans t lie beyond what it tells of. What is superfluous in a set is so
 * in every larger one, as with elements. */
#ifndef TW_HANDLERS_DEEDS_H
#define TW_HANDLERS_DEEDS_H

#include "engine/window.h"
#include "respond/lineage.h"

/* No step has this number (WINDOW_STEPS_MAX), and hashes of values are no single bytes. */
#define DEED_WHAT 255

static inline struct element deed_of(int64_t time_ms, struct id128 actor)
{
    return (struct element){time_ms, DEED_WHAT, actor};
}

/* Moves the deeds among the elements behind those of `deeds`. False without memory. */
TW_MUST_USE bool deeds_part(struct vec *elements, struct vec *deeds);

/* keep[i] tells for each of the n sorted deeds whether it is needed, as window_thin does. */
TW_MUST_USE bool deeds_thin(const struct window *w, const struct element *deeds, size_t n,
                            bool *keep, struct err *e);

/* Appends (struct lineage_doer) who acted, from when to when in each cell. False without memory. */
TW_MUST_USE bool deeds_doers(const struct window *w, const struct vec *deeds, struct vec *doers);

#endif
