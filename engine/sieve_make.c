/* From rules and columns to classes: tests that rules make are sorted by what of which column they
 * ask, and for each such trait the values that some test tells apart become classes. */
#include "engine/sieve_parts.h"

#include <math.h>
#include <stdlib.h>

#include "engine/sigma_cidr.h"
#include "engine/sigma_match.h"

/* Numbers from first up to end. */
struct range {
    uint64_t first, end;
};

/* ---- what a test asks ---- */

static const struct rs_value *values_of(const struct sieve *s, uint32_t pred, uint32_t *n)
{
    const struct rs_list l = s->rs->preds[pred].values;
    *n = l.n;
    return l.n ? s->rs->values + l.first : NULL;
}

/* The numbers that a value stands for, in a column of numbers. False when it is not about numbers,
 * or about more than that. */
static bool range_of(const struct rs_value *v, struct range *out)
{
    const double x = fmin(fmax(v->number, -1), (double)SIEVE_NUMBER_END), up = ceil(x);
    const uint64_t from = x < 0 ? 0 : (uint64_t)up;             /* the first that is not below */
    const uint64_t behind = x < 0 ? 0 : (uint64_t)floor(x) + 1; /* the first above */
    switch ((enum sigma_value)v->kind) {
    case SIGMA_LT:
        *out = (struct range){0, from};
        return true;
    case SIGMA_LTE:
        *out = (struct range){0, behind};
        return true;
    case SIGMA_GT:
        *out = (struct range){behind, UINT64_MAX};
        return true;
    case SIGMA_GTE:
        *out = (struct range){from, UINT64_MAX};
        return true;
    case SIGMA_EXACT:
        if (!(v->flags & SIGMA_NUMERIC))
            return false;
        /* fallthrough */
    case SIGMA_NUMBER:
        *out = (struct range){from, behind};
        return true;
    default:
        return false;
    }
}

/* Whether `kind` can tell of each of the test's values whether it is there. */
static bool can_tell(const struct sieve *s, uint32_t pred, enum sieve_kind kind)
{
    uint32_t n;
    struct range r;
    const struct rs_value *v = values_of(s, pred, &n);
    bool can = n > 0;
    for (uint32_t i = 0; i < n && can; i++)
        can = kind == SIEVE_NUMBERS ? range_of(v + i, &r)
                                    : v[i].kind == (kind == SIEVE_TEXTS ? SIGMA_EXACT : SIGMA_CIDR);
    return can;
}

static const struct sieve_column *column_at(const struct sieve *s, uint32_t i)
{
    return vec_at(&s->columns, i);
}

/* The column that fills a slot: its number; s->columns.n when there is none, UINT32_MAX when there
 * are several. */
static uint32_t column_of(const struct sieve *s, uint32_t slot)
{
    uint32_t found = (uint32_t)s->columns.n;
    for (uint32_t i = 0; i < s->columns.n; i++)
        if (column_at(s, i)->slot == slot)
            found = found == s->columns.n ? i : UINT32_MAX;
    return found;
}

/* The trait of a column that is of this kind, made when it is the first test for it. NULL when
 * there are too many. */
static struct sieve_trait *trait_of(struct sieve *s, enum sieve_kind kind, uint32_t column)
{
    for (uint32_t i = 0; i < s->n_traits; i++)
        if (s->traits[i].kind == kind && s->traits[i].column == column)
            return s->traits + i;
    if (s->n_traits == SIEVE_TRAITS_MAX)
        return NULL;
    struct sieve_trait *t = s->traits + s->n_traits++;
    *t = (struct sieve_trait){.kind = (uint8_t)kind, .column = column};
    return t;
}

/* The kind of trait that answers a test; false when none does. */
static bool kind_for(const struct sieve *s, uint32_t pred, uint32_t column, enum sieve_kind *kind)
{
    const struct rs_pred *p = s->rs->preds + pred;
    const bool number = column_at(s, column)->number;
    *kind = number ? SIEVE_NUMBERS : SIEVE_TEXTS;
    if (p->op == SIGMA_NULL || p->op == SIGMA_EXISTS)
        return true;
    if (p->op != SIGMA_IS)
        return false;
    if (!number && can_tell(s, pred, SIEVE_NETWORKS))
        *kind = SIEVE_NETWORKS;
    return can_tell(s, pred, *kind);
}

