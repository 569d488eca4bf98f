/* The play of lineages: on the stage (stage.h) workers take events to handlers/lineages.c and tell
 * alerts as windows do (lineage_alerts.h), and a public is told of incidents. */
#ifndef TW_TESTS_MODEL_LINEAGE_WORLD_H
#define TW_TESTS_MODEL_LINEAGE_WORLD_H

#include "base/buf.h"
#include "handlers/lineages.h"
#include "tests/model/lineage_plan.h"
#include "tests/model/stage.h"

/* Deliberate mistakes; the test must notice each. */
enum lineage_mistake {
    LINEAGE_NO_MISTAKE,
    LINEAGE_READS_FIRST,  /* lanes are read before one's own ties are there */
    LINEAGE_BLIND_WINNER, /* a root is written whatever became of it since it was read */
    LINEAGE_BLIND_LOSER,  /* a root moves whatever became of it since it was read */
    LINEAGE_NO_MERGE,     /* a root that moves leaves its records behind */
    LINEAGE_MARKS_FIRST,  /* alerts are marked as told before their incident has them */
    LINEAGE_SHARES_LATE,  /* who did an event is written after others can see it */
    LINEAGE_OWNER_ONLY,   /* leases never run out */
    LINEAGE_NO_SETTLING,  /* an object is acknowledged while others have still to tell */
    LINEAGE_MISTAKES
};

const char *lineage_mistake_name(enum lineage_mistake m);

/* An incident's message. */
struct lineage_said {
    unsigned char id[INCIDENT_ID_BYTES];
    uint32_t updates;
    uint32_t alerts; /* bit i: alert i of the plan */
    uint32_t level, tactics, n_actors;
    uint32_t n_joined;
    unsigned char joined[RECORD_JOINED_MAX + 1][INCIDENT_ID_BYTES];
};

struct lineage_world;
struct process;

/* The alerts of a record, as bits. */
uint32_t lineage_alerts_of(const struct incident_record *r);

/* What one worker works with. */
struct lineage_hand {
    struct lineage_world *world;
    struct worker *worker;   /* of the stage, or NULL; */
    struct process *process; /* where the worker is one */
    struct port_state port;
    struct lineages *lineages;
    struct lineage_event reading;
};

/* Publishes an incident's message, or (NULL) an alert. */
TW_MUST_USE bool lineage_publish(struct lineage_hand *h, const struct lineage_said *said,
                                 struct err *e);

struct lineage_world {
    struct stage stage;
    struct lineage_plan plan;
    enum lineage_mistake mistake;
    struct ruleset *rules;
    bool early;  /* alerts are told after each bundle, as windows do that are full */
    bool broken; /* some delivery has failed */
    struct lineage_hand hands[WORKERS];
    struct vec said; /* struct lineage_said */
    struct buf *faults;
};

/* Plays the schedule of a seed, as world_run. */
TW_MUST_USE bool lineage_world_run(uint64_t seed, enum lineage_mistake mistake, bool verbose,
                                   struct tally *sums, struct buf *faults, struct err *e);
/* The same with processes over a store (store.h); what other runs stored there does not matter. */
TW_MUST_USE bool lineage_world_run_processes(uint64_t seed, const char *store, struct tally *sums,
                                             struct buf *faults, struct err *e);

#endif
