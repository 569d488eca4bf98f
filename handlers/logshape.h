/* What a JSON object at the top of a log file is: a list of records, one record, or something that
 * CloudTrail writes beside its logs. */
#ifndef TW_HANDLERS_LOGSHAPE_H
#define TW_HANDLERS_LOGSHAPE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

enum logshape {
    LOGSHAPE_MORE,    /* the bytes end before it can be told */
    LOGSHAPE_LIST,    /* {..."Records":[ or Kubernetes' {..."items":[ */
    LOGSHAPE_RECORD,  /* a key that only a record has at its top came first */
    LOGSHAPE_DIGEST,  /* a CloudTrail digest: signatures of log files */
    LOGSHAPE_EMPTY,   /* {}, {"Records":null} or {"items":null} */
    LOGSHAPE_UNKNOWN, /* none of these, by its keys */
    LOGSHAPE_BROKEN   /* not even an object with keys */
};

/* Looks at the object that starts at bytes.p with {. For LOGSHAPE_LIST *at is where its list is:
 * the position behind the [ . */
enum logshape logshape_of(struct str bytes, size_t *at);

/* What is enough of a text for logshape_shows_source: a first record of Kubernetes with a large
 * request in it is longer, and then not known by its beginning. */
#define LOGSHAPE_BEGIN_BYTES (64u << 10)

/* Whether a text that begins so is a log of one of the sources, by the fields of its first record
 * (source_mark of engine/source.h) or as a flow log: for files whose names do not say. */
bool logshape_shows_source(struct str begin);

/* Appends the first keys of an object of unknown shape, quoted, for a sentence. */
void logshape_put_keys(struct buf *b, struct str bytes);

#endif
