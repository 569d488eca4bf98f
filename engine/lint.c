/* Rules of one meaning, by hashes that leave order, names and places out.
 *
 * A hash is made for each test, node, rule and window of the frozen tables, from the hashes of its
 * parts; where order does not matter they are sorted first. Parts have lower numbers than what they
 * are part of, so each is hashed once. */
#include "engine/lint.h"

#include <stdlib.h>

#include "base/sha256.h"
#include "base/vec.h"

#define KIDS_MAX 1000000 /* of one node, its like within it counted: as many as a ruleset has */

struct meaning {
    unsigned char bytes[SHA256_BYTES];
};

struct meanings {
    const struct ruleset *rs;
    struct meaning *preds, *nodes, *rules, *windows;
    struct vec kids; /* struct meaning, of the thing that is hashed */
    bool failed;
};

/* ---- parts ---- */

static void add_number(struct sha256 *s, uint64_t n)
{
    sha256_add_part(s, str_n((const char *)&n, sizeof n));
}

static void add_meaning(struct sha256 *s, const struct meaning *m)
{
    sha256_add(s, str_n((const char *)m->bytes, sizeof m->bytes));
}

static struct meaning end_meaning(struct sha256 *s)
{
    struct meaning m;
    sha256_end(s, m.bytes);
    return m;
}

static int meaning_order(const void *x, const void *y)
{
    return memcmp(x, y, sizeof(struct meaning));
}

static void add_kid(struct meanings *m, const struct meaning *kid)
{
    struct meaning *to = vec_push(&m->kids, 1);
    if (to)
        *to = *kid;
    else
        m->failed = true;
}

/* Takes the kids gathered into a hash, sorted, equal ones once. */
static void add_kids(struct meanings *m, struct sha256 *s)
{
    struct meaning *list = m->kids.p;
    if (m->kids.n)
        qsort(list, m->kids.n, sizeof *list, meaning_order);
    for (size_t i = 0; i < m->kids.n; i++)
        if (i == 0 || meaning_order(&list[i - 1], &list[i]) != 0)
            add_meaning(s, &list[i]);
    m->kids.n = 0;
}

/* ---- tests and programs ---- */

static struct meaning value_meaning(const struct ruleset *rs, const struct rs_value *v)
{
    struct sha256 s;
    sha256_init(&s);
    add_number(&s, v->kind);
    add_number(&s, v->flags);
    add_number(&s, v->regex);
    sha256_add_part(&s, rs_str(rs, v->text));
    sha256_add_part(&s, str_n((const char *)&v->number, sizeof v->number));
    add_number(&s, v->bits[0]);
    add_number(&s, v->bits[1]);
    return end_meaning(&s);
}

/* Equal terms have one number (engine/builder.c). */
static struct meaning pred_meaning(struct meanings *m, const struct rs_pred *p)
{
    struct sha256 s;
    sha256_init(&s);
    add_number(&s, p->dialect);
    add_number(&s, p->op);
    add_number(&s, p->flags);
    add_number(&s, p->term);
    add_number(&s, p->right);
    for (uint32_t i = 0; i < p->values.n; i++) {
        struct meaning value = value_meaning(m->rs, &m->rs->values[p->values.first + i]);
        add_kid(m, &value);
    }
    add_kids(m, &s);
    return end_meaning(&s);
}

/* Gathers the kids of a node; those of kids that join alike in their place. Depth: NODE_DEPTH_MAX.
 */
static void gather(struct meanings *m, const struct rs_node *n)
{
    for (uint32_t i = 0; i < n->kids.n; i++) {
        uint32_t kid = m->rs->numbers[n->kids.first + i];
        if (m->rs->nodes[kid].op == n->op)
            gather(m, &m->rs->nodes[kid]);
        else
            add_kid(m, &m->nodes[kid]);
    }
}

static struct meaning node_meaning(struct meanings *m, const struct rs_node *n)
{
    struct sha256 s;
    if (n->op == NODE_PRED)
        return m->preds[n->a];
    sha256_init(&s);
    add_number(&s, n->op);
    if (n->op == NODE_NOT)
        add_meaning(&s, &m->nodes[n->a]);
    else
        gather(m, n);
    add_kids(m, &s);
    return end_meaning(&s);
}

/* ---- rules and windows ---- */

static void add_names(struct sha256 *s, const struct ruleset *rs, struct rs_list list, bool slots)
{
    add_number(s, list.n);
    for (uint32_t i = 0; i < list.n; i++) {
        uint32_t n = rs->numbers[list.first + i];
        if (slots)
            sha256_add_part(s, rs_str(rs, rs->slots[n].path));
        else
            add_number(s, n);
    }
}

static struct meaning input_meaning(const struct meanings *m, const struct rs_input *in,
                                    bool ordered)
{
    struct sha256 s;
    bool chained = in->child != RS_NONE;
    sha256_init(&s);
    add_meaning(&s, chained ? &m->windows[in->child] : &m->rules[in->rule]);
    if (ordered)
        add_number(&s, in->step);
    add_names(&s, m->rs, in->keys, !chained);
    add_names(&s, m->rs, in->values, !chained);
    return end_meaning(&s);
}

