/* The function's rules, read once at its start. */
#ifndef TW_RUNTIME_RULES_H
#define TW_RUNTIME_RULES_H

#include "base/log.h"
#include "engine/config.h"
#include "engine/ruleset.h"

/* Refusals and warnings that are logged one by one; the rest are counted. */
#define RULES_TOLD_MAX 50

/* Loads the file or all .yml and .yaml files below the folder. A rule that is refused is a WARN
 * line and the rest run. cfg may be NULL. ERR_USAGE when not one rule is left; else as the file
 * adapter and the loader say. */
TW_MUST_USE bool function_rules_load(const char *path, const struct rule_config *cfg,
                                     const struct log *log, struct ruleset **out, struct err *e);

/* Reads the configuration file; path NULL gives an empty one. Release it in either case. */
TW_MUST_USE bool function_rules_config(const char *path, struct rule_config *out, struct err *e);

#endif
