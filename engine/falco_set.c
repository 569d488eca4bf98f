/* Plain arrays, searched by name from the front: a set has hundreds of items. */
#include "engine/falco_set.h"

#include "engine/source.h"

enum falco_source falco_source(struct str name, enum source *out)
{
    if (source_of_falco(name, out))
        return FALCO_SOURCE_READ;
    return str_eq(name, S("syscall")) ? FALCO_SOURCE_NEVER : FALCO_SOURCE_UNKNOWN;
}

void falco_set_init(struct falco_set *s)
{
    vec_init(&s->lists, sizeof(struct falco_list), FALCO_ITEMS_MAX);
    vec_init(&s->macros, sizeof(struct falco_macro), FALCO_ITEMS_MAX);
    vec_init(&s->rules, sizeof(struct falco_rule), FALCO_ITEMS_MAX);
    s->next = 0;
}

void falco_set_release(struct falco_set *s)
{
    vec_release(&s->lists);
    vec_release(&s->macros);
    vec_release(&s->rules);
}

static bool copy_vec(struct vec *to, const struct vec *from)
{
    if (from->n == 0)
        return true;
    void *p = vec_push(to, from->n);
    if (p)
        memcpy(p, from->p, from->n * from->size);
    return p != NULL;
}

bool falco_set_copy(struct falco_set *to, const struct falco_set *from, struct err *e)
{
    falco_set_init(to);
    to->next = from->next;
    if (copy_vec(&to->lists, &from->lists) && copy_vec(&to->macros, &from->macros) &&
        copy_vec(&to->rules, &from->rules))
        return true;
    falco_set_release(to);
    return err_set(e, ERR_LIMIT, "the Falco rules take too much memory");
}

struct falco_list *falco_set_list(const struct falco_set *s, struct str name)
{
    for (size_t i = 0; i < s->lists.n; i++) {
        struct falco_list *l = vec_at(&s->lists, i);
        if (str_eq(l->name, name))
            return l;
    }
    return NULL;
}

struct falco_macro *falco_set_macro(const struct falco_set *s, struct str name)
{
    for (size_t i = 0; i < s->macros.n; i++) {
        struct falco_macro *m = vec_at(&s->macros, i);
        if (str_eq(m->name, name))
            return m;
    }
    return NULL;
}

struct falco_rule *falco_set_rule(const struct falco_set *s, struct str name)
{
    for (size_t i = 0; i < s->rules.n; i++) {
        struct falco_rule *r = vec_at(&s->rules, i);
        if (str_eq(r->name, name))
            return r;
    }
    return NULL;
}
