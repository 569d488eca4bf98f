/* The logs' objects of what happened in a simulation, under the keys that AWS gives them. */
#ifndef TW_CLI_SIMULATE_OBJECTS_H
#define TW_CLI_SIMULATE_OBJECTS_H

#include "cli/simulate_world.h"

struct object_counts {
    size_t objects, records;
    size_t twice; /* records that lie in two objects */
};

/* Takes an object and when it was delivered. Both texts are borrowed for the call. */
typedef bool (*take_object)(void *to, struct str key, struct str gzip, int64_t at_ms,
                            struct err *e);

/* Gives all objects to take, in the order of their delivery. CloudTrail promises at least one
 * delivery, not one: some records come again. key is
 * AWSLogs/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_YYYYMMDDThhmmZ_16.json.gz
 * (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html).
 * Flow logs' objects are beside them under vpcflowlogs/ ("Flow log files", VPC User Guide), Okta's,
 * written by Firehose, under okta/YYYY/MM/DD/hh/. */
TW_MUST_USE bool objects_make(struct world *w, take_object take, void *to,
                              struct object_counts *counts, struct err *e);

#endif
