/* IAM, and the little of STS, EC2, Roles Anywhere and Secrets Manager that containment needs, as
 * one call: an action out of a fixed list, on somebody in some account. AWS itself (adapters/iam.h)
 * and the models of tests are equal implementations. */
#ifndef TW_HANDLERS_IAM_H
#define TW_HANDLERS_IAM_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define IAM_ITEMS_MAX 1000 /* of one list, over all pages; IAM's quotas are 2 to 50, but tags' */
/* Of an answer's strings. Policies are the longest: of a user 2,048 characters, of a role 10,240
 * (IAM and AWS STS quotas), each at most six bytes of JSON. */
#define IAM_ANSWER_MAX   1048576
#define IAM_DOCUMENT_MAX 131072 /* IAM's policyDocumentType, in characters */
#define IAM_SECRET_MAX   1024   /* a secret access key has 40 bytes */

/* All that may ever be called; iam_actions[] says what each is. Arguments in parentheses are
 * members of struct iam_call, arrows the members of struct iam_answer that a success fills. Of a
 * pair _USER and _ROLE the role's is the next (iam_of). Sources: the API references of IAM
 * (2010-05-08), STS (2011-06-15), EC2 (2016-11-15), IAM Roles Anywhere (2018-05-10), Secrets
 * Manager (2017-10-17). */
enum iam_action {
    /* Reads. */
    IAM_GET_CALLER_IDENTITY, /* -> account, arn, id: "AROA..:session", "AIDA.." */
    IAM_GET_USER,            /* (name) -> name, id, path, arn, boundary, items: tags name, value */
    IAM_GET_ROLE,            /* (name) -> the same, and trust */
    IAM_LIST_ATTACHED_USER_POLICIES, /* (name) -> items: name, id: the ARN */
    IAM_LIST_ATTACHED_ROLE_POLICIES,
    IAM_LIST_USER_POLICIES, /* (name) -> items: name of the inline policy */
    IAM_LIST_ROLE_POLICIES,
    IAM_GET_USER_POLICY, /* (name, policy: its name) -> document, as it was put */
    IAM_GET_ROLE_POLICY,
    IAM_LIST_ACCESS_KEYS,         /* (name) -> items: id, active */
    IAM_GET_ACCESS_KEY_LAST_USED, /* (id: the key) -> name: of its user. A key of another account,
                                     or of none, is IAM_DENIED or IAM_NO_SUCH */
    IAM_GET_LOGIN_PROFILE,    /* (name) -> active: a reset is required. IAM_NO_SUCH: no console */
    IAM_LIST_GROUPS_FOR_USER, /* (name) -> items: name */
    IAM_LIST_MFA_DEVICES,     /* (name) -> items: id: serial number or ARN */
    IAM_LIST_SIGNING_CERTIFICATES,         /* (name) -> items: id, active */
    IAM_LIST_SSH_PUBLIC_KEYS,              /* (name) -> items: id, active */
    IAM_LIST_SERVICE_SPECIFIC_CREDENTIALS, /* (name) -> items: id, active, name: the service */
    IAM_DESCRIBE_INSTANCE_PROFILES, /* (id: instance) -> items: id: association, name: instance,
                                       value: the profile's ARN, active: associated */
    IAM_GET_INSTANCE_PROFILE,       /* (policy: the profile's name) -> items: name, id: its role */
    IAM_GET_TRUST_ANCHOR,           /* (id) -> name, id, arn, active: enabled */
    IAM_GET_ANYWHERE_PROFILE,       /* (id) -> the same, items: id: ARNs of its roles */
    /* Writes that can be made again: the second changes nothing. */
    IAM_ATTACH_USER_POLICY, /* (name, policy: ARN) */
    IAM_ATTACH_ROLE_POLICY,
    IAM_DETACH_USER_POLICY, /* (name, policy: ARN) IAM_NO_SUCH: was not attached */
    IAM_DETACH_ROLE_POLICY,
    IAM_PUT_USER_POLICY, /* (name, policy: its name, document) */
    IAM_PUT_ROLE_POLICY,
    IAM_DELETE_USER_POLICY, /* (name, policy: its name) */
    IAM_DELETE_ROLE_POLICY,
    IAM_PUT_USER_BOUNDARY, /* (name, policy: ARN) */
    IAM_PUT_ROLE_BOUNDARY,
    IAM_DELETE_USER_BOUNDARY, /* (name) */
    IAM_DELETE_ROLE_BOUNDARY,
    IAM_UPDATE_ACCESS_KEY,    /* (name, id, active) */
    IAM_DELETE_LOGIN_PROFILE, /* (name) */
    IAM_CREATE_LOGIN_PROFILE, /* (name, secret: the password, active: to be reset) IAM_EXISTS */
    IAM_UPDATE_LOGIN_PROFILE, /* (name, active: to be reset); the password stays */
    IAM_TAG_USER,             /* (name, tag, value) */
    IAM_TAG_ROLE,
    IAM_UNTAG_USER, /* (name, tag) */
    IAM_UNTAG_ROLE,
    IAM_UPDATE_TRUST_POLICY,                /* (name, document) UpdateAssumeRolePolicy */
    IAM_DISASSOCIATE_PROFILE,               /* (id: association) */
    IAM_ASSOCIATE_PROFILE,                  /* (id: instance, policy: the profile's ARN) */
    IAM_DISABLE_TRUST_ANCHOR,               /* (id) */
    IAM_ENABLE_TRUST_ANCHOR,                /* (id) */
    IAM_DISABLE_ANYWHERE_PROFILE,           /* (id) */
    IAM_ENABLE_ANYWHERE_PROFILE,            /* (id) */
    IAM_DELETE_ACCESS_KEY,                  /* (name, id) */
    IAM_REMOVE_USER_FROM_GROUP,             /* (name, policy: the group) */
    IAM_DEACTIVATE_MFA_DEVICE,              /* (name, id: serial) */
    IAM_DELETE_VIRTUAL_MFA_DEVICE,          /* (id: serial, an ARN) */
    IAM_DELETE_SIGNING_CERTIFICATE,         /* (name, id) */
    IAM_DELETE_SSH_PUBLIC_KEY,              /* (name, id) */
    IAM_DELETE_SERVICE_SPECIFIC_CREDENTIAL, /* (name, id) */
    IAM_DELETE_USER,                        /* (name) IAM_CONFLICT: something must go first */
    IAM_CREATE_USER,                        /* (name) -> as IAM_GET_USER; IAM_EXISTS */
    IAM_CREATE_SECRET, /* (name: the secret's, id: a token, 32 to 64 bytes, that makes it
                          one however often it is asked, secret) -> arn */
    /* Made at most once: when no answer came, nobody knows. */
    IAM_CREATE_ACCESS_KEY, /* (name) -> id, secret */
    /* Signed on the way to another account, by nobody's call. */
    IAM_ASSUME_ROLE,
    IAM_ACTIONS
};

