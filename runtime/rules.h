/* The function's rules, read at its start. */
#ifndef TW_RUNTIME_RULES_H
#define TW_RUNTIME_RULES_H

#include "base/log.h"
#include "engine/ruleset.h"

/* Refusals and warnings that are logged one by one; the rest are counted. */
#define RULES_TOLD_MAX 50

/* Loads the file or all .yml and .yaml files below the folder, with the configuration file (NULL:
 * none). A rule that is refused is a WARN line and the rest run. ERR_USAGE when not one rule is
 * left; else as rule_files_load. *refused is how many are. later: as in struct rule_files. */
TW_MUST_USE bool function_rules_load(const char *path, const char *config, bool later,
                                     const struct log *log, struct ruleset **out, size_t *refused,
                                     struct err *e);

#endif
