/* The candidate index. */
#include "engine/index.h"

#include <stdlib.h>

#include "base/vec.h"
#include "engine/sigma_match.h"

/* Of what a list names, most is rare: so many values of a list count as twice a single one. Else a
 * rule of one protocol and a dozen ports would be found by the protocol. */
#define LIST_VALUES 8
#define PAIRS_MAX   (4u << 20) /* (value, rule) pairs of all rules */

/* While building: rule `rule` is to be found under (slot, value). */
struct pair {
    uint32_t slot;
    uint32_t rule;
    struct str value; /* folded, in memory */
};

struct build {
    const struct ruleset *rs;
    /* For rules of one source after the other: what is common in one log is rare in another. */
    bool *reached;         /* by node: one of the source's rules has it */
    bool *counted;         /* by test: it is in slot_values */
    uint32_t *slot_values; /* by slot: how many values all their tests together ask of it */
    double *cost;          /* by such node: the part of all values that what it needs makes up; < 0:
                              it needs nothing that is known */
    struct vec pairs;
    struct vec always;
    char *memory;
    size_t used;
    bool full;
};

uint32_t index_hash(struct str s)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)byte_lower(s.p[i])) * 16777619u;
    return h ^ h >> 15;
}

static double pred_cost(const struct build *b, const struct rs_pred *p)
{
    if (p->index_slot == RS_NONE)
        return -1;
    return (LIST_VALUES - 1. + p->values.n) / b->slot_values[p->index_slot];
}

/* Finds what rules of a source use in one pass, from parents to kids, which have lower numbers. */
static void find_reached(struct build *b, enum source source)
{
    const struct ruleset *rs = b->rs;
    memset(b->reached, 0, rs->n_nodes * sizeof *b->reached);
    memset(b->counted, 0, rs->n_preds * sizeof *b->counted);
    memset(b->slot_values, 0, rs->n_slots * sizeof *b->slot_values);
    for (uint32_t r = 0; r < rs->n_rules; r++)
        if (rs->rules[r].source == source)
            b->reached[rs->rules[r].program] = true;
    for (uint32_t i = rs->n_nodes; i-- > 0;) {
        const struct rs_node *n = rs->nodes + i;
        if (!b->reached[i])
            continue;
        for (uint32_t k = 0; k < n->kids.n; k++)
            b->reached[rs->numbers[n->kids.first + k]] = true;
        if (n->op == NODE_NOT)
            b->reached[n->a] = true;
        if (n->op != NODE_PRED || b->counted[n->a])
            continue;
        const struct rs_pred *p = rs->preds + n->a;
        b->counted[n->a] = true;
        if (p->index_slot != RS_NONE)
            b->slot_values[p->index_slot] += p->values.n;
    }
}

/* Costs of the nodes reached in one pass. */
static void cost_nodes(struct build *b)
{
    const struct ruleset *rs = b->rs;
    for (uint32_t i = 0; i < rs->n_nodes; i++) {
        const struct rs_node *n = rs->nodes + i;
        if (!b->reached[i])
            continue;
        double cost = n->op == NODE_OR ? 0 : -1;
        if (n->op == NODE_PRED)
            cost = pred_cost(b, rs->preds + n->a);
        for (uint32_t k = 0; k < n->kids.n; k++) {
            double kid = b->cost[rs->numbers[n->kids.first + k]];
            if (n->op == NODE_OR)
                cost = cost < 0 || kid < 0 ? -1 : cost + kid;
            else if (kid >= 0 && (cost < 0 || kid < cost))
                cost = kid;
        }
        b->cost[i] = cost;
    }
}

static struct str fold(struct build *b, struct str s)
{
    char *to = b->memory + b->used;
    for (size_t i = 0; i < s.n; i++)
        to[i] = byte_lower(s.p[i]);
    b->used += s.n;
    return str_n(to, s.n);
}

static void add_pred(struct build *b, uint32_t rule, const struct rs_pred *p)
{
    for (uint32_t i = 0; i < p->values.n && !b->full; i++) {
        struct pair *at = vec_push(&b->pairs, 1);
        b->full = !at;
        if (at)
            *at = (struct pair){p->index_slot, rule,
                                rs_str(b->rs, b->rs->values[p->values.first + i].text)};
    }
}

