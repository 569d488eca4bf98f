/* Members of JSON arrays, and fields that are lists of texts. */
#include "engine/falco_lists.h"

#define TEXTS_MAX 65536 /* of one field; a record of 4 MB has hardly more members */

struct falco_members falco_members_in(struct str raw)
{
    if (raw.n == 0 || *raw.p != '[')
        return (struct falco_members){NULL, NULL};
    return (struct falco_members){raw.p + 1, raw.p + raw.n};
}

struct falco_members falco_members_of(const struct event *ev, uint32_t slot)
{
    const struct value *v = event_first(ev, slot);
    return falco_members_in(v && v->type == JSON_ARRAY ? v->raw : S(""));
}

bool falco_members_next(struct falco_members *l, struct str *member)
{
    if (!l->p)
        return false;
    const char *p = json_blanks(l->p, l->end), *from = p;
    l->p = NULL;
    if (p >= l->end || *p == ']' || json_skip(&p, l->end) != JSON_OK)
        return false;
    *member = str_n(from, (size_t)(p - from));
    p = json_blanks(p, l->end);
    if (p < l->end && *p == ',')
        l->p = p + 1;
    return true;
}

struct str falco_raw_text(struct event *ev, struct str raw)
{
    if (raw.n < 2 || raw.p[0] != '"')
        return S("");
    struct str text = json_text(str_slice(raw, 1, raw.n - 1), &ev->scratch);
    return str_present(text) ? text : S("");
}

void falco_texts_init(struct falco_texts *t)
{
    vec_init(&t->list, sizeof(struct str), TEXTS_MAX);
}

void falco_texts_add(struct falco_texts *t, struct str text)
{
    struct str *to = str_present(text) ? vec_push(&t->list, 1) : NULL;
    if (to)
        *to = text;
}

bool falco_texts_give(struct event *ev, struct falco_texts *t, struct falco_value *out)
{
    struct str *copy = arena_array(&ev->scratch, t->list.n, sizeof *copy);
    if (copy && t->list.n)
        memcpy(copy, t->list.p, t->list.n * sizeof *copy);
    out->items = copy;
    out->n = copy ? t->list.n : 0;
    vec_release(&t->list);
    return out->n > 0;
}
