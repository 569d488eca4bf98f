/* Trees out of libyaml's events. */
#include "engine/yaml.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <yaml.h>

#include "base/escape.h"
#include "base/vec.h"

struct anchor {
    struct str name;
    const struct yaml *node; /* NULL while its node is still being read */
    size_t weight;           /* nodes in it, those of aliases included */
};

struct reader {
    yaml_parser_t parser;
    yaml_event_t event;
    bool has_event;
    struct arena *a;
    struct vec anchors;
    size_t nodes;
};

static bool next(struct reader *r, struct err *e)
{
    if (r->has_event)
        yaml_event_delete(&r->event);
    r->has_event = yaml_parser_parse(&r->parser, &r->event) == 1;
    if (r->has_event)
        return true;
    const yaml_parser_t *p = &r->parser;
    const char *what = p->problem ? p->problem : "not YAML";
    const char *context = p->context ? p->context : "";
    size_t line = p->problem_mark.line + 1, column = p->problem_mark.column + 1;
    return err_set(e, p->error == YAML_MEMORY_ERROR ? ERR_SYSTEM : ERR_INPUT,
                   "line %zu, column %zu: %s%s%s", line, column, what, *context ? " " : "",
                   context);
}

static bool too_much(struct reader *r, struct err *e)
{
    return err_set(e, ERR_LIMIT,
                   "line %zu: the file has too many YAML nodes or takes too much memory",
                   r->event.start_mark.line + 1);
}

static struct anchor *anchor_find(struct reader *r, const yaml_char_t *name)
{
    for (size_t i = r->anchors.n; name && i-- > 0;) {
        struct anchor *at = vec_at(&r->anchors, i);
        if (str_eqz(at->name, (const char *)name))
            return at;
    }
    return NULL;
}

/* Remembers the anchor of the present event; *slot is its position, or SIZE_MAX without one. */
static bool anchor_open(struct reader *r, const yaml_char_t *name, size_t *slot, struct err *e)
{
    *slot = SIZE_MAX;
    if (!name)
        return true;
    struct anchor *at = vec_push(&r->anchors, 1);
    struct str copy = arena_str(r->a, str_of((const char *)name));
    if (!at || !copy.p)
        return too_much(r, e);
    at->name = copy;
    *slot = r->anchors.n - 1;
    return true;
}

static struct yaml *new_node(struct reader *r, enum yaml_kind kind)
{
    struct yaml *y = r->nodes < YAML_NODES_MAX ? arena_alloc(r->a, sizeof *y) : NULL;
    if (!y)
        return NULL;
    r->nodes++;
    y->kind = kind;
    y->line = (unsigned)r->event.start_mark.line + 1;
    y->column = (unsigned)r->event.start_mark.column + 1;
    return y;
}

static bool read_node(struct reader *r, unsigned depth, const struct yaml **out, struct err *e);

static bool read_alias(struct reader *r, const struct yaml **out, struct err *e)
{
    const yaml_char_t *name = r->event.data.alias.anchor;
    struct anchor *at = anchor_find(r, name);
    if (!at)
        return err_set(e, ERR_INPUT, "line %zu: alias *%s has no anchor before it",
                       r->event.start_mark.line + 1, (const char *)name);
    if (!at->node)
        return err_set(e, ERR_INPUT, "line %zu: alias *%s stands inside its own anchor",
                       r->event.start_mark.line + 1, (const char *)name);
    if (at->weight > YAML_NODES_MAX - r->nodes)
        return too_much(r, e);
    r->nodes += at->weight;
    *out = at->node;
    return true;
}

static bool read_scalar(struct reader *r, const struct yaml **out, struct err *e)
{
    struct yaml *y = new_node(r, YAML_SCALAR);
    if (!y)
        return too_much(r, e);
    struct str raw = str_n((const char *)r->event.data.scalar.value, r->event.data.scalar.length);
    y->text = arena_str(r->a, raw);
    y->plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    *out = y;
    return y->text.p ? true : too_much(r, e);
}

static void *copy_out(struct reader *r, const struct vec *v)
{
    void *p = arena_array(r->a, v->n, v->size);
    if (p && v->n)
        memcpy(p, v->p, v->n * v->size);
    return p;
}

