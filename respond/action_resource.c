/* ARNs out of request parameters. A row says where the name stands and how the ARN of it is
 * written: formats of AWS's Service Authorization Reference. Only what is in the table is named;
 * an ARN too narrow would break what works. tests/conformance/test_policy.py checks that each
 * action knows the kind of resource. */
#include "respond/action_resource.h"

#include "engine/json.h"

/* A member of the request that is a string with something in it. */
static struct str asked(const struct acted *at, const char *member)
{
    struct str text = json_member_text(at->request, member, at->memory);
    return text.n ? text : STR_ABSENT;
}

/* $P partition, $R region, $A account, $V the value. A value that is an ARN stands for itself. */
struct row {
    const char *service; /* prefix of the action */
    const char *only;    /* " A B " actions, NULL: all */
    const char *parameter, *arn;
};

static const struct row rows[] = {
    {"iam", NULL, "instanceProfileName", "arn:$P:iam::$A:instance-profile/$V"},
    {"iam", NULL, "groupName", "arn:$P:iam::$A:group/$V"},
    {"iam", NULL, "userName", "arn:$P:iam::$A:user/$V"},
    {"iam", NULL, "roleName", "arn:$P:iam::$A:role/$V"},
    {"iam", NULL, "policyArn", "$V"},
    {"lambda",
     " GetFunction GetFunctionConfiguration GetFunctionUrlConfig GetPolicy InvokeFunction "
     "CreateFunction DeleteFunction UpdateFunctionCode UpdateFunctionConfiguration AddPermission "
     "RemovePermission PublishVersion CreateAlias UpdateAlias ListVersionsByFunction "
     "ListAliases GetAlias ",
     "functionName", "arn:$P:lambda:$R:$A:function:$V"},
    {"sns", NULL, "topicArn", "$V"},
    {"sqs", " CreateQueue ", "queueName", "arn:$P:sqs:$R:$A:$V"},
    {"dynamodb",
     " GetItem PutItem UpdateItem DeleteItem Query Scan BatchGetItem BatchWriteItem CreateTable "
     "DeleteTable DescribeTable UpdateTable DescribeTimeToLive DescribeContinuousBackups ",
     "tableName", "arn:$P:dynamodb:$R:$A:table/$V"},
    {"secretsmanager", NULL, "secretId", "arn:$P:secretsmanager:$R:$A:secret:$V-??????"},
    {"secretsmanager", " CreateSecret ", "name", "arn:$P:secretsmanager:$R:$A:secret:$V-*"},
    {"ssm", " GetParameter PutParameter DeleteParameter GetParameterHistory ", "name",
     "arn:$P:ssm:$R:$A:parameter/$V"},
    {"ssm", " GetParametersByPath ", "path", "arn:$P:ssm:$R:$A:parameter/$V"},
    {"logs",
     " CreateLogGroup CreateLogStream DeleteLogGroup DeleteLogStream PutRetentionPolicy "
     "DescribeLogStreams FilterLogEvents GetLogEvents PutLogEvents ",
     "logGroupName", "arn:$P:logs:$R:$A:log-group:$V:*"},
    {"ecr", NULL, "repositoryName", "arn:$P:ecr:$R:$A:repository/$V"},
    {"kinesis", NULL, "streamName", "arn:$P:kinesis:$R:$A:stream/$V"},
    {"firehose", NULL, "deliveryStreamName", "arn:$P:firehose:$R:$A:deliverystream/$V"},
    {"states", " StartExecution DescribeStateMachine UpdateStateMachine DeleteStateMachine ",
     "stateMachineArn", "$V"},
    {"events", " PutRule DeleteRule EnableRule DisableRule DescribeRule ", "name",
     "arn:$P:events:$R:$A:rule/$V"},
    {"events", " PutTargets RemoveTargets ListTargetsByRule ", "rule",
     "arn:$P:events:$R:$A:rule/$V"},
    {"rds", " StartDBInstance StopDBInstance RebootDBInstance DeleteDBInstance ",
     "dBInstanceIdentifier", "arn:$P:rds:$R:$A:db:$V"},
    {"rds", " ModifyDBSnapshotAttribute DeleteDBSnapshot ", "dBSnapshotIdentifier",
     "arn:$P:rds:$R:$A:snapshot:$V"},
    {"ec2", " DeleteSnapshot ModifySnapshotAttribute ", "snapshotId", "arn:$P:ec2:$R::snapshot/$V"},
    {"ec2", " ModifyImageAttribute DeregisterImage ", "imageId", "arn:$P:ec2:$R::image/$V"},
    {"ec2", " GetPasswordData GetConsoleOutput ", "instanceId", "arn:$P:ec2:$R:$A:instance/$V"},
    {"ec2",
     " AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress "
     "DeleteSecurityGroup ",
     "groupId", "arn:$P:ec2:$R:$A:security-group/$V"},
    {"cloudtrail",
     " StopLogging StartLogging DeleteTrail UpdateTrail PutEventSelectors GetTrail "
     "GetTrailStatus ",
     "name", "arn:$P:cloudtrail:$R:$A:trail/$V"},
    {"cloudtrail", " PutEventSelectors GetEventSelectors ", "trailName",
     "arn:$P:cloudtrail:$R:$A:trail/$V"},
    {"cloudformation",
     " CreateStack UpdateStack DeleteStack DescribeStacks DescribeStackEvents "
     "DescribeStackResources GetTemplate CreateChangeSet ",
     "stackName", "arn:$P:cloudformation:$R:$A:stack/$V/*"},
    {"sts", " AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity ", "roleArn", "$V"},
    {"codebuild", " StartBuild ", "projectName", "arn:$P:codebuild:$R:$A:project/$V"},
    {"guardduty",
     " GetDetector DeleteDetector UpdateDetector ListFindings GetFindings CreateIPSet ",
     "detectorId", "arn:$P:guardduty:$R:$A:detector/$V"},
    {"eks", " DescribeCluster DeleteCluster ", "name", "arn:$P:eks:$R:$A:cluster/$V"},
};

