/* engine/falco_ka.c: what each ka field reads, and what tests on its lists answer. The k8saudit
 * plugin's own extractor decides where its documentation says less (docs/falco.md). */
#include "tests/unit/support/falco_case.h"

#include "engine/falco_slots.h"

#define EVENT(body)    "{\"auditID\":\"i\"," body "}"
#define REQUEST(body)  EVENT("\"requestObject\":" body)
#define SPEC(body)     REQUEST("{\"spec\":" body "}")
#define PODS(body)     SPEC("{\"containers\":" body "}")
#define SUBJECTS(body) REQUEST("{\"subjects\":" body "}")
#define RULES(body)    REQUEST("{\"rules\":" body "}")
#define URI(text)      EVENT("\"requestURI\":\"" text "\"")
#define VOLUMES(body)  SPEC("{\"volumes\":" body "}")

#define TWO                                                                                        \
    PODS("[{\"name\":\"a\",\"image\":\"reg/a:1\"},{\"name\":\"b\",\"image\":\"reg/b@sha256:9\"}]")
#define ROLE RULES("[{\"verbs\":[\"get\",\"list\"],\"resources\":[\"pods\"]},{\"verbs\":[\"*\"]}]")
#define MOUNTS                                                                                     \
    VOLUMES("[{\"name\":\"c\",\"emptyDir\":{}},{\"name\":\"h\",\"hostPath\":{\"path\":\"/"         \
            "etc\"}}]")

