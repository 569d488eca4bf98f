/* All that happens in a simulation: the scenario's deeds among those of the account's ordinary day,
 * and when its log delivers each. */
#ifndef TW_CLI_SIMULATE_WORLD_H
#define TW_CLI_SIMULATE_WORLD_H

#include "base/vec.h"
#include "cli/simulate_record.h"

#define SIMULATE_NOISE_MAX  1000000 /* ordinary calls: 1.2 GB of records */
#define SIMULATE_EVENTS_MAX (SIMULATE_NOISE_MAX + SIMULATE_STEPS_MAX * SIMULATE_REPEAT_MAX)
#define SIMULATE_MEMORY_MAX ((size_t)4 << 30)
#define SIMULATE_UUID       36
#define SIMULATE_ID         64       /* an event's id: a UUID, a flow's SHA-256 in hex */
#define SIMULATE_ORDINARY   SIZE_MAX /* a step: none, it is of the ordinary day */

struct happening {
    int64_t time_ms;
    int64_t delivered_ms; /* when the first object that holds it lies in the bucket */
    size_t step;          /* of the scenario, or SIMULATE_ORDINARY */
    enum record_log log;
    struct str region;
    struct str record;
    char id[SIMULATE_ID]; /* as alerts name it; zeros behind a UUID */
};

struct world {
    struct simulate_names names;
    struct dice dice;
    int64_t start_ms;
    struct scenario scenario, background;
    struct vec happenings; /* of struct happening, in the order they were made */
    struct arena memory;
};

struct world_asked {
    struct str scenario, background; /* texts of files */
    uint64_t seed;
    int64_t start_ms; /* of the first step */
    uint64_t noise;   /* ordinary calls, from two hours before it to two after the last */
};

/* Empty; release it. */
void world_init(struct world *w);
/* Makes it; the same for the same question. */
TW_MUST_USE bool world_make(struct world *w, const struct world_asked *asked, struct err *e);
void world_release(struct world *w);

#endif
