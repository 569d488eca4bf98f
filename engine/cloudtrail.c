/* Facts about CloudTrail's records. Pages are below docs.aws.amazon.com:
 *   record    awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 *   identity  awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
 *   signin
 * awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html actions
 * service-authorization/latest/reference/ (the service's page: which permission is needed for which
 * call, and which are "permission only") */
#include "engine/cloudtrail.h"

#define ROWS(table) (sizeof(table) / sizeof *(table))

/* ---- fields ---- */

enum shape {
    LEAF, /* one value */
    MAP,  /* members are listed here */
    OPEN, /* members depend on the call */
    LIST  /* an array, or holds some */
};

/* In the order of `record` and `identity`. */
static const struct field {
    const char *path;
    enum shape shape;
} fields[] = {
    {"eventTime", LEAF},
    {"eventVersion", LEAF},
    {"userIdentity", MAP},
    {"eventSource", LEAF},
    {"eventName", LEAF},
    {"awsRegion", LEAF},
    {"sourceIPAddress", LEAF},
    {"userAgent", LEAF},
    {"errorCode", LEAF},
    {"errorMessage", LEAF},
    {"requestParameters", LIST},
    {"responseElements", LIST},
    {"additionalEventData", LIST},
    {"requestID", LEAF},
    {"eventID", LEAF},
    {"eventType", LEAF},
    {"apiVersion", LEAF},
    {"managementEvent", LEAF},
    {"readOnly", LEAF},
    {"resources", LIST},
    {"recipientAccountId", LEAF},
    {"serviceEventDetails", LIST},
    {"sharedEventID", LEAF},
    {"vpcEndpointId", LEAF},
    {"vpcEndpointAccountId", LEAF},
    {"eventCategory", LEAF},
    {"addendum", OPEN},
    {"sessionCredentialFromConsole", LEAF},
    {"eventContext", LIST},
    {"edgeDeviceDetails", OPEN},
    {"tlsDetails", OPEN},
    {"insightDetails", LIST}, /* of Insights events */
    {"userIdentity.type", LEAF},
    {"userIdentity.userName", LEAF},
    {"userIdentity.principalId", LEAF},
    {"userIdentity.arn", LEAF},
    {"userIdentity.accountId", LEAF},
    {"userIdentity.accessKeyId", LEAF},
    {"userIdentity.invokedBy", LEAF},
    {"userIdentity.invokedByDelegate", OPEN},
    {"userIdentity.identityProvider", LEAF},
    {"userIdentity.credentialId", LEAF},
    {"userIdentity.onBehalfOf", OPEN},
    {"userIdentity.inScopeOf", OPEN},
    {"userIdentity.sessionContext", MAP},
    {"userIdentity.sessionContext.attributes", MAP},
    {"userIdentity.sessionContext.attributes.creationDate", LEAF},
    {"userIdentity.sessionContext.attributes.mfaAuthenticated", LEAF},
    {"userIdentity.sessionContext.sessionIssuer", MAP},
    {"userIdentity.sessionContext.sessionIssuer.type", LEAF},
    {"userIdentity.sessionContext.sessionIssuer.userName", LEAF},
    {"userIdentity.sessionContext.sessionIssuer.principalId", LEAF},
    {"userIdentity.sessionContext.sessionIssuer.arn", LEAF},
    {"userIdentity.sessionContext.sessionIssuer.accountId", LEAF},
    {"userIdentity.sessionContext.webIdFederationData", OPEN},
    {"userIdentity.sessionContext.sourceIdentity", LEAF},
    {"userIdentity.sessionContext.assumedRoot", LEAF},
    {"userIdentity.sessionContext.ec2RoleDelivery", LEAF},
    {"userIdentity.sessionContext.ec2IssuedInVpc", LEAF},
};

/* Whether the path is the field, or lies below it. */
static bool is_at_or_below(struct str path, struct str field)
{
    return str_starts(path, field) && (path.n == field.n || path.p[field.n] == '.');
}

static const struct field *field_of(struct str path)
{
    const struct field *found = NULL;
    for (size_t i = 0; i < ROWS(fields); i++) {
        struct str field = str_of(fields[i].path);
        bool below = path.n > field.n;
        if (is_at_or_below(path, field) &&
            (!below || fields[i].shape == OPEN || fields[i].shape == LIST))
            found = &fields[i];
    }
    return found;
}

/* The first `steps` steps of a path; absent when it has fewer. */
static struct str first_steps(struct str path, size_t steps)
{
    size_t end = SIZE_MAX;
    for (size_t i = 0, at = 0; i < steps; i++, at = end + 1) {
        if (i && end == SIZE_MAX)
            return STR_ABSENT;
        end = str_find_byte(path, '.', at);
    }
    return end == SIZE_MAX ? path : str_slice(path, 0, end);
}

