/* Looking through correlations at what they group by. */
#include "handlers/strangers.h"

/* Whether that key of the input, given by its position, is whom the record names. */
static bool is_identity(const struct ruleset *rs, const struct rs_input *in, uint32_t key)
{
    static const char *const fields[] = {"userIdentity.arn", "userIdentity.principalId",
                                         "userIdentity.accessKeyId"};
    uint32_t at = rs->numbers[in->keys.first + key];
    if (in->child == RS_NONE) {
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
            if (str_eqz(rs_str(rs, rs->slots[at].path), fields[i]))
                return true;
        return false;
    }
    bool all = true; /* chained: `at` is a position in the child's key; correlations make no ring */
    for (uint32_t i = 0; i < rs->n_inputs && all; i++)
        if (rs->inputs[i].window == in->child)
            all = is_identity(rs, rs->inputs + i, at);
    return all;
}

static bool is_personal(const struct ruleset *rs, const struct rs_input *in)
{
    for (uint32_t k = 0; k < in->keys.n; k++)
        if (is_identity(rs, in, k))
            return true;
    return false;
}

/* Whether the window's own events may be several people's. */
static bool is_shared(const struct ruleset *rs, const struct rs_window *window)
{
    if (window->type == WINDOW_TYPE_SINGLE || window->type == WINDOW_TYPE_FIRST_SEEN)
        return false; /* one event's alert is of who did it */
    for (uint32_t i = 0; i < rs->n_inputs; i++)
        if (rs->windows + rs->inputs[i].window == window && !is_personal(rs, rs->inputs + i))
            return true;
    return false;
}

static bool tells(const struct ruleset *rs, const struct rs_window *w, enum level min_level)
{
    const struct rs_rule *r = rs->rules + w->rule;
    return !r->muted && r->level >= min_level;
}

/* Whether strangers meet in one of the windows that these inputs are of. Correlations make no ring.
 */
static bool meet_in(const struct ruleset *rs, struct rs_list inputs, enum level min_level)
{
    for (uint32_t i = 0; i < inputs.n; i++) {
        const struct rs_input *in = rs->inputs + rs->numbers[inputs.first + i];
        if (strangers_meet(rs, rs->windows + in->window, min_level))
            return true;
    }
    return false;
}

bool strangers_meet(const struct ruleset *rs, const struct rs_window *window, enum level min_level)
{
    return (tells(rs, window, min_level) && is_shared(rs, window)) ||
           meet_in(rs, window->feeds, min_level);
}

bool strangers_meet_over(const struct ruleset *rs, uint32_t rule, enum level min_level)
{
    return meet_in(rs, rs->rules[rule].feeds, min_level);
}
