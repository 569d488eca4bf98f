/* Reads answers. */
#include <jansson.h>
#include <stdlib.h>

#include "adapters/iam_table.h"
#include "adapters/iam_wire.h"
#include "aws/credentials.h"
#include "aws/xml.h"

void iam_reading_init(struct iam_reading *r, enum iam_action action, struct iam_answer *out)
{
    *r = (struct iam_reading){.action = action, .out = out};
    vec_init(&r->items, sizeof(struct iam_item), IAM_ITEMS_MAX);
    buf_init(&r->marker, IAM_MARKER_MAX);
}

void iam_reading_release(struct iam_reading *r)
{
    vec_release(&r->items);
    buf_release(&r->marker);
}

static bool unfit(const struct iam_reading *r, const char *what, struct err *e)
{
    return err_set(e, ERR_RETRY, "the answer to %s %s", iam_actions[r->action].name, what);
}

static bool too_long(const struct iam_reading *r, struct err *e)
{
    return err_set(e, ERR_LIMIT, "the answer to %s is too long", iam_actions[r->action].name);
}

/* "%7B%22Version%22.." to "{"Version".." in place of s (RFC 3986: `+` is itself). What is JSON
 * already, as some emulators answer, stays. */
static void decode_percent(char *p, size_t *n)
{
    size_t to = 0;
    if (*n && p[0] == '{')
        return;
    for (size_t i = 0; i < *n; i++, to++) {
        const bool coded =
            p[i] == '%' && i + 2 < *n && byte_hex(p[i + 1]) >= 0 && byte_hex(p[i + 2]) >= 0;
        p[to] = coded ? (char)(byte_hex(p[i + 1]) * 16 + byte_hex(p[i + 2])) : p[i];
        i += coded ? 2 : 0;
    }
    *n = to;
}

/* What says yes: of keys and certificates, of flags, of associations. */
static bool is_yes(struct str s)
{
    static const char *const yes[] = {"Active", "true", "associated", "associating"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        if (str_eqz(s, yes[i]))
            return true;
    }
    return false;
}

static struct iam_item *newest(struct iam_reading *r)
{
    return r->items.n ? vec_at(&r->items, r->items.n - 1) : NULL;
}

/* The member that a place names; NULL: it is none of text, or there is no item. */
static struct str *text_at(struct iam_reading *r, enum iam_place place)
{
    struct iam_answer *a = r->out;
    struct iam_item *item = newest(r);
    switch (place) {
    case TO_NAME:
        return &a->name;
    case TO_ID:
        return &a->id;
    case TO_PATH:
        return &a->path;
    case TO_ARN:
        return &a->arn;
    case TO_ACCOUNT:
        return &a->account;
    case TO_TRUST:
        return &a->trust;
    case TO_DOCUMENT:
        return &a->document;
    case TO_BOUNDARY:
        return &a->boundary;
    case TO_ITEM_NAME:
        return item ? &item->name : NULL;
    case TO_ITEM_ID:
        return item ? &item->id : NULL;
    case TO_ITEM_VALUE:
        return item ? &item->value : NULL;
    default:
        return NULL;
    }
}

static bool store(struct iam_reading *r, enum iam_place place, struct str s, struct err *e)
{
    struct str *to = text_at(r, place);
    struct iam_item *item = newest(r);
    if (to) {
        char *p = arena_alloc(&r->out->memory, s.n);
        if (!p)
            return too_long(r, e);
        memcpy(p, s.p, s.n);
        if (place == TO_TRUST || place == TO_DOCUMENT)
            decode_percent(p, &s.n);
        *to = str_n(p, s.n);
    } else if (place == TO_ACTIVE) {
        r->out->active = is_yes(s);
    } else if (place == TO_ITEM_ACTIVE && item) {
        item->active = is_yes(s);
    } else if (place == TO_SECRET) {
        buf_reset(&r->out->secret);
        buf_put(&r->out->secret, s);
        return buf_ok(&r->out->secret, "a secret", e);
    }
    return true;
}

/* A walk over one page. */
struct walk {
    struct iam_reading *r;
    const struct iam_reader *reader;
    struct xml x;
    struct buf text;
    unsigned seen; /* bit i: field i was there */
    bool listed;   /* the list was there */
    bool truncated;
};

/* The name of the element around the one just opened; absent at the top. */
static struct str parent_of(const struct xml *x)
{
    if (x->depth < 2)
        return STR_ABSENT;
    const struct str name = x->open[x->depth - 2];
    const size_t colon = str_find_byte(name, ':', 0);
    return colon == SIZE_MAX ? name : str_skip(name, colon + 1);
}

static bool begin_item(struct walk *w, struct str parent, struct err *e)
{
    if (!w->reader->list || !str_eqz(parent, w->reader->list) ||
        !str_eqz(w->x.name, w->reader->item))
        return true;
    return vec_push(&w->r->items, 1) || too_long(w->r, e);
}

static bool take_field(struct walk *w, size_t i, struct err *e)
{
    buf_reset(&w->text);
    w->seen |= 1u << i;
    return xml_take_element(&w->x, &w->text, e) && buf_ok(&w->text, "a text of an answer", e) &&
           store(w->r, w->reader->fields[i].place, buf_str(&w->text), e);
}