static size_t count_steps(struct str path)
{
    size_t n = 1;
    for (size_t i = 0; i < path.n; i++)
        n += path.p[i] == '.';
    return n;
}

/* Appends the field that was meant, when the path is written like it: in the wrong case, or (near)
 * with a slip. What lies below an open field is taken as it is. */
static bool put_meant(struct buf *meant, struct str path, const struct field *f, bool near)
{
    struct str field = str_of(f->path);
    struct str head = first_steps(path, count_steps(field));
    struct str rest = str_skip(path, head.n);
    bool open = f->shape == OPEN || f->shape == LIST;
    if (!str_present(head) || (rest.n && !open))
        return false;
    if (near ? !str_is_near(head, field) : !str_eq_fold(head, field))
        return false;
    buf_put(meant, field);
    buf_put(meant, rest);
    return true;
}

/* A member of userIdentity, written as if it stood at the top. */
static bool put_member(struct buf *meant, struct str path, const struct field *f)
{
    struct str field = str_of(f->path), parent = S("userIdentity.");
    if (!str_starts(field, parent) || !str_eq_fold(str_skip(field, parent.n), path))
        return false;
    buf_put(meant, field);
    return true;
}

bool cloudtrail_has_field(struct str path, struct buf *meant)
{
    bool found = false;
    if (field_of(path))
        return true;
    for (size_t i = 0; meant && !found && i < ROWS(fields); i++)
        found = put_meant(meant, path, &fields[i], false) || put_member(meant, path, &fields[i]);
    for (size_t i = 0; meant && !found && i < ROWS(fields); i++)
        found = put_meant(meant, path, &fields[i], true);
    return false;
}

bool cloudtrail_has_one_value(struct str path)
{
    const struct field *f = field_of(path);
    return f && f->shape == LEAF;
}

/* ---- names of events ---- */

#define PERMISSION "is a permission, not a call: "
#define NO_CALL    "is no call of any service"

/* Names that are taken for events; what they are, and where that is documented. */
static const struct no_event {
    const char *name, *why, *source;
} no_events[] = {
    {"PassRole",
     PERMISSION "its use shows in the call that hands the role over, its refusal in that call's "
                "errorMessage",
     "actions: IAM"},
    {"TagSession", PERMISSION "tags stand in the parameters of AssumeRole and its like",
     "actions: STS"},
    {"SetSourceIdentity",
     PERMISSION "the identity stands in the parameters of AssumeRole and its like", "actions: STS"},
    {"InvokeFunction", PERMISSION "the event is 'Invoke'", "actions: Lambda"},
    {"ListAllMyBuckets", PERMISSION "the event is 'ListBuckets'", "actions: S3"},
    {"ListBucketVersions", PERMISSION "the event is 'ListObjectVersions'", "actions: S3"},
    {"ListBucketMultipartUploads", PERMISSION "the event is 'ListMultipartUploads'", "actions: S3"},
    {"ListMultipartUploadParts", PERMISSION "the event is 'ListParts'", "actions: S3"},
    {"PutLifecycleConfiguration", PERMISSION "the event is 'PutBucketLifecycle'", "actions: S3"},
    {"GetLifecycleConfiguration", PERMISSION "the event is 'GetBucketLifecycle'", "actions: S3"},
    {"PutEncryptionConfiguration", PERMISSION "the event is 'PutBucketEncryption'", "actions: S3"},
    {"PutReplicationConfiguration", PERMISSION "the event is 'PutBucketReplication'",
     "actions: S3"},
    {"GetObjectVersion", PERMISSION "the event is 'GetObject'", "actions: S3"},
    {"DeleteObjectVersion", PERMISSION "the event is 'DeleteObject'", "actions: S3"},
    {"PutObjectVersionAcl", PERMISSION "the event is 'PutObjectAcl'", "actions: S3"},
    {"ReplicateObject", PERMISSION "S3 replicates by itself", "actions: S3"},
    {"ReplicateDelete", PERMISSION "S3 replicates by itself", "actions: S3"},
    {"BypassGovernanceRetention", PERMISSION "its use stands in the parameters of DeleteObject",
     "actions: S3"},
    {"ReEncryptFrom", PERMISSION "the event is 'ReEncrypt'", "actions: KMS"},
    {"ReEncryptTo", PERMISSION "the event is 'ReEncrypt'", "actions: KMS"},
    {"PartiQLSelect", PERMISSION "the event is 'ExecuteStatement'", "actions: DynamoDB"},
    {"PartiQLInsert", PERMISSION "the event is 'ExecuteStatement'", "actions: DynamoDB"},
    {"PartiQLUpdate", PERMISSION "the event is 'ExecuteStatement'", "actions: DynamoDB"},
    {"PartiQLDelete", PERMISSION "the event is 'ExecuteStatement'", "actions: DynamoDB"},
    {"AuthorizeCacheSecurityGroupEgress", NO_CALL, "AmazonElastiCache/latest/APIReference/"},
    {"RevokeCacheSecurityGroupEgress", NO_CALL, "AmazonElastiCache/latest/APIReference/"},
};

