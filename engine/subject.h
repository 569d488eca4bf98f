/* Names that CloudTrail and another log have in common, whatever else each calls the same party. */
#ifndef TW_ENGINE_SUBJECT_H
#define TW_ENGINE_SUBJECT_H

#include "engine/event.h"

/* Bytes; identity providers' subjects have at most 255 (OpenID Connect). */
#define SUBJECT_MAX 1024

/* Who acts in the present record, of one of these forms; absent when it is none. Until the next
 * record.
 *
 * - eve@example.com, in lower case: Okta's actor.alternateId; a SAML or web subject; the session
 *   name of a role of Identity Center.
 * - repo:org/name, in lower case: GitHub's repository; a workflow's OIDC subject ("OpenID Connect
 *   reference"), its branch left out.
 * - system:serviceaccount:NS:NAME: Kubernetes' user; a pod's OIDC subject (IRSA); the tags of a
 *   session that EKS Pod Identity asks for.
 * - i-0123456789abcdef0: a flow log's instance-id; the session name of a role on an instance. */
struct str event_subject(struct event *ev);

/* The Kubernetes namespace of what a record of its audit log is about; of the service account that
 * acts in another record. */
struct str event_namespace(struct event *ev);

/* The forms in canonical spelling, in the event's scratch. Absent: not of that form, or the scratch
 * is full. */
struct str subject_of_address(struct event *ev, struct str address);
struct str subject_of_repository(struct event *ev, struct str name);
struct str subject_of_account(struct event *ev, struct str ns, struct str name);

/* What lies behind the first colon of "AROA...:name"; absent without one. */
struct str subject_session_name(struct str principal);
/* i- and 8 or 17 hexadecimal digits: the session name that EC2 gives a role. Anonymised logs change
 * the digits' case and number. */
bool subject_is_instance(struct str s);

#endif
