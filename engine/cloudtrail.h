/* What is known of CloudTrail's records, for rules that ask for what no record has. Facts of AWS's
 * documentation; the tables in cloudtrail.c name the page of each. */
#ifndef TW_ENGINE_CLOUDTRAIL_H
#define TW_ENGINE_CLOUDTRAIL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/* Whether records may have something at the path ("userIdentity.arn"): every documented field, and
 * whatever lies under those whose members differ from call to call. When not, what was probably
 * meant is appended to meant (may be NULL); nothing when no field is like it. */
bool cloudtrail_has_field(struct str path, struct buf *meant);

/* Whether a record holds at most one value at the path: no array on the way. */
bool cloudtrail_has_one_value(struct str path);

/* Why no record has this eventName, a sentence's end: "is a permission ...". NULL when it may. In
 * any case. */
const char *cloudtrail_no_event(struct str name);

/* The name that an old call of Lambda has in records, "CreateFunction20150331", for its name in the
 * API; NULL for other calls. In any case. */
const char *cloudtrail_lambda_event(struct str name);

/* Whether it is a service's name as eventSource has them: x.amazonaws.com, in any case. */
bool cloudtrail_is_source(struct str source);
/* The eventSource of the service that is often called by this name, "monitoring.amazonaws.com" for
 * "cloudwatch.amazonaws.com"; NULL when there is none. In any case. */
const char *cloudtrail_right_source(struct str source);

/* The values that a field may have, in any case; NULL when they are not fixed. *n gets how many. */
const char *const *cloudtrail_values(struct str path, size_t *n);

#endif
