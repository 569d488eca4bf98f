/* The list of calls, and what holds an answer. */
#include "handlers/iam.h"

const struct iam_action_row iam_actions[IAM_ACTIONS] = {
    [IAM_GET_CALLER_IDENTITY] = {"sts", "GetCallerIdentity", false},
    [IAM_GET_USER] = {"iam", "GetUser", false},
    [IAM_GET_ROLE] = {"iam", "GetRole", false},
    [IAM_LIST_ATTACHED_USER_POLICIES] = {"iam", "ListAttachedUserPolicies", false},
    [IAM_LIST_ATTACHED_ROLE_POLICIES] = {"iam", "ListAttachedRolePolicies", false},
    [IAM_LIST_USER_POLICIES] = {"iam", "ListUserPolicies", false},
    [IAM_LIST_ROLE_POLICIES] = {"iam", "ListRolePolicies", false},
    [IAM_GET_USER_POLICY] = {"iam", "GetUserPolicy", false},
    [IAM_GET_ROLE_POLICY] = {"iam", "GetRolePolicy", false},
    [IAM_LIST_ACCESS_KEYS] = {"iam", "ListAccessKeys", false},
    [IAM_GET_ACCESS_KEY_LAST_USED] = {"iam", "GetAccessKeyLastUsed", false},
    [IAM_GET_LOGIN_PROFILE] = {"iam", "GetLoginProfile", false},
    [IAM_LIST_GROUPS_FOR_USER] = {"iam", "ListGroupsForUser", false},
    [IAM_LIST_MFA_DEVICES] = {"iam", "ListMFADevices", false},
    [IAM_LIST_SIGNING_CERTIFICATES] = {"iam", "ListSigningCertificates", false},
    [IAM_LIST_SSH_PUBLIC_KEYS] = {"iam", "ListSSHPublicKeys", false},
    [IAM_LIST_SERVICE_SPECIFIC_CREDENTIALS] = {"iam", "ListServiceSpecificCredentials", false},
    [IAM_DESCRIBE_INSTANCE_PROFILES] = {"ec2", "DescribeIamInstanceProfileAssociations", false},
    [IAM_GET_INSTANCE_PROFILE] = {"iam", "GetInstanceProfile", false},
    [IAM_GET_TRUST_ANCHOR] = {"rolesanywhere", "GetTrustAnchor", false},
    [IAM_GET_ANYWHERE_PROFILE] = {"rolesanywhere", "GetProfile", false},
    [IAM_ATTACH_USER_POLICY] = {"iam", "AttachUserPolicy", true},
    [IAM_ATTACH_ROLE_POLICY] = {"iam", "AttachRolePolicy", true},
    [IAM_DETACH_USER_POLICY] = {"iam", "DetachUserPolicy", true},
    [IAM_DETACH_ROLE_POLICY] = {"iam", "DetachRolePolicy", true},
    [IAM_PUT_USER_POLICY] = {"iam", "PutUserPolicy", true},
    [IAM_PUT_ROLE_POLICY] = {"iam", "PutRolePolicy", true},
    [IAM_DELETE_USER_POLICY] = {"iam", "DeleteUserPolicy", true},
    [IAM_DELETE_ROLE_POLICY] = {"iam", "DeleteRolePolicy", true},
    [IAM_PUT_USER_BOUNDARY] = {"iam", "PutUserPermissionsBoundary", true},
    [IAM_PUT_ROLE_BOUNDARY] = {"iam", "PutRolePermissionsBoundary", true},
    [IAM_DELETE_USER_BOUNDARY] = {"iam", "DeleteUserPermissionsBoundary", true},
    [IAM_DELETE_ROLE_BOUNDARY] = {"iam", "DeleteRolePermissionsBoundary", true},
    [IAM_UPDATE_ACCESS_KEY] = {"iam", "UpdateAccessKey", true},
    [IAM_DELETE_LOGIN_PROFILE] = {"iam", "DeleteLoginProfile", true},
    [IAM_CREATE_LOGIN_PROFILE] = {"iam", "CreateLoginProfile", true},
    [IAM_UPDATE_LOGIN_PROFILE] = {"iam", "UpdateLoginProfile", true},
    [IAM_TAG_USER] = {"iam", "TagUser", true},
    [IAM_TAG_ROLE] = {"iam", "TagRole", true},
    [IAM_UNTAG_USER] = {"iam", "UntagUser", true},
    [IAM_UNTAG_ROLE] = {"iam", "UntagRole", true},
    [IAM_UPDATE_TRUST_POLICY] = {"iam", "UpdateAssumeRolePolicy", true},
    [IAM_DISASSOCIATE_PROFILE] = {"ec2", "DisassociateIamInstanceProfile", true},
    [IAM_ASSOCIATE_PROFILE] = {"ec2", "AssociateIamInstanceProfile", true},
    [IAM_DISABLE_TRUST_ANCHOR] = {"rolesanywhere", "DisableTrustAnchor", true},
    [IAM_ENABLE_TRUST_ANCHOR] = {"rolesanywhere", "EnableTrustAnchor", true},
    [IAM_DISABLE_ANYWHERE_PROFILE] = {"rolesanywhere", "DisableProfile", true},
    [IAM_ENABLE_ANYWHERE_PROFILE] = {"rolesanywhere", "EnableProfile", true},
    [IAM_DELETE_ACCESS_KEY] = {"iam", "DeleteAccessKey", true},
    [IAM_REMOVE_USER_FROM_GROUP] = {"iam", "RemoveUserFromGroup", true},
    [IAM_DEACTIVATE_MFA_DEVICE] = {"iam", "DeactivateMFADevice", true},
    [IAM_DELETE_VIRTUAL_MFA_DEVICE] = {"iam", "DeleteVirtualMFADevice", true},
    [IAM_DELETE_SIGNING_CERTIFICATE] = {"iam", "DeleteSigningCertificate", true},
    [IAM_DELETE_SSH_PUBLIC_KEY] = {"iam", "DeleteSSHPublicKey", true},
    [IAM_DELETE_SERVICE_SPECIFIC_CREDENTIAL] = {"iam", "DeleteServiceSpecificCredential", true},
    [IAM_DELETE_USER] = {"iam", "DeleteUser", true},
    [IAM_CREATE_USER] = {"iam", "CreateUser", true},
    [IAM_CREATE_SECRET] = {"secretsmanager", "CreateSecret", true},
    [IAM_CREATE_ACCESS_KEY] = {"iam", "CreateAccessKey", true},
    [IAM_ASSUME_ROLE] = {"sts", "AssumeRole", true},
};

