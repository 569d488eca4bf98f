/* What an invocation saw, as metrics: one line of the log, in CloudWatch's embedded metric format
 * (CloudWatch User Guide, "Embedded metric format specification"). CloudWatch makes the metrics out
 * of the line by itself; no call is made and no permission needed. */
#ifndef TW_RUNTIME_EMF_H
#define TW_RUNTIME_EMF_H

#include "base/buf.h"
#include "handlers/handle.h"

/* A line: the names twice, a hundred lags of twenty digits; about 1.5 KB as a rule. */
#define EMF_LINE_MAX 16384
/* Values of one metric in one line (the specification's limit). */
#define EMF_VALUES_MAX 100

/* All borrowed. */
struct emf_invocation {
    int64_t now_ms; /* since 1970 */
    struct str function_name;
    struct str request_id;
    const struct handle_counts *counts;
    bool cold;        /* the first that this process serves */
    uint64_t ms;      /* how long it took */
    uint64_t peak_kb; /* the most memory that the process ever held */
    uint64_t repeats; /* of calls to AWS: throttled, timed out or broken */
};

/* Appends
 *     {"_aws":{"Timestamp":1773705600000,"CloudWatchMetrics":[{"Namespace":"trailwarden",
 *      "Dimensions":[["FunctionName"]],"Metrics":[{"Name":"Objects","Unit":"Count"},...]}]},
 *      "FunctionName":"trailwarden","requestId":"...","Objects":1,...}
 * and a newline. What counted nothing is left out, but for Objects: CloudWatch asks a price for
 * each metric of each hour, and a sum does not miss a zero. The request id is a property and no
 * dimension. */
void emf_put(struct buf *out, const struct emf_invocation *i);

#endif
