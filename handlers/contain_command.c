/* What only a person at a terminal may order: deleting a user, and giving him a new key. */
#include "base/escape.h"
#include "handlers/contain_work.h"
#include "respond/put.h"

/* Of a user: his inline policies (2,048 characters), and lists of at most 1,000 names. */
#define BACKUP_MAX (1u << 20)

/* What must go before a user may (IAM user guide, "Removing or deactivating an IAM user"), in the
 * order in which it goes: what lets him in first. */
static const struct part {
    const char *name;
    enum iam_action list, drop;
    bool by_id;     /* the item's id names it, else its name */
    bool as_policy; /* and goes where policies are named */
    bool documents; /* its text is kept */
} parts[] = {
    {"keys", IAM_LIST_ACCESS_KEYS, IAM_DELETE_ACCESS_KEY, true, false, false},
    {"mfa_devices", IAM_LIST_MFA_DEVICES, IAM_DEACTIVATE_MFA_DEVICE, true, false, false},
    {"signing_certificates", IAM_LIST_SIGNING_CERTIFICATES, IAM_DELETE_SIGNING_CERTIFICATE, true,
     false, false},
    {"ssh_keys", IAM_LIST_SSH_PUBLIC_KEYS, IAM_DELETE_SSH_PUBLIC_KEY, true, false, false},
    {"service_credentials", IAM_LIST_SERVICE_SPECIFIC_CREDENTIALS,
     IAM_DELETE_SERVICE_SPECIFIC_CREDENTIAL, true, false, false},
    {"groups", IAM_LIST_GROUPS_FOR_USER, IAM_REMOVE_USER_FROM_GROUP, false, true, false},
    {"attached", IAM_LIST_ATTACHED_USER_POLICIES, IAM_DETACH_USER_POLICY, true, true, false},
    {"inlines", IAM_LIST_USER_POLICIES, IAM_DELETE_USER_POLICY, false, true, true},
};
#define PARTS (sizeof parts / sizeof *parts)

struct deleting {
    struct container *c;
    struct contain_record *rec;
    struct contain_done *d;
    struct err *why;
};

static bool call(struct deleting *g, enum iam_action action, struct iam_call call)
{
    call.action = action;
    bool ok = contain_call(g->c, g->rec, &g->rec->subject, call, g->why);
    g->d->result = g->c->answer.result;
    return ok;
}

/* Names of what there is of a part, copied. A service that is not there has nothing (an emulator,
 * or a partition without it). */
static bool list_part(struct deleting *g, const struct part *p, struct str **out, size_t *n)
{
    *n = 0;
    if (!call(g, p->list, (struct iam_call){0}))
        return g->d->result == IAM_NO_SUCH;
    const struct iam_answer *a = &g->c->answer;
    *out = arena_array(g->rec->memory, a->n_items + 1, sizeof **out);
    if (!*out)
        return contain_no_memory(g->why);
    for (; *n < a->n_items; ++*n)
        (*out)[*n] = arena_str(g->rec->memory, p->by_id ? a->items[*n].id : a->items[*n].name);
    return true;
}

/* ---- the backup ---- */

static bool put_part(struct deleting *g, const struct part *p, struct buf *b)
{
    struct str *list = NULL;
    size_t n;
    if (!list_part(g, p, &list, &n))
        return false;
    buf_putf(b, "\"%s\":[", p->name);
    for (size_t i = 0; i < n; i++) {
        buf_putz(b, "{");
        put_member(b, S("id"), list[i], SIZE_MAX);
        if (p->documents) {
            if (!call(g, IAM_GET_USER_POLICY, (struct iam_call){.policy = list[i]}))
                return false;
            put_member(b, S("document"), g->c->answer.document, SIZE_MAX);
        }
        put_close(b, '}');
        buf_putc(b, ',');
    }
    put_close(b, ']');
    buf_putc(b, ',');
    return true;
}