static const struct {
    const char *field, *event, *text;
} cases[] = {
    /* scalars: a string, or JSON text */
    {"ka.auditid", EVENT("\"a\":1"), "i"},
    {"ka.verb", EVENT("\"verb\":\"get\""), "get"},
    {"ka.verb", EVENT("\"verb\":null"), "null"},
    {"ka.verb", EVENT("\"a\":1"), "<NA>"},
    {"ka.user.name", EVENT("\"user\":{\"username\":\"system:x\"}"), "system:x"},
    {"ka.user.name", EVENT("\"user\":[\"username\"]"), "<NA>"},
    {"ka.response.code", EVENT("\"responseStatus\":{\"code\":201}"), "201"},
    {"ka.req.configmap.obj", REQUEST("{\"data\":{ \"a\" : \"b\" }}"), "{\"a\":\"b\"}"},
    {"ka.req.pod.host_ipc", SPEC("{\"hostIPC\":true}"), "true"},
    {"ka.req.binding.role", REQUEST("{\"roleRef\":{\"name\":\"view\"}}"), "view"},
    {"ka.auth.decision", EVENT("\"annotations\":{\"authorization.k8s.io/decision\":\"allow\"}"),
     "allow"},
    {"ka.cluster.name", EVENT("\"annotations\":{\"cluster_name\":\"c\"}"), "c"},
    {"ka.target.pod.name",
     EVENT("\"objectRef\":{\"resource\":\"pods\"},"
           "\"responseObject\":{\"metadata\":{\"name\":\"web-x1\"}}"),
     "web-x1"},
    {"ka.target.pod.name",
     EVENT("\"objectRef\":{\"resource\":\"pods\",\"subresource\":\"exec\"},"
           "\"responseObject\":{\"metadata\":{\"name\":\"web-x1\"}}"),
     "<NA>"},
    {"ka.target.pod.name",
     EVENT("\"objectRef\":{\"resource\":\"nodes\"},"
           "\"responseObject\":{\"metadata\":{\"name\":\"n\"}}"),
     "<NA>"},
    {"ka.req.binding.subject.has_name[x]", EVENT("\"a\":1"), "true"},
    /* the query of the address, decoded; one broken escape or a semicolon spoils it */
    {"ka.uri.param[command]", URI("/p/exec?command=cat&command=%2Fetc%2Fpasswd&tty=true"), "cat"},
    {"ka.uri.param[tty]", URI("/p/exec?command=a+b&tty=true"), "true"},
    {"ka.uri.param[command]", URI("/p/exec?command=a+b%20c#x"), "a b c"},
    {"ka.uri.param[command]", URI("/p/exec?c%6fmmand"), ""},
    {"ka.uri.param[command]", URI("/p/exec?tty=true"), "<NA>"},
    {"ka.uri.param[command]", URI("/p/exec?command=a&x=%zz"), "<NA>"},
    {"ka.uri.param[command]", URI("/p/exec?command=a;b"), "<NA>"},
    {"ka.uri.param[command]", URI("/p/exec"), "<NA>"},
    {"ka.uri.param[command]", EVENT("\"a\":1"), "<NA>"},
    /* whole lists */
    {"ka.user.groups", EVENT("\"user\":{\"groups\":[\"a\",\"b\"]}"), "(a,b)"},
    {"ka.user.groups", EVENT("\"user\":{\"groups\":[]}"), "<NA>"},
    {"ka.user.groups", EVENT("\"user\":{\"groups\":\"a\"}"), "<NA>"},
    {"ka.sourceips", EVENT("\"sourceIPs\":[\"192.0.2.1\",\"10.0.0.1\"]"), "(192.0.2.1,10.0.0.1)"},
    {"ka.sourceips[1]", EVENT("\"sourceIPs\":[\"192.0.2.1\",\"10.0.0.1\"]"), "(10.0.0.1)"},
    {"ka.req.binding.subjects", SUBJECTS("[{\"kind\": \"User\"}]"), "({\"kind\":\"User\"})"},
    {"ka.req.binding.subjects.user_names",
     SUBJECTS("[{\"kind\":\"User\",\"name\":\"u\"},{\"kind\":\"Group\",\"name\":\"g\"}]"), "(u)"},
    {"ka.req.binding.subjects.group_names", SUBJECTS("[{\"kind\":\"Group\",\"name\":\"g\"}]"),
     "(g)"},
    {"ka.req.binding.subjects.serviceaccount_names",
     SUBJECTS("[{\"kind\":\"ServiceAccount\",\"name\":\"s\",\"namespace\":\"n\"}]"), "(s)"},
    {"ka.req.binding.subjects.serviceaccount_ns_names",
     SUBJECTS("[{\"kind\":\"ServiceAccount\",\"name\":\"s\",\"namespace\":\"n\"}]"), "(n:s)"},
    {"ka.req.binding.subjects.serviceaccount_names",
     SUBJECTS("[{\"kind\":\"User\",\"name\":\"u\"}]"), "<NA>"},
    {"ka.req.pod.supplemental_groups", SPEC("{\"securityContext\":{\"supplementalGroups\":[1,2]}}"),
     "(1,2)"},
    /* rules of roles, flattened; the position is the rule's */
    {"ka.req.role.rules.verbs", ROLE, "(get,list,*)"},
    {"ka.req.role.rules.verbs[0]", ROLE, "(get,list)"},
    {"ka.req.role.rules.verbs[1]", ROLE, "(*)"},
    {"ka.req.role.rules.verbs[2]", ROLE, "<NA>"},
    {"ka.req.role.rules.resources", ROLE, "(pods)"},
    {"ka.req.role.rules.apiGroups", ROLE, "<NA>"},
    {"ka.req.role.rules", RULES("[{\"verbs\": [\"get\"]}]"), "({\"verbs\":[\"get\"]})"},
    {"ka.req.role.rules.nonResourceURLs", RULES("[{\"nonResourceURLs\":[\"/logs\"]}]"), "(/logs)"},
    /* all ports are one text */
    {"ka.req.service.ports", SPEC("{\"ports\":[{\"port\":1},{\"port\":2}]}"),
     "([{\"port\":1},{\"port\":2}])"},
    /* volumes */
    {"ka.req.pod.volumes.hostpath", MOUNTS, "(/etc)"},
    {"ka.req.pod.volumes.hostpath[0]", MOUNTS, "<NA>"},
    {"ka.req.pod.volumes.hostpath[1]", MOUNTS, "(/etc)"},
    {"ka.req.pod.volumes.volume_type", MOUNTS, "(emptyDir,hostPath)"},
    {"ka.req.pod.volumes.volume_type", VOLUMES("[1]"), "<NA>"},
    {"ka.req.pod.volumes.flexvolume_driver", VOLUMES("[{\"flexVolume\":{\"driver\":\"d\"}}]"),
     "(d)"},
    {"ka.req.volume.hostpath[/etc]", MOUNTS, "true"},
    {"ka.req.volume.hostpath[/et*]", MOUNTS, "true"},
    {"ka.req.volume.hostpath[/et]", MOUNTS, "false"},
    {"ka.req.volume.hostpath[/et]", EVENT("\"a\":1"), "<NA>"},
    /* containers */
    {"ka.req.pod.containers.name", TWO, "(a,b)"},
    {"ka.req.pod.containers.image", TWO, "(reg/a:1,reg/b@sha256:9)"},
    {"ka.req.pod.containers.image[1]", TWO, "(reg/b@sha256:9)"},
    {"ka.req.pod.containers.image.repository", TWO, "(reg/a,reg/b)"},
    {"ka.req.pod.containers.image.repository", PODS("[{\"image\":\"reg:5000/a/b:v1\"}]"), "(reg)"},
    {"ka.req.pod.containers.image", PODS("[{\"image\":\"a\"},{\"name\":\"b\"}]"), "<NA>"},
    {"ka.req.pod.containers.image[0]", PODS("[{\"image\":\"a\"},{\"name\":\"b\"}]"), "(a)"},
    {"ka.req.pod.containers.image", PODS("{}"), "<NA>"},
    {"ka.req.pod.initContainers.image", SPEC("{\"initContainers\":[{\"image\":\"i\"}]}"), "(i)"},
    {"ka.req.pod.ephemeralContainers.image", SPEC("{\"ephemeralContainers\":[{\"image\":\"e\"}]}"),
     "(e)"},
    {"ka.req.pod.containers.command",
     PODS("[{\"command\":[\"sh\",\"-c\"]},{},{\"command\":[\"id\"]}]"), "(sh -c,id)"},
    {"ka.req.pod.containers.args", PODS("[{\"args\":[\"a\",1]}]"), "(a 1)"},
    {"ka.req.pod.containers.privileged",
     PODS("[{},{\"securityContext\":{\"privileged\":true}},{\"securityContext\":{\"privileged\":"
          "false}}]"),
     "(true,false)"},
    {"ka.req.pod.containers.privileged", PODS("[{}]"), "<NA>"},
    {"ka.req.pod.containers.allow_privilege_escalation",
     PODS("[{\"securityContext\":{\"allowPrivilegeEscalation\":true}}]"), "(true)"},
    {"ka.req.pod.containers.read_only_fs",
     PODS("[{\"securityContext\":{\"readOnlyRootFilesystem\":false}}]"), "(false)"},
    {"ka.req.pod.containers.proc_mount",
     PODS("[{\"securityContext\":{\"procMount\":\"Unmasked\"}}]"), "(Unmasked)"},
    {"ka.req.pod.containers.run_as_user", PODS("[{\"securityContext\":{\"runAsUser\":0}}]"), "(0)"},
    {"ka.req.pod.containers.run_as_group", PODS("[{\"securityContext\":{\"runAsGroup\":7}}]"),
     "(7)"},
    {"ka.req.pod.containers.eff_run_as_user", PODS("[{\"securityContext\":{\"runAsUser\":5}},{}]"),
     "(0,0)"},
    {"ka.req.pod.containers.eff_run_as_group", PODS("[{\"runAsGroup\":5}]"), "(5)"},
    {"ka.req.pod.containers.add_capabilities",
     PODS("[{\"securityContext\":{\"capabilities\":{\"add\":[\"SYS_ADMIN\",\"NET_RAW\"]}}}]"),
     "([\"SYS_ADMIN\",\"NET_RAW\"])"},
    {"ka.req.pod.containers.host_port",
     PODS("[{\"ports\":[{\"hostPort\":80,\"containerPort\":8080},{\"containerPort\":9}]},{}]"),
     "(80,9)"},
    {"ka.req.container.image", TWO, "reg/a:1"},
    {"ka.req.container.image.repository", TWO, "reg/a"},
    {"ka.req.container.privileged", TWO, "false"},
    {"ka.req.container.privileged", PODS("[{},{\"securityContext\":{\"privileged\":true}}]"),
     "true"},
    {"ka.req.container.privileged", EVENT("\"a\":1"), "<NA>"},
};

