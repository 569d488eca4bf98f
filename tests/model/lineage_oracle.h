/* The definition of lineages and incidents over all of a plan's events, without any haste
 * (docs/incidents.md). It shares no code with handlers/lineages.c or respond/. */
#ifndef TW_TESTS_MODEL_LINEAGE_ORACLE_H
#define TW_TESTS_MODEL_LINEAGE_ORACLE_H

#include "tests/model/lineage_plan.h"

/* Which lineage each node belongs to: the number of its first node. */
struct lineage_parts {
    uint32_t of[LP_NODES];
};

/* What certain and strong links alone join, and what they and every tie that fits can join. Of an
 * exact plan the lineages are the latter; of an ambiguous one they lie between the two. */
struct lineage_parts lineage_oracle_least(const struct lineage_plan *p);
struct lineage_parts lineage_oracle_most(const struct lineage_plan *p);

/* Whether two nodes that `fine` has together are together in `coarse`, for all. */
bool lineage_parts_within(const struct lineage_plan *p, const struct lineage_parts *fine,
                          const struct lineage_parts *coarse);

/* The alerts of one lineage no further apart than a day. */
struct oracle_incident {
    uint32_t part;
    int64_t first, last;
    uint32_t alerts; /* bit i: alert i */
    uint32_t actors; /* bit i: node i did an event of them */
    uint32_t rules;  /* bit i: rule i is an alert's */
    enum level level;
    bool made; /* they are worth telling */
};

/* Given the lineages, the groups of all alerts, made or not. At most LP_ALERTS * LP_EVIDENCE.
 * Returns how many. */
size_t lineage_oracle_group(const struct lineage_plan *p, const struct lineage_parts *parts,
                            struct oracle_incident *out);

#endif
