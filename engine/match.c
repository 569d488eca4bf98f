/* Which rules hold for an event: candidates from the index, programs over tests that are made once.
 */
#include "engine/event.h"

#include <stdlib.h>

#include "engine/falco_term.h"
#include "engine/index.h"
#include "engine/sigma_match.h"

#define FEW_HITS 32 /* that are sorted by insertion */

bool event_pred(struct event *ev, uint32_t pred)
{
    uint32_t known = ev->pred_known[pred];
    if (known / 2 == ev->epoch)
        return known % 2;
    const struct rs_pred *p = ev->rules->preds + pred;
    bool holds = p->dialect == DIALECT_SIGMA ? sigma_pred(ev, p) : falco_pred(ev, p);
    ev->pred_known[pred] = 2 * ev->epoch + holds;
    return holds;
}

bool event_node(struct event *ev, uint32_t node)
{
    const struct ruleset *rs = ev->rules;
    const struct rs_node *n = rs->nodes + node;
    switch ((enum node_op)n->op) {
    case NODE_FALSE:
        return false;
    case NODE_TRUE:
        return true;
    case NODE_PRED:
        return event_pred(ev, n->a);
    case NODE_NOT:
        return !event_node(ev, n->a);
    case NODE_AND:
    case NODE_OR:
        break;
    }
    bool stop_at = n->op == NODE_OR;
    for (uint32_t i = 0; i < n->kids.n; i++)
        if (event_node(ev, rs->numbers[n->kids.first + i]) == stop_at)
            return stop_at;
    return !stop_at;
}

/* Adds rules to the candidates in ev->hits, each once. */
static size_t add_candidates(struct event *ev, const uint32_t *rules, uint32_t n, size_t have)
{
    for (uint32_t i = 0; i < n; i++)
        if (ev->rule_seen[rules[i]] != ev->epoch) {
            ev->rule_seen[rules[i]] = ev->epoch;
            ev->hits[have++] = rules[i];
        }
    return have;
}

/* Adds the rules that wait for this text, or for the number that it is. */
static size_t look_up(struct event *ev, const struct rs_index_slot *slot, struct str text, size_t n)
{
    const struct rs_index *ix = &ev->rules->index;
    char digits[INDEX_NUMBER_MAX];
    const struct rs_index_entry *found = index_find(ix, slot, text);
    if (found)
        n = add_candidates(ev, ix->rules + found->rules.first, found->rules.n, n);
    struct str number = index_number(text, digits);
    found = str_present(number) ? index_find(ix, slot, number) : NULL;
    return found ? add_candidates(ev, ix->rules + found->rules.first, found->rules.n, n) : n;
}

static size_t find_candidates(struct event *ev)
{
    const struct rs_index *ix = &ev->rules->index;
    const uint32_t *from = ev->always_from + ev->source;
    size_t n = add_candidates(ev, ev->always + from[0], from[1] - from[0], 0);
    for (uint32_t t = 0; t < ev->n_touched; t++) {
        uint32_t at = ev->slot_index[ev->touched[t]];
        if (at == RS_NONE)
            continue;
        const struct rs_index_slot *slot = ix->slots + at;
        bool fan = ev->rules->slots[slot->slot].kind == SLOT_FAN; /* members follow their array */
        for (struct value *v = event_first(ev, slot->slot); v; v = event_next(ev, v)) {
            bool skip = fan && v->type == JSON_ARRAY;
            struct str text = skip ? STR_ABSENT : event_text(ev, v);
            if (str_present(text))
                n = look_up(ev, slot, text, n);
        }
    }
    return n;
}

static int number_order(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return (a > b) - (a < b);
}

/* By number. Hits are few, nearly always: then qsort costs more than sorting. */
static void order(struct event *ev, size_t n)
{
    uint32_t *hits = ev->hits;
    if (n > FEW_HITS) {
        qsort(hits, n, sizeof *hits, number_order);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        uint32_t hit = hits[i];
        size_t at = i;
        for (; at && hits[at - 1] > hit; at--)
            hits[at] = hits[at - 1];
        hits[at] = hit;
    }
}

/* Only where the first rule shadows others do candidates need an order; there are many more of them
 * than hits. */
const uint32_t *event_match(struct event *ev, size_t *n)
{
    size_t candidates = find_candidates(ev), hits = 0;
    bool falco_told = false;
    if (ev->first_match)
        order(ev, candidates);
    for (size_t i = 0; i < candidates; i++) {
        const struct rs_rule *r = ev->rules->rules + ev->hits[i];
        bool shadowed = ev->first_match && falco_told && r->dialect == DIALECT_FALCO;
        if (r->source != ev->source || shadowed || !event_node(ev, r->program))
            continue;
        falco_told = falco_told || r->dialect == DIALECT_FALCO;
        ev->hits[hits++] = ev->hits[i];
    }
    order(ev, hits);
    *n = hits;
    return ev->hits;
}
