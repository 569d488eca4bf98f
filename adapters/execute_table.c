/* The allow list. Sources: the API references of each service, and for names of events those of
 * CloudTrail. What is not here is not executed. */
#include "adapters/execute.h"

#define IAM(action, rest) "Action=" action "&Version=2010-05-08" rest
#define EC2(action, rest) "Action=" action "&Version=2016-11-15&DryRun=true" rest
#define RDS(action, rest) "Action=" action "&Version=2014-10-31" rest
#define SES(action, rest) "Action=" action "&Version=2010-12-01" rest
#define TRAIL(action)     "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101." action
#define POLICY(name)      "&PolicyArn=arn%3A{partition}%3Aiam%3A%3Aaws%3Apolicy%2F" name
/* Everything is denied from the first moment: a boundary comes with the user or role itself. */
#define FENCED                                                                                     \
    "&PermissionsBoundary=arn%3A{partition}%3Aiam%3A%3Aaws%3Apolicy%2FAWSDenyAll"                  \
    "&Tags.member.1.Key=trailwarden-simulation&Tags.member.1.Value={name}"
/* {"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]} */
#define DENY_ALL                                                                                   \
    "&PolicyName=trailwarden-sim-deny&PolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22"    \
    "Statement%22%3A%5B%7B%22Effect%22%3A%22Deny%22%2C%22Action%22%3A%22%2A%22%2C%22Resource%22"   \
    "%3A%22%2A%22%7D%5D%7D"
/* {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":
 *   "ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]} */
#define TRUST                                                                                      \
    "&AssumeRolePolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B"     \
    "%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22ec2.amazonaws.com%22"    \
    "%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D"
/* Never any account's: the owner of a bucket has to be this account, else S3 refuses. */
#define NO_BUCKET "no harmless form: it would need a bucket with objects"
#define SETTINGS  "no harmless form: it would change the account's own settings"

#define FORM .method = "POST", .path = "/"

/* Rows of one shape: the event's name is the action's, its parameters behind. */
#define ROW(service, event, kind, endpoint, text)                                                  \
    {                                                                                              \
        service, event, kind, .to = endpoint, FORM, .body = text                                   \
    }
#define IAM_ROW(kind, event, rest) ROW("iam", event, kind, AWS_IAM, IAM(event, rest))
#define EC2_ROW(kind, event, rest) ROW("ec2", event, kind, AWS_EC2, EC2(event, rest))
#define RDS_ROW(kind, event, rest) ROW("rds", event, kind, AWS_RDS, RDS(event, rest))
#define SES_ROW(kind, event, rest) ROW("ses", event, kind, AWS_SES, SES(event, rest))
/* One that makes something. */
#define IAM_MAKES(thing, event, rest)                                                              \
    {                                                                                              \
        "iam", event, EXECUTE_MAKE, thing, .to = AWS_IAM, FORM, .body = IAM(event, rest)           \
    }

