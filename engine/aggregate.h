/* Windows that need all their elements: sums, averages, medians, percentiles, and counts with other
 * bounds than "at least". They are not monotone, so only `scan`, which has read everything, may
 * evaluate them. Pure. */
#ifndef TW_ENGINE_AGGREGATE_H
#define TW_ENGINE_AGGREGATE_H

#include "engine/ruleset.h"
#include "engine/window.h"

/* Appends (struct span) the spans at which the window holds, joined by its gap, ascending: the
 * moments t at which the elements in [t - timespan, t] are at least one and what they come to lies
 * within all bounds. The n elements are sorted. What they come to is, by type:
 *   EVENT_COUNT                  how many they are
 *   VALUE_COUNT TEMPORAL ORDERED how many different `what` they have
 *   SUM AVG MEDIAN PERCENTILE    of the doubles whose bits `what` is; a percentile that lies
 * between two of them is interpolated in proportion, a median is the 50th */
TW_MUST_USE bool aggregate_held(const struct rs_window *w, const struct element *e, size_t n,
                                struct vec *spans, struct err *e_out);

#endif