static void test_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct falco_case c;
        struct buf output, file, out;
        buf_init(&output, 4096);
        buf_init(&out, 1 << 20);
        buf_putf(&output, "%%%s", cases[i].field);
        falco_case_rule_of(SOURCE_K8S_AUDIT, &file, "ka.auditid exists", buf_z(&output));
        falco_case_load(&c, (const char *const[]){buf_z(&file), NULL});
        check_size(cases[i].field, c.rules->n_rules, 1);
        falco_case_outputs(&c, cases[i].event, &out);
        assert_true(out.n > 0);
        buf_cut(&out, out.n - 1);
        check_str(cases[i].field, buf_str(&out).n ? buf_str(&out) : S(""), str_of(cases[i].text));
        buf_release(&output);
        buf_release(&file);
        buf_release(&out);
        falco_case_release(&c);
    }
}

#define VERBS  "ka.req.role.rules.verbs"
#define IMAGES "ka.req.pod.containers.image.repository"
#define PRIV   "ka.req.pod.containers.privileged"
#define ON                                                                                         \
    PODS("[{\"securityContext\":{\"privileged\":true}},{\"securityContext\":{\"privileged\":"      \
         "false}}]")

/* `in`: every value of the field is in the list. `intersects`: one is. An empty list is absent, and
 * a check on what is absent is false, so its `not` is true. */
