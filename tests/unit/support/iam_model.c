/* A model of IAM for tests. */
#include "tests/unit/support/iam_model.h"

#include <stdlib.h>

static void set(char *to, size_t max, struct str s)
{
    size_t n = s.n < max ? s.n : max - 1;
    if (n)
        memcpy(to, s.p, n);
    to[n] = '\0';
}

struct model_principal *model_add(struct iam_model *m, bool role, const char *name, const char *id)
{
    struct model_principal *p = m->list + m->n++;
    *p = (struct model_principal){.role = role, .there = true};
    set(p->name, sizeof p->name, str_of(name));
    set(p->id, sizeof p->id, str_of(id));
    set(p->path, sizeof p->path, S("/"));
    set(p->trust, sizeof p->trust,
        S("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":"
          "{\"AWS\":\"arn:aws:iam::" MODEL_ACCOUNT ":root\"},\"Action\":\"sts:AssumeRole\"}]}"));
    return p;
}

static struct model_entry *find(const struct model_list *l, struct str id)
{
    for (size_t i = 0; i < l->n; i++)
        if (str_eqz(id, l->list[i].id))
            return (struct model_entry *)(uintptr_t)(l->list + i);
    return NULL;
}

static struct model_entry *put(struct model_list *l, struct str id, struct str text, bool active)
{
    struct model_entry *e = find(l, id);
    if (!e) {
        if (l->n == MODEL_LIST)
            abort(); /* the test has made more than the model holds */
        e = l->list + l->n++;
    }
    set(e->id, sizeof e->id, id);
    set(e->text, sizeof e->text, text);
    e->active = active;
    return e;
}

struct model_entry *model_put(struct model_list *l, const char *id, const char *text, bool active)
{
    return put(l, str_of(id), str_of(text), active);
}

bool model_has(const struct model_list *l, const char *id)
{
    return find(l, str_of(id)) != NULL;
}

static bool drop(struct model_list *l, struct str id)
{
    struct model_entry *e = find(l, id);
    if (e)
        *e = l->list[--l->n];
    return e != NULL;
}

/* ---- calls ---- */

static struct model_principal *principal(struct iam_model *m, const struct iam_call *c, bool role)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->list[i].there && m->list[i].role == role && str_eqz(c->name, m->list[i].name) &&
            (!c->at || str_eqz(c->at->account, MODEL_ACCOUNT)))
            return m->list + i;
    return NULL;
}

static struct str copy(struct iam_answer *a, const char *z)
{
    return arena_str(&a->memory, str_of(z));
}

static void tell_list(struct iam_answer *a, const struct model_list *l)
{
    struct iam_item *items = arena_array(&a->memory, l->n + 1, sizeof *items);
    for (size_t i = 0; i < l->n; i++)
        items[i] = (struct iam_item){.id = copy(a, l->list[i].id),
                                     .name = copy(a, l->list[i].id),
                                     .value = copy(a, l->list[i].text),
                                     .active = l->list[i].active};
    a->items = items;
    a->n_items = l->n;
}

static void tell_principal(struct iam_answer *a, const struct model_principal *p)
{
    a->name = copy(a, p->name);
    a->id = copy(a, p->id);
    a->path = copy(a, p->path);
    if (*p->boundary)
        a->boundary = copy(a, p->boundary);
    if (p->role)
        a->trust = copy(a, p->trust);
    tell_list(a, &p->tags);
}

static enum iam_result get_document(struct iam_answer *a, const struct model_list *l, struct str id)
{
    const struct model_entry *e = find(l, id);
    if (e)
        a->document = copy(a, e->text);
    return e ? IAM_OK : IAM_NO_SUCH;
}

static enum iam_result key_user(struct iam_model *m, const struct iam_call *c,
                                struct iam_answer *out)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->list[i].there && find(&m->list[i].keys, c->id)) {
            out->name = copy(out, m->list[i].name);
            return IAM_OK;
        }
    return IAM_NO_SUCH;
}

