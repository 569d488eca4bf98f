/* Checks. One whose term yields nothing is false whatever its operator; above the checks there are
 * only plain booleans. */
#include "engine/falco_condition.h"
#include "engine/falco_term.h"

/* ---- globs and paths ---- */

static char folded(char c, bool fold)
{
    return fold ? byte_lower(c) : c;
}

static bool in_class(struct str name, char c)
{
    static const struct {
        const char *name;
        const char *ranges; /* pairs of first and last byte */
    } rows[] = {
        {"alnum", "09AZaz"},   {"alpha", "AZaz"},   {"blank", "\t\t  "}, {"cntrl", "\1\37\177\177"},
        {"digit", "09"},       {"graph", "!~"},     {"lower", "az"},     {"print", " ~"},
        {"punct", "!/:@[`{~"}, {"space", "\t\r  "}, {"upper", "AZ"},     {"xdigit", "09AFaf"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (const char *r = rows[i].ranges; str_eqz(name, rows[i].name) && *r; r += 2)
            if (c >= r[0] && c <= r[1])
                return true;
    return false;
}

/* A bracket expression at pattern.p[at]: whether it takes c, and where it ends. False in *closed:
 * the bracket is an ordinary character. */
static bool bracket(struct str pattern, size_t at, char c, bool fold, size_t *end, bool *closed)
{
    size_t i = at + 1;
    bool hit = false, negated = i < pattern.n && (pattern.p[i] == '!' || pattern.p[i] == '^');
    i += negated;
    for (bool first = true; i < pattern.n && (first || pattern.p[i] != ']'); first = false) {
        struct str rest = str_skip(pattern, i);
        size_t close = str_find(rest, S(":]"), 2);
        if (str_starts(rest, S("[:")) && close != SIZE_MAX) {
            struct str name = str_slice(rest, 2, close);
            hit = hit || in_class(name, c) || (fold && in_class(name, byte_lower(c)));
            i += close + 2;
            continue;
        }
        i += pattern.p[i] == '\\' && i + 1 < pattern.n;
        unsigned char low = (unsigned char)folded(pattern.p[i++], fold), high = low;
        if (i + 1 < pattern.n && pattern.p[i] == '-' && pattern.p[i + 1] != ']') {
            i += 1u + (pattern.p[i + 1] == '\\' && i + 2 < pattern.n);
            high = (unsigned char)folded(pattern.p[i++], fold);
        }
        unsigned char byte = (unsigned char)folded(c, fold);
        hit = hit || (byte >= low && byte <= high);
    }
    *closed = i < pattern.n;
    *end = i + 1;
    return hit != negated;
}

/* Whether the pattern's token at *at, no star, takes c; *at moves past it. */
static bool glob_one(struct str pattern, size_t *at, char c, bool fold)
{
    size_t end;
    bool closed;
    char token = pattern.p[*at];
    if (token == '[') {
        bool hit = bracket(pattern, *at, c, fold, &end, &closed);
        if (closed) {
            *at = end;
            return hit;
        }
    }
    if (token == '\\') {
        if (*at + 1 == pattern.n)
            return false;
        token = pattern.p[++*at];
    } else if (token == '?') {
        ++*at;
        return true;
    }
    ++*at;
    return folded(token, fold) == folded(c, fold);
}

bool falco_glob(struct str pattern, struct str s, bool fold)
{
    size_t p = 0, i = 0, star = SIZE_MAX, mark = 0;
    while (i < s.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = ++p;
            mark = i;
            continue;
        }
        size_t next = p;
        if (p < pattern.n && glob_one(pattern, &next, s.p[i], fold)) {
            p = next;
            i++;
            continue;
        }
        if (star == SIZE_MAX)
            return false;
        p = star;
        i = ++mark;
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

/* The next part between slashes that is not empty; absent at the end. */
static struct str next_part(struct str *rest)
{
    while (str_present(*rest)) {
        struct str part = str_cut(rest, '/');
        if (part.n)
            return part;
    }
    return STR_ABSENT;
}

static bool has_wildcard(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '*' || s.p[i] == '?' || s.p[i] == '[')
            return true;
    return false;
}

bool falco_path_prefix(struct str path, struct str s)
{
    for (;;) {
        struct str want = next_part(&path);
        if (!str_present(want))
            return true;
        struct str part = next_part(&s);
        if (!str_present(part))
            return false;
        if (has_wildcard(want) ? !falco_glob(want, part, false) : !str_eq(want, part))
            return false;
    }
}

/* ---- tests ---- */

static bool holds_text(struct event *ev, enum falco_op op, struct str s, struct str v,
                       uint32_t regex)
{
    switch (op) {
    case FALCO_EQ:
    case FALCO_IN:
    case FALCO_INTERSECTS:
        return str_eq(s, v);
    case FALCO_NE:
        return !str_eq(s, v);
    case FALCO_LT:
        return str_cmp(s, v) < 0;
    case FALCO_LE:
        return str_cmp(s, v) <= 0;
    case FALCO_GT:
        return str_cmp(s, v) > 0;
    case FALCO_GE:
        return str_cmp(s, v) >= 0;
    case FALCO_CONTAINS:
        return str_find(s, v, 0) != SIZE_MAX;
    case FALCO_ICONTAINS:
        s = falco_fold_case(ev, s, false);
        v = falco_fold_case(ev, v, false);
        return str_present(s) && str_present(v) && str_find(s, v, 0) != SIZE_MAX;
    case FALCO_STARTSWITH:
        return str_starts(s, v);
    case FALCO_ENDSWITH:
        return str_ends(s, v);
    case FALCO_GLOB:
    case FALCO_IGLOB:
        return falco_glob(v, s, op == FALCO_IGLOB);
    case FALCO_REGEX:
        return regex != RS_NONE && event_regex(ev, regex, s);
    case FALCO_PMATCH:
        return falco_path_prefix(v, s);
    case FALCO_EXISTS:
    case FALCO_BCONTAINS:
    case FALCO_BSTARTSWITH:
        break;
    }
    return false;
}

static bool holds_number(enum falco_op op, uint64_t n, uint64_t v)
{
    switch (op) {
    case FALCO_EQ:
    case FALCO_IN:
    case FALCO_INTERSECTS:
        return n == v;
    case FALCO_NE:
        return n != v;
    case FALCO_LT:
        return n < v;
    case FALCO_LE:
        return n <= v;
    case FALCO_GT:
        return n > v;
    case FALCO_GE:
        return n >= v;
    default:
        return false;
    }
}

static bool holds_one(struct event *ev, const struct rs_pred *p, const struct falco_value *left,
                      const struct rs_value *v)
{
    if (!falco_is_text(left))
        return holds_number((enum falco_op)p->op, left->number, v->bits[0]);
    return holds_text(ev, (enum falco_op)p->op, left->text, rs_str(ev->rules, v->text), v->regex);
}

/* A scalar against constants. in, intersects and pmatch ask for any; a plain operator has one. */
static bool holds_constants(struct event *ev, const struct rs_pred *p,
                            const struct falco_value *left)
{
    uint32_t hits = 0;
    const struct rs_value *values = ev->rules->values + p->values.first;
    for (uint32_t i = 0; i < p->values.n; i++) {
        bool hit = holds_one(ev, p, left, values + i);
        hits += hit;
        if (hit && (p->flags == FALCO_PLAINLY || p->flags == FALCO_ANYOF))
            return true;
    }
    return p->flags == FALCO_ONEOF ? hits == 1 : p->flags == FALCO_ALLOF && hits == p->values.n;
}

static bool among_constants(struct event *ev, const struct rs_pred *p, struct str s)
{
    const struct rs_value *values = ev->rules->values + p->values.first;
    for (uint32_t i = 0; i < p->values.n; i++)
        if (str_eq(s, rs_str(ev->rules, values[i].text)))
            return true;
    return false;
}

static bool among_items(const struct falco_value *list, struct str s)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(s, list->items[i]))
            return true;
    return false;
}

