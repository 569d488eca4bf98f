/* What is on record of containment because of one incident, for the commands that tell incidents.
 */
#ifndef TW_CLI_ABOUT_H
#define TW_CLI_ABOUT_H

#include "handlers/contain_record.h"
#include "respond/incident_make.h"

/* Bytes of all records of containment that are read: 5,000 of 50 KB, at ten a day those of 400
 * days.
 */
#define ABOUT_MAX (256u << 20)

struct about {
    struct arena memory;
    struct contain_record *list;
    size_t n;
};

void about_init(struct about *a);
void about_release(struct about *a);

/* Reads all that is on record of the last 400 days. */
TW_MUST_USE bool about_read(struct about *a, const struct port_state *port, struct err *e);

/* Whether it was done because of the incident, or of one of its alerts. */
bool about_is(const struct contain_record *r, const struct incident *i);

/* Appends a JSON array of what was done because of the incident, each as notices say it
 * (handlers/contain_notice.h). */
void about_put_json(struct buf *b, const struct about *a, const struct incident *i);

#endif