const char *cloudtrail_no_event(struct str name)
{
    for (size_t i = 0; i < ROWS(no_events); i++)
        if (str_eq_fold(name, str_of(no_events[i].name)))
            return no_events[i].why;
    return NULL;
}

/* Calls that Lambda has had since its API was dated
 * (lambda/latest/dg/logging-using-cloudtrail.html): records have the date, and a version of the
 * version, in the name. */
static const char *const lambda_events[] = {
    "AddLayerVersionPermission20181031",
    "AddPermission20150331v2",
    "CreateEventSourceMapping20150331",
    "CreateFunction20150331",
    "DeleteEventSourceMapping20150331",
    "DeleteFunction20150331",
    "GetFunction20150331v2",
    "GetFunctionConfiguration20150331v2",
    "GetPolicy20150331v2",
    "ListFunctions20150331",
    "PublishLayerVersion20181031",
    "PutFunctionConcurrency20171031",
    "RemovePermission20150331v2",
    "UpdateEventSourceMapping20150331",
    "UpdateFunctionCode20150331v2",
    "UpdateFunctionConfiguration20150331v2",
};

const char *cloudtrail_lambda_event(struct str name)
{
    for (size_t i = 0; i < ROWS(lambda_events); i++) {
        struct str dated = str_of(lambda_events[i]);
        size_t n = 0;
        while (n < dated.n && byte_is_alpha(dated.p[n]))
            n++;
        if (str_eq_fold(name, str_slice(dated, 0, n)))
            return lambda_events[i];
    }
    return NULL;
}

/* ---- other values ---- */

bool cloudtrail_is_source(struct str source)
{
    struct str suffix = S(".amazonaws.com");
    return source.n > suffix.n && str_eq_fold(str_skip(source, source.n - suffix.n), suffix);
}

/* Services whose eventSource is not their usual name (awscloudtrail/latest/userguide/
 * cloudtrail-aws-service-specific-topics.html links each service's page, with sample records). */
static const struct {
    const char *said, *right;
} sources[] = {
    {"cloudwatch.amazonaws.com", "monitoring.amazonaws.com"},
    {"stepfunctions.amazonaws.com", "states.amazonaws.com"},
    {"organization.amazonaws.com", "organizations.amazonaws.com"},
    {"elb.amazonaws.com", "elasticloadbalancing.amazonaws.com"},
    {"emr.amazonaws.com", "elasticmapreduce.amazonaws.com"},
    {"efs.amazonaws.com", "elasticfilesystem.amazonaws.com"},
    {"secretmanager.amazonaws.com", "secretsmanager.amazonaws.com"},
    {"parameterstore.amazonaws.com", "ssm.amazonaws.com"},
    {"console.amazonaws.com", "signin.amazonaws.com"},
};

const char *cloudtrail_right_source(struct str source)
{
    for (size_t i = 0; i < ROWS(sources); i++)
        if (str_eq_fold(source, str_of(sources[i].said)))
            return sources[i].right;
    return NULL;
}

const char *const *cloudtrail_values(struct str path, size_t *n)
{
    static const char *const types[] = {
        "Root",      "IAMUser",         "AssumedRole", "Role",       "FederatedUser",
        "Directory", "Unknown",         "AWSAccount",  "AWSService", "IdentityCenterUser",
        "SAMLUser",  "WebIdentityUser",
    };
    static const char *const event_types[] = {
        "AwsApiCall",    "AwsServiceEvent", "AwsConsoleAction",     "AwsConsoleSignIn",
        "AwsVpceEvents", "AwsVpceEvent",    "AwsCloudTrailInsight",
    };
    static const char *const categories[] = {"Management", "Data", "NetworkActivity", "Insight"};
    if (str_eqz(path, "userIdentity.type")) {
        *n = ROWS(types);
        return types;
    }
    if (str_eqz(path, "eventType")) {
        *n = ROWS(event_types);
        return event_types;
    }
    *n = ROWS(categories);
    return str_eqz(path, "eventCategory") ? categories : NULL;
}