/* What it is. Every action that the implementation over AWS can sign has its row: whoever grants
 * permissions compares them with this table. */
struct iam_action_row {
    const char *service; /* prefix of the permission: "iam" */
    const char *name;    /* of the API and of the permission: "AttachUserPolicy" */
    bool writes;
};
extern const struct iam_action_row iam_actions[IAM_ACTIONS];

/* The role's action of a pair, of which `user` is the user's. */
static inline enum iam_action iam_of(enum iam_action user, bool is_role)
{
    return is_role ? (enum iam_action)(user + 1) : user;
}

/* In whose account, and as whom. All borrowed for the call. */
struct iam_at {
    struct str partition; /* "aws", "aws-cn", ... */
    struct str account;   /* twelve digits */
    struct str role; /* path and name of the role there to assume, "responder", "team/responder";
                        absent: with our own credentials, which must be of that account */
    struct str external_id;    /* for that role; absent: none */
    struct str region;         /* of EC2 and Roles Anywhere and Secrets Manager; absent: our own */
    struct str key_id, secret; /* instead of both, to prove what a key may: sign with it */
};

struct iam_call {
    enum iam_action action;
    const struct iam_at *at;
    struct str name;     /* of user or role: last part of the ARN, no path */
    struct str policy;   /* an ARN or a name, as the action says */
    struct str document; /* a policy, JSON */
    struct str id;       /* of a key, an association, ... */
    struct str tag, value;
    struct str secret; /* a password */
    bool active;
};

/* How it ended. What is done about each is the caller's; none is a reason to crash. */
enum iam_result {
    IAM_OK,
    IAM_NO_SUCH,      /* the principal, or what was to be read or removed, is not there */
    IAM_EXISTS,       /* somebody or something of that name is there already */
    IAM_UNMODIFIABLE, /* only AWS itself may change it: cannot be contained here */
    IAM_LIMIT,        /* a quota is reached: another strategy may do */
    IAM_INVALID,      /* AWS, or we before asking it, took an argument for none */
    IAM_CONFLICT,     /* something else must go first (DeleteConflict), or is in the way */
    IAM_DENIED,       /* we may not */
    IAM_NO_ROLE,      /* the role there cannot be assumed, or the account is not ours: nothing was
                         asked */
    IAM_LATER,  /* throttled, being changed by others, no answer, no time left: it may have been
                   done or not, and may be asked again */
    IAM_BROKEN, /* our own configuration, memory, or TLS: no credentials, no region, ... */
    IAM_RESULTS
};

/* "ok", "no such", "exists", ...: for records. */
const char *iam_result_name(enum iam_result r);

struct iam_item {
    struct str name, id, value;
    bool active;
};

/* Prepared with iam_answer_init, used for any number of calls, each of which starts it afresh; the
 * strings are good until then. What an action does not tell is absent. */
struct iam_answer {
    enum iam_result result;
    struct str code; /* AWS's word for a failure, "NoSuchEntity"; empty: there was none */
    struct str name, id, path, arn, account;
    struct str trust, boundary; /* a role's trust policy, JSON; ARN of a permissions boundary */
    struct str document;
    bool active;
    const struct iam_item *items; /* of all pages, in AWS's order */
    size_t n_items;
    struct buf secret; /* of a new key; wiped by the next call and by release. Never for a log */
    struct arena memory;
};

void iam_answer_init(struct iam_answer *a);
void iam_answer_release(struct iam_answer *a);
/* Starts it afresh, for implementations. */
void iam_answer_reset(struct iam_answer *a);

/* The item of that id, or of that name; NULL: none. */
const struct iam_item *iam_answer_by_id(const struct iam_answer *a, struct str id);
const struct iam_item *iam_answer_by_name(const struct iam_answer *a, struct str name);

/* Changes, and reads, what people and programs may do. */
struct port_iam {
    void *self;
    /* Makes the call, whose arguments must not lie in out. True: IAM_OK, and out says what was
     * told. False: out->result and out->code say what it was, e the sentence ("iam
     * AttachUserPolicy: 404 NoSuchEntity: ..."), without secrets. Answers that pass (throttling,
     * broken connections, ConcurrentModification, EntityTemporarilyUnmodifiable) have been waited
     * for and repeated, within the deadline, before they are told as IAM_LATER. IAM is eventually
     * consistent: a read may not show a write of seconds ago. */
    bool (*call)(void *self, const struct iam_call *call, struct iam_answer *out, struct err *e);
};

#endif
