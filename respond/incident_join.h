/* One record and how it takes in another. Inner part of incident_record.h. */
#ifndef TW_RESPOND_INCIDENT_JOIN_H
#define TW_RESPOND_INCIDENT_JOIN_H

#include "respond/incident_record.h"

#define RECORD_NO_LEASE INT64_MIN

static inline bool record_is_told(const struct incident_record *i)
{
    return i->told == i->due;
}

/* Whether nothing of it is left to tell, nor to call for. */
bool record_is_over(const struct incident_record *i);

/* Whether its time comes within the gap of that span; of records without a time, whether the span
 * has none either. */
bool record_is_near(const struct incident_record *i, int64_t first_ms, int64_t last_ms,
                    int64_t gap_ms);

/* Whether two records are to become one. */
bool record_belongs(const struct incident_record *a, const struct incident_record *b);

/* i takes in `other`, its lists copied into the arena; of two orders of ids i's comes first. False
 * when the arena is full. */
TW_MUST_USE bool record_take_in(struct arena *a, struct incident_record *i,
                                const struct incident_record *other);

/* A record of one signal. False when the arena is full. */
TW_MUST_USE bool record_begin(struct arena *a, struct incident_record *i,
                              const struct record_signal *s);

/* Whether the incident of that id has joined i. */
bool record_has_joined(const struct incident_record *i, const unsigned char *id);

/* The gravest first, of equal ones the earliest. For qsort. */
int record_by_weight(const void *p, const void *q);

#endif
