/* The tables. Sources: the service models that AWS publishes (iam 2010-05-08, sts 2011-06-15, ec2
 * 2016-11-15, rolesanywhere 2018-05-10, secretsmanager 2017-10-17). */
#include "adapters/iam_table.h"

#include <stddef.h>

#define NAME_LETTERS "_+=,.@-"

/* Lengths and letters: the types of the request parameters in the API references. */
const struct iam_form_row iam_forms[IAM_FORMS] = {
    [A_USER] = {"name of a user", offsetof(struct iam_call, name), 1, 64, NAME_LETTERS},
    [A_ROLE] = {"name of a role", offsetof(struct iam_call, name), 1, 64, NAME_LETTERS},
    [A_GROUP] = {"name of a group", offsetof(struct iam_call, policy), 1, 128, NAME_LETTERS},
    [A_POLICY_NAME] = {"name of a policy", offsetof(struct iam_call, policy), 1, 128, NAME_LETTERS},
    [A_POLICY_ARN] = {"ARN", offsetof(struct iam_call, policy), 20, 2048, NAME_LETTERS ":/"},
    [A_PROFILE_NAME] = {"name of an instance profile", offsetof(struct iam_call, policy), 1, 128,
                        NAME_LETTERS},
    [A_DOCUMENT] = {"policy", offsetof(struct iam_call, document), 1, IAM_DOCUMENT_MAX, NULL},
    [A_KEY] = {"access key id", offsetof(struct iam_call, id), 16, 128, "_"},
    [A_SERIAL] = {"serial number", offsetof(struct iam_call, id), 9, 256, NAME_LETTERS ":/"},
    [A_CREDENTIAL] = {"id of a credential", offsetof(struct iam_call, id), 20, 128, "_"},
    [A_UUID] = {"id of Roles Anywhere", offsetof(struct iam_call, id), 36, 36, "-"},
    [A_TAG] = {"key of a tag", offsetof(struct iam_call, tag), 1, 128, NULL},
    [A_TAG_VALUE] = {"value of a tag", offsetof(struct iam_call, value), 0, 256, NULL},
    [A_PASSWORD] = {"password", offsetof(struct iam_call, secret), 1, 128, NULL},
    [A_INSTANCE] = {"id of an instance", offsetof(struct iam_call, id), 10, 64, "-"},
    [A_ASSOCIATION] = {"id of an association", offsetof(struct iam_call, id), 10, 64, "-"},
    [A_SECRET_NAME] = {"name of a secret", offsetof(struct iam_call, name), 1, 512, "/_+=.@-"},
    [A_TOKEN] = {"token", offsetof(struct iam_call, id), 32, 64, "-"},
    [A_SECRET] = {"secret", offsetof(struct iam_call, secret), 1, 65536, NULL},
    [A_STATUS] = {"status", offsetof(struct iam_call, active), 0, 0, NULL},
    [A_FLAG] = {"flag", offsetof(struct iam_call, active), 0, 0, NULL},
};

/* <GetCallerIdentityResult><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn>
 *   <UserId>AROAEXAMPLE:s</UserId><Account>111122223333</Account></GetCallerIdentityResult> */
static const struct iam_reader caller = {
    .fields = {{"GetCallerIdentityResult", "Arn", TO_ARN, true},
               {"GetCallerIdentityResult", "UserId", TO_ID, true},
               {"GetCallerIdentityResult", "Account", TO_ACCOUNT, true}}};

/* <User><Path>/team/</Path><UserName>ann</UserName><UserId>AIDAEXAMPLE</UserId><Arn>..</Arn>
 *   <PermissionsBoundary><PermissionsBoundaryArn>..</PermissionsBoundaryArn>..</PermissionsBoundary>
 *   <Tags><member><Key>team</Key><Value>blue</Value></member></Tags></User> */
