/* Conditions in words. */
#include "respond/because.h"

const char *because_type(const struct rs_window *w)
{
    static const char *const names[] = {
        [WINDOW_TYPE_SINGLE] = "single",
        [WINDOW_TYPE_EVENT_COUNT] = "event_count",
        [WINDOW_TYPE_VALUE_COUNT] = "value_count",
        [WINDOW_TYPE_TEMPORAL] = "temporal",
        [WINDOW_TYPE_ORDERED] = "temporal_ordered",
        [WINDOW_TYPE_FIRST_SEEN] = "first_seen",
        [WINDOW_TYPE_SUM] = "value_sum",
        [WINDOW_TYPE_AVG] = "value_avg",
        [WINDOW_TYPE_PERCENTILE] = "value_percentile",
        [WINDOW_TYPE_MEDIAN] = "value_median",
    };
    return names[w->type];
}

void because_put_duration(struct buf *b, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *one, *many;
    } units[] = {
        {86400000, " day", " days"},
        {3600000, " h", " h"},
        {60000, " min", " min"},
        {1000, " s", " s"},
    };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (ms >= units[i].ms && ms % units[i].ms == 0) {
            buf_put_i64(b, ms / units[i].ms);
            buf_putz(b, ms == units[i].ms ? units[i].one : units[i].many);
            return;
        }
    buf_put_i64(b, ms);
    buf_putz(b, " ms");
}

/* ---- the input rules ---- */

/* The first input of that step; NULL when there is none. */
static const struct rs_input *input_of(const struct ruleset *rs, const struct rs_window *w,
                                       uint32_t step)
{
    for (uint32_t i = 0; i < rs->n_inputs; i++)
        if (rs->windows + rs->inputs[i].window == w && rs->inputs[i].step == step)
            return rs->inputs + i;
    return NULL;
}

static struct str name_of(const struct ruleset *rs, const struct rs_input *in)
{
    const struct rs_rule *r = rs->rules + in->rule;
    struct str title = rs_str(rs, r->title);
    return title.n ? title : rs_str(rs, r->id);
}

/* "A", "B" or "C" */
static void put_names(struct buf *b, const struct ruleset *rs, const struct rs_window *w,
                      const char *between, const char *before_last, const struct limits *limits)
{
    uint32_t n = w->n_steps;
    for (uint32_t i = 0; i < n && i < limits->list; i++) {
        const struct rs_input *in = input_of(rs, w, i);
        if (!in)
            continue;
        if (i)
            buf_putz(b, i + 1 == n ? before_last : between);
        buf_putc(b, '"');
        put_text(b, name_of(rs, in), limits->value);
        buf_putc(b, '"');
    }
    if (n > limits->list)
        buf_putf(b, " and %zu more", n - limits->list);
}

void because_put_rules(struct buf *b, const struct ruleset *rs, const struct rs_window *w,
                       const struct limits *limits)
{
    buf_putc(b, '[');
    for (uint32_t i = 0; i < w->n_steps && i < limits->list; i++) {
        const struct rs_input *in = input_of(rs, w, i);
        if (!in)
            continue;
        buf_putc(b, '{');
        put_member(b, S("id"), rs_str(rs, rs->rules[in->rule].id), limits->value);
        put_member(b, S("title"), rs_str(rs, rs->rules[in->rule].title), limits->value);
        put_close(b, '}');
        buf_putc(b, ',');
    }
    put_close(b, ']');
}

/* The fields whose values are counted or summed: "userAgent and awsRegion". */
static void put_fields(struct buf *b, const struct ruleset *rs, const struct rs_window *w,
                       const struct limits *limits)
{
    const struct rs_input *in = input_of(rs, w, 0);
    for (uint32_t i = 0; in && i < in->values.n && i < limits->list; i++) {
        if (i)
            buf_putz(b, " and ");
        put_text(b, rs_value_name(rs, in, i), limits->value);
    }
}

/* ---- conditions ---- */

