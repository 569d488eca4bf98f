/* Evaluation. A check whose term yields nothing is false whatever its operator; above the checks
 * there are only plain booleans. */
#include "engine/falco_term.h"

#include "base/vec.h"
#include "engine/falco_condition.h"
#include "engine/falco_field.h"

#define TEXT_MAX  (4u << 20) /* of what join and concat build */
#define ITEMS_MAX 65536      /* of a list */

static bool is_list(const struct falco_value *v)
{
    return v->type & FALCO_LIST_FLAG;
}

static bool is_text(const struct falco_value *v)
{
    return (v->type & 0xff) == FALCO_STRING;
}

/* NULL for an empty list: a ruleset without numbers has no array to point into. */
static const uint32_t *numbers(const struct event *ev, struct rs_list l)
{
    return l.n ? ev->rules->numbers + l.first : NULL;
}

static struct str keep(struct event *ev, struct buf *b)
{
    struct str s = b->failed ? STR_ABSENT : arena_str(&ev->scratch, buf_str(b));
    ev->counts.scratch_full += !str_present(s);
    buf_release(b);
    return s;
}

/* ---- text transformers ---- */

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (byte_is_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Standard alphabet, padding optional; absent when s is no base64. */
static struct str base64(struct event *ev, struct str s)
{
    size_t n = s.n, made = 0;
    for (int pads = 0; pads < 2 && n && s.p[n - 1] == '='; pads++)
        n--;
    char *to = n % 4 == 1 ? NULL : arena_alloc(&ev->scratch, n / 4 * 3 + 4);
    uint32_t bits = 0;
    if (!to)
        return STR_ABSENT;
    for (size_t i = 0; i < n; i++) {
        int d = base64_digit(s.p[i]);
        if (d < 0)
            return STR_ABSENT;
        bits = bits << 6 | (uint32_t)d;
        if (i % 4 != 0)
            to[made++] = (char)(bits >> (6 - 2 * (i % 4)) & 0xff);
    }
    return str_n(to, made);
}

static struct str fold_case(struct event *ev, struct str s, bool upper)
{
    char *to = arena_alloc(&ev->scratch, s.n);
    if (!to)
        return STR_ABSENT;
    for (size_t i = 0; i < s.n; i++)
        to[i] = upper && s.p[i] >= 'a' && s.p[i] <= 'z' ? (char)(s.p[i] - 32)
                : upper                                 ? s.p[i]
                                                        : byte_lower(s.p[i]);
    return str_n(to, s.n);
}

static struct str last_part(struct str s)
{
    size_t from = s.n;
    while (from && s.p[from - 1] != '/')
        from--;
    return str_skip(s, from);
}

static struct str transformed(struct event *ev, uint16_t fn, struct str s)
{
    switch (fn) {
    case FALCO_FN_TOLOWER:
    case FALCO_FN_TOUPPER:
        return fold_case(ev, s, fn == FALCO_FN_TOUPPER);
    case FALCO_FN_B64:
        return base64(ev, s);
    default:
        return last_part(s);
    }
}

/* One transformer over a text or each member of a list; one member without a result spoils all. */
static bool transform(struct event *ev, const struct rs_term *t, struct falco_value *out)
{
    struct falco_value in;
    if (!falco_term(ev, t->a, &in))
        return false;
    if (!is_list(&in)) {
        out->text = transformed(ev, t->fn, in.text);
        return str_present(out->text);
    }
    struct str *items = arena_array(&ev->scratch, in.n, sizeof *items);
    for (size_t i = 0; items && i < in.n; i++) {
        items[i] = transformed(ev, t->fn, in.items[i]);
        if (!str_present(items[i]))
            return false;
    }
    out->items = items;
    out->n = in.n;
    return items != NULL;
}

static bool length(struct event *ev, const struct rs_term *t, struct falco_value *out)
{
    struct falco_value in;
    if (!falco_term(ev, t->a, &in))
        return false;
    out->number = is_list(&in) ? in.n : in.text.n;
    return true;
}

/* ---- lists ---- */

static void put_number(struct buf *b, const struct falco_value *v)
{
    if ((v->type & 0xff) == FALCO_BOOL)
        buf_putz(b, v->number ? "true" : "false");
    else if (v->type & FALCO_PADDED_FLAG)
        buf_putf(b, "%09llu", (unsigned long long)v->number);
    else
        buf_put_u64(b, v->number);
}

static bool add_item(struct event *ev, struct vec *items, const struct falco_value *v)
{
    size_t n = is_list(v) ? v->n : 1;
    struct str *to = n ? vec_push(items, n) : NULL;
    if (n == 0 || !to)
        return n == 0;
    if (is_list(v)) {
        memcpy(to, v->items, n * sizeof *to);
        return true;
    }
    *to = v->text;
    if (!is_text(v)) {
        struct buf b;
        buf_init(&b, 32);
        put_number(&b, v);
        *to = keep(ev, &b);
    }
    return str_present(*to);
}

/* Moves the items to the event's scratch. */
static bool give_items(struct event *ev, struct vec *items, bool ok, struct falco_value *out)
{
    struct str *copy = ok ? arena_array(&ev->scratch, items->n, sizeof *copy) : NULL;
    if (copy && items->n)
        memcpy(copy, items->p, items->n * sizeof *copy);
    out->items = copy;
    out->n = items->n;
    vec_release(items);
    return copy != NULL;
}

static bool gather(struct event *ev, const struct rs_term *t, struct falco_value *out)
{
    struct vec items;
    bool ok = true;
    vec_init(&items, sizeof(struct str), ITEMS_MAX);
    for (uint32_t i = 0; ok && i < t->args.n; i++) {
        struct falco_value v;
        ok = falco_term(ev, numbers(ev, t->args)[i], &v) && add_item(ev, &items, &v);
    }
    return give_items(ev, &items, ok, out);
}

static bool join(struct event *ev, const struct rs_term *t, struct falco_value *out)
{
    struct falco_value separator, list;
    if (!falco_term(ev, t->a, &separator) || !falco_term(ev, t->b, &list))
        return false;
    struct buf b;
    buf_init(&b, TEXT_MAX);
    for (size_t i = 0; i < list.n; i++) {
        if (i)
            buf_put(&b, separator.text);
        buf_put(&b, list.items[i]);
    }
    out->text = keep(ev, &b);
    return str_present(out->text);
}

static bool concat(struct event *ev, const struct rs_term *t, struct falco_value *out)
{
    struct buf b;
    bool ok = true;
    buf_init(&b, TEXT_MAX);
    for (uint32_t i = 0; ok && i < t->args.n; i++) {
        struct falco_value v;
        ok = falco_term(ev, numbers(ev, t->args)[i], &v);
        if (ok)
            buf_put(&b, v.text);
    }
    out->text = keep(ev, &b);
    return ok && str_present(out->text);
}

/* ---- getopt ---- */

enum option { OPTION_UNKNOWN, OPTION_BARE, OPTION_WITH_VALUE };

/* What getopt(3)'s option string says of one character; a later mention adds to an earlier. */
static enum option option_of(struct str options, char c)
{
    enum option found = OPTION_UNKNOWN;
    for (size_t i = 0; i < options.n && c != ':'; i++) {
        bool value = i + 1 < options.n && options.p[i + 1] == ':';
        if (options.p[i] == c && found != OPTION_WITH_VALUE)
            found = value ? OPTION_WITH_VALUE : OPTION_BARE;
        i += value;
    }
    return found;
}

struct scan {
    struct event *ev;
    const struct falco_value *words;
    struct str options;
    int wanted; /* the one option asked for, or -1 */
    struct vec items;
    struct str last; /* of the wanted option */
    bool full;
};

static void push(struct scan *s, struct str text)
{
    struct str *to = vec_push(&s->items, 1);
    s->full = s->full || !to;
    if (to)
        *to = text;
}

static void emit(struct scan *s, struct str name, struct str value)
{
    if (s->wanted >= 0) {
        s->last = str_present(value) ? value : name;
        return;
    }
    push(s, name);
    if (str_present(value))
        push(s, value);
}

/* The short options of one word; a value may be the next word. */
static void scan_word(struct scan *s, struct str word, size_t *at)
{
    for (size_t i = 1; i < word.n; i++) {
        struct str name = str_slice(word, i, i + 1);
        bool wanted = s->wanted < 0 || (unsigned char)word.p[i] == s->wanted;
        enum option kind = option_of(s->options, word.p[i]);
        if (kind == OPTION_UNKNOWN && s->wanted < 0)
            push(s, S("?"));
        if (kind == OPTION_BARE && wanted)
            emit(s, name, STR_ABSENT);
        if (kind != OPTION_WITH_VALUE)
            continue;
        struct str value = str_skip(word, i + 1);
        if (value.n == 0)
            value = *at + 1 < s->words->n ? s->words->items[++*at] : STR_ABSENT;
        if (wanted)
            emit(s, str_present(value) ? name : S(""), value);
        return;
    }
}

static void scan_words(struct scan *s)
{
    for (size_t at = 0; at < s->words->n && !s->full; at++) {
        struct str word = s->words->items[at];
        if (str_eq(word, S("--")) || word.n < 2 || word.p[0] != '-')
            return;
        if (word.p[1] != '-') /* long options are passed over */
            scan_word(s, word, &at);
    }
}

static bool getopt_term(struct event *ev, const struct rs_term *t, struct falco_value *out)
{
    struct falco_value words, options;
    if (!falco_term(ev, t->b, &options) || !falco_term(ev, t->a, &words))
        return false;
    struct scan s = {.ev = ev, .words = &words, .options = options.text, .wanted = -1};
    if (t->args.n)
        s.wanted = (int)numbers(ev, t->args)[0];
    vec_init(&s.items, sizeof(struct str), ITEMS_MAX);
    scan_words(&s);
    out->text = s.last;
    if (s.wanted < 0)
        return give_items(ev, &s.items, !s.full, out);
    vec_release(&s.items);
    return str_present(s.last);
}

/* ---- terms ---- */

static bool from_slot(struct event *ev, const struct rs_term *t, struct falco_value *out)
{
    struct value *v = event_first(ev, t->a);
    if (!v)
        return false;
    out->text = t->fn == FALCO_FN_JSON || v->type == JSON_STRING ? event_text(ev, v) : S("");
    return str_present(out->text);
}

bool falco_term(struct event *ev, uint32_t term, struct falco_value *out)
{
    const struct rs_term *t = ev->rules->terms + term;
    *out = (struct falco_value){.type = t->type};
    switch ((enum falco_fn)t->fn) {
    case FALCO_FN_PLAIN:
    case FALCO_FN_JSON:
        return from_slot(ev, t, out);
    case FALCO_FN_FIELD:
        return falco_field_at(t->a)->extract(ev, numbers(ev, t->args), t->b, out);
    case FALCO_FN_TEXT:
        out->text = rs_str(ev->rules, (struct rs_text){t->a, t->b});
        return true;
    case FALCO_FN_LIST:
        return gather(ev, t, out);
    case FALCO_FN_TOLOWER:
    case FALCO_FN_TOUPPER:
    case FALCO_FN_B64:
    case FALCO_FN_BASENAME:
        return transform(ev, t, out);
    case FALCO_FN_LEN:
        return length(ev, t, out);
    case FALCO_FN_JOIN:
        return join(ev, t, out);
    case FALCO_FN_CONCAT:
        return concat(ev, t, out);
    case FALCO_FN_GETOPT:
        break;
    }
    return getopt_term(ev, t, out);
}

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
        s = fold_case(ev, s, false);
        v = fold_case(ev, v, false);
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
    if (!is_text(left))
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
    if (is_list(left))
        return holds_list(ev, p, left, &right);
    return is_text(left) ? holds_text(ev, (enum falco_op)p->op, left->text, right.text, RS_NONE)
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
    return is_list(&left) ? holds_list(ev, p, &left, NULL) : holds_constants(ev, p, &left);
}
