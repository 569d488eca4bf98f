/* AWS for the command line: one client from the process's environment, and the ports over it. */
#ifndef TW_ADAPTERS_CLOUD_H
#define TW_ADAPTERS_CLOUD_H

#include "adapters/s3.h"
#include "handlers/ports.h"

struct cloud;

/* Opens nothing yet: credentials and connections are got at the first call. NULL, with e, without
 * memory. */
struct cloud *cloud_new(struct err *e);
void cloud_free(struct cloud *c);

/* Log objects in S3. */
struct port_objects cloud_objects(struct cloud *c);
/* As s3_put. */
TW_MUST_USE bool cloud_put(struct cloud *c, struct str bucket, struct str path, struct str body,
                           struct err *e);
/* As s3_list. */
TW_MUST_USE bool cloud_list(struct cloud *c, struct str bucket, struct str prefix,
                            s3_object_fn each, void *to, struct err *e);
/* As s3_list_page. */
TW_MUST_USE bool cloud_list_page(struct cloud *c, struct str bucket, struct str prefix,
                                 struct str after, s3_object_fn each, void *to, bool *more,
                                 struct err *e);

#define CLOUD_BATCH_MAX 10 /* messages of one cloud_send: SQS_BATCH_MAX */

/* From now on cloud_send puts messages on that queue; url is borrowed for the life of c. ERR_USAGE
 * when it is no queue's. */
TW_MUST_USE bool cloud_queue(struct cloud *c, struct str url, struct err *e);
/* As sqs_send. */
TW_MUST_USE bool cloud_send(struct cloud *c, const struct str *bodies, size_t n, struct err *e);

/* Publishes to the SNS topic; arn is borrowed for the life of c. ERR_USAGE when it is no topic's.
 */
TW_MUST_USE bool cloud_alerts(struct cloud *c, struct str arn, struct port_alerts *out,
                              struct err *e);

/* The state of windows in that table; the name is borrowed for the life of c. ERR_USAGE when it is
 * no table's. */
TW_MUST_USE bool cloud_state(struct cloud *c, struct str table, struct port_state *out,
                             struct err *e);

/* As lambda_invoke. */
TW_MUST_USE bool cloud_invoke(struct cloud *c, struct str function, struct str payload,
                              struct buf *answer, bool *failed, struct err *e);

/* IAM, for containment. */
struct port_iam cloud_iam(struct cloud *c);

#endif