static struct sieve_place place_of(struct sieve *s, uint32_t pred)
{
    const struct sieve_place unknown = {SIEVE_UNKNOWN, 0};
    const struct rs_pred *p = s->rs->preds + pred;
    const struct rs_term *term = s->rs->terms + p->term;
    enum sieve_kind kind;
    if (p->dialect != DIALECT_SIGMA || term->fn != SIGMA_FIELD ||
        s->rs->slots[term->a].kind != SLOT_FAN)
        return unknown;
    uint32_t column = column_of(s, term->a);
    if (column == s->columns.n) /* never a value */
        return (struct sieve_place){p->op == SIGMA_NULL ? SIEVE_HOLDS : SIEVE_FAILS, 0};
    if (column == UINT32_MAX || term->b != SIGMA_WHOLE || !kind_for(s, pred, column, &kind))
        return unknown;
    struct sieve_trait *t = trait_of(s, kind, column);
    if (!t || t->n_tests == SIEVE_TESTS_MAX)
        return unknown;
    t->tests[t->n_tests] = pred;
    return (struct sieve_place){(uint8_t)(t - s->traits), (uint8_t)t->n_tests++};
}

/* Places all tests of a program that have none yet. `seen` is by pred. */
static void place_tests(struct sieve *s, uint32_t node, bool *seen)
{
    const struct rs_node *n = s->rs->nodes + node;
    if (n->op == NODE_PRED && !seen[n->a]) {
        seen[n->a] = true;
        s->places[n->a] = place_of(s, n->a);
    }
    if (n->op == NODE_NOT)
        place_tests(s, n->a, seen);
    for (uint32_t i = 0; i < n->kids.n; i++)
        place_tests(s, s->rs->numbers[n->kids.first + i], seen);
}

/* ---- classes of numbers and addresses ---- */

static struct sieve_point point_of(const struct cidr *a)
{
    return (struct sieve_point){a->v6, a->bits[0], a->bits[1]};
}

/* The first address behind a network. */
static struct sieve_point behind(const struct cidr *net)
{
    struct sieve_point p = point_of(net);
    const unsigned n = net->prefix;
    const uint64_t high = n == 0 ? 0 : n <= 64 ? (uint64_t)1 << (64 - n) : 0;
    const uint64_t low = n > 64 ? (uint64_t)1 << (128 - n) : 0;
    p.low += low;
    const uint64_t carried = high + (p.low < low);
    p.high += carried;
    p.v6 += p.high < carried || n == 0;
    return p;
}

static struct cidr network_of(const struct rs_value *v)
{
    return (struct cidr){{v->bits[0], v->bits[1]}, (unsigned)v->number, v->flags & SIGMA_IPV6};
}

/* Where the values of one constant begin, and what follows them. */
static void borders_of(const struct rs_value *v, enum sieve_kind kind, struct sieve_point to[2])
{
    struct range r;
    if (kind == SIEVE_NETWORKS) {
        struct cidr net = network_of(v);
        to[0] = point_of(&net);
        to[1] = behind(&net);
    } else {
        (void)range_of(v, &r);
        to[0] = (struct sieve_point){.low = r.first};
        to[1] = (struct sieve_point){.low = r.end};
    }
}

static int point_order(const void *x, const void *y)
{
    const struct sieve_point *a = x, *b = y;
    if (a->v6 != b->v6)
        return a->v6 < b->v6 ? -1 : 1;
    if (a->high != b->high)
        return a->high < b->high ? -1 : 1;
    return (a->low > b->low) - (a->low < b->low);
}

static size_t without_doubles(struct sieve_point *p, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || point_order(p + i, p + kept - 1) != 0)
            p[kept++] = p[i];
    return kept;
}

/* How many constants all tests of a trait have. */
static size_t count_values(const struct sieve *s, const struct sieve_trait *t)
{
    size_t sum = 0;
    uint32_t n;
    for (uint32_t i = 0; i < t->n_tests; i++) {
        (void)values_of(s, t->tests[i], &n);
        sum += n;
    }
    return sum;
}