/* Adds the pairs of what `node` needs; its cost is known not to be negative. */
static void collect(struct build *b, uint32_t rule, uint32_t node)
{
    const struct ruleset *rs = b->rs;
    const struct rs_node *n = rs->nodes + node;
    if (b->full)
        return;
    if (n->op == NODE_PRED)
        add_pred(b, rule, rs->preds + n->a);
    for (uint32_t i = 0; i < n->kids.n; i++) {
        uint32_t kid = rs->numbers[n->kids.first + i];
        if (n->op == NODE_OR) {
            collect(b, rule, kid);
        } else if (b->cost[kid] >= 0 && b->cost[kid] <= b->cost[node]) {
            collect(b, rule, kid);
            return;
        }
    }
}

static int pair_order(const void *x, const void *y)
{
    const struct pair *p = x, *q = y;
    if (p->slot != q->slot)
        return p->slot < q->slot ? -1 : 1;
    int c = str_cmp(p->value, q->value);
    if (c)
        return c;
    return (p->rule > q->rule) - (p->rule < q->rule);
}

static void gather_source(struct build *b, enum source source)
{
    const struct ruleset *rs = b->rs;
    find_reached(b, source);
    cost_nodes(b);
    for (uint32_t r = 0; r < rs->n_rules; r++) {
        if (rs->rules[r].source != source)
            continue;
        if (b->cost[rs->rules[r].program] >= 0) {
            collect(b, r, rs->rules[r].program);
            continue;
        }
        uint32_t *at = vec_push(&b->always, 1);
        b->full = b->full || !at;
        if (at)
            *at = r;
    }
}

static bool gather(struct build *b, struct err *e)
{
    for (int s = 0; s < SOURCES; s++)
        gather_source(b, (enum source)s);
    if (b->full)
        return err_set(e, ERR_LIMIT, "the rules ask for more values than the index holds");
    return true;
}

/* Folds the values of all pairs into one piece of memory and sorts the pairs. */
static bool fold_pairs(struct build *b, struct err *e)
{
    size_t total = 1;
    struct pair *p = b->pairs.p;
    for (size_t i = 0; i < b->pairs.n; i++)
        total += p[i].value.n;
    b->memory = malloc(total);
    if (!b->memory)
        return err_set(e, ERR_SYSTEM, "no memory for the rules' index");
    for (size_t i = 0; i < b->pairs.n; i++)
        p[i].value = fold(b, p[i].value);
    if (b->pairs.n)
        qsort(p, b->pairs.n, sizeof *p, pair_order);
    return true;
}

static bool same_key(const struct pair *p, const struct pair *q)
{
    return p->slot == q->slot && str_eq(p->value, q->value);
}

/* The growing index. */
struct growing {
    struct rs_index_slot *slots;
    struct rs_index_entry *entries;
    uint32_t *rules;
    uint32_t n_slots, n_entries, n_rules;
    const char *text;
};

static void insert(struct growing *g, struct rs_index_slot *s, struct str value,
                   struct rs_list rules)
{
    struct rs_index_entry *entries = g->entries + s->entries.first;
    uint32_t hash = index_hash(value), at = hash & (s->entries.n - 1);
    while (entries[at].value.at != RS_NONE)
        at = (at + 1) & (s->entries.n - 1);
    entries[at] =
        (struct rs_index_entry){hash, {(uint32_t)(value.p - g->text), (uint32_t)value.n}, rules};
    if (value.n > s->longest)
        s->longest = (uint32_t)value.n;
}

/* At most half of the entries are taken, so that a search ends. */
static uint32_t room_for(size_t values)
{
    uint32_t n = 4;
    while (n < 2 * values)
        n *= 2;
    return n;
}

/* Fills one slot's table from its pairs, which are n from p on. */
static void fill_slot(struct growing *g, const struct pair *p, size_t n)
{
    struct rs_index_slot *s = g->slots + g->n_slots++;
    *s = (struct rs_index_slot){.slot = p->slot, .entries = {g->n_entries, room_for(n)}};
    g->n_entries += s->entries.n;
    for (uint32_t i = 0; i < s->entries.n; i++)
        g->entries[s->entries.first + i].value = RS_TEXT_ABSENT;
    for (size_t i = 0; i < n;) {
        struct rs_list rules = {g->n_rules, 0};
        size_t from = i;
        for (; i < n && same_key(p + i, p + from); i++)
            if (i == from || p[i].rule != p[i - 1].rule) {
                g->rules[g->n_rules++] = p[i].rule;
                rules.n++;
            }
        insert(g, s, p[from].value, rules);
    }
}

