/* Looks at a rule's parts one by one, then for a way to meet its condition.
 *
 * A way is a set of literals: items that must hold, and items that must not. All ways are walked,
 * depth first; one on which no two literals exclude each other ends the search, for some record may
 * then meet the condition. When every way has a contradiction, the rule can never fire, and the
 * first contradiction is told. What is not understood (regular expressions, networks, values that
 * were encoded) contradicts nothing. */
#include "engine/sigma_lint.h"

#include "engine/cloudtrail.h"
#include "engine/pattern.h"

#define LINT_TEXT_MAX (2 * SIGMA_VALUE_BYTES_MAX)

/* Something that is still to be met: a condition, or else a detection, or its negation. */
struct goal {
    const struct sigma_cond *condition;
    const struct sigma_det *detection;
    bool negated;
    const struct goal *next;
};

/* An item that holds on this way, or (negated) does not. */
struct literal {
    const struct sigma_item *item;
    bool negated;
    const struct literal *next;
};

/* What an item asks of its field. */
enum claim {
    CLAIM_VALUE,  /* a value like one of its values */
    CLAIM_NULL,   /* no value, or null */
    CLAIM_EXISTS, /* something, be it null */
    CLAIM_OTHER   /* not understood */
};

struct lint {
    struct sigma_scope *sc;
    const struct sigma_logic *logic;
    unsigned steps;
    bool failed; /* memory is out */
    unsigned line;
    struct buf why; /* the first contradiction; empty: none yet */
};

/* ---- items ---- */

static enum claim claim_of(const struct sigma_item *it)
{
    if (it->exists)
        return CLAIM_EXISTS;
    if (it->n == 0)
        return CLAIM_OTHER;
    if (it->values[0].kind == VAL_NULL)
        return CLAIM_NULL;
    return it->field.n ? CLAIM_VALUE : CLAIM_OTHER;
}

/* Whether the literal says that what its item claims is not so. */
static bool is_denied(const struct sigma_item *it, bool negated)
{
    bool turned = it->exists ? !it->values[0].yes : it->neq;
    return turned != negated;
}

/* Whether all its values are plain texts that may be compared with others. */
static bool is_comparable(const struct sigma_item *it)
{
    if (it->part || it->compares || it->cased)
        return false;
    for (size_t i = 0; i < it->n; i++)
        if (!(it->values[i].kind & (VAL_TEXT | VAL_BOOL)))
            return false;
    return true;
}

/* The one text that the value fits, without its escapes, in lower case; false when there are more.
 */
static bool only_text(const struct sigma_val *v, struct buf *text)
{
    return v->kind & (VAL_TEXT | VAL_BOOL) && pattern_compile(v->text, true, text) == PATTERN_EXACT;
}

/* Whether a text fits the value. */
static bool fits(const struct sigma_val *v, struct str text)
{
    struct buf pattern;
    buf_init(&pattern, LINT_TEXT_MAX);
    enum pattern_kind kind = pattern_compile(v->text, true, &pattern);
    bool yes = pattern_match(kind, buf_str(&pattern), text, true);
    buf_release(&pattern);
    return yes;
}

/* Whether some text fits both; yes, when both have wildcards. */
static bool may_share(const struct sigma_val *a, const struct sigma_val *b)
{
    struct buf text;
    bool yes = true;
    buf_init(&text, LINT_TEXT_MAX);
    if (only_text(a, &text))
        yes = fits(b, buf_str(&text));
    else if (only_text(b, &text))
        yes = fits(a, buf_str(&text));
    buf_release(&text);
    return yes;
}

/* Whether a's value is one text, and that fits b. */
static bool is_within(const struct sigma_val *a, const struct sigma_val *b)
{
    struct buf text;
    buf_init(&text, LINT_TEXT_MAX);
    bool yes = only_text(a, &text) && fits(b, buf_str(&text));
    buf_release(&text);
    return yes;
}

/* Whether no value fits an item of each. */
static bool are_apart(const struct sigma_item *a, const struct sigma_item *b)
{
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < b->n; k++)
            if (may_share(a->values + i, b->values + k))
                return false;
    return true;
}

/* Whether whatever fits a fits b too. */
static bool is_covered(const struct sigma_item *a, const struct sigma_item *b)
{
    for (size_t i = 0; i < a->n; i++) {
        bool within = false;
        for (size_t k = 0; k < b->n && !within; k++)
            within = is_within(a->values + i, b->values + k);
        if (!within)
            return false;
    }
    return true;
}