/* A class begins at zero and at each border of what a test asks for. */
static bool make_points(struct sieve *s, struct sieve_trait *t)
{
    size_t n = 0;
    struct sieve_point *p = arena_array(&s->memory, 2 * count_values(s, t) + 1, sizeof *p);
    if (!p)
        return false;
    p[n++] = (struct sieve_point){0};
    for (uint32_t i = 0; i < t->n_tests; i++) {
        uint32_t values;
        const struct rs_value *v = values_of(s, t->tests[i], &values);
        for (uint32_t k = 0; k < values; k++, n += 2)
            borders_of(v + k, (enum sieve_kind)t->kind, p + n);
    }
    qsort(p, n, sizeof *p, point_order);
    n = without_doubles(p, n);
    t->points = p;
    t->n_classes = SIEVE_FIRST + (uint32_t)n;
    return true;
}

static bool make_table(struct sieve *s, struct sieve_trait *t)
{
    const uint64_t last = t->points[t->n_classes - SIEVE_FIRST - 1].low;
    t->whole = last < SIEVE_TABLE_MAX;
    t->n_table = t->whole ? (uint32_t)last + 1 : SIEVE_TABLE_MAX;
    uint8_t *table = arena_alloc(&s->memory, t->n_table);
    for (uint32_t i = 0, class = SIEVE_FIRST; i < t->n_table && table; i++) {
        class += class + 1 < t->n_classes && t->points[class + 1 - SIEVE_FIRST].low == i;
        table[i] = (uint8_t) class;
    }
    t->table = table;
    return table != NULL;
}

/* ---- classes of texts ---- */

static struct str folded(struct sieve *s, struct str text)
{
    char *to = arena_alloc(&s->memory, text.n + SIEVE_SLACK);
    for (size_t i = 0; i < text.n && to; i++)
        to[i] = byte_lower(text.p[i]);
    return to ? str_n(to, text.n) : STR_ABSENT;
}

static bool make_texts(struct sieve *s, struct sieve_trait *t)
{
    size_t n = 0;
    struct sieve_text *texts = arena_array(&s->memory, count_values(s, t), sizeof *texts);
    for (uint32_t i = 0; i < t->n_tests && texts; i++) {
        uint32_t values;
        const struct rs_value *v = values_of(s, t->tests[i], &values);
        for (uint32_t k = 0; k < values; k++) {
            size_t at = 0;
            struct str text = folded(s, rs_str(s->rs, v[k].text));
            if (!str_present(text))
                return false;
            while (at < n && !str_eq(texts[at].text, text))
                at++;
            if (at == n)
                texts[n++] = (struct sieve_text){text, sieve_initial(text.p, text.n)};
        }
    }
    t->texts = texts;
    t->n_classes = SIEVE_FIRST + (uint32_t)n;
    return texts != NULL;
}

/* ---- answers by class ---- */

/* Whether values of a class can be what one constant asks for, and whether they can fail to. */
static void value_can(const struct sieve *s, const struct sieve_trait *t, uint32_t class,
                      const struct rs_value *v, bool *may, bool *may_not)
{
    struct range r;
    *may = *may_not = false;
    if (class >= SIEVE_FIRST && t->kind == SIEVE_TEXTS) {
        *may = str_eq_fold(t->texts[class - SIEVE_FIRST].text, rs_str(s->rs, v->text));
        *may_not = v->flags & SIGMA_CASED;
    } else if (class >= SIEVE_FIRST && t->kind == SIEVE_NUMBERS) {
        uint64_t x = t->points[class - SIEVE_FIRST].low;
        *may = range_of(v, &r) && x >= r.first && x < r.end;
    } else if (class >= SIEVE_FIRST) {
        const struct sieve_point *p = t->points + class - SIEVE_FIRST;
        struct cidr net = network_of(v), at = {{p->high, p->low}, net.v6 ? 128 : 32, p->v6 == 1};
        *may = p->v6 <= 1 && cidr_covers(&net, &at);
    }
    *may_not = *may_not || !*may;
}

static void test_class(struct sieve *s, struct sieve_trait *t, uint32_t test, uint32_t class)
{
    const enum sigma_op op = (enum sigma_op)s->rs->preds[t->tests[test]].op;
    bool may = op == SIGMA_NULL ? class == SIEVE_ABSENT : class != SIEVE_ABSENT, may_not = !may;
    if (op == SIGMA_IS) {
        uint32_t n;
        const struct rs_value *v = values_of(s, t->tests[test], &n);
        may = false;
        may_not = true;
        for (uint32_t i = 0; i < n; i++) {
            bool one_may, one_may_not;
            value_can(s, t, class, v + i, &one_may, &one_may_not);
            may = may || one_may;
            may_not = may_not && one_may_not;
        }
    }
    t->may[class] |= (uint64_t)may << test;
    t->may_not[class] |= (uint64_t)may_not << test;
}

