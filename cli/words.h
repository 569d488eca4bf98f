/* What words of the command line mean, for the options that several commands have. */
#ifndef TW_CLI_WORDS_H
#define TW_CLI_WORDS_H

#include <stdint.h>

#include "base/err.h"
#include "engine/ruleset.h"

/* Each reads --name's text; NULL, when it was not given, leaves *out as it is. ERR_USAGE says what
 * there is to choose from. */
TW_MUST_USE bool word_level(const char *name, const char *text, enum level *out, struct err *e);
TW_MUST_USE bool word_time(const char *name, const char *text, int64_t *ms, struct err *e);
TW_MUST_USE bool word_source(const char *name, const char *text, enum source *out, struct err *e);
/* Position in words. */
TW_MUST_USE bool word_choice(const char *name, const char *text, const char *const *words, size_t n,
                             size_t *out, struct err *e);

/* What the option says, or else the environment: NULL when neither does. Empty counts as not set.
 */
const char *word_or_variable(const char *text, const char *variable);

/* Whether to use colours on what is a terminal or not: not when NO_COLOR is set. */
bool word_colour(bool terminal);

#endif
