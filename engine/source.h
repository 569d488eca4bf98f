/* What events come from: how each source's records are told, where its core fields lie in them, and
 * what rule files call it. The facts' origins stand at the tables in source.c. */
#ifndef TW_ENGINE_SOURCE_H
#define TW_ENGINE_SOURCE_H

#include "engine/ruleset.h"

/* "cloudtrail", "vpcflow", "okta", "github", "k8s_audit": in matches and alerts, and for --source.
 */
const char *source_name(enum source source);
/* Exactly one of these names; false for any other. */
bool source_parse(struct str name, enum source *out);

/* The path (dots nest) of alternative `i` of a core field in records of the source; NULL when there
 * are no more. i is below CORE_PATHS. */
const char *source_core(enum source source, enum core_field field, size_t i);

/* Paths of which one set must be in a record for it to be of the source: path `i` of set `set`;
 * NULL when the set, or the list of sets (i is 0), has no more. */
const char *source_mark(enum source source, size_t set, size_t i);

/* Falco's name of the source, "aws_cloudtrail", and of the plugin it comes from, "cloudtrail"; NULL
 * when Falco has none. */
const char *source_falco(enum source source);
const char *source_falco_plugin(enum source source);
/* The source that Falco calls so; false when it is none of ours. */
bool source_of_falco(struct str name, enum source *out);

/* Whether a Sigma logsource means exactly this source, and whether logs of the source are among
 * those it means when what it does not say is open. Absent texts are not said. In any case. */
bool source_is_sigma(enum source source, struct str product, struct str category,
                     struct str service);
bool source_may_be_sigma(enum source source, struct str product, struct str category,
                         struct str service);

/* The path that a Sigma rule's field means in records of the source: Okta's names may be written in
 * any case, as older SigmaHQ rules do (eventtype); every other name is taken as it is. */
struct str source_field(enum source source, struct str name);

#endif
