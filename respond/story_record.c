/* Targets and errors of flow logs, Okta, GitHub and Kubernetes. */
#include "respond/story_record.h"

#include <jansson.h>

#include "base/buf.h"

/* Bytes of a target that is put together. */
#define NAME_MAX 4096

/* A record that is read. */
struct filling {
    const struct story_record_told *told;
    const json_t *record;
    struct str error;
};

static struct str text_of(const json_t *j)
{
    return json_is_string(j) ? str_n(json_string_value(j), json_string_length(j)) : STR_ABSENT;
}

static struct str text_at(const json_t *object, const char *member)
{
    return text_of(json_object_get(object, member));
}

/* The first that is there and not empty. */
static struct str either(struct str a, struct str b)
{
    return a.n ? a : b;
}

static void add(struct filling *f, const char *type, struct str name)
{
    struct str copy = name.n ? arena_str(f->told->memory, name) : STR_ABSENT;
    if (copy.n)
        f->told->target(f->told->to, type, copy);
}

/* Of what comes in the port that was open is told, else whom it spoke to: 198.51.100.9:3333. */
static void read_flow(struct filling *f)
{
    bool in = str_eqz(text_at(f->record, "flow-direction"), "ingress");
    json_int_t port = json_integer_value(json_object_get(f->record, "dstport"));
    struct str to = either(text_at(f->record, "pkt-dstaddr"), text_at(f->record, "dstaddr"));
    bool six = str_find_byte(to, ':', 0) != SIZE_MAX;
    struct buf b;
    buf_init(&b, NAME_MAX);
    if (!in && to.n) {
        buf_putz(&b, six && port ? "[" : "");
        buf_put(&b, to);
        buf_putz(&b, port ? six ? "]:" : ":" : "");
    }
    if (port > 0)
        buf_put_u64(&b, (uint64_t)port);
    add(f, in ? "port" : "address", buf_str(&b));
    buf_release(&b);
    if (str_eqz(text_at(f->record, "action"), "REJECT"))
        f->error = S("REJECT");
}

static const char *okta_type(struct str type)
{
    static const char *const types[][2] = {
        {"User", "user"},
        {"AppUser", "user"},
        {"AppInstance", "app"},
        {"UserGroup", "group"},
        {"PolicyEntity", "policy"},
        {"PolicyRule", "policy"},
        {"IdentityProvider", "identity provider"},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_eqz(type, types[i][0]))
            return types[i][1];
    return "target";
}

/* What Okta has no other name for has the alternateId "unknown". */
static void read_okta(struct filling *f)
{
    const json_t *target;
    size_t i;
    json_array_foreach(json_object_get(f->record, "target"), i, target)
    {
        struct str name = text_at(target, "alternateId");
        if (!name.n || str_eqz(name, "unknown"))
            name = either(text_at(target, "displayName"), text_at(target, "id"));
        add(f, okta_type(text_at(target, "type")), name);
    }
    struct str result = text_at(json_object_get(f->record, "outcome"), "result");
    if (str_eqz(result, "SUCCESS") || str_eqz(result, "ALLOW") || str_eqz(result, "CHALLENGE"))
        f->error = STR_ABSENT;
    else if (!f->error.n && result.n && !str_eqz(result, "UNKNOWN"))
        f->error = arena_str(f->told->memory, result);
}

/* The audit log names them in texts, a webhook in objects. */
static void read_github(struct filling *f)
{
    const json_t *repository = json_object_get(f->record, "repository");
    const json_t *member = json_object_get(f->record, "member");
    add(f, "repository", either(text_at(f->record, "repo"), text_at(repository, "full_name")));
    add(f, "user", either(text_at(f->record, "user"), text_at(member, "login")));
    add(f, "team", text_at(f->record, "team"));
}

static const char *kubernetes_type(struct str resource)
{
    static const char *const types[][2] = {
        {"secrets", "secret"},
        {"pods", "pod"},
        {"configmaps", "config map"},
        {"serviceaccounts", "service account"},
        {"roles", "role"},
        {"clusterroles", "role"},
        {"rolebindings", "role binding"},
        {"clusterrolebindings", "role binding"},
        {"nodes", "node"},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_eqz(resource, types[i][0]))
            return types[i][1];
    return NULL;
}

static void put_part(struct buf *b, struct str part)
{
    if (b->n && part.n)
        buf_putc(b, '/');
    buf_put(b, part);
}

/* secret default/db; object deployments/scale/default/web; of a list without a name "(all)". */
static void read_kubernetes(struct filling *f)
{
    const json_t *object = json_object_get(f->record, "objectRef");
    struct str resource = text_at(object, "resource"), name = text_at(object, "name");
    const char *type = kubernetes_type(resource);
    struct buf b;
    buf_init(&b, NAME_MAX);
    put_part(&b, type ? STR_ABSENT : resource);
    put_part(&b, text_at(object, "namespace"));
    put_part(&b, resource.n && !name.n ? S("(all)") : name);
    put_part(&b, text_at(object, "subresource"));
    add(f, type ? type : "object", buf_str(&b));
    buf_release(&b);
}

struct str story_record_read(enum source source, struct str record, struct str error,
                             const struct story_record_told *told)
{
    json_t *j = json_loadb(record.p, record.n, 0, NULL);
    struct filling f = {told, j, error};
    if (source == SOURCE_VPCFLOW)
        read_flow(&f);
    else if (source == SOURCE_OKTA)
        read_okta(&f);
    else if (source == SOURCE_GITHUB)
        read_github(&f);
    else if (source == SOURCE_K8S_AUDIT)
        read_kubernetes(&f);
    json_decref(j);
    return f.error;
}
