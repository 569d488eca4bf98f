/* The fields of Falco's k8saudit plugin (0.18.0) over Kubernetes audit events (audit.k8s.io/v1).
 * Where the plugin has a bug, docs/falco.md says which side is taken here.
 *
 * A present value that is no string is its JSON text, null "null". Of a list, members without the
 * value are left out, and a list that is then empty is absent, unless a row says otherwise. [arg]
 * of a list is the position in the event's own array (of containers, volumes, rules). */
#include "engine/falco_ka_list.h"

/* ---- scalars ---- */

static bool plain(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    struct value *v = event_first(ev, slots[0]);
    (void)index;
    return v && falco_give(event_text(ev, v), out);
}

static bool constant_true(struct event *ev, const uint32_t *slots, uint32_t index,
                          struct falco_value *out)
{
    (void)ev, (void)slots, (void)index;
    return falco_give(S("true"), out);
}

/* Appends a piece of a query with its escapes resolved; false for a broken escape. */
static bool put_unescaped(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '%') {
            buf_putc(b, s.p[i] == '+' ? ' ' : s.p[i]);
            continue;
        }
        int high = i + 2 < s.n ? byte_hex(s.p[i + 1]) : -1;
        int low = high >= 0 ? byte_hex(s.p[i + 2]) : -1;
        if (low < 0)
            return false;
        buf_putc(b, (char)(high * 16 + low));
        i += 2;
    }
    return true;
}

/* "a=1&b=2": the first value of key, absent without one. False for what Go's url.ParseQuery
 * refuses: a broken escape or a semicolon. */
static bool query_value(struct event *ev, struct str query, struct str key, struct str *out)
{
    bool ok = true;
    *out = STR_ABSENT;
    while (ok && str_present(query)) {
        struct str value = str_cut(&query, '&');
        if (value.n == 0)
            continue;
        struct str name = str_cut(&value, '=');
        struct buf b;
        buf_init(&b, FALCO_TEXT_MAX);
        ok = str_find_byte(name, ';', 0) == SIZE_MAX && put_unescaped(&b, name);
        bool wanted = ok && !str_present(*out) && buf_str(&b).n == key.n &&
                      (key.n == 0 || str_eq(buf_str(&b), key));
        buf_reset(&b);
        if (ok && str_present(value))
            ok = str_find_byte(value, ';', 0) == SIZE_MAX && put_unescaped(&b, value);
        if (!wanted) {
            buf_release(&b);
            continue;
        }
        *out = ka_keep(ev, &b);
    }
    return ok;
}

/* "/api/v1/namespaces/a/pods/p/exec?command=id&stdin=true" */
static bool uri_param(struct event *ev, const uint32_t *slots, uint32_t index,
                      struct falco_value *out)
{
    struct falco_value uri;
    if (!plain(ev, slots, index, &uri))
        return false;
    struct str rest = str_cut(&uri.text, '#');
    (void)str_cut(&rest, '?');
    return query_value(ev, rest, ka_argument(ev, slots, 1), &out->text) && str_present(out->text);
}

static bool pod_name(struct event *ev, const uint32_t *slots, uint32_t index,
                     struct falco_value *out)
{
    struct falco_value resource;
    return plain(ev, slots + 1, index, &resource) && str_eq(resource.text, S("pods")) &&
           !event_first(ev, slots[2]) && plain(ev, slots, index, out);
}

/* ---- the table ---- */

#define PATHS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
#define TEXT(name, path)                                                                           \
    {                                                                                              \
        name, FALCO_STRING, FALCO_ARG_NONE, FALCO_FN_JSON, PATHS(path), NULL                       \
    }
#define MADE(name, paths, fn)                                                                      \
    {                                                                                              \
        name, FALCO_STRING, FALCO_ARG_NONE, FALCO_FN_FIELD, paths, fn                              \
    }
#define KEYED(name, path, fn)                                                                      \
    {                                                                                              \
        name, FALCO_STRING, FALCO_ARG_KEY, FALCO_FN_FIELD, PATHS(path), fn                         \
    }
#define LIST(name, path, fn)                                                                       \
    {                                                                                              \
        name, FALCO_STRING | FALCO_LIST_FLAG, FALCO_ARG_INDEX, FALCO_FN_FIELD, PATHS(path), fn     \
    }
#define WHOLE(name, path, fn)                                                                      \
    {                                                                                              \
        name, FALCO_STRING | FALCO_LIST_FLAG, FALCO_ARG_NONE, FALCO_FN_FIELD, PATHS(path), fn      \
    }
#define SPEC  "requestObject/spec/"
#define RULES "requestObject/rules"
#define CONTAINERS(list)                                                                           \
    LIST("ka.req.pod." list ".name", SPEC list, ka_names),                                         \
        LIST("ka.req.pod." list ".image", SPEC list, ka_images),                                   \
        LIST("ka.req.pod." list ".image.repository", SPEC list, ka_repositories),                  \
        LIST("ka.req.pod." list ".command", SPEC list, ka_commands),                               \
        LIST("ka.req.pod." list ".args", SPEC list, ka_arguments),                                 \
        LIST("ka.req.pod." list ".privileged", SPEC list, ka_privileged),                          \
        LIST("ka.req.pod." list ".allow_privilege_escalation", SPEC list, ka_escalation),          \
        LIST("ka.req.pod." list ".read_only_fs", SPEC list, ka_read_only),                         \
        LIST("ka.req.pod." list ".run_as_user", SPEC list, ka_run_as_user),                        \
        LIST("ka.req.pod." list ".eff_run_as_user", SPEC list, ka_eff_user),                       \
        LIST("ka.req.pod." list ".run_as_group", SPEC list, ka_run_as_group),                      \
        LIST("ka.req.pod." list ".eff_run_as_group", SPEC list, ka_eff_group),                     \
        LIST("ka.req.pod." list ".proc_mount", SPEC list, ka_proc_mount),                          \
        LIST("ka.req.pod." list ".add_capabilities", SPEC list, ka_capabilities)

