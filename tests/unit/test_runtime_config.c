/* runtime/config: the function's environment, and the variable that each refusal names. */
#include "runtime/config.h"

#include "tests/unit/support/check.h"

/* NAME=value pairs; self is the list, ended by NULL. */
static const char *get(void *self, const char *name)
{
    const char *const *list = self;
    for (; *list; list++) {
        struct str value = str_of(*list);
        if (str_eqz(str_cut(&value, '='), name))
            return value.p;
    }
    return NULL;
}

#define TOPIC "TRAILWARDEN_TOPIC_ARN=arn:aws:sns:us-east-1:111122223333:alerts"
#define ROOT  "LAMBDA_TASK_ROOT=/var/task"

static void reads_variables(void **state)
{
    static const struct {
        const char *name;
        const char *list[6];
        const char *rules; /* NULL: refused */
        enum level level;
        const char *refusal;
    } cases[] = {
        {"least", {TOPIC, ROOT}, "/var/task/rules", LEVEL_LOW, NULL},
        {"rules", {TOPIC, ROOT, "TRAILWARDEN_RULES=/r.yml"}, "/r.yml", LEVEL_LOW, NULL},
        {"empty is not set",
         {TOPIC, ROOT, "TRAILWARDEN_RULES=", "TRAILWARDEN_MIN_LEVEL="},
         "/var/task/rules",
         LEVEL_LOW,
         NULL},
        {"level", {TOPIC, ROOT, "TRAILWARDEN_MIN_LEVEL=high"}, "/var/task/rules", LEVEL_HIGH, NULL},
        {"containment off",
         {TOPIC, ROOT, "TRAILWARDEN_CONTAINMENT=off"},
         "/var/task/rules",
         LEVEL_LOW,
         NULL},
        {"no topic", {ROOT}, NULL, LEVEL_LOW, "TRAILWARDEN_TOPIC_ARN"},
        {"no rules", {TOPIC}, NULL, LEVEL_LOW, "TRAILWARDEN_RULES"},
        {"level of another case",
         {TOPIC, ROOT, "TRAILWARDEN_MIN_LEVEL=High"},
         NULL,
         LEVEL_LOW,
         "TRAILWARDEN_MIN_LEVEL"},
        {"containment with buckets and a table",
         {TOPIC, ROOT, "TRAILWARDEN_CONTAINMENT=auto", "TRAILWARDEN_BUCKETS=b",
          "TRAILWARDEN_TABLE=t"},
         "/var/task/rules",
         LEVEL_LOW,
         NULL},
        {"containment of another word",
         {TOPIC, ROOT, "TRAILWARDEN_CONTAINMENT=on", "TRAILWARDEN_BUCKETS=b",
          "TRAILWARDEN_TABLE=t"},
         NULL,
         LEVEL_LOW,
         "not one of off, dry-run, approval"},
        {"rules in S3, looked at once",
         {TOPIC, ROOT, "TRAILWARDEN_RULES=s3://b/rules/", "TRAILWARDEN_RULES_REFRESH=0"},
         "s3://b/rules/",
         LEVEL_LOW,
         NULL},
        {"refresh is no number",
         {TOPIC, ROOT, "TRAILWARDEN_RULES_REFRESH=5m"},
         NULL,
         LEVEL_LOW,
         "TRAILWARDEN_RULES_REFRESH is \"5m\""},
        {"refresh once a year",
         {TOPIC, ROOT, "TRAILWARDEN_RULES_REFRESH=31536000"},
         NULL,
         LEVEL_LOW,
         "seconds up to 86400"},
        {"metrics of another word",
         {TOPIC, ROOT, "TRAILWARDEN_METRICS=no"},
         NULL,
         LEVEL_LOW,
         "TRAILWARDEN_METRICS"},
        {"an unknown source",
         {TOPIC, ROOT, "TRAILWARDEN_SOURCE=falco"},
         NULL,
         LEVEL_LOW,
         "TRAILWARDEN_SOURCE"},
        {"a format of flow logs that is none",
         {TOPIC, ROOT, "TRAILWARDEN_FLOW_FORMAT=what is this"},
         NULL,
         LEVEL_LOW,
         "TRAILWARDEN_FLOW_FORMAT is \"what is this\""},
        {"a format of flow logs",
         {TOPIC, ROOT, "TRAILWARDEN_FLOW_FORMAT=${srcaddr} ${dstaddr} ${dstport}"},
         "/var/task/rules",
         LEVEL_LOW,
         NULL},
        {"containment without a table",
         {TOPIC, ROOT, "TRAILWARDEN_CONTAINMENT=dry-run", "TRAILWARDEN_BUCKETS=b"},
         NULL,
         LEVEL_LOW,
         "TRAILWARDEN_TABLE"},
        {"containment without buckets",
         {TOPIC, ROOT, "TRAILWARDEN_CONTAINMENT=auto", "TRAILWARDEN_TABLE=t"},
         NULL,
         LEVEL_LOW,
         "TRAILWARDEN_CONTAINMENT"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct runtime_config c;
        struct err e = {0};
        struct environment env = {(void *)(uintptr_t)cases[i].list, get};
        bool ok = runtime_config_read(&c, env, &e);
        check_int(cases[i].name, ok, cases[i].rules != NULL);
        if (ok) {
            check_str(cases[i].name, buf_str(&c.rules), str_of(cases[i].rules));
            check_int(cases[i].name, c.min_level, cases[i].level);
        } else {
            check_int(cases[i].name, e.kind, ERR_USAGE);
            check_true(cases[i].name, strstr(e.text, cases[i].refusal) != NULL);
        }
        runtime_config_release(&c);
    }
}

static void reads_geographic_files(void **state)
{
    (void)state;
    const char *const given[] = {TOPIC, ROOT, "TRAILWARDEN_GEOIP=/opt/c.mmdb",
                                 "TRAILWARDEN_ASN=", NULL};
    struct runtime_config c;
    struct err e = {0};
    assert_true(runtime_config_read(&c, (struct environment){(void *)(uintptr_t)given, get}, &e));
    check_str("countries", str_of(c.geoip), S("/opt/c.mmdb"));
    assert_null(c.asn);
    runtime_config_release(&c);
}

static void reads_the_source(void **state)
{
    static const struct {
        const char *name, *list[4];
        bool has;
    } cases[] = {
        {"not set", {TOPIC, ROOT}, false},
        {"empty", {TOPIC, ROOT, "TRAILWARDEN_SOURCE="}, false},
        {"named", {TOPIC, ROOT, "TRAILWARDEN_SOURCE=k8s_audit"}, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct runtime_config c;
        struct err e = {0};
        struct environment env = {(void *)(uintptr_t)cases[i].list, get};
        assert_true(runtime_config_read(&c, env, &e));
        check_int(cases[i].name, c.said.has_source, cases[i].has);
        if (c.said.has_source)
            check_int(cases[i].name, c.said.source, SOURCE_K8S_AUDIT);
        runtime_config_release(&c);
    }
}

static void names_the_metrics(void **state)
{
    static const struct {
        const char *name, *list[5], *metrics; /* NULL: none are told */
    } cases[] = {
        {"on Lambda", {TOPIC, ROOT, "AWS_LAMBDA_FUNCTION_NAME=f"}, "f"},
        {"on", {TOPIC, ROOT, "AWS_LAMBDA_FUNCTION_NAME=f", "TRAILWARDEN_METRICS=on"}, "f"},
        {"off", {TOPIC, ROOT, "AWS_LAMBDA_FUNCTION_NAME=f", "TRAILWARDEN_METRICS=off"}, NULL},
        {"elsewhere", {TOPIC, ROOT}, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct runtime_config c;
        struct err e = {0};
        struct environment env = {(void *)(uintptr_t)cases[i].list, get};
        assert_true(runtime_config_read(&c, env, &e));
        check_str(cases[i].name, c.metrics, str_of(cases[i].metrics));
        runtime_config_release(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_variables),
        cmocka_unit_test(reads_geographic_files),
        cmocka_unit_test(reads_the_source),
        cmocka_unit_test(names_the_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