static const struct iam_reader user = {
    .list = "Tags",
    .item = "member",
    .fields = {{"User", "UserName", TO_NAME, true},
               {"User", "UserId", TO_ID, true},
               {"User", "Path", TO_PATH, true},
               {"User", "Arn", TO_ARN, true},
               {"PermissionsBoundary", "PermissionsBoundaryArn", TO_BOUNDARY, false},
               {"member", "Key", TO_ITEM_NAME, false},
               {"member", "Value", TO_ITEM_VALUE, false}}};

/* The same in <Role>, and <AssumeRolePolicyDocument>%7B%22Version%22..</AssumeRolePolicyDocument>
 */
static const struct iam_reader role = {
    .list = "Tags",
    .item = "member",
    .fields = {{"Role", "RoleName", TO_NAME, true},
               {"Role", "RoleId", TO_ID, true},
               {"Role", "Path", TO_PATH, true},
               {"Role", "Arn", TO_ARN, true},
               {"Role", "AssumeRolePolicyDocument", TO_TRUST, true},
               {"PermissionsBoundary", "PermissionsBoundaryArn", TO_BOUNDARY, false},
               {"member", "Key", TO_ITEM_NAME, false},
               {"member", "Value", TO_ITEM_VALUE, false}}};

/* <AttachedPolicies><member><PolicyName>..</PolicyName><PolicyArn>..</PolicyArn></member>.. */
static const struct iam_reader attached = {.list = "AttachedPolicies",
                                           .item = "member",
                                           .list_must = true,
                                           .fields = {{"member", "PolicyName", TO_ITEM_NAME, false},
                                                      {"member", "PolicyArn", TO_ITEM_ID, false}}};

/* <PolicyNames><member>..</member></PolicyNames> */
static const struct iam_reader names = {.list = "PolicyNames",
                                        .item = "member",
                                        .list_must = true,
                                        .fields = {{"PolicyNames", "member", TO_ITEM_NAME, false}}};

/* <PolicyName>..</PolicyName><PolicyDocument>%7B..</PolicyDocument> */
static const struct iam_reader user_policy = {
    .fields = {{"GetUserPolicyResult", "PolicyDocument", TO_DOCUMENT, true}}};
static const struct iam_reader role_policy = {
    .fields = {{"GetRolePolicyResult", "PolicyDocument", TO_DOCUMENT, true}}};

/* <AccessKeyMetadata><member><AccessKeyId>AKIA..</AccessKeyId><Status>Active</Status>.. */
static const struct iam_reader keys = {.list = "AccessKeyMetadata",
                                       .item = "member",
                                       .list_must = true,
                                       .fields = {{"member", "AccessKeyId", TO_ITEM_ID, false},
                                                  {"member", "Status", TO_ITEM_ACTIVE, false}}};

static const struct iam_reader last_used = {
    .fields = {{"GetAccessKeyLastUsedResult", "UserName", TO_NAME, true}}};

static const struct iam_reader login = {
    .fields = {{"LoginProfile", "UserName", TO_NAME, true},
               {"LoginProfile", "PasswordResetRequired", TO_ACTIVE, false}}};

static const struct iam_reader groups = {.list = "Groups",
                                         .item = "member",
                                         .list_must = true,
                                         .fields = {{"member", "GroupName", TO_ITEM_NAME, false}}};

static const struct iam_reader mfa = {.list = "MFADevices",
                                      .item = "member",
                                      .list_must = true,
                                      .fields = {{"member", "SerialNumber", TO_ITEM_ID, false}}};

static const struct iam_reader certificates = {
    .list = "Certificates",
    .item = "member",
    .list_must = true,
    .fields = {{"member", "CertificateId", TO_ITEM_ID, false},
               {"member", "Status", TO_ITEM_ACTIVE, false}}};

static const struct iam_reader ssh_keys = {
    .list = "SSHPublicKeys",
    .item = "member",
    .list_must = true,
    .fields = {{"member", "SSHPublicKeyId", TO_ITEM_ID, false},
               {"member", "Status", TO_ITEM_ACTIVE, false}}};

