/* Each table is gone through once. Tables whose rows form trees are gone through from the last row
 * to the first, for a row's kids have lower numbers than it: so depth is known without recursion.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "engine/bundle_check.h"

#include <pcre2.h>
#include <stdlib.h>

#include "engine/falco_condition.h"
#include "engine/falco_field.h"
#include "engine/sigma_match.h"
#include "engine/window.h"

#define SPAN_MAX_MS  (10 * 31556952000ll) /* ten years, the most that a rule may say */
#define WIDTH_MAX    4096                 /* of an output's value, as engine/falco_output.c */
#define OUTPUT_AS_IS (-1)
#define IPV4_BITS    32
#define IPV6_BITS    128
/* That rules are compiled with; PCRE2_NO_UTF_CHECK and its like are not among them. */
#define REGEX_OPTIONS                                                                              \
    (PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_CASELESS | PCRE2_MULTILINE | PCRE2_DOTALL |        \
     PCRE2_UTF | PCRE2_MATCH_INVALID_UTF)

struct check {
    const struct ruleset *rs;
    uint16_t *node_depth; /* by node: of the deepest one that has it as a kid */
    uint16_t *term_depth; /* by term: the same; 0: no test or output of Falco uses it */
};

/* ---- numbers ---- */

static bool none_or_below(uint32_t i, uint32_t n)
{
    return i == RS_NONE || i < n;
}

static bool fits(struct rs_list l, uint32_t n)
{
    return l.first <= n && l.n <= n - l.first;
}

static bool has_text(const struct check *c, struct rs_text t)
{
    return fits((struct rs_list){t.at, t.n}, c->rs->n_text);
}

static bool text_ok(const struct check *c, struct rs_text t)
{
    return t.at == RS_NONE || has_text(c, t);
}

/* Whether all numbers of a list are below n. */
static bool all_below(const struct check *c, struct rs_list l, uint32_t n)
{
    if (!fits(l, c->rs->n_numbers))
        return false;
    for (uint32_t i = 0; i < l.n; i++)
        if (c->rs->numbers[l.first + i] >= n)
            return false;
    return true;
}

static bool is_span(int64_t ms)
{
    return ms >= 0 && ms <= SPAN_MAX_MS;
}

/* Notes that row i has row `kid` below it. */
static bool put_below(uint16_t *depth, uint32_t i, uint32_t kid)
{
    if (kid >= i || depth[i] == NODE_DEPTH_MAX)
        return false;
    if (depth[kid] <= depth[i])
        depth[kid] = (uint16_t)(depth[i] + 1);
    return true;
}

static bool put_all_below(const struct check *c, uint16_t *depth, uint32_t i, struct rs_list kids)
{
    bool ok = fits(kids, c->rs->n_numbers);
    for (uint32_t k = 0; ok && k < kids.n; k++)
        ok = put_below(depth, i, c->rs->numbers[kids.first + k]);
    return ok;
}

/* ---- what is tested ---- */

static bool check_text(const struct check *c, uint32_t i)
{
    return text_ok(c, c->rs->texts[i]);
}

static bool check_slot(const struct check *c, uint32_t i)
{
    return text_ok(c, c->rs->slots[i].path) && c->rs->slots[i].kind <= SLOT_OWN;
}

static bool check_regex(const struct check *c, uint32_t i)
{
    const struct rs_regex *r = c->rs->regexes + i;
    return has_text(c, r->pattern) && !(r->options & ~(uint32_t)REGEX_OPTIONS);
}

static bool check_step(const struct check *c, uint32_t i)
{
    const struct ruleset *rs = c->rs;
    const struct rs_step *s = rs->steps + i;
    return (i < 2 ? text_ok(c, s->key) : has_text(c, s->key)) &&
           none_or_below(s->slot, rs->n_slots) && none_or_below(s->twin, rs->n_steps) &&
           s->twin > i;
}

/* Breadth first, as they were laid out: so each but the roots is one step's kid, a later one. */
static bool check_tree(const struct ruleset *rs)
{
    uint32_t filled = 2;
    if (rs->n_steps < filled || rs->roots[SLOT_FAN] != 0 || rs->roots[SLOT_POINT] != 1)
        return false;
    for (uint32_t i = 0; i < rs->n_steps; i++) {
        struct rs_list kids = rs->steps[i].kids;
        if (i == filled || kids.first != filled || !fits(kids, rs->n_steps))
            return false;
        filled += kids.n;
    }
    return filled == rs->n_steps;
}

static bool sigma_value_ok(const struct check *c, const struct rs_value *v)
{
    if (v->kind < SIGMA_REGEX)
        return has_text(c, v->text);
    if (v->kind == SIGMA_REGEX)
        return v->regex < c->rs->n_regexes;
    if (v->kind == SIGMA_CIDR)
        return v->number >= 0 && v->number <= (v->flags & SIGMA_IPV6 ? IPV6_BITS : IPV4_BITS);
    return v->kind < SIGMA_CIDR && has_text(c, v->text);
}

