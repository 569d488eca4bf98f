/* Techniques and what prevents them on AWS. */
#include "respond/prevention.h"

#include <stddef.h>
#include <stdint.h>

/* The sentences are ours, after AWS's user guides for IAM, Organizations and the services named. */
static const struct prevention {
    const char *technique;
    const char *sentence;
} preventions[] = {
    {"T1005", "Keep data off instances that do not need it; encrypt what stays there."},
    {"T1020", "Deny transfers to accounts outside the organisation with a service control policy "
              "and VPC endpoint policies."},
    {"T1021.004", "Close port 22 to the internet; use Session Manager with logged sessions."},
    {"T1021.007", "Ask for MFA in the trust policy of each role that people assume."},
    {"T1021",
     "Reach machines through Session Manager only, and close their ports to the internet."},
    {"T1036", "Tag what deployments make, and alert on what has no tag."},
    {"T1040", "Deny ec2:CreateTrafficMirrorSession but to the network team."},
    {"T1048", "Allow outgoing traffic by list: a proxy, or security groups without 0.0.0.0/0."},
    {"T1052", "Deny the Snow family's actions with a service control policy."},
    {"T1053", "Deny making schedules with roles to all but the deployment role."},
    {"T1059", "Give ssm:SendCommand and ssm:StartSession only for tagged instances, with MFA."},
    {"T1069.003", "Let iam:List* and iam:Get* only be called by those who administer IAM."},
    {"T1070", "Deliver the trail into an account of its own; deny deletion with Object Lock."},
    {"T1074.002", "Block public access of S3 account-wide; restrict PutBucketPolicy."},
    {"T1078.004", "Replace long-lived keys by roles; ask for MFA; limit keys to known networks "
                  "(aws:SourceIp, aws:SourceVpce)."},
    {"T1087.004", "Let iam:List* and organizations:List* only be called by those who need them."},
    {"T1090", "Allow instances only what outgoing traffic their work needs."},
    {"T1098.001", "Deny iam:CreateAccessKey and CreateLoginProfile with a service control policy "
                  "but for the break-glass role."},
    {"T1098.003", "Give every user and role a permissions boundary, and deny changing it."},
    {"T1098.004", "Deny ec2-instance-connect:SendSSHPublicKey but for tagged instances."},
    {"T1098", "Let only the deployment role change users, roles and policies."},
    {"T1102", "Allow outgoing traffic by list."},
    {"T1110", "Require MFA for the console, and sign people in through an identity provider."},
    {"T1114", "Deny changes to mail receipt rules but for those who run the mail."},
    {"T1119", "Limit s3:GetObject and rds:CreateDBSnapshot to the applications' own roles."},
    {"T1133", "Deny security group rules from 0.0.0.0/0 with a service control policy or a Config "
              "rule."},
    {"T1136.003", "Deny iam:CreateUser with a service control policy: people come through "
                  "Identity Center."},
    {"T1195", "Pin what a build takes by digest, and scan images before they run."},
    {"T1199", "Ask for an external id in trust policies of other accounts, and list them by Access "
              "Analyzer."},
    {"T1213", "Give read access to repositories and data stores by role, not by account."},
    {"T1484", "Keep the organisation's management account for administering it, with MFA."},
    {"T1485", "Versioning and Object Lock on buckets; deletion protection on databases and keys; "
              "copies in another account."},
    {"T1486", "Object Lock and copies in another account; deny SSE-C with a bucket policy."},
    {"T1489", "Deny stopping what production runs to all but the deployment role."},
    {"T1490", "Vault Lock on AWS Backup; copies of snapshots in another account."},
    {"T1491", "Deny public writing into buckets that serve web sites."},
    {"T1496.001", "Quotas and a service control policy for instance types and regions; a budget "
                  "with an action."},
    {"T1496.004", "Keep SES in its sandbox where nobody sends mail; deny ses:* otherwise."},
    {"T1496", "A budget with an action; quotas for what is not used set to zero."},
    {"T1518", "Let security services be read by the security team only."},
    {"T1525", "Make image tags immutable, and let only the build push."},
    {"T1526", "Give reading by service, not ReadOnlyAccess; alert on many refused calls."},
    {"T1528", "Require IMDSv2 with a hop limit of 1, and short sessions."},
    {"T1530", "Block public access; ask for the VPC endpoint (aws:SourceVpce) in bucket policies."},
    {"T1531", "Deny deleting users, keys and login profiles but to break-glass."},
    {"T1535", "Deny regions that nobody uses with a service control policy."},
    {"T1537", "Deny sharing snapshots and images outside the organisation; block public sharing "
              "(EBS, AMI) account-wide."},
    {"T1538", "Let the console be used through Identity Center only, with MFA."},
    {"T1546", "Let only the deployment role change functions and their triggers."},
    {"T1548.005", "Limit iam:PassRole and sts:AssumeRole to the roles that are needed; give "
                  "everybody a permissions boundary."},
    {"T1550.001", "Limit sessions to known networks (aws:SourceIp); keep them short."},
    {"T1552.005", "Require IMDSv2 (HttpTokens: required) with a service control policy."},
    {"T1552", "Keep secrets in Secrets Manager, not in user data, environments or repositories."},
    {"T1555.006", "Give GetSecretValue for each secret to the role that needs it, and ask for its "
                  "VPC endpoint."},
    {"T1556", "Deny deactivating MFA devices but by their owners with MFA."},
    {"T1562.001",
     "Deny changes to GuardDuty, Config and Security Hub with a service control policy."},
    {"T1562.007", "Let only the network team change security groups and network ACLs."},
    {"T1562.008",
     "Organisation trail, into an account of its own; deny StopLogging, DeleteTrail and "
     "UpdateTrail with a service control policy."},
    {"T1562", "Deny changes to what watches the account with a service control policy."},
    {"T1565", "Deny changes to DNS zones and records but by the deployment role."},
    {"T1566", "Verify senders (DMARC), and deny making mail identities."},
    {"T1567", "Deny uploads to buckets outside the organisation (aws:ResourceOrgID)."},
    {"T1572", "Limit session documents of Session Manager; deny port forwarding."},
    {"T1578", "Let only the deployment role make, copy and share snapshots and instances."},
    {"T1580", "Give reading by service; alert on many different Describe calls in a short time."},
    {"T1599", "Let only the network team change routes and peerings."},
    {"T1606", "Limit who may call GetFederationToken and change identity providers."},
    {"T1609", "Turn ECS Exec off but for those who need it, and log it."},
    {"T1610", "Let only the deployment role run tasks, and only images of your registry."},
    {"T1613", "Keep the cluster's endpoint private."},
    {"T1619", "Give s3:ListBucket for each bucket to the role that needs it."},
    {"T1648", "Let only the deployment role make and change functions; limit iam:PassRole."},
    {"T1651", "Give ssm:SendCommand for tagged instances only."},
    {"T1654", "Let logs be read by the security team only."},
    {"T1657", "Watch the budget; ask for MFA for billing."},
    {"T1666", "Deny leaving the organisation and moving accounts with a service control policy."},
};

static struct str sentence_of(struct str technique)
{
    for (size_t k = 0; k < sizeof preventions / sizeof *preventions; k++)
        if (str_eqz(technique, preventions[k].technique))
            return str_of(preventions[k].sentence);
    return STR_ABSENT;
}

struct str prevention_of(struct str technique)
{
    struct str found = sentence_of(technique);
    size_t dot = technique.n ? str_find_byte(technique, '.', 0) : SIZE_MAX;
    return str_present(found) || dot == SIZE_MAX ? found : sentence_of(str_n(technique.p, dot));
}