static const struct iam_reader specific = {
    .list = "ServiceSpecificCredentials",
    .item = "member",
    .list_must = true,
    .fields = {{"member", "ServiceSpecificCredentialId", TO_ITEM_ID, false},
               {"member", "ServiceName", TO_ITEM_NAME, false},
               {"member", "Status", TO_ITEM_ACTIVE, false}}};

/* <AccessKey><AccessKeyId>AKIA..</AccessKeyId><SecretAccessKey>..</SecretAccessKey>.. */
static const struct iam_reader new_key = {
    .fields = {{"AccessKey", "AccessKeyId", TO_ID, true},
               {"AccessKey", "SecretAccessKey", TO_SECRET, true}}};

/* <iamInstanceProfileAssociationSet><item><associationId>iip-assoc-0a1b</associationId>
 *   <instanceId>i-0a1b</instanceId><iamInstanceProfile><arn>..</arn>..</iamInstanceProfile>
 *   <state>associated</state></item></iamInstanceProfileAssociationSet> */
static const struct iam_reader associations = {
    .list = "iamInstanceProfileAssociationSet",
    .item = "item",
    .list_must = true,
    .fields = {{"item", "associationId", TO_ITEM_ID, false},
               {"item", "instanceId", TO_ITEM_NAME, false},
               {"iamInstanceProfile", "arn", TO_ITEM_VALUE, false},
               {"item", "state", TO_ITEM_ACTIVE, false}}};

/* <InstanceProfile><Roles><member><RoleName>web</RoleName><RoleId>AROA..</RoleId>..</member></Roles>
 *   <InstanceProfileName>..</InstanceProfileName>..</InstanceProfile> */
static const struct iam_reader instance_profile = {
    .list = "Roles",
    .item = "member",
    .list_must = true,
    .fields = {{"member", "RoleName", TO_ITEM_NAME, false},
               {"member", "RoleId", TO_ITEM_ID, false}}};

/* <iamInstanceProfileAssociation><associationId>..</associationId>.. */
static const struct iam_reader association = {
    .fields = {{"iamInstanceProfileAssociation", "associationId", TO_ID, true}}};

/* {"trustAnchor":{"trustAnchorId":"..","trustAnchorArn":"..","name":"..","enabled":true,..}} */
static const struct iam_reader anchor = {
    .fields = {{"trustAnchor", "trustAnchorId", TO_ID, true},
               {"trustAnchor", "trustAnchorArn", TO_ARN, false},
               {"trustAnchor", "name", TO_NAME, false},
               {"trustAnchor", "enabled", TO_ACTIVE, true}}};

/* {"profile":{"profileId":"..","profileArn":"..","name":"..","enabled":true,"roleArns":["..",..]}}
 */
static const struct iam_reader profile = {.fields = {{"profile", "profileId", TO_ID, true},
                                                     {"profile", "profileArn", TO_ARN, false},
                                                     {"profile", "name", TO_NAME, false},
                                                     {"profile", "enabled", TO_ACTIVE, true},
                                                     {"profile", "roleArns", TO_ITEM_ID, false}}};

/* {"ARN":"arn:aws:secretsmanager:..","Name":"..","VersionId":".."} */
static const struct iam_reader secret = {.fields = {{NULL, "ARN", TO_ARN, true}}};