static const struct execute_step steps[] = {
    {"sts", "GetCallerIdentity", EXECUTE_READ, .to = AWS_STS, FORM,
     .body = "Action=GetCallerIdentity&Version=2011-06-15"},
    {"sts", "AssumeRole", EXECUTE_MISSING, .to = AWS_STS, FORM,
     .body = "Action=AssumeRole&Version=2011-06-15&RoleSessionName={name}"
             "&RoleArn=arn%3A{partition}%3Aiam%3A%3A{account}%3Arole%2F{name}-none"},
    {"sts", "AssumeRoleWithSAML", EXECUTE_NEVER,
     .why = "no harmless form: it would need an assertion of the account's identity provider"},
    {"sts", "AssumeRoleWithWebIdentity", EXECUTE_NEVER,
     .why = "no harmless form: it would need a token of the account's identity provider"},
    IAM_ROW(EXECUTE_READ, "ListUsers", ""),
    IAM_ROW(EXECUTE_READ, "ListRoles", ""),
    IAM_ROW(EXECUTE_READ, "ListAttachedUserPolicies", "&UserName={user}"),
    IAM_MAKES(THING_USER, "CreateUser", "&UserName={user}" FENCED),
    IAM_MAKES(THING_ROLE, "CreateRole", "&RoleName={role}" FENCED TRUST),
    IAM_MAKES(THING_KEY, "CreateAccessKey", "&UserName={user}"),
    IAM_MAKES(THING_LOGIN, "CreateLoginProfile",
              "&UserName={user}&Password={secret}"
              "&PasswordResetRequired=true"),
    IAM_MAKES(THING_USER_POLICY, "AttachUserPolicy",
              "&UserName={user}" POLICY("AdministratorAccess")),
    IAM_MAKES(THING_ROLE_POLICY, "AttachRolePolicy",
              "&RoleName={role}" POLICY("AdministratorAccess")),
    IAM_ROW(EXECUTE_MISSING, "AddRoleToInstanceProfile",
            "&RoleName={name}-none&InstanceProfileName={name}-none"),
    IAM_ROW(EXECUTE_MISSING, "DetachUserPolicy",
            "&UserName={name}-none" POLICY("AdministratorAccess")),
    IAM_ROW(EXECUTE_MISSING, "DeleteLoginProfile", "&UserName={name}-none"),
    IAM_ROW(EXECUTE_MISSING, "RemoveUserFromGroup", "&UserName={name}-none&GroupName={name}-none"),
    IAM_ROW(EXECUTE_MISSING, "UpdateAccessKey",
            "&UserName={name}-none&AccessKeyId=AKIAIOSFODNN7EXAMPLE&Status=Inactive"),
    {"ec2", "DescribeInstances", EXECUTE_READ, .to = AWS_EC2, FORM,
     .body = "Action=DescribeInstances&Version=2016-11-15&MaxResults=5"},
    {"ec2", "DescribeRegions", EXECUTE_READ, .to = AWS_EC2, FORM,
     .body = "Action=DescribeRegions&Version=2016-11-15"},
    EC2_ROW(EXECUTE_DRY_RUN, "RunInstances",
            "&ImageId=ami-00000000000000000&InstanceType=t3.micro&MinCount=1"
            "&MaxCount=1"),
    EC2_ROW(EXECUTE_DRY_RUN, "RequestSpotInstances",
            "&LaunchSpecification.ImageId=ami-00000000000000000"
            "&LaunchSpecification.InstanceType=t3.micro&InstanceCount=1"),
    EC2_ROW(EXECUTE_DRY_RUN, "CreateKeyPair", "&KeyName={name}"),
    EC2_ROW(EXECUTE_DRY_RUN, "AuthorizeSecurityGroupIngress",
            "&GroupId=sg-00000000000000000&IpPermissions.1.IpProtocol=tcp"
            "&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22"
            "&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0%2F0"),
    EC2_ROW(EXECUTE_DRY_RUN, "CreateSnapshot", "&VolumeId=vol-00000000000000000"),
    EC2_ROW(EXECUTE_DRY_RUN, "ModifySnapshotAttribute",
            "&SnapshotId=snap-00000000000000000&Attribute=createVolumePermission"
            "&OperationType=add&UserId.1={account}"),
    EC2_ROW(EXECUTE_DRY_RUN, "ModifyImageAttribute",
            "&ImageId=ami-00000000000000000&Attribute=launchPermission&OperationType=add"
            "&UserId.1={account}"),
    EC2_ROW(EXECUTE_DRY_RUN, "ModifyInstanceAttribute",
            "&InstanceId=i-00000000000000000&DisableApiTermination.Value=true"),
    {"cloudtrail", "DescribeTrails", EXECUTE_READ, .to = AWS_CLOUDTRAIL, FORM,
     .target = TRAIL("DescribeTrails"), .body = "{}"},
    {"cloudtrail", "StopLogging", EXECUTE_MISSING, .to = AWS_CLOUDTRAIL, FORM,
     .target = TRAIL("StopLogging"), .body = "{\"Name\":\"{name}-none\"}"},
    {"lambda", "ListFunctions20150331", EXECUTE_READ, .to = AWS_LAMBDA, .method = "GET",
     .path = "/2015-03-31/functions/", .query = "MaxItems=50"},
    {"lambda", "GetFunction20150331v2", EXECUTE_MISSING, .to = AWS_LAMBDA, .method = "GET",
     .path = "/2015-03-31/functions/{name}-none"},
    RDS_ROW(EXECUTE_READ, "DescribeDBInstances", ""),
    RDS_ROW(EXECUTE_READ, "DescribeDBSnapshots", ""),
    RDS_ROW(EXECUTE_MISSING, "CreateDBSnapshot",
            "&DBInstanceIdentifier={name}-none&DBSnapshotIdentifier={name}-none"),
    RDS_ROW(EXECUTE_MISSING, "ModifyDBSnapshotAttribute",
            "&DBSnapshotIdentifier={name}-none&AttributeName=restore&ValuesToAdd.member.1="
            "{account}"),
    RDS_ROW(EXECUTE_MISSING, "ModifyDBInstance",
            "&DBInstanceIdentifier={name}-none&DeletionProtection=false"),
    RDS_ROW(EXECUTE_MISSING, "DeleteDBInstance",
            "&DBInstanceIdentifier={name}-none&SkipFinalSnapshot=true"),
    {"s3", "ListBuckets", EXECUTE_READ, .to = AWS_S3, .method = "GET", .path = "/"},
    SES_ROW(EXECUTE_READ, "GetSendQuota", ""),
    SES_ROW(EXECUTE_READ, "ListIdentities", ""),
    {"ses", "GetAccount", EXECUTE_READ, .to = AWS_SES, .method = "GET",
     .path = "/v2/email/account"},
    {"ses", "PutAccountDetails", .why = SETTINGS},
    {"ses", "UpdateAccountSendingEnabled", .why = SETTINGS},
    {"ses", "VerifyEmailIdentity", .why = "no harmless form: it sends a mail"},
    {"servicequotas", "ListServiceQuotas", EXECUTE_READ, .to = AWS_SERVICEQUOTAS, FORM,
     .target = "ServiceQuotasV20190624.ListServiceQuotas", .body = "{\"ServiceCode\":\"ec2\"}"},
    {"servicequotas", "RequestServiceQuotaIncrease",
     .why = "no harmless form: people at AWS would answer it"},
    {"signin", "ConsoleLogin", .why = "a browser's doing, no API's"},
    {"s3", "GetObject", .why = NO_BUCKET},
    {"s3", "PutObject", .why = NO_BUCKET},
    {"s3", "CopyObject", .why = NO_BUCKET},
    {"s3", "DeleteObjects", .why = NO_BUCKET},
    {"s3", "GetBucketVersioning", .why = NO_BUCKET},
    {"s3", "GetBucketObjectLockConfiguration", .why = NO_BUCKET},
    {"s3", "PutBucketVersioning", .why = NO_BUCKET},
    {"s3", "PutBucketLifecycle", .why = NO_BUCKET},
    {"s3", "PutBucketPolicy", .why = NO_BUCKET},
};