/* in: every member of the list; intersects: one. right may be NULL: the constants. */
static bool holds_list(struct event *ev, const struct rs_pred *p, const struct falco_value *left,
                       const struct falco_value *right)
{
    for (size_t i = 0; i < left->n; i++) {
        bool hit =
            right ? among_items(right, left->items[i]) : among_constants(ev, p, left->items[i]);
        if (hit != (p->op == FALCO_IN))
            return hit;
    }
    return p->op == FALCO_IN;
}

static bool holds_right(struct event *ev, const struct rs_pred *p, const struct falco_value *left)
{
    struct falco_value right;
    if (!falco_term(ev, p->right, &right))
        return false;
    if (falco_is_list(left))
        return holds_list(ev, p, left, &right);
    return falco_is_text(left)
               ? holds_text(ev, (enum falco_op)p->op, left->text, right.text, RS_NONE)
               : holds_number((enum falco_op)p->op, left->number, right.number);
}

bool falco_pred(struct event *ev, const struct rs_pred *p)
{
    struct falco_value left;
    if (!falco_term(ev, p->term, &left))
        return false;
    if (p->op == FALCO_EXISTS)
        return true;
    if (p->right != RS_NONE)
        return holds_right(ev, p, &left);
    return falco_is_list(&left) ? holds_list(ev, p, &left, NULL) : holds_constants(ev, p, &left);
}
