/* Correlations in words. */
#include "cli/explain_asked.h"

#include "cli/explain.h"
#include "respond/put.h"

void explain_put_length(struct buf *b, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, " ms"}};
    size_t i = 0;
    while (ms % units[i].ms != 0)
        i++;
    buf_put_i64(b, ms / units[i].ms);
    buf_putz(b, units[i].unit);
}

const struct rs_input *explain_input(const struct ruleset *rs, uint32_t window, uint64_t step)
{
    for (uint32_t i = 0; i < rs->n_inputs; i++)
        if (rs->inputs[i].window == window &&
            (step == EXPLAIN_ANY_STEP || rs->inputs[i].step == step))
            return rs->inputs + i;
    return NULL;
}

void explain_put_step(struct buf *b, const struct ruleset *rs, uint32_t window, uint64_t step)
{
    const struct rs_input *in = explain_input(rs, window, step);
    buf_putf(b, "step %u ", (unsigned)step + 1);
    if (in)
        explain_put_value(b, rs_str(rs, rs->rules[in->rule].title));
}

static void put_fields(struct buf *b, const struct ruleset *rs, uint32_t window)
{
    const struct rs_input *in = explain_input(rs, window, EXPLAIN_ANY_STEP);
    for (uint32_t i = 0; in && i < in->values.n; i++) {
        buf_putz(b, i ? ", " : "");
        put_text(b, rs_value_name(rs, in, i), EXPLAIN_VALUE_MAX);
    }
}

void explain_put_asked(struct buf *b, const struct ruleset *rs, uint32_t window)
{
    static const char *const sums[] = {[WINDOW_TYPE_SUM] = "the sum",
                                       [WINDOW_TYPE_AVG] = "the average",
                                       [WINDOW_TYPE_PERCENTILE] = "a percentile",
                                       [WINDOW_TYPE_MEDIAN] = "the median"};
    const struct rs_window *w = rs->windows + window;
    bool bounded = w->flags & WINDOW_SCAN_ONLY;
    switch ((enum window_type)w->type) {
    case WINDOW_TYPE_SINGLE:
    case WINDOW_TYPE_EVENT_COUNT:
        buf_putf(b, bounded ? "events within bounds" : "at least %u events", w->n);
        break;
    case WINDOW_TYPE_VALUE_COUNT:
        buf_putf(b, bounded ? "values within bounds, of " : "at least %u different values of ",
                 w->n);
        put_fields(b, rs, window);
        break;
    case WINDOW_TYPE_TEMPORAL:
        if (w->expr.n || bounded)
            buf_putf(b, "a condition over %u rules", w->n_steps);
        else
            buf_putf(b, "%u of %u rules", w->n, w->n_steps);
        break;
    case WINDOW_TYPE_ORDERED:
        buf_putf(b, "%u rules in this order", w->n_steps);
        break;
    case WINDOW_TYPE_FIRST_SEEN:
        buf_putz(b, "a value not seen before of ");
        put_fields(b, rs, window);
        break;
    case WINDOW_TYPE_SUM:
    case WINDOW_TYPE_AVG:
    case WINDOW_TYPE_PERCENTILE:
    case WINDOW_TYPE_MEDIAN:
        buf_putf(b, "%s within bounds, of ", sums[w->type]);
        put_fields(b, rs, window);
        break;
    }
    buf_putz(b, " within ");
    explain_put_length(b, w->type == WINDOW_TYPE_FIRST_SEEN ? w->history_ms : w->timespan_ms);
    buf_putc(b, '\n');
}
