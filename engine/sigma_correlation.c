/* Correlations of all files: what they name is found, children are made before parents, and what
 * they stand for is muted. */
#include "engine/sigma_correlation.h"

#define RING_SHOWN 4 /* correlations of a ring that are named */

static bool in(struct sigma_set *set, struct sigma_entry *d, struct sigma_link *out,
               struct sigma_scope *sc)
{
    if (d->kind != SIGMA_CORRELATION || d->fate != SIGMA_WAITING)
        return false;
    *sc = sigma_set_scope(set, d);
    *out = (struct sigma_link){set, sc, d, d->correlation};
    return true;
}

typedef bool link_fn(struct sigma_link *l, struct err *e);

/* Does one step for all correlations that still wait. */
static bool for_waiting(struct sigma_set *set, link_fn *step, struct err *e)
{
    for (size_t i = 0; i < set->docs.n; i++) {
        struct sigma_scope sc;
        struct sigma_link l;
        struct err why = {.kind = ERR_NONE};
        if (!in(set, sigma_set_at(set, i), &l, &sc) || step(&l, &why))
            continue;
        l.doc->fate = SIGMA_REFUSED;
        if (!sigma_refuse(&sc, &why, e))
            return false;
    }
    return true;
}

/* ---- reading ---- */

static bool read_one(struct sigma_link *l, struct err *e)
{
    struct sigma_correlation *c = arena_alloc(l->sc->a, sizeof *c);
    if (!c)
        return sigma_no_memory(e);
    l->doc->correlation = c;
    if (!sigma_correlation_read(l->sc, l->doc->root, c, e))
        return false;
    const struct sigma_source *s = &c->meta.source;
    bool said = s->product.n || s->category.n || s->service.n;
    if (said && !sigma_source_is_open_to_ours(s)) {
        diag_add(l->sc->diags, DIAG_SKIPPED, l->doc->file, l->doc->root->line, l->doc->label,
                 "its log source is not read here (product '%.*s', category '%.*s', service "
                 "'%.*s')",
                 SHOWN(s->product), SHOWN(s->category), SHOWN(s->service));
        l->doc->fate = SIGMA_SKIPPED;
    }
    if (c->keys.n == 0 && l->doc->fate == SIGMA_WAITING)
        diag_add(l->sc->diags, DIAG_WARNING, l->doc->file,
                 yaml_get(l->doc->root, "correlation")->line, l->doc->label,
                 "without 'group-by' the events of all accounts and identities are one group");
    return true;
}

/* ---- references ---- */

/* Nearer names hide farther ones. */
enum tier { TIER_FILE_NAME, TIER_FILE_TITLE, TIER_NAME, TIER_TITLE, TIERS };

static enum tier tier_of(const struct sigma_link *l, const struct sigma_entry *d, struct str text)
{
    bool title = !str_eq(d->id, text) && !str_eq(d->name, text);
    if (str_eq(d->file, l->doc->file))
        return title ? TIER_FILE_TITLE : TIER_FILE_NAME;
    return title ? TIER_TITLE : TIER_NAME;
}

static bool same_yaml(const struct yaml *a, const struct yaml *b, bool *same, struct err *e)
{
    unsigned char of[2][RS_HASH_BYTES];
    const struct yaml *both[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        struct sha256 h;
        sha256_init(&h);
        if (!sigma_hash_yaml(&h, both[i], e))
            return false;
        sigma_hash_end(&h, of[i]);
    }
    *same = memcmp(of[0], of[1], RS_HASH_BYTES) == 0;
    return true;
}

/* Whether two documents of one name say the same. Equal tests of rules are one node. */
static bool same_meaning(const struct sigma_entry *a, const struct sigma_entry *b, bool *same,
                         struct err *e)
{
    *same = a->kind == b->kind;
    if (!*same)
        return true;
    if (a->kind == SIGMA_CORRELATION)
        return same_yaml(yaml_get(a->root, "correlation"), yaml_get(b->root, "correlation"), same,
                         e);
    *same = a->program == b->program;
    return true;
}

static bool is_candidate(const struct sigma_link *l, const struct sigma_entry *d)
{
    return d != l->doc && d->kind != SIGMA_FILTER;
}

static bool can_be_used(const struct sigma_entry *d)
{
    return d->fate == SIGMA_LOADED || d->fate == SIGMA_WAITING;
}

/* Takes d for the reference, in place of what was found before or beside it. */
static bool take(struct sigma_link *l, struct sigma_reference *r, struct sigma_entry *d,
                 bool *copies, struct err *e)
{
    bool same;
    if (!r->doc || !can_be_used(r->doc) || !can_be_used(d)) {
        if (!r->doc || (!can_be_used(r->doc) && can_be_used(d)))
            r->doc = d;
        return true;
    }
    if (!same_meaning(r->doc, d, &same, e))
        return false;
    *copies = true;
    return same ||
           sigma_at(l->sc, r->line,
                    err_set(e, ERR_INPUT,
                            "'%.*s' can mean what is in %.*s, line %u, or in %.*s, line %u, and "
                            "they differ",
                            SHOWN(r->text), SHOWN(r->doc->file), r->doc->root->line, SHOWN(d->file),
                            d->root->line));
}