static bool is_of_role(enum iam_action a)
{
    static const enum iam_action pairs[] = {IAM_GET_USER,           IAM_LIST_ATTACHED_USER_POLICIES,
                                            IAM_LIST_USER_POLICIES, IAM_GET_USER_POLICY,
                                            IAM_ATTACH_USER_POLICY, IAM_DETACH_USER_POLICY,
                                            IAM_PUT_USER_POLICY,    IAM_DELETE_USER_POLICY,
                                            IAM_PUT_USER_BOUNDARY,  IAM_DELETE_USER_BOUNDARY,
                                            IAM_TAG_USER,           IAM_UNTAG_USER};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (a == iam_of(pairs[i], true))
            return true;
    return a == IAM_UPDATE_TRUST_POLICY;
}

static enum iam_result login(struct model_principal *p, const struct iam_call *c,
                             struct iam_answer *out)
{
    if (!p->console)
        return IAM_NO_SUCH;
    out->active = p->reset;
    if (c->action == IAM_DELETE_LOGIN_PROFILE)
        p->console = p->reset = false;
    if (c->action == IAM_UPDATE_LOGIN_PROFILE)
        p->reset = c->active;
    return IAM_OK;
}

static enum iam_result gone(bool dropped)
{
    return dropped ? IAM_OK : IAM_NO_SUCH;
}

static enum iam_result serve(struct model_principal *p, const struct iam_call *c,
                             struct iam_answer *out)
{
    struct model_entry *e;
    switch (c->action) {
    case IAM_GET_USER:
    case IAM_GET_ROLE:
        tell_principal(out, p);
        return IAM_OK;
    case IAM_LIST_ATTACHED_USER_POLICIES:
    case IAM_LIST_ATTACHED_ROLE_POLICIES:
        tell_list(out, &p->attached);
        return IAM_OK;
    case IAM_LIST_USER_POLICIES:
    case IAM_LIST_ROLE_POLICIES:
        tell_list(out, &p->inlines);
        return IAM_OK;
    case IAM_GET_USER_POLICY:
    case IAM_GET_ROLE_POLICY:
        return get_document(out, &p->inlines, c->policy);
    case IAM_LIST_ACCESS_KEYS:
        tell_list(out, &p->keys);
        return IAM_OK;
    case IAM_ATTACH_USER_POLICY:
    case IAM_ATTACH_ROLE_POLICY:
        put(&p->attached, c->policy, S(""), true);
        return IAM_OK;
    case IAM_DETACH_USER_POLICY:
    case IAM_DETACH_ROLE_POLICY:
        return gone(drop(&p->attached, c->policy));
    case IAM_PUT_USER_POLICY:
    case IAM_PUT_ROLE_POLICY:
        put(&p->inlines, c->policy, c->document, true);
        return IAM_OK;
    case IAM_DELETE_USER_POLICY:
    case IAM_DELETE_ROLE_POLICY:
        return gone(drop(&p->inlines, c->policy));
    case IAM_PUT_USER_BOUNDARY:
    case IAM_PUT_ROLE_BOUNDARY:
        set(p->boundary, sizeof p->boundary, c->policy);
        return IAM_OK;
    case IAM_DELETE_USER_BOUNDARY:
    case IAM_DELETE_ROLE_BOUNDARY:
        *p->boundary = '\0';
        return IAM_OK;
    case IAM_UPDATE_ACCESS_KEY:
        e = find(&p->keys, c->id);
        if (e)
            e->active = c->active;
        return gone(e != NULL);
    case IAM_TAG_USER:
    case IAM_TAG_ROLE:
        put(&p->tags, c->tag, c->value, false);
        return IAM_OK;
    case IAM_UNTAG_USER:
    case IAM_UNTAG_ROLE:
        drop(&p->tags, c->tag);
        return IAM_OK;
    case IAM_UPDATE_TRUST_POLICY:
        set(p->trust, sizeof p->trust, c->document);
        return IAM_OK;
    case IAM_GET_LOGIN_PROFILE:
    case IAM_DELETE_LOGIN_PROFILE:
    case IAM_UPDATE_LOGIN_PROFILE:
        return login(p, c, out);
    default:
        return IAM_INVALID;
    }
}