static bool read_seq(struct reader *r, unsigned depth, struct yaml *y, struct err *e)
{
    struct vec items;
    vec_init(&items, sizeof(const struct yaml *), YAML_NODES_MAX);
    bool ok = false;
    for (;;) {
        if (!next(r, e))
            goto out;
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            break;
        const struct yaml *item;
        if (!read_node(r, depth + 1, &item, e))
            goto out;
        const struct yaml **at = vec_push(&items, 1);
        if (!at) {
            too_much(r, e);
            goto out;
        }
        *at = item;
    }
    y->n = items.n;
    y->items = copy_out(r, &items);
    ok = y->items ? true : too_much(r, e);
out:
    vec_release(&items);
    return ok;
}

static bool read_map(struct reader *r, unsigned depth, struct yaml *y, struct err *e)
{
    struct vec pairs;
    vec_init(&pairs, sizeof(struct yaml_pair), YAML_NODES_MAX);
    bool ok = false;
    for (;;) {
        struct yaml_pair pair;
        if (!next(r, e))
            goto out;
        if (r->event.type == YAML_MAPPING_END_EVENT)
            break;
        if (!read_node(r, depth + 1, &pair.key, e) || !next(r, e) ||
            !read_node(r, depth + 1, &pair.value, e))
            goto out;
        struct yaml_pair *at = vec_push(&pairs, 1);
        if (!at) {
            too_much(r, e);
            goto out;
        }
        *at = pair;
    }
    y->n = pairs.n;
    y->pairs = copy_out(r, &pairs);
    ok = y->pairs ? true : too_much(r, e);
out:
    vec_release(&pairs);
    return ok;
}

static bool read_collection(struct reader *r, unsigned depth, enum yaml_kind kind,
                            const struct yaml **out, struct err *e)
{
    struct yaml *y = new_node(r, kind);
    if (!y)
        return too_much(r, e);
    *out = y;
    return kind == YAML_SEQ ? read_seq(r, depth, y, e) : read_map(r, depth, y, e);
}

/* Reads the node that the present event begins. */
static bool read_node(struct reader *r, unsigned depth, const struct yaml **out, struct err *e)
{
    if (depth > YAML_DEPTH_MAX)
        return err_set(e, ERR_LIMIT, "line %zu: nested deeper than %d",
                       r->event.start_mark.line + 1, YAML_DEPTH_MAX);
    const yaml_event_t *ev = &r->event;
    if (ev->type == YAML_ALIAS_EVENT)
        return read_alias(r, out, e);
    const yaml_char_t *name = ev->type == YAML_SCALAR_EVENT ? ev->data.scalar.anchor
                              : ev->type == YAML_SEQUENCE_START_EVENT
                                  ? ev->data.sequence_start.anchor
                                  : ev->data.mapping_start.anchor;
    size_t slot, before = r->nodes;
    if (!anchor_open(r, name, &slot, e))
        return false;
    bool ok =
        ev->type == YAML_SCALAR_EVENT
            ? read_scalar(r, out, e)
            : read_collection(r, depth, ev->type == YAML_SEQUENCE_START_EVENT ? YAML_SEQ : YAML_MAP,
                              out, e);
    if (ok && slot != SIZE_MAX) {
        struct anchor *at = vec_at(&r->anchors, slot);
        at->node = *out;
        at->weight = r->nodes - before;
    }
    return ok;
}

static bool read_documents(struct reader *r, struct vec *docs, struct err *e)
{
    for (;;) {
        if (!next(r, e))
            return false;
        if (r->event.type == YAML_STREAM_END_EVENT)
            return true;
        if (r->event.type != YAML_DOCUMENT_START_EVENT)
            continue;
        const struct yaml *root;
        r->anchors.n = 0;
        if (!next(r, e) || !read_node(r, 0, &root, e))
            return false;
        const struct yaml **at = vec_push(docs, 1);
        if (!at)
            return too_much(r, e);
        *at = root;
    }
}

bool yaml_parse(struct str bytes, struct arena *a, const struct yaml ***docs, size_t *n,
                struct err *e)
{
    struct reader r = {.a = a};
    struct vec roots;
    if (!yaml_parser_initialize(&r.parser))
        return err_set(e, ERR_SYSTEM, "no memory for a YAML parser");
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)bytes.p, bytes.n);
    vec_init(&r.anchors, sizeof(struct anchor), YAML_NODES_MAX);
    vec_init(&roots, sizeof(const struct yaml *), YAML_NODES_MAX);
    bool ok = read_documents(&r, &roots, e);
    if (ok) {
        struct yaml const **list = arena_array(a, roots.n, sizeof *list);
        if (list && roots.n)
            memcpy(list, roots.p, roots.n * sizeof *list);
        ok = list ? true : err_set(e, ERR_LIMIT, "the file takes too much memory");
        *docs = list;
        *n = roots.n;
    }
    if (r.has_event)
        yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    vec_release(&r.anchors);
    vec_release(&roots);
    return ok;
}