static enum tier nearest(struct sigma_link *l, const struct sigma_named *found, size_t n,
                         struct str text)
{
    enum tier best = TIERS;
    for (size_t i = 0; i < n; i++) {
        const struct sigma_entry *d = sigma_set_at(l->set, found[i].doc);
        enum tier t = tier_of(l, d, text);
        if (is_candidate(l, d) && t < best)
            best = t;
    }
    return best;
}

static bool not_found(struct sigma_link *l, const struct sigma_reference *r, bool there,
                      struct err *e)
{
    const struct sigma_entry *d = l->doc;
    bool itself = str_eq(d->id, r->text) || str_eq(d->name, r->text) || str_eq(d->title, r->text);
    const char *what = itself  ? "the correlation names itself"
                       : there ? "a filter is no rule"
                               : "there is no rule with this id, name or title";
    return sigma_at(l->sc, r->line, err_set(e, ERR_INPUT, "%s: '%.*s'", what, SHOWN(r->text)));
}

static bool find_rule(struct sigma_link *l, struct sigma_reference *r, struct err *e)
{
    size_t n;
    bool copies = false;
    const struct sigma_named *found = sigma_set_find(l->set, r->text, &n);
    enum tier best = nearest(l, found, n, r->text);
    for (size_t i = 0; i < n; i++) {
        struct sigma_entry *d = sigma_set_at(l->set, found[i].doc);
        if ((i && found[i].doc == found[i - 1].doc) || !is_candidate(l, d) ||
            tier_of(l, d, r->text) != best)
            continue;
        if (!take(l, r, d, &copies, e))
            return false;
    }
    if (copies)
        diag_add(l->sc->diags, DIAG_WARNING, l->doc->file, r->line, l->doc->label,
                 "'%.*s' is there more than once, always alike: that of %.*s, line %u is taken",
                 SHOWN(r->text), SHOWN(r->doc->file), r->doc->root->line);
    return r->doc || not_found(l, r, n > 0, e);
}

static bool find_rules(struct sigma_link *l, struct err *e)
{
    for (size_t i = 0; i < l->c->n_rules; i++)
        if (!find_rule(l, l->c->rules + i, e))
            return false;
    return true;
}

/* ---- making ---- */

static bool cannot_use(struct sigma_link *l, const struct sigma_reference *r, struct err *e)
{
    const struct sigma_entry *d = r->doc;
    return sigma_at(l->sc, r->line,
                    err_set(e, ERR_INPUT, "it builds on '%.*s' of %.*s, line %u, which is %s",
                            SHOWN(r->text), SHOWN(d->file), d->root->line,
                            d->fate == SIGMA_REFUSED ? "refused" : "skipped"));
}

/* What a child lets only `scan` do, its parent can do no better. */
static bool inherit_scan_only(struct sigma_link *l, const struct sigma_reference *r, struct err *e)
{
    struct buf why;
    struct str of_child = r->doc->correlation->scan_only;
    if (!str_present(of_child) || str_present(l->c->scan_only))
        return true;
    buf_init(&why, ERR_TEXT_MAX);
    buf_putf(&why, "it builds on '%.*s', and there ", SHOWN(r->text));
    buf_put(&why, of_child);
    l->c->scan_only = arena_str(l->sc->a, buf_str(&why));
    buf_release(&why);
    return str_present(l->c->scan_only) || sigma_no_memory(e);
}

/* A correlation as a rule of another: its moments carry a time and its key, nothing else. */
static bool check_child(struct sigma_link *l, const struct sigma_reference *r, struct err *e)
{
    const struct sigma_correlation *child = r->doc->correlation;
    if (child->type == WINDOW_TYPE_FIRST_SEEN)
        return sigma_at(l->sc, r->line,
                        err_set(e, ERR_INPUT,
                                "'%.*s' is of type first_seen: what was seen first is known only "
                                "when all events are in, so nothing is built on it",
                                SHOWN(r->text)));
    if (l->c->values.n && l->c->type != WINDOW_TYPE_VALUE_COUNT)
        return sigma_at(l->sc, r->line,
                        err_set(e, ERR_INPUT,
                                "type %s reads fields of events, and '%.*s' is a correlation",
                                sigma_type_name(l->c->type), SHOWN(r->text)));
    if (l->c->depth <= child->depth)
        l->c->depth = child->depth + 1;
    return inherit_scan_only(l, r, e);
}

