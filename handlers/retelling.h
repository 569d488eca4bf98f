/* An incident of the state, told: from its record and the lineage around it to what
 * respond/incident_make.h makes incidents of. */
#ifndef TW_HANDLERS_RETELLING_H
#define TW_HANDLERS_RETELLING_H

#include "handlers/lineages.h"
#include "respond/incident.h"

/* Identities of one message; a flood of sessions must not keep a Lambda from telling. */
#define RETELLING_NODES_MAX 256
/* Texts of one record (128 KB) unescaped, 100 times 16 events, and the nodes around. */
#define RETELLING_MEMORY_MAX (8u << 20)

struct retelling {
    const struct ruleset *rules;
    struct incidents incidents;
    struct incident_group group;
    struct arena memory;
};

void retelling_init(struct retelling *t, const struct ruleset *rules);
void retelling_release(struct retelling *t);

/* Fills t->incidents and t->group, ready for incident_make: the signals of the record that it knows
 * the rules of, their events as far as their texts have them, and the identities that lineages_walk
 * finds around. What was in t is gone. Borrowed from t until the next call. */
TW_MUST_USE bool retelling_make(struct retelling *t, struct lineages *l,
                                const struct told_incident *told, struct err *e);

#endif