const struct yaml *yaml_get(const struct yaml *y, const char *key)
{
    for (size_t i = 0; y && y->kind == YAML_MAP && i < y->n; i++) {
        const struct yaml *k = y->pairs[i].key;
        if (k->kind == YAML_SCALAR && str_eqz(k->text, key))
            return y->pairs[i].value;
    }
    return NULL;
}

struct str yaml_text(const struct yaml *y)
{
    if (!y || y->kind != YAML_SCALAR || yaml_is_null(y))
        return STR_ABSENT;
    return y->text;
}

static bool is_one_of(struct str s, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eqz(s, words[i]))
            return true;
    return false;
}

bool yaml_is_null(const struct yaml *y)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    return y->kind == YAML_SCALAR && y->plain && is_one_of(y->text, words, 5);
}

bool yaml_bool(const struct yaml *y, bool *out)
{
    static const char *const yes[] = {"true", "True", "TRUE"}, *const no[] = {"false", "False",
                                                                              "FALSE"};
    if (!y || y->kind != YAML_SCALAR || !y->plain)
        return false;
    *out = is_one_of(y->text, yes, 3);
    return *out || is_one_of(y->text, no, 3);
}

/* Digits of base 8 or 16 behind 0o or 0x. */
static bool radix_number(struct str s, double *out)
{
    int base = str_starts(s, S("0x")) ? 16 : str_starts(s, S("0o")) ? 8 : 0;
    if (!base || s.n < 3)
        return false;
    *out = 0;
    for (size_t i = 2; i < s.n; i++) {
        int d = byte_hex(s.p[i]);
        if (d < 0 || d >= base)
            return false;
        *out = *out * base + d;
    }
    return true;
}

bool yaml_number(const struct yaml *y, double *out)
{
    static const char *const inf[] = {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"};
    static const char *const minus_inf[] = {"-.inf", "-.Inf", "-.INF"};
    if (!y || y->kind != YAML_SCALAR || !y->plain)
        return false;
    if (is_one_of(y->text, inf, 6) || is_one_of(y->text, minus_inf, 3)) {
        *out = y->text.p[0] == '-' ? -INFINITY : INFINITY;
        return true;
    }
    if (radix_number(y->text, out))
        return true;
    if (!str_is_decimal(y->text))
        return false;
    *out = strtod(y->text.p, NULL); /* yaml_parse ends every text with a NUL */
    return true;
}

/* Whether the text is a number in JSON as it stands: no plus, no leading zero, digits on both
 * sides. */
static bool is_json_number(struct str s)
{
    struct str d = s.n && s.p[0] == '-' ? str_skip(s, 1) : s;
    size_t dot = str_find_byte(d, '.', 0);
    return str_is_decimal(s) && d.n && byte_is_digit(d.p[0]) &&
           !(d.n > 1 && d.p[0] == '0' && byte_is_digit(d.p[1])) &&
           (dot == SIZE_MAX || (dot + 1 < d.n && byte_is_digit(d.p[dot + 1])));
}

static bool put_scalar(struct buf *b, const struct yaml *y, struct err *e)
{
    bool truth;
    double number;
    if (yaml_is_null(y))
        buf_putz(b, "null");
    else if (yaml_bool(y, &truth))
        buf_putz(b, truth ? "true" : "false");
    else if (!yaml_number(y, &number))
        buf_put_json(b, y->text);
    else if (is_json_number(y->text))
        buf_put(b, y->text);
    else if (isfinite(number))
        buf_putf(b, "%.17g", number);
    else
        return err_set(e, ERR_INPUT, "line %u: JSON has no infinite numbers", y->line);
    return true;
}

bool yaml_put_json(struct buf *b, const struct yaml *y, struct err *e)
{
    if (y->kind == YAML_SCALAR)
        return put_scalar(b, y, e);
    bool map = y->kind == YAML_MAP;
    buf_putc(b, map ? '{' : '[');
    for (size_t i = 0; i < y->n; i++) {
        if (i)
            buf_putc(b, ',');
        if (map && y->pairs[i].key->kind != YAML_SCALAR)
            return err_set(e, ERR_INPUT, "line %u: a key is no scalar", y->pairs[i].key->line);
        if (map) {
            buf_put_json(b, y->pairs[i].key->text);
            buf_putc(b, ':');
        }
        if (!yaml_put_json(b, map ? y->pairs[i].value : y->items[i], e))
            return false;
    }
    buf_putc(b, map ? '}' : ']');
    return true;
}