/* IAM_ASSUME_ROLE has no row: nobody's call, it is made on the way (aws/assumed.h). */
const struct iam_wire iam_wires[IAM_ACTIONS] = {
    [IAM_GET_CALLER_IDENTITY] = {.service = AWS_STS, .reader = &caller},
    [IAM_GET_USER] = {.service = AWS_IAM, .params = {{"UserName", A_USER}}, .reader = &user},
    [IAM_GET_ROLE] = {.service = AWS_IAM, .params = {{"RoleName", A_ROLE}}, .reader = &role},
    [IAM_LIST_ATTACHED_USER_POLICIES] = {.service = AWS_IAM,
                                         .params = {{"UserName", A_USER}},
                                         .reader = &attached,
                                         .marker = "Marker",
                                         .marker_param = "Marker"},
    [IAM_LIST_ATTACHED_ROLE_POLICIES] = {.service = AWS_IAM,
                                         .params = {{"RoleName", A_ROLE}},
                                         .reader = &attached,
                                         .marker = "Marker",
                                         .marker_param = "Marker"},
    [IAM_LIST_USER_POLICIES] = {.service = AWS_IAM,
                                .params = {{"UserName", A_USER}},
                                .reader = &names,
                                .marker = "Marker",
                                .marker_param = "Marker"},
    [IAM_LIST_ROLE_POLICIES] = {.service = AWS_IAM,
                                .params = {{"RoleName", A_ROLE}},
                                .reader = &names,
                                .marker = "Marker",
                                .marker_param = "Marker"},
    [IAM_GET_USER_POLICY] = {.service = AWS_IAM,
                             .params = {{"UserName", A_USER}, {"PolicyName", A_POLICY_NAME}},
                             .reader = &user_policy},
    [IAM_GET_ROLE_POLICY] = {.service = AWS_IAM,
                             .params = {{"RoleName", A_ROLE}, {"PolicyName", A_POLICY_NAME}},
                             .reader = &role_policy},
    [IAM_LIST_ACCESS_KEYS] = {.service = AWS_IAM,
                              .params = {{"UserName", A_USER}},
                              .reader = &keys,
                              .marker = "Marker",
                              .marker_param = "Marker"},
    [IAM_GET_ACCESS_KEY_LAST_USED] = {.service = AWS_IAM,
                                      .params = {{"AccessKeyId", A_KEY}},
                                      .reader = &last_used},
    [IAM_GET_LOGIN_PROFILE] = {.service = AWS_IAM,
                               .params = {{"UserName", A_USER}},
                               .reader = &login},
    [IAM_LIST_GROUPS_FOR_USER] = {.service = AWS_IAM,
                                  .params = {{"UserName", A_USER}},
                                  .reader = &groups,
                                  .marker = "Marker",
                                  .marker_param = "Marker"},
    [IAM_LIST_MFA_DEVICES] = {.service = AWS_IAM,
                              .params = {{"UserName", A_USER}},
                              .reader = &mfa,
                              .marker = "Marker",
                              .marker_param = "Marker"},
    [IAM_LIST_SIGNING_CERTIFICATES] = {.service = AWS_IAM,
                                       .params = {{"UserName", A_USER}},
                                       .reader = &certificates,
                                       .marker = "Marker",
                                       .marker_param = "Marker"},
    [IAM_LIST_SSH_PUBLIC_KEYS] = {.service = AWS_IAM,
                                  .params = {{"UserName", A_USER}},
                                  .reader = &ssh_keys,
                                  .marker = "Marker",
                                  .marker_param = "Marker"},
    [IAM_LIST_SERVICE_SPECIFIC_CREDENTIALS] = {.service = AWS_IAM,
                                               .params = {{"UserName", A_USER}},
                                               .reader = &specific,
                                               .marker = "Marker",
                                               .marker_param = "Marker"},
    [IAM_DESCRIBE_INSTANCE_PROFILES] = {.service = AWS_EC2,
                                        .params = {{"Filter.1.Value.1", A_INSTANCE}},
                                        .reader = &associations,
                                        .fixed = "Filter.1.Name=instance-id",
                                        .marker = "nextToken",
                                        .marker_param = "NextToken"},
    [IAM_GET_INSTANCE_PROFILE] = {.service = AWS_IAM,
                                  .params = {{"InstanceProfileName", A_PROFILE_NAME}},
                                  .reader = &instance_profile},
    [IAM_GET_TRUST_ANCHOR] = {.service = AWS_ROLESANYWHERE,
                              .params = {{"id", A_UUID}},
                              .reader = &anchor,
                              .path = "/trustanchor/"},
    [IAM_GET_ANYWHERE_PROFILE] = {.service = AWS_ROLESANYWHERE,
                                  .params = {{"id", A_UUID}},
                                  .reader = &profile,
                                  .path = "/profile/"},
    [IAM_ATTACH_USER_POLICY] = {.service = AWS_IAM,
                                .params = {{"UserName", A_USER}, {"PolicyArn", A_POLICY_ARN}}},
    [IAM_ATTACH_ROLE_POLICY] = {.service = AWS_IAM,
                                .params = {{"RoleName", A_ROLE}, {"PolicyArn", A_POLICY_ARN}}},
    [IAM_DETACH_USER_POLICY] = {.service = AWS_IAM,
                                .params = {{"UserName", A_USER}, {"PolicyArn", A_POLICY_ARN}}},
    [IAM_DETACH_ROLE_POLICY] = {.service = AWS_IAM,
                                .params = {{"RoleName", A_ROLE}, {"PolicyArn", A_POLICY_ARN}}},
    [IAM_PUT_USER_POLICY] = {.service = AWS_IAM,
                             .params = {{"UserName", A_USER},
                                        {"PolicyName", A_POLICY_NAME},
                                        {"PolicyDocument", A_DOCUMENT}}},
    [IAM_PUT_ROLE_POLICY] = {.service = AWS_IAM,
                             .params = {{"RoleName", A_ROLE},
                                        {"PolicyName", A_POLICY_NAME},
                                        {"PolicyDocument", A_DOCUMENT}}},
    [IAM_DELETE_USER_POLICY] = {.service = AWS_IAM,
                                .params = {{"UserName", A_USER}, {"PolicyName", A_POLICY_NAME}}},
    [IAM_DELETE_ROLE_POLICY] = {.service = AWS_IAM,
                                .params = {{"RoleName", A_ROLE}, {"PolicyName", A_POLICY_NAME}}},
    [IAM_PUT_USER_BOUNDARY] = {.service = AWS_IAM,
                               .params = {{"UserName", A_USER},
                                          {"PermissionsBoundary", A_POLICY_ARN}}},
    [IAM_PUT_ROLE_BOUNDARY] = {.service = AWS_IAM,
                               .params = {{"RoleName", A_ROLE},
                                          {"PermissionsBoundary", A_POLICY_ARN}}},
    [IAM_DELETE_USER_BOUNDARY] = {.service = AWS_IAM, .params = {{"UserName", A_USER}}},
    [IAM_DELETE_ROLE_BOUNDARY] = {.service = AWS_IAM, .params = {{"RoleName", A_ROLE}}},
    [IAM_UPDATE_ACCESS_KEY] = {.service = AWS_IAM,
                               .params = {{"UserName", A_USER},
                                          {"AccessKeyId", A_KEY},
                                          {"Status", A_STATUS}}},
    [IAM_DELETE_LOGIN_PROFILE] = {.service = AWS_IAM, .params = {{"UserName", A_USER}}},
    [IAM_CREATE_LOGIN_PROFILE] = {.service = AWS_IAM,
                                  .params = {{"UserName", A_USER},
                                             {"Password", A_PASSWORD},
                                             {"PasswordResetRequired", A_FLAG}},
                                  .reader = &login},
    [IAM_UPDATE_LOGIN_PROFILE] = {.service = AWS_IAM,
                                  .params = {{"UserName", A_USER},
                                             {"PasswordResetRequired", A_FLAG}}},
    [IAM_TAG_USER] = {.service = AWS_IAM,
                      .params = {{"UserName", A_USER},
                                 {"Tags.member.1.Key", A_TAG},
                                 {"Tags.member.1.Value", A_TAG_VALUE}}},
    [IAM_TAG_ROLE] = {.service = AWS_IAM,
                      .params = {{"RoleName", A_ROLE},
                                 {"Tags.member.1.Key", A_TAG},
                                 {"Tags.member.1.Value", A_TAG_VALUE}}},
    [IAM_UNTAG_USER] = {.service = AWS_IAM,
                        .params = {{"UserName", A_USER}, {"TagKeys.member.1", A_TAG}}},
    [IAM_UNTAG_ROLE] = {.service = AWS_IAM,
                        .params = {{"RoleName", A_ROLE}, {"TagKeys.member.1", A_TAG}}},
    [IAM_UPDATE_TRUST_POLICY] = {.service = AWS_IAM,
                                 .params = {{"RoleName", A_ROLE}, {"PolicyDocument", A_DOCUMENT}}},
    [IAM_DISASSOCIATE_PROFILE] = {.service = AWS_EC2,
                                  .params = {{"AssociationId", A_ASSOCIATION}},
                                  .reader = &association},
    [IAM_ASSOCIATE_PROFILE] = {.service = AWS_EC2,
                               .params = {{"InstanceId", A_INSTANCE},
                                          {"IamInstanceProfile.Arn", A_POLICY_ARN}},
                               .reader = &association},
    [IAM_DISABLE_TRUST_ANCHOR] = {.service = AWS_ROLESANYWHERE,
                                  .params = {{"id", A_UUID}},
                                  .reader = &anchor,
                                  .path = "/trustanchor/",
                                  .verb = "/disable"},
    [IAM_ENABLE_TRUST_ANCHOR] = {.service = AWS_ROLESANYWHERE,
                                 .params = {{"id", A_UUID}},
                                 .reader = &anchor,
                                 .path = "/trustanchor/",
                                 .verb = "/enable"},
    [IAM_DISABLE_ANYWHERE_PROFILE] = {.service = AWS_ROLESANYWHERE,
                                      .params = {{"id", A_UUID}},
                                      .reader = &profile,
                                      .path = "/profile/",
                                      .verb = "/disable"},
    [IAM_ENABLE_ANYWHERE_PROFILE] = {.service = AWS_ROLESANYWHERE,
                                     .params = {{"id", A_UUID}},
                                     .reader = &profile,
                                     .path = "/profile/",
                                     .verb = "/enable"},
    [IAM_DELETE_ACCESS_KEY] = {.service = AWS_IAM,
                               .params = {{"UserName", A_USER}, {"AccessKeyId", A_KEY}}},
    [IAM_REMOVE_USER_FROM_GROUP] = {.service = AWS_IAM,
                                    .params = {{"UserName", A_USER}, {"GroupName", A_GROUP}}},
    [IAM_DEACTIVATE_MFA_DEVICE] = {.service = AWS_IAM,
                                   .params = {{"UserName", A_USER}, {"SerialNumber", A_SERIAL}}},
    [IAM_DELETE_VIRTUAL_MFA_DEVICE] = {.service = AWS_IAM, .params = {{"SerialNumber", A_SERIAL}}},
    [IAM_DELETE_SIGNING_CERTIFICATE] = {.service = AWS_IAM,
                                        .params = {{"UserName", A_USER},
                                                   {"CertificateId", A_CREDENTIAL}}},
    [IAM_DELETE_SSH_PUBLIC_KEY] = {.service = AWS_IAM,
                                   .params = {{"UserName", A_USER},
                                              {"SSHPublicKeyId", A_CREDENTIAL}}},
    [IAM_DELETE_SERVICE_SPECIFIC_CREDENTIAL] = {.service = AWS_IAM,
                                                .params = {{"UserName", A_USER},
                                                           {"ServiceSpecificCredentialId",
                                                            A_CREDENTIAL}}},
    [IAM_DELETE_USER] = {.service = AWS_IAM, .params = {{"UserName", A_USER}}},
    [IAM_CREATE_USER] = {.service = AWS_IAM, .params = {{"UserName", A_USER}}, .reader = &user},
    [IAM_CREATE_SECRET] = {.service = AWS_SECRETSMANAGER,
                           .params = {{"Name", A_SECRET_NAME},
                                      {"ClientRequestToken", A_TOKEN},
                                      {"SecretString", A_SECRET}},
                           .reader = &secret},
    [IAM_CREATE_ACCESS_KEY] = {.service = AWS_IAM,
                               .params = {{"UserName", A_USER}},
                               .reader = &new_key},
};
