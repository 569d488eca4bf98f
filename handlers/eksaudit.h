/* Kubernetes audit events as EKS hands them on: its control plane writes all its logs to one log
 * group of CloudWatch, "/aws/eks/<cluster>/cluster", and only the streams
 * "kube-apiserver-audit-..." hold audit events, one a message ("Send control plane logs to
 * CloudWatch Logs", EKS User Guide). The events do not name their cluster. */
#ifndef TW_HANDLERS_EKSAUDIT_H
#define TW_HANDLERS_EKSAUDIT_H

#include <stdbool.h>

#include "base/arena.h"

/* The cluster of such a log group; absent for any other group. Lies in `group`. */
struct str eksaudit_cluster(struct str group);

/* Whether a stream of such a group holds audit events. */
bool eksaudit_is_stream(struct str stream);

/* The record, a JSON object, with its cluster's name as the annotation "cluster_name", where also
 * Falco's k8saudit plugin looks for it; the record itself when it has one already. In a, or the
 * record's bytes; absent when a is full. */
struct str eksaudit_named(struct arena *a, struct str record, struct str cluster);

#endif
