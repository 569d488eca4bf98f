/* Looks at a deployment from outside, with the rights of whoever asks, and says what is not as it
 * should be. It changes nothing. */
#ifndef TW_ADAPTERS_DOCTOR_H
#define TW_ADAPTERS_DOCTOR_H

#include "base/err.h"
#include "base/str.h"

enum doctor_verdict {
    DOCTOR_OK,
    DOCTOR_WARN, /* worth a look, or it could not be looked at */
    DOCTOR_FAIL
};

/* What came of one check; borrowed for the call. */
struct doctor_finding {
    const char *check; /* "trail-on"; docs/operations.md has all */
    enum doctor_verdict verdict;
    struct str text; /* what was found: a sentence that may hold names out of AWS's answers */
    struct str todo; /* what to do about it; absent when nothing */
};

/* False, with e, ends the run. */
typedef bool (*doctor_fn)(void *to, const struct doctor_finding *f, struct err *e);

/* What to look at. All may be NULL but the function: what it is set to, and what it is connected
 * with, then says the rest. */
struct doctor_asked {
    const char *function; /* its name */
    const char *table;    /* DynamoDB table */
    const char *topic;    /* ARN of the alert topic */
    const char *queue;    /* name of the queue that the function reads */
    const char *bucket;   /* where the trail writes to */
    const char *version;  /* what the function is to be of */
};

/* Makes all checks, in order, and tells of each. A call that is refused, or fails otherwise, is a
 * finding of its check. ERR_USAGE when a name is none; ERR_SYSTEM, or what `tell` said. */
TW_MUST_USE bool doctor_run(const struct doctor_asked *asked, doctor_fn tell, void *to,
                            struct err *e);

/* "ok", "warn", "fail" */
const char *doctor_verdict_name(enum doctor_verdict v);

#endif