static bool is_named(const char *list, struct str name)
{
    struct str all = str_of(list);
    for (size_t at = 0; list && (at = str_find(all, name, at)) != SIZE_MAX; at++)
        if (all.p[at - 1] == ' ' && all.p[at + name.n] == ' ')
            return true;
    return !list;
}

static void put_arn(struct buf *b, const char *arn, const struct acted *at, struct str value)
{
    if (str_starts(value, S("arn:"))) {
        buf_put(b, value);
        return;
    }
    if (str_starts(value, S("/")) && strstr(arn, "/$V"))
        value = str_skip(value, 1);
    for (const char *p = arn; *p; p++) {
        if (*p != '$') {
            buf_putc(b, *p);
            continue;
        }
        p++;
        buf_put(b, *p == 'P'   ? at->partition
                   : *p == 'R' ? at->region
                   : *p == 'A' ? at->account
                               : value);
    }
}

/* ---- S3 ---- */

static bool is_of_object(struct str name)
{
    static const char objects[] =
        " GetObject PutObject DeleteObject RestoreObject AbortMultipartUpload "
        "ListMultipartUploadParts GetObjectVersion DeleteObjectVersion GetObjectAcl PutObjectAcl "
        "GetObjectTagging PutObjectTagging DeleteObjectTagging GetObjectAttributes "
        "GetObjectRetention PutObjectRetention GetObjectLegalHold PutObjectLegalHold "
        "GetObjectVersionAcl PutObjectVersionAcl GetObjectVersionTagging "
        "PutObjectVersionTagging DeleteObjectVersionTagging GetObjectVersionAttributes ";
    return is_named(objects, name);
}

static void put_s3(struct buf *b, struct str name, const struct acted *at)
{
    struct str bucket = asked(at, "bucketName"), key = asked(at, "key");
    if (!str_present(bucket) || str_eqz(name, "ListAllMyBuckets") ||
        str_find(name, S("AccountPublicAccessBlock"), 0) != SIZE_MAX)
        return;
    buf_putz(b, "arn:");
    buf_put(b, at->partition);
    buf_putz(b, ":s3:::");
    buf_put(b, bucket);
    if (!is_of_object(name))
        return;
    buf_putc(b, '/');
    buf_put(b, str_present(key) ? key : S("*"));
}

/* ---- the rest ---- */

/* The first ARN that the record itself names as a resource, of KMS: a key's or an alias's. */
static void put_kms(struct buf *b, const struct acted *at)
{
    struct str one;
    size_t next = 0;
    while (str_present(one = json_array_next(at->resources, &next))) {
        struct str arn = json_member_text(one, "ARN", at->memory);
        if (!str_present(arn) || str_find(arn, S(":key/"), 0) == SIZE_MAX)
            continue;
        buf_put(b, arn);
        return;
    }
}

/* https://sqs.eu-west-1.amazonaws.com/111122223333/orders */
static void put_queue(struct buf *b, const struct acted *at)
{
    struct str url = asked(at, "queueUrl");
    struct str name = STR_ABSENT, account = STR_ABSENT;
    while (str_present(url)) {
        account = name;
        name = str_cut(&url, '/');
    }
    if (!str_present(account) || account.n != 12)
        return;
    const struct acted there = {
        .partition = at->partition, .region = at->region, .account = account};
    put_arn(b, "arn:$P:sqs:$R:$A:$V", &there, name);
}

void action_resource_put(struct buf *b, struct str action, const struct acted *at)
{
    struct str name = action;
    struct str service = str_cut(&name, ':');
    if (str_eqz(service, "s3"))
        put_s3(b, name, at);
    else if (str_eqz(service, "kms") && !str_starts(name, S("List")) && !str_eqz(name, "CreateKey"))
        put_kms(b, at);
    else if (str_eqz(service, "sqs") && str_present(asked(at, "queueUrl")))
        put_queue(b, at);
    for (size_t i = 0; b->n == 0 && i < sizeof rows / sizeof *rows; i++) {
        if (!str_eqz(service, rows[i].service) || !is_named(rows[i].only, name))
            continue;
        struct str value = asked(at, rows[i].parameter);
        if (str_present(value))
            put_arn(b, rows[i].arn, at, value);
    }
}