/* "at least 5", or of what only `scan` evaluates "more than 2 and at most 7". */
static void put_bounds(struct buf *b, const struct rs_window *w)
{
    static const char *const words[BOUNDS] = {
        [BOUND_GT] = "more than ", [BOUND_GTE] = "at least ", [BOUND_LT] = "less than ",
        [BOUND_LTE] = "at most ",  [BOUND_EQ] = "exactly ",   [BOUND_NEQ] = "not ",
    };
    const char *before = "";
    if (!(w->flags & WINDOW_SCAN_ONLY)) {
        buf_putf(b, "at least %u", (unsigned)w->n);
        return;
    }
    for (size_t i = 0; i < BOUNDS; i++) {
        if (!(w->bounded >> i & 1))
            continue;
        buf_putf(b, "%s%s%g", before, words[i], w->bounds[i]);
        before = " and ";
    }
}

static void put_measure(struct buf *b, const struct ruleset *rs, const struct rs_window *w,
                        const char *measure, const struct limits *limits)
{
    buf_putf(b, "%s of ", measure);
    put_fields(b, rs, w, limits);
    buf_putz(b, " ");
    put_bounds(b, w);
    buf_putz(b, " in events of ");
    put_names(b, rs, w, ", ", " or ", limits);
}

static void put_temporal(struct buf *b, const struct ruleset *rs, const struct rs_window *w,
                         const struct limits *limits)
{
    if (w->expr.n) {
        buf_putz(b, "events of ");
        put_names(b, rs, w, ", ", " and ", limits);
        buf_putz(b, ", as its condition combines them,");
        return;
    }
    bool all = !(w->flags & WINDOW_SCAN_ONLY) && w->n >= w->n_steps;
    if (all) {
        buf_putz(b, w->n_steps == 2 ? "both " : "all of ");
    } else {
        put_bounds(b, w);
        buf_putz(b, " of ");
    }
    put_names(b, rs, w, ", ", " and ", limits);
}

static void put_condition(struct buf *b, const struct ruleset *rs, const struct rs_window *w,
                          const struct limits *limits)
{
    switch ((enum window_type)w->type) {
    case WINDOW_TYPE_VALUE_COUNT:
        put_bounds(b, w);
        buf_putz(b, " different values of ");
        put_fields(b, rs, w, limits);
        buf_putz(b, " in events of ");
        put_names(b, rs, w, ", ", " or ", limits);
        return;
    case WINDOW_TYPE_TEMPORAL:
        put_temporal(b, rs, w, limits);
        return;
    case WINDOW_TYPE_ORDERED:
        put_names(b, rs, w, ", then ", ", then ", limits);
        buf_putz(b, " in this order");
        return;
    case WINDOW_TYPE_SUM:
        put_measure(b, rs, w, "sum", limits);
        return;
    case WINDOW_TYPE_AVG:
        put_measure(b, rs, w, "average", limits);
        return;
    case WINDOW_TYPE_PERCENTILE:
        buf_putf(b, "%g. ", w->percentile);
        put_measure(b, rs, w, "percentile", limits);
        return;
    case WINDOW_TYPE_MEDIAN:
        put_measure(b, rs, w, "median", limits);
        return;
    case WINDOW_TYPE_FIRST_SEEN:
    case WINDOW_TYPE_EVENT_COUNT:
    case WINDOW_TYPE_SINGLE:
        break;
    }
    put_bounds(b, w);
    buf_putz(b, " events of ");
    put_names(b, rs, w, ", ", " or ", limits);
}

void because_put(struct buf *b, const struct ruleset *rs, const struct rs_window *w,
                 const struct limits *limits)
{
    if (w->type == WINDOW_TYPE_FIRST_SEEN) {
        buf_putz(b, "a value of ");
        put_fields(b, rs, w, limits);
        buf_putz(b, " not seen in ");
        because_put_duration(b, w->history_ms);
        buf_putz(b, " before, in events of ");
        put_names(b, rs, w, ", ", " or ", limits);
        return;
    }
    put_condition(b, rs, w, limits);
    buf_putz(b, " within ");
    because_put_duration(b, w->timespan_ms);
}
