/* Falco's tests in words. */
#include <inttypes.h>

#include "cli/explain.h"
#include "engine/falco_condition.h"
#include "engine/falco_field.h"
#include "engine/falco_term.h"
#include "respond/put.h"

#define TERM_DEPTH_MAX 16 /* calls in calls that are printed */

static const char *const calls[] = {
    [FALCO_FN_TOLOWER] = "tolower",   [FALCO_FN_TOUPPER] = "toupper", [FALCO_FN_B64] = "b64",
    [FALCO_FN_BASENAME] = "basename", [FALCO_FN_LEN] = "len",         [FALCO_FN_JOIN] = "join",
    [FALCO_FN_CONCAT] = "concat",     [FALCO_FN_GETOPT] = "getopt",
};

static const char *const modifiers[] = {[FALCO_PLAINLY] = "",
                                        [FALCO_ONEOF] = " oneof",
                                        [FALCO_ANYOF] = " anyof",
                                        [FALCO_ALLOF] = " allof"};

static void put_term(struct buf *b, const struct ruleset *rs, uint32_t number, int depth);

/* The terms of a list, or a and b of a call that has no list. */
static void put_arguments(struct buf *b, const struct ruleset *rs, const struct rs_term *t,
                          int depth)
{
    buf_putc(b, '(');
    if (t->fn == FALCO_FN_LIST || t->fn == FALCO_FN_CONCAT) {
        for (uint32_t i = 0; i < t->args.n; i++) {
            buf_putz(b, i ? ", " : "");
            put_term(b, rs, rs->numbers[t->args.first + i], depth);
        }
    } else {
        put_term(b, rs, t->a, depth);
        if (t->fn == FALCO_FN_JOIN || t->fn == FALCO_FN_GETOPT) {
            buf_putz(b, ", ");
            put_term(b, rs, t->b, depth);
        }
    }
    buf_putc(b, ')');
}

static void put_term(struct buf *b, const struct ruleset *rs, uint32_t number, int depth)
{
    const struct rs_term *t = &rs->terms[number];
    if (depth > TERM_DEPTH_MAX) {
        buf_putz(b, "...");
        return;
    }
    switch ((enum falco_fn)t->fn) {
    case FALCO_FN_PLAIN:
    case FALCO_FN_JSON:
        put_text(b, rs_str(rs, rs->slots[t->a].path), EXPLAIN_VALUE_MAX);
        return;
    case FALCO_FN_FIELD:
        buf_putz(b, falco_field_at(t->a)->name);
        if (t->b != RS_NONE)
            buf_putf(b, "[%" PRIu32 "]", t->b);
        return;
    case FALCO_FN_TEXT:
        explain_put_value(b, rs_str(rs, (struct rs_text){t->a, t->b}));
        return;
    default:
        buf_putz(b, t->fn == FALCO_FN_LIST ? "" : calls[t->fn]);
        put_arguments(b, rs, t, depth + 1);
    }
}

static void put_found(struct buf *b, struct event *ev, uint32_t term)
{
    struct falco_value v;
    if (!falco_term(ev, term, &v)) {
        buf_putz(b, "; the event has no value");
        return;
    }
    buf_putz(b, "; the event has ");
    if (v.type & FALCO_LIST_FLAG) {
        buf_putc(b, '(');
        for (size_t i = 0; i < v.n && i < EXPLAIN_VALUES_MAX; i++) {
            buf_putz(b, i ? ", " : "");
            explain_put_value(b, v.items[i]);
        }
        buf_putz(b, v.n > EXPLAIN_VALUES_MAX ? ", ...)" : ")");
    } else if ((v.type & ~FALCO_PADDED_FLAG) == FALCO_STRING) {
        explain_put_value(b, v.text);
    } else {
        buf_putf(b, "%" PRIu64, v.number);
    }
}

void explain_put_falco(struct buf *b, struct event *ev, const struct rs_pred *p)
{
    const struct ruleset *rs = ev->rules;
    put_term(b, rs, p->term, 0);
    buf_putf(b, " %s%s", falco_op_name((enum falco_op)p->op), modifiers[p->flags]);
    if (p->right != RS_NONE) {
        buf_putc(b, ' ');
        put_term(b, rs, p->right, 0);
    }
    for (uint32_t i = 0; i < p->values.n && i < EXPLAIN_VALUES_MAX; i++) {
        buf_putz(b, i ? ", " : " ");
        explain_put_value(b, rs_str(rs, rs->values[p->values.first + i].text));
    }
    if (p->values.n > EXPLAIN_VALUES_MAX)
        buf_putf(b, " and %" PRIu32 " more", p->values.n - EXPLAIN_VALUES_MAX);
    put_found(b, ev, p->term);
}
