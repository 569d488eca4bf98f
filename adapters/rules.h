/* Rules from files, for the function and the laptop alike. */
#ifndef TW_ADAPTERS_RULES_H
#define TW_ADAPTERS_RULES_H

#include "base/buf.h"
#include "engine/diag.h"
#include "engine/ruleset.h"

#define CONFIG_FILE_MAX (1u << 20) /* placeholders by the thousand */

/* Among rules, what gives placeholders the values they have where the configuration says nothing.
 */
#define PLACEHOLDERS_FILE "placeholders.yml"

/* In a folder of rules, what they were compiled into (engine/bundle.h): it stands for the folder.
 */
#define BUNDLE_FILE "rules.bundle"

/* Where rules are. All borrowed for the call. */
struct rule_files {
    const char *const *roots; /* files and folders (adapters/files.h, FILES_RULES); or one bundle,
                                 or one folder that holds a BUNDLE_FILE */
    size_t n_roots;
    const char *config; /* the configuration file; NULL: none */
    bool durable;       /* what only `scan` can evaluate is refused (engine/loader.h) */
    bool lint;          /* rules that load are looked at as well (the same) */
    bool sources;       /* a bundle is refused: it is not what rules are written in */
    bool later;         /* of a bundle only the header is looked at; the caller sees to bundle_check
                           (engine/bundle.h) before it uses a rule */
};

/* Maps a bundle; it must have been compiled with the configuration's placeholders and filters, and,
 * for `durable`, without what only `scan` can evaluate. *n_files is how many files were compiled.
 * ERR_USAGE says what is wrong with it.
 *
 * Else reads the configuration and all rule files (and, when no file that is read gives
 * placeholders, the nearest PLACEHOLDERS_FILE in the folders above), and freezes the rules into
 * *out. What there is to say about rules goes to diags, also when false is returned; *n_files is
 * how many files were read. ERR_USAGE: the configuration is wrong, or a file or folder that was
 * named is not there or may not be read; else as files_read and the loader say. */
TW_MUST_USE bool rule_files_load(const struct rule_files *from, struct diags *diags,
                                 struct ruleset **out, size_t *n_files, struct err *e);

/* Loads the rules' sources as rule_files_load does and appends what they are compiled to: a bundle
 * for everybody if `durable`, else for `scan`. The rules are *rules, also when only they could be
 * made; the caller frees them. A bundle is refused. */
TW_MUST_USE bool rule_files_compile(const struct rule_files *from, struct diags *diags,
                                    struct buf *out, struct ruleset **rules, size_t *n_files,
                                    struct err *e);

#endif