/* Makes a trait's classes. One that would have too many is left as it is, which *usable tells. */
static bool make_trait(struct sieve *s, struct sieve_trait *t, bool *usable)
{
    bool ok = t->kind == SIEVE_TEXTS ? make_texts(s, t) : make_points(s, t);
    *usable = ok && t->n_classes <= SIEVE_CLASSES_MAX;
    if (!*usable)
        return ok;
    t->may = arena_array(&s->memory, t->n_classes, sizeof *t->may);
    t->may_not = arena_array(&s->memory, t->n_classes, sizeof *t->may_not);
    ok = t->may && t->may_not && (t->kind != SIEVE_NUMBERS || make_table(s, t));
    for (uint32_t c = 0; c < t->n_classes && ok; c++)
        for (uint32_t i = 0; i < t->n_tests; i++)
            test_class(s, t, i, c);
    return ok;
}

/* ---- the whole ---- */

static void forget_trait(struct sieve *s, const struct sieve_trait *t)
{
    for (uint32_t i = 0; i < t->n_tests; i++)
        s->places[t->tests[i]] = (struct sieve_place){SIEVE_UNKNOWN, 0};
}

static int trait_order(const void *x, const void *y)
{
    const struct sieve_trait *a = x, *b = y;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return (a->column > b->column) - (a->column < b->column);
}

/* Puts traits in order, cheap ones first, and makes each; those that cannot be used are left out.
 */
static bool make_traits(struct sieve *s)
{
    uint32_t kept = 0;
    uint64_t keys = 1;
    if (s->n_traits)
        qsort(s->traits, s->n_traits, sizeof *s->traits, trait_order);
    for (uint32_t i = 0; i < s->n_traits; i++) {
        struct sieve_trait *t = s->traits + i;
        bool usable;
        if (!make_trait(s, t, &usable))
            return false;
        if (!usable || keys > SIEVE_KEYS_MAX / t->n_classes) {
            forget_trait(s, t);
            continue;
        }
        t->stride = keys;
        keys *= t->n_classes;
        for (uint32_t k = 0; k < t->n_tests; k++)
            s->places[t->tests[k]] = (struct sieve_place){(uint8_t)kept, (uint8_t)k};
        s->n_numbers += t->kind == SIEVE_NUMBERS;
        s->n_cheap += t->kind != SIEVE_NETWORKS;
        s->traits[kept++] = *t;
    }
    s->n_traits = kept;
    return true;
}

/* Numbers that readers want and no test. */
static bool find_checked(struct sieve *s)
{
    s->n_checked = 0;
    for (uint32_t i = 0; i < s->columns.n; i++) {
        const struct sieve_column *c = column_at(s, i);
        bool asked = !c->number || c->slot == RS_NONE;
        for (uint32_t t = 0; t < s->n_traits && !asked; t++)
            asked = s->traits[t].column == i;
        if (asked)
            continue;
        if (s->n_checked == SIEVE_TRAITS_MAX)
            return false;
        s->checked[s->n_checked++] = i;
    }
    return true;
}

/* The source's rules, and a place for each test of theirs. */
static bool find_tests(struct sieve *s)
{
    const struct ruleset *rs = s->rs;
    bool *seen = arena_array(&s->memory, (size_t)rs->n_preds + 1, sizeof *seen);
    s->places = arena_array(&s->memory, (size_t)rs->n_preds + 1, sizeof *s->places);
    s->rules = arena_array(&s->memory, (size_t)rs->n_rules + 1, sizeof *s->rules);
    if (!seen || !s->places || !s->rules)
        return false;
    for (uint32_t r = 0; r < rs->n_rules; r++) {
        if (rs->rules[r].source != s->source)
            continue;
        s->rules[s->n_rules++] = r;
        place_tests(s, rs->rules[r].program, seen);
    }
    return true;
}

bool sieve_make(struct sieve *s)
{
    s->n_traits = s->n_numbers = s->n_cheap = s->n_rules = 0;
    return find_tests(s) && make_traits(s) && find_checked(s);
}