static bool put_user(struct deleting *g, struct buf *b)
{
    if (!call(g, IAM_GET_USER, (struct iam_call){0}))
        return false;
    const struct iam_answer *a = &g->c->answer;
    put_member(b, S("name"), a->name, SIZE_MAX);
    put_member(b, S("arn"), a->arn, SIZE_MAX);
    put_member(b, S("id"), a->id, SIZE_MAX);
    put_member(b, S("path"), a->path, SIZE_MAX);
    put_member(b, S("boundary"), a->boundary, SIZE_MAX);
    buf_putz(b, "\"tags\":{");
    for (size_t i = 0; i < a->n_items; i++)
        put_member(b, a->items[i].name, a->items[i].value, SIZE_MAX);
    put_close(b, '}');
    buf_putc(b, ',');
    bool console = call(g, IAM_GET_LOGIN_PROFILE, (struct iam_call){0});
    buf_putf(b, "\"console\":%s,", console ? "true" : "false");
    return true;
}

static bool back_up(struct deleting *g)
{
    struct buf b;
    buf_init(&b, BACKUP_MAX);
    buf_putz(&b, "{\"type\":\"user\",");
    bool ok = put_user(g, &b);
    for (size_t i = 0; ok && i < PARTS; i++)
        ok = put_part(g, parts + i, &b);
    put_close(&b, '}');
    ok = ok && buf_ok(&b, "the backup of a user", g->why) &&
         g->c->calls.backup(g->c->calls.to, buf_str(&b), g->why);
    buf_release(&b);
    return ok;
}

/* ---- deleting ---- */

static bool drop_part(struct deleting *g, const struct part *p)
{
    struct str *list = NULL;
    size_t n;
    if (!list_part(g, p, &list, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct iam_call what = {0};
        *(p->as_policy ? &what.policy : &what.id) = list[i];
        if (!call(g, p->drop, what) && g->d->result != IAM_NO_SUCH)
            return false;
    }
    return true;
}

bool contain_delete_user(struct container *c, struct contain_record *rec, struct contain_done *d,
                         struct err *why)
{
    struct deleting g = {c, rec, d, why};
    if (!c->setup.by_operator || !c->calls.backup)
        return err_set(why, ERR_DENIED, "a user is only deleted by command, with a backup");
    if (!back_up(&g))
        return false;
    if (!call(&g, IAM_DELETE_LOGIN_PROFILE, (struct iam_call){0}) && d->result != IAM_NO_SUCH)
        return false;
    for (size_t i = 0; i < PARTS; i++)
        if (!drop_part(&g, parts + i))
            return false;
    if (!call(&g, IAM_DELETE_USER_BOUNDARY, (struct iam_call){0}) && d->result != IAM_NO_SUCH &&
        d->result != IAM_INVALID)
        return false;
    return call(&g, IAM_DELETE_USER, (struct iam_call){0}) || d->result == IAM_NO_SUCH;
}

/* ---- a new key ---- */

/* The new one is handed over before the old one is turned off; who cannot take it gets none. */
bool contain_rotate_key(struct container *c, struct contain_record *rec, struct contain_done *d,
                        struct err *why)
{
    struct deleting g = {c, rec, d, why};
    struct err ignored;
    if (!c->setup.by_operator || !c->calls.secret)
        return err_set(why, ERR_DENIED, "a key is only renewed by command");
    if (!call(&g, IAM_CREATE_ACCESS_KEY, (struct iam_call){0}))
        return false;
    struct str id = arena_str(rec->memory, c->answer.id);
    if (!c->calls.secret(c->calls.to, id, buf_str(&c->answer.secret), why)) {
        g.why = &ignored;
        call(&g, IAM_DELETE_ACCESS_KEY, (struct iam_call){.id = id});
        return false;
    }
    return call(&g, IAM_UPDATE_ACCESS_KEY,
                (struct iam_call){.id = d->step.target, .active = false});
}