static bool check_value(const struct check *c, uint32_t i)
{
    const struct rs_value *v = c->rs->values + i;
    return text_ok(c, v->text) && none_or_below(v->regex, c->rs->n_regexes);
}

static bool sigma_term_ok(const struct check *c, uint32_t term, bool field)
{
    const struct rs_term *t = c->rs->terms + term;
    if (t->fn == SIGMA_ANY)
        return !field;
    return t->fn == SIGMA_FIELD && t->a < c->rs->n_slots && t->b <= SIGMA_YEAR;
}

static bool sigma_pred_ok(const struct check *c, const struct rs_pred *p)
{
    bool refers = p->op >= SIGMA_REF_EQUALS;
    if (p->op > SIGMA_REF_CONTAINS || !sigma_term_ok(c, p->term, p->op != SIGMA_IS) ||
        (refers && (p->right == RS_NONE || !sigma_term_ok(c, p->right, true))))
        return false;
    for (uint32_t i = 0; i < p->values.n; i++)
        if (!sigma_value_ok(c, c->rs->values + p->values.first + i))
            return false;
    return true;
}

static bool check_pred(const struct check *c, uint32_t i)
{
    const struct ruleset *rs = c->rs;
    const struct rs_pred *p = rs->preds + i;
    if (p->term >= rs->n_terms || !none_or_below(p->right, rs->n_terms) ||
        !fits(p->values, rs->n_values) || !none_or_below(p->index_slot, rs->n_slots))
        return false;
    if (p->dialect == DIALECT_SIGMA)
        return sigma_pred_ok(c, p);
    c->term_depth[p->term] = 1;
    if (p->right != RS_NONE)
        c->term_depth[p->right] = 1;
    return p->dialect == DIALECT_FALCO && p->op <= FALCO_PMATCH && p->flags <= FALCO_ALLOF;
}

static bool check_output(const struct check *c, uint32_t i)
{
    const struct rs_output *o = c->rs->outputs + i;
    if (!text_ok(c, o->text) || !none_or_below(o->term, c->rs->n_terms) ||
        o->width < OUTPUT_AS_IS || o->width > WIDTH_MAX)
        return false;
    if (o->term != RS_NONE)
        c->term_depth[o->term] = 1;
    return true;
}

/* The slots of the field's paths, and behind them the text of its key. */
static bool falco_field_ok(const struct check *c, const struct rs_term *t)
{
    if (!falco_field_is(t->a))
        return false;
    const struct falco_field *f = falco_field_at(t->a);
    uint32_t n = 0, key = f->arg == FALCO_ARG_KEY ? 2 : 0;
    while (f->paths[n])
        n++;
    if (!f->extract || t->args.n != n + key || !fits(t->args, c->rs->n_numbers) ||
        !all_below(c, (struct rs_list){t->args.first, n}, c->rs->n_slots))
        return false;
    const uint32_t *behind = key ? c->rs->numbers + t->args.first + n : NULL;
    return !key || text_ok(c, (struct rs_text){behind[0], behind[1]});
}

/* A term that Falco's tests or outputs use; those of Sigma are looked at with their tests. */
static bool check_term(const struct check *c, uint32_t i)
{
    const struct rs_term *t = c->rs->terms + i;
    const uint16_t flags = FALCO_LIST_FLAG | FALCO_PADDED_FLAG;
    uint16_t *depth = c->term_depth;
    if (depth[i] == 0)
        return true;
    if ((t->type & ~flags) > FALCO_BOOL)
        return false;
    switch (t->fn) {
    case FALCO_FN_PLAIN:
    case FALCO_FN_JSON:
        return t->a < c->rs->n_slots;
    case FALCO_FN_FIELD:
        return falco_field_ok(c, t);
    case FALCO_FN_TEXT:
        return has_text(c, (struct rs_text){t->a, t->b});
    case FALCO_FN_LIST:
    case FALCO_FN_CONCAT:
        return put_all_below(c, depth, i, t->args);
    case FALCO_FN_GETOPT:
        return t->args.n <= 1 && all_below(c, t->args, UINT8_MAX + 1) &&
               put_below(depth, i, t->a) && put_below(depth, i, t->b);
    case FALCO_FN_JOIN:
        return put_below(depth, i, t->a) && put_below(depth, i, t->b);
    default:
        return t->fn < FALCO_FN_JOIN && put_below(depth, i, t->a);
    }
}

