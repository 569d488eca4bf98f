/* One table row a source.
 *
 * CloudTrail: "CloudTrail record contents" of its user guide.
 * VPC Flow Logs: "Flow log records" of the VPC user guide; the names are those of its columns.
 * Okta: System Log API, object LogEvent.
 * GitHub: "Audit log events for your organization" for the stream; webhooks are told by
 * webhook_type, which handlers/envelope.h adds from the header X-GitHub-Event. Kubernetes:
 * audit.k8s.io/v1, object Event; user.extra of EKS as its authenticator fills it. */
#include "engine/source.h"

struct source_row {
    const char *name;
    const char *falco, *falco_plugin;
    const char *product, *category; /* Sigma's; the category may also be left out */
    const char *service;
    bool service_open; /* a logsource without service means this one */
    const char *core[CORE_FIELDS][CORE_PATHS];
    const char *marks[SOURCE_MARKS][SOURCE_MARK_FIELDS];
};

static const struct source_row rows[SOURCES] = {
    [SOURCE_CLOUDTRAIL] =
        {
            .name = "cloudtrail",
            .falco = "aws_cloudtrail",
            .falco_plugin = "cloudtrail",
            .product = "aws",
            .service = "cloudtrail",
            .service_open = true,
            .core =
                {
                    [CORE_ID] = {"eventID"},
                    [CORE_TIME] = {"eventTime"},
                    [CORE_SOURCE] = {"eventSource"},
                    [CORE_NAME] = {"eventName"},
                    [CORE_ACCOUNT] = {"recipientAccountId"},
                    [CORE_REGION] = {"awsRegion"},
                    [CORE_ARN] = {"userIdentity.arn"},
                    [CORE_PRINCIPAL] = {"userIdentity.principalId"},
                    [CORE_INVOKED_BY] = {"userIdentity.invokedBy"},
                    [CORE_USER_ACCOUNT] = {"userIdentity.accountId"},
                    [CORE_USER_TYPE] = {"userIdentity.type"},
                    [CORE_USER_NAME] = {"userIdentity.userName"},
                    [CORE_ACCESS_KEY] = {"userIdentity.accessKeyId"},
                    [CORE_ISSUER_ARN] = {"userIdentity.sessionContext.sessionIssuer.arn"},
                    [CORE_IP] = {"sourceIPAddress"},
                    [CORE_USER_AGENT] = {"userAgent"},
                    [CORE_ERROR] = {"errorCode"},
                },
            .marks = {{"eventName"}, {"eventSource"}, {"eventID"}, {"eventTime"}, {"userIdentity"}},
        },
    [SOURCE_VPCFLOW] =
        {
            .name = "vpcflow",
            .product = "aws",
            .service = "vpcflow",
            .core =
                {
                    [CORE_TIME] = {"start"},
                    [CORE_NAME] = {"action"},
                    [CORE_ACCOUNT] = {"account-id"},
                    [CORE_REGION] = {"region"},
                    [CORE_PRINCIPAL] = {"instance-id", "interface-id"},
                    [CORE_IP] = {"srcaddr"},
                },
            .marks = {{"srcaddr", "dstaddr"}},
        },
    [SOURCE_OKTA] =
        {
            .name = "okta",
            .falco = "okta",
            .falco_plugin = "okta",
            .product = "okta",
            .service = "okta",
            .service_open = true,
            .core =
                {
                    [CORE_ID] = {"uuid"},
                    [CORE_TIME] = {"published"},
                    [CORE_NAME] = {"eventType"},
                    [CORE_ARN] = {"actor.alternateId"},
                    [CORE_PRINCIPAL] = {"actor.id"},
                    [CORE_USER_TYPE] = {"actor.type"},
                    [CORE_USER_NAME] = {"actor.displayName"},
                    [CORE_IP] = {"client.ipAddress"},
                    [CORE_USER_AGENT] = {"client.userAgent.rawUserAgent"},
                    [CORE_ERROR] = {"outcome.reason"},
                },
            .marks = {{"eventType", "published"}, {"eventType", "actor"}},
        },
    [SOURCE_GITHUB] =
        {
            .name = "github",
            .falco = "github",
            .falco_plugin = "github",
            .product = "github",
            .service = "audit",
            .service_open = true,
            .core =
                {
                    [CORE_ID] = {"_document_id", "webhook_delivery"},
                    [CORE_TIME] = {"@timestamp", "webhook_time", "created_at"},
                    [CORE_NAME] = {"webhook_type", "action"},
                    [CORE_ACCOUNT] = {"org", "organization.login"},
                    [CORE_PRINCIPAL] = {"actor", "sender.login"},
                    [CORE_USER_TYPE] = {"sender.type"},
                    [CORE_USER_NAME] = {"actor", "sender.login"},
                    [CORE_IP] = {"actor_ip"},
                    [CORE_USER_AGENT] = {"user_agent"},
                },
            .marks = {{"webhook_type"},
                      {"action", "@timestamp"},
                      {"action", "_document_id"},
                      {"action", "actor"},
                      {"action", "sender"},
                      {"repository", "sender"}},
        },
    [SOURCE_K8S_AUDIT] =
        {
            .name = "k8s_audit",
            .falco = "k8s_audit",
            .falco_plugin = "k8saudit",
            .product = "kubernetes",
            .category = "application",
            .service = "audit",
            .service_open = true,
            .core =
                {
                    [CORE_ID] = {"auditID"},
                    [CORE_TIME] = {"stageTimestamp", "requestReceivedTimestamp"},
                    [CORE_NAME] = {"verb"},
                    [CORE_ACCOUNT] = {"annotations.cluster_name"},
                    [CORE_ARN] = {"user.extra.arn"},
                    [CORE_PRINCIPAL] = {"user.username"},
                    [CORE_USER_NAME] = {"user.username"},
                    [CORE_ACCESS_KEY] = {"user.extra.accessKeyId"},
                    [CORE_IP] = {"sourceIPs"},
                    [CORE_USER_AGENT] = {"userAgent"},
                    [CORE_ERROR] = {"responseStatus.reason"},
                },
            .marks = {{"auditID"}},
        },
};