static const struct execute_step unknown = {"", "",
                                            .why = "it is not on the list of harmless calls"};

const struct execute_step *execute_find(struct str service, struct str event)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (str_eqz(service, steps[i].service) && str_eqz(event, steps[i].event))
            return &steps[i];
    return &unknown;
}

static const struct execute_step deny_user =
    IAM_MAKES(THING_USER_DENIED, "PutUserPolicy", "&UserName={user}" DENY_ALL);
static const struct execute_step deny_role =
    IAM_MAKES(THING_ROLE_DENIED, "PutRolePolicy", "&RoleName={role}" DENY_ALL);

const struct execute_step *execute_deny(enum execute_thing thing)
{
    return thing == THING_USER ? &deny_user : thing == THING_ROLE ? &deny_role : NULL;
}

#define UNDO(action, rest) IAM_ROW(EXECUTE_MAKE, action, rest)
static const struct execute_step undo[EXECUTE_THINGS] = {
    [THING_USER] = UNDO("DeleteUser", "&UserName={user}"),
    [THING_USER_DENIED] = UNDO("DeleteUserPolicy", "&UserName={user}&PolicyName="
                                                   "trailwarden-sim-deny"),
    [THING_USER_POLICY] =
        UNDO("DetachUserPolicy", "&UserName={user}" POLICY("AdministratorAccess")),
    [THING_KEY] = UNDO("DeleteAccessKey", "&UserName={user}&AccessKeyId={key}"),
    [THING_LOGIN] = UNDO("DeleteLoginProfile", "&UserName={user}"),
    [THING_ROLE] = UNDO("DeleteRole", "&RoleName={role}"),
    [THING_ROLE_DENIED] = UNDO("DeleteRolePolicy", "&RoleName={role}&PolicyName="
                                                   "trailwarden-sim-deny"),
    [THING_ROLE_POLICY] =
        UNDO("DetachRolePolicy", "&RoleName={role}" POLICY("AdministratorAccess")),
    /* A key's id is not known before it is made: his keys are listed first. */
    [THING_NONE] = UNDO("ListAccessKeys", "&UserName={user}"),
};

const struct execute_step *execute_undo(enum execute_thing thing)
{
    return &undo[thing];
}