const char *iam_result_name(enum iam_result r)
{
    static const char *const names[IAM_RESULTS] = {
        [IAM_OK] = "ok",
        [IAM_NO_SUCH] = "no such",
        [IAM_EXISTS] = "exists",
        [IAM_UNMODIFIABLE] = "unmodifiable",
        [IAM_LIMIT] = "limit",
        [IAM_INVALID] = "invalid",
        [IAM_CONFLICT] = "conflict",
        [IAM_DENIED] = "denied",
        [IAM_NO_ROLE] = "no role",
        [IAM_LATER] = "later",
        [IAM_BROKEN] = "broken",
    };
    return names[r];
}

void iam_answer_init(struct iam_answer *a)
{
    *a = (struct iam_answer){.code = S("")};
    buf_init(&a->secret, IAM_SECRET_MAX);
    arena_init(&a->memory, IAM_ANSWER_MAX);
}

/* Overwrites it, in a way that no optimizer leaves out. */
static void wipe(struct buf *b)
{
    volatile char *p = b->p;
    for (size_t i = 0; i < b->cap; i++)
        p[i] = 0;
    buf_release(b);
}

void iam_answer_release(struct iam_answer *a)
{
    wipe(&a->secret);
    arena_release(&a->memory);
    *a = (struct iam_answer){.code = S("")};
}

void iam_answer_reset(struct iam_answer *a)
{
    struct arena memory = a->memory;
    wipe(&a->secret);
    arena_reset(&memory);
    iam_answer_init(a);
    a->memory = memory;
}

static const struct iam_item *find(const struct iam_answer *a, struct str wanted, bool by_id)
{
    for (size_t i = 0; i < a->n_items; i++) {
        if (str_eq(by_id ? a->items[i].id : a->items[i].name, wanted))
            return &a->items[i];
    }
    return NULL;
}

const struct iam_item *iam_answer_by_id(const struct iam_answer *a, struct str id)
{
    return find(a, id, true);
}

const struct iam_item *iam_answer_by_name(const struct iam_answer *a, struct str name)
{
    return find(a, name, false);
}
