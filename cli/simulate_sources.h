/* Steps of a simulation as other logs than CloudTrail have them: Okta's System Log, VPC flow logs,
 * GitHub's audit log, the audit log of Kubernetes. */
#ifndef TW_CLI_SIMULATE_SOURCES_H
#define TW_CLI_SIMULATE_SOURCES_H

#include "cli/simulate_record.h"

/* The first line of a flow log's object: columns of version 5. */
#define SOURCE_FLOW_HEADER                                                                         \
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes "      \
    "start end action log-status instance-id region flow-direction"

/* Appends the event of EventBridge that Okta's log streaming makes of a record, on one line, with
 * ${...}: do: okta EVENTTYPE. The step's `request` is debugContext.debugData, `resources` are the
 * targets, `error` is the reason of a failure. */
TW_MUST_USE bool source_put_okta(struct buf *b, const struct deed *d, struct err *e);

/* Appends the line, with ${...}: do: vpcflow ACCEPT or REJECT. The step's `request` has values by
 * the columns' names, interface-id, dstaddr and dstport at least; it lasts a minute. */
void source_put_flow(struct buf *b, const struct deed *d);

/* The id that alerts name a flow by, of its line: the SHA-256 of its JSON (engine/event_json.c) in
 * hex. */
TW_MUST_USE bool source_flow_id(struct str line, char out[64], struct err *e);

/* Appends the event of GitHub's audit log, on one line, with ${...}: do: github ACTION. The step's
 * `request` has members of the event: repo, visibility ... */
TW_MUST_USE bool source_put_github(struct buf *b, const struct deed *d, struct err *e);

/* Appends the audit event of an EKS cluster called "shop", on one line, with ${...}: do: kubernetes
 * VERB. The step's `request` is objectRef, `response` is responseStatus, `additional` has further
 * members: requestURI, requestObject. `error` is the reason of a refusal. */
TW_MUST_USE bool source_put_kubernetes(struct buf *b, const struct deed *d, struct err *e);

#endif