static const struct {
    const char *condition, *event;
    bool holds;
} lists[] = {
    {VERBS " in (get, list, *)", ROLE, true},
    {VERBS " in (get, list)", ROLE, false},
    {VERBS " in (*)", ROLE, false},
    {VERBS " in ()", ROLE, false},
    {"not " VERBS " in ()", ROLE, true},
    {VERBS " intersects (list)", ROLE, true},
    {VERBS " intersects (delete, *)", ROLE, true},
    {VERBS " intersects (delete)", ROLE, false},
    {VERBS " intersects ()", ROLE, false},
    {"not " VERBS " intersects (delete)", ROLE, true},
    {VERBS " exists", ROLE, true},
    {VERBS " exists", RULES("[]"), false},
    {VERBS " exists", RULES("[{\"verbs\":[]}]"), false},
    {VERBS " in (get)", RULES("[]"), false},
    {"not " VERBS " in (get)", RULES("[]"), true},
    {VERBS " intersects (get)", RULES("[]"), false},
    {"not " VERBS " intersects (get)", RULES("[]"), true},
    {VERBS "[0] in (get, list)", ROLE, true},
    {VERBS "[0] in (get)", ROLE, false},
    {VERBS "[1] in (*)", ROLE, true},
    {VERBS "[1] intersects (get)", ROLE, false},
    {VERBS "[9] exists", ROLE, false},
    {"not " VERBS "[9] in (get)", ROLE, true},
    {"len(" VERBS ") = 3", ROLE, true},
    {"len(" VERBS ") = 0", RULES("[]"), false},
    {"join(\"+\", " VERBS ") = get+list+*", ROLE, true},
    {"tolower(" VERBS ") intersects (get)", ROLE, false},
    {"join(\",\", tolower(" VERBS ")) contains get", ROLE, true},
    {VERBS " intersects val(" VERBS "[1])", ROLE, true},
    {VERBS " in val(" VERBS "[1])", ROLE, false},
    {VERBS "[1] in val(" VERBS ")", ROLE, true},
    {VERBS " in val(ka.req.role.rules.apiGroups)", ROLE, false},
    {IMAGES " in (reg/a, reg/b)", TWO, true},
    {IMAGES " in (reg/a)", TWO, false},
    {"not " IMAGES " in (reg/a)", TWO, true},
    {IMAGES " intersects (reg/a)", TWO, true},
    {IMAGES "[0] in (reg/a)", TWO, true},
    {IMAGES "[1] in (reg/a)", TWO, false},
    {"not " IMAGES " in (reg/a)", PODS("[{\"name\":\"a\"}]"), true},
    {PRIV " intersects (true)", ON, true},
    {PRIV " in (true)", ON, false},
    {PRIV "[0] in (true)", ON, true},
    {PRIV " in (true, false)", ON, true},
    {PRIV " intersects (true)", TWO, false},
    {"ka.req.pod.volumes.hostpath intersects (/proc, /etc)", MOUNTS, true},
    {"ka.req.pod.volumes.hostpath intersects (/proc)", MOUNTS, false},
    {"ka.req.pod.host_network intersects (true)", SPEC("{\"hostNetwork\":true}"), true},
    {"ka.req.pod.host_network intersects (true)", SPEC("{\"hostNetwork\":false}"), false},
    {"ka.req.pod.host_network in (true, false)", SPEC("{\"hostNetwork\":false}"), true},
    {"jevt.value[/requestObject/rules/0/verbs] = '[\"get\",\"list\"]'", ROLE, true},
    {"jevt.value[/requestObject/rules/0/verbs/1] in (list)", ROLE, true},
    {"jevt.value[/requestObject/rules/0/verbs/2] exists", ROLE, false},
    {"ka.response.code startswith 2", EVENT("\"responseStatus\":{\"code\":201}"), true},
    {"ka.response.code < 300", EVENT("\"responseStatus\":{\"code\":1000}"), true},
    {"ka.verb = null", EVENT("\"verb\":null"), true},
    {"ka.verb != get", EVENT("\"a\":1"), false},
    {"not ka.verb = get", EVENT("\"a\":1"), true},
    {"ka.verb = '[\"get\"]'", EVENT("\"verb\":[ \"get\" ]"), true},
};

static void test_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        if (falco_case_holds_of(SOURCE_K8S_AUDIT, lists[i].condition, lists[i].event) !=
            lists[i].holds)
            fail_msg("%s: not %s for %s", lists[i].condition, lists[i].holds ? "true" : "false",
                     lists[i].event);
    }
}

/* All 100 fields are there, each once. */
static void test_table(void **state)
{
    size_t n;
    const struct falco_field *fields = falco_ka_fields(&n);
    (void)state;
    check_size("ka fields", n, 100);
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++)
            assert_string_not_equal(fields[i].name, fields[k].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
