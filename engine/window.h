/* When a rule over several events holds. Pure: elements in, spans of time out.
 *
 * An element is something that happened at a time: (time, what, event). `what` is the number of the
 * input rule (temporal rules), the hash of a value (distinct values), or nothing (counts). Elements
 * are a set: the same event twice is one element.
 *
 * A rule HOLDS at a moment t, any moment, not only an element's, when the elements in the closed
 * span [t - timespan, t] satisfy its condition. Conditions are monotone: more elements never undo
 * them. The moments at which it holds form closed spans; spans no further apart than the gap are
 * one EPISODE. That is the definition; tests/model has it as a program of its own.
 *
 * Memory stays bounded under floods by THINNING, which keeps what the definition can see. It works
 * on each CELL (at most one timespan wide) by itself:
 *   WINDOW_COUNT     the n earliest and the n latest elements
 *   WINDOW_DISTINCT  of each value its first and last element; the first of the n values seen
 *                    first, the last of the n values seen last
 *   WINDOW_ALL       the first and the last element of each step
 *   WINDOW_ORDERED   does not fit in bounded space: in a cell with more than WINDOW_PAIRS_MAX
 *                    (step, time) pairs, times are told apart by slots only, doubled in width
 *                    until the pairs are few enough; times in one slot count as equal and as in
 *                    order, in a strict rule too. First and last of each (step, slot) are kept.
 *                    This is part of the definition: it may add an episode, never lose one, and
 *                    depends on the elements alone.
 * A window that feeds others hands them the times of its elements at which it holds, so of DISTINCT
 * and ALL the first element of each time is kept too (of each slot, in a cell with more than
 * WINDOW_PAIRS_MAX times). COUNT needs no more: where it drops an element, it holds.
 * What is superfluous in a set is superfluous in every larger one, so thinning may happen at any
 * time, before or after sets are joined.
 *
 * Times are milliseconds since 1970. CloudTrail's clock steps by a second, so equal times count as
 * in order unless `strict`. */
#ifndef TW_ENGINE_WINDOW_H
#define TW_ENGINE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"

#define WINDOW_PAIRS_MAX     512  /* spec of thinning: an ordered cell stays under 20 KB */
#define WINDOW_STEPS_MAX     32   /* input rules of one temporal rule; the longest known has 7 */
#define WINDOW_THRESHOLD_MAX 1000 /* of counts: a cell keeps twice as many elements */
#define WINDOW_EXPR_MAX      128  /* nodes of a boolean condition over steps */

enum window_kind { WINDOW_COUNT, WINDOW_DISTINCT, WINDOW_ALL, WINDOW_ORDERED };

/* A monotone condition over steps in prefix form, one number a node: enum window_op << 16, plus the
 * step of WINDOW_STEP or the count of operands that follow. */
enum window_op { WINDOW_STEP, WINDOW_AND, WINDOW_OR };
#define WINDOW_NODE(op, n) ((uint32_t)(op) << 16 | (uint32_t)(n))

struct window {
    enum window_kind kind;
    uint32_t n; /* COUNT, DISTINCT: at least so many; ALL, ORDERED: number of steps */
    int64_t timespan_ms;
    int64_t gap_ms;
    int64_t cell_ms;       /* at most timespan_ms */
    uint32_t bucket_cells; /* cells of one stored bucket */
    uint32_t pairs_max;    /* that a cell tells apart: WINDOW_PAIRS_MAX, or less in tests */
    bool strict;           /* ORDERED: equal times are not in order */
    bool feeds;            /* other windows are fed with its moments */
    const uint32_t *expr;  /* ALL: the condition; NULL: every step */
    uint32_t n_expr;
};

/* An event's id in 128 bits: of a UUID (CloudTrail's eventID) its bytes; of any other id the first
 * half of its SHA-256 with the version digit of a UUID set to 0, which no UUID has. */
struct id128 {
    uint64_t hi, lo;
};

struct id128 id128_of(struct str event_id);
/* Whether it is a UUID's: id128_put then gives the very text. */
bool id128_is_uuid(struct id128 id);
/* Appends the UUID; of an id that was none, "sha256:" and the 32 digits. */
void id128_put(struct buf *b, struct id128 id);
/* Appends its 32 hexadecimal digits, and reads them back: false when s is anything else. */
void id128_put_hex(struct buf *b, struct id128 id);
bool id128_read_hex(struct str s, struct id128 *out);
int id128_cmp(struct id128 a, struct id128 b);

struct element {
    int64_t time_ms;
    uint64_t what;
    struct id128 event;
};

/* A closed span of moments. */
struct span {
    int64_t first_ms;
    int64_t until_ms;
};

/* (time, what, event), as the sets are ordered. */
int element_cmp(const void *a, const void *b);

/* Sorts the n elements and drops equal ones; returns how many are left. */
size_t window_sort(struct element *e, size_t n);

/* keep[i] tells for each of the n sorted elements whether it is needed. ERR_SYSTEM without memory.
 */
TW_MUST_USE bool window_thin(const struct window *w, const struct element *e, size_t n, bool *keep,
                             struct err *e_out);

/* Appends (struct span) the spans at which the rule holds, joined by the gap, ascending. The n
 * elements are sorted; those of ALL and ORDERED whose step is none of the window's are ignored. */
TW_MUST_USE bool window_held(const struct window *w, const struct element *e, size_t n,
                             struct vec *spans, struct err *e_out);

/* Number of the cell, or the bucket, that a time lies in. */
int64_t window_cell(const struct window *w, int64_t time_ms);
int64_t window_bucket(const struct window *w, int64_t time_ms);

#endif
