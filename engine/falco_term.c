/* Terms: fields and what transformers make of them. */
#include "engine/falco_term.h"

#include "base/vec.h"
#include "engine/falco_condition.h"
#include "engine/falco_field.h"

#define TEXT_MAX  (4u << 20) /* of what join and concat build */
#define ITEMS_MAX 65536      /* of a list */

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

struct str falco_fold_case(struct event *ev, struct str s, bool upper)
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
        return falco_fold_case(ev, s, fn == FALCO_FN_TOUPPER);
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
    if (!falco_is_list(&in)) {
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
    out->number = falco_is_list(&in) ? in.n : in.text.n;
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
    size_t n = falco_is_list(v) ? v->n : 1;
    struct str *to = n ? vec_push(items, n) : NULL;
    if (n == 0 || !to)
        return n == 0;
    if (falco_is_list(v)) {
        memcpy(to, v->items, n * sizeof *to);
        return true;
    }
    *to = v->text;
    if (!falco_is_text(v)) {
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
