/* The part of the configuration file that rules depend on. */
#ifndef TW_ENGINE_CONFIG_H
#define TW_ENGINE_CONFIG_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* One name of Sigma's `expand` modifier and what it stands for. */
struct placeholder {
    struct str name;
    const struct str *values;
    size_t n;
};

struct rule_config {
    struct arena memory;
    const struct placeholder *placeholders;
    size_t n_placeholders;
};

/* Reads the YAML of TRAILWARDEN_CONFIG / --config:
 *   placeholders:
 *     admins: [alice, bob]
 * An unknown key, a wrong type, or a name given twice is ERR_USAGE with file and line. */
TW_MUST_USE bool rule_config_parse(struct str file, struct str yaml, struct rule_config *out,
                                   struct err *e);
void rule_config_release(struct rule_config *c);
/* NULL when the name is not defined. */
const struct placeholder *rule_config_find(const struct rule_config *c, struct str name);

#endif
