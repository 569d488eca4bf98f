/* Regular expressions as Falco reads them (RE2 in POSIX mode) to PCRE2's syntax. */
#ifndef TW_ENGINE_FALCO_REGEX_H
#define TW_ENGINE_FALCO_REGEX_H

#include "base/buf.h"
#include "base/err.h"

#define FALCO_REGEX_MAX                                                                            \
    65536 /* bytes of a pattern in PCRE2's syntax, its own limit for a literal */

/* Appends to out the PCRE2 pattern that matches the same whole values, under
 * falco_regex_options(). ERR_INPUT for what RE2's POSIX mode refuses ((?i), \d, \w, \b, lookaround)
 * and for a repetition of a repetition (`a+?`, `a**`), which RE2 takes and PCRE2 means otherwise.
 * Source: RE2's documented syntax, https://github.com/google/re2/wiki/Syntax. */
TW_MUST_USE bool falco_regex(struct str pattern, struct buf *out, struct err *e);

/* PCRE2 options: the whole value must match, `.` is a character but no newline, ^ and $ also match
 * at newlines, values that are no UTF-8 match nothing. */
uint32_t falco_regex_options(void);

#endif
