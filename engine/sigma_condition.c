/* Conditions: text to tree to program. */
#include "engine/sigma_parts.h"

#include "engine/pattern.h"

/* A parse under way: the text, where it stands, and the token there. */
struct parse {
    struct sigma_scope *sc;
    struct str text;
    size_t at;        /* of the next token */
    struct str token; /* absent: the end */
    size_t token_at;
    unsigned line;
    struct sigma_search *searches;
    size_t n;
    unsigned depth;
    struct err *e;
};

static bool is_word(char c)
{
    return byte_is_alpha(c) || byte_is_digit(c) || c == '_' || c == '-' || c == '*';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Length of a character that is no part of a word: with its UTF-8 continuation bytes. */
static size_t other_character(struct str s, size_t at)
{
    size_t n = 1;
    while (at + n < s.n && ((unsigned char)s.p[at + n] & 0xC0) == 0x80)
        n++;
    return n;
}

static void next(struct parse *p)
{
    while (p->at < p->text.n && is_blank(p->text.p[p->at]))
        p->at++;
    size_t from = p->at;
    while (p->at < p->text.n && is_word(p->text.p[p->at]))
        p->at++;
    if (p->at == from && p->at < p->text.n)
        p->at += other_character(p->text, from);
    p->token_at = from;
    p->token = from < p->text.n ? str_slice(p->text, from, p->at) : STR_ABSENT;
}

static bool token_is(const struct parse *p, const char *word)
{
    return str_present(p->token) && str_eq_fold(p->token, str_of(word));
}

/* The word after the present one is `of`: the present one is a quantifier. */
static bool of_follows(const struct parse *p)
{
    struct parse ahead = *p;
    next(&ahead);
    return token_is(&ahead, "of");
}

static struct sigma_cond *new_cond(struct parse *p, enum sigma_cond_op op)
{
    struct sigma_cond *c = arena_alloc(p->sc->a, sizeof *c);
    if (c)
        c->op = op;
    else
        (void)sigma_no_memory(p->e);
    return c;
}

static void add_kid(struct sigma_cond *c, struct sigma_cond *kid)
{
    struct sigma_cond **at = &c->kids;
    while (*at)
        at = &(*at)->next;
    *at = kid;
    c->n_kids++;
}

/* Both write the sentence and return NULL. */
static struct sigma_cond *wrong(struct parse *p, const char *what)
{
    err_set(p->e, ERR_INPUT, "condition, character %zu: %s '%.*s'", p->token_at + 1, what,
            SHOWN(p->token));
    (void)sigma_at(p->sc, p->line, false);
    return NULL;
}

static struct sigma_cond *expected(struct parse *p, const char *what)
{
    if (str_present(p->token))
        err_set(p->e, ERR_INPUT, "condition, character %zu: %s is expected, not '%.*s'",
                p->token_at + 1, what, SHOWN(p->token));
    else
        err_set(p->e, ERR_INPUT, "the condition ends where %s is expected", what);
    (void)sigma_at(p->sc, p->line, false);
    return NULL;
}

static struct sigma_cond *search_cond(struct parse *p, size_t search)
{
    struct sigma_cond *c = new_cond(p, COND_SEARCH);
    if (c)
        c->search = search;
    p->searches[search].used = true;
    return c;
}

/* Whether `1 of pattern` means a search of this name. Case counts, as in identifiers. */
static bool among(struct str pattern, bool them, struct str name)
{
    bool hidden = name.n && name.p[0] == '_';
    if (them)
        return !hidden;
    return (!hidden || (pattern.n && pattern.p[0] == '_')) &&
           pattern_match(PATTERN_GLOB, pattern, name, false);
}

/* quantifier "of" pattern; the token is the quantifier. */
static struct sigma_cond *parse_of(struct parse *p)
{
    bool all = token_is(p, "all");
    if (!all && !token_is(p, "1") && !token_is(p, "any"))
        return wrong(p, "only 1, any and all may stand before 'of':");
    next(p);
    next(p);
    if (!str_present(p->token) || !is_word(p->token.p[0]))
        return expected(p, "a name, a pattern or 'them'");
    struct sigma_cond *c = new_cond(p, all ? COND_AND : COND_OR);
    bool them = token_is(p, "them");
    struct sigma_cond **tail = c ? &c->kids : NULL;
    for (size_t i = 0; c && i < p->n; i++) {
        if (!among(p->token, them, p->searches[i].name))
            continue;
        if (!(*tail = search_cond(p, i)))
            return NULL;
        tail = &(*tail)->next;
        c->n_kids++;
    }
    if (c && c->n_kids == 0)
        return wrong(p, "no search identifier fits");
    next(p);
    return c;
}

static struct sigma_cond *parse_name(struct parse *p)
{
    if (str_find_byte(p->token, '*', 0) != SIZE_MAX)
        return wrong(p, "'1 of' or 'all of' is missing before the pattern");
    for (size_t i = 0; i < p->n; i++)
        if (str_eq(p->searches[i].name, p->token)) {
            struct sigma_cond *c = search_cond(p, i);
            next(p);
            return c;
        }
    return wrong(p, "there is no search identifier");
}

static struct sigma_cond *parse_or(struct parse *p);

static bool enter(struct parse *p)
{
    if (++p->depth <= SIGMA_CONDITION_DEPTH_MAX)
        return true;
    err_set(p->e, ERR_INPUT, "condition nests deeper than %d", SIGMA_CONDITION_DEPTH_MAX);
    return sigma_at(p->sc, p->line, false);
}

static struct sigma_cond *parse_parentheses(struct parse *p)
{
    if (!enter(p))
        return NULL;
    next(p);
    struct sigma_cond *c = parse_or(p);
    if (!c)
        return NULL;
    if (!token_is(p, ")"))
        return expected(p, "')'");
    next(p);
    p->depth--;
    return c;
}

static struct sigma_cond *parse_atom(struct parse *p)
{
    if (token_is(p, "("))
        return parse_parentheses(p);
    if (!str_present(p->token) || !is_word(p->token.p[0]))
        return expected(p, "a search identifier");
    if (of_follows(p))
        return parse_of(p);
    if (token_is(p, "and") || token_is(p, "or") || token_is(p, "of"))
        return expected(p, "a search identifier");
    return parse_name(p);
}

static struct sigma_cond *parse_not(struct parse *p)
{
    if (!token_is(p, "not") || of_follows(p))
        return parse_atom(p);
    if (!enter(p))
        return NULL;
    next(p);
    struct sigma_cond *kid = parse_not(p), *c = kid ? new_cond(p, COND_NOT) : NULL;
    if (c)
        add_kid(c, kid);
    p->depth--;
    return c;
}

/* part { word part } */
static struct sigma_cond *parse_chain(struct parse *p, const char *word, enum sigma_cond_op op,
                                      struct sigma_cond *(*part)(struct parse *))
{
    struct sigma_cond *first = part(p), *chain = NULL;
    if (!first || !token_is(p, word))
        return first;
    chain = new_cond(p, op);
    if (!chain)
        return NULL;
    add_kid(chain, first);
    struct sigma_cond *last = first;
    while (token_is(p, word)) {
        next(p);
        struct sigma_cond *kid = part(p);
        if (!kid)
            return NULL;
        last = last->next = kid;
        chain->n_kids++;
    }
    return chain;
}

static struct sigma_cond *parse_and(struct parse *p)
{
    return parse_chain(p, "and", COND_AND, parse_not);
}

static struct sigma_cond *parse_or(struct parse *p)
{
    return parse_chain(p, "or", COND_OR, parse_and);
}

static struct sigma_cond *parse_text(struct parse *p)
{
    if (str_find_byte(p->text, '|', 0) != SIZE_MAX) {
        err_set(p->e, ERR_INPUT,
                "the condition holds an aggregation ('|'), which Sigma has dropped: write a "
                "correlation rule");
        (void)sigma_at(p->sc, p->line, false);
        return NULL;
    }
    if (p->text.n > SIGMA_CONDITION_BYTES_MAX) {
        err_set(p->e, ERR_INPUT, "the condition is longer than %d bytes",
                SIGMA_CONDITION_BYTES_MAX);
        (void)sigma_at(p->sc, p->line, false);
        return NULL;
    }
    next(p);
    struct sigma_cond *c = parse_or(p);
    if (c && str_present(p->token))
        return expected(p, "'and' or 'or'");
    return c;
}

static struct sigma_cond *parse_one(struct sigma_scope *sc, const struct yaml *y,
                                    struct sigma_search *searches, size_t n, struct err *e)
{
    struct str text = yaml_text(y);
    if (str_trim(text).n == 0) {
        err_set(e, ERR_INPUT, "the condition is empty or no text");
        (void)sigma_at(sc, y->line, false);
        return NULL;
    }
    struct parse p = {sc, text, 0, STR_ABSENT, 0, y->line, searches, n, 0, e};
    return parse_text(&p);
}

bool sigma_cond_parse(struct sigma_scope *sc, const struct yaml *y, struct sigma_search *searches,
                      size_t n, const struct sigma_cond **out, struct err *e)
{
    if (y->kind != YAML_SEQ) {
        *out = parse_one(sc, y, searches, n, e);
        return *out != NULL;
    }
    struct sigma_cond *any = arena_alloc(sc->a, sizeof *any);
    if (!any)
        return sigma_no_memory(e);
    any->op = COND_OR;
    if (y->n == 0)
        return sigma_at(sc, y->line, err_set(e, ERR_INPUT, "the list of conditions is empty"));
    for (size_t i = 0; i < y->n; i++) {
        struct sigma_cond *kid = parse_one(sc, y->items[i], searches, n, e);
        if (!kid)
            return false;
        add_kid(any, kid);
    }
    *out = any;
    return true;
}

bool sigma_cond_negates(const struct sigma_cond *c)
{
    if (c->op == COND_NOT)
        return true;
    for (const struct sigma_cond *kid = c->kids; kid; kid = kid->next)
        if (sigma_cond_negates(kid))
            return true;
    return false;
}

static bool search_emit(struct sigma_scope *sc, struct sigma_search *s, uint32_t *node,
                        struct err *e)
{
    if (!s->emitted && !sigma_det_emit(sc, s->det, &s->node, e))
        return false;
    s->emitted = true;
    *node = s->node;
    return true;
}

bool sigma_cond_emit(struct sigma_scope *sc, const struct sigma_cond *c,
                     struct sigma_search *searches, uint32_t *node, struct err *e)
{
    if (c->op == COND_SEARCH)
        return search_emit(sc, searches + c->search, node, e);
    uint32_t *kids = arena_array(sc->a, c->n_kids, sizeof *kids);
    if (!kids)
        return sigma_no_memory(e);
    size_t n = 0;
    for (const struct sigma_cond *kid = c->kids; kid; kid = kid->next)
        if (!sigma_cond_emit(sc, kid, searches, kids + n++, e))
            return false;
    if (c->op == COND_NOT)
        *node = builder_node_not(sc->b, kids[0]);
    else
        *node =
            c->op == COND_AND ? builder_node_and(sc->b, kids, n) : builder_node_or(sc->b, kids, n);
    return true;
}