static struct meaning window_meaning(struct meanings *m, uint32_t window)
{
    const struct rs_window *w = &m->rs->windows[window];
    struct sha256 s;
    bool ordered = w->type == WINDOW_TYPE_ORDERED || w->expr.n > 0;
    sha256_init(&s);
    add_number(&s, w->type);
    add_number(&s, w->flags);
    add_number(&s, w->n);
    add_number(&s, w->bounded);
    add_number(&s, (uint64_t)w->timespan_ms);
    add_number(&s, (uint64_t)w->history_ms);
    add_number(&s, (uint64_t)w->learn_ms);
    sha256_add_part(&s, str_n((const char *)w->bounds, sizeof w->bounds));
    sha256_add_part(&s, str_n((const char *)&w->percentile, sizeof w->percentile));
    add_names(&s, m->rs, w->expr, false);
    for (uint32_t i = 0; i < m->rs->n_inputs; i++)
        if (m->rs->inputs[i].window == window) {
            struct meaning in = input_meaning(m, &m->rs->inputs[i], ordered);
            add_kid(m, &in);
        }
    add_kids(m, &s);
    return end_meaning(&s);
}

/* Windows that are fed by events first, then those built on them. */
static void make_windows(struct meanings *m)
{
    for (uint32_t depth = 0, left = m->rs->n_windows; left && !m->failed; depth++)
        for (uint32_t i = 0; i < m->rs->n_windows; i++) {
            const struct rs_window *w = &m->rs->windows[i];
            if (w->depth != depth)
                continue;
            left--;
            m->windows[i] = window_meaning(m, i);
            if (w->type != WINDOW_TYPE_SINGLE)
                m->rules[w->rule] = m->windows[i];
        }
}

static void make_all(struct meanings *m)
{
    for (uint32_t i = 0; i < m->rs->n_preds && !m->failed; i++)
        m->preds[i] = pred_meaning(m, &m->rs->preds[i]);
    for (uint32_t i = 0; i < m->rs->n_nodes && !m->failed; i++)
        m->nodes[i] = node_meaning(m, &m->rs->nodes[i]);
    for (uint32_t i = 0; i < m->rs->n_rules && !m->failed; i++)
        m->rules[i] = m->nodes[m->rs->rules[i].program];
    make_windows(m);
}

/* ---- telling ---- */

/* A told rule, to be sorted by meaning, then as loaded. */
struct told {
    struct meaning meaning;
    uint32_t rule;
};

static int told_order(const void *x, const void *y)
{
    const struct told *a = x, *b = y;
    int order = meaning_order(&a->meaning, &b->meaning);
    return order ? order : a->rule < b->rule ? -1 : a->rule > b->rule;
}

static void warn(const struct ruleset *rs, struct diags *diags, uint32_t first, uint32_t again)
{
    const struct rs_rule *a = &rs->rules[first], *b = &rs->rules[again];
    struct str file = rs_str(rs, a->file), title = rs_str(rs, a->title);
    if (str_eq(rs_str(rs, a->id), rs_str(rs, b->id)))
        return;
    diag_add(diags, DIAG_WARNING, rs_str(rs, b->file), b->line, rs_str(rs, b->id),
             "it means what '%.*s' means (%.*s:%u)", (int)title.n, title.p, (int)file.n, file.p,
             a->line);
}

static void compare(struct meanings *m, struct told *told, struct diags *diags)
{
    size_t n = 0, first = 0;
    for (uint32_t i = 0; i < m->rs->n_rules; i++)
        if (!m->rs->rules[i].muted && m->rs->nodes[m->rs->rules[i].program].op != NODE_TRUE)
            told[n++] = (struct told){m->rules[i], i};
    if (n)
        qsort(told, n, sizeof *told, told_order);
    for (size_t i = 1; i < n; i++) {
        if (meaning_order(&told[i].meaning, &told[first].meaning) != 0)
            first = i;
        else
            warn(m->rs, diags, told[first].rule, told[i].rule);
    }
}

bool lint_meanings(const struct ruleset *rs, struct diags *diags, struct err *e)
{
    struct meanings m = {
        .rs = rs,
        .preds = calloc(rs->n_preds + 1u, sizeof *m.preds),
        .nodes = calloc(rs->n_nodes + 1u, sizeof *m.nodes),
        .rules = calloc(rs->n_rules + 1u, sizeof *m.rules),
        .windows = calloc(rs->n_windows + 1u, sizeof *m.windows),
    };
    struct told *told = calloc(rs->n_rules + 1u, sizeof *told);
    bool ok = m.preds && m.nodes && m.rules && m.windows && told;
    vec_init(&m.kids, sizeof(struct meaning), KIDS_MAX);
    if (ok)
        make_all(&m);
    ok = ok && !m.failed;
    if (ok)
        compare(&m, told, diags);
    vec_release(&m.kids);
    free(told);
    free(m.windows);
    free(m.rules);
    free(m.nodes);
    free(m.preds);
    return ok || err_set(e, ERR_SYSTEM, "no memory to compare rules");
}
