/* Falco's tests in words. */
#include <inttypes.h>

#include "cli/explain.h"
#include "engine/falco_condition.h"
#include "engine/falco_field.h"
#include "engine/falco_term.h"
#include "respond/put.h"
#include "respond/redact.h"

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

static bool is_secret_term(const struct ruleset *rs, uint32_t number, int depth);

static bool is_secret_slot(const struct ruleset *rs, uint32_t slot)
{
    return redact_is_secret_path(rs_str(rs, rs->slots[slot].path));
}

/* Whether one of a field's slots, or of a call's arguments, is a secret. */
static bool is_any_secret(const struct ruleset *rs, const struct rs_term *t, int depth)
{
    bool secret = false;
    for (uint32_t i = 0; i < t->args.n && !secret; i++) {
        uint32_t number = rs->numbers[t->args.first + i];
        secret = t->fn == FALCO_FN_FIELD ? is_secret_slot(rs, number)
                                         : is_secret_term(rs, number, depth);
    }
    return secret;
}

/* Whether the term is made of a secret of the event; of a call too deep to be printed, it may be.
 */
static bool is_secret_term(const struct ruleset *rs, uint32_t number, int depth)
{
    const struct rs_term *t = &rs->terms[number];
    if (depth > TERM_DEPTH_MAX)
        return true;
    switch ((enum falco_fn)t->fn) {
    case FALCO_FN_PLAIN:
    case FALCO_FN_JSON:
        return is_secret_slot(rs, t->a);
    case FALCO_FN_TEXT:
        return false;
    case FALCO_FN_FIELD:
    case FALCO_FN_LIST:
    case FALCO_FN_CONCAT:
        return is_any_secret(rs, t, depth + 1);
    case FALCO_FN_JOIN:
    case FALCO_FN_GETOPT:
        return is_secret_term(rs, t->a, depth + 1) || is_secret_term(rs, t->b, depth + 1);
    case FALCO_FN_TOLOWER:
    case FALCO_FN_TOUPPER:
    case FALCO_FN_B64:
    case FALCO_FN_BASENAME:
    case FALCO_FN_LEN:
        break;
    }
    return is_secret_term(rs, t->a, depth + 1);
}

static void put_one(struct buf *b, struct event *ev, struct str text)
{
    explain_put_found(b, S(""), text, &ev->scratch);
}

static void put_found(struct buf *b, struct event *ev, uint32_t term)
{
    struct falco_value v;
    if (is_secret_term(ev->rules, term, 0)) {
        buf_putz(b, "; what the event has is not shown");
        return;
    }
    if (!falco_term(ev, term, &v)) {
        buf_putz(b, "; the event has no value");
        return;
    }
    buf_putz(b, "; the event has ");
    if (v.type & FALCO_LIST_FLAG) {
        buf_putc(b, '(');
        for (size_t i = 0; i < v.n && i < EXPLAIN_VALUES_MAX; i++) {
            buf_putz(b, i ? ", " : "");
            put_one(b, ev, v.items[i]);
        }
        buf_putz(b, v.n > EXPLAIN_VALUES_MAX ? ", ...)" : ")");
    } else if ((v.type & ~FALCO_PADDED_FLAG) == FALCO_STRING) {
        put_one(b, ev, v.text);
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
