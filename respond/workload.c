/* Reads who may assume a role. */
#include "respond/workload.h"

#include <jansson.h>
#include <stdint.h>

const char *workload_name(enum workload w)
{
    static const char *const names[WORKLOADS] = {
        [WORKLOAD_NONE] = "no workload",
        [WORKLOAD_INSTANCE] = "an EC2 instance",
        [WORKLOAD_LAMBDA] = "a Lambda function",
        [WORKLOAD_ECS] = "an ECS task",
        [WORKLOAD_EKS] = "a pod of EKS",
        [WORKLOAD_ANYWHERE] = "a server of IAM Roles Anywhere",
        [WORKLOAD_SERVICE] = "an AWS service",
    };
    return names[w];
}

static struct str text_of(const json_t *v)
{
    return json_is_string(v) ? str_n(json_string_value(v), json_string_length(v)) : STR_ABSENT;
}

/* "ec2.amazonaws.com", and in China "ec2.amazonaws.com.cn". */
static enum workload workload_of_service(struct str service)
{
    static const struct {
        const char *prefix;
        enum workload is;
    } services[] = {
        {"ec2.", WORKLOAD_INSTANCE},      {"lambda.", WORKLOAD_LAMBDA},
        {"edgelambda.", WORKLOAD_LAMBDA}, {"ecs-tasks.", WORKLOAD_ECS},
        {"pods.eks.", WORKLOAD_EKS},      {"rolesanywhere.", WORKLOAD_ANYWHERE},
    };
    if (!service.n)
        return WORKLOAD_NONE;
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        if (str_starts(service, str_of(services[i].prefix)))
            return services[i].is;
    return WORKLOAD_SERVICE;
}

/* arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/... */
static enum workload workload_of_provider(struct str provider)
{
    return str_find(provider, S("oidc-provider/oidc.eks."), 0) != SIZE_MAX ? WORKLOAD_EKS
                                                                           : WORKLOAD_NONE;
}

/* The gravest of two; NONE is less than all. */
static enum workload graver(enum workload a, enum workload b)
{
    if (a == WORKLOAD_NONE || b == WORKLOAD_NONE)
        return a == WORKLOAD_NONE ? b : a;
    return a < b ? a : b;
}

/* One or a list. */
static enum workload workload_of_each(const json_t *v, enum workload (*of)(struct str s))
{
    enum workload w = of(text_of(v));
    for (size_t i = 0; i < json_array_size(v); i++)
        w = graver(w, of(text_of(json_array_get(v, i))));
    return w;
}

/* {"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"} */
static enum workload workload_of_statement(const json_t *statement)
{
    const json_t *who = json_object_get(statement, "Principal");
    if (!str_eq(text_of(json_object_get(statement, "Effect")), S("Allow")))
        return WORKLOAD_NONE;
    return graver(workload_of_each(json_object_get(who, "Service"), workload_of_service),
                  workload_of_each(json_object_get(who, "Federated"), workload_of_provider));
}

enum workload workload_of_trust(struct str policy, bool *known)
{
    json_t *doc = policy.n ? json_loadb(policy.p, policy.n, 0, NULL) : NULL;
    const json_t *statements = json_object_get(doc, "Statement");
    enum workload w = WORKLOAD_NONE;
    *known = json_is_object(statements) || json_is_array(statements);
    if (json_is_object(statements))
        w = workload_of_statement(statements);
    for (size_t i = 0; i < json_array_size(statements); i++)
        w = graver(w, workload_of_statement(json_array_get(statements, i)));
    json_decref(doc);
    return w;
}
