/* Fields that rules name like any other and that no record holds:
 *
 *     trailwarden.country     of the caller's address: ISO 3166-1 alpha-2, in upper case: "DE"
 *     trailwarden.asn         number of the autonomous system that the address belongs to: 64500
 *     trailwarden.as_org      who runs it: "Example Networks"
 *     trailwarden.subject     who acts, by the name that two logs have in common (engine/subject.h)
 *     trailwarden.namespace   the Kubernetes namespace that the event is about, or whose pod acts
 *
 * What a log has under these names is not looked at: a record cannot claim a country. */
#ifndef TW_ENGINE_OWN_FIELD_H
#define TW_ENGINE_OWN_FIELD_H

#include <stdbool.h>

#include "base/str.h"

enum own_field { OWN_COUNTRY, OWN_ASN, OWN_AS_ORG, OWN_SUBJECT, OWN_NAMESPACE, OWN_FIELDS };

/* Everything under this name is ours. */
bool own_is(struct str path);
/* Which of the fields the path of a rule names; OWN_FIELDS: none. */
enum own_field own_field_of(struct str path);

#endif