static void tell_one(struct iam_answer *a, struct iam_item item)
{
    struct iam_item *items = arena_alloc(&a->memory, sizeof *items);
    *items = item;
    a->items = items;
    a->n_items = 1;
}

static enum iam_result instance(struct model_instance *i, const struct iam_call *c,
                                struct iam_answer *out)
{
    const char *name = strrchr(i->profile, '/');
    switch (c->action) {
    case IAM_DESCRIBE_INSTANCE_PROFILES:
        if (i->on && str_eqz(c->id, i->id))
            tell_one(out, (struct iam_item){.id = S("iip-assoc-0a1b2c3d4e5f60718"),
                                            .name = copy(out, i->id),
                                            .value = copy(out, i->profile),
                                            .active = true});
        return IAM_OK;
    case IAM_GET_INSTANCE_PROFILE:
        if (!name || !str_eqz(c->policy, name + 1))
            return IAM_NO_SUCH;
        tell_one(out, (struct iam_item){.name = copy(out, i->role)});
        return IAM_OK;
    default:
        i->on = false;
        return IAM_OK;
    }
}

static enum iam_result run(struct iam_model *m, const struct iam_call *c, struct iam_answer *out)
{
    if (c->action == IAM_GET_CALLER_IDENTITY) {
        out->account = S(MODEL_ACCOUNT);
        out->id = S("AROAFUNCTION:trailwarden");
        out->arn = S("arn:aws:sts::" MODEL_ACCOUNT ":assumed-role/trailwarden/trailwarden");
        return IAM_OK;
    }
    if (c->action == IAM_DESCRIBE_INSTANCE_PROFILES || c->action == IAM_GET_INSTANCE_PROFILE ||
        c->action == IAM_DISASSOCIATE_PROFILE)
        return instance(&m->instance, c, out);
    if (c->action == IAM_GET_ACCESS_KEY_LAST_USED)
        return key_user(m, c, out);
    struct model_principal *p = principal(m, c, is_of_role(c->action));
    return p ? serve(p, c, out) : IAM_NO_SUCH;
}

static bool call(void *self, const struct iam_call *c, struct iam_answer *out, struct err *e)
{
    struct iam_model *m = self;
    struct model_fault f = {IAM_OK, false};
    m->calls++;
    m->writes += iam_actions[c->action].writes;
    if (m->fault)
        f = m->fault(m->to, c);
    iam_answer_reset(out);
    if (f.result == IAM_OK || f.done)
        out->result = run(m, c, out);
    if (f.result != IAM_OK) {
        iam_answer_reset(out);
        out->result = f.result;
    }
    if (out->result == IAM_OK)
        return true;
    out->code = S("Fault");
    return err_set(e, ERR_RETRY, "%s: %s", iam_actions[c->action].name,
                   iam_result_name(out->result));
}

struct port_iam iam_model_port(struct iam_model *m)
{
    return (struct port_iam){m, call};
}

/* ---- comparing ---- */

static int by_id(const void *x, const void *y)
{
    const struct model_entry *a = x, *b = y;
    return strcmp(a->id, b->id);
}

static void print_list(struct buf *b, const char *name, const struct model_list *l)
{
    struct model_list sorted = *l;
    qsort(sorted.list, sorted.n, sizeof *sorted.list, by_id);
    buf_putf(b, "%s:", name);
    for (size_t i = 0; i < sorted.n; i++)
        buf_putf(b, " %s=%s%s", sorted.list[i].id, sorted.list[i].text,
                 sorted.list[i].active ? "+" : "");
    buf_putc(b, '\n');
}

void model_print(struct buf *b, const struct model_principal *p, bool console)
{
    print_list(b, "attached", &p->attached);
    print_list(b, "inlines", &p->inlines);
    print_list(b, "keys", &p->keys);
    print_list(b, "tags", &p->tags);
    buf_putf(b, "boundary: %s\ntrust: %s\n", p->boundary, p->role ? p->trust : "");
    if (console)
        buf_putf(b, "console: %d %d\n", p->console, p->reset);
}
