/* A scan within the program, its results as text: what `trailwarden scan --format jsonl` prints. */
#ifndef TW_CLI_SIMULATE_SCAN_H
#define TW_CLI_SIMULATE_SCAN_H

#include "base/buf.h"
#include "engine/ruleset.h"

/* Scans the folder's logs with a memory of its own and appends the alerts, or the incidents, one
 * JSON object a line. Objects that cannot be read are told on standard error, and left out. */
TW_MUST_USE bool simulate_scan(const struct ruleset *rules, const char *folder, bool incidents,
                               struct buf *told, struct err *e);

#endif