static bool check_node(const struct check *c, uint32_t i)
{
    const struct rs_node *n = c->rs->nodes + i;
    switch (n->op) {
    case NODE_FALSE:
    case NODE_TRUE:
        return true;
    case NODE_PRED:
        return n->a < c->rs->n_preds;
    case NODE_NOT:
        return put_below(c->node_depth, i, n->a);
    default:
        return n->op <= NODE_OR && put_all_below(c, c->node_depth, i, n->kids);
    }
}

/* ---- rules and windows ---- */

static bool is_fed_by_events(const struct ruleset *rs, struct rs_list feeds, uint32_t child)
{
    for (uint32_t i = 0; i < feeds.n; i++)
        if (rs->inputs[rs->numbers[feeds.first + i]].child != child)
            return false;
    return true;
}

static bool check_rule(const struct check *c, uint32_t i)
{
    const struct ruleset *rs = c->rs;
    const struct rs_rule *r = rs->rules + i;
    const struct rs_text texts[] = {r->id,     r->title,  r->description, r->runbook,
                                    r->author, r->status, r->file,        r->priority};
    const struct rs_list lists[] = {r->tags, r->references, r->falsepositives};
    bool ok = true;
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
        ok = ok && text_ok(c, texts[k]);
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++)
        ok = ok && fits(lists[k], rs->n_texts);
    return ok && r->level <= LEVEL_CRITICAL && r->dialect <= DIALECT_FALCO && r->source < SOURCES &&
           all_below(c, r->fields, rs->n_slots) && fits(r->output, rs->n_outputs) &&
           r->program < rs->n_nodes && none_or_below(r->window, rs->n_windows) &&
           all_below(c, r->feeds, rs->n_inputs) && is_fed_by_events(rs, r->feeds, RS_NONE);
}

/* Keys and values of a chained input are positions in its child's key. */
static bool check_input(const struct check *c, uint32_t i)
{
    const struct ruleset *rs = c->rs;
    const struct rs_input *in = rs->inputs + i;
    if (in->window >= rs->n_windows || in->rule >= rs->n_rules ||
        !none_or_below(in->child, rs->n_windows))
        return false;
    const struct rs_window *w = rs->windows + in->window;
    const struct rs_window *child = in->child == RS_NONE ? NULL : rs->windows + in->child;
    uint32_t names = child ? child->key_names.n : rs->n_slots;
    uint32_t least = w->type >= WINDOW_TYPE_SUM ? 1 : 0; /* values to add */
    return in->step < w->n_steps && in->keys.n == w->key_names.n && in->keys.n <= RS_KEY_MAX &&
           in->values.n <= RS_KEY_MAX - in->keys.n && in->values.n >= least &&
           all_below(c, in->keys, names) && all_below(c, in->values, names) &&
           (!child || child->depth < w->depth);
}

/* One condition in prefix form over steps below n_steps, no more and no less. */
static bool expr_ok(const struct check *c, struct rs_list expr, uint32_t n_steps)
{
    uint32_t open = 1; /* conditions that are still to come */
    if (!fits(expr, c->rs->n_numbers) || expr.n > WINDOW_EXPR_MAX)
        return false;
    for (uint32_t i = 0; i < expr.n; i++) {
        uint32_t node = c->rs->numbers[expr.first + i], op = node >> 16, n = node & 0xFFFF;
        bool step = op == WINDOW_STEP;
        if (open == 0 || op > WINDOW_OR || (step ? n >= n_steps : n == 0))
            return false;
        open = open - 1 + (step ? 0 : n);
    }
    return expr.n == 0 || open == 0;
}

static bool spans_ok(const struct rs_window *w)
{
    return is_span(w->timespan_ms) && is_span(w->gap_ms) && is_span(w->cell_ms) &&
           is_span(w->history_ms) && is_span(w->learn_ms) && w->cell_ms > 0 && w->bucket_cells > 0;
}

static bool check_window(const struct check *c, uint32_t i)
{
    const struct ruleset *rs = c->rs;
    const struct rs_window *w = rs->windows + i;
    const uint32_t flags = WINDOW_STRICT | WINDOW_SCAN_ONLY | WINDOW_IDENTITY;
    bool scan_only = w->flags & WINDOW_SCAN_ONLY;
    bool steps = w->type == WINDOW_TYPE_ORDERED || w->expr.n;
    if (w->rule >= rs->n_rules || w->type > WINDOW_TYPE_MEDIAN || w->flags & ~flags ||
        w->depth > rs->n_windows || w->n_steps == 0 || (steps && w->n_steps > WINDOW_STEPS_MAX) ||
        (!scan_only && (w->n == 0 || w->n > WINDOW_THRESHOLD_MAX)) || w->bounded >> BOUNDS)
        return false;
    if (w->flags & WINDOW_IDENTITY && (w->type != WINDOW_TYPE_SINGLE || w->key_names.n))
        return false;
    return spans_ok(w) && w->percentile >= 0 && w->percentile <= 100 &&
           w->key_names.n <= RS_KEY_MAX && fits(w->key_names, rs->n_texts) &&
           expr_ok(c, w->expr, w->n_steps) && all_below(c, w->feeds, rs->n_inputs) &&
           is_fed_by_events(rs, w->feeds, i);
}

