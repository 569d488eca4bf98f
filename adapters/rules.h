/* Rules from files, for the function and the laptop alike. */
#ifndef TW_ADAPTERS_RULES_H
#define TW_ADAPTERS_RULES_H

#include "engine/diag.h"
#include "engine/ruleset.h"

#define CONFIG_FILE_MAX (1u << 20) /* placeholders by the thousand */

/* Among rules, what gives placeholders the values they have where the configuration says nothing.
 */
#define PLACEHOLDERS_FILE "placeholders.yml"

/* Where rules are. All borrowed for the call. */
struct rule_files {
    const char *const *roots; /* files and folders (adapters/files.h, FILES_RULES) */
    size_t n_roots;
    const char *config; /* the configuration file; NULL: none */
    bool durable;       /* what only `scan` can evaluate is refused (engine/loader.h) */
    bool lint;          /* rules that load are looked at as well (the same) */
};

/* Reads the configuration and all rule files (and, when no file that is read gives placeholders,
 * the nearest PLACEHOLDERS_FILE in the folders above), and freezes the rules into *out. What there
 * is to say about rules goes to diags, also when false is returned; *n_files is how many files were
 * read. ERR_USAGE: the configuration is wrong, or a file or folder that was named is not there or
 * may not be read; else as files_read and the loader say. */
TW_MUST_USE bool rule_files_load(const struct rule_files *from, struct diags *diags,
                                 struct ruleset **out, size_t *n_files, struct err *e);

#endif
