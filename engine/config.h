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
    unsigned line; /* where it stands */
    bool *asked;   /* set once a rule asks for it */
};

struct yaml;

struct rule_config {
    struct arena memory;
    struct str file; /* for what is said about filters */
    const struct placeholder *placeholders;
    size_t n_placeholders;
    const struct yaml **filters; /* Sigma's filter documents, to be joined to the rules */
    size_t n_filters;
    const struct rule_config *behind; /* asked for names that are not defined here; or NULL */
};

/* Reads the YAML of TRAILWARDEN_CONFIG / --config, which is borrowed no longer than the call:
 *   placeholders:
 *     admins: [alice, bob]
 *     nobody: []
 *   filters:
 *     - title: ...
 *       logsource: {product: aws, service: cloudtrail}
 *       filter: {rules: any, ours: {...}, condition: not ours}
 * What `containment` holds is passed over. An unknown key, a wrong type, or a name given twice is
 * ERR_USAGE with file and line. */
TW_MUST_USE bool rule_config_parse(struct str file, struct str yaml, struct rule_config *out,
                                   struct err *e);
void rule_config_release(struct rule_config *c);

/* The same for a document that is parsed; what is read lies in a and in the document, and out needs
 * no release. On failure *line is where it stands. */
TW_MUST_USE bool rule_config_read(const struct yaml *root, struct arena *a, struct rule_config *out,
                                  unsigned *line, struct err *e);

/* The placeholder of this name, of c before what is behind it; NULL when none defines it. c may be
 * NULL. One without values stands for nothing: no value is like it. */
const struct placeholder *rule_config_find(const struct rule_config *c, struct str name);
/* One whose name was probably meant (str_is_near), or NULL. */
const struct placeholder *rule_config_near(const struct rule_config *c, struct str name);

#endif
