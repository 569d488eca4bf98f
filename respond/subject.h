/* Who would have to be contained: the IAM principal behind a call, as IAM's own calls name it.
 *
 * Read from userIdentity alone: what a call's parameters name is its target, perhaps a victim. What
 * is forged, masked, at odds with itself or no IAM principal at all makes a subject that cannot be
 * contained, with the sentence that says why; reading never fails.
 *
 *   IAMUser        user by name: AIDA id and the last part of the ARN's path
 *   AssumedRole    role by the issuer's ARN, which has the path; session by principalId
 *                  (AROA...:name). The session's ARN (assumed-role/ROLE/NAME) has no path.
 *   FederatedUser  the user that called GetFederationToken: the issuer
 *   all others     cannot be contained in IAM: root, roles of Identity Center and of services,
 *                  services themselves and what they do in somebody's name (invokedBy), other
 *                  accounts, subjects of an identity provider
 *
 * Sources: CloudTrail's user guide, "userIdentity element"; IAM's, "IAM identifiers". */
#ifndef TW_RESPOND_SUBJECT_H
#define TW_RESPOND_SUBJECT_H

#include "base/buf.h"
#include "respond/facts.h"
#include "respond/lineage.h"
#include "respond/workload.h"

enum subject_kind {
    SUBJECT_UNKNOWN,        /* of a type not known, or forged, masked, incomplete */
    SUBJECT_USER,           /* an IAM user, by whatever key */
    SUBJECT_ROLE,           /* a role: of a session, or made by the intruder */
    SUBJECT_FEDERATED,      /* an IAM user, behind a session of GetFederationToken */
    SUBJECT_KEY,            /* one access key that the intruder made: for a user he did not make */
    SUBJECT_IDC,            /* role or person of IAM Identity Center */
    SUBJECT_SERVICE_LINKED, /* role that a service owns */
    SUBJECT_ROOT,
    SUBJECT_SERVICE,       /* of AWS, or calling in somebody's name */
    SUBJECT_CROSS_ACCOUNT, /* somebody of another account of whom that is all that is told */
    SUBJECT_PROVIDER,      /* subject of a SAML or OIDC provider, in the call that gets a session */
    SUBJECT_ANONYMOUS,
    SUBJECT_KINDS
};

/* A word for it: "user", "role", "federated user", "access key", "Identity Center", ... */
const char *subject_kind_name(enum subject_kind kind);

/* All strings are borrowed from what was read; constants are. Absent: not told. */
struct subject {
    enum subject_kind kind;
    const char *cannot; /* why IAM calls cannot contain it, a sentence without its full stop; NULL
                           for USER, ROLE, FEDERATED and KEY */
    struct str
        partition;      /* "aws", "aws-cn", ...; of a subject that can be contained never absent */
    struct str account; /* the subject's own, twelve digits; the same */
    struct str name;    /* as IAM's calls take it, without path; of a KEY its user's, or absent */
    struct str path;    /* "/", "/team/"; absent when only a session's ARN was told */
    struct str id;      /* AIDA..., AROA...; absent when not told or masked; of a KEY its user's */
    struct str session; /* name of a role's or federated user's session */
    struct str key;     /* access key id that signed; of a KEY the key */
    struct str arn;     /* as told, to print: of a session the session's */
    enum workload workload; /* a hint, of ROLE */
};

/* Whether IAM calls can contain it. */
static inline bool subject_can(const struct subject *s)
{
    return s->cannot == NULL;
}

/* Whether it is a user to IAM: USER, FEDERATED. */
static inline bool subject_is_user(const struct subject *s)
{
    return s->kind == SUBJECT_USER || s->kind == SUBJECT_FEDERATED;
}

/* Who acted in the event. */
void subject_of_facts(const struct facts *f, struct subject *out);

/* The principal that a node of a lineage stands for: a user or role the intruder made, a session he
 * was issued. name and account are the node's; partition is the actor's, for nodes that are named
 * without an ARN. A node's name is an ARN of a response of IAM or of a userIdentity; of
 * LINEAGE_NAME it is a user's name: to be asked for only where the link is LINK_CREATED. */
void subject_of_node(enum lineage_kind kind, struct str name, struct str account,
                     struct str partition, struct subject *out);

/* The principal an operator names: ARN of a user, a role or a session of either. Of anything else
 * the subject says what is wrong. */
void subject_of_arn(struct str arn, struct subject *out);

/* Notes the path that IAM tells, which may show that the role is none that can be contained. */
void subject_set_path(struct subject *s, struct str path);

/* Whether an access key id is of a key that IAM keeps (AKIA): the others are of sessions, and IAM
 * knows nothing of them. */
bool subject_key_is_long_term(struct str key);

/* Appends the principal's own ARN, arn:aws:iam::111122223333:role/team/dev; of a role whose path is
 * not known with the path "/". */
void subject_put_arn(struct buf *b, const struct subject *s);
/* Appends what aws:userid is of the role's session: AROA...:name. Nothing without id or session. */
void subject_put_userid(struct buf *b, const struct subject *s);

#endif