/* ---- the index ---- */

static bool check_entry(const struct check *c, uint32_t i)
{
    const struct rs_index *ix = &c->rs->index;
    const struct rs_index_entry *en = ix->entries + i;
    return en->value.at == RS_NONE ||
           (fits((struct rs_list){en->value.at, en->value.n}, ix->n_text) &&
            fits(en->rules, ix->n_rules));
}

/* A power of two of entries, and a free one among them, for a search ends at it. */
static bool has_end(const struct rs_index *ix, struct rs_list entries)
{
    if (!fits(entries, ix->n_entries) || entries.n == 0 || entries.n & (entries.n - 1))
        return false;
    for (uint32_t i = 0; i < entries.n; i++)
        if (ix->entries[entries.first + i].value.at == RS_NONE)
            return true;
    return false;
}

static bool check_index_slot(const struct check *c, uint32_t i)
{
    const struct rs_index *ix = &c->rs->index;
    return ix->slots[i].slot < c->rs->n_slots && has_end(ix, ix->slots[i].entries);
}

static bool check_index_rule(const struct check *c, uint32_t i)
{
    return c->rs->index.rules[i] < c->rs->n_rules;
}

static bool check_always(const struct check *c, uint32_t i)
{
    return c->rs->index.always[i] < c->rs->n_rules;
}

/* ---- the whole ---- */

static bool slots_ok(const uint32_t *slots, size_t n, uint32_t n_slots)
{
    for (size_t i = 0; i < n; i++)
        if (!none_or_below(slots[i], n_slots))
            return false;
    return true;
}

/* Slots by the name of what they are for. */
static bool check_known_slots(const struct ruleset *rs)
{
    for (size_t f = 0; f < TIE_FIELDS; f++)
        if (rs->ties[f] >= rs->n_slots)
            return false;
    return slots_ok(&rs->core[0][0][0], sizeof rs->core / sizeof(uint32_t), rs->n_slots) &&
           slots_ok(&rs->marks[0][0][0], sizeof rs->marks / sizeof(uint32_t), rs->n_slots) &&
           slots_ok(rs->own, OWN_FIELDS, rs->n_slots);
}

static bool wrong(const char *table, uint32_t row, struct err *e)
{
    return err_set(e, ERR_INPUT, "compiled rules that are damaged: %s %u", table, (unsigned)row);
}

/* In this order: tests and outputs say which terms are Falco's, and rules look into inputs. */
static bool check_rows(const struct check *c, struct err *e)
{
    const struct ruleset *rs = c->rs;
    const struct {
        const char *name;
        uint32_t n;
        bool (*ok)(const struct check *c, uint32_t i);
    } tables[] = {
        {"text", rs->n_texts, check_text},
        {"slot", rs->n_slots, check_slot},
        {"regular expression", rs->n_regexes, check_regex},
        {"step", rs->n_steps, check_step},
        {"value", rs->n_values, check_value},
        {"test", rs->n_preds, check_pred},
        {"output", rs->n_outputs, check_output},
        {"term", rs->n_terms, check_term},
        {"node", rs->n_nodes, check_node},
        {"input", rs->n_inputs, check_input},
        {"window", rs->n_windows, check_window},
        {"rule", rs->n_rules, check_rule},
        {"index entry", rs->index.n_entries, check_entry},
        {"index slot", rs->index.n_slots, check_index_slot},
        {"indexed rule", rs->index.n_rules, check_index_rule},
        {"rule of no index", rs->index.n_always, check_always},
    };
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (uint32_t i = tables[t].n; i-- > 0;)
            if (!tables[t].ok(c, i))
                return wrong(tables[t].name, i, e);
    if (!check_tree(rs))
        return err_set(e, ERR_INPUT, "compiled rules that are damaged: steps");
    return check_known_slots(rs) ||
           err_set(e, ERR_INPUT, "compiled rules that are damaged: slots that are known by name");
}

bool bundle_check_tables(const struct ruleset *rs, struct err *e)
{
    struct check c = {.rs = rs,
                      .node_depth = calloc((size_t)rs->n_nodes + 1, sizeof *c.node_depth),
                      .term_depth = calloc((size_t)rs->n_terms + 1, sizeof *c.term_depth)};
    bool ok = c.node_depth && c.term_depth ? check_rows(&c, e)
                                           : err_set(e, ERR_SYSTEM, "no memory to check the rules");
    free(c.node_depth);
    free(c.term_depth);
    return ok;
}