/* *wait: some child is not made yet. */
static bool check_inputs(struct sigma_link *l, bool *wait, struct err *e)
{
    *wait = false;
    for (size_t i = 0; i < l->c->n_rules; i++) {
        const struct sigma_reference *r = l->c->rules + i;
        if (r->doc->fate == SIGMA_REFUSED || r->doc->fate == SIGMA_SKIPPED)
            return cannot_use(l, r, e);
        *wait = *wait || r->doc->fate == SIGMA_WAITING;
        if (r->doc->fate == SIGMA_LOADED && r->doc->kind == SIGMA_CORRELATION &&
            !check_child(l, r, e))
            return false;
    }
    if (*wait)
        return true;
    if (l->c->depth > SIGMA_DEPTH_MAX)
        return sigma_at(l->sc, l->doc->root->line,
                        err_set(e, ERR_INPUT, "more than %d correlations build on each other",
                                SIGMA_DEPTH_MAX));
    if (l->set->durable && str_present(l->c->scan_only))
        return sigma_at(l->sc, l->doc->root->line,
                        err_set(e, ERR_INPUT, "only `scan` can evaluate it: %.*s",
                                (int)l->c->scan_only.n, l->c->scan_only.p));
    return true;
}

/* Makes it when all its children are made. */
static bool make_one(struct sigma_link *l, struct err *e)
{
    bool wait;
    if (!check_inputs(l, &wait, e))
        return false;
    return wait || sigma_correlation_make(l, e);
}

/* ---- what is left ---- */

static const struct sigma_entry *waiting_child(const struct sigma_entry *d)
{
    for (size_t i = 0; i < d->correlation->n_rules; i++)
        if (d->correlation->rules[i].doc->fate == SIGMA_WAITING)
            return d->correlation->rules[i].doc;
    return NULL;
}

/* Nothing moves any more: what waits is part of a ring, or built on one. */
static bool refuse_ring(struct sigma_link *l, struct err *e)
{
    struct buf names;
    const struct sigma_entry *d = l->doc;
    buf_init(&names, ERR_TEXT_MAX);
    for (int i = 0; i < RING_SHOWN && d; i++, d = waiting_child(d))
        buf_putf(&names, "%s'%.*s'", i ? ", which names " : "", SHOWN(d->title));
    err_set(e, ERR_INPUT, "the correlation is part of a ring, or built on one: %s%s",
            names.failed ? "" : buf_z(&names), d ? ", and so on" : "");
    buf_release(&names);
    return sigma_at(l->sc, l->doc->root->line, false);
}

static size_t count_waiting(struct sigma_set *set)
{
    size_t n = 0;
    for (size_t i = 0; i < set->docs.n; i++) {
        const struct sigma_entry *d = sigma_set_at(set, i);
        n += d->kind == SIGMA_CORRELATION && d->fate == SIGMA_WAITING;
    }
    return n;
}

/* Rounds of making, until one makes nothing. Each finishes a level, so a good set takes at most
 * SIGMA_DEPTH_MAX + 2. */
static bool make_all(struct sigma_set *set, struct err *e)
{
    size_t before, left = count_waiting(set);
    do {
        before = left;
        if (!for_waiting(set, make_one, e))
            return false;
        left = count_waiting(set);
    } while (left && left < before);
    return for_waiting(set, refuse_ring, e);
}

/* ---- muting ---- */

static void mute(struct sigma_set *set, const struct sigma_entry *d)
{
    struct rs_rule *r = d->rule == RS_NONE ? NULL : builder_rule_at(set->b, d->rule);
    if (r)
        r->muted = true;
}

/* A rule is muted for all when one correlation asks for it, and so are its copies in other files:
 * pySigma's reading. */
static void mute_rules(struct sigma_set *set, const struct sigma_correlation *c)
{
    for (size_t i = 0; i < c->n_rules; i++) {
        const struct sigma_entry *d = c->rules[i].doc;
        size_t n = 0;
        const struct sigma_named *same = d->id.n ? sigma_set_find(set, d->id, &n) : NULL;
        mute(set, d);
        for (size_t k = 0; k < n; k++)
            if (str_eq(sigma_set_at(set, same[k].doc)->id, d->id))
                mute(set, sigma_set_at(set, same[k].doc));
    }
}

static void mute_all(struct sigma_set *set)
{
    for (size_t i = 0; i < set->docs.n; i++) {
        const struct sigma_entry *d = sigma_set_at(set, i);
        if (d->kind == SIGMA_CORRELATION && d->fate == SIGMA_LOADED && !d->correlation->generate)
            mute_rules(set, d->correlation);
    }
}

bool sigma_correlations(struct sigma_set *set, struct err *e)
{
    if (!for_waiting(set, read_one, e) || !for_waiting(set, find_rules, e) || !make_all(set, e))
        return false;
    mute_all(set);
    return true;
}