/* <IsTruncated>true</IsTruncated><Marker>..</Marker>, <nextToken>..</nextToken> */
static bool take_paging(struct walk *w, struct str parent, bool *taken, struct err *e)
{
    const struct iam_wire *wire = &iam_wires[w->r->action];
    const bool flag = str_eqz(w->x.name, "IsTruncated");
    *taken = wire->marker && w->x.depth <= 3 && str_present(parent) &&
             (flag || str_eqz(w->x.name, wire->marker));
    if (!*taken)
        return true;
    struct buf *to = flag ? &w->text : &w->r->marker;
    buf_reset(to);
    if (!xml_take_element(&w->x, to, e) || !buf_ok(to, "a page's marker", e))
        return false;
    if (flag)
        w->truncated = str_eqz(buf_str(to), "true");
    return true;
}

static bool take_element(struct walk *w, struct err *e)
{
    const struct str parent = parent_of(&w->x);
    bool taken = false;
    if (!take_paging(w, parent, &taken, e))
        return false;
    if (taken || !w->reader)
        return true;
    w->listed |= w->reader->list && str_eqz(w->x.name, w->reader->list);
    if (!begin_item(w, parent, e))
        return false;
    for (size_t i = 0; i < IAM_FIELDS_MAX && w->reader->fields[i].element; i++) {
        const struct iam_field *f = &w->reader->fields[i];
        if (str_eqz(w->x.name, f->element) && str_eqz(parent, f->parent))
            return take_field(w, i, e);
    }
    return true;
}

/* <AttachUserPolicyResponse xmlns="..">: what only that call answers. */
static bool is_answer(const struct walk *w)
{
    const struct str call = str_of(iam_actions[w->r->action].name);
    return w->x.kind == XML_OPEN && w->x.depth == 1 && str_starts(w->x.name, call) &&
           str_eqz(str_skip(w->x.name, call.n), "Response");
}

static bool walk_xml(struct walk *w, struct str body, struct err *e)
{
    struct err why = {0};
    bool begun = false;
    xml_init(&w->x, body);
    while (xml_next(&w->x, &why) && w->x.kind != XML_END) {
        if (w->x.kind != XML_OPEN)
            continue;
        if (!begun && !is_answer(w))
            break;
        begun = true;
        if (!take_element(w, &why))
            break;
    }
    if (begun && w->x.kind == XML_END && why.kind == ERR_NONE)
        return true;
    if (why.kind == ERR_LIMIT || why.kind == ERR_SYSTEM) {
        if (e)
            *e = why;
        return false;
    }
    return unfit(w->r, "is something else", e);
}

/* The fields of a JSON answer: all in one member, or at the top. */
static bool walk_json(struct walk *w, struct str body, struct err *e)
{
    bool ok = true;
    json_t *top = json_loadb(body.p, body.n, 0, NULL);
    for (size_t i = 0; ok && i < IAM_FIELDS_MAX && w->reader->fields[i].element; i++) {
        const struct iam_field *f = &w->reader->fields[i];
        const json_t *o = f->parent ? json_object_get(top, f->parent) : top;
        const json_t *v = json_object_get(o, f->element);
        w->seen |= v ? 1u << i : 0;
        if (json_is_string(v))
            ok = store(w->r, f->place, str_n(json_string_value(v), json_string_length(v)), e);
        else if (json_is_boolean(v))
            ok = store(w->r, f->place, json_is_true(v) ? S("true") : S("false"), e);
        for (size_t k = 0; ok && k < json_array_size(v); k++) {
            const json_t *text = json_array_get(v, k);
            ok = !json_is_string(text) ||
                 ((vec_push(&w->r->items, 1) || too_long(w->r, e)) &&
                  store(w->r, f->place, str_n(json_string_value(text), json_string_length(text)),
                        e));
        }
    }
    json_decref(top);
    return ok;
}

static bool is_whole(const struct walk *w, struct err *e)
{
    for (size_t i = 0; w->reader && i < IAM_FIELDS_MAX && w->reader->fields[i].element; i++) {
        if (w->reader->fields[i].must && !(w->seen & 1u << i))
            return unfit(w->r, "lacks what it must tell", e);
    }
    if (w->reader && w->reader->list_must && !w->listed)
        return unfit(w->r, "lacks its list", e);
    if (w->truncated && w->r->marker.n == 0)
        return unfit(w->r, "goes on, but does not say where", e);
    return true;
}

bool iam_read_page(struct iam_reading *r, struct str body, struct err *e)
{
    const struct iam_wire *wire = &iam_wires[r->action];
    struct walk w = {.r = r, .reader = wire->reader};
    buf_reset(&r->marker);
    buf_init(&w.text, IAM_ANSWER_MAX);
    const bool json = wire->path || wire->service == AWS_SECRETSMANAGER;
    const bool ok = (json ? walk_json(&w, body, e) : walk_xml(&w, body, e)) && is_whole(&w, e);
    buf_wipe(&w.text);
    if (wire->service == AWS_IAM && !w.truncated)
        buf_reset(&r->marker); /* IAM may send one with the last page */
    return ok;
}

bool iam_read_end(struct iam_reading *r, struct err *e)
{
    struct iam_item *items = arena_array(&r->out->memory, r->items.n, sizeof *items);
    if (!items)
        return too_long(r, e);
    if (r->items.n)
        memcpy(items, r->items.p, r->items.n * sizeof *items);
    r->out->items = items;
    r->out->n_items = r->items.n;
    return true;
}