const char *source_name(enum source source)
{
    return rows[source].name;
}

bool source_parse(struct str name, enum source *out)
{
    for (size_t s = 0; s < SOURCES; s++)
        if (str_eqz(name, rows[s].name)) {
            *out = (enum source)s;
            return true;
        }
    return false;
}

const char *source_core(enum source source, enum core_field field, size_t i)
{
    return rows[source].core[field][i];
}

const char *source_mark(enum source source, size_t set, size_t i)
{
    return rows[source].marks[set][i];
}

const char *source_falco(enum source source)
{
    return rows[source].falco;
}

const char *source_falco_plugin(enum source source)
{
    return rows[source].falco_plugin;
}

bool source_of_falco(struct str name, enum source *out)
{
    for (size_t s = 0; s < SOURCES; s++)
        if (rows[s].falco && str_eqz(name, rows[s].falco)) {
            *out = (enum source)s;
            return true;
        }
    return false;
}

/* Whether what is said is `word`, which may be NULL; nothing said is `open`. */
static bool says(struct str said, const char *word, bool open)
{
    return said.n == 0 ? open : word && str_eq_fold(said, str_of(word));
}

bool source_is_sigma(enum source source, struct str product, struct str category,
                     struct str service)
{
    const struct source_row *r = rows + source;
    return says(product, r->product, false) && says(category, r->category, true) &&
           says(service, r->service, r->service_open);
}

bool source_may_be_sigma(enum source source, struct str product, struct str category,
                         struct str service)
{
    const struct source_row *r = rows + source;
    return says(product, r->product, true) && says(category, r->category, true) &&
           says(service, r->service, true);
}

/* Paths of the System Log's LogEvent whose capitals rules get wrong. */
static const char *const okta_fields[] = {
    "eventType",
    "displayMessage",
    "legacyEventType",
    "actor.alternateId",
    "actor.displayName",
    "client.ipAddress",
    "client.userAgent.rawUserAgent",
    "client.geographicalContext.country",
    "target.alternateId",
    "target.displayName",
    "debugContext.debugData.behaviors",
    "debugContext.debugData.logOnlySecurityData",
    "debugContext.debugData.privilegeGranted",
    "debugContext.debugData.requestUri",
    "debugContext.debugData.threatSuspected",
    "securityContext.asNumber",
    "securityContext.asOrg",
    "securityContext.isProxy",
};

struct str source_field(enum source source, struct str name)
{
    size_t n = source == SOURCE_OKTA ? sizeof okta_fields / sizeof *okta_fields : 0;
    for (size_t i = 0; i < n; i++)
        if (str_eq_fold(name, str_of(okta_fields[i])))
            return str_of(okta_fields[i]);
    return name;
}
