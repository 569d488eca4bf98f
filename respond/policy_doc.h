/* The policy documents that containment writes. Each is compact JSON and always the same bytes for
 * the same arguments, so that what is found later can be compared with what was put.
 *
 * What each stops, and what not: docs/containment.md. Quotas count characters that are no white
 * space (IAM user guide, "IAM and AWS STS quotas"). */
#ifndef TW_RESPOND_POLICY_DOC_H
#define TW_RESPOND_POLICY_DOC_H

#include "base/buf.h"

/* Names of the inline policies. */
#define POLICY_DENY_ALL     "trailwarden-deny-all"
#define POLICY_FENCE        "trailwarden-fence"
#define POLICY_REVOKE_OLDER "trailwarden-revoke-older"
/* Behind it come 8 hexadecimal digits of the session. */
#define POLICY_DENY_SESSION "trailwarden-deny-session-"
#define POLICY_NAME_MAX     (sizeof POLICY_DENY_SESSION + 8)

/* The tag that a standing SCP looks for. */
#define CONTAIN_TAG       "ir-contained"
#define CONTAIN_TAG_VALUE "true"

/* All inline policies of one entity together. */
#define POLICY_USER_MAX 2048
#define POLICY_ROLE_MAX 10240
/* A role's trust policy. */
#define POLICY_TRUST_MAX 2048
/* No document here is longer: the larger quota; our own have no white space. */
#define POLICY_BYTES_MAX POLICY_ROLE_MAX

/* Whether the name is that of an inline policy of ours. */
bool policy_is_ours(struct str name);

/* Appends arn:<partition>:iam::aws:policy/AWSDenyAll. */
void policy_put_deny_all_arn(struct buf *b, struct str partition);

/* {"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]} */
void policy_put_deny_all(struct buf *b);

/* Denies what was issued before the time (whole seconds, so that sessions of that second stay):
 *   ..."Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-03-17T14:05:11Z"}}
 * Only requests with temporary credentials have the key: of a user its sessions end, its keys go
 * on. */
void policy_put_revoke_older(struct buf *b, int64_t now_ms);

/* Denies one session of a role:
 *   ..."Condition":{"StringEquals":{"aws:userid":"AROA...:name"}} */
void policy_put_deny_session(struct buf *b, struct str userid);
/* Appends the name of that policy. */
void policy_put_session_name(struct buf *b, struct str userid);

/* Where calls may still come from. */
struct policy_fence {
    const struct str *cidrs; /* at least one */
    size_t n_cidrs;
    const struct str *endpoints; /* ids of VPC endpoints: vpce-... */
    size_t n_endpoints;
};

/* Denies calls from outside:
 *   ..."Condition":{"NotIpAddress":{"aws:SourceIp":["192.0.2.0/24"]},
 *       "StringNotEquals":{"aws:SourceVpce":["vpce-0a1b"]},"Bool":{"aws:ViaAWSService":"false"}}
 * What a service calls in the principal's name passes (ViaAWSService). A call through a VPC
 * endpoint has no aws:SourceIp, and a negated operator holds for a missing key: it is denied unless
 * its endpoint is listed; without a list, StringNotEquals is left out and all endpoints are
 * outside. */
void policy_put_fence(struct buf *b, const struct policy_fence *f);

/* A trust policy by which nobody may assume the role; sessions that exist go on:
 * {"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":[
 *   "sts:AssumeRole","sts:AssumeRoleWithSAML","sts:AssumeRoleWithWebIdentity"]}]} */
void policy_put_no_trust(struct buf *b);

/* Characters that count against a quota: all but white space. The documents are ASCII but for what
 * a user wrote; bytes of a UTF-8 sequence count once. */
size_t policy_size(struct str document);

#endif