static bool is_field(const struct sigma_item *it, const char *field)
{
    return str_eqz(it->field, field);
}

/* ---- what no record has ---- */

/* Appends why no record has the value (of an item that compares whole texts); false when one may.
 */
static bool put_dead_value(struct buf *why, const struct sigma_item *it, struct str text)
{
    size_t n;
    const char *const *known = cloudtrail_values(it->field, &n);
    const char *no_event = is_field(it, "eventName") ? cloudtrail_no_event(text) : NULL;
    bool source = is_field(it, "eventSource");
    const char *right = source ? cloudtrail_right_source(text) : NULL;
    if (no_event) {
        buf_putz(why, no_event);
    } else if (right) {
        buf_putf(why, "is no event source; '%s' is meant", right);
    } else if (source && !cloudtrail_is_source(text)) {
        buf_putz(why, "is no event source: those end in .amazonaws.com");
    } else if (known) {
        for (size_t i = 0; i < n; i++)
            if (str_eq_fold(text, str_of(known[i])))
                return false;
        buf_putz(why, "is none of its values:");
        for (size_t i = 0; i < n; i++)
            buf_putf(why, "%s %s", i ? "," : "", known[i]);
    }
    return why->n > 0;
}

static bool is_dead_value(const struct sigma_item *it, const struct sigma_val *v, struct buf *why)
{
    struct buf text;
    buf_init(&text, LINT_TEXT_MAX);
    buf_reset(why);
    bool dead = is_comparable(it) && only_text(v, &text) && put_dead_value(why, it, buf_str(&text));
    buf_release(&text);
    return dead;
}

/* Whether `equals` is asked of an ARN and a name. */
static bool is_arn_to_name(const struct sigma_item *it, const struct sigma_val *v)
{
    static const char *const names[] = {".userName", ".roleName", ".groupName"};
    bool parts = it->from_start || it->to_end || it->inside;
    struct str a = it->field, b = v->raw;
    for (size_t i = 0; i < sizeof names / sizeof *names && v->kind == VAL_FIELD && !parts; i++)
        if ((str_ends(a, S(".arn")) && str_ends(b, str_of(names[i]))) ||
            (str_ends(b, S(".arn")) && str_ends(a, str_of(names[i]))))
            return true;
    return false;
}

/* Whether what the item claims is so of no record. */
static bool is_dead(const struct sigma_item *it)
{
    struct buf why;
    size_t dead = 0;
    if (it->field.n == 0 || own_is(it->field))
        return false;
    if (!cloudtrail_has_field(it->field, NULL))
        return claim_of(it) != CLAIM_NULL;
    if (claim_of(it) != CLAIM_VALUE)
        return false;
    buf_init(&why, LINT_TEXT_MAX);
    for (size_t i = 0; i < it->n; i++)
        dead += is_arn_to_name(it, it->values + i) || is_dead_value(it, it->values + i, &why);
    buf_release(&why);
    return it->all ? dead > 0 : dead == it->n;
}

void sigma_lint_field(struct sigma_scope *sc, unsigned line, struct str field)
{
    struct buf meant;
    buf_init(&meant, SIGMA_VALUE_BYTES_MAX);
    if (field.n && !own_is(field) && !cloudtrail_has_field(field, &meant)) {
        struct str s = buf_str(&meant);
        diag_add(sc->diags, DIAG_WARNING, sc->file, line, sc->rule,
                 "no CloudTrail record has a field '%.*s'%s%.*s%s", SHOWN(field),
                 s.n ? ": is '" : "", SHOWN(s), s.n ? "' meant?" : "");
    }
    buf_release(&meant);
}

static void warn_item(struct sigma_scope *sc, const struct sigma_item *it)
{
    struct buf why;
    buf_init(&why, LINT_TEXT_MAX);
    sigma_lint_field(sc, it->line, it->field);
    for (size_t i = 0; i < it->n && claim_of(it) == CLAIM_VALUE; i++) {
        const struct sigma_val *v = it->values + i;
        if (v->kind == VAL_FIELD)
            sigma_lint_field(sc, v->line, v->raw);
        if (is_arn_to_name(it, v))
            diag_add(sc->diags, DIAG_WARNING, sc->file, v->line, sc->rule,
                     "'%.*s' compares an ARN with a name, which are never equal: 'contains' or "
                     "'endswith' is meant",
                     SHOWN(it->key));
        else if (is_dead_value(it, v, &why))
            diag_add(sc->diags, DIAG_WARNING, sc->file, v->line, sc->rule, "'%.*s': '%.*s' %.*s",
                     SHOWN(it->key), SHOWN(v->raw), (int)why.n, why.p);
    }
    buf_release(&why);
}