static const struct falco_field fields[] = {
    TEXT("ka.auditid", "auditID"),
    TEXT("ka.stage", "stage"),
    TEXT("ka.verb", "verb"),
    TEXT("ka.uri", "requestURI"),
    KEYED("ka.uri.param", "requestURI", uri_param),
    TEXT("ka.useragent", "userAgent"),
    TEXT("ka.user.name", "user/username"),
    WHOLE("ka.user.groups", "user/groups", ka_members),
    TEXT("ka.impuser.name", "impersonatedUser/username"),
    LIST("ka.sourceips", "sourceIPs", ka_members),
    TEXT("ka.target.name", "objectRef/name"),
    TEXT("ka.target.namespace", "objectRef/namespace"),
    TEXT("ka.target.resource", "objectRef/resource"),
    TEXT("ka.target.subresource", "objectRef/subresource"),
    MADE("ka.target.pod.name",
         PATHS("responseObject/metadata/name", "objectRef/resource", "objectRef/subresource"),
         pod_name),
    TEXT("ka.resp.name", "responseObject/metadata/name"),
    TEXT("ka.response.code", "responseStatus/code"),
    TEXT("ka.response.reason", "responseStatus/reason"),

    TEXT("ka.auth.decision", "annotations/authorization.k8s.io~1decision"),
    TEXT("ka.auth.reason", "annotations/authorization.k8s.io~1reason"),
    TEXT("ka.auth.openshift.decision", "annotations/authentication.openshift.io~1decision"),
    TEXT("ka.auth.openshift.username", "annotations/authentication.openshift.io~1username"),
    TEXT("ka.validations.admission.policy.failure",
         "annotations/validation.policy.admission.k8s.io~1validation_failure"),
    TEXT("ka.security.pod.violations", "annotations/pod-security.kubernetes.io~1audit-violations"),
    TEXT("ka.cluster.name", "annotations/cluster_name"),

    WHOLE("ka.req.binding.subjects", "requestObject/subjects", ka_members),
    WHOLE("ka.req.binding.subjects.user_names", "requestObject/subjects", ka_user_names),
    WHOLE("ka.req.binding.subjects.group_names", "requestObject/subjects", ka_group_names),
    WHOLE("ka.req.binding.subjects.serviceaccount_names", "requestObject/subjects",
          ka_account_names),
    WHOLE("ka.req.binding.subjects.serviceaccount_ns_names", "requestObject/subjects",
          ka_account_ns_names),
    KEYED("ka.req.binding.subject.has_name", "requestObject/subjects", constant_true),
    TEXT("ka.req.binding.role", "requestObject/roleRef/name"),
    TEXT("ka.req.configmap.name", "objectRef/name"),
    TEXT("ka.req.configmap.obj", "requestObject/data"),
    WHOLE("ka.req.role.rules", RULES, ka_members),
    LIST("ka.req.role.rules.apiGroups", RULES, ka_api_groups),
    LIST("ka.req.role.rules.nonResourceURLs", RULES, ka_other_urls),
    LIST("ka.req.role.rules.verbs", RULES, ka_verbs),
    LIST("ka.req.role.rules.resources", RULES, ka_resources),
    TEXT("ka.req.service.type", SPEC "type"),
    LIST("ka.req.service.ports", SPEC "ports", ka_service_ports),

    TEXT("ka.req.pod.host_ipc", SPEC "hostIPC"),
    TEXT("ka.req.pod.host_network", SPEC "hostNetwork"),
    TEXT("ka.req.pod.host_pid", SPEC "hostPID"),
    TEXT("ka.req.pod.run_as_user", SPEC "securityContext/runAsUser"),
    TEXT("ka.req.pod.run_as_group", SPEC "securityContext/runAsGroup"),
    TEXT("ka.req.pod.fs_group", SPEC "securityContext/fsGroup"),
    WHOLE("ka.req.pod.supplemental_groups", SPEC "securityContext/supplementalGroups", ka_members),
    LIST("ka.req.pod.volumes.hostpath", SPEC "volumes", ka_host_paths),
    LIST("ka.req.pod.volumes.flexvolume_driver", SPEC "volumes", ka_flex_drivers),
    LIST("ka.req.pod.volumes.volume_type", SPEC "volumes", ka_volume_types),
    KEYED("ka.req.volume.hostpath", SPEC "volumes", ka_has_host_path),
    CONTAINERS("containers"),
    LIST("ka.req.pod.containers.host_port", SPEC "containers", ka_host_ports),
    CONTAINERS("initContainers"),
    LIST("ka.req.pod.initContainers.host_port", SPEC "initContainers", ka_host_ports),
    CONTAINERS("ephemeralContainers"),
    MADE("ka.req.container.image", PATHS(SPEC "containers"), ka_first_image),
    MADE("ka.req.container.image.repository", PATHS(SPEC "containers"), ka_first_repository),
    MADE("ka.req.container.privileged", PATHS(SPEC "containers"), ka_any_privileged),
    TEXT("ka.req.container.host_network", SPEC "hostNetwork"),
};

const struct falco_field *falco_ka_fields(size_t *n)
{
    *n = sizeof fields / sizeof *fields;
    return fields;
}
