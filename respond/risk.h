/* How much an incident, or one who acted in it, asks for a person: a number from 0 to 100 that is a
 * sum, so it can be explained. Each signal gives the points of its level, the second of a level
 * half of them, the third a third, and so on: a hundred low alerts are no critical one. Pure. */
#ifndef TW_RESPOND_RISK_H
#define TW_RESPOND_RISK_H

#include "respond/incident_make.h"

#define RISK_MAX 100
/* From here on whoever acted counts as compromised without anybody's word: one critical alert, or
 * two high and one medium. */
#define RISK_COMPROMISED 45

/* Points of one level's n-th alert, n from 0: critical 50, high 25, medium 10, low 3. */
unsigned risk_of_level(enum level level, unsigned n);

/* What the signal at that position adds to the incident's. */
unsigned risk_signal(const struct incident *i, size_t signal);
/* Of the whole incident: the sum, at most RISK_MAX. */
unsigned risk_incident(const struct incident *i);
/* Of one of its actors: the sum of the signals that hold events of its own. */
unsigned risk_actor(const struct incident *i, uint32_t actor);

#endif