static void warn_detection(struct sigma_scope *sc, const struct sigma_det *d)
{
    if (d->kind == DET_ITEM)
        warn_item(sc, d->item);
    for (size_t i = 0; d->kind != DET_ITEM && i < d->n; i++)
        warn_detection(sc, d->kids[i]);
}

/* ---- contradictions ---- */

static void note(struct lint *l, const struct sigma_item *a, const struct sigma_item *b,
                 const char *why)
{
    if (l->why.n)
        return;
    l->line = a->line;
    buf_putf(&l->why, "'%.*s' (line %u)", SHOWN(a->key), a->line);
    if (b)
        buf_putf(&l->why, " and '%.*s' (line %u)", SHOWN(b->key), b->line);
    buf_putf(&l->why, " %s", why);
}

/* Two literals about one field; a is not denied. */
static bool exclude_of_field(const struct literal *a, const struct literal *b)
{
    enum claim x = claim_of(a->item), y = claim_of(b->item);
    bool denied = is_denied(b->item, b->negated);
    bool one = cloudtrail_has_one_value(a->item->field);
    if (x == CLAIM_OTHER || y == CLAIM_OTHER)
        return false;
    if (x == y && x != CLAIM_VALUE)
        return denied;
    if (x == CLAIM_VALUE && y == CLAIM_EXISTS)
        return denied;
    if (x == CLAIM_VALUE && y == CLAIM_NULL)
        return !denied && one;
    if (x == CLAIM_NULL && y == CLAIM_VALUE)
        return !denied && one;
    if (x != CLAIM_VALUE || y != CLAIM_VALUE || !is_comparable(a->item) || !is_comparable(b->item))
        return false;
    if (denied)
        return (!b->item->all || b->item->groups == 1) && is_covered(a->item, b->item);
    return one && are_apart(a->item, b->item);
}

/* Whether all values of the item are this text. */
static bool is_only(const struct sigma_item *it, const char *text)
{
    if (!is_comparable(it) || claim_of(it) != CLAIM_VALUE)
        return false;
    for (size_t i = 0; i < it->n; i++)
        if (!str_eq_fold(it->values[i].text, str_of(text)))
            return false;
    return true;
}

/* Whether all names that the item asks for are in records with a date behind them. */
static bool are_dated(const struct sigma_item *it)
{
    if (!is_field(it, "eventName") || !is_comparable(it) || claim_of(it) != CLAIM_VALUE)
        return false;
    for (size_t i = 0; i < it->n; i++)
        if (!cloudtrail_lambda_event(it->values[i].text))
            return false;
    return true;
}

/* Two literals, neither denied, about two fields: why no record has both, or NULL. */
static const char *excluding(const struct sigma_item *a, const struct sigma_item *b)
{
    if (is_field(a, "eventSource") && is_only(a, "lambda.amazonaws.com") && are_dated(b))
        return "are never in one record: Lambda's old calls have a date behind their names, as in "
               "CreateFunction20150331; 'startswith' is meant";
    /* A failed sign-in has errorMessage and responseElements.ConsoleLogin
     * (cloudtrail-event-reference-aws-console-sign-in-events.html). */
    if (is_field(a, "eventName") && is_only(a, "ConsoleLogin") && is_field(b, "errorCode") &&
        claim_of(b) != CLAIM_NULL)
        return "are never in one record: a sign-in that failed has errorMessage and "
               "responseElements.ConsoleLogin, no errorCode";
    return NULL;
}

/* Whether the literals cannot hold together; what excludes what is noted. */
static bool exclude(struct lint *l, const struct literal *a, const struct literal *b)
{
    bool a_denied = is_denied(a->item, a->negated), b_denied = is_denied(b->item, b->negated);
    if (str_eq(a->item->field, b->item->field)) {
        if ((a_denied || !exclude_of_field(a, b)) && (b_denied || !exclude_of_field(b, a)))
            return false;
        note(l, a->item, b->item, "exclude each other");
        return true;
    }
    if (a_denied || b_denied)
        return false;
    const char *why = excluding(a->item, b->item);
    why = why ? why : excluding(b->item, a->item);
    if (why)
        note(l, a->item, b->item, why);
    return why != NULL;
}

/* Whether one value is asked to be two. */
static bool excludes_itself(const struct sigma_item *it)
{
    bool apart = it->all && it->groups > 1 && is_comparable(it) && claim_of(it) == CLAIM_VALUE &&
                 cloudtrail_has_one_value(it->field);
    for (size_t i = 1; apart && i < it->n; i++)
        if (it->values[i].group != it->values[0].group && !may_share(it->values, it->values + i))
            return true;
    return false;
}

