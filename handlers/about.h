/* What is on record of containment because of one incident, and what persons said of its
 * identities, for whoever tells it. */
#ifndef TW_HANDLERS_ABOUT_H
#define TW_HANDLERS_ABOUT_H

#include "handlers/contain_record.h"
#include "handlers/marks.h"
#include "respond/incident_make.h"

/* Bytes of all records of containment that are read: 5,000 of 50 KB, at ten a day those of 400
 * days.
 */
#define ABOUT_MAX (256u << 20)

struct about {
    struct arena memory;
    struct contain_record *list;
    size_t n;
    struct marks marks;
};

/* max: bytes of the records. */
void about_init(struct about *a, size_t max);
void about_release(struct about *a);

/* Reads all that is on record of the 400 days before now, and the marks. ERR_LIMIT when they are
 * more than fit. */
TW_MUST_USE bool about_read(struct about *a, const struct port_state *port, int64_t now_ms,
                            struct err *e);

/* Whether it was done because of the incident, or of one of its alerts. */
bool about_is(const struct contain_record *r, const struct incident *i);

/* Appends a JSON array of what was done because of the incident, each as notices say it
 * (handlers/contain_notice.h). */
void about_put_json(struct buf *b, const struct about *a, const struct incident *i);

/* Appends the ARN of the user or role behind an ARN; of others the text itself. */
void about_put_principal(struct buf *b, struct str arn);

/* What a person said of the incident's actor; NULL when nobody did. */
const struct mark *about_mark(const struct about *a, const struct incident *i, size_t actor);

/* Appends a JSON array of the marks of the incident's identities (handlers/marks.h). */
void about_put_marks(struct buf *b, const struct about *a, const struct incident *i);

#endif
