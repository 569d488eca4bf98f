/* What one delivery's events tell of alerts, kept until their incidents are written: from events
 * that were seen to the texts of respond/incident_recall.h. */
#ifndef TW_HANDLERS_RECALLING_H
#define TW_HANDLERS_RECALLING_H

#include "respond/incident_recall.h"

/* Events of one delivery, for a Lambda of 128 MB: some 300 bytes each. Of more, alerts keep what
 * their first event tells. */
#define RECALLING_EVENTS_MAX 16384
#define RECALLING_BYTES_MAX  (16u << 20) /* of their texts */

struct recalling {
    const struct ruleset *rules;
    struct seen_events seen; /* actor and key are positions in nodes */
    struct vec nodes;        /* struct id128 */
    struct lineage_map node_at;
    struct lineage_names names;
    struct arena memory; /* of one text */
};

void recalling_init(struct recalling *r, const struct ruleset *rules);
void recalling_release(struct recalling *r);

/* Forgets all events. */
void recalling_begin(struct recalling *r);

/* Takes an event that rules hold for, with its seen_id. One for which there is no room is left out.
 */
void recalling_see(struct recalling *r, struct event *ev, const struct facts *f, struct id128 id);

/* lineages_calls.write, given the recalling: the n events (by seen_id) as far as they were taken;
 * when none was, the alert's first event as its details have it. */
void recalling_write(struct recalling *r, const struct alert *a, const struct id128 *events,
                     size_t n, struct buf *out);

#endif
