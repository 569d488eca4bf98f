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
    {"iam", "ListUsers", EXECUTE_READ, .to = AWS_IAM, FORM, .body = IAM("ListUsers", "")},
    {"iam", "ListRoles", EXECUTE_READ, .to = AWS_IAM, FORM, .body = IAM("ListRoles", "")},
    {"iam", "ListAttachedUserPolicies", EXECUTE_READ, .to = AWS_IAM, FORM,
     .body = IAM("ListAttachedUserPolicies", "&UserName={user}")},
    {"iam", "CreateUser", EXECUTE_MAKE, THING_USER, .to = AWS_IAM, FORM,
     .body = IAM("CreateUser", "&UserName={user}" FENCED)},
    {"iam", "CreateRole", EXECUTE_MAKE, THING_ROLE, .to = AWS_IAM, FORM,
     .body = IAM("CreateRole", "&RoleName={role}" FENCED TRUST)},
    {"iam", "CreateAccessKey", EXECUTE_MAKE, THING_KEY, .to = AWS_IAM, FORM,
     .body = IAM("CreateAccessKey", "&UserName={user}")},
    {"iam", "CreateLoginProfile", EXECUTE_MAKE, THING_LOGIN, .to = AWS_IAM, FORM,
     .body = IAM("CreateLoginProfile", "&UserName={user}&Password={secret}"
                                       "&PasswordResetRequired=true")},
    {"iam", "AttachUserPolicy", EXECUTE_MAKE, THING_USER_POLICY, .to = AWS_IAM, FORM,
     .body = IAM("AttachUserPolicy", "&UserName={user}" POLICY("AdministratorAccess"))},
    {"iam", "AttachRolePolicy", EXECUTE_MAKE, THING_ROLE_POLICY, .to = AWS_IAM, FORM,
     .body = IAM("AttachRolePolicy", "&RoleName={role}" POLICY("AdministratorAccess"))},
    {"iam", "AddRoleToInstanceProfile", EXECUTE_MISSING, .to = AWS_IAM, FORM,
     .body =
         IAM("AddRoleToInstanceProfile", "&RoleName={name}-none&InstanceProfileName={name}-none")},
    {"iam", "DetachUserPolicy", EXECUTE_MISSING, .to = AWS_IAM, FORM,
     .body = IAM("DetachUserPolicy", "&UserName={name}-none" POLICY("AdministratorAccess"))},
    {"iam", "DeleteLoginProfile", EXECUTE_MISSING, .to = AWS_IAM, FORM,
     .body = IAM("DeleteLoginProfile", "&UserName={name}-none")},
    {"iam", "RemoveUserFromGroup", EXECUTE_MISSING, .to = AWS_IAM, FORM,
     .body = IAM("RemoveUserFromGroup", "&UserName={name}-none&GroupName={name}-none")},
    {"iam", "UpdateAccessKey", EXECUTE_MISSING, .to = AWS_IAM, FORM,
     .body = IAM("UpdateAccessKey",
                 "&UserName={name}-none&AccessKeyId=AKIAIOSFODNN7EXAMPLE&Status=Inactive")},
    {"ec2", "DescribeInstances", EXECUTE_READ, .to = AWS_EC2, FORM,
     .body = "Action=DescribeInstances&Version=2016-11-15&MaxResults=5"},
    {"ec2", "DescribeRegions", EXECUTE_READ, .to = AWS_EC2, FORM,
     .body = "Action=DescribeRegions&Version=2016-11-15"},
    {"ec2", "RunInstances", EXECUTE_DRY_RUN, .to = AWS_EC2, FORM,
     .body = EC2("RunInstances", "&ImageId=ami-00000000000000000&InstanceType=t3.micro&MinCount=1"
                                 "&MaxCount=1")},
    {"ec2", "RequestSpotInstances", EXECUTE_DRY_RUN, .to = AWS_EC2, FORM,
     .body =
         EC2("RequestSpotInstances", "&LaunchSpecification.ImageId=ami-00000000000000000"
                                     "&LaunchSpecification.InstanceType=t3.micro&InstanceCount=1")},
    {"ec2", "CreateKeyPair", EXECUTE_DRY_RUN, .to = AWS_EC2, FORM,
     .body = EC2("CreateKeyPair", "&KeyName={name}")},
    {"ec2", "AuthorizeSecurityGroupIngress", EXECUTE_DRY_RUN, .to = AWS_EC2, FORM,
     .body = EC2("AuthorizeSecurityGroupIngress",
                 "&GroupId=sg-00000000000000000&IpPermissions.1.IpProtocol=tcp"
                 "&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22"
                 "&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0%2F0")},
    {"ec2", "CreateSnapshot", EXECUTE_DRY_RUN, .to = AWS_EC2, FORM,
     .body = EC2("CreateSnapshot", "&VolumeId=vol-00000000000000000")},
    {"ec2", "ModifySnapshotAttribute", EXECUTE_DRY_RUN, .to = AWS_EC2, FORM,
     .body = EC2("ModifySnapshotAttribute",
                 "&SnapshotId=snap-00000000000000000&Attribute=createVolumePermission"
                 "&OperationType=add&UserId.1={account}")},
    {"ec2", "ModifyImageAttribute", EXECUTE_DRY_RUN, .to = AWS_EC2, FORM,
     .body = EC2("ModifyImageAttribute",
                 "&ImageId=ami-00000000000000000&Attribute=launchPermission&OperationType=add"
                 "&UserId.1={account}")},
    {"ec2", "ModifyInstanceAttribute", EXECUTE_DRY_RUN, .to = AWS_EC2, FORM,
     .body = EC2("ModifyInstanceAttribute",
                 "&InstanceId=i-00000000000000000&DisableApiTermination.Value=true")},
    {"cloudtrail", "DescribeTrails", EXECUTE_READ, .to = AWS_CLOUDTRAIL, FORM,
     .target = TRAIL("DescribeTrails"), .body = "{}"},
    {"cloudtrail", "StopLogging", EXECUTE_MISSING, .to = AWS_CLOUDTRAIL, FORM,
     .target = TRAIL("StopLogging"), .body = "{\"Name\":\"{name}-none\"}"},
    {"lambda", "ListFunctions20150331", EXECUTE_READ, .to = AWS_LAMBDA, .method = "GET",
     .path = "/2015-03-31/functions/", .query = "MaxItems=50"},
    {"lambda", "GetFunction20150331v2", EXECUTE_MISSING, .to = AWS_LAMBDA, .method = "GET",
     .path = "/2015-03-31/functions/{name}-none"},
    {"rds", "DescribeDBInstances", EXECUTE_READ, .to = AWS_RDS, FORM,
     .body = RDS("DescribeDBInstances", "")},
    {"rds", "DescribeDBSnapshots", EXECUTE_READ, .to = AWS_RDS, FORM,
     .body = RDS("DescribeDBSnapshots", "")},
    {"rds", "CreateDBSnapshot", EXECUTE_MISSING, .to = AWS_RDS, FORM,
     .body = RDS("CreateDBSnapshot",
                 "&DBInstanceIdentifier={name}-none&DBSnapshotIdentifier={name}-none")},
    {"rds", "ModifyDBSnapshotAttribute", EXECUTE_MISSING, .to = AWS_RDS, FORM,
     .body = RDS("ModifyDBSnapshotAttribute",
                 "&DBSnapshotIdentifier={name}-none&AttributeName=restore&ValuesToAdd.member.1="
                 "{account}")},
    {"rds", "ModifyDBInstance", EXECUTE_MISSING, .to = AWS_RDS, FORM,
     .body = RDS("ModifyDBInstance", "&DBInstanceIdentifier={name}-none&DeletionProtection=false")},
    {"rds", "DeleteDBInstance", EXECUTE_MISSING, .to = AWS_RDS, FORM,
     .body = RDS("DeleteDBInstance", "&DBInstanceIdentifier={name}-none&SkipFinalSnapshot=true")},
    {"s3", "ListBuckets", EXECUTE_READ, .to = AWS_S3, .method = "GET", .path = "/"},
    {"ses", "GetSendQuota", EXECUTE_READ, .to = AWS_SES, FORM, .body = SES("GetSendQuota", "")},
    {"ses", "ListIdentities", EXECUTE_READ, .to = AWS_SES, FORM, .body = SES("ListIdentities", "")},
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

static const struct execute_step deny_user = {
    "iam",
    "PutUserPolicy",
    EXECUTE_MAKE,
    THING_USER_DENIED,
    .to = AWS_IAM,
    FORM,
    .body = IAM("PutUserPolicy", "&UserName={user}" DENY_ALL)};
static const struct execute_step deny_role = {
    "iam",
    "PutRolePolicy",
    EXECUTE_MAKE,
    THING_ROLE_DENIED,
    .to = AWS_IAM,
    FORM,
    .body = IAM("PutRolePolicy", "&RoleName={role}" DENY_ALL)};

const struct execute_step *execute_deny(enum execute_thing thing)
{
    return thing == THING_USER ? &deny_user : thing == THING_ROLE ? &deny_role : NULL;
}

#define UNDO(action, rest)                                                                         \
    {                                                                                              \
        "iam", action, EXECUTE_MAKE, .to = AWS_IAM, FORM, .body = IAM(action, rest)                \
    }
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