/* The pairs of the slot that pair i has: *n of them. */
static size_t next_slot(const struct build *b, size_t i, size_t *n)
{
    const struct pair *p = b->pairs.p;
    size_t from = i;
    while (i < b->pairs.n && p[i].slot == p[from].slot)
        i++;
    *n = i - from;
    return i;
}

static bool fill(struct build *b, struct growing *g, struct err *e)
{
    size_t slots = 0, entries = 0, n;
    for (size_t i = 0; i < b->pairs.n; slots++) {
        i = next_slot(b, i, &n);
        entries += room_for(n);
    }
    g->slots = calloc(slots + 1, sizeof *g->slots);
    g->entries = calloc(entries + 1, sizeof *g->entries);
    g->rules = calloc(b->pairs.n + 1, sizeof *g->rules);
    g->text = b->memory;
    if (!g->slots || !g->entries || !g->rules)
        return err_set(e, ERR_SYSTEM, "no memory for the rules' index");
    for (size_t i = 0; i < b->pairs.n;) {
        size_t from = i;
        i = next_slot(b, i, &n);
        fill_slot(g, (const struct pair *)b->pairs.p + from, n);
    }
    return true;
}

bool index_build(const struct ruleset *rs, struct rs_index *out, struct err *e)
{
    struct build b = {.rs = rs};
    struct growing g = {0};
    vec_init(&b.pairs, sizeof(struct pair), PAIRS_MAX);
    vec_init(&b.always, sizeof(uint32_t), PAIRS_MAX);
    b.reached = calloc(rs->n_nodes + 1, sizeof *b.reached);
    b.counted = calloc(rs->n_preds + 1, sizeof *b.counted);
    b.slot_values = calloc(rs->n_slots + 1, sizeof *b.slot_values);
    b.cost = calloc(rs->n_nodes + 1, sizeof *b.cost);
    bool ok = (b.reached && b.counted && b.slot_values && b.cost) ||
              err_set(e, ERR_SYSTEM, "no memory for the rules' index");
    ok = ok && gather(&b, e) && fold_pairs(&b, e) && fill(&b, &g, e);
    if (ok) {
        *out = (struct rs_index){
            g.slots,   g.entries,   g.rules,   b.always.p,           b.memory,
            g.n_slots, g.n_entries, g.n_rules, (uint32_t)b.always.n, (uint32_t)b.used};
    } else {
        vec_release(&b.always);
        free(b.memory);
        free(g.slots);
        free(g.entries);
        free(g.rules);
    }
    vec_release(&b.pairs);
    free(b.reached);
    free(b.counted);
    free(b.slot_values);
    free(b.cost);
    return ok;
}

const struct rs_index_entry *index_find(const struct rs_index *ix, const struct rs_index_slot *s,
                                        struct str value)
{
    const struct rs_index_entry *entries = ix->entries + s->entries.first;
    if (value.n > s->longest)
        return NULL;
    uint32_t hash = index_hash(value), at = hash & (s->entries.n - 1);
    for (; entries[at].value.at != RS_NONE; at = (at + 1) & (s->entries.n - 1))
        if (entries[at].hash == hash &&
            str_eq_fold(str_n(ix->text + entries[at].value.at, entries[at].value.n), value))
            return entries + at;
    return NULL;
}

bool index_is_number(struct str s)
{
    if (s.n == 0 || s.n > INDEX_NUMBER_MAX || (*s.p == '0' && s.n > 1))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!byte_is_digit(s.p[i]))
            return false;
    return true;
}

struct str index_number(struct str s, char digits[INDEX_NUMBER_MAX])
{
    double x;
    bool begins = s.n && (byte_is_digit(*s.p) || *s.p == '-' || *s.p == '+' || *s.p == '.');
    if (!begins || index_is_number(s) || !sigma_number(s, &x) || x < 0 || x >= 1e15)
        return STR_ABSENT;
    uint64_t whole = (uint64_t)x;
    if ((double)whole < x)
        return STR_ABSENT;
    size_t at = INDEX_NUMBER_MAX;
    do {
        digits[--at] = (char)('0' + whole % 10);
        whole /= 10;
    } while (whole);
    return str_n(digits + at, INDEX_NUMBER_MAX - at);
}
