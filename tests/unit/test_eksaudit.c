/* handlers/eksaudit.c. The names of group and streams are those of the EKS User Guide. */
#include "handlers/eksaudit.h"

#include "tests/unit/support/check.h"

static void tells_groups(void **state)
{
    static const struct {
        const char *group, *cluster;
    } rows[] = {
        {"/aws/eks/prod-1/cluster", "prod-1"},
        {"/aws/eks//cluster", NULL},
        {"/aws/eks/cluster", NULL},
        {"/aws/eks/prod-1/other", NULL},
        {"/aws/lambda/eks/cluster", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str got = eksaudit_cluster(str_of(rows[i].group));
        if (rows[i].cluster)
            check_str(rows[i].group, got, str_of(rows[i].cluster));
        else
            check_true(rows[i].group, !str_present(got));
    }
    check_true("no group", !str_present(eksaudit_cluster(STR_ABSENT)));
    check_true("audit", eksaudit_is_stream(S("kube-apiserver-audit-0123456789abcdef")));
    check_true("API server", !eksaudit_is_stream(S("kube-apiserver-0123456789abcdef")));
    check_true("no stream", !eksaudit_is_stream(STR_ABSENT));
}

static void names_clusters(void **state)
{
    static const struct {
        const char *record, *named;
    } rows[] = {
        {"{\"auditID\":\"i\"}", "{\"annotations\":{\"cluster_name\":\"c\"},\"auditID\":\"i\"}"},
        {"{}", "{\"annotations\":{\"cluster_name\":\"c\"}}"},
        {"{ \"annotations\" : { } }", "{ \"annotations\" : {\"cluster_name\":\"c\" } }"},
        {"{\"a\":1,\"annotations\":{\"b\":2}}",
         "{\"a\":1,\"annotations\":{\"cluster_name\":\"c\",\"b\":2}}"},
        {"{\"annotations\":{\"cluster_name\":\"own\"}}",
         "{\"annotations\":{\"cluster_name\":\"own\"}}"},
        {"{\"annotations\":null}",
         "{\"annotations\":{\"cluster_name\":\"c\"},\"annotations\":null}"},
        {"no object", "no object"},
    };
    struct arena a;
    (void)state;
    arena_init(&a, 1u << 16);
    for (size_t i = 0; i < COUNT(rows); i++)
        check_str(rows[i].record, eksaudit_named(&a, str_of(rows[i].record), S("c")),
                  str_of(rows[i].named));
    arena_release(&a);
    arena_init(&a, 8);
    check_true("full", !str_present(eksaudit_named(&a, S("{\"auditID\":\"i\"}"), S("c"))));
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_groups),
        cmocka_unit_test(names_clusters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