static bool contradicts(struct lint *l, const struct literal *new)
{
    if (!is_denied(new->item, new->negated)) {
        if (is_dead(new->item)) {
            note(l, new->item, NULL, "holds for no record");
            return true;
        }
        if (excludes_itself(new->item)) {
            note(l, new->item, NULL, "asks for two values where there is one");
            return true;
        }
    }
    for (const struct literal *old = new->next; old; old = old->next)
        if (exclude(l, new, old))
            return true;
    return false;
}

/* ---- the search ---- */

static const struct goal *push(struct lint *l, const struct goal *next, struct goal g)
{
    struct goal *to = arena_alloc(l->sc->a, sizeof *to);
    if (!to) {
        l->failed = true;
        return next;
    }
    *to = g;
    to->next = next;
    return to;
}

static const struct goal *push_condition(struct lint *l, const struct goal *next,
                                         const struct sigma_cond *c, bool negated)
{
    return push(l, next, (struct goal){.condition = c, .negated = negated});
}

static const struct goal *push_detection(struct lint *l, const struct goal *next,
                                         const struct sigma_det *d, bool negated)
{
    return push(l, next, (struct goal){.detection = d, .negated = negated});
}

/* Whether the goal is met by one of its kids (else it needs all). */
static bool is_choice(const struct goal *g)
{
    if (g->condition)
        return g->condition->op != COND_NOT && (g->condition->op == COND_OR) != g->negated;
    return (g->detection->kind == DET_OR) != g->negated;
}

/* Puts all kids of a goal in front of the rest. */
static const struct goal *push_all(struct lint *l, const struct goal *g, const struct goal *rest)
{
    if (g->condition)
        for (const struct sigma_cond *c = g->condition->kids; c; c = c->next)
            rest = push_condition(l, rest, c, g->negated != (g->condition->op == COND_NOT));
    for (size_t i = 0; !g->condition && i < g->detection->n; i++)
        rest = push_detection(l, rest, g->detection->kids[i], g->negated);
    return rest;
}

static bool can_meet(struct lint *l, const struct goal *goals, const struct literal *way);

/* Whether one of the goal's kids can be met together with the rest. */
static bool can_choose(struct lint *l, const struct goal *g, const struct literal *way)
{
    if (g->condition) {
        for (const struct sigma_cond *c = g->condition->kids; c; c = c->next)
            if (can_meet(l, push_condition(l, g->next, c, g->negated), way))
                return true;
        return false;
    }
    for (size_t i = 0; i < g->detection->n; i++)
        if (can_meet(l, push_detection(l, g->next, g->detection->kids[i], g->negated), way))
            return true;
    return false;
}

static bool can_meet(struct lint *l, const struct goal *goals, const struct literal *way)
{
    while (goals) {
        const struct goal *g = goals;
        if (l->failed || ++l->steps > SIGMA_LINT_STEPS_MAX)
            return true;
        goals = g->next;
        if (g->condition && g->condition->op == COND_SEARCH) {
            const struct sigma_search *s = l->logic->searches + g->condition->search;
            goals = push_detection(l, goals, s->det, g->negated);
        } else if (!g->condition && g->detection->kind == DET_ITEM) {
            struct literal *new = arena_alloc(l->sc->a, sizeof *new);
            if (!new) {
                l->failed = true;
                return true;
            }
            *new = (struct literal){g->detection->item, g->negated, way};
            if (contradicts(l, new))
                return false;
            way = new;
        } else if (is_choice(g)) {
            return can_choose(l, g, way);
        } else {
            goals = push_all(l, g, goals);
        }
    }
    return true;
}

bool sigma_lint(struct sigma_scope *sc, const struct sigma_logic *logic, struct err *e)
{
    struct lint l = {.sc = sc, .logic = logic};
    for (size_t i = 0; i < logic->n; i++)
        if (logic->searches[i].used)
            warn_detection(sc, logic->searches[i].det);
    buf_init(&l.why, LINT_TEXT_MAX);
    bool can = can_meet(&l, push_condition(&l, NULL, logic->condition, false), NULL);
    if (!can)
        diag_add(sc->diags, DIAG_WARNING, sc->file, l.line, sc->rule,
                 "the rule can never fire: %.*s", (int)l.why.n, l.why.p);
    buf_release(&l.why);
    return !l.failed || sigma_no_memory(e);
}
